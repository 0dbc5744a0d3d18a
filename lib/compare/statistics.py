"""Intervals, tests and summaries that go with every number.

Comes in: scores over stimuli, voxels or subjects. Goes out: small records that hold the value, how many things it rests
on, its interval, and its null where there is one. SciPy and statsmodels do what they have.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lib.ground import WrongUse, unknown

BOOTSTRAPS = {"bca": "BCa", "percentile": "percentile"}


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value, low, high : float or array
        The statistic and the ends of its confidence interval.
    n : int or None
        How many things it rests on.
    level : float
        Confidence level.
    method : str
        How the interval was made.
    p : float or array
        Two-sided p value where the method gives one, else NaN.
    about : str
        What the number is, in words, with its unit.
    digits : int or None
        After the point, where the interval does not say how many can be meant.
    """

    value: float | np.ndarray
    low: float | np.ndarray = np.nan
    high: float | np.ndarray = np.nan
    n: int | None = None
    level: float = 0.95
    method: str = ""
    p: float | np.ndarray = np.nan
    about: str = ""
    digits: int | None = None


def bootstrap(
    statistic: Callable,
    *samples: np.ndarray,
    axis: int = 0,
    paired: bool = True,
    method: str = "bca",
    level: float = 0.95,
    n_draws: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Bootstrap interval of a statistic, drawing stimuli, subjects or other rows with replacement.

    Parameters
    ----------
    statistic : callable
        ``statistic(*samples, axis=...)``, vectorised along `axis`: `numpy.mean`, `numpy.median`, ...
    *samples : array
        Observations along `axis`; other axes (voxels, layers) are kept, and each gets its interval.
    axis : int
        The axis of the things that are drawn.
    paired : bool
        Draw the same rows from every sample. False: each sample is drawn on its own.
    method : {"bca", "percentile"}
        Bias-corrected and accelerated, or plain percentiles. BCa needs about ten things or more to be of use.
    level : float
        Confidence level.
    n_draws, seed : int
        Number of resamples and seed of the draws.

    Returns
    -------
    Estimate
        With `n` the number of things drawn (of the smallest sample, if unpaired). BCa is undefined for a statistic that
        no single row moves (a squared correlation cut at 0, where the correlation is negative): such elements take
        percentiles, and `method` and a warning count them.
    """
    from scipy import stats

    if method not in BOOTSTRAPS:
        raise unknown("bootstrap method", method, BOOTSTRAPS)
    samples = tuple(np.asarray(sample, dtype=np.float64) for sample in samples)
    lengths = [sample.shape[axis] for sample in samples]
    if min(lengths) < 2 or (paired and len(set(lengths)) > 1):
        raise WrongUse(f"cannot draw {'pairs' if paired else 'rows'} from samples of {lengths} along axis {axis}")
    size = max(sample.size for sample in samples)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # said below, in words
        drawn = stats.bootstrap(
            samples,
            statistic,
            paired=paired and len(samples) > 1,
            vectorized=True,
            axis=axis,
            n_resamples=n_draws,
            batch=max(1, min(n_draws, 20_000_000 // size)),  # at most 160 MB of resamples at once
            confidence_level=level,
            method=BOOTSTRAPS[method],
            rng=np.random.default_rng(seed),
        )
    value = statistic(*samples, axis=axis)
    low, high, lost = _percentiles_where_undefined(value, drawn, level)
    if lost:
        method = f"{method}, {lost} of {np.size(value)} by percentile"
        warnings.warn(f"BCa is undefined where no single row moves the statistic: {method}", stacklevel=2)
    return Estimate(value, low, high, min(lengths), level, method)


def _percentiles_where_undefined(value: np.ndarray, drawn, level: float) -> tuple:
    """Ends of the intervals, and how many of them had to become percentiles of the draws."""
    low, high = drawn.confidence_interval
    lost = np.isfinite(value) & ~(np.isfinite(low) & np.isfinite(high))
    if not lost.any():
        return low, high, 0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        ends = np.nanquantile(drawn.bootstrap_distribution, [(1 - level) / 2, (1 + level) / 2], axis=-1)
    return np.where(lost, ends[0], low)[()], np.where(lost, ends[1], high)[()], int(lost.sum())


def correlation(x: Sequence[float], y: Sequence[float], *, method: str = "pearson", level: float = 0.95) -> Estimate:
    """Correlation of two variables with its interval and p value.

    Parameters
    ----------
    x, y : sequence of length n
        At least four pairs. Pairs with a NaN are left out.
    method : {"pearson", "spearman"}
        Intervals by Fisher's z, for Spearman with the standard error of Bonett and Wright (2000, Psychometrika 65).
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        NaN throughout where x or y is constant: there is nothing to correlate.
    """
    from scipy import stats

    if method not in ("pearson", "spearman"):
        raise unknown("correlation", method, ("pearson", "spearman"))
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise WrongUse(f"x and y must be two sequences of one length, got shapes {x.shape} and {y.shape}")
    both = np.isfinite(x) & np.isfinite(y)
    x, y, n = x[both], y[both], int(both.sum())
    if n < 4:
        raise WrongUse(f"a correlation with an interval needs at least 4 complete pairs, got {n}")
    if any(np.ptp(z) <= 1e-13 * np.abs(z).max() for z in (x, y)):
        return Estimate(np.nan, np.nan, np.nan, n, level, f"{method}, undefined: a constant")
    r, p = (stats.pearsonr if method == "pearson" else stats.spearmanr)(x, y)
    spread = 1.0 if method == "pearson" else 1 + r**2 / 2
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(spread / (n - 3))
    z = np.arctanh(np.clip(r, -1, 1)) if abs(r) < 1 else np.copysign(np.inf, r)
    return Estimate(
        float(r), float(np.tanh(z - half)), float(np.tanh(z + half)), n, level, f"{method}, Fisher z", float(p)
    )


def proportion(successes: int, n: int, *, method: str = "wilson", level: float = 0.95, chance: float = 0.5) -> Estimate:
    """Share of successes with a binomial interval, and a two-sided exact test against chance.

    Parameters
    ----------
    successes, n : int
        0 <= successes <= n, n >= 1.
    method : {"wilson", "exact"}
        Wilson score interval, or Clopper and Pearson's.
    level : float
        Confidence level.
    chance : float
        Probability of success under the null hypothesis.
    """
    from scipy import stats

    if method not in ("wilson", "exact"):
        raise unknown("binomial interval", method, ("wilson", "exact"))
    if n < 1 or not 0 <= successes <= n:
        raise WrongUse(f"successes must lie between 0 and n, got {successes} of {n}")
    test = stats.binomtest(int(successes), int(n), chance)
    interval = test.proportion_ci(level, method)
    return Estimate(successes / n, interval.low, interval.high, int(n), level, f"binomial, {method}", test.pvalue)


@dataclass(frozen=True)
class Corrected:
    """Corrected p values (same shape as given, NaN stays NaN), which are significant, and how many were tested."""

    p: np.ndarray
    significant: np.ndarray
    n: int
    level: float
    method: str


def correct_p(p: np.ndarray, *, method: str = "holm", level: float = 0.05) -> Corrected:
    """Correct p values for the number of tests.

    Parameters
    ----------
    p : array
        Any shape; NaN marks tests that were not made.
    method : {"holm", "bonferroni", "fdr_bh", "fdr_by"}
        Family-wise error (Holm 1979, Bonferroni) or false discovery rate (Benjamini and Hochberg, ... and Yekutieli).
    level : float
        Error rate to control.
    """
    from statsmodels.stats.multitest import multipletests

    methods = ("holm", "bonferroni", "fdr_bh", "fdr_by")
    if method not in methods:
        raise unknown("correction", method, methods)
    p = np.asarray(p, dtype=np.float64)
    made = np.isfinite(p)
    if ((p[made] < 0) | (p[made] > 1)).any():
        raise WrongUse("p values must lie between 0 and 1")
    corrected, significant = np.full(p.shape, np.nan), np.zeros(p.shape, dtype=bool)
    if made.any():
        significant[made], corrected[made], *_ = multipletests(p[made], alpha=level, method=method)
    return Corrected(corrected, significant, int(made.sum()), level, method)


@dataclass(frozen=True)
class Aggregate:
    """A group number: mean over subjects of the median over their voxels.

    Attributes
    ----------
    value, se : float
        Mean over subjects and its standard error.
    low, high : float
        Confidence interval of the mean (Student's t); NaN for fewer than two subjects.
    by_subject : array of shape (n,)
        Median over voxels, in the order of `subjects`.
    subjects : array of shape (n,)
        Subject labels, sorted.
    n : int
        Number of subjects with a finite median.
    n_voxels : array of shape (n,)
        Number of finite voxels of each subject.
    level : float
        Confidence level.
    """

    value: float
    se: float
    low: float
    high: float
    by_subject: np.ndarray
    subjects: np.ndarray
    n: int
    n_voxels: np.ndarray
    level: float


def aggregate_subjects(values: np.ndarray, subjects: Sequence, *, level: float = 0.95) -> Aggregate:
    """Median over the voxels of each subject, then mean over subjects (arXiv 2511.16849).

    The published standard error, std(ddof=0) / sqrt(n - 1), is the usual std(ddof=1) / sqrt(n).

    Parameters
    ----------
    values : array of shape (v,)
        One score for each voxel; NaN is left out.
    subjects : sequence of length v
        Whose voxel it is.
    level : float
        Confidence level.
    """
    from scipy import stats

    values, subjects = np.asarray(values, dtype=np.float64), np.asarray(subjects)
    if values.ndim != 1 or values.shape != subjects.shape:
        raise WrongUse(f"values and subjects must have one length, got shapes {values.shape} and {subjects.shape}")
    names = np.unique(subjects)
    kept = [values[(subjects == name) & np.isfinite(values)] for name in names]
    medians = np.array([np.median(own) if len(own) else np.nan for own in kept])
    found = medians[np.isfinite(medians)]
    n = len(found)
    value = float(found.mean()) if n else np.nan
    se = float(found.std(ddof=0) / np.sqrt(n - 1)) if n > 1 else np.nan
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se if n > 1 else np.nan
    counts = np.array([len(own) for own in kept])
    return Aggregate(value, se, value - half, value + half, medians, names, n, counts, level)


@dataclass(frozen=True)
class Between:
    """Share of variance that lies between groups, 0 to 1, by column, beside what chance gives.

    Attributes
    ----------
    share : array (c,)
    chance, chance_high : array (c,)
        Mean and 95th percentile of the share where groups are exchanged; the mean is (groups - 1) / (n - 1).
    p : array (c,)
        (b + 1) / (P + 1), b of the P exchanges giving at least the share; not corrected for the number of columns.
    n, n_groups : int
    """

    share: np.ndarray
    chance: np.ndarray
    chance_high: np.ndarray
    p: np.ndarray
    n: int
    n_groups: int


def between_groups(values: np.ndarray, groups: Sequence, *, n_permutations: int = 999, seed: int = 0) -> Between:
    """How much of the variance of each column lies between groups of rows, against exchanged groups.

    Parameters
    ----------
    values : array (n, c)
    groups : sequence of length n
        Which group each row belongs to; at least two groups, fewer than rows.
    n_permutations, seed : int
        Exchanges and their seed.
    """
    values, (names, of) = np.asarray(values, dtype=np.float64), np.unique(np.asarray(groups), return_inverse=True)
    if values.ndim != 2 or len(values) != len(of) or not 2 <= len(names) < len(of):
        raise WrongUse(f"values (n, c) and n labels of 2 to n - 1 groups, got {values.shape} and {len(names)} groups")
    if not np.isfinite(values).all() or (values.std(axis=0) == 0).any():
        raise WrongUse("a column with NaN or without variance has no share between groups: leave it out")
    x, member = (values - values.mean(axis=0)) / values.std(axis=0), np.eye(len(names))[of] / np.sqrt(np.bincount(of))
    rng = np.random.default_rng(seed)
    orders = [np.arange(len(x)), *(rng.permutation(len(x)) for _ in range(n_permutations))]
    share = np.stack([((member[order].T @ x) ** 2).sum(axis=0) for order in orders]) / len(x)
    p = ((share[1:] >= share[0] - 1e-12).sum(axis=0) + 1) / (n_permutations + 1)
    high = np.quantile(share[1:], 0.95, axis=0)
    return Between(share[0], np.full(len(p), (len(names) - 1) / (len(x) - 1)), high, p, len(x), len(names))
