"""Published networks of the cortex chapter, trained elsewhere, and another brain as their yardstick.

Comes in: names of models and the material of the page. Goes out: which models are here and which are not, their
differences to the filters and to their untrained twins, what they share with the filters and with electrodes in other
people, and the sentences about it. Where none was asked for, or none is here, the sentences say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from lib import recordings
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import Question, called, estimate, named, title
from lib.chapters.cortex.scores import component_scores
from lib.compare import Estimate, mean_score, variance_partition
from lib.ground import MissingData, fingerprint
from lib.models import card, is_here
from lib.recordings.electrodes import electrode_features
from lib.report import kept, words

ELECTRODES = "electrodes"
COMMAND = "`alike run cortex -p published_models whisper-base`"
THINGS = "sounds"


def twin_of(name: str) -> str:
    """The untrained twin that a published model stands beside."""
    return f"untrained:{name}:0"


def band(name: str) -> str:
    """What a partition calls a set of features: a word that is no part's name of another."""
    return name if name == ELECTRODES else "filters" if title(name) == "modulation filters" else called(name)


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Published models of a page.

    Attributes
    ----------
    asked, here : tuple of str
        Names that were asked for, and those whose weights are on this machine.
    brains : mapping
        Features of electrodes in other people, like those of models: ``{"electrodes": {layer: (sound, channel)}}``;
        empty where there are none.
    patients : int
        In how many people electrodes were.
    why : str
        Why there are no electrodes, in words; empty where there are.
    """

    asked: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    brains: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    patients: int = 0
    why: str = ""

    @property
    def models(self) -> list[str]:
        """Those that are here, each followed by its untrained twin."""
        return [each for name in self.here for each in (name, twin_of(name))]

    @property
    def missing(self) -> list[str]:
        """Those that were asked for and are not here."""
        return [name for name in self.asked if name not in self.here]


def at_hand(names: Sequence[str], heard: Material) -> Elsewhere:
    """Which of some models are here, and electrodes in other people who heard the same sounds.

    Parameters
    ----------
    names : sequence of str
        Models of the roster.
    heard : Material

    Raises
    ------
    lib.ground.WrongUse, lib.ground.DamagedData
        If there is no such model, or if its weights are not what they should be. Missing ones are no error.
    """
    asked = tuple(dict.fromkeys(names))
    here = tuple(name for name in asked if is_here(name))
    if not here:
        return Elsewhere(asked)
    if heard.simulated:
        return Elsewhere(asked, here, why="Nobody has electrodes here, for the listeners are simulated.")
    other = [name for name in recordings.names() if recordings.card(name).get("sounds") == heard.recording.name]
    if not other:
        return Elsewhere(asked, here, why="No other brains heard these sounds in any recording of this book.")
    try:
        patients = recordings.load(other[0], level=ELECTRODES)
    except MissingData:
        told = (
            f"Other brains heard these sounds too, but that recording (`{other[0]}`) is not here, so they are left out."
        )
        return Elsewhere(asked, here, why=told)
    brains = {ELECTRODES: electrode_features(patients, sounds=heard.recording.stimuli.index)}
    return Elsewhere(asked, here, brains, len(patients.subjects))


def questions(elsewhere: Elsewhere, model: str) -> dict[str, Question]:
    """What is asked of the published models: each minus the filters, then each minus its untrained twin."""
    over = [(name, model, title(model)) for name in elsewhere.here if name != model]
    over += [(name, twin_of(name), "untrained twin") for name in elsewhere.here]
    return {
        f"{one}-{other}": Question(f"{one} minus {other}", f"{called(one)} − {beside}", one, other)
        for one, other, beside in over
    }


def best_of(elsewhere: Elsewhere, fits: Mapping[str, object]) -> str:
    """The model of the largest mean r2 over components; empty where there is none."""
    return max(elsewhere.here, key=lambda name: fits[name].mean[0], default="")


@dataclass(frozen=True, eq=False)
class Parts:
    """Unique and shared variance of the filters, the best model, and electrodes where there are any.

    Attributes
    ----------
    sets : tuple of str
        Names of the sets of features.
    table, pair : DataFrame
        As ``lib.compare.Partition.to_frame`` gives them: of all sets, and of the filters and the model alone. Both are
        the same where there are no electrodes.
    n : int
        Number of sounds.
    """

    sets: tuple[str, ...]
    table: pd.DataFrame
    pair: pd.DataFrame
    n: int

    @property
    def mean(self) -> dict[str, Estimate]:
        """Parts of the mean over components, by name."""
        return self._mean(self.table)

    @property
    def mean_of_pair(self) -> dict[str, Estimate]:
        """The same without electrodes."""
        return self._mean(self.pair)

    def _mean(self, table: pd.DataFrame) -> dict[str, Estimate]:
        rows, sets = table[table["response"] == "mean"], f"mean r², of {table['part'].nunique()} parts"
        return {row.part: Estimate(row.value, row.low, row.high, self.n, p=row.p, about=f"{sets}: {row.part}")
                for row in rows.itertuples()}  # fmt: skip


def partition(
    elsewhere: Elsewhere, features: Mapping[str, Mapping], pair: tuple[str, str], heard: Material, seed: int
) -> Parts | None:
    """What the filters, the best model and electrodes explain alone and share (``lib.compare.variance_partition``).

    Parameters
    ----------
    elsewhere : Elsewhere
    features : mapping of str to mapping of str to array (sound, unit)
        Layers by model, of both of the pair.
    pair : tuple of str
        The filters and the best model, as ``best_of`` gives it.
    heard : Material
    seed : int
        Of the draws behind the intervals.

    Returns
    -------
    Parts or None
        None where no model is here, or where the best is the filters themselves. It takes a minute, so it is kept.
    """
    if not pair[1] or pair[0] == pair[1]:
        return None
    sets = {band(name): features[name] for name in pair} | dict(elsewhere.brains)
    folds = heard.folds.to_numpy()
    layers = [(name, layer, x.tobytes()) for name, of in sets.items() for layer, x in of.items()]
    key = fingerprint(*(part for layer in layers for part in layer), heard.components.tobytes(), folds.tobytes())
    how = partial(_parts, sets, heard.components, folds, heard.names, seed)
    found = kept("parts", (key, str(seed), *heard.names), how)
    tables = [found[kind].to_dataset("column").to_dataframe().reset_index() for kind in ("all", "pair")]
    return Parts(tuple(sets), *tables, heard.n)


def _parts(sets: Mapping, components: np.ndarray, folds: np.ndarray, names: list, seed: int) -> dict[str, xr.DataArray]:
    """Partitions of all sets and of the first two, as labelled arrays."""
    whole = _labelled(variance_partition(sets, components, folds, seed=seed).to_frame(names))
    first_two = dict(list(sets.items())[:2])
    if len(first_two) == len(sets):
        return {"all": whole, "pair": whole}
    return {
        "all": whole,
        "pair": _labelled(variance_partition(first_two, components, folds, seed=seed).to_frame(names)),
    }


def _labelled(table: pd.DataFrame) -> xr.DataArray:
    """A partition's table as (response, part, column), in its order."""
    columns, places = (
        ["value", "low", "high", "p"],
        {key: list(dict.fromkeys(table[key])) for key in ("response", "part")},
    )
    rows = table.set_index(["response", "part"]).loc[pd.MultiIndex.from_product(places.values()), columns]
    values = rows.to_numpy(float).reshape(*map(len, places.values()), len(columns))
    return xr.DataArray(values, dims=(*places, "column"), coords=places | {"column": columns})


def part_called(name: str, sets: Sequence[str]) -> str:
    """A part as an axis or a sentence calls it."""
    if len(sets) > 2 and name.count(" and ") == len(sets) - 1:
        return "all three"
    return name.replace(" and ", " + ")


def asked_for(elsewhere: Elsewhere) -> dict[str, str]:
    """Which models stand here, in sentences, for the prose."""
    if not elsewhere.asked:
        once = "once `alike models fetch whisper-base` was done"
        return {"elsewhere_asked": f"For this page none were asked for; {COMMAND} does, {once}."}
    told = []
    if elsewhere.here:
        each = [f"{called(name)} ({card(name)['objective']})" for name in elsewhere.here]
        told.append(f"Here they are, with what each was trained for: {words.listing(each)}.")
    if elsewhere.missing:
        fetch = f"`alike models fetch {elsewhere.missing[0]}`"
        are = words.listing([f"`{name}`" for name in elsewhere.missing])
        told.append(f"Left out, because their weights are not on this machine: {are} ({fetch} gets them).")
    if elsewhere.brains:
        told.append(
            f"The yardstick is another brain: electrodes in {elsewhere.patients} other people, patients who heard the "
            "same sounds {cite}`normanhaignere2022`.\n"
            "What their channels answer to a sound, averaged over time, is used as the outputs of a model are."
        )
    return {"elsewhere_asked": "\n".join([*told, elsewhere.why])}


def means(elsewhere: Elsewhere, fits: Mapping[str, object]) -> dict[str, Estimate]:
    """Mean r2 over components of every published model, its twin, the filters and electrodes, by name."""
    found = {name: mean_score(fit) for name, fit in fits.items()} if elsewhere.here else {}
    return {name: Estimate(e.value, e.low, e.high, e.n, about=f"mean r² of {name}") for name, e in found.items()}


def said(records: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Records under names that the prose can quote."""
    return named(records, "elsewhere")


def about_scores(elsewhere: Elsewhere, fits: Mapping[str, object], model: str, heard: Material) -> dict[str, str]:
    """The figure of scores, read: the best model, its twin, the filters and electrodes on average over components."""
    best, mean = best_of(elsewhere, fits), means(elsewhere, fits)
    if not best:
        return {"elsewhere_scores": ""}
    has = "predicts most, with a" if len(elsewhere.here) > 1 else "has a"
    told = [
        f"On average over the six components of {{numref}}`fig-elsewhere`, {called(best)} {has} mean $r^2$ of "
        f"{words.told(mean[best], THINGS)}.",
        f"Its untrained twin reaches {words.told(mean[twin_of(best)])}, the {title(model)} {words.told(mean[model])}.",
    ]
    if others := [name for name in elsewhere.here if name != best]:
        each = [f"{called(name)} {words.told(mean[name])}" for name in others]
        told.append(f"The others reach less: {words.listing(each)}.")
    if heard.published is not None:
        theirs = heard.published.drop(index="baseline")[heard.names]
        reached = int(((fits[best].scores.value >= theirs.min()) & (fits[best].scores.value <= theirs.max())).sum())
        told.append(f"In {reached} of {len(heard.names)} components {called(best)} lies in the range of the "
                    f"{len(theirs)} models of the paper (grey).")  # fmt: skip
    if elsewhere.brains:
        told.append(f"Electrodes in {elsewhere.patients} other people reach {words.told(mean[ELECTRODES])}: so well "
                    "other brains predict these components, read out in the same way.")  # fmt: skip
    return {"elsewhere_scores": "\n".join(told)}


def about_gains(gains: pd.DataFrame | None, asked: Mapping[str, Question], best: str, model: str) -> dict[str, object]:
    """The differences, as records and read."""
    if gains is None:
        return {"elsewhere_gains": ""}
    found = {key: estimate(row, f"mean r², {asked[key].title}, corrected for {len(gains)}")
             for key, row in gains.iterrows()}  # fmt: skip
    more = [asked[key].label for key, one in found.items() if one.low > 0]
    less = [asked[key].label for key, one in found.items() if one.high < 0]
    told = [f"Of the {len(gains)} differences in {{numref}}`fig-elsewhere-gains`, {len(more)} are above 0 after "
            f"correction, and {len(less)} below it."]  # fmt: skip
    if (key := f"{best}-{model}") in found:
        open_yet = ", which may be nothing" if found[key].low <= 0 <= found[key].high else ""
        told.append(f"{called(best)} minus the {title(model)} is {words.told(found[key], THINGS)}{open_yet}.")
    told.append(f"What training adds to it over random weights is {words.told(found[f'{best}-{twin_of(best)}'])}.")
    told.append(
        "One twin of each was drawn, and each model was trained once: the intervals say nothing of other draws or of "
        "another training."
    )
    return said(found) | {"elsewhere_gains": "\n".join(told)}


def about_parts(parts: Parts | None, elsewhere: Elsewhere, best: str) -> dict[str, object]:
    """The partition on average over components, as records and read."""
    if parts is None:
        return {"elsewhere_parts": "Here there is nothing to take apart, for no published model stands beside them."}
    filters, its_own, shared = parts.mean_of_pair.values()
    told = [
        f"On average over components the filters and {called(best)} share {words.told(shared, THINGS)}.",
        f"{called(best)} alone adds {words.told(its_own)} to it, and the filters alone {words.told(filters)}.",
        f"{called(best)} was chosen because it predicts these data best, so its lead is optimistic."
        if len(elsewhere.here) > 1
        else "No model was chosen here, for only one stands beside the filters.",
        "A part that two sets share is what either can stand for, by whatever means.",
    ]
    if elsewhere.brains:
        told += _beside_brains(parts)
    pair = {f"pair {name}": one for name, one in parts.mean_of_pair.items()}
    return said(parts.mean | pair) | {"elsewhere_parts": "\n".join(told)}


def _beside_brains(parts: Parts) -> list[str]:
    """What a third set, the electrodes, makes of it."""
    above = [f"{part_called(name, parts.sets)} {words.told(one)}" for name, one in parts.mean.items() if one.low > 0]
    return [
        f"\nWith electrodes as a third set ({{numref}}`fig-elsewhere-parts`), {len(above)} of {len(parts.mean)} parts "
        f"lie above 0 on average: {'; '.join(above) or 'none'}.",
        "What the model and electrodes share beyond the filters is something that other brains have too.",
        "What electrodes alone explain, neither the filters nor this model give.",
        "Yet electrodes are no ceiling: other people and other sensors were measured, and both electrodes and "
        "components were cleaned by keeping a few patterns over these same sounds.",
    ]


def results(fits: Mapping, gains: pd.DataFrame | None, asked: Mapping, parts: Parts | None, heard: Material) -> dict:
    """Tables for the results by kind, empty where nothing was asked: columns model, layer, measure, value, low, ..."""
    if not asked:
        return {}
    scores = component_scores(fits, heard.names).rename(columns={"component": "layer"})
    ends = {"low_family": "low", "high_family": "high", "p_family": "p"}
    gained = gains.drop(columns=["low", "high", "p"]).rename(columns=ends)[["value", "low", "high", "p"]]
    tables = {
        "scores": scores.assign(measure="r2_component"),
        "gains": gained.assign(model=[asked[key].title for key in gains.index], measure="r2_component_gain"),
    }
    if parts is not None:
        shares = parts.table.rename(columns={"response": "layer", "part": "model"})
        tables["parts"] = shares.assign(measure="r2_component_part")
    return {f"published {kind}": table.assign(n=heard.n) for kind, table in tables.items()}


@dataclass(frozen=True)
class Leader:
    """The best published model as the answer tells it: its mean r2, that of the main model, and the difference."""

    name: str
    count: int
    mean: Estimate
    filters: Estimate
    lead: Estimate


def leader(
    elsewhere: Elsewhere, mean: Mapping[str, Estimate], gains: pd.DataFrame | None, best: str, model: str
) -> Leader | None:
    """The best published model, or None where none ran or it is the main model itself."""
    if not best or best == model:
        return None
    lead = estimate(gains.loc[f"{best}-{model}"], "lead of the best published model")
    return Leader(called(best), len(elsewhere.here), mean[best], mean[model], lead)
