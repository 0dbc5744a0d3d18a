"""How sentences are said: groups of sentences by their prosody, and whether likeness differs between them.

Comes in: a recording of connected speech and the scores of models. Goes out: acoustic proxies of arousal and valence,
groups of sentences, and what sets one group apart, with its intervals. The names of groups are those of an acoustic
proxy: nobody rated anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lib.chapters.eeg.evidence import held_out, unit_of
from lib.chapters.eeg.material import LEAST_PIECES
from lib.chapters.eeg.scores import Scores
from lib.compare import affect_groups, affect_scores, compare_groups, energy_and_duration
from lib.ground import WrongUse
from lib.report.cache import kept
from lib.report.claims import Measured

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.study import Study

TITLES = {"negative": "lowest valence", "neutral": "middle", "positive": "highest valence"}
PLAIN, ABLATED = "as it is", "energy and duration removed"
NO_WORDS = "the stimuli are sounds without sentences: there is no prosody to group by"


@dataclass(frozen=True, eq=False)
class Grouped:
    """Sentences in groups by their prosody.

    Attributes
    ----------
    proxies : pandas.DataFrame
        By sentence: arousal and valence, standardised within the speaker.
    labels : pandas.Series of str
        By sentence, its group.
    k : int
        How many groups.
    stability : pandas.DataFrame
        By number of groups, as ``affect_groups`` gives it.
    nuisances : pandas.DataFrame
        By sentence: level, flux and duration.
    """

    proxies: pd.DataFrame
    labels: pd.Series
    k: int
    stability: pd.DataFrame
    nuisances: pd.DataFrame

    @property
    def low(self) -> pd.Series:
        """By sentence, whether it is in the group whose valence proxy is lowest."""
        lowest = self.proxies["valence"].groupby(self.labels).mean().idxmin() == self.labels
        return self.labels == self.labels.loc[lowest].iloc[0]


def grouped(study: Study, *, k: int = 0, seed: int = 0) -> Grouped | str:
    """All sentences of the recording in `k` groups, or as many as stability chooses; or why there are none."""
    if not study.spoken:
        return NO_WORDS
    stimuli, features = study.recording.stimuli, voice(study.recording)
    proxies = affect_scores(features, "separate", within=stimuli.get("speaker"))
    found = affect_groups(proxies[["arousal", "valence"]], proxies["valence"], k=k or None, seed=seed)
    labels, durations = pd.Series(found.labels, features.index), stimuli["duration"].loc[features.index]
    return Grouped(proxies, labels, found.k, found.table, energy_and_duration(features, durations))


def lowest_minus_rest(models: Mapping[str, Scores], groups: Grouped | str, study: Study, n_pieces: int) -> dict | str:
    """What sets the group of lowest valence apart (``group_effects``), as it is and ablated; or why that is unknown."""
    if isinstance(groups, str):
        return groups
    if n_pieces < LEAST_PIECES or study.unit != "sentence":
        return f"groups are of at least {LEAST_PIECES} sentences, and here are {n_pieces} {study.things}"
    scores = mean_excess(models)
    return {PLAIN: group_effects(scores, groups.low), ABLATED: group_effects(scores, groups.low, groups.nuisances)}


def claimed(effects: Mapping[str, pd.DataFrame] | str) -> dict[str, Measured] | str:
    """Parts of the claim on prosody: rank, dependence, rank_ablated, dependence_ablated."""
    if isinstance(effects, str):
        return effects
    tables = {ending: effects[name].set_index("measure") for ending, name in (("", PLAIN), ("_ablated", ABLATED))}
    return {
        f"{family}{ending}": as_measured(table.loc[family])
        for ending, table in tables.items()
        for family in ("rank", "dependence")
    }


def all_pairs(models: Mapping[str, Scores], groups: Grouped | str, effects: dict | str) -> pd.DataFrame:
    """Every pair of groups in every measure, for reading; where there are no groups, the reason."""
    if isinstance(groups, str) or isinstance(effects, str):
        return pd.DataFrame({"left out": [effects]}).set_index("left out").rename_axis(None)
    from lib.report.style import MEASURE_TITLES

    scores = mean_excess(models)
    unit = unit_of(scores)
    table = compare_groups(group_table(scores, groups.labels), unit="unit", paired=unit == "subject")
    table = table[table["measure"].isin(MEASURE_TITLES)]
    shown = pd.DataFrame({
        "measure": table["measure"].map(MEASURE_TITLES),
        "groups": table["a"].map(_title) + " minus " + table["b"].map(_title),
        "difference": table["difference"].map("{:.4f}".format),
        "from": table["low"].map("{:.4f}".format),
        "to": table["high"].map("{:.4f}".format),
        "corrected p": table["p_holm"].map("{:.3f}".format),
    })  # fmt: skip
    return shown.set_index("measure").rename_axis(None)


def _title(group: str) -> str:
    return TITLES.get(group, group)


def voice(recording) -> pd.DataFrame:
    """The eGeMAPS functionals of every sentence of a recording, (sentence, functional); from disk if known."""
    import xarray as xr

    from lib.compare import functionals

    def compute():
        sounds = {name: recording.audio(name)[0] for name in recording.stimuli.index}
        found = functionals(sounds, int(recording.stimuli["rate"].iloc[0]))
        return {"functionals": xr.DataArray(found, dims=("sentence", "functional"))}

    found = kept("functionals", (recording.fingerprint,), compute)["functionals"]
    return found.to_pandas().loc[recording.stimuli.index]


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
