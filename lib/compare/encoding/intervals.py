"""Intervals of encoding scores that account for everything that was fitted and chosen.

Comes in: features of layers, responses and folds, as for `nested_ridge`. Goes out: its fit with what every stimulus
did to the scores, and from those intervals of scores and of families of differences between models.

What an interval is about: the score that the whole procedure (choose layer and penalty on inner folds, fit, predict the
outer fold, pool, correlate) reaches on average over draws of n stimuli. Stimuli are the random factor, and each plays
two parts, for it is predicted and it helps to predict others. An interval that resamples fixed predictions sees only
the first: half of the variance where signal is weak. Three terms make up the variance here:

* jackknife: every stimulus leaves training and test in turn. With V1, V2, ... the variance due to single stimuli, to
  pairs, ... it has the expectation V1 + 2 V2 + 3 V3 + ... (Efron and Stein 1981, Annals of Statistics 9: 586).
* pairs: what predicting i with j and j with i does to the score together, V2 + 3 V3 + ... A part is taken off.
* choices: stimuli of the inner folds are drawn with replacement, and layer and penalty chosen again. Half as many are
  drawn as there are, for scores of inner folds too vary about twice as much as fixed predictions show.

Nothing is refitted: ridge without stimulus j predicts i as before, minus H_ij e_j / (1 - h_jj), H the matrix that turns
training responses into predictions, e the residuals and h their leverage. Its square root takes the place of 1 - h
here: the size of j's own noise, where the full denominator blows up with predictors that nearly interpolate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.encoding.nested import ALPHAS, Data, checked, fit_data
from lib.compare.encoding.ridge import eigenbasis
from lib.compare.encoding.search import NestedRidge, warn_about_edges
from lib.compare.statistics import Estimate
from lib.ground import WrongUse

if TYPE_CHECKING:
    pass

PAIRS_OFF = 2 / 3  # share of the pairs' term that is taken off the jackknife's
_LARGEST = 2**28  # numbers that the pairs of stimuli may take (2 GB)


@dataclass(frozen=True)
class Refitted:
    """A nested fit, and how its scores move when stimuli or choices change.

    Attributes
    ----------
    fit : NestedRidge
        The fit of all stimuli.
    r : array of shape (v,)
        Correlation of the pooled predictions with the responses; NaN for constant responses.
    deleted : array of shape (n, v)
        The same without each stimulus.
    pairs : array of shape (n, n, v)
        Change of r through the prediction of the second stimulus when the first leaves the training set.
    choices : array of shape (n_draws, v)
        r with layers and penalties chosen on stimuli drawn with replacement.
    folds : array of shape (n,)
        Fold of each stimulus.
    """

    fit: NestedRidge
    r: np.ndarray
    deleted: np.ndarray
    pairs: np.ndarray
    choices: np.ndarray
    folds: np.ndarray

    @property
    def scores(self) -> Estimate:
        """r2 of every response with its 95 % interval; NaN for constant responses."""
        n = len(self.folds)
        variance = variance_of(self.deleted, self.pairs, self.choices, self.folds).diagonal()
        return squared(self.r, variance, n, np.full(len(self.r), n - 1.0))

    @property
    def mean(self) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Mean r2 over responses that vary, and how it moves: (), (n,), (n, n), (n_draws,)."""
        kept = np.isfinite(self.r)
        slope = 2 * self.r[kept].clip(0) / kept.sum()
        deleted, choices = ((x[:, kept].clip(0) ** 2).mean(1) for x in (self.deleted, self.choices))
        return float((self.r[kept].clip(0) ** 2).mean()), deleted, self.pairs[:, :, kept] @ slope, choices

    def of(self, response: int) -> Refitted:
        """The same with one response alone: `scores` of the others are NaN, and `mean` is that of this one."""
        return replace(self, r=np.where(np.arange(len(self.r)) == response, self.r, np.nan))


def refitted(
    layers: Mapping[str, np.ndarray],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] | None = None,
    *,
    units: str = "gram",
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] | None = None,
    n_draws: int = 200,
    seed: int = 0,
    device: str = "auto",
) -> Refitted:
    """`nested_ridge`, with what intervals of its scores need.

    Parameters
    ----------
    layers, responses, folds, alphas, units, extend_alphas, alpha_limits, device
        As in `nested_ridge`. Made for tens of responses: n x n numbers are kept for each.
    n_draws : int
        Draws of stimuli for the choice of layer and penalty. Candidates are `alphas` and what was chosen beyond them.
    seed : int
        Of the draws; models to be compared need the same one.

    Returns
    -------
    Refitted
    """
    how = {"alphas": alphas, "extend_alphas": extend_alphas, "alpha_limits": alpha_limits, "device": device}
    found = refitted_data(checked(layers, responses, folds, units), **how, n_draws=n_draws, seed=seed)
    warn_about_edges(found.fit.edge, found.fit.inner_r2, found.fit.layer)
    return found


def refitted_data(
    data: Data, *, alphas, extend_alphas: bool, alpha_limits, n_draws: int, seed: int, device: str
) -> Refitted:
    """`refitted` of checked data, whose Gram matrices may be those of any candidates, without a word about edges."""
    kernels, y, labels = list(data.kernels.values()), data.y, data.labels
    n, v = y.shape
    if n * n * v > _LARGEST:
        raise WrongUse(f"intervals keep {n} x {n} numbers for each of {v} responses: give at most {_LARGEST // n**2}")
    if n_draws < 2:
        raise WrongUse(f"n_draws must be at least 2, got {n_draws}")
    fit = fit_data(data, alphas=alphas, extend_alphas=extend_alphas, alpha_limits=alpha_limits, device=device)
    constant = np.ptp(y, axis=0) == 0
    y = y - y.mean(0)
    y = y / np.where(constant, 1.0, np.linalg.norm(y, axis=0))
    predictions, change = _deletions(kernels, y, labels, fit)
    r, deleted, pairs = _moved(predictions, change, y)
    drawn = np.random.default_rng(seed).multinomial(n // 2, np.full(n, 1 / n), n_draws).astype(np.float64)
    grid = np.asarray(ALPHAS[data.units] if alphas is None else alphas, dtype=np.float64)
    candidates = np.unique(np.r_[grid, fit.alpha.ravel()])
    choices = _rechosen(kernels, y, labels, candidates, drawn)
    return Refitted(fit, np.where(constant, np.nan, r), deleted, pairs, choices, labels)


def _deletions(kernels: list, y: np.ndarray, labels: np.ndarray, fit: NestedRidge) -> tuple[np.ndarray, np.ndarray]:
    """Predictions (n, v), and their change when each stimulus leaves the training set, (left out, predicted, v)."""
    n, v = y.shape
    predictions, change = np.zeros((n, v)), np.zeros((n, n, v))
    for fold, choice, alpha in zip(fit.folds, fit.choice, fit.alpha, strict=True):
        test, train = np.flatnonzero(labels == fold), np.flatnonzero(labels != fold)
        for layer in np.unique(choice):
            values, basis, cross = eigenbasis(kernels[layer], train, test)
            for penalty in np.unique(alpha[choice == layer]):
                columns = np.flatnonzero((choice == layer) & (alpha == penalty))
                hat = (cross / (values + penalty)) @ basis.T + 1 / len(train)  # (n_test, n_train)
                shrunk = basis * (penalty / (values + penalty))
                residual = shrunk @ (basis.T @ y[np.ix_(train, columns)])
                spare = np.einsum("nk,nk->n", shrunk, basis).clip(1e-12)  # 1 - leverage
                predictions[np.ix_(test, columns)] = hat @ y[np.ix_(train, columns)]
                left = residual / np.sqrt(spare)[:, None]
                change[np.ix_(train, test, columns)] = -hat.T[:, :, None] * left[:, None]
    return predictions, change


def _moved(p: np.ndarray, change: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correlation r of all stimuli (v,), without each (n, v), and its change through each prediction (n, n, v)."""
    first = p.sum(0) - p + change.sum(1)
    square = (p * p).sum(0) - p * p + np.einsum("ijv,ijv->iv", change, change + 2 * p)
    product = (p * y).sum(0) - p * y + np.einsum("ijv,jv->iv", change, y)
    deleted = _r_of_moments(len(y) - 1, first, square, product, y.sum(0) - y, (y * y).sum(0) - y * y)
    centred = p - p.mean(0)
    norm = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(norm > 0, norm, 1.0)
    r = (unit * y).sum(0)
    return r, deleted, change * ((y - r * unit) / np.where(norm > 0, norm, np.inf))


def _rechosen(kernels: list, y: np.ndarray, labels: np.ndarray, alphas: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Correlations (draw, v) of the predictions when inner stimuli count as often as they were drawn."""
    folds = [np.flatnonzero(labels == fold) for fold in np.unique(labels)]
    inner, outer = _every_prediction(kernels, y, folds, alphas)
    total = 0.0
    for fold, test in enumerate(folds):
        rest = np.setdiff1d(np.arange(len(y)), test)
        p, weights = inner[fold, rest], drawn[:, rest]
        moments = (weights @ x.reshape(len(rest), -1) for x in (p, p * p, p * y[rest][:, None]))
        moments = (x.reshape(len(drawn), *p.shape[1:]) for x in moments)
        known = ((weights @ x)[:, None] for x in (y[rest], y[rest] ** 2))
        best = _r_of_moments(weights.sum(1)[:, None, None], *moments, *known).clip(0).argmax(1)  # (draw, v)
        p = outer[test]
        own = np.stack([p.sum(0), (p * p).sum(0), (p * y[test][:, None]).sum(0)])  # (3, candidate, v)
        total = total + np.take_along_axis(own, best[None], axis=1)
    return _r_of_moments(len(y), *total, y.sum(0), (y * y).sum(0))


def _every_prediction(kernels: list, y: np.ndarray, folds: list, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions under every candidate, from the inner folds (outer fold, n, candidate, v) and the outer (n, ...).

    Candidates go by penalty, then by layer, so that the first of equal ones is the one `nested_ridge` takes.
    """
    n, v = y.shape
    inner = np.zeros((len(folds), n, len(alphas), len(kernels), v))
    outer = np.zeros(inner.shape[1:])
    for layer, kernel in enumerate(kernels):
        for a, test in enumerate(folds):
            train = np.setdiff1d(np.arange(n), test)
            outer[test, :, layer] = _predict(eigenbasis(kernel, train, test), y[train], alphas)
            for b in range(a):  # without folds a and b: serves both
                values, basis, *crosses = eigenbasis(kernel, np.setdiff1d(train, folds[b]), folds[a], folds[b])
                for fold, other, cross in ((b, a, crosses[0]), (a, b, crosses[1])):
                    known = y[np.setdiff1d(train, folds[b])]
                    inner[fold, folds[other], :, layer] = _predict((values, basis, cross), known, alphas)
    return inner.reshape(len(folds), n, -1, v), outer.reshape(n, -1, v)


def _predict(parts: tuple, known: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Predictions of test stimuli under every penalty, (n_test, penalty, v)."""
    values, basis, cross = parts
    scaled = (basis.T @ known)[:, None] / (values[:, None] + alphas)[:, :, None]  # (k, penalty, v)
    return known.mean(0) + (cross @ scaled.reshape(len(values), -1)).reshape(len(cross), len(alphas), -1)


def _r_of_moments(n, first, square, product, total, total_square) -> np.ndarray:
    """Correlation of predictions and responses from their sums; 0 where predictions do not vary."""
    variance = square - first**2 / n
    spread = total_square - total**2 / n
    there = (variance > 1e-12 * square) & (spread > 0)
    scale = np.sqrt(np.where(there, variance * spread, 1.0))
    return np.where(there, (product - first * total / n) / scale, 0.0).clip(-1, 1)


def squared(r: np.ndarray, variance: np.ndarray, n: int, df: np.ndarray, n_averaged: int = 1) -> Estimate:
    """Interval of r squared through Fisher's z; 0 where r is negative. `variance` is that of r.

    None is narrower than that of `n_averaged` normal variables and fixed predictions.
    """
    from scipy import stats

    variance = np.maximum(variance, (1 - r**2) ** 2 / (n - 1) / n_averaged)
    half = stats.t.ppf(0.975, df) * np.sqrt(variance)
    z, half = np.arctanh(r.clip(-1 + 1e-9, 1 - 1e-9)), half / (1 - r**2).clip(1e-9)
    low, high = (np.tanh(end).clip(0) ** 2 for end in (z - half, z + half))
    return Estimate(r.clip(0) ** 2, low, high, n, 0.95, "jackknife with refits and choices, Fisher's z")


def variance_of(deleted: np.ndarray, pairs: np.ndarray, choices: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Covariance matrix of k scores due to stimuli, (k, k): the three terms of the module's page.

    Parameters
    ----------
    deleted, pairs, choices : array of shape (n, k), (n, n, k), (n_draws, k)
        As in `Refitted`, of scores or of sums and differences of scores.
    folds : array of shape (n,)
        Fold of each stimulus: those of one fold don't predict each other.
    """
    jackknife, together, choice = variance_terms(deleted, pairs, choices, folds)
    whole = jackknife - PAIRS_OFF * together
    # No mixture of single stimuli and pairs brings less than half of the jackknife's variance; noise in it may.
    lift = np.maximum(jackknife.diagonal() / 2 - whole.diagonal(), 0)
    return whole + np.diag(lift) + choice


def variance_terms(deleted, pairs, choices, folds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three terms on their own, (k, k) each."""
    n = len(deleted)
    moved = deleted - deleted.mean(0)
    apart = (folds[:, None] != folds)[:, :, None]
    both = pairs + pairs.transpose(1, 0, 2)
    own = both.sum(1) / apart.sum(1)
    both = np.where(apart, both - own - own[:, None] + both.sum((0, 1)) / apart.sum(), 0.0).reshape(n * n, -1)
    centred = choices - choices.mean(0)
    return moved.T @ moved * (n - 1) / n, both.T @ both / 2, centred.T @ centred / (len(choices) - 1)
