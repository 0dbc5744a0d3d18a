"""The spectrogram that the small models see: log-mel, free of level, each band on its own scale; and patches of it.

Comes in: waveforms at 16 kHz. Goes out: arrays (sounds, frames, bands), 200 frames per second, cut or padded to what a
network takes (400 frames, 2 s), and what transformers' AST says to them. Windows of 64 ms tell the harmonics of a voice
apart; a patch of 16 by 16 holds 16 bands and 80 ms.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np

from lib.ground import DamagedData, WrongUse, replacing
from lib.models.activations import Frames
from lib.models.loaders import checkpoints

CLASSES = ("ASTConfig", "ASTModel")  # of transformers
RATE, HOP, WINDOW = 16_000, 80, 1024  # Hz, samples, samples
SHORTEST, CONTEXT = 0.1, 0.4  # seconds
BANDS = 128
PATCH = 16  # frames and bands
FRAMES = 400  # what the network takes
TINY = 1e-12  # power that has a logarithm
QUIET = 1e-10  # power that is added to that of a frame, so that silence stays silence
RANGE = 3.0  # decades below the loudest frame, where frames cease to count for the level of a sound
DEPTH = 6.0  # decades below the level of a sound, where its floor is
SIDE = (BANDS // PATCH, FRAMES // PATCH)  # rows of frequency, columns of time, in patches
STEP = PATCH * HOP / RATE
OFFSET = (PATCH - 1) / 2 * HOP / RATE
"""Seconds from patch to patch, and the centre of the first: frames are centred on samples 0, 80, 160, ..."""


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of each band over the sounds that a model trained on."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def write(self, folder: Path) -> None:
        """Write preprocessor_config.json, with all facts of the spectrogram."""
        facts = {
            "feature_extractor_type": "lib.models.loaders.patches",
            "sampling_rate": RATE,
            "hop_length": HOP,
            "n_fft": WINDOW,
        }
        facts |= {"feature_size": BANDS, "nb_max_frames": FRAMES, "decades": DEPTH, "range": RANGE} | asdict(self)
        with replacing(folder / "preprocessor_config.json") as scratch:
            scratch.write_text(json.dumps(facts, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Scale:
        """Read what ``write`` wrote."""
        file = folder / "preprocessor_config.json"
        facts = checkpoints.facts_of(file, "mean", "deviation")
        bands = [np.asarray(facts[key], dtype=object) for key in ("mean", "deviation")]
        if any(some.shape != (BANDS,) or not all(isinstance(number, int | float) for number in some) for some in bands):
            raise DamagedData(f"{file} must give {BANDS} numbers as mean, and as many as deviation: fetch it again")
        return cls(*map(tuple, bands))

    @classmethod
    def of(cls, spectra: list[np.ndarray]) -> Scale:
        """Measure it on free-of-level spectra (frames, bands)."""
        frames = np.concatenate([spectrum[::7] for spectrum in spectra])
        rounded = [np.round(value.astype(float), 5).tolist() for value in (frames.mean(0), frames.std(0))]
        return cls(tuple(rounded[0]), tuple(rounded[1]))


def power(waves: np.ndarray) -> np.ndarray:
    """Mel power (sounds, frames, bands) of waveforms (sounds, samples): Hann windows, Slaney's mel filters."""
    import torch

    sounds, window = torch.as_tensor(np.asarray(waves, np.float32)), torch.hann_window(WINDOW)
    spectrum = torch.stft(sounds, WINDOW, HOP, window=window, pad_mode="constant", return_complex=True)
    mel = spectrum.abs().square().transpose(1, 2) @ torch.as_tensor(_filters())  # sounds, frames, bands
    return mel.numpy()[:, : ceil(waves.shape[-1] / HOP)]


def level_free(mel: np.ndarray) -> np.ndarray:
    """Decades above the floor of mel power (..., frames, bands); the floor is DEPTH below the level of the sound.

    The level is the mean of decades over frames, so that one loud moment hardly moves it; frames that are more than
    RANGE below the loudest count as just that.
    """
    level = 10 ** _level(mel.mean(axis=-1, keepdims=True))
    return np.log10(np.maximum(mel / level, 10**-DEPTH)).astype(np.float32) + np.float32(DEPTH)


def relative(decades: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """``level_free`` of mel power that is kept as decades (frames, bands) with the mean power of each frame."""
    return np.maximum(decades - _level(frames[:, None]), -DEPTH).astype(np.float32) + np.float32(DEPTH)


def _level(frames: np.ndarray) -> np.ndarray:
    """Decades of the level of a sound, from the mean power of its frames (..., frames, 1): (..., 1, 1)."""
    audible = np.maximum(frames, frames.max(axis=-2, keepdims=True) / 10**RANGE) + QUIET
    return np.log10(audible).mean(axis=-2, keepdims=True)


def fitted(spectra: np.ndarray, scale: Scale) -> np.ndarray:
    """Standardise each band, and pad with the floor to FRAMES: (..., FRAMES, bands)."""
    missing = FRAMES - spectra.shape[-2]
    padded = np.pad(spectra, [(0, 0)] * (spectra.ndim - 2) + [(0, missing), (0, 0)])
    return (padded - np.float32(scale.mean)) / np.float32(scale.deviation)


def heard(waves: np.ndarray, scale: Scale) -> np.ndarray:
    """Spectra of waveforms (sounds, samples) as a network takes them: (sounds, FRAMES, bands).

    Raises
    ------
    lib.ground.WrongUse
        If they are longer than 2 s.
    """
    if waves.shape[1] > FRAMES * HOP:
        raise WrongUse(f"a spectrogram model hears 2 s at once; got {waves.shape[1] / RATE:.2f} s")
    return fitted(level_free(power(waves)), scale)


def centres(samples: int, step: float, offset: float, most: int) -> np.ndarray:
    """Times of the columns of an image whose centre lies inside a sound, in seconds: at least one, not above `most`."""
    return offset + step * np.arange(min(most, max(1, ceil((samples / RATE - offset) / step - 1e-9))))


def layers(config) -> dict[str, int]:
    """Layers of an AST with their numbers of units."""
    return dict.fromkeys(
        ["embedding", *(f"layer.{k + 1}" for k in range(config.num_hidden_layers))], config.hidden_size
    )


def describe(layer: str, units: int) -> dict[str, np.ndarray]:
    """What is known of the units of a layer: their number alone."""
    return {"unit": np.arange(units)}


def network(config):
    """AST with random weights."""
    from transformers import ASTModel

    return initialised(ASTModel(config))


def states(network, spectra: np.ndarray, samples: int) -> list[Frames]:
    """Hidden states of all layers, one frame per column of patches, averaged over frequency."""
    import torch

    hidden = network(torch.as_tensor(spectra).to(network.device), output_hidden_states=True).hidden_states
    times = centres(samples, STEP, OFFSET, SIDE[1])
    averaged = [state[:, 2:].unflatten(1, SIDE).mean(1) for state in hidden]  # sounds, columns, units
    return [Frames(state[:, : len(times)].float().cpu().numpy(), times) for state in averaged]


@cache
def _filters() -> np.ndarray:
    from transformers.audio_utils import mel_filter_bank

    return mel_filter_bank(WINDOW // 2 + 1, BANDS, 0.0, RATE / 2, RATE, norm="slaney", mel_scale="slaney").astype("f4")


def positions(side: tuple[int, int], width: int):
    """Sines and cosines of the row and the column of each patch: (patches, width)."""
    import torch

    rates = 10_000 ** -(torch.arange(width // 4) / (width // 4))
    rows, columns = torch.meshgrid(torch.arange(side[0]), torch.arange(side[1]), indexing="ij")
    angles = [place.reshape(-1, 1) * rates for place in (rows, columns)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], dim=1)


def initialised(encoder):
    """Start the position embeddings of an AST as sines and cosines, which tell places apart from the first step on."""
    import torch

    with torch.no_grad():
        encoder.embeddings.position_embeddings[0, 2:] = positions(SIDE, encoder.config.hidden_size)
    return encoder
