"""What the paper's own tables say, computed again: regression against similarity, classes of models, tasks.

Comes in: data/published/cortex_*.csv, digitised from the paper's figures or copied from its table. Goes out: estimates.
Scores of single models on tasks were not published, only their correlations: of these, intervals follow from the
number of models, which the paper states for all, and which its stars tell for the better half (``models_behind``).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from lib.compare import Estimate, Together, class_difference, together
from lib.ground import PUBLISHED

ALL, BETTER = "All", ">-1"
BASELINE, TOPLINE = "SpectroTemporal baseline", "inter-subject topline (dotted)"
MASKED, OTHER = "masked reconstruction", "older or specialised"
MASKED_FAMILIES = ("ECMAE", "BEATs", "Dasheng")
ROUNDING = 5e-4
"""Correlations are printed with three digits."""
ALIGNMENTS = {"Reg NH2015": "regression", "RSA(max) NH2015": "similarity"}


@cache
def alignment() -> pd.DataFrame:
    """Columns r2_nh2015, r2_b2021, rho_nh2015, rho_b2021, family and class of 36 models (the filters among them)."""
    table = pd.read_csv(PUBLISHED / "cortex_alignment.csv", index_col="model").drop(index=TOPLINE)
    family = table.index.str.split(" \\(").str[0]
    kinds = [_class(model, of) for model, of in zip(table.index, family, strict=True)]
    return table.assign(**{"family": family, "class": kinds})


def _class(model: str, family: str) -> str:
    """Fine-tuned models, which were trained in both ways, and the filters, which were not trained, are in neither."""
    if model == BASELINE or model.endswith("(FT)"):
        return ""
    return MASKED if family in MASKED_FAMILIES else OTHER


def agreement(data: str = "nh2015", *, n_draws: int = 2000, seed: int = 0) -> Together:
    """Regression against similarity over the paper's models, for one of its data sets (nh2015, b2021)."""
    table = alignment()
    x, y = table[f"r2_{data}"], table[f"rho_{data}"]
    return together(x, y, table.index, table["family"], n_draws=n_draws, seed=seed)


def classes(measure: str = "r2_nh2015") -> Estimate:
    """Masked reconstruction minus older or specialised models, families as cases."""
    table = alignment()
    return class_difference(table[measure], table["family"], table["class"], MASKED, OTHER)


@cache
def by_task() -> pd.DataFrame:
    """The paper's table of correlations: alignment, models, task, r, significance."""
    return pd.read_csv(PUBLISHED / "cortex_downstream_correlation.csv")


@cache
def models_behind(which: str) -> tuple[int, ...]:
    """Numbers of models, 10 to 60, with which all stars of the table follow from its correlations.

    A star is a p below .05, two are one below .01; a correlation may be off by half of its last digit.
    """
    table = by_task().query("models == @which", local_dict={"which": which})
    counts = np.arange(10, 61)
    return tuple(int(n) for n in counts if all(_fits(row.r, row.significance, n) for row in table.itertuples()))


def _fits(r: float, told: str, n: int) -> bool:
    """Whether a correlation of n models, or one that rounds to the same, is as significant as it is told to be."""
    from scipy import stats

    ends = np.clip(np.abs(r) + np.array([-ROUNDING, ROUNDING]), 0, 1)
    weak, strong = 2 * stats.t.sf(ends * np.sqrt((n - 2) / (1 - ends**2)), n - 2)  # p of the ends
    least, most = {"p<.01": (0, 0.01), "p<.05": (0.01, 0.05), "ns": (0.05, 1)}[told]
    return bool(strong <= most and weak >= least)


def relation(aligned: str, which: str, task: str = "Overall") -> Estimate:
    """A correlation of the table, with Fisher's interval.

    The number of models is that of ``models_behind``, 36 where all are meant, as the paper states. The interval takes
    models for independent, which those of one family are not: it is too narrow.
    """
    from scipy import stats

    table = by_task()
    row = table[(table["alignment"] == aligned) & (table["models"] == which) & (table["task"] == task)].iloc[0]
    n = len(alignment()) if which == ALL else models_behind(which)[0]
    half = stats.norm.ppf(0.975) / np.sqrt(n - 3)
    t = row.r * np.sqrt((n - 2) / (1 - row.r**2))
    low, high = np.tanh(np.arctanh(row.r) - half), np.tanh(np.arctanh(row.r) + half)
    about = f"published r of {aligned} and {task} over {n} models"
    return Estimate(
        float(row.r), float(low), float(high), n, 0.95, "Fisher z", float(2 * stats.t.sf(abs(t), n - 2)), about
    )
