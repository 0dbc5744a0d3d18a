"""The answer of the recovery chapter in plain words, bad news included.

Comes in: rates of the stored studies. Goes out: at most five sentences, three numbers with interval and n.
"""

from __future__ import annotations

import pandas as pd

from lib.chapters.recovery.accuracy import of_largest
from lib.chapters.recovery.counted import Found, bad_news, silence, worst
from lib.compare import Estimate
from lib.report import words
from lib.report.claims.detection import ALPHA

QUESTION = "Would we have found it?"
NOT_THERE = {
    "early window": "an early response to sound",
    "late window": "a late response to words",
    "sound family": "a part of the responses that only sound predicts",
    "word family": "a part of the responses that only words predict",
    "affect, early": "a change of the early response in negative passages",
    "affect, late": "a change of the late response in negative passages",
    "hierarchy": "a step from sound to words between early and late regions",
}


def headline(effects: Found, nothing: pd.DataFrame, accuracy: pd.DataFrame) -> str:
    """What simulated studies find, how often it is not there, and whether their intervals are right.

    Parameters
    ----------
    effects, nothing, accuracy
        Of ``counted.found``, ``counted.nothing_there`` and ``accuracy.accuracy``.
    """
    late, most = effects.of("late window"), worst(nothing)
    row = of_largest(accuracy).sort_values("coverage").iloc[0]
    sizes = sorted(set(nothing["listeners"]))
    share = silence(nothing)["false_share"]
    noise = "as rarely as it should be" if share.low <= ALPHA <= share.high else "not as rarely as it should be"
    turn = "But " if bad_news(nothing) else "At worst, "
    return " ".join([
        f"We planted responses in simulated listeners, made many studies of {sizes[0]} to {sizes[-1]} of them, and "
        "counted how often our analyses find what is there and nothing else.",
        f"A late response to words is found in {_counted(late['rate'], late)}; where no response was planted, "
        f"something is found {noise}.",
        f"{turn}{NOT_THERE[most['effect']]} is found in {_counted(most['share'], most)} although it was not planted: "
        f"the worst of {len(nothing)} such counts.",
        f"And the interval for the {_named(row['title'])}, meant to hold the truth in 95 of 100 studies, holds it in "
        f"{_counted(row['coverage'], row)}.",
        "These are stored counts of simulated studies; in people, whose noise is rougher, expect less to be found.",
    ])  # fmt: skip


def _counted(rate: float, row: pd.Series) -> str:
    """A share of studies with its interval and n."""
    counted = Estimate(rate, row["low"], row["high"], int(row["studies"]))
    return words.told_share(counted, f"studies of {row['listeners']:.0f} listeners")


def _named(title: str) -> str:
    """A quantity in words that need no explanation."""
    peak, _, what = title.partition(", ")
    after = {"N1": "first response to sound", "N400": "late response to words"}[peak]
    what = {
        "latency": "moment of the",
        "size": "size of the",
        "loss with affect": "change in negative passages of the",
    }[what]
    return f"{what} {after}"
