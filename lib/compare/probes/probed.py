"""What a probe found: predicted labels, how many are right, how sure that is, and what chance gives.

Comes in: true and predicted labels, folds. Goes out: ``Probed``, the same for every kind of probe.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lib.compare.statistics import Estimate, proportion
from lib.ground import WrongUse

FEWEST_FOLDS = 4
"""With fewer, the spread over folds says too little for an interval."""


@dataclass(frozen=True)
class Probed:
    """Labels that a probe predicted for sounds it was not fitted to.

    Attributes
    ----------
    predicted : array (n,)
    accuracy : Estimate
        Share of sounds that are named rightly, 0 to 1, with its interval; p where there is a null.
    chance : float
        Share of the most frequent label: what naming it always would reach.
    null : array (n_permutations,)
        Accuracies with labels exchanged among the sounds of a fold; empty where none were made.
    chosen : tuple
        What was chosen for each fold: a penalty, or a setting.
    """

    predicted: np.ndarray
    accuracy: Estimate
    chance: float
    null: np.ndarray = field(default_factory=lambda: np.empty(0))
    chosen: tuple = ()


def checked(layers: dict, labels: np.ndarray, folds: np.ndarray) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Layers in float64, names of the classes, the class (n,) of every sound, and its fold from 0.

    Raises
    ------
    WrongUse
        Arrays do not fit together or hold NaN, there are fewer than two classes or folds, or a fold leaves fewer than
        two classes to learn from.
    """
    layers = {name: np.asarray(x, dtype=np.float64) for name, x in layers.items()}
    labels, folds = np.asarray(labels), np.unique(np.asarray(folds), return_inverse=True)[1]
    wrong = {name: x.shape for name, x in layers.items() if x.ndim != 2 or len(x) != len(labels)}
    if wrong or not layers or labels.shape != folds.shape or labels.ndim != 1:
        raise WrongUse(f"layers must be (sound, unit), labels and folds (sound,): {len(labels)} labels, got {wrong}")
    if not all(np.isfinite(x).all() for x in layers.values()):
        raise WrongUse("layers hold NaN or infinite numbers: leave out what the model could not hear")
    names, classes = np.unique(labels, return_inverse=True)
    if len(names) < 2 or folds.max() < 1:
        raise WrongUse(f"a probe needs two labels and two folds at least, got {len(names)} and {folds.max() + 1}")
    if min(len(set(classes[folds != fold])) for fold in np.unique(folds)) < 2:
        raise WrongUse("a fold leaves sounds of one label alone to learn from: labels and folds are the same thing")
    return layers, names, classes, folds


def largest_class(labels: np.ndarray) -> float:
    """Share of the most frequent label."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def accuracy(right: np.ndarray, folds: np.ndarray, null: np.ndarray | None = None) -> Estimate:
    """Share of right answers with a 95 % interval, and its p where there is a null.

    Parameters
    ----------
    right : array of bool (n,)
    folds : array (n,)
        Sounds of a fold share what was learnt, and often a speaker: answers to them are not independent. So the
        interval is Student's of the accuracies of folds, where there are ``FEWEST_FOLDS``; else Wilson's of sounds,
        which is too narrow. Accuracies of folds weigh by their sounds.
    null : array (n_permutations,), optional
        Accuracies with exchanged labels; p is one-sided, (b + 1) / (P + 1).
    """
    from scipy import stats

    value, every = float(np.mean(right)), np.unique(folds)
    p = float((np.sum(null >= value - 1e-12) + 1) / (len(null) + 1)) if null is not None and len(null) else np.nan
    if len(every) < FEWEST_FOLDS:
        found = proportion(int(np.sum(right)), len(right))
        return Estimate(value, found.low, found.high, len(right), 0.95, "sounds, Wilson", p)
    share = np.array([np.mean(folds == fold) for fold in every])
    apart = np.array([np.mean(right[folds == fold]) for fold in every]) - value
    k = len(every)
    half = float(stats.t.ppf(0.975, k - 1) * np.sqrt(k / (k - 1) * np.sum((share * apart) ** 2)))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), len(right), 0.95, f"{k} folds, t", p)
