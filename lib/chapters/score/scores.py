"""How well the model predicts, beside what it is set beside: fits, differences, parts of the variance, likeness.

Comes in: ``Heard`` and ``Features``. Goes out: ``Scored``, which holds every number of the page with its interval.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lib.chapters.score.material import Features, Heard
from lib.compare import (
    Estimate,
    contrasts,
    cross_validated_rsa,
    mean_score,
    refitted,
    variance_partition,
)
from lib.compare.encoding.intervals import variance_of

ALPHAS = np.logspace(-4, 4, 17)  # penalties of voxels, many of which nothing predicts: no chase beyond the ends
AT_ONCE = 50  # voxels, which bounds the memory
HALVES = 60  # random halves of the sounds behind the interval of the likeness
MODEL, TWIN, FILTERS, BRAINS = "model", "twin", "filters", "other brains"
TITLES = {MODEL: "the model", TWIN: "its untrained twin", FILTERS: "modulation filters", BRAINS: "other brains"}


@dataclass(frozen=True)
class Scored:
    """Everything that is told of a model.

    Attributes
    ----------
    heard : Heard
    features : Features
    components : dict of str to Estimate
        r² of the components (6,), by who predicts.
    means : dict of str to Estimate
        Mean of the six, by who predicts.
    gains : pandas.DataFrame
        Model minus each of the others: value, low, high, p, corrected for their number; n.
    layers : list of tuple
        For each component the layer that was chosen most often, and the share of training sets that chose it.
    parts : dict of str to Estimate
        What only the model, only the filters, and both explain: of each component (6,) and, under ``"mean ..."``, on
        average. Empty where the model is the filters.
    voxels : Estimate
        Median r² of voxels, mean over listeners.
    n_voxels : int
    likeness : Estimate
        Spearman ρ of dissimilarities, layer cross-validated, mean over listeners.
    """

    heard: Heard
    features: Features
    components: dict
    means: dict
    gains: pd.DataFrame
    layers: list
    parts: dict
    voxels: Estimate
    n_voxels: int
    likeness: Estimate

    @property
    def best(self) -> int:
        """Number of the component that the model predicts best."""
        return int(np.nanargmax(self.components[MODEL].value))

    @property
    def worst(self) -> int:
        """Number of the component that the model predicts worst."""
        return int(np.nanargmin(self.components[MODEL].value))


def fits(heard: Heard, features: Features, *, n_draws: int, seed: int) -> dict:
    """Nested ridge of the components by who predicts, with what intervals need; of twins a list."""
    how = {"responses": heard.components, "folds": heard.folds, "n_draws": n_draws, "seed": seed}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty")
        found = {MODEL: refitted(features.model, **how)}
        if features.twins:
            found[TWIN] = [refitted(layers, **how) for layers in features.twins]
        for name, layers in ((FILTERS, features.filters), (BRAINS, features.electrodes)):
            if layers:
                found[name] = refitted(layers, **how)
    return found


def gains(fitted: Mapping, *, seed: int) -> pd.DataFrame:
    """Model minus each of the others: differences of mean r², as one family."""
    family = {name: {MODEL: 1.0, name: -1.0} for name in fitted if name != MODEL}
    columns = {"value": "value", "low_family": "low", "high_family": "high", "p_family": "p", "n": "n"}
    if not family:
        return pd.DataFrame(columns=list(columns.values()))
    return contrasts(fitted, family, seed=seed).to_frame()[list(columns)].rename(columns=columns)


def parts(heard: Heard, features: Features, *, n_draws: int, seed: int) -> dict[str, Estimate]:
    """What only the model, only the filters, and both explain of each component, and on average."""
    if not features.filters:
        return {}
    sets = {MODEL: features.model, FILTERS: features.filters}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty")
        found = variance_partition(sets, heard.components, heard.folds, n_draws=n_draws, seed=seed)
    return found.parts | {f"mean {name}": one for name, one in found.mean.items()}


def chosen_layers(fit) -> list[tuple[str, float]]:
    """Layer that the training folds chose most often for each component, and the share that did."""
    counted = [pd.Series(column).value_counts(normalize=True) for column in fit.fit.layer.T]
    return [(str(one.index[0]), float(one.iloc[0])) for one in counted]


def median_voxel(layers: Mapping, responses: np.ndarray, owner: np.ndarray, folds: np.ndarray, **how) -> Estimate:
    """Median r² over a listener's voxels, mean over listeners, with a 95 % interval over sounds.

    Every sound leaves training and test in turn, and layer and penalty are chosen again on sounds that are drawn; the
    median is taken each time. What pairs of sounds do together is left in, so that the interval is rather too wide.

    Parameters
    ----------
    layers, folds
        As for ``refitted``.
    responses : array (sound, voxel)
    owner : array (voxel,)
        Whose each voxel is.
    **how
        ``n_draws`` and ``seed``.
    """
    from scipy import stats

    moved = []
    for start in range(0, responses.shape[1], AT_ONCE):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "the penalty sits at|no layer and penalty")
            some = refitted(
                layers, responses[:, start : start + AT_ONCE], folds, ALPHAS, extend_alphas=False, **how
            )  # fmt: skip
        moved.append([some.r[None], some.deleted, some.choices])
    whole, deleted, choices = (_median(np.hstack(kind), owner) for kind in zip(*moved, strict=True))
    n = len(responses)
    none = np.zeros((n, n, 1))
    se = float(np.sqrt(variance_of(deleted[:, None], none, choices[:, None], folds)[0, 0]))
    value, half = float(whole[0]), float(stats.t.ppf(0.975, n - 1)) * se
    return Estimate(value, max(0.0, value - half), value + half, n, 0.95, "jackknife with choices")


def _median(r: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Median r² over each listener's voxels, mean over listeners, of every row of correlations (row, voxel)."""
    r2 = np.clip(r, 0, None) ** 2
    return np.mean([np.nanmedian(r2[:, owner == listener], axis=1) for listener in np.unique(owner)], axis=0)


def likeness(layers: Mapping, patterns: Mapping, folds: np.ndarray, *, seed: int, halves: int = HALVES) -> Estimate:
    """Spearman ρ of dissimilarities, the layer cross-validated, mean over listeners, with a 95 % interval over sounds.

    The interval is a jackknife that leaves out half of the sounds, drawn within folds: the spread over halves stands
    for that of the whole set (Shao and Wu 1989, Annals of Statistics 17: 1176).
    """
    rng = np.random.default_rng(seed)
    value = _rho(layers, patterns, folds, np.arange(len(folds)))
    drawn = [_rho(layers, patterns, folds, _half(folds, rng)) for _ in range(halves)]
    half = 1.96 * float(np.std(drawn, ddof=1))
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), len(folds), 0.95, "delete-half jackknife")


def _rho(layers: Mapping, patterns: Mapping, folds: np.ndarray, kept: np.ndarray) -> float:
    some = {name: x[kept] for name, x in layers.items()}
    rho, _ = cross_validated_rsa(some, {who: y[kept] for who, y in patterns.items()}, folds[kept])
    return float(rho.mean())


def _half(folds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    own = [rng.permutation(np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    return np.sort(np.concatenate([fold[: len(fold) // 2] for fold in own]))


def scored(heard: Heard, features: Features, fitted: Mapping, *, voxels: int, n_draws: int, seed: int) -> Scored:
    """All that is told of a model, from the fits of its components."""
    responses, owner = heard.voxels(voxels)
    how = {"n_draws": n_draws, "seed": seed}
    return Scored(
        heard,
        features,
        {name: _mean_of(fit, "scores") if isinstance(fit, list) else fit.scores for name, fit in fitted.items()},
        {name: mean_score(fit) for name, fit in fitted.items()},
        gains(fitted, seed=seed),
        chosen_layers(fitted[MODEL]),
        parts(heard, features, **how),
        median_voxel(features.model, responses, owner, heard.folds, **how),
        len(owner),
        likeness(features.model, heard.patterns(), heard.folds, seed=seed),
    )


def _mean_of(twins: list, what: str) -> Estimate:
    """Scores of the components, value and ends averaged over twins."""
    every = [getattr(fit, what) for fit in twins]
    ends = {end: np.mean([getattr(one, end) for one in every], axis=0) for end in ("value", "low", "high")}
    return replace(every[0], **ends)


def one(found: Estimate, place: int) -> Estimate:
    """Estimate of one of several responses."""
    return replace(found, value=float(found.value[place]), low=float(found.low[place]), high=float(found.high[place]))
