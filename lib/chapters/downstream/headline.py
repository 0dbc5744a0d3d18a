"""The answer that opens the page: over which models, what goes together, how sure, and what was not found.

Comes in: ``Material`` and ``Relation``. Goes out: a question, and at most five sentences with three numbers.
"""

from __future__ import annotations

import numpy as np

from lib.chapters.downstream.material import Material
from lib.chapters.downstream.relation import Relation, bar
from lib.compare import Estimate
from lib.report import words

QUESTION = "Do models that do better on tasks also hear more like us?"


def headline(material: Material, relation: Relation) -> str:
    """State over which models it was asked, what goes together, how sure that is, and what remains open."""
    return " ".join([
        f"Over {material.n} models of {material.n_families} families we asked whether those that do better on "
        f"{_tasks(material)} also predict {_whose(material)} better.",
        _main(relation.r("overall")),
        _without(relation.r("trained")),
        _ways(relation.r("agree")),
        _open(material),
    ])  # fmt: skip


def _tasks(material: Material) -> str:
    kind = "generated sounds" if material.recording == "pocket-sounds" else "real sounds"
    return f"{len(material.tasks)} tasks with {kind}"


def _whose(material: Material) -> str:
    return "what simulated listeners answer" if material.simulated else "what human auditory cortex answers"


def _main(found: Estimate) -> str:
    if not np.isfinite(found.value):
        return "There are too few families of models here to say."
    told = words.told(found, "models")
    if found.low > 0:
        return f"They do: over models the two scores have a correlation of {told}."
    if found.high < 0:
        return f"They do worse: over models the two scores have a correlation of {told}."
    return f"Whether they do stayed open: over models the two scores have a correlation of {told}."


def _without(found: Estimate) -> str:
    if not np.isfinite(found.value):
        return "Without models whose weights are random there are too few to say."
    clear = "still clearly above zero" if found.low > 0 else "which may be zero"
    return f"Without models whose weights are random it is {words.told(found, 'models')}, {clear}."


def _ways(found: Estimate) -> str:
    if not np.isfinite(found.value):
        return "Whether two ways to compare a model with cortex rank models alike cannot be said either."
    how = "rank models much alike" if found.low > bar() else "do not surely rank models alike"
    return f"Two ways to compare a model with cortex {how}, with a correlation of {words.told(found, 'models')}."


def _open(material: Material) -> str:
    if material.simulated:
        return (
            "Nobody was measured, so this shows what the analysis does; and with few families of mostly small models "
            "it can tell strong relations alone."
        )
    return (
        "With few families of mostly small models only strong relations can be told, and none of them says what causes "
        "what."
    )
