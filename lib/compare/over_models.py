"""Statistics whose cases are models: whether two scores go together, or one class of models is ahead.

Comes in: one number or two for every model, and which family each belongs to (one architecture in several sizes, on
several diets, with its untrained twin). Goes out: correlations and differences with intervals.

Models of a family are no independent cases. Where family explains half of both of two unrelated scores, Fisher's
interval excludes 0 in .13 of 400 simulations where .05 is allowed, and a bootstrap over families, of which there are
few, in about .10. The jackknife here takes a whole family out in turn, on the scale of Fisher's z, and Student's t has
families minus one degrees of freedom: .04 to .06, whether family explains nothing or nine tenths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lib.compare.statistics import Estimate
from lib.ground import WrongUse

FEWEST_FAMILIES = 4
MOST = 1 - 1e-12  # |r| whose z is still finite


@dataclass(frozen=True)
class Together:
    """How two scores go together over models.

    Attributes
    ----------
    r : Estimate
        Pearson's r with the 95 % interval of the jackknife over families, and p against 0 from the same.
    over_models, over_families : Estimate
        The same r with percentile intervals of the bootstrap over models and over whole families.
    without_model, without_family : mapping of str to float
        r when a model, or a family, is left out.
    n_families : int
    """

    r: Estimate
    over_models: Estimate
    over_families: Estimate
    without_model: Mapping[str, float]
    without_family: Mapping[str, float]
    n_families: int


def together(
    x: Sequence[float],
    y: Sequence[float],
    names: Sequence[str],
    families: Sequence[str],
    *,
    n_draws: int = 2000,
    seed: int = 0,
) -> Together:
    """Correlation of two scores over models, with intervals that know families.

    Parameters
    ----------
    x, y : sequence of float
        One of each for every model; models with a NaN are left out.
    names, families : sequence of str
        Of the models.
    n_draws, seed : int
        Of the bootstraps.

    Raises
    ------
    WrongUse
        Fewer than ``FEWEST_FAMILIES`` families, or scores without variation.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    names, families = np.asarray(names)[there], np.asarray(families)[there]
    known = np.unique(families)
    if len(known) < FEWEST_FAMILIES or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise WrongUse(
            f"a correlation over models needs {FEWEST_FAMILIES} families and scores that vary: {len(x)} models of "
            f"{len(known)} families are there"
        )
    value, rng = _r(x, y), np.random.default_rng(seed)
    members = [np.flatnonzero(families == name) for name in known]
    drawn = [rng.integers(len(x), size=len(x)) for _ in range(n_draws)]
    whole = [np.concatenate([members[k] for k in rng.integers(len(known), size=len(known))]) for _ in range(n_draws)]
    without = {str(name): _r(x[families != name], y[families != name]) for name in known}
    return Together(
        _jackknifed(value, list(without.values()), len(x)),
        _percentiles(value, [_r(x[rows], y[rows]) for rows in drawn], len(x), "bootstrap over models"),
        _percentiles(value, [_r(x[rows], y[rows]) for rows in whole], len(x), "bootstrap over families"),
        {str(name): _r(np.delete(x, k), np.delete(y, k)) for k, name in enumerate(names)},
        without,
        len(known),
    )


def _r(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's r; NaN where one does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 1e-300 else np.nan


def _jackknifed(value: float, without: Sequence[float], n: int) -> Estimate:
    from scipy import stats

    z, left = (np.arctanh(np.clip(r, -MOST, MOST)) for r in (value, np.asarray(without)))
    left = left[np.isfinite(left)]
    k = len(left)
    se = float(np.sqrt((k - 1) / k * np.sum((left - left.mean()) ** 2)))
    half = float(stats.t.ppf(0.975, k - 1)) * se
    p = float(2 * stats.t.sf(abs(z) / se, k - 1)) if se > 0 else np.nan
    low, high = np.tanh(z - half), np.tanh(z + half)
    return Estimate(value, float(min(low, value)), float(max(high, value)), n, 0.95, "jackknife over families", p)


def _percentiles(value: float, draws: Sequence[float], n: int, method: str) -> Estimate:
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Estimate(value, float(low), float(high), n, 0.95, method)


def class_difference(
    values: Sequence[float], families: Sequence[str], classes: Sequence[str], first: str, second: str
) -> Estimate:
    """Mean of one class of models minus that of another; a family counts once, by the mean of its models.

    Parameters
    ----------
    values : sequence of float
        One for each model; models with NaN are left out.
    families, classes : sequence of str
        Of each model. A family whose models are of two classes counts in each with its models of that class.
    first, second : str
        The classes.

    Returns
    -------
    Estimate
        With Welch's 95 % interval over families, n the number of models.

    Raises
    ------
    WrongUse
        A class has fewer than two families.
    """
    from scipy import stats

    values, families, classes = np.asarray(values, dtype=np.float64), np.asarray(families), np.asarray(classes)
    means, count = [], 0
    for wanted in (first, second):
        inside = (classes == wanted) & np.isfinite(values)
        means.append(np.array([values[inside & (families == name)].mean() for name in np.unique(families[inside])]))
        count += int(inside.sum())
        if len(means[-1]) < 2:
            raise WrongUse(f"the class {wanted!r} has less than two families of models, so there is no interval")
    found = stats.ttest_ind(*means, equal_var=False)
    low, high = found.confidence_interval(0.95)
    value = float(means[0].mean() - means[1].mean())
    return Estimate(value, float(low), float(high), count, 0.95, "Welch over families", float(found.pvalue))


def overall(scores: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Overall score of every model: mean over tasks of z-scores over models (ddof 1); NaN where a task is missing."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in scores.values()])
    spread = np.nanstd(table, axis=1, ddof=1, keepdims=True)
    if not (spread > 0).all():
        raise WrongUse("a task on which all models score alike says nothing of them: leave it out")
    return ((table - np.nanmean(table, axis=1, keepdims=True)) / spread).mean(axis=0)
