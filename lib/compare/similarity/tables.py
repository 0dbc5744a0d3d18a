"""Tables of re-orderings of time points: row k says which time point comes to stand at each place in draw k.

Comes in: a number of time points, a scheme and a seed. Goes out: an array (P, T) of ints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.ground import unknown

SCHEMES = ("shuffle", "shift")


def reordering_table(
    n_times: int, n_permutations: int = 500, *, scheme: str = "shuffle", seed: int | Sequence[int] = 0
) -> np.ndarray:
    """Re-orderings of the time points of one series.

    ``shuffle`` draws permutations independently of each other. ``shift`` takes distinct rotations, none of them by 0:
    all T - 1 in ascending order where that many or more are asked for, so that p is exact and has steps of 1 / T;
    otherwise a random choice without repetition. Rotating a series that ends elsewhere than it began makes a seam, so
    series should be long beside their correlation time; ``calibration.null_p_values`` shows how long.

    Parameters
    ----------
    n_times, n_permutations : int
        T, at least 3, and P, at least 1.
    scheme : {"shuffle", "shift"}
        Free exchange or rotation.
    seed : int or sequence of int
        Seed of numpy's default generator.

    Returns
    -------
    numpy.ndarray
        (P, T) int64; under ``shift`` P is at most T - 1.
    """
    rng = _generator(n_times, n_permutations, scheme, seed)
    if scheme == "shuffle":
        return rng.permuted(np.tile(np.arange(n_times), (n_permutations, 1)), axis=1)
    shifts = np.arange(1, n_times)
    if n_permutations < len(shifts):
        shifts = rng.choice(shifts, n_permutations, replace=False)
    return _rotations(n_times, shifts)


def joint_table(n_times: int, n_permutations: int, *, scheme: str, seed: int | Sequence[int]) -> np.ndarray:
    """Re-orderings of one of several series that are re-ordered together: always P, drawn with repetition.

    Rotations include the one by 0. With several series it is the combination that has to be drawn uniformly from all
    combinations, the one that leaves everything in place among them.
    """
    if scheme == "shuffle":
        return reordering_table(n_times, n_permutations, scheme=scheme, seed=seed)
    rng = _generator(n_times, n_permutations, scheme, seed)
    return _rotations(n_times, rng.integers(n_times, size=n_permutations))


def checked_table(table, n_times: int) -> np.ndarray:
    """A caller's table as int64, or an error that names the first row that is no permutation."""
    table = np.asarray(table)
    if table.dtype.kind not in "iu" or table.ndim != 2 or table.shape[1] != n_times or not len(table):
        raise ValueError(f"table must be ints (draw, {n_times}), got {table.dtype} of shape {table.shape}.")
    wrong = np.flatnonzero((np.sort(table, axis=1) != np.arange(n_times)).any(axis=1))
    if wrong.size:
        raise ValueError(f"table row {wrong[0]} is no permutation of 0..{n_times - 1} ({wrong.size} such rows).")
    return table.astype(np.int64)


def _generator(n_times: int, n_permutations: int, scheme: str, seed) -> np.random.Generator:
    if scheme not in SCHEMES:
        raise unknown("scheme", scheme, SCHEMES)
    if n_permutations < 1 or n_times < 3:
        raise ValueError(f"need at least 1 permutation of 3 time points, got {n_permutations} of {n_times}.")
    return np.random.default_rng(seed)


def _rotations(n_times: int, shifts: np.ndarray) -> np.ndarray:
    return (np.arange(n_times) + shifts[:, None]) % n_times
