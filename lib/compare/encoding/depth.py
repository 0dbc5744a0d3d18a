"""How deep in a model what predicts a response lies: every layer's score, and one depth out of them.

Comes in: layers in their order, responses and folds. Goes out: r2 of every layer alone, relative depths from 0 (first
layer) to 1 (last), and how much a score gains from the first layer to the last.

The layer that is best on training folds is a fair choice for predictions, and a poor measure of depth: where layers
are nearly alike, chance decides between them. `preferred_depth` is the mean depth of all layers, each weighing as
much as it predicts beyond the worst. Multiplying all scores by a factor changes nothing, as noise in a response does;
adding the same to all changes nothing either, for what every layer knows tells nothing of depth.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from lib.compare.encoding.nested import nested_ridge
from lib.ground import WrongUse


def layer_scores(
    layers: Mapping[str, np.ndarray], responses: np.ndarray, folds: np.ndarray, alphas: Sequence[float] | None = None
) -> np.ndarray:
    """r2 of each layer alone, (layer, v), penalties chosen on inner folds (`nested_ridge`)."""
    how = {"alphas": alphas, "extend_alphas": alphas is None}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty")
        return np.stack([nested_ridge({name: x}, responses, folds, **how).r2 for name, x in layers.items()])


def preferred_depth(scores: np.ndarray) -> np.ndarray:
    """Mean relative depth of the layers, each weighing as much as its score exceeds the worst one's.

    Parameters
    ----------
    scores : array (layer, ...)
        Of at least two layers, from the first to the last.

    Returns
    -------
    array (...)
        0 where the first layer alone stands out, 1 where the last does; NaN where all are equal.
    """
    above = scores - scores.min(axis=0)
    total = above.sum(axis=0)
    there = total > 0
    return np.where(there, np.tensordot(_depths(scores), above, 1) / np.where(there, total, 1.0), np.nan)


def relative_slope(scores: np.ndarray) -> np.ndarray:
    """What a score gains from the first layer to the last, along the line of best fit, over its mean.

    Parameters
    ----------
    scores : array (layer, ...)
        Not negative, of at least two layers.

    Returns
    -------
    array (...)
        .5: the line rises by half of the mean score. NaN where the mean is 0.
    """
    depth = _depths(scores) - 0.5
    mean = scores.mean(axis=0)
    slope = np.tensordot(depth, scores, 1) / (depth**2).sum()
    return np.where(mean > 0, slope / np.where(mean > 0, mean, 1.0), np.nan)


def _depths(scores: np.ndarray) -> np.ndarray:
    if len(scores) < 2:
        raise WrongUse(f"depth needs at least two layers, got {len(scores)}")
    return np.linspace(0, 1, len(scores))
