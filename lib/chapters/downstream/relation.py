"""How tasks and likeness to cortex go together over models, and what the ledger takes of it.

Comes in: ``Material``. Goes out: correlations with intervals over families of models, as records and as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lib.chapters.downstream import published
from lib.chapters.downstream.material import TWINS, Material
from lib.compare import Estimate, Together, class_difference, together
from lib.ground import WrongUse
from lib.models import card, original
from lib.report import claims, words
from lib.report.claims import Measured, Verdict

BETTER = -1.0
"""Overall z-score above which the paper looks again."""
NAMES = {
    "agree": "r of r² and ρ", "overall": "r of overall score and r²", "rho": "r of overall score and ρ",
    "better": "r of overall score and r², models above −1", "trained": "r of overall score and r², trained models",
    "unheard": "r of overall score and r², models that learnt from none of these sounds",
}  # fmt: skip


def bar() -> float:
    """What the ledger asks the correlation of r² and ρ to exceed."""
    return claims.ledger()["B2"].parts[0].threshold


@dataclass(frozen=True, eq=False)
class Relation:
    """Correlations over models.

    Attributes
    ----------
    of : mapping of str to Together
        By name out of ``NAMES``, and ``task TASK`` with r² for each task; those that could not be had are not there.
    why_not : mapping of str to str
        Why the others could not be had.
    """

    of: Mapping[str, Together]
    why_not: Mapping[str, str]

    def r(self, name: str) -> Estimate:
        """A correlation with its interval over families; NaN where it could not be had."""
        about = NAMES.get(name, f"r of {name} and r²")
        return replace(self.of[name].r, about=about) if name in self.of else Estimate(np.nan, about=about)


def relations(material: Material, *, n_draws: int, seed: int) -> Relation:
    """All correlations of the page."""
    table = material.scores
    trained = table[table["kind"] != TWINS]
    asked = {
        "agree": (table, "r2", "rho"), "overall": (table, "overall", "r2"), "rho": (table, "overall", "rho"),
        "better": (table[table["overall"] > BETTER], "overall", "r2"), "trained": (trained, "overall", "r2"),
        "unheard": (table[~table["heard"]], "overall", "r2"),
    }  # fmt: skip
    asked |= {f"task {name}": (table, name, "r2") for name in material.tasks}
    of, why_not = {}, {}
    for name, (some, x, y) in asked.items():
        try:
            of[name] = together(some[x], some[y], some.index, some["family"], n_draws=n_draws, seed=seed)
        except WrongUse as error:
            why_not[name] = str(error)
    return Relation(of, why_not)


def weakest(found: Together) -> str:
    """The family without which the correlation is smallest."""
    return min(found.without_family, key=found.without_family.get)


def without_weakest(material: Material, found: Together) -> Together | str:
    """Overall score and r² without the family whose leaving lowers the correlation most, or why it can't be had."""
    table = material.scores[material.scores["family"] != weakest(found)]
    try:
        return together(table["overall"], table["r2"], table.index, table["family"], n_draws=2)
    except WrongUse as error:
        return str(error)


def class_of(name: str) -> str:
    """Masked reconstruction, or older or specialised, by the card; empty of models that were trained in both ways.

    Empty, too, of those that were not trained, and of the book's own small ones that learnt in any other way.
    """
    facts = card(original(name))
    if name.startswith("untrained:") or facts["family"] == "acoustic baseline" or ", then " in facts["objective"]:
        return ""
    small = facts["family"] == "mini"
    if facts["family"] == "audio, masked reconstruction" or facts["objective"].startswith("reconstruction of masked"):
        return published.MASKED
    return "" if small else published.OTHER


def classes(material: Material, measure: str) -> Estimate | str:
    """Masked reconstruction minus older or specialised models, or why that can't be had."""
    table = material.scores
    kinds = [class_of(name) for name in table.index]
    try:
        return class_difference(table[measure], table["family"], kinds, published.MASKED, published.OTHER)
    except WrongUse as error:
        return str(error)


def evidence(material: Material, relation: Relation) -> dict[str, dict[str, Measured] | str]:
    """What the ledger takes, by claim and part, or why a claim can't be tested."""
    by_class = {"r2": classes(material, "r2"), "rho": classes(material, "rho")}
    found = {**relation.of, **relation.why_not}
    fewer = without_weakest(material, relation.of["overall"]) if "overall" in relation.of else "no correlation"
    return {
        "B1": _parts(by_class),
        "B2": _parts({"agree": found["agree"]}, of_nothing=False),
        "B3": _parts({"overall": found["overall"], "without": fewer, "better": found["better"]}),
    }


def _parts(found: Mapping[str, object], *, of_nothing: bool = True) -> dict[str, Measured] | str:
    """Parts of a claim; p is that of 0, so it is left out where the claim has another threshold."""
    for one in found.values():
        if isinstance(one, str):
            return one
    of = {key: one.r if isinstance(one, Together) else one for key, one in found.items()}
    return {
        key: Measured(value=one.value, low=one.low, high=one.high, n=one.n, **({"p": one.p} if of_nothing else {}))
        for key, one in of.items()
    }


def of_the_paper() -> dict[str, Verdict]:
    """The same rules on the paper's own numbers, as far as they are published."""
    families = published.agreement()
    by_class = {"r2": published.classes(), "rho": published.classes("rho_nh2015")}
    found = {
        "B1": _parts(by_class),
        "B2": _parts({"agree": families}, of_nothing=False),
        "B3": _as_far_as_published(),
    }
    return claims.decide("published tables", found)


def _as_far_as_published() -> str:
    """Why the claim on tasks can't be tested on published numbers, and what they say all the same."""
    told = [
        f"over {one.n} {kind} r is {words.number(one.value)} ({words.interval(one, 2)})"
        for kind, one in (
            ("models", published.relation("Reg NH2015", published.ALL)),
            ("better ones", published.relation("Reg NH2015", published.BETTER)),
        )
    ]
    return (
        f"{' and '.join(told)}, models taken for independent; scores of single models on tasks were not published, so "
        "no family can be left out"
    )


def table_of(material: Material, relation: Relation) -> pd.DataFrame:
    """Correlations of the page with three intervals and the ranges of leaving out, a row each, in words."""
    rows = {}
    for name in (key for key in NAMES if key in relation.of):
        found = relation.of[name]
        left = list(found.without_model.values())
        rows[NAMES[name]] = {
            "r": words.number(found.r.value),
            "over families": words.interval(found.r, 2),
            "over models": words.interval(found.over_models, 2),
            "one model left out": f"{words.number(min(left))} to {words.number(max(left))}",
            "models": found.r.n,
            "families": found.n_families,
        }
    return pd.DataFrame(rows).T.rename_axis(None)
