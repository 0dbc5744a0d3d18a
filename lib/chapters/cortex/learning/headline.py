"""The answer that opens the page on learning: in whom, what was found, how sure, and what was not.

Comes in: differences between models, and which models there are. Goes out: at most five sentences with at most three
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lib.chapters.cortex.learning.kin import DIET, TASK, TRAINING, TUNING, Asked, Learners
from lib.chapters.cortex.learning.told import records
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import called
from lib.compare import Estimate
from lib.report import words


def headline(found: Learners, gains: pd.DataFrame, asked: Mapping[str, Asked], heard: Material) -> str:
    """The answer in words.

    Parameters
    ----------
    found, gains, asked : models of the page, differences between them, and what was asked.
    heard : Material
    """
    of = records(gains, asked)
    told = [
        f"We asked what a network has to learn before it tells what auditory cortex of {heard.listeners} answers to "
        f"{heard.n} {heard.kind_of_sounds}.",
        _training(of, asked),
        _diets(of, asked),
        _tuning(of, asked),
        _unknown(found, heard),
    ]
    return " ".join(sentence for sentence in told if sentence)


def _training(of: Mapping[str, Estimate], asked: Mapping[str, Asked]) -> str:
    rows = [name for name in of if asked[name].kind == TRAINING]
    if not rows:
        return "No trained model was set against random weights."
    best = max(rows, key=lambda name: of[name].value)
    one, many = of[best], len(rows)
    way = "more" if one.value > 0 else "less"
    name = called(asked[best].one)
    which = (
        f"Of {many} trained models, the one that gained most ({name})" if many > 1 else f"The trained model ({name})"
    )
    open_yet = ", which may be nothing" if one.low <= 0 <= one.high else ""
    return (
        f"{which} predicts {_size(one)} {way} of six patterns of response than the same network with random weights"
        f"{open_yet}."
    )


def _size(one: Estimate) -> str:
    """A difference without its sign, which a word tells, with interval and n."""
    sign = -1 if one.value < 0 else 1
    low, high = sorted((sign * one.low, sign * one.high))
    size = Estimate(abs(one.value), low, high, one.n)
    return f"{words.share(size.value)} of the variance ({words.beside_share(size, 'sounds')})"


def _diets(of: Mapping[str, Estimate], asked: Mapping[str, Asked]) -> str:
    for kind, what in ((DIET, "training on more kinds of sound"), (TASK, "the task")):
        mine = [of[name] for name in of if asked[name].kind == kind]
        if mine:
            better, worse = sum(one.low > 0 for one in mine), sum(one.high < 0 for one in mine)
            if not better + worse:
                return f"Whether {what} matters stayed open in all {len(mine)} comparisons."
            first = "more kinds of sound did better" if kind == DIET else "the task nobody had labelled did better"
            return f"In {better} of {len(mine)} comparisons {first}, in {worse} worse; the others stayed open."
    return ""


def _tuning(of: Mapping[str, Estimate], asked: Mapping[str, Asked]) -> str:
    rows = [of[name] for name in of if asked[name].kind == TUNING]
    if not rows:
        return ""
    open_yet = ", which may be nothing" if rows[0].low <= 0 <= rows[0].high else ""
    way = "more" if rows[0].value > 0 else "less"
    return f"A model that was tuned to a task afterwards predicts {_size(rows[0])} {way} than before{open_yet}."


def _unknown(found: Learners, heard: Material) -> str:
    once = all(len(one.trainings) == 1 for one in found.trained)
    other = "each model was trained once, so another training may differ" if once else "only a few trainings were made"
    if heard.simulated:
        return f"Nobody was measured, so this says nothing about people; and {other}."
    return f"These models are not all that there are; and {other}."
