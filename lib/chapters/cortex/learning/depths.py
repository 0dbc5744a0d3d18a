"""Layers of models against components, voxels and regions of cortex, and how far noise and other listeners let them go.

Comes in: features of models by layer, and the chapter's material. Goes out: tables by layer, by model and by region,
and ceilings: lower ones from other listeners, upper ones from repeated scans, as far as the recording has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.chapters.cortex.material import Material
from lib.chapters.cortex.places import CENTRES, PRIMARY
from lib.compare import Estimate, aggregate_subjects, listener_ceilings, nested_ridge, rsa_layers, split_reliability

GRID = {"alphas": np.logspace(-6, 4, 21), "extend_alphas": False}
"""Penalties of voxels: no chase beyond the last one for every noisy voxel."""
REGIONS = (PRIMARY, *CENTRES)
"""Parts of auditory cortex in the order in which figures show them."""


def layer_by_layer(features: Mapping[str, Mapping], heard: Material, *, voxels: bool = True) -> pd.DataFrame:
    """How well each layer alone predicts.

    Returns
    -------
    DataFrame
        One row per layer, in the order of each model: model, layer, place (0 for the first), components (mean r2) and
        voxels (median r2, mean over listeners; NaN where not asked for).
    """
    folds, rows = heard.folds.to_numpy(), []
    for model, layers in features.items():
        for place, (layer, x) in enumerate(layers.items()):
            mean = float(nested_ridge({layer: x}, heard.components, folds).r2.mean())
            row = {"model": model, "layer": layer, "place": place, "components": mean, "voxels": np.nan}
            if voxels:
                fit = nested_ridge({layer: x}, heard.measured, folds, **GRID)
                row["voxels"] = aggregate_subjects(fit.r2, heard.owner).value
            rows.append(row)
    return pd.DataFrame(rows)


def arranged(features: Mapping[str, Mapping], heard: Material, draws: int, resamples: int, seed: int) -> dict:
    """``lib.compare.rsa_layers`` of every model's layers, by model."""
    how = {"folds": heard.folds.to_numpy(), "n_permutations": draws, "n_bootstraps": resamples, "seed": seed}
    return {name: rsa_layers(layers, heard.by_listener, **how) for name, layers in features.items()}


def similarity(rsa: Mapping[str, object], heard: Material) -> pd.DataFrame:
    """The best layer of every model in two ways: the largest (optimistic), and chosen on other sounds."""
    rows = []
    for name, found in rsa.items():
        best = found.to_frame().set_index("layer").loc[found.best_layer]
        chosen = float(found.cross_validated.mean())
        rows.append((name, found.best_layer, *best[["value", "low", "high", "p"]], chosen, heard.n))
    columns = ["model", "layer", "value", "low", "high", "p", "cross_validated", "n"]
    return pd.DataFrame(rows, columns=columns)


def with_similarity(layers: pd.DataFrame, rsa: Mapping[str, object]) -> pd.DataFrame:
    """Rows by layer with the correlation of matrices (rho), NaN where none was worked out."""
    rho = {(name, str(layer)): float(value) for name, found in rsa.items()
           for layer, value in found.rho.mean("subject").to_series().items()}  # fmt: skip
    return layers.assign(rho=[rho.get(pair, np.nan) for pair in zip(layers["model"], layers["layer"], strict=True)])


def voxel_scores(features: Mapping[str, Mapping], heard: Material) -> dict[str, np.ndarray]:
    """R2 of every voxel under every model, its layer chosen inside the training folds."""
    folds = heard.folds.to_numpy()
    return {name: nested_ridge(layers, heard.measured, folds, **GRID).r2 for name, layers in features.items()}


def by_voxel(scores: Mapping[str, np.ndarray], heard: Material) -> pd.DataFrame:
    """Median over voxels, mean over listeners, by model and region ("all": of every voxel)."""
    regions = heard.regions
    places = {"all": np.full(heard.owner.size, True)}
    places |= {} if regions is None else {name: regions == name for name in REGIONS}
    rows = []
    for model, r2 in scores.items():
        for place, inside in places.items():
            one = aggregate_subjects(r2[inside], heard.owner[inside])
            rows.append((model, place, one.value, one.low, one.high, one.n, int(inside.sum())))
    return pd.DataFrame(rows, columns=["model", "region", "value", "low", "high", "n", "voxels"])


@dataclass(frozen=True)
class Ceilings:
    """How far any model could go; None where the recording does not say.

    Attributes
    ----------
    listeners : Estimate or None
        Lower: median r2 of a listener's voxels predicted from all voxels of the others, mean over listeners.
    scans : Estimate or None
        Upper: median reliability of the mean over scans, which is the r2 of a perfect model.
    rho_low, rho_high : Estimate or None
        The same two of matrices of dissimilarity.
    """

    listeners: Estimate | None
    scans: Estimate | None
    rho_low: Estimate | None
    rho_high: Estimate | None


def ceilings(heard: Material) -> Ceilings:
    """Ceilings of voxels and of matrices."""
    scans, rho_low, rho_high = None, None, None
    if heard.repeated.shape[2] > 1:
        scans = _over_listeners(split_reliability(heard.repeated).mean, heard, "reliability of the mean over scans")
    if len(heard.voxels) > 1:
        low, high = listener_ceilings(heard.by_listener)
        rho_low, rho_high = (
            _mean(values, about) for values, about in ((low, "matrix of one listener and of the others"),
                                                       (high, "matrix of one listener and of all"))
        )  # fmt: skip
    return Ceilings(_topline(heard), scans, rho_low, rho_high)


def _topline(heard: Material) -> Estimate | None:
    if len(heard.voxels) < 2:
        return None
    folds, by_listener = heard.folds.to_numpy(), heard.by_listener
    r2 = []
    for subject, own in by_listener.items():
        others = np.hstack([voxels for name, voxels in by_listener.items() if name != subject])
        r2.append(nested_ridge({"others": others}, own, folds, **GRID).r2)
    return _over_listeners(np.concatenate(r2), heard, "median voxel r² from the other listeners' voxels")


def _over_listeners(values: np.ndarray, heard: Material, about: str) -> Estimate:
    one = aggregate_subjects(values, heard.owner)
    return Estimate(one.value, one.low, one.high, one.n, about=f"{about}, mean over listeners")


def _mean(values: np.ndarray, about: str) -> Estimate:
    one = aggregate_subjects(values, np.arange(len(values)))
    return Estimate(one.value, one.low, one.high, one.n, about=f"ρ, {about}")
