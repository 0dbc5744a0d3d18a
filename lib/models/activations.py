"""What a model computed from sounds: its layers and their clocks.

Comes in: waveforms with their sampling rates, checked here before any model hears them. Goes out: ``Frames``, one layer
of several sounds, and ``Activations`` of one sound: per layer, frame by frame, each frame with its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Frames(NamedTuple):
    """One layer of several sounds of equal length: `values` (sounds, frames, units) at `times` (frames,) in seconds."""

    values: np.ndarray
    times: np.ndarray


@dataclass(frozen=True)
class Activations:
    """What the layers of a model did during one sound.

    Parameters
    ----------
    layers : dict of str to float32 array (frames, units)
        One entry per layer, in the order of the model.
    times : dict of str to array (frames,)
        Centre of each frame in seconds from the start of the sound. Layers may run on different clocks.
    """

    layers: dict[str, np.ndarray]
    times: dict[str, np.ndarray]

    def __post_init__(self):
        if list(self.layers) != list(self.times):
            raise ValueError(f"layers {list(self.layers)} and times {list(self.times)} name different layers")
        for layer, values in self.layers.items():
            if values.ndim != 2 or self.times[layer].shape != values.shape[:1]:
                raise ValueError(
                    f"layer {layer!r}: activations of shape {values.shape} and times of shape "
                    f"{self.times[layer].shape}; expected (frames, units) and (frames,)"
                )

    def pooled(self) -> dict[str, np.ndarray]:
        """Average over time: {layer: (units,)}."""
        return {layer: _time_average(values) for layer, values in self.layers.items()}


def _time_average(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=0, dtype=np.float64).astype(np.float32)


def checked(samples: np.ndarray, rate: float, *, ndim: int, shortest: float) -> np.ndarray:
    """Refuse what is not a sound; time is the last axis.

    Raises
    ------
    ValueError
        Naming what is wrong: the rate, the number of axes, the type, the length (against `shortest`, in seconds), or
        the first sample that is not finite.
    """
    samples = np.asarray(samples)
    if not (np.isfinite(rate) and rate > 0):
        raise ValueError(f"sampling rate is {rate!r}; expected a positive number of samples per second")
    if samples.ndim != ndim:
        expected = "(samples,): average the channels first" if ndim == 1 else "(sounds, samples)"
        raise ValueError(f"waveform has shape {samples.shape}; expected {expected}")
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"waveform is of type {samples.dtype}; convert it to floating point between -1 and 1")
    if samples.size == 0:
        raise ValueError(f"waveform is empty (shape {samples.shape})")
    if samples.shape[-1] < shortest * rate:
        raise ValueError(
            f"waveform lasts {samples.shape[-1] / rate:.3f} s; the model needs at least {shortest:.3f} s of sound"
        )
    if not np.isfinite(samples).all():
        first = np.argwhere(~np.isfinite(samples))[0]
        raise ValueError(f"waveform holds {samples[tuple(first)]} at sample {first[-1]}; every sample must be finite")
    return samples


def whole(rate: float) -> int:
    """Sampling rate as an integer; a fraction is refused."""
    if rate != int(rate):
        raise ValueError(f"sampling rate is {rate!r} Hz; expected a whole number: resample first")
    return int(rate)
