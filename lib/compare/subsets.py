"""Intervals of any statistic of sounds and listeners: without some of the sounds, and over listeners.

Comes in: a statistic as a function of which sounds there are, and its values by listener. Goes out: its values without
a fifth of the sounds, and an estimate whose interval has sounds and listeners as random factors.

Leaving out d of n stimuli at random and doing everything again, fits and choices included, gives values whose variance
times (n - d) / d is that of the statistic (Shao and Wu 1989, Annals of Statistics 17: 1176). It holds for medians and
rank correlations too, where leaving out one stimulus at a time does not: d has to be well above the root of n. A fifth
is, for the sounds of this book, and leaves nearly as many as there were: preferred depth depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.compare.statistics import Estimate
from lib.ground import WrongUse

LEFT_OUT = 5
"""One in so many stimuli of each fold is left out."""


def over_subsets(
    statistic: Callable[[np.ndarray], np.ndarray], folds: np.ndarray, *, n_draws: int = 24, seed: int = 0
) -> np.ndarray:
    """Values of a statistic without a random fifth of the stimuli of every fold, (n_draws, ...).

    Parameters
    ----------
    statistic : callable
        Of the numbers of the stimuli that are there, sorted.
    folds : array (n,)
    n_draws, seed : int
        At least two draws, and their seed.
    """
    if n_draws < 2:
        raise WrongUse(f"the spread over subsets needs at least 2 of them, got {n_draws}")
    rng = np.random.default_rng(seed)
    return np.stack([statistic(_subset(folds, rng)) for _ in range(n_draws)])


def _subset(folds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    own = [rng.permutation(np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    return np.sort(np.concatenate([fold[len(fold) // LEFT_OUT :] for fold in own]))


def crossed(value: float, draws: np.ndarray, by_listener: np.ndarray = (), *, n: int, about: str = "") -> Estimate:
    """Estimate whose interval holds for other stimuli and, where several were measured, for other listeners.

    Parameters
    ----------
    value : float
    draws : array (n_draws,)
        From `over_subsets`.
    by_listener : array (n_listeners,)
        Values of each listener, whose mean is `value`; NaN is left out, fewer than two add nothing.
    n : int
        What is counted beside it.
    about : str

    Returns
    -------
    Estimate
        Variances of the two are added, which counts twice what they share: rather too wide. Student's t with the
        degrees of freedom of Satterthwaite; p is two-sided. NaN ends where a draw had no value.
    """
    from scipy import stats

    draws, own = np.asarray(draws, float), np.asarray(by_listener, float)
    own = own[np.isfinite(own)]
    of_stimuli = draws.var(ddof=1) * (LEFT_OUT - 1)
    of_listeners = own.var(ddof=1) / len(own) if len(own) > 1 else 0.0
    spread = of_stimuli**2 / (len(draws) - 1) + of_listeners**2 / max(len(own) - 1, 1)
    total = of_stimuli + of_listeners
    df = total**2 / spread if spread > 0 else np.inf
    half = float(stats.t.ppf(0.975, df) * np.sqrt(total)) if np.isfinite(total) else np.nan
    p = float(2 * stats.t.sf(abs(value) / np.sqrt(total), df)) if total > 0 else np.nan
    return Estimate(value, value - half, value + half, n, 0.95, "jackknife of stimuli, listeners", p, about)
