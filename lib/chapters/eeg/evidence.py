"""What the EEG chapter measures of layers and models for the claims of arXiv 2601.16540, from similarities by sentence.

Comes in: ``Scores`` of models (``lib.chapters.eeg.scores``). Goes out: tables, and quantities with intervals for
``lib.report.claims``. Intervals are over listeners where there are enough of them, else
over sentences or sounds. A layer is chosen on other sentences than those it is scored on, but for ``above_chance``,
whose null chooses the best of every draw as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.chapters.eeg.material import ENOUGH, title
from lib.chapters.eeg.scores import Scores
from lib.compare import MEASURES, kendall_w, split_peaks
from lib.compare.similarity.nulls import ROUNDING
from lib.report.claims import Measured

if TYPE_CHECKING:
    import xarray as xr

RANKS = tuple(name for name, one in MEASURES.items() if one.family == "rank")
SHARED = ("dcor", "mi", "cka_linear", "cka_rbf")
"""Dependence measures, each once: rv is cka_linear."""


def unit_of(array: xr.DataArray) -> str:
    """What intervals are over: ``subject`` or ``sentence``."""
    return "subject" if array.sizes["subject"] >= ENOUGH else "sentence"


def by_unit(array: xr.DataArray) -> xr.DataArray:
    """Mean over sentences, or over subjects where there are few: (unit, ...), a missing sentence left out."""
    unit = unit_of(array)
    return array.mean("sentence" if unit == "subject" else "subject").rename({unit: "unit"}).transpose("unit", ...)


def estimate(units: Sequence[float], *, p: float = np.nan, draws: int = 0) -> Measured:
    """Mean with its Student's t interval; `p` is that of a null of `draws`, else of the t test against 0."""
    from scipy import stats

    units = np.asarray(units, dtype=np.float64)
    units = units[np.isfinite(units)]
    test = stats.ttest_1samp(units, 0)
    low, high = test.confidence_interval(0.95)
    p = float(test.pvalue) if np.isnan(p) else p
    return Measured(value=float(units.mean()), low=float(low), high=float(high), n=len(units), p=p, draws=draws)


def held_out(scores: Scores) -> xr.DataArray:
    """Excess of the layer that is best on the other half of the sentences, (sentence, measure, subject).

    Odd sentences choose for even ones and the reverse, measure by measure, on the mean over subjects.
    """
    import xarray as xr

    excess, out = scores.excess, []
    for half in (0, 1):
        mine = excess.isel(sentence=slice(half, None, 2))
        other = excess.isel(sentence=slice(1 - half, None, 2)).mean(["sentence", "subject"])
        best = other.argmax("layer") if other.sizes["layer"] > 1 else xr.zeros_like(other.isel(layer=0), dtype=int)
        out.append(mine.isel(layer=best.drop_vars("layer", errors="ignore")).drop_vars("layer", errors="ignore"))
    order = list(excess.sentence.values)
    return xr.concat(out, "sentence").sel(sentence=order).transpose("sentence", "measure", "subject")


def held_out_layers(scores: Scores, measure: str = "rsa_spearman") -> dict[str, str]:
    """Layer of every sentence that is best, beyond its null, on the other half of the sentences (``held_out``)."""
    excess, out = scores.excess.sel(measure=measure), {}
    for half in (0, 1):
        best = excess.isel(sentence=slice(1 - half, None, 2)).mean(["sentence", "subject"]).idxmax("layer").item()
        out |= dict.fromkeys(excess.sentence.values[half::2].tolist(), str(best))
    return out


def peaks(
    scores: Scores, model: str, *, raw: bool = False, n_splits: int = 20, n_draws: int = 500, seed: int = 0
) -> pd.DataFrame:
    """Where each measure peaks in depth, beyond its null, by unit: columns model, unit, measure, family, depth, gain.

    Layers differ in what their null gives, and that difference is the same in both halves: `raw` values, as published,
    peak and hold up in noise. Units are listeners, or (where there are few) bootstrap draws of sentences, whose spread
    is that of the mean.
    """
    excess = (scores.observed if raw else scores.excess).transpose("sentence", "layer", "measure", "subject")
    depths, names, rows = np.linspace(0, 1, excess.sizes["layer"]), list(excess.measure.values), []
    if unit_of(excess) == "subject":
        units = [(str(s), excess.sel(subject=s).values, {"n_splits": n_splits}) for s in excess.subject.values]
    else:
        mean = excess.mean("subject").values
        units = [("all", mean, {"n_splits": n_splits})]
        units += [(f"draw {k}", mean, {"n_splits": 4, "redraw": True, "seed": (seed, k)}) for k in range(n_draws)]
    for unit, values, how in units:
        found = split_peaks(values, depths, **{"seed": seed} | how)
        for k, name in enumerate(names):
            rows.append((model, unit, str(name), MEASURES[str(name)].family, found.depth[k], found.gain[k]))
    return pd.DataFrame(rows, columns=["model", "unit", "measure", "family", "depth", "gain"])


def all_peaks(models: Mapping[str, Scores], **how: Any) -> pd.DataFrame:
    """``peaks`` of several models in one table."""
    return pd.concat([peaks(one, name, **how) for name, one in models.items()], ignore_index=True)


def split_in_depth(table: pd.DataFrame, n_stimuli: int) -> dict[str, Measured]:
    """Depth of dependence minus rank, and gains of both on other stimuli, from ``all_peaks``: parts of the claim."""
    return {key: of_units(units, n_stimuli) for key, units in family_difference(table).items()}


def raw_split(models: Mapping[str, Scores], n_stimuli: int, seed: int) -> dict[str, Measured]:
    """``split_in_depth`` of raw values, as published: layers differ in what chance gives, in either half alike."""
    return split_in_depth(all_peaks(models, raw=True, seed=seed), n_stimuli)


def family_difference(table: pd.DataFrame) -> pd.DataFrame:
    """By unit, mean over models and measures: depth of the peak of dependence minus rank measures, and both gains."""
    kept = table[table["measure"].isin([*RANKS, *SHARED])]
    wide = kept.groupby(["unit", "family"], sort=False)[["depth", "gain"]].mean().unstack("family")
    return pd.DataFrame({
        "depth": wide["depth"]["dependence"] - wide["depth"]["rank"],
        "gain_rank": wide["gain"]["rank"],
        "gain_dependence": wide["gain"]["dependence"],
    })  # fmt: skip


def of_units(units: pd.Series, n_stimuli: int) -> Measured:
    """Mean over listeners with its interval; where units are draws of stimuli, the value of all with that of the draws.

    It reaches as far to either side as the farther of two percentiles: draws of fewer stimuli see less of a peak
    (``split_peaks``), and the nearer says nothing of how large a difference may be. It rests on `n_stimuli`.
    """
    if "all" not in units.index:
        return estimate(units.to_numpy())
    value, draws = float(units["all"]), units.drop("all").to_numpy()
    reach = float(np.abs(np.quantile(draws, [0.025, 0.975]) - value).max())
    return Measured(value=value, low=value - reach, high=value + reach, n=n_stimuli)


def peak_intervals(table: pd.DataFrame, n_stimuli: int) -> pd.DataFrame:
    """Depth of the peak of each measure in each model with its interval (``of_units``), from ``peaks`` of all models.

    Returns
    -------
    pandas.DataFrame
        Columns model, measure, depth, low, high, n, in the order of the table.
    """
    rows = []
    for (model, measure), part in table.groupby(["model", "measure"], sort=False):
        found = of_units(part.set_index("unit")["depth"], n_stimuli)
        rows.append((model, measure, found.value, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["model", "measure", "depth", "low", "high", "n"])


def model_scores(models: Mapping[str, Scores]) -> xr.DataArray:
    """Held-out excess of every model, (unit, model, measure)."""
    import xarray as xr

    parts = {name: by_unit(held_out(one)) for name, one in models.items()}
    common = set.intersection(*(set(part.unit.values.tolist()) for part in parts.values()))
    order = [u for u in next(iter(parts.values())).unit.values.tolist() if u in common]
    joined = xr.concat([part.sel(unit=order) for part in parts.values()], pd.Index(list(parts), name="model"))
    return joined.transpose("unit", "model", "measure")


def against(table: xr.DataArray, trained: Sequence[str], twins: Sequence[str], measure: str = "rsa_spearman") -> dict:
    """Trained minus untrained, and trained minus envelope, from held-out scores (``model_scores``)."""
    held = table.sel(measure=measure)
    learnt = held.sel(model=list(trained)).mean("model")
    others = {"untrained": held.sel(model=list(twins)).mean("model"), "envelope": held.sel(model="envelope")}
    return {key: estimate((learnt - other).values) for key, other in others.items()}


def beyond_chance(panels: Sequence[tuple[xr.DataArray, str, str]], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Held-out scores of every model with intervals, for several tables, measures and nulls in words.

    Parameters
    ----------
    panels : sequence of (array (unit, model, measure), str, str)
        Scores, a measure, and beyond what.
    kinds : mapping of str to str
        By model: trained, untrained or envelope.

    Returns
    -------
    pandas.DataFrame
        Columns model, kind, measure, window (beyond what), value, low, high, n, p.
    """
    rows = []
    for (table, measure, window), (name, kind) in product(panels, kinds.items()):
        found = estimate(table.sel(model=name, measure=measure).values)
        rows.append((name, kind, measure, window, found.value, found.low, found.high, found.n, found.p))
    return pd.DataFrame(rows, columns=["model", "kind", "measure", "window", "value", "low", "high", "n", "p"])


def noise_rankings(models: Mapping[str, Scores]) -> pd.DataFrame:
    """What rankings of models look like where every model's scores are one draw of its null: one row a draw.

    Measures see the same noise alike, those of a family most, so that they agree on rankings of models that have
    nothing to rank. Draws are averaged over layers: no sentence by sentence draws are kept that could choose one.

    Returns
    -------
    pandas.DataFrame
        Columns split (Kendall's tau within minus between families) and w (Kendall's W of all eight measures).
    """
    families, everything = [*RANKS, *SHARED], list(MEASURES)
    groups = {name: one.group for name, one in models.items()}
    above = {name: (g.draws - g.null_mean).mean("layer") for name, g in groups.items()}
    same = np.array([[(a in RANKS) == (b in RANKS) for a in families] for b in families])
    upper, rows = np.triu(np.ones_like(same), 1).astype(bool), []
    for draw in range(min(x.sizes["draw"] for x in above.values())):
        table = pd.DataFrame({name: x.isel(draw=draw).sel(measure=everything).values for name, x in above.items()}).T
        tau = table.set_axis(everything, axis=1)[families].corr("kendall").to_numpy()
        w = float(kendall_w(table.to_numpy()))
        rows.append((np.nanmean(tau[upper & same]) - np.nanmean(tau[upper & ~same]), w))
    return pd.DataFrame(rows, columns=["split", "w"])


def above_chance(models: Mapping[str, Scores], measure: str = "rsa_spearman") -> tuple[Measured, pd.DataFrame]:
    """Best of all layers of all models against the best of each draw, and the same model by model.

    Layers differ in what chance gives them: slow frames are like any slow response. The best layer is the one furthest
    above its own null, in the data and in every draw. P-values count draws around the mean of all of them and the
    observed value, which no pairing changes; so the test stays exact. How far above is told against unrelated pairs
    (``null_mean``), in which the observed one has no part, minus how far the best layer of a draw is.

    Returns
    -------
    Measured
        Value and p of the mean over everybody, interval over units.
    pandas.DataFrame
        By model: layer, value, null_mean, excess, p (corrected over its layers).
    """
    rows, observed, draws, beyond, each = [], [], [], [], []
    for name, one in models.items():
        row, drawn, mean = (x.sel(measure=measure) for x in (one.group.observed, one.group.draws, one.group.null_mean))
        middle = (drawn.sum("draw") + row) / (drawn.sizes["draw"] + 1)
        where = str((row - middle).idxmax().values)
        best, drawn = float((row - middle).max()), (drawn - middle).max("layer").values
        above = float(row.sel(layer=where) - mean.sel(layer=where))
        rows.append((name, where, float(row.sel(layer=where)), float(mean.sel(layer=where)), above, _p(drawn, best)))
        observed.append(best)
        draws.append(drawn)
        beyond.append(above)
        each.append(by_unit(one.excess.sel(measure=measure, layer=where)))
    top, null = int(np.argmax(observed)), np.max(draws, axis=0)
    spread, value = estimate(each[top].values), beyond[top] - null.mean()
    low, high = value - (spread.value - spread.low), value + (spread.high - spread.value)
    columns = ["model", "layer", "value", "null_mean", "excess", "p"]
    return Measured(
        value=value, low=low, high=high, n=spread.n, p=_p(null, observed[top]), draws=len(null)
    ), pd.DataFrame(rows, columns=columns)


def shown_models(by_model: pd.DataFrame) -> pd.DataFrame:
    """The table of ``above_chance`` for reading."""
    table = by_model.assign(model=by_model["model"].map(title)).set_index("model").rename_axis(None)
    names = {"layer": "best layer", "value": "Spearman RSA", "null_mean": "chance", "excess": "above chance"}
    return table.round({"value": 3, "null_mean": 3, "excess": 3, "p": 3}).rename(columns=names)


def _p(draws: np.ndarray, observed: float) -> float:
    return (int((draws >= observed - ROUNDING).sum()) + 1) / (len(draws) + 1)
