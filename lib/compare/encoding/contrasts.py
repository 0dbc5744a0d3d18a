"""Mean scores of models, and their differences as a family, with stimuli and seeds as random factors.

Comes in: fits of models made by `refitted` on the same responses and folds, and the contrasts asked of them. Goes out:
a model's mean score with its interval; for every contrast its difference with interval and p, alone and corrected for
the family.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.encoding.intervals import Refitted, squared, variance_of
from lib.compare.statistics import Estimate
from lib.ground import WrongUse

if TYPE_CHECKING:
    import pandas as pd


def mean_score(fits: Refitted | Sequence[Refitted]) -> Estimate:
    """Mean r2 over responses with its 95 % interval, and over seeds where several fits differ in nothing else."""
    models = {"it": fits}
    value, variance, df = _family(models, {"it": {"it": 1.0}})
    r = np.sqrt(value)
    n_responses = int(np.isfinite(_listed(fits)[0].r).sum())
    found = squared(r, variance.diagonal() / (4 * value).clip(1e-12), _stimuli(models), df, n_responses)
    value, low, high = (float(x[0]) for x in (found.value, found.low, found.high))
    return Estimate(value, low, high, found.n, found.level, found.method)


@dataclass(frozen=True)
class Contrasts:
    """A family of differences between mean r2 values; arrays are (k,) in the order of `names`.

    Attributes
    ----------
    names : tuple of str
        Of the contrasts.
    value, se, df : array
        Difference, its standard error, degrees of freedom (Satterthwaite).
    low, high, p : array
        95 % interval and two-sided p of each contrast on its own (Student's t).
    low_family, high_family, p_family : array
        The same corrected for the family: the largest of k correlated normal variables takes the place of one.
    seeds : array of int
        Seeds of the random factor that has the fewest of those in the contrast; 1 where a single one was trained, so
        that the interval says nothing about other seeds of it.
    n : int
        Number of stimuli.
    """

    names: tuple
    value: np.ndarray
    se: np.ndarray
    df: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    low_family: np.ndarray
    high_family: np.ndarray
    p_family: np.ndarray
    seeds: np.ndarray
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row per contrast, named by the index."""
        import pandas as pd

        columns = {key: value for key, value in vars(self).items() if key not in ("names", "n")}
        return pd.DataFrame(columns, index=pd.Index(self.names)).assign(n=self.n)


def contrasts(
    models: Mapping[str, Refitted | Sequence[Refitted]],
    family: Mapping[str, Mapping[str, float]],
    *,
    together: Sequence[Sequence[str]] = (),
    n_draws: int = 20_000,
    seed: int = 0,
) -> Contrasts:
    """Intervals of a family of differences between models, over stimuli and over seeds.

    Stimuli are crossed with models: the same ones move every score. A sequence of fits is a random factor of its own
    (seeds of training, untrained twins), crossed with stimuli: its mean enters the contrast, and the variance between
    its members beyond what stimuli explain is added, divided by their number.

    Parameters
    ----------
    models : mapping of str to Refitted, or to a sequence of them
        Made by `refitted` from the same responses, folds, `n_draws` and `seed`.
    family : mapping of str to mapping of str to float
        For every contrast the weights of models, which sum to 0: ``{"training": {"trained": 1, "twins": -1}}``, or
        a slope over steps of training.
    together : sequence of sequences of str
        Groups of models whose fits are of the same seeds in the same order: the stages of several trainings, or models
        and what was made of each. What differs between seeds is then that of their differences. Models in no group
        have seeds of their own.
    n_draws, seed : int
        Draws of the family's largest value, and their seed; the smallest `p_family` is 1 / (n_draws + 1).

    Returns
    -------
    Contrasts
    """
    from scipy import stats

    for name, weights in family.items():
        if set(weights) - set(models) or abs(sum(weights.values())) > 1e-9 * sum(map(abs, weights.values())):
            raise WrongUse(f"contrast {name!r} needs weights of {list(models)} that sum to 0, got {dict(weights)}")
    value, covariance, df = _family(models, family, together)
    se = np.sqrt(covariance.diagonal())
    there = np.where(se > 0, se, 1.0)
    p = 2 * stats.t.sf(np.abs(value) / there, df)
    largest = _largest(covariance / np.outer(there, there), n_draws, seed)
    z = stats.norm.isf(p / 2)
    p_family = np.maximum(p, ((largest >= z[:, None] - 1e-12).sum(1) + 1) / (n_draws + 1))
    half = se * stats.t.ppf(0.975, df)
    wide = np.maximum(half, se * stats.t.isf(stats.norm.sf(np.quantile(largest, 0.95)), df))
    seeds = [min(len(_listed(models[m])) for m in weights) for weights in family.values()]
    ends = value - half, value + half, p, value - wide, value + wide, p_family
    return Contrasts(tuple(family), value, se, df, *ends, np.array(seeds), _stimuli(models))


def _largest(correlation: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
    """Largest of the family's normal variables by amount, (n_draws,)."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(values.clip(0))
    root /= np.linalg.norm(root, axis=1, keepdims=True).clip(1e-12)
    return np.abs(np.random.default_rng(seed).standard_normal((n_draws, len(root))) @ root.T).max(1)


def _stimuli(models: Mapping) -> int:
    """Number of stimuli, the same for all models."""
    every = [fit for fits in models.values() for fit in _listed(fits)]
    first = every[0]
    if any(not np.array_equal(fit.folds, first.folds) or fit.choices.shape != first.choices.shape for fit in every):
        raise WrongUse("models can be compared on the same responses, folds and draws only")
    return len(first.folds)


def _family(models: Mapping, family: Mapping, together: Sequence = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (k,) of sums over models, their covariance over stimuli and seeds (k, k), degrees of freedom (k,)."""
    n = _stimuli(models)
    value, parts, of_seeds, uncertain = 0.0, [0.0, 0.0, 0.0], 0.0, 0.0
    for names in _factors(models, together):
        weights = {name: np.array([w.get(name, 0.0) for w in family.values()]) for name in names}
        sums = list(_by_seed(models, weights))
        averaged = [np.mean(each, axis=0) for each in zip(*sums, strict=True)]
        value = value + averaged[0]
        parts = [part + mean for part, mean in zip(parts, averaged[1:], strict=True)]
        folds = _listed(models[names[0]])[0].folds
        between, shared = _between_seeds(sums, averaged, folds)
        of_seeds = of_seeds + _positive(between - shared)
        spread = between.diagonal()
        uncertain = uncertain + np.stack([spread, spread**2 / max(len(sums) - 1, 1)])
    total = variance_of(*parts, folds) + of_seeds
    of_stimuli = (total.diagonal() - uncertain[0]).clip(0)
    spread = uncertain[1] + of_stimuli**2 / (n - 1)
    return value, total, np.where(spread > 0, total.diagonal() ** 2 / np.where(spread > 0, spread, 1.0), n - 1)


def _factors(models: Mapping, together: Sequence[Sequence[str]]) -> list[list[str]]:
    """Models whose seeds are the same, each of the others on its own."""
    shared = [list(names) for names in together]
    every = [name for names in shared for name in names]
    for names in shared:
        counts = {name: len(_listed(models[name])) if name in models else 0 for name in names}
        if len(set(counts.values())) != 1 or 0 in counts.values():
            raise WrongUse(f"models of the same seeds need as many fits each, got {counts}")
    if len(set(every)) != len(every):
        raise WrongUse(f"a model stands in two groups of the same seeds: {sorted(every)}")
    return shared + [[name] for name in models if name not in every]


def _listed(fits: Refitted | Sequence[Refitted]) -> list[Refitted]:
    return [fits] if isinstance(fits, Refitted) else list(fits)


def _by_seed(models: Mapping, weights: Mapping[str, np.ndarray]) -> Iterator[list[np.ndarray]]:
    """For each seed the sums (k,) over models, and how they move: (n, k), (n, n, k), (n_draws, k)."""
    for fits in zip(*(_listed(models[name]) for name in weights), strict=True):
        means = [fit.mean for fit in fits]
        yield [
            sum(np.asarray(mean[i])[..., None] * weight for mean, weight in zip(means, weights.values(), strict=True))
            for i in range(4)
        ]


def _between_seeds(sums: list, averaged: list, folds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance (k, k) of means over seeds from their spread, and how much of it stimuli explain (counted there)."""
    count, k = len(sums), len(averaged[0])
    if count < 2:
        return np.zeros((k, k)), np.zeros((k, k))
    of_stimuli = [
        variance_of(*(x - mean for x, mean in zip(one[1:], averaged[1:], strict=True)), folds) for one in sums
    ]
    between = np.cov(np.array([one[0] for one in sums]).T, ddof=1).reshape(k, k)
    return between / count, np.sum(of_stimuli, axis=0) / (count - 1) / count


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The nearest covariance matrix: what is below 0 in any direction is 0."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values.clip(0)) @ vectors.T
