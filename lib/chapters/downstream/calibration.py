"""How often the page's rules find something where scores of models have nothing in common: counted, and stored.

Comes in: the models of a recording, whose scores give way to random ones. Goes out: rows of data/calibration.csv, one
for each claim on correlations, made by ``python -m lib.chapters.downstream.calibration`` (``make calibration``). Of
random scores half of the variance lies between families, as it may in real ones. The rule on two ways to measure is
asked where they correlate at its threshold, .7.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.chapters.downstream import records
from lib.chapters.downstream.material import gathered
from lib.chapters.downstream.relation import BETTER, bar, weakest
from lib.compare import calibrated, together
from lib.ground import WrongUse
from lib.report.claims import sizes

SHARE = 0.5
"""Of the variance of random scores, between families."""
TASKS = {"natsound165": ("environment", "spoken-words", "spoken-voices"),
         "pocket-sounds": ("pocket-kinds", "pocket-music", "pocket-words", "pocket-moods")}  # fmt: skip


def unrelated(families: np.ndarray, *, seed: int | Sequence[int]) -> pd.DataFrame:
    """Random scores x, y and z of models: y has nothing to do with x, z correlates with x as the claim asks."""
    rng, (_, of) = np.random.default_rng(seed), np.unique(families, return_inverse=True)

    def drawn() -> np.ndarray:
        between, within = rng.standard_normal(of.max() + 1)[of], rng.standard_normal(len(of))
        return np.sqrt(SHARE) * between + np.sqrt(1 - SHARE) * within

    (x, y), r = (drawn(), drawn()), bar()
    return pd.DataFrame({"x": x, "y": y, "z": r * x + np.sqrt(1 - r**2) * drawn(), "family": families})


def decisions(scores: pd.DataFrame) -> dict[str, float | bool]:
    """Whether each rule is fulfilled; NaN where it can't be asked."""
    how = {"n_draws": 2}
    try:
        agree = together(scores["x"], scores["z"], scores.index, scores["family"], **how)
        whole = together(scores["x"], scores["y"], scores.index, scores["family"], **how)
        fewer = scores[scores["family"] != weakest(whole)]
        better = scores[scores["x"] > BETTER]
        parts = [whole, *(together(one["x"], one["y"], one.index, one["family"], **how) for one in (fewer, better))]
    except WrongUse:
        return {"B2": np.nan, "B3": np.nan}
    return {"B2": bool(agree.r.low > bar()), "B3": all(bool(part.r.low > 0) for part in parts)}


def main(names: Sequence[str], *, n: int = 400) -> None:
    """Count for some recordings and put the rows in the place of older ones."""
    for name in names:
        families = gathered(name, TASKS[name]).scores["family"].to_numpy(str)
        found = calibrated(decisions, families, n=n, noise=unrelated)
        told = f"{len(families)} models, {len(np.unique(families))} families"
        sizes.keep(name, found.assign(settings=told))


if __name__ == "__main__":
    main(sys.argv[1:] or list(records.RECORDINGS))
