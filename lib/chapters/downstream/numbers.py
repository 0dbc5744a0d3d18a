"""Numbers of the page as records, and the sentences that depend on how they came out.

Comes in: ``Material``, ``Relation``, the paper's tables. Goes out: mappings for ``say`` and tables for the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib.chapters.downstream import published, relation
from lib.chapters.downstream.material import TITLES, TWINS, Material, called, freshness, probes
from lib.chapters.downstream.relation import BETTER, NAMES, Relation
from lib.compare import Estimate, Together, aggregate_subjects, correlation
from lib.report import words

FEWEST_PAIRS = 4
"""Of a model and a task, for a correlation with an interval."""


def of_tasks(material: Material) -> dict[str, Any]:
    """Which tasks are solved, by whom, and how that stands to chance."""
    rows = material.of("accuracy")
    above = int((rows["p"] <= 0.05).sum())
    told = [
        f"{title.lower()} ({called(material.scores[name].idxmax())}, {words.share(material.scores[name].max())})"
        for name, title in material.titles.items()
    ]
    heard = [called(name) for name in material.scores.index[material.scores["heard"]]]
    flagged = (
        f"Some learnt from sounds of the sets that these tasks are taken from, if mostly from others of them: "
        f"{words.listing([f'`{name}`' for name in heard])}.\nTheir scores may be flattered."
        if heard
        else "No model here learnt from sounds of the sets that these tasks are taken from."
    )
    return {
        "n_models": material.n,
        "n_families": material.n_families,
        "n_tasks": len(material.tasks),
        "n_scores": len(rows),
        "n_above_chance": above,
        "best_by_task": words.listing(told),
        "heard_models": flagged,
    }


def of_records(material: Material) -> dict[str, Any]:
    """Where the scores come from."""
    found = freshness(material)
    stale = (
        f"{found['n_stale']} of them were made by code or a model that has changed since: `make downstream` makes them "
        "anew."
        if found["n_stale"]
        else "None was made by code or a model that has changed since."
    )
    unknown = f" Of {found['n_unknown']} nobody can say, for the model is not here." if found["n_unknown"] else ""
    return {"n_rows": found["n_rows"], "n_new": found["n_new"], "freshness": stale + unknown}


def of_relation(found: Relation) -> dict[str, Any]:
    """Correlations of the page by name."""
    return {f"r_{name}": found.r(name) for name in NAMES}


def about_agreement(found: Relation) -> dict[str, str]:
    """What the agreement of the two measures comes to."""
    one = found.r("agree")
    if not np.isfinite(one.value):
        return {"agreement": f"It can't be told here: {found.why_not['agree']}."}
    bar = relation.bar()
    clear = "lies wholly above" if one.low > bar else "reaches below"
    told = f"an interval that {clear} {words.number(bar, 1).lstrip('0')}, the bar that was set for it"
    return {"agreement": f"Over models r is {words.told(one, 'models')}, {told}."}


def about_downstream(material: Material, found: Relation) -> dict[str, str]:
    """The main relation, and what is left of it when something is left out."""
    if "overall" not in found.of:
        return {"downstream": f"It can't be told here: {found.why_not['overall']}.", "robust": ""}
    whole = found.of["overall"]
    return {"downstream": _main(whole), "robust": "\n".join(_robust(material, found, whole))}


def _main(whole: Together) -> str:
    clear = "Its interval lies above 0." if whole.r.low > 0 else "Its interval holds 0, so it may be none."
    return (
        f"Over models, the overall score and $r^2$ go together at r = {words.told(whole.r, 'models')}.\n{clear}\n"
        f"Had we taken models for independent, the interval would have been {words.interval(whole.over_models, 2)}."
    )


def _robust(material: Material, found: Relation, whole: Together) -> list[str]:
    left = whole.without_model
    least, most = min(left, key=left.get), max(left, key=left.get)
    family = relation.weakest(whole)
    fewer = relation.without_weakest(material, whole)
    rest = fewer if isinstance(fewer, str) else f"r is {words.told(fewer.r, 'models')}"
    told = [
        f"* **One model less.** r runs from {words.number(left[least])} (without {called(least)}) to "
        f"{words.number(left[most])} (without {called(most)}).",
        f"* **One family less.** Without the family that carries most of it (*{family}*), {rest}.",
        f"* **Without random weights.** {_told(found, 'trained')}",
        f"* **Better models only.** Above an overall score of −1: {_told(found, 'better')}",
    ]
    if material.scores["heard"].any():
        told.append(f"* **Without models that learnt from the tasks' sounds.** {_told(found, 'unheard')}")
    return told


def _told(found: Relation, name: str) -> str:
    if name not in found.of:
        return f"it can't be told ({found.why_not[name]})."
    return f"r is {words.told(found.of[name].r, 'models')}."


def each_task(material: Material, found: Relation) -> pd.DataFrame:
    """Correlation of every task with r², a row each."""
    rows = {TITLES[name]: found.r(f"task {name}") for name in material.tasks}
    table = {
        title: {"r with r²": words.number(one.value), "95 % interval": words.interval(one, 2)}
        for title, one in rows.items()
    }
    return pd.DataFrame(table).T.rename_axis(None)


def of_paper() -> dict[str, Any]:
    """The paper's own numbers, computed again from its tables."""
    first, second = published.agreement(), published.agreement("b2021")
    left = list(first.without_model.values())
    whole = published.relation("Reg NH2015", published.ALL)
    better = published.relation("Reg NH2015", published.BETTER)
    similar = published.relation("RSA(max) NH2015", published.BETTER)
    consistent = published.models_behind(published.BETTER)
    return {
        "paper_agree": replace(first.r, about="published r of R² and ρ over models, first data set"),
        "paper_agree_second": replace(second.r, about="published r of R² and ρ over models, second data set"),
        "paper_least": words.number(min(left)), "paper_most": words.number(max(left)),
        "paper_families": first.n_families,
        "paper_overall": whole, "paper_better": better, "paper_better_similarity": similar,
        "paper_models": whole.n,
        "paper_n_better": " or ".join(map(str, consistent)) or "no number",
        "paper_stars": len(published.by_task()) // 2,
        "paper_classes": replace(
            published.classes(), about="published R², masked reconstruction minus older or specialised"
        ),
    }  # fmt: skip


def of_probes(material: Material) -> dict[str, Any]:
    """How far the probes' scores differ, where all were run."""
    table = probes(material)
    if len(table) < FEWEST_PAIRS:
        told = (
            "Here the benchmark's network was not run on four pairs of a model and a task, so nothing can be told yet"
        )
        return {"probes": f"{told} (`make downstream`)."}
    gap = {name: _mean(table["sixteen"] - table[name]) for name in ("linear", "two")}
    r = correlation(table["linear"], table["sixteen"])
    text = (
        f"On {len(table)} pairs of a model and a task the network with its sixteen settings is right "
        f"{_more(gap['linear'])} than the linear probe on average ({_ends(gap['linear'])}).\n"
        f"Their scores go together at r = {words.told(r, 'pairs')}.\n"
        f"With sixteen settings rather than two it is right {_more(gap['two'])} ({_ends(gap['two'])}).\n"
        "These intervals take pairs for independent, which those of one model are not: they are too narrow."
    )
    return {"probes": text, "gap_linear": gap["linear"], "gap_two": gap["two"]}


def _mean(values: pd.Series) -> Estimate:
    found = aggregate_subjects(values, range(len(values)))
    return Estimate(found.value, found.low, found.high, found.n, about="accuracy, sixteen settings minus the other")


def _more(found: Estimate) -> str:
    return f"{words.share(abs(found.value)).replace(' %', ' points')} {'more' if found.value > 0 else 'less'} often"


def _ends(found: Estimate) -> str:
    low, high = (words.number(100 * end, 1) for end in (found.low, found.high))
    return f"95 % interval {low} to {high} points"


def tidy(material: Material, found: Relation) -> pd.DataFrame:
    """Every score and correlation in a row, as ``save_results`` takes them; the task is in the column stimulus."""
    rows = material.rows.assign(measure=material.rows["measure"].str.replace(", ", "_").str.replace(" ", "_"))
    keep = ["model", "measure", "value", "low", "high", "n", "p"]
    scores = rows[[*keep, "null"]].rename(columns={"null": "null_mean"}).assign(stimulus=rows["where"])
    over = [
        {"model": "all", "measure": f"r_{name.replace(' ', '_')}", "value": one.r.value, "low": one.r.low}
        | {"high": one.r.high, "n": one.r.n, "p": one.r.p}
        for name, one in found.of.items()
    ]
    return pd.concat([scores, pd.DataFrame(over)], ignore_index=True)


def shares(material: Material) -> Mapping[str, int]:
    """How many models have random weights, and how many lie at or below -1 overall."""
    table = material.scores
    return {"n_twins": int((table["kind"] == TWINS).sum()), "n_worse": int((table["overall"] <= BETTER).sum())}
