"""What the ledger takes of the page on learning: claims on diets, on the course of training, and on tuning.

Comes in: differences between models and the rise of their scores, with the questions that were asked. Goes out: for
every claim its parts, or the reason why these models cannot test it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lib.chapters.cortex.learning.course import ENDS, RISE, Course, above_embedding
from lib.chapters.cortex.learning.kin import DIET, OWN, TUNING, Asked, Kin, Learners
from lib.chapters.cortex.questions import measured
from lib.report.claims import Measured

SINGLE = ("speech", "environment", "music")
"""Kinds of sound whose models a model of all is set against."""
DOMAINS = ("speech", "music")
"""Those that have a component of their own."""


def evidence(
    found: Learners,
    asked: Mapping[str, Asked],
    gains: pd.DataFrame,
    way: Course,
    path: pd.DataFrame | None,
    of_layers: pd.DataFrame | None,
) -> dict[str, dict[str, Measured] | str]:
    """Parts of the claims on diets, course and tuning, or why one can't be tested.

    Parameters
    ----------
    found, asked, gains : models, questions and ``lib.compare.contrasts`` of them.
    way, path, of_layers : the course, ``course.overall`` and the slopes of ``course.by_layer``.
    """
    return {"B4": _diets(found, asked, gains), "B5": _course(way, path, of_layers), "B7": _tuning(asked, gains)}


def _diets(found: Learners, asked: Mapping[str, Asked], gains: pd.DataFrame) -> dict[str, Measured] | str:
    for one in found.kin:
        rows = _of_one(one, {each.name: each for each in found.kin}, asked)
        if set(rows) == {*SINGLE, *(f"{diet}_own" for diet in DOMAINS)}:
            return {key: measured(gains.loc[row]) for key, row in sorted(rows.items())}
    return (
        "no model of several kinds of sound stands here beside one for each of them alone (speech, environment, music) "
        "that learnt in the same way, with the components of speech and music"
    )


def _of_one(one: Kin, by_name: Mapping[str, Kin], asked: Mapping[str, Asked]) -> dict[str, str]:
    """Rows of the differences of a model to those of a single diet, by the diet; the first where there are several."""
    rows: dict[str, str] = {}
    for key, each in asked.items():
        names = [name.partition(" on ")[0] for name in (each.one, each.other)]
        if each.kind in (DIET, OWN) and names[0] == one.name and len(by_name[names[1]].diets) == 1:
            (diet,) = by_name[names[1]].diets
            rows.setdefault(diet if each.kind == DIET else f"{diet}_own", key)
    return rows


def _course(way: Course, path: pd.DataFrame | None, of_layers: pd.DataFrame | None) -> dict[str, Measured] | str:
    if not way.stages:
        return "no model of this page has checkpoints of its training"
    slowest = above_embedding(of_layers)
    least = slowest.loc[slowest["low_family"].idxmin()].copy()
    least["p_family"] = slowest["p_family"].max()
    return {RISE: measured(path.loc[RISE]), ENDS: measured(path.loc[ENDS]), "layers": measured(least)}


def _tuning(asked: Mapping[str, Asked], gains: pd.DataFrame) -> dict[str, Measured] | str:
    rows = [key for key, one in asked.items() if one.kind == TUNING]
    if not rows:
        return "no model of this page was tuned to a task from another one that stands here"
    return {"change": measured(gains.loc[rows[0]], of_nothing=False)}
