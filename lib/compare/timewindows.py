"""Time-resolved similarity: every electrode against the model, in one window after onset after the other.

Comes in: for each sentence (or word) the layers of a model with their frame times, and responses with theirs, both in
seconds from the onset. Goes out: Spearman similarity by subject, layer, window and channel, averaged over sentences,
with a null in which the response is taken from another time of the sentence, or the model's frames are re-ordered.

In a window of 250 ms a model of 10 frames per second has two or three frames and no geometry to compare. Such a model
is interpolated onto a common grid (`rate`), which makes scores computable and adds no information.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity import geometry as g
from lib.compare.similarity.series import layer_series, response_series
from lib.compare.similarity.tables import joint_table
from lib.compare.timing import NAMED_WINDOWS, checked_windows, onto_frames, resized
from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import xarray as xr

DISTANCES = {"correlation": g.correlation_rdm, "cosine": g.cosine_rdm, "euclidean": g.euclidean}
LEAST_FRAMES = 3
SCHEMES = ("response", "shift", "shuffle")


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
        Series and times of different length, NaN, frames outside the response, or no items.
    """
    windows, moves = checked_windows(windows), n_permutations > 0 and scheme == "response"
    if scheme not in SCHEMES:
        raise unknown("scheme", scheme, SCHEMES)
    if moves and (rate is None or method == "published"):
        raise WrongUse("scheme response needs a common grid: give rate, and method linear or antialiased.")
    if distance not in DISTANCES:
        raise unknown("distance", distance, DISTANCES)
    if method not in ("linear", "antialiased", "published"):
        raise unknown("method", method, ("linear", "antialiased", "published"))
    import torch

    total, count, labels = 0.0, 0, None
    for number, item in enumerate(items):
        layers, frame_times, (named, several), times = _item(number, *item)
        if labels is not None and labels != (list(named), list(layers), several):
            raise ValueError(f"item {number} has other subjects or layers than those before it.")
        labels = list(named), list(layers), several
        layers, grid, brought, clock = _on_grid(layers, frame_times, named, times, rate, method)
        rdms, brain = [DISTANCES[distance](torch.as_tensor(x)).numpy() for x in layers.values()], _together(brought)
        if moves:
            long = _together({name: _whole(x.numpy(), times, rate, method) for name, x in named.items()})
            shifts = np.random.default_rng((seed, number)).integers(long.shape[-1], size=n_permutations)
            values = _elsewhere(rdms, grid, brain, long, windows, shifts)
        else:
            table = _table(len(grid), n_permutations, scheme, (seed, number))
            values = _scores(rdms, grid, brain, clock, windows, method, table)
        there = ~np.isnan(values)
        total, count = total + np.where(there, values, 0.0), count + there
    if labels is None:
        raise ValueError("no items: a mean over sentences needs at least one.")
    return _labelled(total, count, windows, *labels)


def _item(number: int, layers, frame_times, responses, times):
    layers, named = layer_series(layers), response_series(responses)
    frame_times, times = np.asarray(frame_times, dtype=np.float64), np.asarray(times, dtype=np.float64)
    for what, series, clock in (("layer", layers, frame_times), ("response", named[0], times)):
        for name, x in series.items():
            if clock.ndim != 1 or len(x) != len(clock):
                raise ValueError(f"item {number}: {what} {name} has {len(x)} rows and {len(clock)} times.")
    return layers, frame_times, named, times


def _on_grid(layers: Mapping, frame_times: np.ndarray, responses: Mapping, times: np.ndarray, rate, method: str):
    """Layers and grid times, responses and their times: the same grid, except as published."""
    if rate is not None:
        first, last = max(frame_times[0], times[0]), min(frame_times[-1], times[-1])
        grid = np.arange(np.ceil(first * rate - 1e-9), np.floor(last * rate + 1e-9) + 1) / rate
        layers = {name: onto_frames(x.numpy(), frame_times, grid) for name, x in layers.items()}
        frame_times = grid
    if method == "published":
        return layers, frame_times, {name: x.numpy() for name, x in responses.items()}, times
    brought = {name: onto_frames(x.numpy(), times, frame_times, method) for name, x in responses.items()}
    return layers, frame_times, brought, frame_times


def _whole(values: np.ndarray, times: np.ndarray, rate: float, method: str) -> np.ndarray:
    """A response on the common grid, from its first sample to its last."""
    grid = np.arange(np.ceil(times[0] * rate - 1e-9), np.floor(times[-1] * rate + 1e-9) + 1) / rate
    return onto_frames(values, times, grid, method)


def _together(responses: Mapping) -> np.ndarray:
    """All subjects (S, c, n)."""
    widths = {x.shape[1] for x in responses.values()}
    if len(widths) > 1:
        raise WrongUse(f"subjects must share their channels, got {sorted(widths)} of them.")
    return np.stack([*responses.values()]).swapaxes(1, 2)


def _table(length: int, n_permutations: int, scheme: str, seed: tuple) -> np.ndarray:
    stay = np.arange(length)[None]
    if not n_permutations or length < LEAST_FRAMES:
        return np.repeat(stay, n_permutations + 1, axis=0)
    return np.concatenate([stay, joint_table(length, n_permutations, scheme=scheme, seed=seed)])


def _scores(rdms, grid, brain, times, windows, method: str, table: np.ndarray) -> np.ndarray:
    """(subject, layer, window, channel, 1 + P), NaN where a window has too few frames or no variation."""
    out = np.full((len(brain), len(rdms), len(windows), brain.shape[1], len(table)), np.nan)
    for w, (start, stop) in enumerate(windows.values()):
        inside, heard = _window(grid, times, start, stop, published=method == "published")
        if len(inside) < LEAST_FRAMES or len(heard) < LEAST_FRAMES:
            continue
        x = brain[..., heard]
        if method == "published":
            x = np.moveaxis(resized(np.moveaxis(x, 2, 0), len(inside)), 0, 2)
        i, j = np.triu_indices(len(inside), 1)
        answers = _unit_ranks(np.abs(x[..., i] - x[..., j]))  # S c, m
        moved = table[:, inside]
        for layer, rdm in enumerate(rdms):
            model = _unit_ranks(rdm[moved[:, i], moved[:, j]])  # 1 + P, m
            out[:, layer, w] = (answers @ model.T).reshape(len(brain), -1, len(table))
    return out


def _elsewhere(rdms, grid, brain, long, windows, shifts: np.ndarray) -> np.ndarray:
    """The same where draws take the response `shifts` frames later, from the start again after the last whole window.

    Windows of one length share the ranks of the response at all times.
    """
    out = np.full((len(brain), len(rdms), len(windows), brain.shape[1], 1 + len(shifts)), np.nan)
    ranked = {}
    for w, (start, stop) in enumerate(windows.values()):
        inside, _ = _window(grid, grid, start, stop, published=False)
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


def _window(grid, times, start: float, stop: float, *, published: bool) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the frames and of the samples in a window."""
    if published:
        clocks = (len(grid), 1 / np.median(np.diff(grid))), (len(times), 1 / np.median(np.diff(times)))
        cuts = [(n, int(start * rate + 1e-9), int(stop * rate + 1e-9)) for n, rate in clocks]
        return tuple(np.arange(first, min(last, n)) for n, first, last in cuts)
    inside = np.flatnonzero((grid >= start - 1e-9) & (grid < stop - 1e-9))
    return inside, inside


def _unit_ranks(pairs: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, centred and of norm 1; NaN where all pairs are equal."""
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
    return ranks / np.where(size < 1e-9, np.nan, size)


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
