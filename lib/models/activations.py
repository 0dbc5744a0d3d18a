"""What a model computed from sounds: its layers and their clocks, and the record that every kind of model fills in.

Comes in: waveforms with their sampling rates, checked here before any model hears them. Goes out: ``Activations`` of
one sound (per layer, frame by frame, each frame with its time), and ``Model``, all that the rest of the book needs to
know of one. How many sounds are represented at once, and what is remembered, is up to ``lib.models.extraction``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lib.ground import unknown

if TYPE_CHECKING:
    import pandas as pd


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


@dataclass(frozen=True)
class Model:
    """A model as the book needs it: sounds in, layers out.

    Parameters
    ----------
    name : str
        Name in the roster.
    rate : int
        Sampling rate in Hz of the waveforms it takes. Other rates are resampled.
    layers : mapping of str to int
        Its layers in order, with their number of units.
    revision : str
        Changes whenever the numbers may: a fingerprint of code or weights.
    shortest : float
        Shortest sound in seconds it can represent.
    represent : callable
        Waveforms (sounds, samples) at `rate` to {layer: Frames}.
    describe : callable
        Layer name to a table with one row per unit: what each unit stands for.
    window : float
        Seconds of sound that are represented at once at most; what is longer is heard in windows that overlap.
    context : float
        Seconds at both ends of such a window whose frames are left out, because they lack what comes before or after.
    """

    name: str
    rate: int
    layers: Mapping[str, int]
    revision: str
    shortest: float
    represent: Callable[[np.ndarray], dict[str, Frames]]
    describe: Callable[[str], pd.DataFrame]
    window: float = 60.0
    context: float = 4.0

    def activations(
        self,
        samples: np.ndarray,
        rate: float,
        *,
        layers: Sequence[str] | None = None,
        precision: str = "full",
        window: float | None = None,
        context: float | None = None,
        cache: bool = False,
    ) -> Activations:
        """Represent one sound of any length.

        Parameters
        ----------
        samples : array (samples,)
            Mono waveform, floating point.
        rate : float
            Its sampling rate in Hz.
        layers, precision, window, context
            As in ``lib.models.sound_activations``.
        cache : bool
            Read the activations from disk if they were computed before, else write them there. They are then mapped
            from the file, so that a long sound need not fit in memory.

        Returns
        -------
        Activations

        Raises
        ------
        ValueError
            If the sound is empty, not mono, not floating point, not finite, or shorter than the model can hear.
        """
        from lib.models.extraction import one_sound

        return one_sound(
            self, samples, rate, layers=layers, precision=precision, window=window, context=context, cache=cache
        )

    def units(self, layer: str) -> pd.DataFrame:
        """Table with one row per unit of `layer`, to label figures with (centre frequency, rate, ...)."""
        if layer not in self.layers:
            raise unknown(f"layer of {self.name}", layer, self.layers)
        return self.describe(layer)


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


def prepared(samples: np.ndarray, rate: float, model: Model) -> np.ndarray:
    """Check one sound and bring it to the model's sampling rate: float32 (samples,)."""
    samples = checked(samples, rate, ndim=1, shortest=model.shortest).astype(np.float32, copy=False)
    if rate == model.rate:
        return samples
    import soxr

    return soxr.resample(samples, rate, model.rate)
