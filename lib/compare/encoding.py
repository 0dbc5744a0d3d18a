"""Encoding models: how well a layer of a model predicts the responses of voxels, components or electrodes.

Comes in: features of each layer and responses to the same stimuli, and a fold for every stimulus. Goes out: out-of-fold
predictions, their squared correlation with the responses, and the layer and penalty chosen for every voxel and fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lib.compare.ridge import gram, pick_device, pooled_r2, unit_columns
from lib.compare.search import Search, extend, refit, search_grid, spread, standardised
from lib.ground import WrongUse

ALPHAS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0)  # arXiv 2511.16849
ALPHA_LIMITS = (1e-6, 1e12)


@dataclass(frozen=True)
class NestedRidge:
    """What `nested_ridge` returns. Rows of (fold, v) arrays follow `folds`.

    Attributes
    ----------
    predictions : array of shape (n, v)
        Out-of-fold predictions, in the order of the stimuli given.
    r2 : array of shape (v,)
        Squared correlation of the pooled predictions with the responses, 0 where the correlation is negative.
    layers : tuple
        Names of the layers, in the order given.
    choice : array of int of shape (fold, v)
        Which entry of `layers` was chosen.
    alpha : array of shape (fold, v)
        The chosen ridge penalty.
    inner_r2 : array of shape (fold, v)
        Inner score of that choice: optimistic, for it is the maximum of many.
    edge : array of int of shape (fold, v)
        -1 (or 1) where the search ended at the smallest (largest) penalty allowed, so alpha says little; else 0.
    folds : array of shape (fold,)
        The fold labels.
    """

    predictions: np.ndarray
    r2: np.ndarray
    layers: tuple
    choice: np.ndarray
    alpha: np.ndarray
    inner_r2: np.ndarray
    edge: np.ndarray
    folds: np.ndarray

    @property
    def layer(self) -> np.ndarray:
        """Name of the chosen layer, (fold, v)."""
        return np.array(self.layers)[self.choice]


def nested_ridge(
    layers: Mapping[str, np.ndarray],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] = ALPHAS,
    *,
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] = ALPHA_LIMITS,
    device: str = "auto",
    chunk: int | None = None,
    progress: bool = False,
) -> NestedRidge:
    """Cross-validated ridge regression with layer and penalty chosen together, per voxel, on inner folds.

    For every outer fold, every (penalty, layer) is scored by the r squared of its predictions pooled over inner folds
    (each of the remaining folds left out in turn). The best is refitted on all remaining folds and predicts the outer
    fold. Ties go to the smallest penalty, then to the first layer. Where the best penalty is the smallest or largest
    of the grid, the grid is extended for that layer by halving or doubling while the score improves.

    Parameters
    ----------
    layers : mapping of str to array of shape (n, d)
        Features of n stimuli; d may differ between layers.
    responses : array of shape (n, v)
        Responses of v voxels to the same stimuli, without NaN.
    folds : array of shape (n,)
        Fold label of each stimulus; at least three different ones.
    alphas : sequence of float
        Ridge penalties, positive.
    extend_alphas : bool
        Extend the grid beyond its edges as published.
    alpha_limits : tuple of float
        The extension stops here; see `NestedRidge.edge`.
    device : str
        "auto", "cpu", "cuda" or "cuda:1". Decompositions always run on the CPU.
    chunk : int, optional
        Voxels handled at once, which bounds the memory. Default 2,048 on a CPU, 16,384 on a GPU.
    progress : bool
        Show a bar over layers.

    Returns
    -------
    NestedRidge

    Raises
    ------
    WrongUse
        If arrays do not fit together, hold NaN, or the folds are fewer than three.

    Notes
    -----
    Protocol of Pepino et al. (arXiv 2511.16849), equal to scikit-learn's ``Ridge(alpha)`` in an explicit loop. Made
    for up to a few thousand stimuli: n x n Gram matrices take the place of the features.
    """
    kernels, y, labels = _check(layers, responses, folds)
    grid = _check_alphas(alphas)
    order = np.argsort(labels, kind="stable")
    names, counts = np.unique(labels, return_counts=True)
    ends = np.cumsum(counts)
    device = pick_device(device)
    search = Search(
        kernels={name: kernel[np.ix_(order, order)] for name, kernel in kernels.items()},
        y=standardised(y[order], device),
        blocks=tuple(slice(end - count, end) for end, count in zip(ends, counts, strict=True)),
        chunk=chunk or (2048 if device == "cpu" else 16384),
        device=device,
    )
    found = search_grid(search, grid, progress)
    if extend_alphas:
        extend(search, found, grid, alpha_limits)
    else:
        found.edge[:] = (found.alpha == grid[-1]).astype(np.int8) - (found.alpha == grid[0])
    predictions = np.empty_like(y)
    predictions[order] = refit(search, found)
    predictions = predictions * spread(y) + y.mean(0)
    return NestedRidge(
        predictions,
        pooled_r2(predictions, y),
        tuple(kernels),
        found.choice,
        found.alpha,
        found.score,
        found.edge,
        names,
    )


def _check(layers: Mapping, responses: np.ndarray, folds: np.ndarray) -> tuple[dict, np.ndarray, np.ndarray]:
    y, labels = np.asarray(responses, dtype=np.float64), np.asarray(folds)
    if y.ndim != 2:
        raise WrongUse(f"responses must be (stimuli, voxels), got shape {y.shape}")
    if labels.shape != y.shape[:1]:
        raise WrongUse(f"folds must name one fold for each of the {len(y)} stimuli, got shape {labels.shape}")
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 3:
        raise WrongUse(f"nested folds need at least 3 of them, got {names.tolist()}")
    if np.sort(counts)[:-2].sum() < 2:
        raise WrongUse(f"folds of {counts.tolist()} stimuli leave fewer than 2 to train on when two are held out")
    bad = np.flatnonzero(~np.isfinite(y).all(0))
    if len(bad):
        raise WrongUse(f"responses of {len(bad)} voxels are not finite (first: voxel {bad[0]}); leave those voxels out")
    if not layers:
        raise WrongUse("layers is empty: give at least one {name: array of (stimuli, features)}")
    return {name: _check_layer(name, x, len(y)) for name, x in layers.items()}, y, labels


def _check_layer(name: str, features: np.ndarray, n: int) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != n:
        raise WrongUse(f"layer {name!r} must be ({n}, features) like the responses, got shape {features.shape}")
    if not np.isfinite(features).all():
        stimulus = int(np.flatnonzero(~np.isfinite(features).all(1))[0])
        raise WrongUse(f"layer {name!r} is not finite (first at stimulus {stimulus})")
    return gram(features)


def _check_alphas(alphas: Sequence[float]) -> np.ndarray:
    grid = np.unique(np.asarray(alphas, dtype=np.float64))
    if not len(grid) or not (np.isfinite(grid).all() and grid[0] > 0):
        raise WrongUse(f"alphas must be positive numbers, got {list(alphas)}")
    return grid


def stratified_folds(categories: Sequence, n_folds: int = 5, seed: int = 0) -> np.ndarray:
    """Folds with every category spread evenly over them.

    Parameters
    ----------
    categories : sequence of length n
        Category of each stimulus.
    n_folds : int
        Number of folds, 2 to n.
    seed : int
        Seed of the random order within categories.

    Returns
    -------
    array of int of shape (n,)
        Fold of each stimulus, 0 to n_folds - 1. Fold sizes differ by at most one, and so do the counts of every
        category.
    """
    categories = np.asarray(categories)
    if categories.ndim != 1 or not 2 <= n_folds <= len(categories):
        raise WrongUse(f"cannot make {n_folds} folds of categories with shape {categories.shape}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(categories))
    order = order[np.argsort(categories[order], kind="stable")]  # shuffled within each category
    dealt = (np.arange(len(order)) + rng.integers(n_folds)) % n_folds
    folds = np.empty(len(order), dtype=int)
    # Dealing on from one category to the next keeps the sizes equal; renaming folds changes nothing.
    folds[order] = rng.permutation(n_folds)[dealt]
    return folds


@dataclass(frozen=True)
class EncodingNull:
    """What `encoding_null` returns; arrays are (v,).

    Attributes
    ----------
    r2 : array
        Observed squared correlation of pooled predictions and responses, 0 where the correlation is negative.
    null_mean, null_sd : array
        Of r2 over permutations.
    p : array
        (b + 1) / (P + 1), b the permutations whose r2 reaches the observed one.
    p_max : array
        The same against the largest r2 of all voxels in each permutation: corrected for the number of voxels.
    n : int
        Number of stimuli.
    n_permutations : int
        P.
    """

    r2: np.ndarray
    null_mean: np.ndarray
    null_sd: np.ndarray
    p: np.ndarray
    p_max: np.ndarray
    n: int
    n_permutations: int


def encoding_null(
    predictions: np.ndarray, responses: np.ndarray, folds: np.ndarray, *, n_permutations: int = 1000, seed: int = 0
) -> EncodingNull:
    """Permutation test of the r squared of pooled out-of-fold predictions.

    What is permuted: which measured response belongs to which prediction, among the stimuli of one fold; one
    permutation serves all voxels, so their dependence is kept. Models are not refitted. What it tests: given the fitted
    models, predictions say nothing about which stimulus of a fold evoked which response. Differences between the means
    of folds stay in the null, so they cannot make a score significant. Choices made on the data that are scored
    (say, the best of many models) are not covered.

    Parameters
    ----------
    predictions, responses : array of shape (n, v)
        Out-of-fold predictions and what was measured.
    folds : array of shape (n,)
        Outer fold of each stimulus.
    n_permutations : int
        Number of permutations P; the smallest p is 1 / (P + 1).
    seed : int
        Of the permutations.
    """
    x, y = unit_columns(predictions), unit_columns(responses)
    folds = np.asarray(folds)
    if x.ndim != 2 or x.shape != y.shape or folds.shape != x.shape[:1]:
        raise WrongUse(f"expected (n, v), (n, v) and (n,), got shapes {x.shape}, {y.shape} and {folds.shape}")
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    observed = _r2_of_units(x, y)
    reached, reached_max, total, square = np.zeros((4, x.shape[1]))
    for _ in range(n_permutations):
        order = np.empty(len(x), dtype=int)
        for group in groups:
            order[group] = rng.permutation(group)
        draw = _r2_of_units(x, y[order])
        reached += draw >= observed - 1e-12  # equal up to rounding counts as reached
        reached_max += draw.max() >= observed - 1e-12
        total += draw
        square += draw**2
    mean = total / n_permutations
    sd = np.sqrt(np.clip(square / n_permutations - mean**2, 0, None))
    p, p_max = (reached + 1) / (n_permutations + 1), (reached_max + 1) / (n_permutations + 1)
    return EncodingNull(observed, mean, sd, p, p_max, len(x), n_permutations)


def _r2_of_units(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.clip(np.einsum("nv,nv->v", x, y), 0, 1) ** 2
