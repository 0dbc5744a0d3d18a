"""From waveforms to audio tokens: what each audio-language architecture hands to its language model.

Comes in: a network and waveforms (sounds, samples) at 16 kHz. Goes out: the projected audio (sounds, tokens, width) in
the space of the language model's word embeddings, and the clock of these tokens. ``DESIGNS`` lists the architectures.

Encoders of the Whisper family hear windows of a fixed length (30 s). A shorter sound is padded with silence; of a
longer one the windows follow each other and their tokens are joined, as Audio Flamingo and Voxtral do themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

RATE = 16000
HOP = 160  # samples between the frames of every log-mel spectrogram here


@dataclass(frozen=True)
class Design:
    """What one architecture does in its own way.

    Parameters
    ----------
    config, network : str
        Names of its classes: in ``lib.models.loaders.speech_decoders``, else in transformers.
    hear : callable
        Network and waveforms (sounds, samples) to audio tokens (sounds, tokens, width); those of padding may follow.
    step, offset : float
        Seconds from token to token, and the centre of the first one.
    count : callable
        Number of samples and step and offset to the number of audio tokens that belong to the sound.
    encoder : callable
        Network to its audio encoder's blocks.
    clock : tuple of float
        Step and offset of the frames of the audio encoder.
    audio : str
        Name of the audio encoder's part of the configuration.
    """

    config: str
    network: str
    hear: Callable[[Any, np.ndarray], torch.Tensor]
    step: float
    offset: float
    count: Callable[[int, float, float], int]
    encoder: Callable[[Any], Any] = lambda network: network.audio_tower.layers
    clock: tuple[float, float] = (0.02, 0.0)
    audio: str = "audio_config"


def centred(samples: int, step: float, offset: float) -> int:
    """Number of frames whose centre lies inside a sound of so many samples, at least one."""
    return max(1, int(np.ceil((samples / RATE - offset) / step - 1e-9)))


def paired(samples: int, step: float, offset: float) -> int:
    """Number of tokens that are averages of two encoder frames of 20 ms, as the processors count them."""
    return (-(-samples // HOP) + 1) // 4


def logmel(waves: np.ndarray, bands: int, frames: int) -> torch.Tensor:
    """Whisper's log-mel spectrogram (sounds, bands, frames) of waveforms padded with silence or cut to `frames`."""
    import torch
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=bands)
    made = extractor(list(waves), sampling_rate=RATE, max_length=frames * HOP, return_tensors="pt")
    return torch.as_tensor(made["input_features"])


def windows(waves: np.ndarray, config) -> tuple[np.ndarray, int]:
    """Cut waveforms into what the encoder hears at once.

    Returns
    -------
    array (sounds * windows, samples)
        Windows of the first sound, then those of the second; the last one of each may be mostly silence.
    int
        Frames of the log-mel spectrogram in a window.
    """
    frames = 2 * config.max_source_positions
    missing = -waves.shape[1] % (frames * HOP)
    return np.pad(waves, ((0, 0), (0, missing))).reshape(-1, frames * HOP), frames


def valid_frames(samples: int, count: int, frames: int) -> np.ndarray:
    """Frames of sound, not of padding, in each of `count` windows of a sound of so many samples."""
    return np.clip(-(-samples // HOP) - frames * np.arange(count), 0, frames)


def _spectra(network, waves):
    """Log-mel windows (sounds * windows, bands, frames) on the network's device, and a mask of what is sound."""
    import torch

    config = network.config.audio_config
    pieces, frames = windows(waves, config)
    valid = np.tile(valid_frames(waves.shape[1], len(pieces) // len(waves), frames), len(waves))
    mask = torch.as_tensor(np.arange(frames) < valid[:, None])
    spectra = logmel(pieces, config.num_mel_bins, frames)
    return spectra.to(network.device, network.dtype), mask.to(network.device)


def _qwen2_audio(network, waves):
    """Whisper encoder that attends to the sound only, frames averaged in pairs, one linear map."""
    spectra, mask = _spectra(network, waves)
    attended = mask[:, None, None, ::2]  # encoder frames that hold sound; (windows, 1, 1, frames)
    encoded = network.audio_tower(spectra, attention_mask=attended).last_hidden_state
    projected = network.multi_modal_projector(encoded)
    return projected.reshape(len(waves), -1, projected.shape[-1])


def _audioflamingo3(network, waves):
    """As Qwen2-Audio, with a projector of two layers; what comes back has no padding left."""
    spectra, mask = _spectra(network, waves)
    projected = network.get_audio_features(spectra, mask).pooler_output
    return projected.reshape(len(waves), -1, projected.shape[-1])


def _voxtral(network, waves):
    """Whisper encoder on the whole window, silence included; four frames are joined to one token."""
    spectra, _ = _spectra(network, waves)
    projected = network.get_audio_features(spectra).pooler_output
    return projected.reshape(len(waves), -1, projected.shape[-1])


def _omni(network, waves):
    """Encoder on 2 s at a time; the spectrogram is normalised by its loudest point in the whole sound."""
    import torch

    config, frames = network.config.audio_config, -(-waves.shape[1] // HOP)
    spectra = logmel(waves, config.num_mel_bins, frames + 2)[:, :, :frames].to(network.device, network.dtype)
    mask = torch.ones(len(waves), frames, dtype=torch.long, device=network.device)
    projected = network.get_audio_features(spectra, mask).last_hidden_state
    return projected.reshape(len(waves), -1, projected.shape[-1])


def _granite(network, waves):
    """Conformer on pairs of log-mel frames; each window of 15 encoder frames becomes 3 tokens.

    The three tokens of a window hear all of it (300 ms); their times are those of its thirds.
    """
    spectra = paired_logmel(waves, network.config.encoder_config.input_dim // 2)
    return network.get_audio_features(spectra.to(network.device, network.dtype)).pooler_output


def _ultravox(network, waves):
    """Whisper encoder on the sound alone, without silence after it; windows end where a token does (29.92 s)."""
    import torch

    config, factor = network.config.audio_config, network.config.stack_factor
    frames = 2 * (-(-waves.shape[1] // (2 * HOP)))
    spectra = logmel(waves, config.num_mel_bins, frames).to(network.device, network.dtype)
    longest = 2 * (config.max_source_positions // factor * factor)
    return torch.cat([network.project(network.hear(piece)) for piece in spectra.split(longest, dim=2)], dim=1)


def _llama_omni(network, waves):
    """Whisper encoder on the whole window, silence included."""
    spectra, _ = _spectra(network, waves)
    projected = network.project(network.hear(spectra))
    return projected.reshape(len(waves), -1, projected.shape[-1])


def _minicpmo(network, waves):
    """Whisper encoder on the sound alone; the spectrogram is normalised in windows filled up with silence."""
    import torch

    spectra, mask = _spectra(network, waves)
    spectra = spectra.reshape(len(waves), -1, *spectra.shape[1:])  # sounds, windows, bands, frames
    valid = mask.reshape(len(waves), -1, mask.shape[1])[0].sum(dim=1).tolist()
    encoded = [network.hear(spectra[:, k, :, :frames]) for k, frames in enumerate(valid) if frames > 2]
    return torch.cat([network.project(states) for states in encoded], dim=1)


def paired_logmel(waves: np.ndarray, bands: int) -> torch.Tensor:
    """Log-mel spectrogram of Granite Speech with neighbouring frames side by side: (sounds, frames, 2 * bands).

    Hann windows of 25 ms every 10 ms in a Fourier transform of 512 samples, HTK mel triangles of unit height; decades,
    not more than 8 below the loudest point of the sound, divided by 4, plus 1.
    """
    import torch
    from transformers.audio_utils import mel_filter_bank

    filters = mel_filter_bank(257, bands, 0.0, RATE / 2, RATE, norm=None, mel_scale="htk")
    sounds, window = torch.as_tensor(waves), torch.hann_window(400)
    spectrum = torch.stft(sounds, 512, HOP, win_length=400, window=window, return_complex=True)
    power = spectrum.abs().square().transpose(1, 2) @ torch.as_tensor(
        filters, dtype=torch.float32
    )  # sounds, frames, bands
    decades = power.clamp(min=1e-10).log10()
    scaled = torch.maximum(decades, decades.amax(dim=(1, 2), keepdim=True) - 8) / 4 + 1
    return scaled[:, : scaled.shape[1] // 2 * 2].reshape(len(scaled), -1, 2 * bands)


DESIGNS = {
    "qwen2_audio": Design("Qwen2AudioConfig", "Qwen2AudioModel", _qwen2_audio, 0.04, 0.01, paired),
    "audioflamingo3": Design("AudioFlamingo3Config", "AudioFlamingo3Model", _audioflamingo3, 0.04, 0.01, paired),
    "voxtral": Design("VoxtralConfig", "VoxtralModel", _voxtral, 0.08, 0.03, centred),
    "qwen2_5_omni": Design("Qwen2_5OmniThinkerConfig", "Qwen2_5OmniThinkerModel", _omni, 0.04, 0.01, paired),
    "granite_speech": Design(
        "GraniteSpeechConfig",
        "GraniteSpeechModel",
        _granite,
        step=0.1,
        offset=0.045,
        count=centred,
        encoder=lambda network: network.encoder.layers,
        clock=(0.02, 0.005),
        audio="encoder_config",
    ),
    "ultravox": Design("UltravoxConfig", "Ultravox", _ultravox, 0.16, 0.07, centred),
    "llama_omni": Design("LlamaOmniConfig", "LlamaOmni", _llama_omni, 0.1, 0.04, centred),
    "minicpmo": Design("MiniCPMOConfig", "MiniCPMO", _minicpmo, 0.04, 0.01, paired),
}
