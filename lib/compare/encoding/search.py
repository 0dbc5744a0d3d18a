"""The search behind `nested_ridge`: score, extend, refit.

Comes in: Gram matrices of the layers and responses, both sorted by fold. Goes out: the best layer and penalty of every
voxel and outer fold, and the predictions they make.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.encoding.ridge import eigenbasis, inner_scores, inner_splits, pick_device, pooled_r2, tensor
from lib.compare.workers import workers
from lib.ground import WrongUse

if TYPE_CHECKING:
    import torch

_STEPS = 4  # penalties tried at once beyond the edge of the grid
_FLAT = 1e-9  # of inner scores: less of a difference is none


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
        The chosen ridge penalty, in units of `scale`.
    inner_r2 : array of shape (fold, v)
        Inner score of that choice: optimistic, for it is the maximum of many.
    edge : array of int of shape (fold, v)
        -1 (or 1) where alpha says little: the search ended at the smallest (largest) penalty allowed, or at an end of
        the grid where more or less penalty makes no difference; else 0.
    folds : array of shape (fold,)
        The fold labels.
    scale : array of shape (layer,)
        What the penalties of each layer are multiples of.
    """

    predictions: np.ndarray
    r2: np.ndarray
    layers: tuple
    choice: np.ndarray
    alpha: np.ndarray
    inner_r2: np.ndarray
    edge: np.ndarray
    folds: np.ndarray
    scale: np.ndarray

    @property
    def penalty(self) -> np.ndarray:
        """Chosen penalty on the features as they were given, (fold, v): `alpha` times the layer's unit."""
        return self.alpha * self.scale[self.choice]

    @property
    def layer(self) -> np.ndarray:
        """Name of the chosen layer, (fold, v)."""
        return np.array(self.layers)[self.choice]


def fit_kernels(
    kernels: dict[str, np.ndarray],
    scale: np.ndarray,
    y: np.ndarray,
    labels: np.ndarray,
    *,
    alphas: Sequence[float],
    extend_alphas: bool,
    alpha_limits: tuple[float, float],
    device: str,
    chunk: int | None,
    progress: bool,
) -> NestedRidge:
    """`nested_ridge` from Gram matrices (n, n) in their units and checked responses."""
    grid = _check_alphas(alphas)
    order = np.argsort(labels, kind="stable")
    names, counts = np.unique(labels, return_counts=True)
    ends = np.cumsum(counts)
    device = pick_device(device)
    with workers() as (pool, _):
        search = Search(
            kernels={name: kernel[np.ix_(order, order)] for name, kernel in kernels.items()},
            y=standardised(y[order], device),
            blocks=tuple(slice(end - count, end) for end, count in zip(ends, counts, strict=True)),
            chunk=chunk or (2048 if device == "cpu" else 16384),
            device=device,
            pool=pool,
        )
        found = search_grid(search, grid, progress)
        if extend_alphas:
            extend(search, found, grid, alpha_limits)
        else:
            found.edge[:] = (found.alpha == grid[-1]).astype(np.int8) - (found.alpha == grid[0])
        predictions = np.empty_like(y)
        predictions[order] = refit(search, found)
    predictions = predictions * spread(y) + y.mean(0)
    r2 = pooled_r2(predictions, y)
    return NestedRidge(
        predictions, r2, tuple(kernels), found.choice, found.alpha, found.score, found.edge, names, scale
    )


def _check_alphas(alphas: Sequence[float]) -> np.ndarray:
    grid = np.unique(np.asarray(alphas, dtype=np.float64))
    if not len(grid) or not (np.isfinite(grid).all() and grid[0] > 0):
        raise WrongUse(f"alphas must be positive numbers, got {list(alphas)}")
    return grid


@dataclass(frozen=True)
class Search:
    """Everything sorted by fold: Gram matrices, standardised responses, the rows of each fold."""

    kernels: dict[str, np.ndarray]
    y: torch.Tensor
    blocks: tuple[slice, ...]
    chunk: int
    device: str
    pool: ThreadPoolExecutor

    def each(self, function: Callable, chosen: np.ndarray) -> list:
        """`function(index, responses)` of the chosen voxels, `chunk` at a time, side by side on a processor."""
        parts = [chosen[start : start + self.chunk] for start in range(0, len(chosen), self.chunk)]
        run = self.pool.map if self.device == "cpu" else map
        return list(run(lambda index: function(index, self.columns(index)), parts))

    def columns(self, index: np.ndarray) -> torch.Tensor:
        """Standardised responses of some voxels, (n, v)."""
        if index[-1] - index[0] + 1 == len(index):  # neighbours: copying beats gathering
            return self.y[:, index[0] : index[-1] + 1].contiguous()
        return self.y.index_select(1, tensor(index, self.device))

    def scores(self, splits: list, y: torch.Tensor, alphas: np.ndarray) -> dict[int, np.ndarray]:
        """Inner r squared per outer fold, (n_alphas, v) each, on the CPU."""
        alphas = y.new_tensor(alphas)
        return {outer: s.cpu().numpy() for outer, s in inner_scores(splits, y, self.blocks, alphas).items()}


@dataclass
class Found:
    """The best choice so far; all arrays (fold, v)."""

    score: np.ndarray
    choice: np.ndarray
    alpha: np.ndarray
    edge: np.ndarray


def search_grid(search: Search, grid: np.ndarray, progress: bool) -> Found:
    """Score every (penalty, layer) for every outer fold; keep only the best."""
    from tqdm import tqdm

    shape = len(search.blocks), search.y.shape[1]
    found = Found(np.full(shape, -1.0), np.zeros(shape, np.int32), np.full(shape, np.inf), np.zeros(shape, np.int8))
    for layer, kernel in enumerate(tqdm(search.kernels.values(), desc="layers", disable=not progress)):
        splits = inner_splits(kernel, search.blocks, search.device)

        def score(index: np.ndarray, y: torch.Tensor, splits: list = splits, layer: int = layer) -> None:
            for outer, scores in search.scores(splits, y, grid).items():
                _keep_best(found, (outer, index), scores, grid, layer)

        search.each(score, np.arange(search.y.shape[1]))
    return found


def _keep_best(found: Found, where: tuple, scores: np.ndarray, grid: np.ndarray, layer: int) -> None:
    """Put this layer's best penalty in place where it beats the earlier layers (ties: the smaller penalty)."""
    first = scores.argmax(0)  # the first of equal ones
    score, alpha = scores.max(0), grid[first]
    best = found.score[where]
    better = (score > best) | ((score == best) & (alpha < found.alpha[where]))
    found.score[where] = np.where(better, score, best)
    found.alpha[where] = np.where(better, alpha, found.alpha[where])
    found.choice[where] = np.where(better, layer, found.choice[where])


def extend(search: Search, found: Found, grid: np.ndarray, limits: tuple[float, float]) -> None:
    """Halve or double penalties at the edge of the grid, in the chosen layer, while the inner score improves."""
    low, high = limits
    downwards, upwards = grid[0] * 0.5 ** np.arange(1, 400), grid[-1] * 2.0 ** np.arange(1, 400)
    chases = [
        (grid[0], downwards[downwards >= low * (1 - 1e-12)], -1),
        (grid[-1], upwards[upwards <= high * (1 + 1e-12)], 1),
    ]
    for start, path, direction in chases:
        at_edge = found.alpha == start
        for layer, kernel in enumerate(search.kernels.values()):
            for outer in range(len(search.blocks)):
                voxels = np.flatnonzero(at_edge[outer] & (found.choice[outer] == layer))
                if len(voxels):
                    splits = inner_splits(kernel, search.blocks, search.device, outer)
                    _chase(search, splits, found, (outer, voxels), path, direction)


def _chase(search: Search, splits: list, found: Found, where: tuple, path: np.ndarray, direction: int) -> None:
    """Follow a path of penalties for the voxels at its start until each one stops improving."""
    outer, voxels = where
    done = 0
    while done < len(path):
        ahead = path[done : done + max(_STEPS, done)]  # the longer the chase, the larger the stride
        done += len(ahead)

        def follow(index: np.ndarray, y: torch.Tensor, ahead: np.ndarray = ahead) -> np.ndarray:
            scores = np.vstack([found.score[outer, index], search.scores(splits, y, ahead)[outer]])
            flat = np.abs(scores[1] - scores[0]) <= _FLAT
            found.edge[outer, index[flat]] = direction
            steps = (np.diff(scores, axis=0) > 0).cumprod(0).sum(0)
            found.score[outer, index] = scores[steps, np.arange(len(steps))]
            found.alpha[outer, index] = np.where(steps, ahead[steps - 1], found.alpha[outer, index])
            return index[steps == len(ahead)]

        voxels = np.concatenate(search.each(follow, voxels))
        if not len(voxels):
            return
    found.edge[outer, voxels] = direction


def warn_about_edges(edge: np.ndarray, inner_r2: np.ndarray, layer: np.ndarray) -> None:
    """Say which choices lie at an end of the penalties, and what to do; arrays (fold, v) as in `NestedRidge`."""
    silent = inner_r2 <= 0
    if (silent & (edge != 0)).any():
        warnings.warn(
            f"no layer and penalty predicts the inner folds in {silent.sum()} of {edge.size} voxel-folds (score 0 for "
            "all, the first is taken): look for responses or features without information",
            stacklevel=3,
        )
    for direction, end, way in ((-1, "smallest", "smaller"), (1, "largest", "larger")):
        at_end = (edge == direction) & ~silent
        if at_end.any():
            names, counts = np.unique(layer[at_end], return_counts=True)
            warnings.warn(
                f"the penalty sits at the {end} one allowed in {at_end.sum()} of {edge.size} voxel-folds, most of them "
                f"in layer {str(names[counts.argmax()])!r}: give alphas or alpha_limits that reach {way} ones, or take "
                "their alpha for no more than that (see NestedRidge.edge)",
                stacklevel=3,
            )


def refit(search: Search, found: Found) -> np.ndarray:
    """Fit the chosen layer and penalty on all other folds and predict each fold (standardised, sorted by fold)."""
    import torch

    predictions = np.empty(search.y.shape)
    rows = np.arange(len(predictions))
    for outer, block in enumerate(search.blocks):
        train = np.delete(rows, block)
        for layer, kernel in enumerate(search.kernels.values()):
            voxels = np.flatnonzero(found.choice[outer] == layer)
            if not len(voxels):
                continue
            values, vectors, cross = eigenbasis(kernel, train, block)
            onto = np.zeros((len(values) + 1, len(rows)))  # rows left out count 0: no copy of the training responses
            onto[:-1, train], onto[-1, train] = vectors.T, 1 / len(train)  # the last row gives their mean
            parts = tuple(tensor(part, search.device) for part in (values[:, None], onto, cross))

            def predict(index: np.ndarray, y: torch.Tensor, outer=outer, block=block, parts=parts) -> None:
                values, onto, cross = parts
                projected = onto @ y  # (k + 1, v)
                b, mean = projected[:-1], projected[-1]
                b.div_(values + tensor(found.alpha[outer, index], search.device))
                predictions[block, index] = torch.addmm(mean, cross, b).cpu().numpy()

            search.each(predict, voxels)
    return predictions


def spread(y: np.ndarray) -> np.ndarray:
    """Norm of every centred column, (v,); 1 for constant columns."""
    norm = np.linalg.norm(y - y.mean(0), axis=0)
    return np.where(np.ptp(y, axis=0) > 0, norm, 1.0)


def standardised(y: np.ndarray, device: str) -> torch.Tensor:
    """Responses with column mean 0 and norm 1 (constant columns 0): correlations stay, rounding does not grow."""
    centred = (y - y.mean(0)) / spread(y)
    return tensor(np.where(np.ptp(y, axis=0) > 0, centred, 0.0), device)
