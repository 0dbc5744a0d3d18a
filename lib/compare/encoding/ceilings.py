"""How well any model could do, and scores corrected for the noise in the responses.

Comes in: responses of voxels to the same stimuli in several scans, and features of one layer. Goes out: reliabilities
over scans, and the noise-corrected R squared of Tuckute et al. (2023, PLoS Biology 21(12): e3002366).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.encoding.ridge import UNITS, column_r, eigenbasis, gram, in_units, pick_device, tensor
from lib.ground import WrongUse, unknown

if TYPE_CHECKING:
    import torch

STABLE_ALPHAS = tuple(10.0**x for x in range(5, -6, -1))
PUBLISHED_ALPHAS = tuple(10.0**x for x in range(49, -51, -1))
FLOORS = (0.182, 0.183)  # of the reliability of responses and of predictions


def spearman_brown(reliability: np.ndarray | float, factor: float) -> np.ndarray:
    """Reliability of a mean of `factor` scans from the reliability r of one: factor r / (1 + (factor - 1) r).

    Parameters
    ----------
    reliability : array or float
        Correlation between single scans.
    factor : float
        How many times longer the measurement gets.

    Returns
    -------
    array
        NaN where r <= -1 / (factor - 1): the formula has its pole there and is positive and large beyond.
    """
    r = np.asarray(reliability, dtype=np.float64)
    base = 1 + (factor - 1) * r
    return np.divide(factor * r, base, out=np.full_like(r, np.nan), where=base > 0)


@dataclass(frozen=True)
class Reliability:
    """Agreement of voxels with themselves; arrays are (v,).

    Attributes
    ----------
    scan : array
        Median correlation over pairs of scans.
    mean : array
        Reliability of the mean over scans (Spearman-Brown): the largest r squared a perfect model would get.
    n_scans, n_stimuli : int
        How many there were.
    """

    scan: np.ndarray
    mean: np.ndarray
    n_scans: int
    n_stimuli: int

    @property
    def ceiling(self) -> np.ndarray:
        """Square root of `mean`: the largest correlation a perfect model would get; 0 where `mean` is not positive."""
        return np.sqrt(np.fmax(self.mean, 0))


def split_reliability(scans: np.ndarray) -> Reliability:
    """Reliability of each voxel over repeated scans of the same stimuli.

    Parameters
    ----------
    scans : array of shape (n, v, n_scans)
        Responses, at least two scans. A constant scan counts as correlation 0.
    """
    scans = _check_scans(scans)
    scan = _median_r(scans)
    return Reliability(scan, spearman_brown(scan, scans.shape[2]), scans.shape[2], len(scans))


@dataclass(frozen=True)
class NoiseCorrected:
    """What `noise_corrected_r2` returns; arrays are (split, v).

    Attributes
    ----------
    corrected : array
        r2 / (response_reliability * prediction_reliability). Not clipped: it may exceed 1.
    r2 : array
        Squared correlation with the mean over scans on test stimuli, 0 where the correlation is negative.
    response_reliability : array
        Of the mean over scans, on train stimuli, floored.
    prediction_reliability : array
        Of predictions fitted to single scans, on test stimuli, Spearman-Brown, floored.
    alpha : array
        Penalty chosen for the mean over scans, in the units asked for.
    n_train, n_test : int
        Stimuli in each part of a split.
    """

    corrected: np.ndarray
    r2: np.ndarray
    response_reliability: np.ndarray
    prediction_reliability: np.ndarray
    alpha: np.ndarray
    n_train: int
    n_test: int

    @property
    def value(self) -> np.ndarray:
        """Median over splits, (v,)."""
        return np.median(self.corrected, axis=0)


def noise_corrected_r2(
    features: np.ndarray,
    scans: np.ndarray,
    *,
    splits: int | Sequence[tuple[np.ndarray, np.ndarray]] = 10,
    alphas: Sequence[float] = STABLE_ALPHAS,
    units: str = "gram",
    floors: tuple[float, float] = FLOORS,
    seed: int = 0,
    device: str = "auto",
    chunk: int = 2048,
    progress: bool = False,
) -> NoiseCorrected:
    """Ridge with leave-one-out penalty per voxel, scored on held-out stimuli and corrected for noise.

    The penalty has the smallest leave-one-out squared error on train stimuli (the largest one of equal ones). The same
    is done for each single scan, to see how reliable the predictions are.

    Parameters
    ----------
    features : array of shape (n, d)
        One layer's features of n stimuli.
    scans : array of shape (n, v, n_scans)
        Responses in at least two scans, without NaN.
    splits : int or sequence of (train, test)
        Number of random halves (83 train and 82 test of 165), or the index arrays themselves.
    alphas : sequence of float
        Ridge penalties. On `PUBLISHED_ALPHAS` (10^49 to 10^-50) a scan without signal picks a penalty so large that
        the published code loses its predictions in rounding; here they keep their digits, so such voxels differ.
    units : {"gram", "absolute"}
        What the penalties are multiples of, as in `nested_ridge`; "absolute" as published.
    floors : tuple of float
        Smallest reliability of responses and of predictions to divide by.
    seed : int
        Of the random splits.
    device, chunk, progress
        As in `nested_ridge`.

    Returns
    -------
    NoiseCorrected

    Notes
    -----
    One departure from the published code: where single scans correlate below -1 / (n_scans - 1), Spearman-Brown turns
    positive and large; here such a reliability takes the floor.
    """
    from tqdm import tqdm

    scans = _check_scans(scans)
    n, v, _ = scans.shape
    if units not in UNITS:
        raise unknown("unit of penalties", units, UNITS)
    kernel = in_units({"": _check_features(features, n)}, units)[0][""]
    pairs = _random_halves(n, splits, seed) if isinstance(splits, int) else _check_splits(splits, n)
    grid = np.unique(np.asarray(alphas, dtype=np.float64))[::-1]
    if not len(grid) or not grid[-1] > 0:
        raise WrongUse(f"alphas must be positive numbers, got {list(alphas)}")
    scores = np.empty((5, len(pairs), v))
    device = pick_device(device)
    for row, (train, test) in enumerate(tqdm(pairs, desc="splits", disable=not progress)):
        half = _Half(*(tensor(a, device) for a in eigenbasis(kernel, train, test)))
        for start in range(0, v, chunk):
            part = scans[:, start : start + chunk]
            scores[:, row, start : start + chunk] = _score_half(half, part[train], part[test], grid, floors)
    _warn_about_ends(scores[4], grid)
    return NoiseCorrected(*scores, n_train=len(pairs[0][0]), n_test=len(pairs[0][1]))


def _warn_about_ends(alpha: np.ndarray, grid: np.ndarray) -> None:
    """Say how many of the chosen penalties (split, v) are the largest or smallest of the grid, and what it means."""
    means = "no less than that much shrinking pays: those voxels have no signal that the features know"
    for end, meaning in ((grid[0], means), (grid[-1], "give alphas that reach smaller ones")):
        count = int((alpha == end).sum())
        if count and len(grid) > 1:
            which = "largest" if end == grid[0] else "smallest"
            warnings.warn(
                f"{count} of {alpha.size} penalties are the {which} of alphas, {end:g}: {meaning}", stacklevel=3
            )


@dataclass(frozen=True)
class _Half:
    """A training half, decomposed."""

    eigenvalues: torch.Tensor  # (k,)
    basis: torch.Tensor  # (n_train, k)
    cross: torch.Tensor  # (n_test, k)


def _score_half(half: _Half, train: np.ndarray, test: np.ndarray, grid: np.ndarray, floors: tuple) -> tuple:
    """Rows of `NoiseCorrected` for one split; train and test are (stimuli, v, n_scans)."""
    n_scans = train.shape[2]
    y = tensor((train - train.mean(0)).reshape(len(train), -1), half.basis.device)
    b = (half.basis.T @ y).reshape(-1, *train.shape[1:])  # (k, v, n_scans)
    alpha, alpha_scans = _leave_one_out(half, b, grid)
    predictions = _predict(half, b, alpha_scans)  # (n_test, v, n_scans)
    r2 = np.clip(column_r(_predict(half, b.mean(2), alpha), test.mean(2)), 0, None) ** 2
    response = np.fmax(spearman_brown(_median_r(train), n_scans), floors[0])
    prediction = np.fmax(spearman_brown(_median_r(predictions), n_scans), floors[1])
    return r2 / (response * prediction), r2, response, prediction, alpha.cpu().numpy()


def _leave_one_out(half: _Half, b: torch.Tensor, grid: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Best penalty for the mean over scans (v,) and for each scan (v, n_scans), largest penalties first.

    The error at a left-out stimulus is its residual over one minus its leverage. Both are written with the shrinkage
    alpha / (w + alpha), so that nothing cancels when the penalty is tiny or huge.
    """
    least = [b.new_full(shape, np.inf) for shape in (b.shape[1:2], b.shape[1:])]
    best = [b.new_full(shape, np.nan) for shape in (b.shape[1:2], b.shape[1:])]
    for alpha in grid:
        shrink = alpha / (half.eigenvalues + alpha)  # (k,)
        spare = half.basis**2 @ shrink  # (n_train,): 1 - leverage
        operator = half.basis * shrink / spare.clamp(min=1e-300)[:, None]
        errors = (operator @ b.flatten(1)).reshape(-1, *b.shape[1:])  # (n_train, v, n_scans)
        for i, e in enumerate((errors.mean(2), errors)):
            loss = (e * e).mean(0)
            best[i] = best[i].where(loss >= least[i], loss.new_tensor(alpha))
            least[i] = least[i].minimum(loss)
    return best[0], best[1]


def _predict(half: _Half, b: torch.Tensor, alpha: torch.Tensor) -> np.ndarray:
    """Predictions without intercept, (n_test, ...) for b (k, ...) and alpha (...).

    Directions whose eigenvalue is lost in rounding carry nothing but noise, which tiny penalties would blow up.
    """
    real = half.eigenvalues > 0
    w = half.eigenvalues[real].reshape(-1, *[1] * alpha.ndim)
    return (half.cross[:, real] @ (b[real] / (w + alpha)).flatten(1)).reshape(-1, *alpha.shape).cpu().numpy()


def _median_r(scans: np.ndarray) -> np.ndarray:
    """Median over pairs of scans of their correlation over stimuli, (v,) from (n, v, n_scans)."""
    pairs = combinations(range(scans.shape[2]), 2)
    return np.median([column_r(scans[:, :, a], scans[:, :, b]) for a, b in pairs], axis=0)


def _random_halves(n: int, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    orders = (rng.permutation(n) for _ in range(count))
    return [(np.sort(order[: (n + 1) // 2]), np.sort(order[(n + 1) // 2 :])) for order in orders]


def _check_scans(scans: np.ndarray) -> np.ndarray:
    scans = np.asarray(scans, dtype=np.float64)
    if scans.ndim != 3 or scans.shape[2] < 2:
        raise WrongUse(f"scans must be (stimuli, voxels, at least 2 scans), got shape {scans.shape}")
    bad = np.flatnonzero(~np.isfinite(scans).all((0, 2)))
    if len(bad):
        raise WrongUse(f"scans of {len(bad)} voxels are not finite (first: voxel {bad[0]}); leave those voxels out")
    return scans


def _check_features(features: np.ndarray, n: int) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != n or not np.isfinite(features).all():
        raise WrongUse(f"features must be ({n}, d) like the scans and finite, got shape {features.shape}")
    return gram(features)


def _check_splits(splits: Sequence, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = [(np.asarray(train), np.asarray(test)) for train, test in splits]
    for i, (train, test) in enumerate(pairs):
        if len(train) < 3 or len(test) < 3 or np.intersect1d(train, test).size or max(*train, *test) >= n:
            raise WrongUse(f"split {i} needs at least 3 train and 3 test stimuli out of {n}, none of them in both")
    if not pairs:
        raise WrongUse("splits is empty")
    return pairs
