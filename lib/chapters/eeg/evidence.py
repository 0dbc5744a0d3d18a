"""What the EEG chapter measures for the claims of arXiv 2601.16540, from similarities by sentence.

Comes in: ``Scores`` of models (``lib.chapters.eeg.scores``) and similarity in windows of time. Goes out: tables, and
quantities with intervals for ``lib.report.claims``. Intervals are over listeners where there are enough of them, else
over sentences or sounds. A layer is chosen on other sentences than those it is scored on, but for ``above_chance``,
whose null chooses the best of every draw as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.chapters.eeg.material import Heard, Piece
from lib.chapters.eeg.scores import Scores
from lib.compare import MEASURES, kendall_w, sliding_windows, split_peaks, tri_modal, window_scores
from lib.compare.similarity.nulls import ROUNDING
from lib.compare.word_responses import LATE
from lib.ground import WrongUse
from lib.report.claims import Measured

if TYPE_CHECKING:
    import xarray as xr

    from lib.compare.similarity.conditional import BeyondSound
    from lib.models import Activations

ENOUGH = 5
"""Listeners from which on intervals are over listeners."""
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


def _p(draws: np.ndarray, observed: float) -> float:
    return (int((draws >= observed - ROUNDING).sum()) + 1) / (len(draws) + 1)


# ---- windows of time ----


def windows(width: float, *, step: float = 0.05) -> dict[str, tuple[float, float]]:
    """Sliding windows of one width from 0 to 800 ms, or so far that one starts at 500 ms."""
    return sliding_windows(max(0.8, 0.5 + width), width=width, step=step)


def late_windows(spans: Mapping[str, tuple[float, float]]) -> tuple[list[str], list[str]]:
    """Windows within 250 to 500 ms (or, where they are longer, around it), and those that share no time with it."""
    first, last, near = *LATE, 1e-6
    within = [name for name, (a, b) in spans.items() if a > first - near and b < last + near]
    around = [name for name, (a, b) in spans.items() if a < first + near and b > last - near]
    late, apart = within or around, [name for name, (a, b) in spans.items() if b < first + near or a > last - near]
    if not late or not apart:
        raise WrongUse("no window of this width lies within (or around) 250 to 500 ms, or none apart from it.")
    return late, apart


def windowed(
    frames: Mapping[str, Activations],
    layers: Mapping[str, str],
    heard: Heard,
    parts: Sequence[Piece],
    spans: Mapping,
    *,
    seed: int = 0,
    **how: Any,
) -> dict[str, xr.DataArray]:
    """Spearman similarity of every channel in every window after a piece's onset, by piece.

    Parameters
    ----------
    frames, heard, parts
        As for ``eeg.items``.
    layers : mapping of str to str
        By piece, which layer to take (``held_out_layers``); pieces without one are left out.
    spans : mapping
        Windows (``windows``).
    **how
        Of ``window_scores``.

    Returns
    -------
    dict of str to xarray.DataArray
        observed and expected (mean of draws), both (sentence, subject, window, channel).
    """
    import xarray as xr

    found, names, last = [], [], max(stop for _, stop in spans.values())
    for number, piece in enumerate(parts):
        if piece.name not in layers:
            continue
        one, times, layer = frames[piece.stimulus], heard.times[piece.stimulus], layers[piece.name]
        clock = one.times[layer]
        near = (clock >= piece.start - 1e-9) & (clock < piece.start + last + 0.1) & (clock <= times[-1])
        if near.sum() < 6:
            continue
        what = (
            [one.layers[layer][near]],
            clock[near] - piece.start,
            heard.values[piece.stimulus],
            times - piece.start,
        )
        result = window_scores([what], spans, seed=seed * 100_003 + number, **how)
        parts_of = {"observed": result.observed, "expected": result.draws.mean("draw")}
        found.append(xr.Dataset(parts_of).isel(layer=0, drop=True).assign_coords(channel=list(heard.channels)))
        names.append(piece.name)
    if not found:
        raise WrongUse("no piece lasts long enough for windows of time.")
    joined = xr.concat(found, pd.Index(names, name="sentence"))
    return {name: joined[name] for name in ("observed", "expected")}


def late_contrast(scores: xr.DataArray, spans: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Mean of the windows in 250 to 500 ms minus that of those apart, all of one width, mean over channels: by unit."""
    late, apart = late_windows(spans)
    course = by_unit(scores.mean("channel"))
    return (course.sel(window=late).mean("window") - course.sel(window=apart).mean("window")).values


# ---- how it was said ----


def mean_excess(models: Mapping[str, Scores]) -> xr.DataArray:
    """Held-out excess, mean over models: (sentence, measure, subject), of the sentences that all models have."""
    import xarray as xr

    parts = [held_out(one) for one in models.values()]
    common = [s for s in parts[0].sentence.values if all(s in part.sentence.values for part in parts)]
    return xr.concat([part.sel(sentence=common) for part in parts], "model").mean("model")


def group_table(scores: xr.DataArray, labels: pd.Series) -> pd.DataFrame:
    """Scores (sentence, measure, subject) by unit, group and measure, for ``lib.compare.compare_groups``."""
    unit, group = unit_of(scores), labels.loc[scores.sentence.values].to_numpy()
    frame = scores.assign_coords(group=("sentence", group)).to_dataframe("value").reset_index()
    keys = ["measure", "group", unit]
    return frame.groupby(keys, sort=False, as_index=False)["value"].mean().rename(columns={unit: "unit"})


def group_effects(scores: xr.DataArray, low: pd.Series, nuisances: pd.DataFrame | None = None) -> pd.DataFrame:
    """Sentences of one group minus the rest, by measure, over sentences; nuisances are fitted together with the group.

    Whatever sets two groups of sentences apart does so in all listeners alike, so the interval is over sentences, of
    the mean over listeners. A group that follows its nuisances closely has a wide interval, not a small difference.

    Parameters
    ----------
    scores : DataArray (sentence, measure, subject)
    low : Series of bool
        By sentence, which belong to the group.
    nuisances : DataFrame (sentence, nuisance), optional

    Returns
    -------
    pandas.DataFrame
        Columns measure, difference, low, high, p (Student's t), n (sentences) and d (the difference over the residual
        standard deviation); besides the measures, ``rank`` (Spearman RSA) and ``dependence`` (the mean of distance
        correlation and linear CKA).
    """
    from statsmodels.regression.linear_model import OLS

    values = scores.mean("subject").to_pandas()  # sentence, measure
    values["rank"], values["dependence"] = values["rsa_spearman"], values[["dcor", "cka_linear"]].mean(axis=1)
    design = pd.DataFrame({"mean": 1.0, "group": low.loc[values.index].astype(float)})
    if nuisances is not None:
        chosen = nuisances.loc[values.index]
        design = design.join((chosen - chosen.mean()) / chosen.std())
    if len(design) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        raise WrongUse(
            f"{len(design)} sentences cannot tell the group from {design.shape[1] - 2} nuisances: take more."
        )
    fits = {measure: OLS(values[measure], design).fit() for measure in values}
    rows = [
        (name, fit.params["group"], *fit.conf_int().loc["group"], fit.pvalues["group"], len(values))
        for name, fit in fits.items()
    ]
    table = pd.DataFrame(rows, columns=["measure", "difference", "low", "high", "p", "n"])
    return table.assign(d=[fit.params["group"] / np.sqrt(fit.scale) for fit in fits.values()])


def as_measured(row: pd.Series) -> Measured:
    """A row of ``group_effects`` as a quantity of a claim."""
    return Measured(value=row["difference"], low=row["low"], high=row["high"], n=int(row["n"]), p=row["p"])


def consistency(found: Any, score: str = "product") -> Measured:
    """Tri-modal consistency minus its mean with the pair broken that leaves most, over subjects.

    p is that of the mean over subjects against the pair that is hardest to beat.
    """
    observed, draws = found.observed.sel(score=score), found.draws.sel(score=score)
    units = (observed - draws.mean("draw").max("broken")).values
    p = _hardest_p(observed.mean("subject"), draws.mean("subject"))
    return estimate(units, p=p, draws=draws.sizes["draw"])


def consistency_by_sentence(
    items: Iterable[tuple], name: str, score: str = "product", *, seed: int, **how: Any
) -> Measured:
    """The same over sentences or sounds, for few sets of responses; `how` is that of ``tri_modal``."""
    import xarray as xr

    found = [tri_modal([one], name, seed=seed * 100_003 + k, **how) for k, one in enumerate(items)]
    observed = xr.concat([one.observed.sel(score=score) for one in found], "sentence")
    draws = xr.concat([one.draws.sel(score=score) for one in found], "sentence")
    if "subject" in observed.dims:
        observed, draws = observed.mean("subject"), draws.mean("subject")
    drawn = draws.mean("sentence")
    hardest = draws.isel(broken=int(drawn.mean("draw").argmax("broken"))).mean("draw")
    p = _hardest_p(observed.mean("sentence"), drawn)
    return estimate((observed - hardest).values, p=p, draws=drawn.sizes["draw"])


def given_sound(found: BeyondSound, twin: BeyondSound) -> Measured | str:
    """Likeness of brain and model once the sound is taken out of both, over pieces, or why that can't be told.

    An untrained `twin` is a random function of the sound: if it, too, is more like the brain than chance, the
    descriptions leave out something that the sound does to both.
    """
    if twin.p <= 0.05 and twin.low > 0:
        return (
            f"an untrained twin, a random function of the sound, is like the brain beyond the described sound as well "
            f"({twin.value:.3f}, {twin.low:.3f} to {twin.high:.3f}, n = {twin.n}; the trained model {found.value:.3f}, "
            f"{found.low:.3f} to {found.high:.3f}): the descriptions leave out what drives both"
        )
    p = max(found.p, 1 / (found.n_draws + 1))
    return Measured(value=found.value, low=found.low, high=found.high, n=found.n, p=p, draws=found.n_draws)


def _hardest_p(value: xr.DataArray, draws: xr.DataArray) -> float:
    return float((((draws >= value - ROUNDING).sum("draw") + 1) / (draws.sizes["draw"] + 1)).max())
