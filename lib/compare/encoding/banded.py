"""Banded ridge: sets of features predict together, each under a penalty of its own.

Comes in: bands of features (each an array, or layers to choose from) and responses to the same stimuli, and a fold for
every stimulus. Goes out: nested out-of-fold predictions, what each band contributes to them, and the layer, the weight
and the penalty chosen for every band, response and fold.

A band with the weight w counts as features that were multiplied by the square root of w: its penalty is alpha / w. The
Gram matrices of the bands are computed once; a candidate is their weighted sum, and has all that a layer of
`nested_ridge` has. One decomposition per candidate and training set thus serves all penalties and all responses, and
candidates are scored by their inner predictions pooled over folds, without forming them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from lib.compare.encoding.nested import Data, checked, fit_data
from lib.compare.encoding.ridge import eigenbasis
from lib.compare.encoding.search import NestedRidge, warn_about_edges
from lib.ground import WrongUse

LEVELS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the lighter of two bands, relative to the heavier
COARSE = (0.0, 0.01, 0.1, 1.0)  # of three bands
_MOST_ON_A_GRID = 3  # bands; more are drawn
_DRAWS = 100


@dataclass(frozen=True)
class BandedRidge:
    """What `banded_ridge` returns. Arrays (band, ...) follow `bands`, their (fold, v) follow ``fit.folds``.

    Attributes
    ----------
    fit : NestedRidge
        Predictions, r2 and choices; its layers are the candidates.
    bands : tuple of str
        Names of the bands.
    layers : array of str of shape (band, fold, v)
        The chosen layer of each band, the band's own name where it has one; "" where the band has no weight.
    weights : array of shape (band, fold, v)
        The chosen weights, which sum to 1 over bands.
    penalty : array of shape (band, fold, v)
        The ridge penalty of each band on its features as they were given; infinite where the band has no weight.
    parts : array of shape (band, n, v) or None
        What each band contributes to the predictions: they and the means of the training folds add up to them. None
        unless asked for.
    """

    fit: NestedRidge
    bands: tuple
    layers: np.ndarray
    weights: np.ndarray
    penalty: np.ndarray
    parts: np.ndarray | None


def banded_ridge(
    bands: Mapping[str, np.ndarray | Mapping[str, np.ndarray]],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] | None = None,
    *,
    weights: np.ndarray | None = None,
    units: str = "gram",
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] | None = None,
    split: bool = False,
    device: str = "auto",
    chunk: int | None = None,
    progress: bool = False,
) -> BandedRidge:
    """`nested_ridge` on several bands of features at once, their weights chosen with layer and penalty.

    For every outer fold and response, every candidate (a layer of each band, their weights, alpha) is scored by the
    r squared of its predictions pooled over inner folds; the best is refitted and predicts the outer fold.

    Parameters
    ----------
    bands : mapping of str to array of shape (n, d), or to mapping of str to such arrays
        Features of n stimuli by band, or the layers of a band, of which the best is chosen.
    responses, folds, alphas, extend_alphas, alpha_limits, device, chunk, progress
        As in `nested_ridge`. `alphas` are total penalties: that of a band is alpha over its weight.
    weights : array of shape (k, band), optional
        Weights to try, not negative; rows are scaled to the sum 1. Default: `band_weights`.
    units : {"gram", "absolute"}
        As in `nested_ridge`, of each band on its own: with "gram" a common factor in the features of one band changes
        nothing.
    split : bool
        Give `BandedRidge.parts` too.

    Returns
    -------
    BandedRidge

    Raises
    ------
    WrongUse
        As `nested_ridge`, and if weights do not fit the bands.

    Notes
    -----
    Dupré la Tour et al. (2022), NeuroImage 264: 119728; equal to himalaya's ``GroupRidgeCV`` with ``units="absolute"``
    at the same weights and penalty. The choice differs: himalaya averages scores over inner folds.
    """
    members = layers_of(bands)
    data = checked({name: x for layers in members.values() for name, x in layers.items()}, responses, folds, units)
    mixed = mixtures(data, {band: list(layers) for band, layers in members.items()}, weights)
    grid = {"alphas": alphas, "extend_alphas": extend_alphas, "alpha_limits": alpha_limits}
    fit = fit_data(mixed.data, **grid, device=device, chunk=chunk, progress=progress)
    warn_about_edges(fit.edge, fit.inner_r2, fit.layer)
    weight = np.moveaxis(mixed.weights[fit.choice], -1, 0)  # (band, fold, v)
    scale = dict(zip(data.kernels, data.scale, strict=True)) | {"": 1.0}
    units_of = np.vectorize(scale.get, otypes=[float])(mixed.layers)  # (candidate, band)
    with np.errstate(divide="ignore"):
        penalty = fit.alpha * np.moveaxis(units_of[fit.choice], -1, 0) / weight
    layers = np.moveaxis(mixed.layers[fit.choice], -1, 0)
    return BandedRidge(fit, tuple(bands), layers, weight, penalty, _parts(data, mixed, fit) if split else None)


def band_weights(n_bands: int, n_draws: int | None = None, *, seed: int = 0) -> np.ndarray:
    """Weights of bands to try, (k, band), each row with the sum 1.

    Parameters
    ----------
    n_bands : int
        At least one.
    n_draws : int, optional
        Without it, up to three bands get a grid: the heaviest band has 1, the others one of `LEVELS` (two bands: 11
        rows) or `COARSE` (three: 37), before rows are scaled. Otherwise each band alone, all alike, and so many
        draws from Dirichlet distributions of concentration .1 and 1, as in himalaya (100 for more than three bands).
    seed : int
        Of the draws.
    """
    if n_bands < 1:
        raise WrongUse(f"weights need at least one band, got {n_bands}")
    if n_draws is None and n_bands <= _MOST_ON_A_GRID:
        levels = LEVELS if n_bands < _MOST_ON_A_GRID else COARSE
        rows = np.array([row for row in product(levels, repeat=n_bands) if max(row) == 1])
        return rows / rows.sum(1, keepdims=True)
    rng, count = np.random.default_rng(seed), _DRAWS if n_draws is None else n_draws
    drawn = [rng.dirichlet(np.full(n_bands, (0.1, 1.0)[i % 2])) for i in range(count)]
    return np.array([*np.eye(n_bands), np.full(n_bands, 1 / n_bands), *drawn])


def layers_of(bands: Mapping) -> dict[str, dict[str, np.ndarray]]:
    """Features by band and layer; layers are called "band, layer", the only one of a band like the band."""
    if not isinstance(bands, Mapping) or not bands:
        raise WrongUse("bands must be {name: array of (stimuli, features), or {layer: array}}, at least one of them")
    out = {}
    for band, x in bands.items():
        if isinstance(x, Mapping) and not x:
            raise WrongUse(f"band {band!r} has no layers")
        several = isinstance(x, Mapping) and len(x) > 1
        layers = x if isinstance(x, Mapping) else {band: x}
        out[band] = {f"{band}, {layer}" if several else band: features for layer, features in layers.items()}
    return out


@dataclass(frozen=True)
class Mixtures:
    """Candidates of a banded ridge.

    Attributes
    ----------
    data : Data
        What a nested fit needs; its Gram matrices are those of the candidates.
    layers : array of str of shape (candidate, band)
        Which layer of each band is in it, "" where its weight is 0.
    weights : array of shape (candidate, band)
        With the sum 1.
    """

    data: Data
    layers: np.ndarray
    weights: np.ndarray


def mixtures(data: Data, members: Mapping[str, Sequence[str]], weights: np.ndarray | None = None) -> Mixtures:
    """Every layer of every band under every weight, as Gram matrices (n, n); bands without weight have no layer.

    Parameters
    ----------
    data : Data
        Gram matrices of all layers, in their units.
    members : mapping of str to sequence of str
        Names of the layers of each band.
    weights : array of shape (k, band), optional
        As in `banded_ridge`.
    """
    rows = _check_weights(band_weights(len(members)) if weights is None else weights, len(members))
    kernels, layers, kept = {}, [], []
    for chosen in product(*members.values()):
        for row in rows:
            used = tuple(np.where(row > 0, chosen, ""))
            parts = [(weight, layer) for weight, layer in zip(row, used, strict=True) if weight]
            name = " + ".join(f"{weight:.6g} {layer}" for weight, layer in parts) if len(parts) > 1 else parts[0][1]
            if name not in kernels:
                kernels[name] = sum(weight * data.kernels[layer] for weight, layer in parts)
                layers.append(used)
                kept.append(row)
    mixed = replace(data, kernels=kernels, scale=np.ones(len(kernels)))
    return Mixtures(mixed, np.array(layers), np.array(kept))


def _check_weights(weights: np.ndarray, n_bands: int) -> np.ndarray:
    rows = np.asarray(weights, dtype=np.float64)
    fits = rows.ndim == 2 and len(rows) and rows.shape[1] == n_bands and np.isfinite(rows).all()
    if not fits or (rows < 0).any() or not rows.any(1).all():
        raise WrongUse(f"weights must be (k, {n_bands}), one for each band, not negative, and not all 0 in any row")
    return rows / rows.sum(1, keepdims=True)


def _parts(data: Data, mixed: Mixtures, fit: NestedRidge) -> np.ndarray:
    """Contribution of each band to the predictions, (band, n, v)."""
    kernels, y = list(mixed.data.kernels.values()), data.y
    parts = np.zeros((mixed.weights.shape[1], *y.shape))
    for fold, choice, alpha in zip(fit.folds, fit.choice, fit.alpha, strict=True):
        test, train = np.flatnonzero(data.labels == fold), np.flatnonzero(data.labels != fold)
        for candidate in np.unique(choice):
            columns = np.flatnonzero(choice == candidate)
            values, basis, _ = eigenbasis(kernels[candidate], train, test)
            shrunk = basis.T @ y[np.ix_(train, columns)]
            shrunk /= values[:, None] + alpha[columns]
            duals = basis @ shrunk  # (n_train, v), with the sum 0
            for band, (layer, weight) in enumerate(zip(mixed.layers[candidate], mixed.weights[candidate], strict=True)):
                if weight:
                    own = data.kernels[layer]
                    cross = own[np.ix_(test, train)] - own[np.ix_(train, train)].mean(0)
                    parts[band][np.ix_(test, columns)] = weight * cross @ duals
    return parts
