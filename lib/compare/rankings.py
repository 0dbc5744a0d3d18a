"""Whether measures agree on which model is best and on where it peaks.

Comes in: scores by unit (subject, sentence), model and measure, or by sentence, layer and measure. Goes out: Kendall's
W with a null and an interval, whether measures disagree beyond what units do, agreement within against between families
of measures, and peaks that are chosen on half of the sentences and scored on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.similarity.measures import measure
from lib.compare.similarity.nulls import ROUNDING
from lib.compare.statistics import Estimate
from lib.ground import WrongUse

if TYPE_CHECKING:
    import pandas as pd


def kendall_w(scores: np.ndarray) -> np.ndarray:
    """Kendall's coefficient of concordance, corrected for ties.

    Parameters
    ----------
    scores : array (..., model, measure)
        At least two of each. Only the order of a measure's models counts.

    Returns
    -------
    array (...)
        0 (no agreement) to 1 (one ranking); NaN where no measure tells any two models apart.
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.asarray(scores, dtype=np.float64), axis=-2)
    n, m = ranks.shape[-2:]
    spread = ((ranks.sum(-1) - m * (n + 1) / 2) ** 2).sum(-1)
    # sum of squared ranks of a measure is n (n + 1) (2 n + 1) / 6 without ties, and smaller by its tie term
    most = m * ((ranks**2).sum((-2, -1)) - m * n * (n + 1) ** 2 / 4)
    return np.divide(spread, most, out=np.full(np.shape(spread), np.nan), where=most > 0)


@dataclass(frozen=True)
class Concordance:
    """Agreement of measures on the order of models.

    Attributes
    ----------
    w : Estimate
        Kendall's W, its interval, and p: how often measures that order models at random agree as well.
    null_mean, null_high : float
        Mean and 95th percentile of W under that null; with few models and measures W is far from 0 by chance.
    without : pandas.DataFrame
        One row per measure: W without it, and the change that makes.
    """

    w: Estimate
    null_mean: float
    null_high: float
    without: pd.DataFrame = field(repr=False)


def concordance(
    scores: np.ndarray,
    measures: Sequence[str],
    *,
    n_permutations: int = 2000,
    n_draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Concordance:
    """Kendall's W of the rankings that measures give to models.

    Parameters
    ----------
    scores : array (model, measure) or (unit, model, measure)
        With units (subjects, sentences), W is that of their mean, and the interval comes from drawing units with
        replacement; without, from drawing models. W of noisy means is drawn towards its null, in the sample as in the
        bootstrap; the interval is corrected for the latter.
    measures : sequence of str
        Names of the last axis.
    n_permutations, n_draws, seed : int
        Draws of the null (models exchanged within every measure) and of the bootstrap, and their seed.
    level : float
        Of the interval.
    """
    import pandas as pd

    scores = _scores(scores, measures, least=2)
    rng, mean = np.random.default_rng(seed), scores.mean(axis=0)
    w = kendall_w(mean)
    null = np.array([kendall_w(rng.permuted(mean, axis=0)) for _ in range(n_permutations)])
    p = (np.sum(null >= w - ROUNDING) + 1) / (n_permutations + 1)
    low, high = _interval(scores, kendall_w, n_draws, level, rng)
    left_out = [
        float(kendall_w(np.delete(mean, k, axis=1))) if len(measures) > 2 else np.nan for k in range(len(measures))
    ]
    n, drawn = (len(scores), "units") if len(scores) > 1 else (len(mean), "models")
    without = pd.DataFrame({"measure": list(measures), "w": left_out, "change": np.subtract(left_out, w)})
    estimate = Estimate(float(w), low, high, n, level, f"bootstrap of {drawn}, bias-corrected", float(p))
    return Concordance(estimate, float(null.mean()), float(np.quantile(null, 0.95)), without)


def disagreement(
    scores: np.ndarray, measures: Sequence[str], *, n_splits: int = 40, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Whether measures disagree on the order of models by more than chance makes one measure disagree with itself.

    W below 1 says nothing: rankings of noise have it too. Here units are halved, and the order in one half is compared
    with that in the other (Kendall's tau): a measure's with its own, minus its with another measure's. 0 where all
    measures see one order, or none, through noise; above 0 where they see different ones.

    Parameters
    ----------
    scores : array (unit, model, measure)
        At least four units (subjects, sentences) and three models.
    measures : sequence of str
        Names of the last axis; one number under two names counts once.
    n_splits, seed : int
        How many random halvings, and their seed.
    level : float
        Of the interval: jackknife over units, Student's t. A measure that is far less reliable than the others makes
        the mean of reliabilities exceed what two measures of one order can reach: with noise eight times as strong in
        one as in another, .05 of intervals exclude 0 where order is one.
    """
    from scipy import stats

    scores = _scores(scores, measures, least=3)
    if len(scores) < 4:
        raise WrongUse(f"halves of units are compared, which takes at least four of them, got {len(scores)}.")
    scores, n = scores[..., _distinct(scores, measures)[0]], len(scores)
    value = _beyond_itself(scores, n_splits, seed)
    without = np.array([_beyond_itself(np.delete(scores, k, axis=0), n_splits, seed) for k in range(n)])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    reach = stats.t.ppf((1 + level) / 2, n - 1) * error
    p = float(2 * stats.t.sf(abs(value) / error, n - 1)) if error > 0 else float(value == 0)
    return Estimate(value, value - reach, value + reach, n, level, "jackknife over units, halves against halves", p)


def _beyond_itself(scores: np.ndarray, n_splits: int, seed: int) -> float:
    rng, found = np.random.default_rng(seed), []
    for _ in range(n_splits):
        a, b = (_signs(scores[half].mean(axis=0)) for half in np.array_split(rng.permutation(len(scores)), 2))
        taus = a.T @ b
        found.append(np.diag(taus).mean() - taus[~np.eye(len(taus), dtype=bool)].mean())
    return float(np.mean(found))


def _signs(mean: np.ndarray) -> np.ndarray:
    """Which of every two models is above the other, (pair, measure), each column of length 1 (0 if all are tied)."""
    i, j = np.triu_indices(len(mean), 1)
    signs = np.sign(mean[i] - mean[j])
    return signs / np.maximum(np.linalg.norm(signs, axis=0), 1.0)


@dataclass(frozen=True)
class FamilyAgreement:
    """Rank agreement of measures of one family against that of measures of two.

    Attributes
    ----------
    within, between : float
        Mean Kendall's tau-b of two measures' model scores, of one family and of different ones.
    split : Estimate
        within - between with its interval, and p over all ways to put as many measures into families.
    pairs : pandas.DataFrame
        One row per pair of measures: a, b, tau, same_family.
    dropped : tuple of str
        Measures left out since they are another one under a second name (rv is cka_linear).
    """

    within: float
    between: float
    split: Estimate
    pairs: pd.DataFrame = field(repr=False)
    dropped: tuple[str, ...] = ()


def family_agreement(
    scores: np.ndarray,
    measures: Sequence[str],
    families: Mapping[str, str] | None = None,
    *,
    n_draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> FamilyAgreement:
    """Whether measures of one family order models more alike than measures of different families.

    Parameters
    ----------
    scores : array (model, measure) or (unit, model, measure)
        As for :func:`concordance`; at least three models.
    measures : sequence of str
        Names of the last axis.
    families : mapping of str to str, optional
        Family of each measure. Default: those of ``MEASURES``, rank and dependence.
    n_draws, level, seed : int, float, int
        Of the bootstrap over units (without units, over models).

    Raises
    ------
    WrongUse
        Fewer than two families with two different measures in one of them.
    """
    import pandas as pd

    families = {name: measure(name).family for name in measures} if families is None else families
    scores = _scores(scores, measures, least=3)
    kept, dropped = _distinct(scores, measures)
    scores, names = scores[..., kept], [measures[k] for k in kept]
    of = np.array([families[name] for name in names])
    same = np.array([of[a] == of[b] for a, b in combinations(range(len(names)), 2)])
    if not same.any() or same.all():
        raise WrongUse(
            f"within and between need two families, one with two measures; got {dict(zip(names, of, strict=True))}."
        )
    taus = _taus(scores.mean(axis=0))
    value = float(taus[same].mean() - taus[~same].mean())
    low, high = _interval(scores, lambda x: _difference(_taus(x), same), n_draws, level, np.random.default_rng(seed))
    n, drawn = (len(scores), "units") if len(scores) > 1 else (scores.shape[1], "models")
    split = Estimate(value, low, high, n, level, f"bootstrap of {drawn}, bias-corrected", _label_p(taus, of, value))
    pairs = pd.DataFrame(combinations(names, 2), columns=["a", "b"]).assign(tau=taus, same_family=same)
    return FamilyAgreement(float(taus[same].mean()), float(taus[~same].mean()), split, pairs, dropped)


def _difference(taus: np.ndarray, same: np.ndarray) -> float:
    return np.nanmean(taus[same]) - np.nanmean(taus[~same])


def _taus(mean: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of every two columns, in the order of ``combinations``."""
    i, j = np.triu_indices(len(mean), 1)
    signs = np.sign(mean[i] - mean[j])  # pair of models, measure
    untied = np.sqrt((signs**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (signs.T @ signs / np.outer(untied, untied))[np.triu_indices(mean.shape[1], 1)]


def _label_p(taus: np.ndarray, of: np.ndarray, value: float) -> float:
    """Share of the ways to label measures with these families that split at least as much."""
    pairs = list(combinations(range(len(of)), 2))
    values = []
    for labels in set(permutations(of.tolist())) if len(of) <= 8 else _random_labels(of):
        same = np.array([labels[a] == labels[b] for a, b in pairs])
        values.append(_difference(taus, same))
    return float(np.mean(np.array(values) >= value - ROUNDING))


def _random_labels(of: np.ndarray) -> list[tuple]:
    rng = np.random.default_rng(0)
    return [tuple(of)] + [tuple(rng.permutation(of)) for _ in range(1999)]


def _distinct(scores: np.ndarray, measures: Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    kept, dropped = [], []
    for k, name in enumerate(measures):
        twin = any(np.allclose(scores[..., k], scores[..., other], rtol=0, atol=1e-9) for other in kept)
        (dropped if twin else kept).append(name if twin else k)
    return kept, tuple(dropped)


def _interval(scores: np.ndarray, statistic, n_draws: int, level: float, rng) -> tuple[float, float]:
    mean, values = scores.mean(axis=0), np.empty(n_draws)
    for draw in range(n_draws):
        if len(scores) > 1:
            values[draw] = statistic(scores[rng.integers(len(scores), size=len(scores))].mean(axis=0))
        else:
            values[draw] = statistic(mean[rng.integers(len(mean), size=len(mean))])
    return _bias_corrected(values[np.isfinite(values)], float(statistic(mean)), level)


def _bias_corrected(draws: np.ndarray, value: float, level: float) -> tuple[float, float]:
    """Bias-corrected percentile interval (Efron 1981), which resampling's own noise does not push off the value."""
    from scipy.stats import norm

    below = np.clip(
        ((draws < value).mean() + (draws <= value).mean()) / 2, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws))
    )
    edges = norm.cdf(2 * norm.ppf(below) + norm.ppf([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(draws, edges)
    return float(min(low, value)), float(max(high, value))


def _scores(scores, measures: Sequence[str], *, least: int) -> np.ndarray:
    scores = np.asarray(scores, dtype=np.float64)
    scores = scores[None] if scores.ndim == 2 else scores
    if scores.ndim != 3 or scores.shape[-1] != len(measures) or scores.shape[1] < least or len(measures) < 2:
        raise WrongUse(
            f"scores must be (model, measure) or (unit, model, measure) with {len(measures)} measures (at least 2) and "
            f"at least {least} models, got shape {scores.shape}."
        )
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} scores are NaN or infinite: leave those units or models out.")
    return scores


# ---- peaks in depth ----


@dataclass(frozen=True)
class SplitPeaks:
    """Where layer trajectories peak, chosen on one half of the sentences and scored on the other.

    Attributes
    ----------
    depth : ndarray (measure,)
        Relative depth of the peak, mean over halves.
    spread : ndarray (measure,)
        Mean distance in depth of the peaks of two complementary halves: 0 for a peak that is certain.
    value : ndarray (measure,)
        Score of the chosen layer in the other half: free of the choice's optimism.
    optimism : ndarray (measure,)
        Its score in the half that chose it, minus `value`.
    gain : ndarray (measure,)
        `value` minus the mean over layers in the other half; not above 0 where the trajectory has no peak to find.
    n : int
        Sentences.
    """

    depth: np.ndarray
    spread: np.ndarray
    value: np.ndarray
    optimism: np.ndarray
    gain: np.ndarray
    n: int


def split_peaks(
    scores: np.ndarray, depths: Sequence[float], *, n_splits: int = 100, seed: int = 0, redraw: bool = False
) -> SplitPeaks:
    """Peak of each measure's layer trajectory, by split halves of the sentences.

    Parameters
    ----------
    scores : array (sentence, layer, measure)
        Of one model and one subject (or their mean); NaN where a sentence has no score. At least 4 sentences.
    depths : sequence of float
        Relative depth of each layer, 0 to 1.
    n_splits, seed : int
        How many random halvings; both halves of each choose and are scored once.
    redraw : bool
        Draw a third of each half's sentences, with replacement, for a bootstrap in which no sentence is in both. Where
        a peak lies, jumps: draws of as many as there are keep to the peak of these, and their percentiles leave out 0
        in .04 to .19 of noise (18 or 60 sentences, 3 to 12 layers); draws of a third in 0 to .05.
    """
    scores, depths = np.asarray(scores, dtype=np.float64), np.asarray(depths, dtype=np.float64)
    if scores.ndim != 3 or len(scores) < 4 or depths.shape != (scores.shape[1],):
        raise WrongUse(
            f"scores (sentence, layer, measure) and one depth per layer, got {scores.shape} and {depths.shape}."
        )
    rng, columns, found = np.random.default_rng(seed), np.arange(scores.shape[2]), []
    for _ in range(n_splits):
        parts = np.array_split(rng.permutation(len(scores)), 2)
        parts = [rng.choice(part, max(round(len(part) / 3), 2)) for part in parts] if redraw else parts
        halves = [np.nanmean(scores[part], axis=0) for part in parts]  # layer, measure
        if np.isnan(halves).any():
            raise ValueError("a layer or measure has no score in half of the sentences: leave it out.")
        peaks = [half.argmax(axis=0) for half in halves]
        spread = np.abs(depths[peaks[0]] - depths[peaks[1]])
        for peak, own, other in zip(peaks, halves, halves[::-1], strict=True):
            value = other[peak, columns]
            found.append((depths[peak], spread, value, own[peak, columns] - value, value - other.mean(axis=0)))
    return SplitPeaks(*np.mean(found, axis=0), len(scores))
