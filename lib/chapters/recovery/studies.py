"""What simulated studies find, counted.

Comes in: what each of many simulated studies reported. Goes out: counts that add up over runs; data/recovery.csv is
their sum, and ``lib.report.claims.detection`` reads it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from lib.ground import MissingData, replacing
from lib.report import runs
from lib.report.claims.detection import ALPHA, COUNTS, SETTING, spelt_out


def t_test(values: np.ndarray) -> dict[str, np.ndarray]:
    """Mean over listeners against 0, studies side by side.

    Parameters
    ----------
    values : array (study, listener)
        One contrast.

    Returns
    -------
    dict of array (study,)
        estimate, low and high (95 %), t, and the two-sided p.
    """
    from scipy.stats import ttest_1samp

    found = ttest_1samp(values, 0, axis=1)
    interval = found.confidence_interval(1 - ALPHA)
    ends = {"low": interval.low, "high": interval.high}
    return {"estimate": values.mean(axis=1)} | ends | {"t": found.statistic, "p": found.pvalue}


def count(tests: dict[str, np.ndarray], planted: float | None = None, **setting: object) -> dict[str, object]:
    """One row of the table of counts.

    Parameters
    ----------
    tests : dict of array (study,)
        estimate and p; low and high where `planted` is given.
    planted : float, optional
        The true size, in the units of the estimate.
    **setting
        Columns of ``SETTING``.
    """
    estimate, significant = np.asarray(tests["estimate"], float), np.asarray(tests["p"]) <= ALPHA
    row = dict(setting, studies=len(estimate), significant=int(significant.sum()))
    row |= {"found": int((significant & (estimate > 0)).sum()), "total": estimate.sum(), "squares": (estimate**2).sum()}
    if planted is not None:
        inside = (tests["low"] <= planted) & (planted <= tests["high"])
        row |= {"planted": planted * len(estimate), "covered": int(inside.sum())}
    return row


def add_up(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Counts of several runs together, one row per setting."""
    table = pd.concat([spelt_out(each.reindex(columns=SETTING + COUNTS)) for each in tables])
    return table.groupby(SETTING, sort=True, dropna=False)[COUNTS].sum(min_count=1).reset_index()


def gather(path: str | Path) -> pd.DataFrame:
    """Add up the counts of all runs of the chapter *studies* as it stands and write them to `path`.

    Raises
    ------
    MissingData
        There is no such run.
    """
    found = {json.dumps(run.manifest["parameters"], sort_keys=True): run for run in runs.of_this_source("studies")}
    if not found:
        raise MissingData("there is no run of the chapter 'studies' as it stands: `make recovery` makes them")
    table = add_up(pd.read_csv(run.folder / "tables" / "counts.csv") for run in found.values())
    with replacing(path) as new:
        table.round(6).to_csv(new, index=False)
    return table


if __name__ == "__main__":
    gather(sys.argv[1])
