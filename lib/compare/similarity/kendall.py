"""Kendall's tau-b between distance matrices, exact, for many re-orderings of the time points.

Comes in: stacks of distance matrices (..., T, T) and tables of re-orderings. Goes out: tau-b, equal to
``scipy.stats.kendalltau`` of the upper triangles. The pairs of one matrix are visited from the smallest distance to the
largest; a bit set with running counts says how many distances of the other matrix seen so far are smaller. Re-ordering
time points changes neither the order of the visit nor any tie count, so both are prepared once.

Imported only when Kendall is asked for, because it needs numba.
"""

from __future__ import annotations

from concurrent.futures import Executor
from itertools import product
from typing import NamedTuple

import numba
import numpy as np

from lib.compare.similarity.geometry import settle_ties

_U = np.uint64
_STEPS = (np.arange(64) > np.arange(64)[:, None]).astype(np.uint16)  # row w: add 1 to the count of every later word


class Visit(NamedTuple):
    """The pairs of one matrix from small to large."""

    first: np.ndarray  # time point i of each pair
    second: np.ndarray  # time point j
    starts: np.ndarray  # where each run of tied pairs begins, and the end of the last
    untied: int  # pairs of pairs that are not tied


class Ranks(NamedTuple):
    """The pairs of one matrix by rank."""

    ordinal: np.ndarray  # (T * T,) place of each pair, ties in any order
    below: np.ndarray  # by place: how many pairs are smaller
    up_to: np.ndarray  # by place: how many are smaller or tied
    tied: bool  # whether the two differ by more than the pair itself
    untied: int


def tau_b(matrices, others, inverse: np.ndarray, *, pool: Executor) -> np.ndarray:
    """Tau-b of every matrix of an item with every other one of it under every re-ordering.

    Parameters
    ----------
    matrices, others : torch.Tensor
        Symmetric distance matrices (N, L, T, T) and (N, S, T, T); one that is constant or holds NaN gives NaN.
    inverse : numpy.ndarray
        (N, P, T) inverses of the re-orderings of the first kind's time points.
    pool : concurrent.futures.Executor
        Threads that count side by side; the result does not depend on their number.

    Returns
    -------
    numpy.ndarray
        (N, S, L, P), in [-1, 1].
    """
    visits = [list(pool.map(lambda matrix: _visit(*_sorted_pairs(matrix)), item)) for item in matrices]
    ranks = [list(pool.map(lambda matrix: _ranks(*_sorted_pairs(matrix)), item)) for item in others]
    inverse = np.ascontiguousarray(inverse, dtype=np.uint32)
    tau = np.full((len(inverse), others.shape[1], matrices.shape[1], inverse.shape[1]), np.nan)

    def one(place: tuple[int, int, int, slice]) -> None:
        n, s, layer, rows = place
        visit, rank = visits[n][layer], ranks[n][s]
        if min(visit.untied, rank.untied) > 0:
            surplus = _surplus(*visit[:3], *rank[:4], inverse[n, rows], _STEPS)
            tau[n, s, layer, rows] = surplus / np.sqrt(visit.untied) / np.sqrt(rank.untied)

    chunks = [slice(start, start + 128) for start in range(0, inverse.shape[1], 128)]
    list(pool.map(one, product(*map(range, tau.shape[:3]), chunks)))
    return tau


def _sorted_pairs(matrix) -> tuple[int, np.ndarray, np.ndarray]:
    n = matrix.shape[-1]
    i, j = np.triu_indices(n, 1)
    pairs = settle_ties(matrix[i, j]).cpu().numpy()
    order = np.argsort(pairs, kind="stable")
    ordered = pairs[order]
    if np.isnan(ordered).any():
        return n, order, np.array([0, order.size])  # one run of ties: undefined
    return n, order, np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1], True])


def _untied(starts: np.ndarray) -> int:
    runs, pairs = np.diff(starts), int(starts[-1])
    return pairs * (pairs - 1) // 2 - int((runs * (runs - 1) // 2).sum())


def _visit(n: int, order: np.ndarray, starts: np.ndarray) -> Visit:
    i, j = np.triu_indices(n, 1)
    return Visit(i[order].astype(np.uint32), j[order].astype(np.uint32), starts.astype(np.int64), _untied(starts))


def _ranks(n: int, order: np.ndarray, starts: np.ndarray) -> Ranks:
    i, j = np.triu_indices(n, 1)
    place = np.empty(order.size, dtype=np.uint32)
    place[order] = np.arange(order.size)
    ordinal = np.zeros((n, n), dtype=np.uint32)
    ordinal[i, j] = ordinal[j, i] = place
    runs = np.diff(starts)
    below, up_to = np.repeat(starts[:-1], runs), np.repeat(starts[1:], runs)
    tied = runs.size < order.size
    return Ranks(ordinal.ravel(), below.astype(np.uint32), up_to.astype(np.uint32), tied, _untied(starts))


@numba.njit(inline="always")
def _ones(word):
    # set bits of a 64-bit word; the compiler turns this into one instruction
    word -= (word >> _U(1)) & _U(0x5555555555555555)
    word = (word & _U(0x3333333333333333)) + ((word >> _U(2)) & _U(0x3333333333333333))
    word = (word + (word >> _U(4))) & _U(0x0F0F0F0F0F0F0F0F)
    return (word * _U(0x0101010101010101)) >> _U(56)


@numba.njit(inline="always")
def _seen_below(bits, in_block, before_block, place):
    # pairs seen so far whose place is smaller: blocks before, words before in the block, bits before in the word
    word = place >> _U(6)
    rest = bits[word] & ((_U(1) << (place & _U(63))) - _U(1))
    return _U(before_block[place >> _U(12)]) + _U(in_block[word]) + _ones(rest)


@numba.njit(nogil=True, cache=True)
def _surplus(first, second, starts, ordinal, below, up_to, tied, inverse, steps):
    # concordant minus discordant pairs of pairs, per re-ordering
    n, m = _U(inverse.shape[1]), first.size
    blocks = (m >> 12) + 1
    bits, in_block = np.zeros(blocks << 6, np.uint64), np.zeros(blocks << 6, np.uint16)
    before_block, seen = np.zeros(blocks, np.uint32), np.empty(m, np.uint32)
    surplus = np.empty(inverse.shape[0], np.int64)
    for draw in range(inverse.shape[0]):
        bits[:], in_block[:], before_block[:] = 0, 0, 0
        row = inverse[draw]
        for k in range(m):
            seen[k] = ordinal[_U(row[first[k]]) * n + _U(row[second[k]])]
        total = 0
        for run in range(starts.size - 1):
            start, stop = starts[run], starts[run + 1]
            for k in range(start, stop):  # compare a run of ties with what came before it ...
                smaller = _seen_below(bits, in_block, before_block, _U(below[seen[k]]))
                not_larger = _seen_below(bits, in_block, before_block, _U(up_to[seen[k]])) if tied else smaller
                total += np.int64(smaller + not_larger) - start
            for k in range(start, stop):  # ... and only then add it
                place = _U(seen[k])
                word, block = (place >> _U(6)) & _U(63), place >> _U(12)
                bits[place >> _U(6)] |= _U(1) << (place & _U(63))
                for later in range(64):
                    in_block[(block << _U(6)) + _U(later)] += steps[word, later]
                for later in range(block + _U(1), _U(blocks)):
                    before_block[later] += np.uint32(1)
        surplus[draw] = total
    return surplus
