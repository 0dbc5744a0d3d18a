"""What the page on learning says in sentences, and its numbers: they follow from what stands there and what was found.

Comes in: models, questions, tables and ceilings. Goes out: named records and sentences for ``lib.report.say``, tables
to show, and tidy results.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.chapters.cortex.learning.course import ENDS, RISE, Course, above_embedding
from lib.chapters.cortex.learning.depths import REGIONS, Ceilings
from lib.chapters.cortex.learning.kin import DIET, KINDS, OWN, SIZE, TASK, TRAINING, TUNING, Asked, Learners, twins_of
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import called, estimate, key, named, title
from lib.compare import Estimate, mean_score
from lib.report import words

NONE = {
    TRAINING: "No trained model stands here.",
    DIET: "No two models here share architecture and task while one of them heard more kinds of sound.",
    OWN: "No component belongs to a diet that is compared here.",
    TASK: "No two models here learnt different tasks from the same sounds with the same architecture.",
    TUNING: "No model here was tuned from another one that stands here.",
    SIZE: "No two models here differ in size alone.",
}
"""Why a kind of question was not asked."""
ENDS_OF_FAMILY = {"low_family": "low", "high_family": "high", "p_family": "p"}


def component_scores(found: Learners, fits: Mapping[str, object], filters: str, heard: Material) -> pd.DataFrame:
    """Scores of components by model and kind (trained, untrained, filters), over trainings and draws of weights."""
    groups = [(filters, "filters", (filters,))] if filters not in [one.name for one in found.kin] else []
    for one in found.kin:
        groups += [(one.name, "trained", one.trainings), (one.name, "untrained", one.twins)]
    rows = []
    for model, kind, members in (group for group in groups if group[2]):
        for k, component in enumerate(heard.names):
            score = mean_score([fits[name].of(k) for name in members])
            rows.append((model, kind, component, score.value, score.low, score.high))
    return pd.DataFrame(rows, columns=["model", "kind", "component", "value", "low", "high"])


def means(found: Learners, fits: Mapping[str, object], filters: str) -> dict[str, Estimate]:
    """Mean r2 over components by model, of the filters, and of twins as ``untrained NAME``."""
    members = {filters: (filters,)} | {one.name: one.trainings for one in found.kin}
    members |= {twins_of(one): one.twins for one in found.trained}
    scores = {name: mean_score([fits[each] for each in every]) for name, every in members.items()}
    return {name: Estimate(e.value, e.low, e.high, e.n, about=f"mean r² of {name}") for name, e in scores.items()}


def _whose(name: str) -> str:
    """A model in a sentence: its name, and what figures call it."""
    return f"`{name}` ({called(name)})"


def about_models(found: Learners) -> dict[str, str]:
    """Which models stand here, how often each was trained, and what is missing."""
    told = []
    for one in found.kin:
        heard = f", on {words.listing(one.facts['diets'])}" if one.diets else ""
        told.append(f"* {called(one.name)} (`{one.name}`): {one.facts.get('objective', 'not stated')}{heard}.")
    if found.missing:
        names = words.listing([f"`{name}`" for name in found.missing])
        told += ["", f"Left out, because their weights are not on this machine: {names}."]
    return {"models_here": "\n".join(told), "trainings_here": about_trainings(found)}


def about_trainings(found: Learners) -> str:
    """Whether intervals cover other trainings."""
    if not found.trained:
        return ""
    many = {called(one.name): len(one.trainings) for one in found.trained if len(one.trainings) > 1}
    if not many:
        return (
            "Each model was trained once here, so intervals say nothing of how another training of the same recipe "
            "would come out."
        )
    each = words.listing([f"{name} ({count})" for name, count in many.items()])
    once = [called(one.name) for one in found.trained if len(one.trainings) == 1]
    told = f"Several trainings of one recipe, from other random starts, stand for it: {each}."
    return told + (f"\nTrained once, so that other trainings are not covered: {words.listing(once)}." if once else "")


def records(gains: pd.DataFrame, asked: Mapping[str, Asked]) -> dict[str, Estimate]:
    """Differences as records, by the names of questions."""
    what = {name: "r²" if one.kind == OWN else "mean r²" for name, one in asked.items()}
    return {name: estimate(row, f"{what[name]}, {asked[name].title}, corrected for {len(gains)}")
            for name, row in gains.iterrows()}  # fmt: skip


def about_differences(gains: pd.DataFrame, asked: Mapping[str, Asked]) -> dict[str, object]:
    """All differences in numbers, and what each kind of question came to, in sentences."""
    found = records(gains, asked)
    out: dict[str, object] = named(found, "gain")
    apart = int(((gains["low_family"] > 0) | (gains["high_family"] < 0)).sum())
    out["gains_read"] = (
        f"Of the {len(gains)} intervals in {{numref}}`fig-differences`, {apart} leave out 0 after correction."
        if len(gains)
        else "These models allow no difference to be asked for."
    )
    for kind in KINDS:
        mine = {name: one for name, one in found.items() if asked[name].kind == kind}
        out[f"about_{key(kind)}"] = _about(kind, mine, asked)
    return out


def _about(kind: str, mine: Mapping[str, Estimate], asked: Mapping[str, Asked]) -> str:
    if not mine:
        return NONE[kind]
    each = [f"{asked[name].label} {words.told(one, 'sounds' if k == 0 else '')}"
            for k, (name, one) in enumerate(mine.items())]  # fmt: skip
    open_yet = [asked[name].label for name, one in mine.items() if one.low <= 0 <= one.high]
    doubt = "This" if len(mine) == 1 else "All of these" if len(open_yet) == len(mine) else f"Of these, {len(open_yet)}"
    return "; ".join(each) + "." + (f"\n{doubt} may be nothing." if open_yet else "")


def about_course(way: Course, path: pd.DataFrame | None, of_layers: pd.DataFrame | None) -> dict[str, object]:
    """How training goes, as records and read."""
    if path is None:
        return {
            "course_read": "No model of this page has checkpoints of its training, so its course can't be followed."
        }
    about = {RISE: "slope of mean r² on the log of the step", ENDS: "mean r², last minus first checkpoint"}
    out: dict[str, object] = {f"course_{name}": estimate(path.loc[name], f"{told}, corrected for two")
                              for name, told in about.items()}  # fmt: skip
    above = above_embedding(of_layers)
    which = "layers" if len(above) == len(of_layers) else "layers above the embedding"
    rising, falling = [above.index[mask] for mask in (above["low_family"] > 0, above["high_family"] < 0)]
    count = len(next(iter(way.stages.values())))
    told = [
        f"From the first checkpoint of `{way.name}` to the last, mean $r^2$ changes by "
        f"{words.told(out['course_ends'], 'sounds')} ({{numref}}`fig-course`).",
        f"Its slope is {words.told(out['course_rise'])} per unit of the natural logarithm of the step.",
        f"Of {len(above)} {which}, {len(rising)} rise with their whole interval and {len(falling)} "
        f"fall, corrected for all {len(of_layers)} layers.",
        f"These are {count} trainings, and the spread between them is part of the intervals."
        if count > 1
        else "This is one training: intervals cover sounds, and no other training.",
    ]
    if way.without:
        told.append(f"Without checkpoints, and so left out: {words.listing([f'`{name}`' for name in way.without])}.")
    return out | {"course_read": "\n".join(told)}


def about_layers(layers: pd.DataFrame, matrices: pd.DataFrame) -> dict[str, object]:
    """Where in the models the best layers lie, and what the two ways of choosing one give."""
    deep = layers.groupby("model").filter(lambda part: len(part) > 2)
    told = []
    if len(deep):
        names = list(dict.fromkeys(deep["model"]))
        depth = [_depth(deep[deep["model"] == name]) for name in names]
        last = sum(one == 1 for one in depth)
        told.append(
            f"The layer that predicts components best lies on average at {np.mean(depth):.0%} of the way up, and in "
            f"{last} of {len(names)} models it is the last.".replace("%", " %")
        )
    top = matrices.loc[matrices["value"].idxmax()]
    one = Estimate(top["value"], top["low"], top["high"], int(top["n"]), p=top["p"], about="largest ρ of any layer")
    whose = f"{_whose(top['model'])} in `{top['layer']}`"
    told.append(f"For matrices, the largest $\\rho$ of all is that of {whose}: {words.told(one, 'sounds')}.")
    return {"rho_of_all": one, "layers_read": "\n".join(told)}


def _depth(part: pd.DataFrame) -> float:
    return float(part.loc[part["components"].idxmax(), "place"] / part["place"].max())


def similarity_table(matrices: pd.DataFrame) -> pd.DataFrame:
    """The best layer's ρ of each model in both ways, as a page shows it."""
    told = [
        words.told(Estimate(row.value, row.low, row.high, row.n)).replace("95 % interval ", "")
        for row in matrices.itertuples()
    ]
    columns = {"best layer": list(matrices["layer"]), "largest ρ (95 %)": told}
    columns |= {"p": [words.p_value(p) for p in matrices["p"]]}
    columns |= {"ρ chosen on other sounds": [words.number(x) for x in matrices["cross_validated"]]}
    return pd.DataFrame(columns, index=[called(name) for name in matrices["model"]])


def about_voxels(voxels: pd.DataFrame, heard: Material) -> dict[str, object]:
    """The median voxel by model and region, as records and read."""
    every = voxels[voxels["region"] == "all"].set_index("model")
    best, things = every["value"].idxmax(), "listeners"
    one = _of(every.loc[best], f"median voxel r² of {best}, mean over listeners")
    within = words.told(one, things) if np.isfinite(one.low) else words.number(one.value)
    told = [f"The median voxel is predicted best by {_whose(best)}: {within}."]
    if not np.isfinite(one.low):
        told.append("There is no interval over listeners, since nobody says whose voxel is whose.")
    return {"voxel_best": one, "voxels_read": "\n".join(told), "regions_read": _about_regions(voxels, best)}


def _about_regions(voxels: pd.DataFrame, best: str) -> str:
    by_region = voxels[voxels["model"] == best].set_index("region")
    places = [name for name in REGIONS if name in by_region.index]
    if not places:
        return (
            "Regions cannot be told apart here: this recording does not say where its voxels lie, so that primary, "
            "lateral, posterior and anterior cortex stay together."
        )
    each = [f"{name} {words.told(_of(by_region.loc[name], ''), 'listeners' if k == 0 else '')}"
            for k, name in enumerate(places)]  # fmt: skip
    return (
        f"In {{numref}}`fig-regions`, {_whose(best)} predicts the median voxel by region as follows: "
        f"{words.listing(each)}.\n"
        "Regions differ in how noisy their voxels are as well, so that a lower score need not mean another code."
    )


def _of(row: pd.Series, about: str) -> Estimate:
    return Estimate(row["value"], row["low"], row["high"], int(row["n"]), about=about)


def about_ceilings(found: Ceilings, heard: Material) -> dict[str, object]:
    """How far other listeners and noise let a model go, as records and read."""
    records = {f"ceiling_{name}": one for name, one in vars(found).items() if one is not None}
    told = []
    if found.listeners is not None:
        told.append(
            f"The voxels of the other listeners, used as features are, predict the median voxel with $r^2$ = "
            f"{words.told(found.listeners, 'listeners')}: the *inter-subject topline*, a lower ceiling."
        )
    if found.scans is not None:
        told.append(f"From repeated scans, a perfect model would reach {words.told(found.scans)}: the upper ceiling.")
    if found.rho_low is not None:
        told.append(
            f"For matrices the lower ceiling is $\\rho$ = {words.told(found.rho_low)}, of one listener and the others, "
            f"and the upper one {words.told(found.rho_high)}, of one listener and all of them."
        )
    if not told:
        told.append(
            "There are none for this recording: single scans were not published, nor whose voxel is whose, and its "
            "responses are denoised."
        )
    return records | {"ceilings_read": "\n".join(told)}


def tidy(
    scores: pd.DataFrame, gains: pd.DataFrame, asked: Mapping[str, Asked], whole: pd.DataFrame | None, way: Course,
    layers: pd.DataFrame, matrices: pd.DataFrame, voxels: pd.DataFrame, heard: Material,
) -> pd.DataFrame:  # fmt: skip
    """Results of the page, one row per number."""
    model = [f"untrained:{row.model}" if row.kind == "untrained" else row.model for row in scores.itertuples()]
    depth = layers["place"] / layers.groupby("model")["place"].transform("max").clip(lower=1)
    labelled = layers[["model", "layer"]].assign(depth=depth, n=heard.n)
    gained = gains[["value", *ENDS_OF_FAMILY, "n"]].rename(columns=ENDS_OF_FAMILY)
    tables = [
        scores.drop(columns="kind").rename(columns={"component": "layer"}).assign(
            model=model, measure="r2_component", n=heard.n
        ),
        gained.assign(model=[asked[name].title for name in gains.index], measure="r2_component_gain"),
        labelled.assign(value=layers["components"], measure="r2_component_mean_layer"),
        labelled.assign(value=layers["voxels"], measure="r2_voxel_median_layer"),
        labelled.assign(value=layers["rho"], measure="rsa_spearman_layer"),
        matrices[["model", "layer", "value", "low", "high", "p", "n"]].assign(measure="rsa_spearman"),
        voxels.drop(columns="voxels").rename(columns={"region": "layer"}).assign(measure="r2_voxel_median"),
    ]  # fmt: skip
    if whole is not None:
        steps = [f"{way.name}@{step}" for step in whole["step"]]
        tables.append(whole.drop(columns="step").assign(model=steps, measure="r2_component_mean", n=heard.n))
    return pd.concat([table.dropna(subset="value") for table in tables if len(table)], ignore_index=True)


def beside_filters(mean: Mapping[str, Estimate], found: Learners, filters: str) -> dict[str, str]:
    """The scores read: the best model, its twins and the filters."""
    first = max(found.kin, key=lambda one: mean[one.name].value)
    best, twins = first.name, twins_of(first)
    told = [
        f"On average over the six components of {{numref}}`fig-learners`, {_whose(best)} predicts most, with a mean "
        f"$r^2$ of {words.told(mean[best], 'sounds')}."
    ]
    if twins in mean:
        told.append(f"With random weights the same network reaches {words.told(mean[twins])}.")
    if filters != best:
        told.append(f"The {title(filters)}, which are not trained, reach {words.told(mean[filters])}.")
    return {"scores_read": "\n".join(told)}
