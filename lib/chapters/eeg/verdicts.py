"""What the EEG chapter's page decides, and its tidy results.

Comes in: what was measured for each claim, or why it was not, with the choices that scores rest on. Goes out: verdicts
of the ledger on the paper's claims and on this book's, and one table of everything that figures show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lib.report import claims
from lib.report.claims import detection, sizes
from lib.report.style import MEASURE_TITLES

if TYPE_CHECKING:
    from lib.chapters.eeg.scores import Scores
    from lib.chapters.eeg.scoring import Scoring
    from lib.chapters.eeg.study import Study
    from lib.chapters.eeg.windows import Timed
    from lib.report.claims import Measured, Verdict

PAPER = ("A1", "A2", "A3", "A4", "A5", "A6", "A7")
OURS = ("E1", "E2", "E3", "E4")
LIKENESS = {"A6": "pieces", "A7": "pieces", "E3": "specific", "E4": "specific"}
"""Claims decided against re-paired pieces, and against which."""


def measured(value: Any, p: float, draws: int = 0) -> Measured:
    """An estimate as a part of a claim, with the p of a null of some draws."""
    return claims.Measured(value=value.value, low=value.low, high=value.high, n=value.n, p=p, draws=draws)


def decided(found: Mapping[str, Mapping[str, Measured] | str], scoring: Scoring) -> dict[str, Verdict]:
    """Verdicts on all claims of the chapter, the paper's corrected for each other and so this book's.

    Parameters
    ----------
    found : mapping
        By claim its parts, or why it can't be tested.
    scoring : Scoring
        A null that finds likeness in noise, or pieces that can't be cut, take a claim on likeness its test.
    """
    study = scoring.study
    told = dict(found) | {claim: why for claim in LIKENESS if (why := _untestable(claim, scoring))}
    if study.unit == "word":
        told["A5"] = "frames are re-ordered within words, which have too few of them"
    name = study.recording.name
    noise = sizes.counted(name)
    paper = claims.decide(name, {claim: told[claim] for claim in PAPER}, sizes=noise)
    ours = {claim: told[claim] for claim in OURS}
    return paper | claims.decide(name, ours, sizes=noise, power=_power(ours, study))


def _untestable(claim: str, scoring: Scoring) -> str:
    """Why a claim on likeness can't be tested by these scores; empty where it can."""
    cut = scoring.cuts[LIKENESS[claim]]
    if LIKENESS[claim] == "specific" and isinstance(cut, str):
        return cut
    if scoring.null != "pieces":
        return f"it is decided against re-paired pieces, and this run has the null {scoring.null}, which finds "\
               "likeness in noise"  # fmt: skip
    return ""


def _power(ours: Mapping[str, Any], study: Study) -> dict[str, float]:
    """Of the claims on words, how often simulated studies as large find what was planted."""
    words = {claim: parts for claim, parts in ours.items() if claim in ("E1", "E2")}
    if any(isinstance(parts, str) for parts in words.values()):
        return {}
    minutes, snr = float(study.recording.segments["duration"].sum() / 60), study.options.get("snr")
    noise = 1 / snr if study.recording.simulated and snr else 1.0
    return detection.planned(words, study.n_listeners, minutes, noise)


def tidy(
    scores: Mapping[str, Scores], null: str, beside: pd.DataFrame, peaks: pd.DataFrame, timed: Timed
) -> pd.DataFrame:
    """All results in one table: by listener and layer, beyond chance, peaks in depth, and windows of time.

    Parameters
    ----------
    scores : mapping of str to Scores
    null : str
        Their null.
    beside : pandas.DataFrame
        From ``evidence.beyond_chance``.
    peaks : pandas.DataFrame
        From ``evidence.peak_intervals``.
    timed : Timed
    """
    n = min(one.observed.sizes["sentence"] for one in scores.values())
    rows = [one.null.to_frame().assign(model=name, window=null) for name, one in scores.items()]
    every = pd.concat(rows, ignore_index=True).drop(columns=["z", "p_max", "scheme", "n_permutations"]).assign(n=n)
    course = timed.course(timed.observed).drop(columns="centre").assign(
        window=list(timed.spans), measure="rsa_spearman", model=timed.model, layer="best of the other half"
    )  # fmt: skip
    depth = peaks.rename(columns={"depth": "value"}).assign(window="depth of the peak")
    return pd.concat([every, beside.drop(columns="kind"), depth, course], ignore_index=True)


def counted(results: pd.DataFrame) -> pd.DataFrame:
    """How many numbers of each measure the results hold, for reading."""
    rows = results.groupby("measure").size().rename(index=MEASURE_TITLES)
    return rows.to_frame("numbers").rename_axis(None)
