"""The algebra of ridge regression with an intercept when stimuli are few and features are many.

Comes in: the Gram matrix of a layer, blocks of stimuli, responses. Goes out: eigenbases of training sets, and the
squared correlation of pooled inner predictions for every penalty at once, without forming the predictions.

Everything is float64: scores then agree with an explicit refit to about 1e-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lib.ground import WrongUse

if TYPE_CHECKING:
    import torch

# Pairs of eigenvalues closer than this (relative) take the midpoint rule: both rules are then good to about 1e-11.
NEAR = 1e-5
UNITS = ("gram", "absolute")  # of penalties: see `in_units`
# Predictions of unit-norm responses that vary less than this are constant.
CONSTANT = 1e-26


def pick_device(device: str) -> str:
    """Resolve "auto" to "cuda" where there is one, else "cpu"."""
    import torch

    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def gram(features: np.ndarray) -> np.ndarray:
    """Inner products between stimuli, (n, n) float64, of features (n, d) whose column means are removed.

    The shift does not change a ridge with an intercept; it keeps digits that large feature means would cost.
    """
    features = np.asarray(features, dtype=np.float64)
    features = features - features.mean(0)
    features = features - features.mean(0)  # a mean that was rounded would give a constant feature variance
    return features @ features.T


def in_units(kernels: dict[str, np.ndarray], units: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Gram matrices (n, n) in units of the mean squared distance of stimuli from their mean, and those units.

    Units of 1 where `units` is "absolute", and for layers that do not vary.
    """
    scale = np.array([np.trace(kernel) / len(kernel) if units == "gram" else 1.0 for kernel in kernels.values()])
    scale = np.where(scale > 0, scale, 1.0)
    return {name: kernel / one for (name, kernel), one in zip(kernels.items(), scale, strict=True)}, scale


def tensor(array: np.ndarray, device: str) -> torch.Tensor:
    """Put an array on a device, sharing memory where it can."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(array)).to(device)


def eigenbasis(kernel: np.ndarray, train: np.ndarray, *tests: np.ndarray | slice) -> tuple[np.ndarray, ...]:
    """Diagonalise the Gram matrix of a training set around the training mean.

    Parameters
    ----------
    kernel : array of shape (n, n)
        Gram matrix of all stimuli.
    train : array of shape (n_train,)
        Rows to train on.
    *tests : array of shape (n_test,) or slice
        Rows to predict, for each test set.

    Returns
    -------
    eigenvalues : array of shape (k,)
        Ascending, k = n_train - 1; 0 where they are lost in rounding. Those stay, because rounding mixes their
        vectors with those of small eigenvalues.
    basis : array of shape (n_train, k)
        Orthonormal columns, orthogonal to the constant vector.
    *crosses : array of shape (n_test, k)
        One for each test set. Predictions are ``y.mean(0) + cross @ ((basis.T @ y) / (eigenvalues + alpha))`` with y
        the training responses.
    """
    n = len(train)
    own = kernel[np.ix_(train, train)]
    # A reflection that turns the constant vector into the first axis; the other axes span the centred space.
    mirror = np.full(n, 1 / np.sqrt(n)) - np.eye(1, n)[0]
    mirror /= np.linalg.norm(mirror)
    along = own @ mirror  # reflecting both sides is a change of rank two
    shift = 2 * np.outer(along - mirror * (mirror @ along), mirror)
    values, vectors = np.linalg.eigh((own - shift - shift.T)[1:, 1:])
    values = np.where(values > n * np.finfo(float).eps * values[-1], values, 0.0)
    basis = np.vstack([np.zeros(n - 1), vectors]) - 2 * np.outer(mirror, mirror[1:] @ vectors)
    return values, basis, *((kernel[test][:, train] - own.mean(0)) @ basis for test in tests)


@dataclass(frozen=True)
class Side:
    """One inner test block seen from the training set of a split, for the outer fold that owns it."""

    outer: int
    test: slice
    back: torch.Tensor  # (k, n_test): the cross matrix, transposed
    total: torch.Tensor  # (k,): sum of the cross matrix over test stimuli
    far: torch.Tensor  # (k, n_train): turns y_train into the divided-difference half of the quadratic form
    near: torch.Tensor  # (k,) or (k, k): weights of equal and nearly equal eigenvalues


@dataclass(frozen=True)
class InnerSplit:
    """A training set of all blocks but two, with one side for each of the two outer folds it serves."""

    train: torch.Tensor
    eigenvalues: torch.Tensor  # (k,)
    basis: torch.Tensor  # (k, n_train)
    sides: tuple[Side, ...]


def inner_splits(kernel: np.ndarray, blocks: Sequence[slice], device: str = "cpu", outer: int | None = None) -> list:
    """Every training set that leaves two blocks out, decomposed.

    Leaving out blocks {a, b} serves outer fold a (inner test b) and outer fold b (inner test a), so each pair is
    decomposed once.

    Parameters
    ----------
    kernel : array of shape (n, n)
        Gram matrix, stimuli sorted by fold.
    blocks : sequence of slices
        The rows of each fold.
    device : str
        Where the tensors go.
    outer : int, optional
        Keep only what this outer fold needs.
    """
    pairs = [p for p in combinations(range(len(blocks)), 2) if outer is None or outer in p]
    splits = [_inner_split(kernel, blocks, pair, device) for pair in pairs]
    if outer is None:
        return splits
    return [replace(s, sides=tuple(side for side in s.sides if side.outer == outer)) for s in splits]


def _inner_split(kernel: np.ndarray, blocks: Sequence[slice], pair: tuple[int, int], device: str) -> InnerSplit:
    train = np.concatenate([np.arange(b.start, b.stop) for i, b in enumerate(blocks) if i not in pair])
    tests = blocks[pair[1]], blocks[pair[0]]
    values, vectors, *crosses = eigenbasis(kernel, train, *tests)
    sides = []
    for fold, test, cross in zip(pair, tests, crosses, strict=True):
        far, near = _quadratic_form(values, cross)
        parts = (cross.T, cross.sum(0), far @ vectors.T, near)
        sides.append(Side(fold, test, *(tensor(part, device) for part in parts)))
    return InnerSplit(*(tensor(a, device) for a in (train, values, vectors.T)), tuple(sides))


def _quadratic_form(values: np.ndarray, cross: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split G = cross.T @ cross into the parts that give ``sum_kl G_kl b_k b_l d_k d_l`` for all penalties.

    With d_k = 1 / (w_k + alpha), d_k d_l = (d_k - d_l) / (w_l - w_k): the penalty leaves the double sum, and the form
    is linear in d. For (nearly) equal eigenvalues d_k d_l = (d_k^2 + d_l^2) / 2 up to second order in the gap.
    """
    form = cross.T @ cross  # (k, k)
    gap = values[None] - values[:, None]
    close = gap**2 <= NEAR**2 * np.outer(values, values)
    far = np.where(close, 0.0, form / np.where(close, 1.0, gap))
    near = np.where(close, form, 0.0)
    diagonal = near.diagonal().copy()
    elsewhere = np.abs(near - np.diag(diagonal)).max(initial=0) > 1e-20 * np.abs(form).max(initial=0)
    return far, near if elsewhere else diagonal


def inner_scores(splits: Sequence[InnerSplit], y: torch.Tensor, blocks: Sequence[slice], alphas: torch.Tensor) -> dict:
    """Squared correlation between responses and inner predictions pooled over the inner folds.

    Parameters
    ----------
    splits : sequence of InnerSplit
        From `inner_splits`.
    y : tensor of shape (n, v)
        Responses sorted by fold, column means removed, unit norm.
    blocks : sequence of slices
        The rows of each fold.
    alphas : tensor of shape (n_alphas,)
        Ridge penalties.

    Returns
    -------
    dict of int to tensor of shape (n_alphas, v)
        For every outer fold in `splits`: r squared, 0 where r is negative or the predictions are constant.
    """
    outers = {side.outer for split in splits for side in split.sides}
    moments = {outer: y.new_zeros(3, len(alphas), y.shape[1]) for outer in sorted(outers)}
    work = y.new_empty(4, *y.shape)
    for split in splits:
        _add_moments(moments, split, y, alphas, work)
    return {outer: _squared_r(m, _without(y, blocks[outer])) for outer, m in moments.items()}


def _add_moments(moments: dict, split: InnerSplit, y: torch.Tensor, alphas: torch.Tensor, work: torch.Tensor) -> None:
    """Add sums of p, p^2 and p y over one split's test stimuli (p: predictions) to each outer fold's moments.

    `work` (4, n, v) is memory to compute in: fresh pages for every product would take as long as the product.
    """
    import torch

    k, n_train = split.basis.shape
    y_train, b, b_squared, term = work[0, :n_train], work[1, :k], work[2, :k], work[3, :k]
    w = split.eigenvalues
    d = 1 / (w + alphas[:, None])  # (n_alphas, k)
    # Adding one number per penalty to d changes nothing in exact arithmetic (the far form is antisymmetric) and
    # avoids cancellation where the penalty is much larger than the eigenvalues.
    far_d = 2 * (w[-1:] - w) * d / (w[-1:] + alphas[:, None])
    torch.index_select(y, 0, split.train, out=y_train)
    mean = y_train.mean(0)
    torch.mm(split.basis, y_train, out=b)  # (k, v)
    torch.mul(b, b, out=b_squared)
    for side in split.sides:
        y_test = y[side.test]
        n_test = len(y_test)
        first, second, product = moments[side.outer]
        shift = (d * side.total) @ b  # (n_alphas, v): sum over test stimuli of p - mean
        first += shift
        first += n_test * mean
        second.addmm_(far_d, torch.mm(side.far, y_train, out=term).mul_(b))
        if side.near.ndim == 2:
            second.addmm_(d * d, torch.mm(side.near, b, out=term).mul_(b))
        else:
            second.addmm_(d * d * side.near, b_squared)
        second.addcmul_(shift, 2 * mean)
        second += n_test * mean**2
        product.addmm_(d, torch.mm(side.back, y_test, out=term).mul_(b))
        product += mean * y_test.sum(0)


def _without(y: torch.Tensor, block: slice) -> torch.Tensor:
    """Sums of the responses outside a block: count, first and second moment, each (v,)."""
    kept = [part for part in (y[: block.start], y[block.stop :]) if len(part)]
    return sum(len(p) for p in kept), sum(p.sum(0) for p in kept), sum((p * p).sum(0) for p in kept)


def _squared_r(moments: torch.Tensor, responses: tuple) -> torch.Tensor:
    n, total, square = responses
    first, second, product = moments
    covariance = product - first * (total / n)
    variance = second - first**2 / n
    r = covariance / (variance.clamp(min=CONSTANT) * (square - total**2 / n).clamp(min=CONSTANT)).sqrt()
    return r.clamp(min=0).square().masked_fill(variance <= CONSTANT, 0.0)


def pooled_r2(predictions: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Squared Pearson correlation per column; 0 where the correlation is negative or a column is constant.

    Parameters
    ----------
    predictions, responses : array of shape (n, ...)
        The same stimuli in the same order.

    Returns
    -------
    array of shape (...)
        Between 0 and 1.
    """
    return np.clip(column_r(predictions, responses), 0, None) ** 2


def column_r(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson correlation between matching columns of x and y, (n, ...) each; 0 where a column is constant."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape:
        raise WrongUse(f"the two arrays must have one shape, got {x.shape} and {y.shape}")
    x, y = unit_columns(x), unit_columns(y)
    return np.einsum("n...,n...->...", x, y).clip(-1, 1)


def unit_columns(x: np.ndarray) -> np.ndarray:
    """Centre columns and scale them to norm 1; constant columns become 0."""
    centred = x - x.mean(0)
    norm = np.linalg.norm(centred, axis=0)
    flat = norm <= 1e-14 * np.sqrt(len(x)) * np.abs(x).max(0)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, norm))
