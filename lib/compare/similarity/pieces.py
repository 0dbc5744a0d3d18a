"""The null of re-paired pieces: what likeness is worth once every response belongs to another sentence, word or sound.

Comes in: pieces, each with the frames of a model and the responses of listeners, and how long each piece lasts. Goes
out: groups of pieces as long as each other, the similarity of every piece beside what unrelated pieces give, and the
null of the mean over pieces.

A draw gives every piece the response to another one of its group, whole and from its onset on. Nothing is rotated, so
there is no seam; slow drift stays in every draw; and a course that all pieces share is in the null as in the data.
Where responses know nothing of the frames, any pairing is as likely as the true one, and the test is exact whatever the
spectrum and however few the pieces. Draws are uniform over all pairings, the true one and pairs left in place among
them: derangements alone are no group, and too liberal where pieces are few. Where frames and responses both change
their kind in the course of a recording (another speaker, a listener who tires), only neighbours are exchangeable: give
them as groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity.measures import MEASURES, measure
from lib.compare.similarity.nulls import Null, labelled, reasons_for, record
from lib.compare.similarity.series import layer_series, once_each, response_series, same_time
from lib.ground import WrongUse

if TYPE_CHECKING:
    import xarray as xr

FEWEST = 5
"""Pieces of one length below which no null can be told: 5 have 120 pairings, 4 only 24."""
AT_ONCE = 512  # series of layers whose similarity to all responses is computed together


@dataclass(frozen=True, eq=False)
class Matched:
    """Pieces sorted into groups that share a length.

    Attributes
    ----------
    group : ndarray of int (n,)
        Group of every piece; -1 where it is left out.
    length : ndarray (n,)
        Common length of its group [s]: no piece of the group is shorter. NaN where it is left out.
    """

    group: np.ndarray
    length: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Which pieces are in a group."""
        return self.group >= 0


def matched(
    durations: Sequence[float],
    *,
    before_end: float = 0.0,
    same: float = 0.0,
    shortest: float = 0.0,
    least: int = 8,
    most: int = 200,
    loss: float = 0.15,
) -> Matched:
    """Groups of pieces of about one length, each cut to the length of its shortest.

    From the longest piece downwards, a group takes pieces until it has `least` and the next would cost the longest more
    than `loss` of its length. Of the few shortest that are left, as many join the last group as leave most seconds in
    it; where there is but one group, it may lose its own shortest for that (``FEWEST`` stay).

    Parameters
    ----------
    durations : sequence of float
        How long each piece lasts [s].
    before_end : float
        How long before the end of its shortest piece the common length of a group ends [s]. What belongs to the end
        of a piece falls elsewhere in pieces of other lengths, so that a course which all pieces share sets them apart:
        what asks for likeness to *this* piece has to stop before. Where all pieces of a group last the same, their ends
        coincide and nothing is cut.
    same : float
        Durations that differ by no more than this are the same [s]: a frame, say.
    shortest : float
        Least common length [s]; a group for which less remains is left out.
    least, most : int
        Pieces in a group. Fewer than `least` in all make one group.
    loss : float
        Share of the longest piece of a group that may be cut for having more pieces in it.

    Raises
    ------
    WrongUse
        No group of at least ``FEWEST`` pieces remains, or a duration is below 0 or NaN.
    """
    durations = np.asarray(durations, dtype=np.float64)
    if durations.ndim != 1 or not len(durations) or not (durations >= 0).all():
        raise WrongUse("every piece needs a duration of 0 s or more.")
    group, length = np.full(len(durations), -1), np.full(len(durations), np.nan)
    usable = np.flatnonzero(durations >= shortest - 1e-9)
    if usable.size and np.ptp(durations[usable]) > same + 1e-9:
        usable = usable[durations[usable] >= shortest + before_end - 1e-9]
    runs = _runs(durations[usable], least, most, loss, before_end) if usable.size else []
    for number, members in enumerate(usable[run] for run in runs):
        common = durations[members].min()
        if np.ptp(durations[members]) > same + 1e-9:
            common -= before_end
        if common > 0 and common >= shortest - 1e-9:
            group[members], length[members] = number, common
    if np.bincount(group[group >= 0], minlength=1).max() < FEWEST:
        raise WrongUse(
            f"{len(durations)} pieces of {durations.min():.2f} to {durations.max():.2f} s leave no {FEWEST} that share "
            f"{max(shortest, 0.0):.2f} s" + (f" which end {before_end:.2f} s before their ends." if before_end else ".")
        )
    return Matched(group, length)


def _runs(durations: np.ndarray, least: int, most: int, loss: float, before_end: float) -> list[np.ndarray]:
    order, runs = np.argsort(-durations, kind="stable"), []
    while len(order) >= least or not runs:
        fits = int((durations[order] >= (1 - loss) * durations[order[0]]).sum())
        size = min(max(fits, least), most)
        runs.append(order[:size])
        order = order[size:]
    joined, fewest = np.concatenate([runs[-1], order]), FEWEST if len(runs) == 1 else len(runs[-1])
    sizes = np.arange(min(fewest, len(joined)), len(joined) + 1)
    seconds = sizes * (durations[joined[sizes - 1]] - before_end)  # the shortest of a group decides for all
    runs[-1] = joined[: sizes[seconds.argmax()]]
    return runs


def pairings(groups: Sequence[int], n_permutations: int, *, seed: int | Sequence[int] = 0) -> np.ndarray:
    """Random pairings of pieces within their groups, uniform over all of them: (P, n) ints.

    In draw k, piece i gets the response to piece ``pairings[k, i]``. The true pairing may be drawn like any other.
    """
    groups, rng = np.asarray(groups), np.random.default_rng(seed)
    table = np.tile(np.arange(len(groups)), (n_permutations, 1))
    for one in np.unique(groups):
        members = np.flatnonzero(groups == one)
        table[:, members] = rng.permuted(table[:, members], axis=1)
    return table


@dataclass(frozen=True, eq=False)
class Paired:
    """Similarity of pieces beside what pieces give that have nothing to do with each other.

    Attributes
    ----------
    observed : xarray.DataArray (piece, measure, [subject], layer)
        Of every piece, to the response to it.
    expected : xarray.DataArray (piece, measure, [subject], layer)
        What an unrelated pair gives with this piece's frames, and with this piece's response: the sum of the two
        effects as estimated from all pairs of different pieces. The true pairs have no part in it, so that observed
        minus expected is on average 0 without, and 1 minus the likeness of unrelated pieces with, perfect likeness.
    null : Null
        Of the mean over pieces, scheme ``"pieces"``; its `null_mean` is the mean of `expected`, and so that of all
        pairs of different pieces.
    """

    observed: xr.DataArray
    expected: xr.DataArray
    null: Null


def pieces_null(
    items: Iterable[tuple],
    measures: Sequence[str] = tuple(MEASURES),
    *,
    groups: Sequence[int] | None = None,
    n_permutations: int = 500,
    seed: int = 0,
) -> Paired:
    """Mean similarity over pieces, beside that of re-paired pieces.

    All similarities of frames and responses within a group are computed once; a draw is then a choice of them, so that
    more draws cost next to nothing.

    Parameters
    ----------
    items : iterable of (layers, responses)
        One pair per piece, each as for ``permutation_null``: every piece has the same layers and subjects, and those
        of one group as many time points. Cut pieces to one length (``matched``) before anything is standardised or
        projected, the observed pairs too: exactness rests on every response having been treated alike.
    measures : sequence of str
        Keys of ``MEASURES`` or ``VARIANTS``.
    groups : sequence of int, optional
        Which pieces may exchange their responses. Default: those of as many time points.
    n_permutations : int
        Draws P: pairings of all pieces at once, the same for all measures, subjects and layers, and for every call with
        the same groups and seed.
    seed : int
        Of the pairings.

    Returns
    -------
    Paired

    Raises
    ------
    ValueError
        Pieces of one group of different lengths, layers or subjects; a group of fewer than 3 pieces; no group of at
        least ``FEWEST``; as ``permutation_null``.
    """
    wanted = [measure(name) for name in once_each(measures, "measures")]
    pieces, several = _checked(items, wanted)
    if groups is None:
        groups = [len(next(iter(answers.values()))) for _, answers in pieces]
    groups = np.asarray(groups)
    _check_groups(groups, pieces)
    table, (layers, answers) = pairings(groups, n_permutations, seed=seed), pieces[0]
    shape = (len(wanted), len(answers), len(layers))
    observed, expected = (np.full((len(pieces), *shape), np.nan) for _ in range(2))
    total, count = (np.zeros((1 + n_permutations, *shape)) for _ in range(2))
    for one in np.unique(groups):
        members = np.flatnonzero(groups == one)
        grid = _grid([pieces[k] for k in members], wanted)
        observed[members], expected[members] = np.einsum("ii...->i...", grid), _unrelated(grid)
        there, values = ~np.isnan(grid), np.nan_to_num(grid)
        rows, local = np.arange(len(members)), np.searchsorted(members, table[:, members])
        for draw, columns in enumerate([rows, *local]):
            total[draw] += values[rows, columns].sum(axis=0)
            count[draw] += there[rows, columns].sum(axis=0)
    notes = [
        f"item {k}: {reason}"
        for k in np.flatnonzero(np.isnan(observed).any((1, 2, 3)))
        for reason in reasons_for(observed[k], *pieces[k], wanted)
    ]
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return _told(mean, observed, expected, (wanted, answers, layers), several, tuple(notes))


def _checked(items: Iterable[tuple], wanted) -> tuple[list[tuple[dict, dict]], bool]:
    pieces, several = [], False
    for number, (states, answers) in enumerate(items):
        layers, (responses, several) = layer_series(states), response_series(answers)
        same_time(layers, responses, wanted)
        if pieces and (list(layers), list(responses)) != tuple(map(list, pieces[0])):
            raise ValueError(f"item {number} has other layers or subjects than the first one.")
        pieces.append((layers, responses))
    return pieces, several


def _check_groups(groups: np.ndarray, pieces: list) -> None:
    if groups.shape != (len(pieces),) or not len(pieces):
        raise ValueError(f"{len(pieces)} pieces need one group each, got {groups.shape}.")
    lengths = np.array([len(next(iter(answers.values()))) for _, answers in pieces])
    names, sizes = np.unique(groups, return_counts=True)
    for name in names:
        found = np.unique(lengths[groups == name])
        if len(found) > 1:
            raise ValueError(f"pieces of group {name} have {found[0]} to {found[-1]} time points: cut them to one.")
    if sizes.max() < FEWEST or sizes.min() < 3:
        raise WrongUse(
            f"groups of {', '.join(map(str, sizes))} pieces are too few to re-pair: each needs 3, and one of them at "
            f"least {FEWEST}."
        )


def _grid(pieces: list[tuple[dict, dict]], wanted) -> np.ndarray:
    """Similarity of the frames of every piece to the responses to every piece, (n, n, measure, subject, layer)."""
    import torch

    from lib.compare.similarity.reorder import reorderings

    states = [x[None] for layers, _ in pieces for x in layers.values()]
    answers = [x[None] for _, responses in pieces for x in responses.values()]
    as_they_are, n = np.arange(states[0].shape[1])[None, None], len(pieces)
    how = {"device": torch.device("cpu"), "single": False}
    parts = [
        reorderings(states[first : first + AT_ONCE], answers, wanted, as_they_are, **how)[0, ..., 0]
        for first in range(0, len(states), AT_ONCE)
    ]
    values = np.concatenate(parts, axis=2).reshape(len(wanted), n, -1, n, len(states) // n)
    return values.transpose(3, 1, 0, 2, 4)


def _unrelated(grid: np.ndarray) -> np.ndarray:
    """What the effects of row and column, fitted to all pairs of different pieces, predict on the diagonal.

    Least squares of grid[i, j] = g + r_i + c_j over i != j; their mean over the diagonal is that of all other pairs.
    """
    own = np.einsum("ii...->i...", grid)
    lacks = np.isnan(own)
    off = np.where(lacks[:, None] | lacks[None], np.nan, grid)
    off[np.arange(len(off)), np.arange(len(off))] = np.nan
    n = (~lacks).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rows, columns = np.nansum(off, axis=1) / (n - 1), np.nansum(off, axis=0) / (n - 1)
        mean = np.nansum(off, axis=(0, 1)) / (n * (n - 1))
        predicted = mean + (rows + columns - 2 * mean) * (n - 1) / (n - 2)
    return np.where(lacks | (n < 3), np.nan, predicted)


def _told(mean, observed, expected, names, several: bool, notes: tuple[str, ...]) -> Paired:
    wanted, answers, layers = names
    values = labelled(np.moveaxis(mean, 0, -1), wanted, answers, layers)
    each, unrelated = (
        labelled(np.moveaxis(x, 0, -1), wanted, answers, layers).rename(draw="piece").transpose("piece", ...)
        for x in (observed, expected)
    )
    if not several:
        values, each, unrelated = (x.isel(subject=0, drop=True) for x in (values, each, unrelated))
    null = record(values, "pieces", notes, each.notnull().sum("piece"), unrelated.mean("piece"))
    return Paired(each, unrelated, null)
