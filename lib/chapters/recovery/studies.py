"""How often simulated studies find what was planted, and what is not there: counting, rates, and planning.

Comes in: what each of many simulated studies reported. Goes out: counts that add up over runs (data/recovery.csv is
their sum), rates with exact intervals, and the power of a study that nobody has simulated yet.
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

SETTING = ["recording", "effect", "without", "snr", "listeners", "minutes"]
"""What identifies a row of the table of counts."""
COUNTS = ["studies", "found", "significant", "total", "squares", "planted", "covered"]
"""Studies; of these, significant in the claimed direction; significant in any; sums of estimates and of their squares
(a study's estimate over its standard error for detection, in its own units where a size was planted); sum of planted
sizes; studies whose 95 % interval holds the planted size. The last two are empty where no size is comparable."""
ALPHA = 0.05


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
    from scipy.stats import t

    n = values.shape[1]
    mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(n)
    reach = t.ppf(1 - ALPHA / 2, n - 1) * error
    return {
        "estimate": mean,
        "low": mean - reach,
        "high": mean + reach,
        "t": mean / error,
        "p": 2 * t.sf(abs(mean / error), n - 1),
    }


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
    table = pd.concat([_spelt_out(each.reindex(columns=SETTING + COUNTS)) for each in tables])
    return table.groupby(SETTING, sort=True, dropna=False)[COUNTS].sum(min_count=1).reset_index()


def read_counts(path: str | Path) -> pd.DataFrame:
    """The stored table of counts."""
    return _spelt_out(pd.read_csv(path))


def _spelt_out(table: pd.DataFrame) -> pd.DataFrame:
    """Nothing switched off is an empty text, which a CSV file cannot tell from a missing value."""
    return table.assign(without=table["without"].astype(object).fillna("").astype(str))


def rates(counts: pd.DataFrame, column: str = "found", level: float = 0.95) -> pd.DataFrame:
    """Share of studies with its exact (Clopper-Pearson) interval: columns rate, low, high are added to a copy."""
    from scipy.stats import beta

    hits, n, tail = counts[column].to_numpy(float), counts["studies"].to_numpy(float), (1 - level) / 2
    low = np.where(hits > 0, beta.ppf(tail, hits, n - hits + 1), 0.0)
    high = np.where(hits < n, beta.ppf(1 - tail, hits + 1, n - hits), 1.0)
    return counts.assign(rate=hits / n, low=low, high=high)


def binomial_band(studies: int, rate: float = ALPHA, level: float = 0.99) -> tuple[float, float]:
    """Shares that a test of exactly `rate` gives in `level` of all sets of so many studies."""
    from scipy.stats import binom

    return tuple(binom.ppf([(1 - level) / 2, (1 + level) / 2], studies, rate) / studies)


def fit_effect_size(counts: pd.DataFrame) -> dict[str, float]:
    """Effect size of one effect as a function of signal strength and minutes.

    A contrast has a mean and a spread over listeners; their ratio d follows 1 / d² = spread + noise / (snr² * minutes):
    listeners differ, and noise averages out over time. The two are fitted to the counts of all settings at once by
    maximum likelihood, each count binomial with the ``power`` of its setting.

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of one effect with the effect present.

    Returns
    -------
    dict
        spread and noise, both above 0.
    """
    from scipy.optimize import minimize

    data = counts[counts["snr"] > 0]
    n, minutes, noise = data["listeners"].to_numpy(), data["minutes"].to_numpy(), 1 / data["snr"].to_numpy()
    found, missed = data["found"].to_numpy(), (data["studies"] - data["found"]).to_numpy()

    def unlikely(log_size):
        size = dict(zip(("spread", "noise"), np.exp(np.clip(log_size, -12, 12)), strict=True))
        share = np.clip(power(size, n, minutes, noise), 1e-9, 1 - 1e-9)
        return -(found * np.log(share) + missed * np.log1p(-share)).sum()

    best = minimize(unlikely, np.log([0.2, 1.0]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3})
    return dict(zip(("spread", "noise"), np.exp(np.clip(best.x, -12, 12)).tolist(), strict=True))


def power(size: dict[str, float], listeners: np.ndarray, minutes: np.ndarray, noise: np.ndarray = 1.0) -> np.ndarray:
    """Probability that a study finds an effect (two-sided test at .05, in the claimed direction).

    Parameters
    ----------
    size : dict
        From ``fit_effect_size``.
    listeners, minutes : array_like
        Of the study; at least two listeners.
    noise : array_like
        Amplitude of the noise against that of the simulated recordings (1 / snr).
    """
    from scipy.stats import nct, t

    n = np.asarray(listeners, float)
    if (n < 2).any():
        raise ValueError("a test over listeners needs at least two of them")
    effect = np.sqrt(n / (size["spread"] + size["noise"] * np.asarray(noise, float) ** 2 / np.asarray(minutes, float)))
    return nct.sf(t.ppf(1 - ALPHA / 2, n - 1), n - 1, effect)


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
