"""A linear probe: ridge from all layers of a model to indicators of the labels, in closed form.

Comes in: layers (sound, unit), labels, folds. Goes out: ``Probed``, with a null that repeats everything, the choice of
the penalty included. Layers weigh alike: each is centred and brought to the same total variance, and all stand side by
side. Nothing but the penalty is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lib.compare.probes.probed import Probed, accuracy, checked, largest_class

PENALTIES = tuple(10.0**x for x in range(-6, 3))
"""In units of the mean squared distance of sounds from their mean."""


def linear_probe(
    layers: Mapping[str, np.ndarray],
    labels: np.ndarray,
    folds: np.ndarray,
    *,
    n_permutations: int = 0,
    seed: int = 0,
) -> Probed:
    """Predict the label of every sound from a ridge that was fitted to the other folds.

    Each class has an indicator, 1 for its sounds and 0 for others; the class whose prediction is largest is named. One
    penalty serves all classes: of ``PENALTIES`` the one with the least squared error where each of the remaining folds
    is left out in turn; with two folds, where half of the sounds of the training fold are, in turn.

    Parameters
    ----------
    layers : mapping of str to array (n, d)
        Time-averaged layers; widths may differ. Layers that do not vary take no part.
    labels : array (n,)
    folds : array (n,)
        Which sounds are predicted together: those of one speaker, of one recording.
    n_permutations, seed : int
        Draws of the null: labels exchanged among the sounds of a fold.

    Returns
    -------
    Probed

    Raises
    ------
    lib.ground.WrongUse
        As ``lib.compare.probes.probed.checked`` says.
    """
    layers, names, classes, folds = checked(layers, labels, folds)
    tables = [classes, *_exchanged(classes, folds, n_permutations, seed)]
    targets = np.stack([np.eye(len(names))[table] for table in tables], axis=1)  # (n, table, class)
    predicted, chosen = _predicted(side_by_side(layers), targets, folds)
    right = predicted == np.stack(tables, axis=1)
    null = right[:, 1:].mean(axis=0)
    found = accuracy(right[:, 0], folds, null)
    penalties = tuple(PENALTIES[place] for place in chosen[:, 0])
    return Probed(names[predicted[:, 0]], found, largest_class(labels), null, penalties)


def side_by_side(layers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Gram matrix (n, n) of all layers side by side, each brought to a mean squared distance of 1 from its mean."""
    kernels = []
    for x in layers.values():
        centred = x - x.mean(axis=0)
        kernel = centred @ centred.T
        size = np.trace(kernel) / len(kernel)
        if size > 1e-20 * max(1.0, float((x**2).mean())):
            kernels.append(kernel / size)
    return sum(kernels) / len(kernels) if kernels else np.zeros((len(x), len(x)))


def _exchanged(classes: np.ndarray, folds: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    rng, out = np.random.default_rng(seed), []
    for _ in range(count):
        table = classes.copy()
        for fold in np.unique(folds):
            inside = np.flatnonzero(folds == fold)
            table[inside] = classes[rng.permutation(inside)]
        out.append(table)
    return out


def _predicted(kernel: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class (n, table) of every sound, and the place of the penalty (fold, table)."""
    classes, chosen = np.empty(targets.shape[:2], dtype=int), []
    for fold in np.unique(folds):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        error = sum(
            _errors(kernel, targets, np.setdiff1d(train, left_out), left_out) for left_out in _inner(folds, train)
        )
        best = error.argmin(axis=0)  # (table,)
        scores = _scores(kernel, targets, train, test)  # (penalty, n_test, table, class)
        picked = scores[best, :, np.arange(len(best))]  # (table, n_test, class)
        classes[test] = picked.argmax(axis=2).T
        chosen.append(best)
    return classes, np.stack(chosen)


def _inner(folds: np.ndarray, train: np.ndarray) -> list[np.ndarray]:
    """Sounds of the training set that are left out together when the penalty is chosen."""
    groups = [train[folds[train] == fold] for fold in np.unique(folds[train])]
    return groups if len(groups) > 1 else [train[::2], train[1::2]]


def _errors(kernel: np.ndarray, targets: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Squared error (penalty, table) summed over sounds and classes."""
    return ((_scores(kernel, targets, train, test) - targets[test]) ** 2).sum(axis=(1, 3))


def _scores(kernel: np.ndarray, targets: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predictions (penalty, n_test, table, class) of ridges with an intercept, one for each penalty."""
    of_train, across = kernel[np.ix_(train, train)], kernel[np.ix_(test, train)]
    mean = of_train.mean(axis=0)
    across = across - mean - across.mean(axis=1, keepdims=True) + mean.mean()
    values, basis = np.linalg.eigh(of_train - mean - mean[:, None] + mean.mean())
    known = targets[train].reshape(len(train), -1)
    middle = known.mean(axis=0)
    inside, reach = basis.T @ (known - middle), across @ basis
    weights = [1 / (np.clip(values, 0, None) + penalty * len(train)) for penalty in PENALTIES]
    every = np.stack([reach @ (weight[:, None] * inside) + middle for weight in weights])
    return every.reshape(len(PENALTIES), len(test), *targets.shape[1:])
