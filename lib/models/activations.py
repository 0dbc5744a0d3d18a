"""What a model computed from sounds: its layers, their clocks, and the cache that remembers them.

Comes in: waveforms with their sampling rates, and a ``Model``, the thin record every kind of model fills in. Goes out:
``Activations`` of one sound (per layer, frame by frame, each frame with its time), and ``sound_features`` of many
(per layer, one time-averaged row a sound), read from disk where they have been computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lib.ground import unknown
from lib.models import storage

if TYPE_CHECKING:
    import pandas as pd

WINDOW = 120.0  # seconds of sound held in memory while equal lengths are looked for
BATCH = 16.0  # seconds of sound represented at once


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
    """

    name: str
    rate: int
    layers: Mapping[str, int]
    revision: str
    shortest: float
    represent: Callable[[np.ndarray], dict[str, Frames]]
    describe: Callable[[str], pd.DataFrame]

    def activations(self, samples: np.ndarray, rate: float) -> Activations:
        """Represent one sound.

        Parameters
        ----------
        samples : array (samples,)
            Mono waveform, floating point.
        rate : float
            Its sampling rate in Hz.

        Returns
        -------
        Activations

        Raises
        ------
        ValueError
            If the sound is empty, not mono, not floating point, not finite, or shorter than the model can hear.
        """
        frames = self.represent(prepared(samples, rate, self)[None])
        layers = {layer: frame.values[0] for layer, frame in frames.items()}
        return Activations(layers, {layer: frame.times for layer, frame in frames.items()})

    def units(self, layer: str) -> pd.DataFrame:
        """Table with one row per unit of `layer`, to label figures with (centre frequency, rate, ...)."""
        if layer not in self.layers:
            raise unknown(f"layer of {self.name}", layer, self.layers)
        return self.describe(layer)


def _time_average(values) -> np.ndarray:
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


def sound_features(
    model: Model, sounds: Iterable[tuple[np.ndarray, float]], *, cache: bool = True, progress: bool = False
) -> dict[str, np.ndarray]:
    """Time-averaged activations of many sounds.

    Sounds are taken from the iterable as they are needed, about two minutes of them at a time, and those of equal
    length are represented together. What was computed before is read from ``cache_folder()/activations``.

    Parameters
    ----------
    model : Model
        From ``load``.
    sounds : iterable of (samples, rate)
        Mono waveforms with their sampling rates in Hz.
    cache : bool
        Read features from disk, and write those that were missing or damaged.
    progress : bool
        Show a bar that counts sounds, on stderr.

    Returns
    -------
    dict of str to float32 array (sounds, units)
        One entry per layer, rows in the order of `sounds`.

    Raises
    ------
    ValueError
        If there are no sounds, or one of them is not valid; the message says which.
    """
    from tqdm import tqdm

    shelf = storage.shelf(model.name, model.revision, model.layers, "pooled") if cache else None
    rows = []
    with tqdm(desc=model.name, unit="sound", disable=not progress) as bar:
        for window in _windows(model, sounds):
            rows += _window_features(model, window, shelf)
            bar.update(len(window))
    if not rows:
        raise ValueError("no sounds given: `sounds` is empty (or an iterator that was already used up)")
    return {layer: np.stack([row[layer] for row in rows]) for layer in model.layers}


def _windows(model, sounds) -> Iterator[list[tuple[np.ndarray, float]]]:
    """Checked sounds in lists that last about WINDOW seconds, so that memory stays bounded."""
    window, seconds = [], 0.0
    for number, (samples, rate) in enumerate(sounds):
        try:
            samples = checked(samples, rate, ndim=1, shortest=model.shortest)
        except ValueError as error:
            raise ValueError(f"sound {number}: {error}") from error
        window.append((samples.astype(np.float32, copy=False), rate))
        seconds += len(samples) / rate
        if seconds >= WINDOW:
            yield window
            window, seconds = [], 0.0
    if window:
        yield window


def _window_features(model, window, shelf) -> list[dict[str, np.ndarray]]:
    """One {layer: (units,)} per sound of the window: from the shelf where it has them, computed where not."""
    files = [storage.file_of(shelf, *sound) if shelf else None for sound in window]
    rows = [storage.read(file, model.layers) if file else None for file in files]
    waves = {i: prepared(*window[i], model) for i, row in enumerate(rows) if row is None}
    for numbers in _batches(waves, model.rate):
        frames = model.represent(np.stack([waves[i] for i in numbers]))
        for place, i in enumerate(numbers):
            rows[i] = {layer: _time_average(frames[layer].values[place]) for layer in model.layers}
            if files[i]:
                storage.write(files[i], rows[i])
    return rows


def _batches(waves, rate) -> Iterator[list[int]]:
    """Keys of waves of equal length, so many at a time that they last about BATCH seconds."""
    lengths = {}
    for key, wave in waves.items():
        lengths.setdefault(len(wave), []).append(key)
    for length, keys in lengths.items():
        size = max(1, int(BATCH * rate / length))
        yield from (keys[start : start + size] for start in range(0, len(keys), size))
