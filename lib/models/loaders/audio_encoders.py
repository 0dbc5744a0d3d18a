"""What each audio encoder of transformers does in its own way: its classes, its layers, its clocks.

Comes in: the configuration of a network. Goes out: ``ENCODERS``, one record for each architecture: how a waveform
becomes its input, which hidden states it has, and when their frames are. Nothing here knows of files or weights.

``embedding`` is the input of the first block and ``layer.k`` the output of block k, as transformers gives them by
``output_hidden_states``: the last one has passed the final norm in Whisper, Speech2Text, Moonshine and Mimi, and has
not in the others. ``conv.k`` is the output of convolution k of a front end. Codecs are in
``lib.models.loaders.audio_codecs``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lib.models.architectures.parts.clock import Clock, centred, windowed
from lib.models.loaders import audio_codecs
from lib.models.loaders.listening import listening

WAVE = Clock(0, 1)  # the samples themselves


@dataclass(frozen=True)
class Encoder:
    """One architecture.

    Parameters
    ----------
    config, network, extractor : str
        Classes of transformers: of its configuration, of the network, and of what turns waveforms into its input;
        with their module, where transformers does not list them at its door.
    layers : callable
        Configuration to {layer: number of units}, in order.
    clocks : callable
        Configuration and extractor to the clock of every layer in samples, or to one clock for all.
    states : callable
        Network and input to the activations (sounds, frames, units) of every layer, in order.
    settings : callable
        Configuration to settings of the extractor that follow from it.
    inside : str
        Where the configuration is in that of a whole published model, if it is only a part of it.
    names : str
        What comes before the names of its weights in a checkpoint of the whole model (a regular expression).
    front : str
        The part that sees the waveform, whose activations are the largest: it takes the sounds one by one.
    longest : callable
        Extractor to the longest sound in samples it takes; a shorter one is padded to this length.
    shortest : float
        Shortest sound in seconds.
    """

    config: str
    network: str
    extractor: str
    layers: Callable[[Any], dict[str, int]]
    clocks: Callable[[Any, Any], Clock | list[Clock]]
    states: Callable[[Any, Any], list]
    settings: Callable[[Any], dict] = lambda config: {}
    inside: str = ""
    names: str = ""
    front: str = ""
    longest: Callable[[Any], int] | None = None
    shortest: float = 0.1


def _blocks(count: int, width: int) -> dict[str, int]:
    return {"embedding": width} | {f"layer.{k + 1}": width for k in range(count)}


def _plain(config) -> dict[str, int]:
    return _blocks(config.num_hidden_layers, config.hidden_size)


def _hidden_states(network, inputs) -> list:
    return list(network(inputs, output_hidden_states=True).hidden_states)


# Convolutions over the waveform, then transformer blocks: wav2vec 2.0 and its relatives.


def _convolutional(config) -> dict[str, int]:
    return {f"conv.{len(config.conv_dim)}": config.conv_dim[-1]} | _plain(config)


def _convolved(config, extractor) -> Clock:
    clock = WAVE
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        clock = clock.then(kernel, stride)
    return clock


def _squeezed(config, extractor) -> list[Clock]:
    """SEW averages neighbouring frames before its blocks."""
    clock = _convolved(config, extractor)
    return [clock] + [clock.then(config.squeeze_factor, config.squeeze_factor)] * (config.num_hidden_layers + 1)


def _states_after(front: str) -> Callable:
    """Output (sounds, units, frames) of the convolutions, and all hidden states."""

    def states(network, inputs) -> list:
        with listening(network, [front]) as outputs:
            hidden = _hidden_states(network, inputs)
        return [outputs[0].transpose(1, 2), *hidden]

    return states


def _convolutional_encoder(name: str, network: str = "", **more: Any) -> Encoder:
    common = {
        "config": f"{name}Config",
        "network": network or f"{name}Model",
        "extractor": "Wav2Vec2FeatureExtractor",
        "layers": _convolutional,
        "clocks": _convolved,
        "states": _states_after("feature_extractor"),
        "front": "feature_extractor",
    }
    return Encoder(**common | more)


# A spectrum of the sound, then transformer blocks, one frame after the other.


def _speech_blocks(config) -> dict[str, int]:
    return _blocks(config.encoder_layers, config.d_model)


def _whisper_clock(config, extractor) -> Clock:
    return centred(extractor.hop_length).then(3, 1, 1).then(3, 2, 1)


def _whisper_settings(config) -> dict:
    hop, rate = 160, 16000
    return {"feature_size": config.num_mel_bins, "chunk_length": 2 * config.max_source_positions * hop // rate}


def _speech_to_text_clock(config, extractor) -> Clock:
    clock = windowed(400, 160)
    for kernel in config.conv_kernel_sizes:
        clock = clock.then(kernel, 2, kernel // 2)
    return clock


def _speech_to_text_settings(config) -> dict:
    return {"feature_size": config.input_feat_per_channel, "num_mel_bins": config.input_feat_per_channel}


def _stacked_clock(config, extractor) -> Clock:
    return windowed(400, 160).then(extractor.stride, extractor.stride)


def _stacked_settings(config) -> dict:
    bands = config.feature_projection_input_dim // 2
    return {"feature_size": bands, "num_mel_bins": bands}


def _seamless_states(network, inputs) -> list:
    """Inputs of the first and outputs of all blocks, before the adaptor that shortens the last."""
    count = len(network.encoder.layers)
    with listening(network, ["feature_projection", *(f"encoder.layers.{k}" for k in range(count))]) as outputs:
        network(inputs)
    return outputs


def _parakeet_clock(config, extractor) -> Clock:
    clock, kernel = centred(extractor.hop_length), config.subsampling_conv_kernel_size
    for _ in range(config.subsampling_factor.bit_length() - 1):
        clock = clock.then(kernel, config.subsampling_conv_stride, (kernel - 1) // 2)
    return clock


# Patches of a spectrogram. Those of one column of time are averaged over frequency.


def _patch_clock(config, extractor) -> Clock:
    return windowed(400, 160).then(config.patch_size, config.time_stride)


def _patch_states(network, inputs) -> list:
    config = network.config
    bands = (config.num_mel_bins - config.patch_size) // config.frequency_stride + 1
    special = 2  # the class and distillation tokens, which are of no time
    return [state[:, special:].unflatten(1, (bands, -1)).mean(1) for state in _hidden_states(network, inputs)]


def _patch_settings(config) -> dict:
    return {"num_mel_bins": config.num_mel_bins, "max_length": config.max_length}


def _clap_layers(config) -> dict[str, int]:
    stages = len(config.depths)
    widths = [config.patch_embeds_hidden_size * 2 ** min(k, stages - 1) for k in range(stages + 1)]
    return dict(zip(_blocks(stages, 0), widths, strict=True))


def _clap_clocks(config, extractor) -> list[Clock]:
    """The spectrum is stretched in time to the size of the image, whose stages merge patches two by two."""
    frames, columns = extractor.nb_max_samples // extractor.hop_length, config.spec_size**2 // config.num_mel_bins
    patch = Clock(0, extractor.hop_length * frames / (columns - 1)).then(config.patch_size, config.patch_stride[1])
    clocks = [patch]
    for _ in range(len(config.depths) - 1):
        clocks.append(clocks[-1].then(2, 2))
    return [*clocks, clocks[-1]]


def _clap_states(network, inputs) -> list:
    """Images (sounds, units, rows, columns) hold stretches of time one above the other, each with all frequencies."""
    stretches = network.config.spec_size // network.config.num_mel_bins
    unlike = inputs.new_zeros((len(inputs), 1), dtype=bool)  # none is longer than the network hears at once
    images = network(inputs, is_longer=unlike, output_hidden_states=True).hidden_states
    return [image.unflatten(2, (stretches, -1)).mean(3).flatten(2).transpose(1, 2) for image in images]


def _clap_settings(config) -> dict:
    way = {"truncation": "fusion" if config.enable_fusion else "rand_trunc", "padding": "repeatpad"}
    return {"feature_size": config.num_mel_bins} | way


ENCODERS = {
    "wav2vec2": _convolutional_encoder("Wav2Vec2"),
    "hubert": _convolutional_encoder("Hubert"),
    "wavlm": _convolutional_encoder("WavLM"),
    "data2vec-audio": _convolutional_encoder("Data2VecAudio"),
    "unispeech-sat": _convolutional_encoder("UniSpeechSat"),
    "wav2vec2-conformer": _convolutional_encoder("Wav2Vec2Conformer"),
    "sew": _convolutional_encoder("SEW", clocks=_squeezed),
    "speecht5": _convolutional_encoder(
        "SpeechT5",
        "models.speecht5.modeling_speecht5.SpeechT5EncoderWithSpeechPrenet",
        layers=lambda config: (
            {f"conv.{len(config.conv_dim)}": config.conv_dim[-1]} | _blocks(config.encoder_layers, config.hidden_size)
        ),
        states=_states_after("prenet.feature_encoder"),
        settings=lambda config: {"do_normalize": False},
        front="prenet.feature_encoder",
        names=r"^(speecht5\.)?encoder\.",
    ),
    "moonshine": Encoder(
        config="MoonshineConfig",
        network="models.moonshine.modeling_moonshine.MoonshineEncoder",
        extractor="Wav2Vec2FeatureExtractor",
        layers=lambda config: _blocks(config.encoder_num_hidden_layers, config.hidden_size),
        clocks=lambda config, extractor: WAVE.then(127, 64).then(7, 3).then(3, 2),
        states=_hidden_states,
        settings=lambda config: {"do_normalize": False},
        names=r"^(model\.)?encoder\.",
    ),
    "whisper": Encoder(
        config="WhisperConfig",
        network="models.whisper.modeling_whisper.WhisperEncoder",
        extractor="WhisperFeatureExtractor",
        layers=_speech_blocks,
        clocks=_whisper_clock,
        states=_hidden_states,
        settings=_whisper_settings,
        names=r"^(model\.)?encoder\.",
        longest=lambda extractor: extractor.n_samples,
    ),
    "speech_to_text": Encoder(
        config="Speech2TextConfig",
        network="models.speech_to_text.modeling_speech_to_text.Speech2TextEncoder",
        extractor="Speech2TextFeatureExtractor",
        layers=_speech_blocks,
        clocks=_speech_to_text_clock,
        states=_hidden_states,
        settings=_speech_to_text_settings,
        names=r"^(model\.)?encoder\.",
    ),
    "wav2vec2-bert": Encoder(
        config="Wav2Vec2BertConfig",
        network="Wav2Vec2BertModel",
        extractor="SeamlessM4TFeatureExtractor",
        layers=_plain,
        clocks=_stacked_clock,
        states=_hidden_states,
        settings=_stacked_settings,
    ),
    "seamless_m4t_v2": Encoder(
        config="SeamlessM4Tv2Config",
        network="models.seamless_m4t_v2.modeling_seamless_m4t_v2.SeamlessM4Tv2SpeechEncoder",
        extractor="SeamlessM4TFeatureExtractor",
        layers=lambda config: _blocks(config.speech_encoder_layers, config.hidden_size),
        clocks=_stacked_clock,
        states=_seamless_states,
        settings=_stacked_settings,
        names=r"^speech_encoder\.",
    ),
    "parakeet_ctc": Encoder(
        config="ParakeetEncoderConfig",
        network="ParakeetEncoder",
        extractor="ParakeetFeatureExtractor",
        layers=_plain,
        clocks=_parakeet_clock,
        states=_hidden_states,
        settings=lambda config: {"feature_size": config.num_mel_bins},
        inside="encoder_config",
        names=r"^encoder\.",
    ),
    "audio-spectrogram-transformer": Encoder(
        config="ASTConfig",
        network="ASTModel",
        extractor="ASTFeatureExtractor",
        layers=_plain,
        clocks=_patch_clock,
        states=_patch_states,
        settings=_patch_settings,
        longest=lambda extractor: 160 * (extractor.max_length - 1) + 400,
    ),
    "clap": Encoder(
        config="ClapAudioConfig",
        network="ClapAudioModel",
        extractor="ClapFeatureExtractor",
        layers=_clap_layers,
        clocks=_clap_clocks,
        states=_clap_states,
        settings=_clap_settings,
        inside="audio_config",
        names=r"^audio_model\.",
        longest=lambda extractor: extractor.nb_max_samples,
    ),
    "encodec": Encoder(
        config="EncodecConfig",
        network="EncodecModel",
        extractor="EncodecFeatureExtractor",
        layers=audio_codecs.encodec_layers,
        clocks=audio_codecs.encodec_clocks,
        states=audio_codecs.encodec_states,
        settings=lambda config: {"feature_size": config.audio_channels, "sampling_rate": config.sampling_rate},
    ),
    "mimi": Encoder(
        config="MimiConfig",
        network="MimiModel",
        extractor="EncodecFeatureExtractor",
        layers=audio_codecs.mimi_layers,
        clocks=audio_codecs.mimi_clocks,
        states=audio_codecs.mimi_states,
        settings=lambda config: {"feature_size": config.audio_channels, "sampling_rate": config.sampling_rate},
    ),
}
