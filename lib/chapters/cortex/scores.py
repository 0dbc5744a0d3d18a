"""Scores of the cortex chapter: tables of r2 with intervals, families of differences, voxels corrected for noise.

Comes in: fits of components by model, steps of training, features, scans of voxels. Goes out: what the chapter prints,
draws and quotes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.compare import mean_score, noise_corrected_r2, split_reliability


def named_layers(features: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Layers of all models side by side, each under its model's name: "model" or "model, layer".

    A fixed filterbank has one layer, called as it is itself; layers of networks share names (``layer.1``), so that the
    bare name would let one model's layer take the place of another's.
    """
    pairs = [(model, layer, x) for model, layers in features.items() for layer, x in layers.items()]
    return {model if layer == model else f"{model}, {layer}": x for model, layer, x in pairs}


def main_layer(fit: object) -> str:
    """Layer that was chosen most often, over outer folds and responses; each choice was made on inner folds alone."""
    return str(pd.Series(fit.layer.ravel()).mode().iloc[0])


def training_course(first: str, names: Sequence[str], steps: Mapping[str, int]) -> dict[str, int]:
    """Stages of a model's training by name, with their step.

    Parameters
    ----------
    first : str
        A model of the roster.
    names : sequence of str
        All names of the roster; ``FIRST@STEP`` is a checkpoint.
    steps : mapping
        Steps of the whole training, for models that were trained here.

    Returns
    -------
    dict of str to int
        Where no checkpoints are known, random weights (0) and the model itself (1).
    """
    stages = {name: int(name.partition("@")[2]) for name in names if name.startswith(f"{first}@")}
    return stages | {first: steps[first]} if stages else {f"untrained:{first}:0": 0, first: 1}


def component_scores(fits: Mapping[str, object], components: Sequence[str]) -> pd.DataFrame:
    """Scores of every component under every model with 95 % intervals: columns model, component, value, low, high."""
    rows = []
    for name, fit in fits.items():
        found = fit.scores
        columns = {"component": list(components), "value": found.value, "low": found.low, "high": found.high}
        rows.append(pd.DataFrame(columns).assign(model=name))
    return pd.concat(rows, ignore_index=True)


def mean_scores(fits: Mapping[object, object], column: str) -> pd.DataFrame:
    """Mean r2 over components of every model with its 95 % interval: columns `column`, value, low, high."""
    found = {name: mean_score(fit) for name, fit in fits.items()}
    return pd.DataFrame([(name, e.value, e.low, e.high) for name, e in found.items()],
                        columns=[column, "value", "low", "high"])  # fmt: skip


def side_by_side(*models: Mapping[str, np.ndarray]) -> np.ndarray:
    """All layers of several models as one, (n, units): units are z-scored, layers of any width weigh the same."""
    every = [x for layers in models for x in layers.values()]
    return np.hstack([(x - x.mean(0)) / (x.std(0) + 1e-9) / np.sqrt(x.shape[1]) for x in every])


def slope_over_steps(course: Mapping[str, int]) -> dict[str, float]:
    """Weights of models whose sum is the slope of a score on the logarithm of (1 + step)."""
    time = np.log1p(np.array(list(course.values()), dtype=float))
    time -= time.mean()
    return dict(zip(course, time / (time**2).sum(), strict=True))


def noise_corrected_voxels(features: np.ndarray, scans: np.ndarray, *, seed: int = 0) -> pd.DataFrame:
    """One analysis before and after its correction for noise: ridge from one half of the sounds to the other.

    Parameters
    ----------
    features : array of shape (n, units)
        One layer.
    scans : array of shape (n, v, n_scans)
        At least three scans; with fewer every column is NaN.
    seed : int
        Of the halves.

    Returns
    -------
    pandas.DataFrame
        (v,) rows: r2 and corrected, medians over the same halves, and ceiling, the r2 of a perfect model.
    """
    if scans.shape[2] < 3:
        return pd.DataFrame(np.nan, index=range(scans.shape[1]), columns=["r2", "corrected", "ceiling"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+ of [0-9]+ penalties are the")  # among thousands of voxels, some are
        found = noise_corrected_r2(features, scans, seed=seed)
    ceiling = split_reliability(scans).mean
    return pd.DataFrame({"r2": np.median(found.r2, axis=0), "corrected": found.value, "ceiling": ceiling})
