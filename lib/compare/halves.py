"""Intervals of any statistic of sounds and listeners: by halves of the sounds, and over listeners.

Comes in: a statistic as a function of which sounds there are, and its values by listener. Goes out: its values on
halves of the sounds, and an estimate whose interval has both as random factors.

Leaving out half of the stimuli and doing everything again, fits and choices included, gives values whose spread is
that of the statistic on all of them (Shao and Wu 1989, Annals of Statistics 17: 1176); it holds for medians and rank
correlations too, where leaving out one stimulus at a time does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib.compare.statistics import Estimate
from lib.ground import WrongUse


def over_halves(
    statistic: Callable[[np.ndarray], np.ndarray], folds: np.ndarray, *, n_halves: int = 24, seed: int = 0
) -> np.ndarray:
    """Values of a statistic on random halves of the stimuli, (n_halves, ...), half of every fold being drawn.

    Parameters
    ----------
    statistic : callable
        Of the numbers of the stimuli that are there, sorted.
    folds : array (n,)
    n_halves, seed : int
        At least two draws, and their seed.
    """
    if n_halves < 2:
        raise WrongUse(f"the spread over halves needs at least 2 of them, got {n_halves}")
    rng = np.random.default_rng(seed)
    return np.stack([statistic(_half(folds, rng)) for _ in range(n_halves)])


def _half(folds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    own = [rng.permutation(np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    return np.sort(np.concatenate([fold[: len(fold) // 2] for fold in own]))


def crossed(value: float, halves: np.ndarray, by_listener: np.ndarray = (), *, n: int, about: str = "") -> Estimate:
    """Estimate whose interval holds for other stimuli and, where several were measured, for other listeners.

    Parameters
    ----------
    value : float
    halves : array (n_halves,)
        From `over_halves`.
    by_listener : array (n_listeners,)
        Values of each listener, whose mean is `value`; NaN is left out, fewer than two add nothing.
    n : int
        What is counted beside it.
    about : str

    Returns
    -------
    Estimate
        Variances of the two are added, which counts what they share twice: rather too wide. Student's t with the
        degrees of freedom of Satterthwaite. NaN ends where a half had no value.
    """
    from scipy import stats

    halves, own = np.asarray(halves, float), np.asarray(by_listener, float)
    own = own[np.isfinite(own)]
    of_sounds = halves.var(ddof=1)
    of_listeners = own.var(ddof=1) / len(own) if len(own) > 1 else 0.0
    spread = of_sounds**2 / (len(halves) - 1) + of_listeners**2 / max(len(own) - 1, 1)
    total = of_sounds + of_listeners
    df = total**2 / spread if spread > 0 else np.inf
    half = float(stats.t.ppf(0.975, df) * np.sqrt(total)) if np.isfinite(total) else np.nan
    p = float(2 * stats.t.sf(abs(value) / np.sqrt(total), df)) if total > 0 else np.nan
    return Estimate(value, value - half, value + half, n, 0.95, "halves of sounds, listeners", p, about)
