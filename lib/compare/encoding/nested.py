"""Encoding models: how well a layer of a model predicts the responses of voxels, components or electrodes.

Comes in: features of each layer and responses to the same stimuli, and a fold for every stimulus. Goes out: out-of-fold
predictions, their squared correlation with the responses, and the layer and penalty chosen for every voxel and fold.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.compare.encoding.ridge import UNITS, gram, in_units
from lib.compare.encoding.search import NestedRidge, fit_kernels, warn_about_edges
from lib.ground import WrongUse, unknown

# Of each unit: the penalties to try, and how far the search may go beyond them. "absolute" is that of arXiv 2511.16849.
ALPHAS = {
    "gram": tuple(10.0 ** (x / 2) for x in range(-8, 5)),
    "absolute": (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0),
}
ALPHA_LIMITS = {"gram": (1e-6, 1e6), "absolute": (1e-6, 1e12)}
_COLUMNS = 8192  # permuted voxels fitted at once, at least one permutation


def nested_ridge(
    layers: Mapping[str, np.ndarray],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] | None = None,
    *,
    units: str = "gram",
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] | None = None,
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
    alphas : sequence of float, optional
        Ridge penalties, positive. Default: `ALPHAS` of the units.
    units : {"gram", "absolute"}
        What the penalties are multiples of. "gram": the mean squared distance of the layer's stimuli from their mean
        (the sum of its features' variances), so that a common factor in the features of a layer changes nothing.
        "absolute": 1, as published; features of small variance are then predicted by nothing, whatever they know.
    extend_alphas : bool
        Extend the grid beyond its edges as published.
    alpha_limits : tuple of float, optional
        The extension stops here; see `NestedRidge.edge`. Default: `ALPHA_LIMITS` of the units.
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

    Warns
    -----
    UserWarning
        If choices sit at an edge of the penalties, if a layer or responses are constant, or if stimuli of two folds
        are the same in everything.

    Notes
    -----
    Protocol of Pepino et al. (arXiv 2511.16849), equal to scikit-learn's ``Ridge(alpha)`` in an explicit loop, their
    penalties with ``units="absolute"``. Made for up to a few thousand stimuli: n x n Gram matrices take the place of
    the features.
    """
    data = checked(layers, responses, folds, units)
    grid = {"alphas": alphas, "extend_alphas": extend_alphas, "alpha_limits": alpha_limits}
    fit = fit_data(data, **grid, device=device, chunk=chunk, progress=progress)
    warn_about_edges(fit.edge, fit.inner_r2, fit.layer)
    return fit


@dataclass(frozen=True)
class Data:
    """What a fit needs: Gram matrices by layer in their units, those units, responses (n, v), fold labels (n,)."""

    kernels: dict
    scale: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    units: str


def fit_data(
    data: Data, *, alphas, extend_alphas: bool, alpha_limits, device: str, chunk=None, progress: bool = False
) -> NestedRidge:
    """`nested_ridge` of checked data, without a word about edges."""
    alphas = ALPHAS[data.units] if alphas is None else alphas
    limits = ALPHA_LIMITS[data.units] if alpha_limits is None else alpha_limits
    how = {"extend_alphas": extend_alphas, "device": device, "chunk": chunk, "progress": progress}
    return fit_kernels(data.kernels, data.scale, data.y, data.labels, alphas=alphas, alpha_limits=limits, **how)


def checked(layers: Mapping, responses: np.ndarray, folds: np.ndarray, units: str = "gram") -> Data:
    """Gram matrices, float64 responses and fold labels, or an error that says what does not fit."""
    if units not in UNITS:
        raise unknown("unit of penalties", units, UNITS)
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
    if not isinstance(layers, Mapping):
        raise WrongUse("layers must be {name: array of (stimuli, features)}")
    if not layers:
        raise WrongUse("layers is empty: give at least one {name: array of (stimuli, features)}")
    kernels, scale = in_units({name: _check_layer(name, x, len(y)) for name, x in layers.items()}, units)
    _warn_of_constants(kernels, y)
    _warn_of_repeats(kernels, y, labels)
    return Data(kernels, scale, y, labels, units)


def _warn_of_constants(kernels: dict, y: np.ndarray) -> None:
    flat = [name for name, kernel in kernels.items() if not kernel.any()]
    if flat:
        warnings.warn(f"layers {flat} are the same for all stimuli: they predict nothing", stacklevel=4)
    still = np.flatnonzero(np.ptp(y, axis=0) == 0)
    if len(still):
        warnings.warn(f"{len(still)} responses are constant (first: {still[0]}): their r2 is 0", stacklevel=4)


def _warn_of_repeats(kernels: dict, y: np.ndarray, labels: np.ndarray) -> None:
    """Stimuli that are the same in all responses and features are one stimulus loaded twice."""
    _, first, member = np.unique(y, axis=0, return_index=True, return_inverse=True)
    for stimulus in np.flatnonzero(first[member] != np.arange(len(y))):
        other = first[member][stimulus]
        same = all(
            np.allclose(k[stimulus], k[other], rtol=1e-9, atol=1e-12 * np.abs(k).max()) for k in kernels.values()
        )
        if same and labels[stimulus] != labels[other] and any(kernel.any() for kernel in kernels.values()):
            warnings.warn(
                f"stimuli {other} and {stimulus} are the same in all features and responses but lie in two folds: each "
                "is predicted by itself; leave one out, or give both one fold",
                stacklevel=4,
            )
            return


def _check_layer(name: str, features: np.ndarray, n: int) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != n:
        raise WrongUse(f"layer {name!r} must be ({n}, features) like the responses, got shape {features.shape}")
    if not np.isfinite(features).all():
        stimulus = int(np.flatnonzero(~np.isfinite(features).all(1))[0])
        raise WrongUse(f"layer {name!r} is not finite (first at stimulus {stimulus})")
    return gram(features)


@dataclass(frozen=True)
class EncodingNull:
    """What `encoding_null` returns.

    Attributes
    ----------
    r2 : array of shape (v,)
        Observed squared correlation of pooled predictions and responses, 0 where the correlation is negative.
    draws : array of shape (n_permutations, v)
        The same of permuted responses. One permutation serves all voxels, so a summary over voxels of a row is a draw
        of that summary.
    n : int
        Number of stimuli.
    """

    r2: np.ndarray
    draws: np.ndarray
    n: int

    @property
    def null_mean(self) -> np.ndarray:
        """Mean of the draws, (v,)."""
        return self.draws.mean(0)

    @property
    def null_sd(self) -> np.ndarray:
        """Standard deviation of the draws, (v,)."""
        return self.draws.std(0)

    @property
    def p(self) -> np.ndarray:
        """(b + 1) / (P + 1), b the permutations whose r2 reaches the observed one, (v,)."""
        return (self._reached(self.draws) + 1) / (len(self.draws) + 1)

    @property
    def p_max(self) -> np.ndarray:
        """The same against the largest r2 of all voxels in each permutation: corrected for the number of voxels."""
        return (self._reached(self.draws.max(1, keepdims=True)) + 1) / (len(self.draws) + 1)

    def _reached(self, draws: np.ndarray) -> np.ndarray:
        return (draws >= self.r2 - 1e-12).sum(0)  # equal up to rounding counts as reached


def encoding_null(
    layers: Mapping[str, np.ndarray],
    responses: np.ndarray,
    folds: np.ndarray,
    alphas: Sequence[float] | None = None,
    *,
    n_permutations: int = 200,
    seed: int = 0,
    units: str = "gram",
    extend_alphas: bool = True,
    alpha_limits: tuple[float, float] | None = None,
    device: str = "auto",
    chunk: int | None = None,
    progress: bool = False,
) -> EncodingNull:
    """Permutation test of `nested_ridge`: everything is chosen and fitted again for every permutation.

    What is permuted: the rows of the responses among the stimuli of each fold, before fitting. What it tests: which
    stimulus of a fold evoked which response does not matter. The choice of layer and penalty is part of every draw,
    and differences between the means of folds stay in the null, so neither can make a score significant.

    Parameters
    ----------
    layers, responses, folds, alphas, units, extend_alphas, alpha_limits, device, chunk
        As in `nested_ridge`.
    n_permutations : int
        Number of permutations P; the smallest p is 1 / (P + 1). The test takes P + 1 times as long as one fit.
    seed : int
        Of the permutations.
    progress : bool
        Show a bar over permutations.
    """
    from tqdm import tqdm

    data = checked(layers, responses, folds, units)
    y, labels = data.y, data.labels
    if n_permutations < 1:
        raise WrongUse(f"n_permutations must be at least 1, got {n_permutations}")
    orders = [np.arange(len(y)), *_orders(labels, n_permutations, seed)]
    at_once = max(1, _COLUMNS // y.shape[1])
    grid = {"alphas": alphas, "extend_alphas": extend_alphas, "alpha_limits": alpha_limits}
    rows = []
    with tqdm(total=len(orders), desc="permutations", disable=not progress) as bar:
        for start in range(0, len(orders), at_once):
            batch = orders[start : start + at_once]
            permuted = np.hstack([y[order] for order in batch])
            fit = fit_data(replace(data, y=permuted), **grid, device=device, chunk=chunk)
            if not rows:
                observed = (x[:, : y.shape[1]] for x in (fit.edge, fit.inner_r2, fit.layer))
                warn_about_edges(*observed)
            rows.append(fit.r2.reshape(len(batch), -1))
            bar.update(len(batch))
    scores = np.vstack(rows)
    return EncodingNull(scores[0], scores[1:], len(y))


def _orders(folds: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """Random orders of the stimuli that keep every stimulus in its fold."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    for _ in range(count):
        order = np.empty(len(folds), dtype=int)
        for group in groups:
            order[group] = rng.permutation(group)
        yield order
