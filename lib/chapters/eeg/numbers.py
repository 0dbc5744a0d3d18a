"""What the prose of the EEG chapter quotes: records by name, each saying what it is.

Comes in: what the chapter measured. Goes out: mappings of names to ``Estimate`` (for ``lib.report.say``) and to
sentences, which say on which side of 0 an interval lies, and why something was left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lib.chapters.eeg.evidence import above_chance, by_unit, estimate
from lib.chapters.eeg.threeway import MILLION
from lib.compare import Estimate
from lib.report import words

if TYPE_CHECKING:
    import pandas as pd

    from lib.chapters.eeg.choices import Signs
    from lib.chapters.eeg.scale import Plan
    from lib.chapters.eeg.scores import Scores
    from lib.chapters.eeg.windows import Timed
    from lib.chapters.eeg.words import Words
    from lib.compare.clusters import ClusterTest
    from lib.compare.rankings import Concordance, FamilyAgreement
    from lib.compare.similarity.conditional import BeyondSound
    from lib.compare.similarity.trimodal import TriModal
    from lib.report.claims import Measured


def named(found: Any, about: str, digits: int | None = None) -> Estimate:
    """A quantity of a claim, or anything with an interval, saying what it is."""
    low, high = getattr(found, "low", np.nan), getattr(found, "high", np.nan)
    p, n = getattr(found, "p", np.nan), getattr(found, "n", None)
    return Estimate(found.value, low, high, n, p=p, about=about, digits=digits)


def side(found: Any, of: float = 0) -> str:
    """On which side of a value an interval lies, in words."""
    return f"above {of:g}" if found.low > of else f"below {of:g}" if found.high < of else f"not told apart from {of:g}"


def likeness(
    trained: Mapping[str, Scores], published: Mapping[str, Scores], shuffled: Mapping[str, Scores], main: str
) -> dict[str, Any]:
    """How far the best layer is above chance; with the published distance; and, of one model, against shuffles."""
    best, by_model = above_chance(trained)
    row = by_model.set_index("model").loc[main]
    drift = trained[main].expected.sel(measure="rsa_spearman").mean("layer")
    loose = named(above_chance(shuffled)[0], f"{main}: best layer minus that of shuffles")
    mean = float(trained[main].group.null_mean.sel(measure="rsa_spearman").mean())
    return {
        "main": main,
        "chance": named(best, "best layer above its null, minus that of a draw"),
        "chance_side": side(best),
        "chance_published": named(above_chance(published)[0], "the same with the published distance"),
        "shuffle_excess": loose,
        "main_excess": Estimate(
            row["excess"], n=best.n, p=row["p"], about=f"{main}: best layer minus its null", digits=4
        ),
        "drift": _around(mean, estimate(by_unit(drift).values), f"{main}: mean Spearman RSA that chance gives"),
        "n_draws": trained[main].group.draws.sizes["draw"],
    }


def _around(value: float, spread: Measured, about: str) -> Estimate:
    """A value with an interval as wide as that of the same quantity by unit."""
    low, high = value - (spread.value - spread.low), value + (spread.high - spread.value)
    return Estimate(value, low, high, spread.n, about=about)


def signs(found: Signs) -> dict[str, Estimate]:
    """How far signs alone move a score, and how far scores of excerpts differ."""
    from scipy.stats import chi2

    by_piece = found.draws.groupby("piece")
    low, high = (by_piece["value"].quantile(q) for q in (0.025, 0.975))
    n, apart = len(low), float(by_piece["convention"].first().std())
    ends = apart * np.sqrt((n - 1) / chi2.ppf([0.975, 0.025], n - 1))  # of a standard deviation, by normal theory
    about = "width of the middle 95 % of scores over sign patterns, mean over excerpts"
    between = "standard deviation of the convention's score over excerpts"
    return {
        "sign_range": named(estimate((high - low).values), about, digits=3),
        "sign_between": Estimate(apart, *ends, n, digits=3, about=between),
        "sign_frames": Estimate(found.components + 1, digits=0, about="frames up to which there is no geometry"),
    }


def depths(split: Mapping[str, Measured], published: Mapping, raw: Mapping) -> dict[str, Any]:
    """Where dependence and rank measures peak, and whether peaks hold up."""
    about = "depth of the peak, dependence minus rank measures"
    gains = {
        f"gain_{family}": f"chosen layer minus mean layer, held out, {family}" for family in ("rank", "dependence")
    }
    return {
        "depth": named(split["depth"], about),
        "depth_side": side(split["depth"]),
        "depth_published": named(published["depth"], f"{about}, published values"),
        "depth_raw": named(raw["depth"], f"{about}, raw values"),
        **{name: named(split[name], told) for name, told in gains.items()},
        **{f"{name}_side": side(split[name]) for name in gains},
    }


def rankings(
    agreement: Concordance, families: FamilyAgreement, differ: Estimate, noise: pd.DataFrame
) -> dict[str, Estimate]:
    """Whether measures rank models alike, and whether families of measures do."""
    drawn = {"noise_split": "the split of families", "noise_w": "Kendall's W"}
    by_noise = {name: _drawn(noise[name.removeprefix("noise_")], told) for name, told in drawn.items()}
    by_noise["noise_split"] = replace(by_noise["noise_split"], p=p_split(families, noise))
    w = agreement.without["w"]
    return by_noise | {
        "w": named(agreement.w, "Kendall's W"),
        "w_null": Estimate(agreement.null_mean, about="mean W of random rankings", digits=2),
        "w_least": Estimate(w.min(), about="smallest W with one measure left out", digits=2),
        "w_most": Estimate(w.max(), about="largest W with one measure left out", digits=2),
        "split": named(families.split, "Kendall's tau within minus between families"),
        "differ": named(differ, "Kendall's tau over halves, a measure with itself minus with others"),
        "p_split": Estimate(p_split(families, noise), about="share of draws that split by as much", digits=2),
        "within": Estimate(families.within, about="Kendall's tau within families", digits=2),
        "between": Estimate(families.between, about="Kendall's tau between families", digits=2),
    }


def p_split(families: FamilyAgreement, noise: pd.DataFrame) -> float:
    """How often draws of the null split into families by as much as the data."""
    return (int((noise["split"] >= families.split.value).sum()) + 1) / (len(noise) + 1)


def _drawn(values: pd.Series, about: str) -> Estimate:
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(values.mean(), low, high, len(values), about=f"{about} in draws of the null, middle 95 %", digits=2)


def training(against: Mapping[str, Measured], alone: Mapping[str, Measured], best: Measured) -> dict[str, Any]:
    """What training adds, over whole pieces and before their ends, and what is left of likeness there."""
    others = {"untrained": "untrained twins", "envelope": "the envelope of the sound"}
    out: dict[str, Any] = {"alone": named(best, "best layer before any piece ends, minus that of a draw")}
    out["alone_side"] = side(best)
    for key, told in others.items():
        out[f"beyond_{key}"] = named(against[key], f"Spearman RSA, trained minus {told}")
        out[f"beyond_{key}_side"] = side(against[key])
        out[f"alone_{key}"] = named(alone[key], f"the same before any piece ends, trained minus {told}")
    return out


def timing(timed: Timed) -> dict[str, Any]:
    """Whether 250 to 500 ms stand out."""
    contrast, above = timed.contrasts["contrast"], timed.contrasts["shift"]
    return {
        "late": named(contrast, "Spearman RSA, 250 to 500 ms minus the windows apart from it"),
        "late_side": side(contrast),
        "late_shift": named(above, "the same minus its null"),
    }


def clusters(found: ClusterTest | None) -> str:
    """The least likely cluster of electrodes and windows, in a sentence; or why none was looked for."""
    if found is None:
        return "Statistics over the scalp are left out: they need electrodes on it, and at least six listeners."
    if not len(found.clusters):
        return "No electrodes and windows form a cluster."
    p = words.p_value(float(found.clusters["p"].min()), found.n_permutations)
    return f"The least likely cluster of electrodes and windows has {p}, over {found.n_permutations} flips of signs."


def late_response(found: Words | str) -> dict[str, Any]:
    """The late response to words and its change, in numbers and in a sentence."""
    if isinstance(found, str) or not found.study.many:
        why = found if isinstance(found, str) else next(iter(found.claimed.values()))
        return {"words_told": f"This part can't be tested here: {why}."}
    parts, study = found.measured, found.study
    about = {"late": "other lags minus 250 to 500 ms, response to a word (µV)",
             "mean": "mean response to a word from 250 to 500 ms (µV)",
             "change": "the late response, other sentences minus negative ones (µV)"}  # fmt: skip
    there = parts["late"].low > 0 and parts["mean"].high < 0
    told = f"""
    Over the back of the head the response to a word is {_told(parts["mean"])} µV from 250 to 500 ms, and
    {_told(parts["late"])} µV more negative there than at other lags: a late negativity is
    **{"found" if there else "not found"}**. In sentences that are not negative it is {_told(parts["change"])} µV
    larger: that negative sentences weaken it is **{"found" if parts["change"].low > 0 else "not found"}**. Negative are
    sentences that {"the recording itself calls so" if found.told else "are in the group of lowest valence, above"}.
    Intervals are over {study.counted(0)}."""
    records = {f"word_{key}": named(parts[key], text) for key, text in about.items()}
    return records | {"words_told": " ".join(told.split())}


def _told(found: Measured) -> str:
    fine = words.digits(found.value, found.low, found.high)
    return f"{words.number(found.value, fine)} ({words.interval(found, fine)})"


def prosody(claimed: Mapping[str, Measured] | str) -> dict[str, Any]:
    """How the group of lowest valence differs from the rest, in numbers and in a sentence."""
    if isinstance(claimed, str):
        return {"affect_told": f"This part can't be tested here: {claimed}."}
    about = {"rank": "Spearman RSA", "dependence": "mean of distance correlation and linear CKA"}
    endings = {"": "", "_ablated": ", energy and duration fitted beside the group"}
    records = {
        f"affect_{key}{ending}": named(claimed[f"{key}{ending}"], f"lowest valence minus the rest, {told}{beside}")
        for key, told in about.items()
        for ending, beside in endings.items()
    }
    told = f"""
    The group of lowest valence differs from the rest by {_told(claimed["rank"])} in Spearman RSA, which is
    {side(claimed["rank"])}, and by {_told(claimed["dependence"])} in dependence (distance correlation and linear CKA),
    which is {side(claimed["dependence"])}. With energy and duration fitted beside the group these are
    {_told(claimed["rank_ablated"])} and {_told(claimed["dependence_ablated"])}."""
    return records | {"affect_told": " ".join(told.split())}


def three_ways(product: Measured, failure: TriModal) -> dict[str, Any]:
    """The product of three squared correlations minus that with a pair broken, in millionths."""
    scaled = Estimate(
        MILLION * product.value, MILLION * product.low, MILLION * product.high, product.n, p=product.p,
        about="product of squares minus that with one pair broken, in millionths",
    )  # fmt: skip
    apart, p = (float(x.sel(score="product")) for x in (failure.observed, failure.p_all))
    about = "product of squares where sound and model have nothing in common"
    return {
        "product": scaled,
        "product_side": side(product),
        "failure_product": Estimate(apart, n=failure.n, p=p, about=about, digits=4),
    }


def beside_sound(left: BeyondSound, twin: BeyondSound, things: str) -> dict[str, Any]:
    """What brain and model share once the described sound is taken out of both."""
    about = "likeness (linear CKA) of brain and {} once the sound is taken out"
    brain, model = left.brain_explained, left.model_explained
    shares = {"brain_by_sound": brain, "model_by_sound": model}
    fitted = "share of variance that the sound accounts for"
    return {
        "given": named(left, about.format("model")),
        "given_side": side(left),
        "given_twin": named(twin, about.format("untrained twin")),
        "given_twin_side": side(twin),
        **{name: Estimate(value, n=left.n, digits=2, about=fitted) for name, value in shares.items()},
        "by_sound_told": f"{words.share(brain)} of the variance of the brain's responses and {words.share(model)} of "
        f"that of the model, in the {left.n} {things} that they were fitted to",
    }


def work(plan: Plan) -> dict[str, Any]:
    """How long one unit takes on this machine, and the whole."""
    gpu = "This machine has no GPU, so nothing is said of one."
    if plan.gpu:
        gpu = f"On this machine's GPU ({plan.gpu}) it is {plan.hours['cuda']:.1f} h."
    return {
        "hours": Estimate(plan.hours["cpu"], digits=0, about="hours for the paper's scale, extrapolated"),
        "unit_seconds": Estimate(plan.seconds["cpu"], digits=2, about="seconds for one unit"),
        "work_told": f"One unit took {plan.seconds['cpu']:.1f} s, timed once; the whole would take "
        f"{plan.hours['cpu']:.0f} h. {gpu}",
    }
