"""Time-resolved similarity: every electrode against the model, in one window after onset after the other.

Comes in: for each sentence (or word) the layers of a model with their frame times, and responses with theirs, both in
seconds from the onset. Goes out: Spearman similarity by subject, layer, window and channel, averaged over sentences,
with a null in which the response is taken from another time of the sentence, or the model's frames are re-ordered.

In a window of 250 ms a model of 10 frames per second has two or three frames and no geometry to compare. Such a model
is interpolated onto a common grid (`rate`), which makes scores computable and adds no information.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity import geometry as g
from lib.compare.similarity.series import layer_series, response_series
from lib.compare.similarity.tables import joint_table
from lib.compare.timing import NAMED_WINDOWS, checked_windows, onto_frames, resized, rising
from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import xarray as xr

DISTANCES = {"correlation": g.correlation_rdm, "cosine": g.cosine_rdm, "euclidean": g.euclidean}
LEAST_FRAMES = 3
SCHEMES = ("response", "shift", "shuffle")
METHODS = ("linear", "antialiased", "published")


@dataclass(frozen=True)
class WindowScores:
    """Similarity in windows of time, averaged over sentences.

    Attributes
    ----------
    observed : xarray.DataArray ([subject], layer, window, channel)
        Mean Spearman correlation of distances. NaN where no sentence has three frames in the window.
    draws : xarray.DataArray ([subject], layer, window, channel, draw) or None
        The same under the null, sentence by sentence.
    items : xarray.DataArray ([subject], layer, window, channel)
        How many sentences went into each value.
    """

    observed: xr.DataArray
    draws: xr.DataArray | None
    items: xr.DataArray


def window_scores(
    items: Iterable[tuple],
    windows: Mapping[str, tuple[float, float]] = NAMED_WINDOWS,
    *,
    rate: float | None = None,
    method: str = "linear",
    distance: str = "correlation",
    n_permutations: int = 0,
    scheme: str = "response",
    seed: int = 0,
) -> WindowScores:
    """Spearman similarity of each channel's distances |x_i - x_j| to the model's, window by window.

    Parameters
    ----------
    items : iterable of (layers, frame_times, responses, times)
        One per sentence or word: layers as for ``permutation_null``, their frame times (T,), responses (n, c), or
        (S, n, c), or a mapping by subject, and their sample times (n,); all times in seconds from the onset. A
        generator is read one item at a time.
    windows : mapping of name to (start, stop)
        Frames from start on and before stop [s] belong to a window.
    rate : float, optional
        Frames per second of a common grid onto which model (linearly) and responses (by `method`) are brought. Default:
        the model's own frames.
    method : {"linear", "antialiased", "published"}
        How responses come to the frames. ``published`` cuts samples int(start * rate_of_samples) and frames
        int(start * rate_of_frames) and spreads the former over the number of the latter (only that what has no value
        there is 0 in arXiv 2601.16540, and is left out of the mean here).
    distance : {"correlation", "cosine", "euclidean"}
        Between frames of the model.
    n_permutations : int
        Draws of the null; 0 for none.
    scheme : {"response", "shift", "shuffle"}
        ``response`` compares the window's frames with the response at another time of the same sentence, all of its
        windows moved by the same time: it needs `rate`, and responses that last longer than the windows. The others
        re-order the model's frames (``permutation_null``) and are too generous for windows after an onset: the first
        frames of a sentence run more steadily than those that follow, and so does any slow noise.
    seed : int
        Seed of the null.

    Returns
    -------
    WindowScores

    Raises
    ------
    ValueError
        Series and times of different length, NaN, times that do not rise, frames outside the response, items that
        differ in subjects, layers or channels, or no items.
    """
    windows = checked_windows(windows)
    _check_options(rate, method, distance, n_permutations, scheme)
    total, count, labels = 0.0, 0, None
    for number, item in enumerate(items):
        one = _checked_item(number, item)
        if labels not in (None, one.labels):
            raise ValueError(f"item {number} has other subjects, layers or channels than those before it.")
        labels = one.labels
        one = one if rate is None else _with_grid(one, rate)
        draws = n_permutations, scheme, (seed, number)
        if method == "published":
            values = _as_published(one, windows, DISTANCES[distance], draws)
        else:
            values = _in_seconds(one, windows, DISTANCES[distance], draws, rate, method)
        there = ~np.isnan(values)
        total, count = total + np.where(there, values, 0.0), count + there
    if labels is None:
        raise ValueError("no items: a mean over sentences needs at least one.")
    return _labelled(total, count, windows, *labels[:3])


# ---- what a caller hands over ----


@dataclass(frozen=True, eq=False)
class _Item:
    """A sentence: layers (T, d) by name and when their frames are, responses (n, c) by subject and when they are."""

    layers: dict[str, np.ndarray]
    frame_times: np.ndarray
    responses: dict[str, np.ndarray]
    times: np.ndarray
    several: bool

    @property
    def labels(self) -> tuple[list, list, bool, int]:
        """Subjects, layers, whether subjects are told apart, and how many channels all have."""
        return list(self.responses), list(self.layers), self.several, next(iter(self.responses.values())).shape[1]


def _check_options(rate: float | None, method: str, distance: str, n_permutations: int, scheme: str) -> None:
    for what, value, known in (
        ("scheme", scheme, SCHEMES),
        ("distance", distance, DISTANCES),
        ("method", method, METHODS),
    ):
        if value not in known:
            raise unknown(what, value, known)
    if rate is not None and not (rate > 0 and np.isfinite(rate)):
        raise WrongUse(f"rate must be a number of frames per second above 0, got {rate}.")
    if n_permutations < 0:
        raise WrongUse(f"n_permutations must be 0 (no null) or more, got {n_permutations}.")
    if n_permutations and scheme == "response" and (rate is None or method == "published"):
        raise WrongUse("scheme response needs a common grid: give rate, and method linear or antialiased.")


def _checked_item(number: int, item: tuple) -> _Item:
    if len(item) != 4:
        raise WrongUse(f"item {number} must be (layers, frame_times, responses, times), got {len(item)} parts.")
    layers, (named, several) = layer_series(item[0]), response_series(item[2])
    clocks = [rising(clock, f"item {number}: {what}") for what, clock in (("frame_times", item[1]), ("times", item[3]))]
    for what, series, clock in zip(("layer", "response"), (layers, named), clocks, strict=True):
        for name, x in series.items():
            if len(x) != len(clock):
                raise ValueError(f"item {number}: {what} {name} has {len(x)} rows and {len(clock)} times.")
    widths = sorted({x.shape[1] for x in named.values()})
    if len(widths) > 1:
        raise WrongUse(f"item {number}: subjects must share their channels, got {widths} of them.")
    layers, named = ({name: x.numpy() for name, x in part.items()} for part in (layers, named))
    return _Item(layers, clocks[0], named, clocks[1], several)


# ---- one sentence, as it should be and as published: both (subject, layer, window, channel, 1 + P) ----


def _in_seconds(item: _Item, windows: Mapping, distance: Callable, draws: tuple, rate, method: str) -> np.ndarray:
    """Frames whose times lie in a window; the response is brought onto them."""
    grid = item.frame_times
    rdms, brain = _rdms(item.layers, distance), _brought(item, grid, method)
    frames = [np.flatnonzero((grid >= start - 1e-9) & (grid < stop - 1e-9)) for start, stop in windows.values()]
    n_permutations, scheme, seed = draws
    if n_permutations and scheme == "response":
        long = _brought(item, _grid(item.times[0], item.times[-1], rate), method)
        shifts = np.random.default_rng(seed).integers(long.shape[-1], size=n_permutations)
        return _elsewhere(rdms, frames, brain, long, shifts)
    return _scores(rdms, frames, [brain[..., inside] for inside in frames], _table(len(grid), *draws))


def _as_published(item: _Item, windows: Mapping, distance: Callable, draws: tuple) -> np.ndarray:
    """Frames and samples counted from the onset at their own rates; samples spread over as many as there are frames."""
    brain, frames, pieces = _together(item.responses), [], []
    clocks = [(len(t), 1 / np.median(np.diff(t)) if len(t) > 1 else 0.0) for t in (item.frame_times, item.times)]
    for edges in windows.values():
        cuts = [np.arange(n)[slice(*(max(int(edge * rate + 1e-9), 0) for edge in edges))] for n, rate in clocks]
        inside, samples = cuts if min(map(len, cuts)) >= LEAST_FRAMES else (np.arange(0), np.arange(0))
        frames.append(inside)
        pieces.append(_spread(brain[..., samples], len(inside)))
    return _scores(_rdms(item.layers, distance), frames, pieces, _table(len(item.frame_times), *draws))


def _spread(values: np.ndarray, count: int) -> np.ndarray:
    """Samples (S, c, n) spread over a number of frames, (S, c, count)."""
    return np.moveaxis(resized(np.moveaxis(values, 2, 0), count), 0, 2) if count else values


def _with_grid(item: _Item, rate: float) -> _Item:
    """The same with the model on a common grid, as far as frames and response share their time."""
    known, times = item.frame_times, item.times
    grid = _grid(max(known[0], times[0]), min(known[-1], times[-1]), rate)
    return replace(
        item, frame_times=grid, layers={name: onto_frames(x, known, grid) for name, x in item.layers.items()}
    )


def _grid(first: float, last: float, rate: float) -> np.ndarray:
    """Multiples of 1 / rate from `first` to `last` [s]."""
    grid = np.arange(np.ceil(first * rate - 1e-9), np.floor(last * rate + 1e-9) + 1) / rate
    if not len(grid):
        raise ValueError(
            f"frames and response share no time at {rate:g} frames per second ({first:.3f} to {last:.3f} s)."
        )
    return grid


def _brought(item: _Item, grid: np.ndarray, method: str) -> np.ndarray:
    """Responses of all subjects at some times, (S, c, T)."""
    return _together({name: onto_frames(x, item.times, grid, method) for name, x in item.responses.items()})


def _together(responses: Mapping) -> np.ndarray:
    """All subjects (S, c, n)."""
    return np.stack([*responses.values()]).swapaxes(1, 2)


def _rdms(layers: Mapping, distance: Callable) -> list[np.ndarray]:
    import torch

    return [distance(torch.as_tensor(x)).numpy() for x in layers.values()]


def _table(length: int, n_permutations: int, scheme: str, seed: tuple) -> np.ndarray:
    stay = np.arange(length)[None]
    if not n_permutations or length < LEAST_FRAMES:
        return np.repeat(stay, n_permutations + 1, axis=0)
    return np.concatenate([stay, joint_table(length, n_permutations, scheme=scheme, seed=seed)])


def _scores(rdms: list, frames: list, pieces: list, table: np.ndarray) -> np.ndarray:
    """Of frames and pieces of the response window by window; NaN with too few frames or without variation."""
    subjects, channels = pieces[0].shape[:2]
    out = np.full((subjects, len(rdms), len(frames), channels, len(table)), np.nan)
    for w, (inside, x) in enumerate(zip(frames, pieces, strict=True)):
        if len(inside) < LEAST_FRAMES:
            continue
        i, j = np.triu_indices(len(inside), 1)
        ranks = _unit_ranks(np.abs(x[..., i] - x[..., j]))  # S c, m
        moved = table[:, inside]
        for layer, rdm in enumerate(rdms):
            model = _unit_ranks(rdm[moved[:, i], moved[:, j]])  # 1 + P, m
            out[:, layer, w] = (ranks @ model.T).reshape(subjects, -1, len(table))
    return out


def _elsewhere(rdms: list, frames: list, brain: np.ndarray, long: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """The same where draws take the response `shifts` frames later, from the start again after the last whole window.

    Windows of one length share the ranks of the response at all times.
    """
    out = np.full((len(brain), len(rdms), len(frames), brain.shape[1], 1 + len(shifts)), np.nan)
    ranked = {}
    for w, inside in enumerate(frames):
        count, places = len(inside), long.shape[-1] - len(inside) + 1
        if count < LEAST_FRAMES or places < 1:
            continue
        i, j = np.triu_indices(count, 1)
        here = _unit_ranks(np.abs(brain[..., inside[i]] - brain[..., inside[j]]))  # S c, m
        if count not in ranked:
            ranked[count] = np.stack([_unit_ranks(np.abs(long[..., k + i] - long[..., k + j])) for k in range(places)])
        draws = (inside[0] + shifts) % places
        for layer, rdm in enumerate(rdms):
            model = _unit_ranks(rdm[None, inside[i], inside[j]])[0]
            values = np.concatenate([(here @ model)[None], (ranked[count] @ model)[draws]])  # 1 + P, S c
            out[:, layer, w] = values.T.reshape(len(brain), -1, 1 + len(shifts))
    return out


def _unit_ranks(pairs: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, centred and of norm 1; NaN where all pairs are equal, or one has no distance."""
    import torch

    pairs = g.settle_ties(torch.from_numpy(pairs)).numpy().reshape(-1, pairs.shape[-1])
    order = np.argsort(pairs, axis=1)
    ranks = np.empty(pairs.shape)
    rows = np.arange(len(pairs))[:, None]
    ranks[rows, order] = np.arange(1.0, pairs.shape[1] + 1)
    tied = (np.diff(pairs[rows, order], axis=1) == 0).any(axis=1)
    if tied.any():
        ranks[tied] = g.average_ranks(torch.from_numpy(pairs[tied])).numpy()
    ranks -= ranks.mean(axis=1, keepdims=True)
    size = np.linalg.norm(ranks, axis=1, keepdims=True)
    return ranks / np.where((size < 1e-9) | np.isnan(pairs).any(axis=1, keepdims=True), np.nan, size)


def _labelled(total, count, windows, subjects: list, layers: list, several: bool) -> WindowScores:
    import xarray as xr

    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    dims = ("subject", "layer", "window", "channel", "draw")
    coords = {"subject": subjects, "layer": layers, "window": list(windows)}
    values, items = (xr.DataArray(x, dims=dims, coords=coords) for x in (mean, count))
    if not several:
        values, items = (x.isel(subject=0, drop=True) for x in (values, items))
    draws = values.isel(draw=slice(1, None)) if values.sizes["draw"] > 1 else None
    return WindowScores(values.isel(draw=0), draws, items.isel(draw=0))
