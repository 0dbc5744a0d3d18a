"""Scores of the cortex chapter: tables of r2 with intervals, of categories, layers and voxels corrected for noise.

Comes in: fits of components by model, steps of training, features, scans of voxels. Goes out: tables that the chapter
prints, draws and keeps.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from lib.compare import correct_p, mean_score, noise_corrected_r2, refitted, split_reliability
from lib.models import load, sound_features
from lib.report import style, words

READABLE = {
    "value": "variance predicted (r²)", "low": "95 % from", "high": "to", "null_mean": "mean by chance",
    "p": "p (of six)",
}  # fmt: skip
"""What columns of scores are called where a page shows them."""


def features_of(names: Iterable[str], sounds: Sequence[tuple[np.ndarray, int]]) -> dict[str, dict[str, np.ndarray]]:
    """Layers of every model, averaged over each sound: {model: {layer: (sound, unit)}}."""
    return {name: sound_features(load(name), sounds) for name in names}


def fit_all(features: Mapping[str, Mapping], responses: np.ndarray, folds: np.ndarray, *, seed: int = 0) -> dict:
    """``lib.compare.refitted`` for every model, by name."""
    return {name: refitted(layers, responses, folds, seed=seed) for name, layers in features.items()}


def category_shares(between: object, names: Sequence[str]) -> pd.DataFrame:
    """Share of every component's variance that lies between categories, by title (``lib.compare.between_groups``)."""
    columns = {"between categories": between.share, "by chance": between.chance, "95 % by chance": between.chance_high}
    table = pd.DataFrame(columns, index=names).assign(**{"p (of six)": correct_p(between.p).p})
    return table.rename(style.COMPONENT_TITLES)


def extremes(shares: pd.Series) -> dict[str, str]:
    """Which components are most and least a matter of category, in words."""
    told = {"most_by_category": shares.idxmax(), "least_by_category": shares.idxmin()}
    return {key: f"{name.lower()} ({words.share(shares[name])})" for key, name in told.items()}


def layer_sizes(features: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """How many numbers every layer of every model has for a sound."""
    rows = [(model, layer, *x.shape) for model, layers in features.items() for layer, x in layers.items()]
    return pd.DataFrame(rows, columns=["model", "layer", "sounds", "units"]).set_index("model").rename_axis(None)


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


def component_scores(fits: Mapping[str, object], components: Sequence[str]) -> pd.DataFrame:
    """Scores of every component under every model with 95 % intervals: columns model, component, value, low, high."""
    rows = []
    for name, fit in fits.items():
        found = fit.scores
        columns = {"component": list(components), "value": found.value, "low": found.low, "high": found.high}
        rows.append(pd.DataFrame(columns).assign(model=name))
    return pd.concat(rows, ignore_index=True)


def main_scores(scores: pd.DataFrame, model: str, null: object) -> pd.DataFrame:
    """Scores of one model by component, with its null: mean, 95th percentile, and p corrected for the components."""
    mine = scores[scores["model"] == model].set_index("component")
    return mine.assign(null_mean=null.null_mean, null_high=np.quantile(null.draws, 0.95, axis=0), p=null.p_max)


def readable(main: pd.DataFrame, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """`main_scores` as a page shows it, with the published filters beside it where there are any."""
    shown = main[list(READABLE)].rename(columns=READABLE)
    if published is not None:
        shown["published filters"] = published.loc["baseline"]
    return shown.rename(style.COMPONENT_TITLES).rename_axis(None).round(3)


def mean_scores(fits: Mapping[object, object], column: str) -> pd.DataFrame:
    """Mean r2 over components of every model with its 95 % interval: columns `column`, value, low, high."""
    found = {name: mean_score(fit) for name, fit in fits.items()}
    return pd.DataFrame([(name, e.value, e.low, e.high) for name, e in found.items()],
                        columns=[column, "value", "low", "high"])  # fmt: skip


def group_table(group: object) -> pd.DataFrame:
    """Median score of every listener's voxels, from ``lib.compare.aggregate_subjects``."""
    return pd.DataFrame({"subject": group.subjects, "value": group.by_subject, "n": group.n_voxels})


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
