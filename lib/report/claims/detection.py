"""How often simulated studies find what was planted, and what is not there: rates and planning.

Comes in: counts of simulated studies (data/recovery.csv). Goes out: rates with exact intervals, and the power of a
study that nobody has simulated yet, for the recovery chapter and beside the verdicts of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.ground import DATA
from lib.report.claims.rules import ledger

RECOVERY = DATA / "recovery.csv"
SETTING = ["recording", "effect", "without", "snr", "listeners", "minutes"]
"""What identifies a row of the table of counts."""
COUNTS = ["studies", "found", "significant", "total", "squares", "planted", "covered"]
"""Studies; of these, significant in the claimed direction; significant in any; sums of estimates and of their squares
(a study's estimate over its standard error for detection, in its own units where a size was planted); sum of planted
sizes; studies whose 95 % interval holds the planted size. The last two are empty where no size is comparable."""
ALPHA = 0.05


def read_counts(path: str | Path) -> pd.DataFrame:
    """The stored table of counts."""
    return spelt_out(pd.read_csv(path))


def spelt_out(table: pd.DataFrame) -> pd.DataFrame:
    """Nothing switched off is an empty text, which a CSV file cannot tell from a missing value."""
    return table.assign(without=table["without"].astype(object).fillna("").astype(str))


def rates(counts: pd.DataFrame, column: str = "found", level: float = 0.95, inflation: float = 1.0) -> pd.DataFrame:
    """Share of studies with its exact (Clopper-Pearson) interval: columns rate, low, high are added to a copy.

    Parameters
    ----------
    counts : pandas.DataFrame
        studies, and the column that is counted.
    column : str
        found, significant or covered.
    level : float
        Confidence level.
    inflation : float or array
        By how much the variance of the count exceeds that of independent studies (``nested_inflation``); the interval
        is that of so many fewer studies.
    """
    from scipy.stats import beta

    hits, n = (counts[one].to_numpy(float) / inflation for one in (column, "studies"))
    tail = (1 - level) / 2
    low = np.where(hits > 0, beta.ppf(tail, hits, n - hits + 1), 0.0)
    high = np.where(hits < n, beta.ppf(1 - tail, hits + 1, n - hits), 1.0)
    return counts.assign(rate=hits / n, low=low, high=high)


def nested_inflation(listeners: Sequence[int], *, n_draws: int = 20_000, seed: int = 0) -> float:
    """By how much studies of several sizes, cut from the same listeners, inflate the variance of how many find noise.

    Smaller studies are disjoint parts of the largest, as many as go in, each a two-sided t test of its listeners at
    ``ALPHA``. Listeners who differ by chance make the small and the large study significant together, so that a count
    over all sizes varies more than one of as many independent studies.

    Parameters
    ----------
    listeners : sequence of int
        Sizes, each at least 2 where there are several.
    n_draws, seed : int
        How many sets of listeners are drawn, and their seed.
    """
    from scipy.stats import t

    if len(set(listeners)) == 1:
        return 1.0
    noise, hits, tests = np.random.default_rng(seed).standard_normal((n_draws, max(listeners))), 0, 0
    for size in set(listeners):
        groups = noise[:, : max(listeners) // size * size].reshape(n_draws, -1, size)
        values = groups.mean(axis=2) / (groups.std(axis=2, ddof=1) / np.sqrt(size))
        hits = hits + (abs(values) > t.ppf(1 - ALPHA / 2, size - 1)).sum(axis=1)
        tests += groups.shape[1]
    return float(np.var(hits) / (tests * ALPHA * (1 - ALPHA)))


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


def planned(claims: Iterable[str], listeners: int, minutes: float, noise: float = 1.0) -> dict[str, float]:
    """Power of claims that the stored studies have an effect for (`planted` in the ledger), by claim.

    It is that of one test at .05: a claim with more parts, or corrected for others, has less. Arguments of ``power``.
    """
    counts, out = read_counts(RECOVERY), {}
    present = counts[(counts["without"] == "") & (counts["snr"] > 0)]
    for claim in claims:
        for effect in (part.planted for part in ledger()[claim].parts if part.planted):
            size = fit_effect_size(present[present["effect"] == effect])
            out[claim] = min(out.get(claim, 1.0), float(power(size, listeners, minutes, noise)))
    return out
