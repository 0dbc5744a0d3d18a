"""A model as the book needs it, and how it hears: many sounds, long sounds, sounds heard before.

Comes in: a ``Model``, which every kind of loader fills in, and sounds of any length. Goes out: ``sound_features`` (per
layer, one time-averaged row a sound) and ``sound_activations`` (per layer, frame by frame), read from disk where they
have been computed before. Sounds of equal length go together, long ones are heard in windows; memory holds one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.ground import unknown
from lib.models import storage
from lib.models.activations import Activations, Frames, checked
from lib.models.precision import PRECISIONS, computing
from lib.models.windows import batches, represented_in_windows

if TYPE_CHECKING:
    import pandas as pd

TIMES = "times of "  # before a layer's name: the array with its clock, in files
LIST = 120.0  # seconds of sound held in memory while equal lengths are looked for

Sound = tuple[np.ndarray, float]
Piece = dict[str, Frames]  # part of one sound: values (frames, units) at times (frames,) of the sound


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
    revision : str
        Changes whenever the numbers may; ``lib.models.load`` fills it in. Without one, nothing is cached.
    """

    name: str
    rate: int
    layers: Mapping[str, int]
    shortest: float
    represent: Callable[[np.ndarray], dict[str, Frames]]
    describe: Callable[[str], pd.DataFrame]
    window: float = 60.0
    context: float = 4.0
    revision: str = ""

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
        return one_sound(
            self, samples, rate, layers=layers, precision=precision, window=window, context=context, cache=cache
        )

    def units(self, layer: str) -> pd.DataFrame:
        """Table with one row per unit of `layer`, to label figures with (centre frequency, rate, ...)."""
        if layer not in self.layers:
            raise unknown(f"layer of {self.name}", layer, self.layers)
        return self.describe(layer)


def prepared(samples: np.ndarray, rate: float, model: Model) -> np.ndarray:
    """Check one sound and bring it to the model's sampling rate: float32 (samples,)."""
    samples = checked(samples, rate, ndim=1, shortest=model.shortest).astype(np.float32, copy=False)
    if rate == model.rate:
        return samples
    import soxr

    return soxr.resample(samples, rate, model.rate)


def sound_features(
    model: Model,
    sounds: Iterable[Sound],
    layers: Sequence[str] | None = None,
    *,
    precision: str = "full",
    window: float | None = None,
    context: float | None = None,
    cache: bool = True,
    progress: bool = False,
) -> dict[str, np.ndarray]:
    """Time-averaged activations of many sounds.

    Sounds are taken from the iterable as they are needed, about two minutes of them at a time, and those of equal
    length are represented together. What was computed before is read from ``cache_folder()/activations``; if all was,
    the weights of the model are not even read.

    Parameters
    ----------
    model : Model
        From ``load``.
    sounds : iterable of (samples, rate)
        Mono waveforms with their sampling rates in Hz.
    layers : sequence of str, optional
        Those that are wanted. Default: all.
    precision : {"full", "half"}
        Half saves time on processors that multiply bfloat16; its tolerance is in ``lib.models.precision.computing``.
    window, context : float, optional
        Longest stretch of sound in seconds that is represented at once, and how much of it at either end only serves
        as context, see ``lib.models.windows``. Default: the model's own.
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
    hearing = Hearing.of(model, layers, precision, window, context)
    rows = list(_each(hearing, sounds, _POOLED, cache, progress))
    if not rows:
        raise ValueError("no sounds given: `sounds` is empty (or an iterator that was already used up)")
    return {layer: np.stack([row[layer] for row in rows]) for layer in hearing.layers}


def sound_activations(
    model: Model,
    sounds: Iterable[Sound],
    layers: Sequence[str] | None = None,
    *,
    precision: str = "full",
    window: float | None = None,
    context: float | None = None,
    cache: bool = True,
    progress: bool = False,
) -> Iterator[Activations]:
    """Activations of many sounds frame by frame, one ``Activations`` after the other.

    Parameters
    ----------
    model, sounds, layers, precision, window, context, progress
        As in ``sound_features``.
    cache : bool
        Read activations from disk, and write those that were missing or damaged, as they are computed. They are mapped
        from their files, so that neither many sounds nor a long one need fit in memory. Without, those of about two
        minutes of sound are in memory at a time.

    Yields
    ------
    Activations
        In the order of `sounds`.

    Raises
    ------
    ValueError
        If a sound is not valid; the message says which.
    """
    hearing = Hearing.of(model, layers, precision, window, context)
    yield from _each(hearing, sounds, _FRAMES, cache, progress)


def one_sound(model: Model, samples: np.ndarray, rate: float, *, cache: bool, **options: Any) -> Activations:
    """Activations of one sound, see ``Model.activations``."""
    samples = checked(samples, rate, ndim=1, shortest=model.shortest).astype(np.float32, copy=False)
    hearing = Hearing.of(model, options["layers"], options["precision"], options["window"], options["context"])
    return _of_list(hearing, [(samples, rate)], _FRAMES, cache)[0]


@dataclass(frozen=True)
class Hearing:
    """How a model hears: the layers that are wanted with their widths, its precision and its windows in seconds."""

    model: Model
    layers: dict[str, int]
    precision: str
    window: float
    context: float

    @classmethod
    def of(cls, model, layers, precision, window, context) -> Hearing:
        """Fill in what is not given, and refuse what does not exist."""
        for layer in layers or ():
            if layer not in model.layers:
                raise unknown(f"layer of {model.name}", layer, model.layers)
        if precision not in PRECISIONS:
            raise unknown("precision", precision, PRECISIONS)
        chosen = {layer: model.layers[layer] for layer in (model.layers if layers is None else layers)}
        window, context = (model.window if window is None else window), (model.context if context is None else context)
        if not (context >= 0 and window > 2 * context):
            raise ValueError(f"a window of {window} s with {context} s of context at either end leaves nothing between")
        return cls(model, chosen, precision, window, context)

    def represent(self, waves: np.ndarray) -> dict[str, Frames]:
        """Layers that are wanted, of waveforms (sounds, samples) of equal length."""
        with computing(self.precision):
            frames = self.model.represent(waves)
        if missing := self.layers.keys() - frames.keys():
            raise ValueError(f"{self.model.name} announces the layers {sorted(missing)}, but did not give them")
        return {layer: frames[layer] for layer in self.layers}

    def file(self, kind: str, sound: Sound) -> Path:
        """Where the cache keeps this sound: the key holds all that its numbers depend on."""
        samples, rate = sound
        windows = f" {self.window:g} {self.context:g}" if len(samples) > self.window * rate else ""
        words = kind + ("" if self.precision == "full" else f" {self.precision}") + windows
        shelf = storage.shelf(self.model.name, self.model.revision, self.layers, words)
        return storage.file_of(shelf, samples, rate)


@dataclass(frozen=True)
class Kind:
    """A kind of result for one sound: how it is made of pieces, written to a file and read from there."""

    name: str
    gather: Callable[[Iterable[Piece]], Any]
    write: Callable[[Path, Iterable[Piece]], Any]
    read: Callable[[Path, dict[str, int]], Any]


def pooled(pieces: Iterable[Piece]) -> dict[str, np.ndarray]:
    """Average over the frames of all pieces: {layer: (units,)}."""
    sums, counts = {}, {}
    for piece in pieces:
        for layer, (values, _) in piece.items():
            sums[layer] = sums.get(layer, 0) + values.sum(axis=0, dtype=np.float64)
            counts[layer] = counts.get(layer, 0) + len(values)
    return {layer: (sums[layer] / counts[layer]).astype(np.float32) for layer in sums}


def _write_pooled(file, pieces) -> dict[str, np.ndarray]:
    row = pooled(pieces)
    storage.write(file, [row])
    return row


def _read_pooled(file, widths) -> dict[str, np.ndarray] | None:
    """One row a layer, in memory: a mapped file for each of many sounds would be too many."""
    row = storage.read(file, widths)
    return row and {layer: np.array(values) for layer, values in row.items()}


def joined(pieces: Iterable[Piece]) -> Activations:
    """Pieces of one sound as one, in memory."""
    pieces = list(pieces)
    layers = {layer: np.concatenate([piece[layer].values for piece in pieces]) for layer in pieces[0]}
    return Activations(layers, {layer: np.concatenate([piece[layer].times for piece in pieces]) for layer in pieces[0]})


def write_frames(file: Path, pieces: Iterable[Piece]) -> Activations:
    """Pieces of one sound as one, on disk."""
    return _activations(storage.write(file, map(_arrays, pieces)))


def read_frames(file: Path, widths: dict[str, int]) -> Activations | None:
    """What ``write_frames`` wrote, or None if there is nothing sound."""
    found = storage.read(file, {**widths, **{TIMES + layer: None for layer in widths}})
    return _activations(found) if found else None


def _arrays(piece: Piece) -> dict[str, np.ndarray]:
    """Layers of a piece, and beside each its times."""
    times = {TIMES + layer: np.asarray(frames.times, "f8") for layer, frames in piece.items()}
    return times | {layer: np.asarray(frames.values, "f4") for layer, frames in piece.items()}


def _activations(arrays: Mapping[str, np.ndarray]) -> Activations:
    layers = [name for name in arrays if TIMES + name in arrays]
    times = {name: np.array(arrays[TIMES + name]) for name in layers}
    return Activations({name: arrays[name] for name in layers}, times)


_POOLED = Kind("pooled", pooled, _write_pooled, _read_pooled)
_FRAMES = Kind("frames", joined, write_frames, read_frames)


def _each(hearing, sounds, kind, cache, progress) -> Iterator[Any]:
    from tqdm import tqdm

    with tqdm(desc=hearing.model.name, unit="sound", disable=not progress) as bar:
        for some in _lists(hearing.model, sounds):
            yield from _of_list(hearing, some, kind, cache)
            bar.update(len(some))


def _lists(model, sounds) -> Iterator[list[Sound]]:
    """Checked sounds in lists that last about LIST seconds, so that memory stays bounded."""
    some, seconds = [], 0.0
    for number, (samples, rate) in enumerate(sounds):
        try:
            samples = checked(samples, rate, ndim=1, shortest=model.shortest)
        except ValueError as error:
            raise ValueError(f"sound {number}: {error}") from error
        some.append((samples.astype(np.float32, copy=False), rate))
        seconds += len(samples) / rate
        if seconds >= LIST:
            yield some
            some, seconds = [], 0.0
    if some:
        yield some


def _of_list(hearing, some, kind, cache) -> list:
    """One result per sound of the list: from the shelf where it has them, computed where not."""
    files = [hearing.file(kind.name, sound) if cache else None for sound in some]
    found = [kind.read(file, hearing.layers) if file else None for file in files]
    waves = {i: prepared(*some[i], hearing.model) for i, row in enumerate(found) if row is None}
    for i, pieces in _represented(hearing, waves):
        found[i] = kind.write(files[i], pieces) if files[i] else kind.gather(pieces)
        del pieces
    return found


def _represented(hearing, waves) -> Iterator[tuple[int, Iterable[Piece]]]:
    """Key of each wave and its pieces; pieces are to be used up before the next wave is asked for."""
    rate = hearing.model.rate
    short = {i: wave for i, wave in waves.items() if len(wave) <= hearing.window * rate}
    for numbers in batches({i: len(wave) for i, wave in short.items()}, rate):
        frames = hearing.represent(np.stack([waves[i] for i in numbers]))
        for place, i in enumerate(numbers):
            yield i, [{layer: Frames(values[place], times) for layer, (values, times) in frames.items()}]
        del frames  # before the next are made
    for i in (i for i in waves if i not in short):
        yield i, represented_in_windows(hearing.represent, waves[i], rate, hearing.window, hearing.context)
