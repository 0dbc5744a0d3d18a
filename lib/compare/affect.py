"""Groups of sentences by how they were said, and whether similarity differs between them.

Comes in: acoustic features of sentences, or scores by subject, group and measure. Goes out: K-means groups with the
evidence for their number, and paired comparisons with corrected p-values, effect sizes and intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lib.compare.statistics import correct_p
from lib.compare.timing import zscored
from lib.ground import WrongUse

if TYPE_CHECKING:
    import pandas as pd

NAMES = {2: ("negative", "positive"), 3: ("negative", "neutral", "positive")}


@dataclass(frozen=True)
class AffectGroups:
    """K-means groups and why there are so many.

    Attributes
    ----------
    labels : ndarray of str (n,)
        Group of each sentence. Groups are named in the order of their mean score: negative, (neutral,) positive for two
        or three, else "group 1" for the lowest and so on.
    k : int
        How many groups.
    table : pandas.DataFrame
        One row per number of groups: k; stability, the mean adjusted Rand index between the groups of all sentences and
        those found from resamples, with its standard error; null_stability, the same for one cloud without groups,
        Gaussian noise with the features' covariance; silhouette.
    """

    labels: np.ndarray
    k: int
    table: pd.DataFrame = field(repr=False)


def affect_groups(
    features,
    order,
    *,
    k: int | None = None,
    ks: Sequence[int] = (2, 3, 4, 5, 6),
    n_resamples: int = 30,
    share: float = 0.8,
    seed: int = 0,
) -> AffectGroups:
    """Group sentences by their prosody with K-means.

    Features are standardised. The number of groups is the one whose groups are most stable under resampling; among
    those within one standard error of it, the one with the highest silhouette.

    Parameters
    ----------
    features : array (n, m)
        One row per sentence: the affect scores, or functionals.
    order : array (n,)
        Score by which groups are ordered and named: sentiment, or valence. An acoustic proxy of valence names groups
        rightly only as far as it follows valence.
    k : int, optional
        Take so many groups instead; the table then still shows what all of `ks` would give.
    ks : sequence of int
        Numbers of groups to try, each at least 2.
    n_resamples, share : int, float
        How many resamples, and what share of the sentences each has (drawn without replacement).
    seed : int
        Of K-means and the resamples.

    Raises
    ------
    ValueError
        NaN, constant features, or more groups than a resample has sentences.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    x, order = _checked(features, order), np.asarray(order, dtype=np.float64)
    tried = sorted({*ks, *([] if k is None else [k])})
    if order.shape != (len(x),):
        raise ValueError(f"order must have one value for each of {len(x)} sentences, got {order.shape}.")
    if not tried or tried[0] < 2 or tried[-1] > share * len(x):
        raise WrongUse(f"between 2 and {int(share * len(x))} groups can be told apart here, asked for {tried}.")
    noise = np.random.default_rng(seed).multivariate_normal(np.zeros(x.shape[1]), np.atleast_2d(np.cov(x.T)), len(x))
    with threadpool_limits(1):  # thousands of small fits: threads would only wait for each other
        rows = [_stability(x, noise, number, n_resamples, share, seed) for number in tried]
    table = pd.DataFrame(rows)
    best = table.loc[table["stability"].idxmax()]
    close = table[table["stability"] >= best["stability"] - best["standard_error"]]
    chosen = int(close.loc[close["silhouette"].idxmax(), "k"]) if k is None else k
    return AffectGroups(_named(_kmeans(x, chosen, seed).labels_, order, chosen), chosen, table)


def _checked(features, order) -> np.ndarray:
    x = np.asarray(features, dtype=np.float64)
    x = x.reshape(len(x), -1)
    if not np.isfinite(x).all() or not np.isfinite(np.asarray(order, dtype=np.float64)).all():
        raise ValueError("features and order must be finite: leave out or fill what is missing.")
    return zscored(x)


def _kmeans(x: np.ndarray, k: int, seed: int):
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=5, random_state=seed).fit(x)


def _stability(x: np.ndarray, noise: np.ndarray, k: int, n_resamples: int, share: float, seed: int) -> dict:
    from sklearn.metrics import silhouette_score

    agreement, chance = (_agreement(y, k, n_resamples, share, seed) for y in (x, noise))
    return {
        "k": k,
        "stability": agreement.mean(),
        "standard_error": agreement.std(ddof=1) / np.sqrt(n_resamples),
        "null_stability": chance.mean(),
        "silhouette": silhouette_score(x, _kmeans(x, k, seed).labels_),
    }


def _agreement(x: np.ndarray, k: int, n_resamples: int, share: float, seed: int) -> np.ndarray:
    """Adjusted Rand index, resample by resample, of groups found there with those of all sentences."""
    from sklearn.metrics import adjusted_rand_score

    rng, whole, out = np.random.default_rng((seed, k)), _kmeans(x, k, seed).labels_, np.empty(n_resamples)
    for draw in range(n_resamples):
        part = rng.choice(len(x), int(share * len(x)), replace=False)
        out[draw] = adjusted_rand_score(whole, _kmeans(x[part], k, seed).predict(x))
    return out


def _named(labels: np.ndarray, order: np.ndarray, k: int) -> np.ndarray:
    rank = np.argsort(np.argsort([order[labels == group].mean() for group in range(k)]))
    names = NAMES.get(k, tuple(f"group {number + 1}" for number in range(k)))
    return np.array([names[rank[label]] for label in labels])


# ---- comparisons ----


def compare_groups(scores: pd.DataFrame, *, unit: str = "subject", paired: bool = True, level: float = 0.95):
    """Compare groups of sentences in every measure, pair by pair.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns measure, group, value and `unit`; with `paired`, one value for every unit and group.
    unit : str
        Column of what was drawn from a population: subjects, or sentences where there is one subject.
    paired : bool
        Whether every unit has every group (subjects). False for sentences, each in one group: Welch's tests.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row per measure and pair of groups: measure, a, b, difference (mean of a minus b) with low and high
        (Student's t), t, dof, p, p_holm (Holm over all rows), hedges_g, n; and F and p_all of the measure's test of all
        groups at once (repeated-measures or Welch's analysis of variance; with two groups the same as p).
    """
    import pandas as pd

    table, rows = _cells(scores, unit, paired), []
    for name, part in table.groupby("measure", sort=False):
        overall = _overall(part, unit, paired)
        groups = dict(tuple(part.groupby("group", sort=False)["value"]))
        for a, b in combinations(groups, 2):
            pair = _tested(groups[a].to_numpy(), groups[b].to_numpy(), paired, level)
            rows.append({"measure": name, "a": a, "b": b} | pair | overall)
    out = pd.DataFrame(rows)
    return out.assign(p_holm=correct_p(out["p"].to_numpy()).p)


def _cells(scores: pd.DataFrame, unit: str, paired: bool) -> pd.DataFrame:
    missing = {"measure", "group", "value", unit} - set(scores.columns)
    if missing:
        raise WrongUse(f"scores have no column {', '.join(sorted(missing))}.")
    if scores["value"].isna().any():
        raise ValueError(f"{scores['value'].isna().sum()} scores are missing: leave those rows out, or whole subjects.")
    if scores["group"].nunique() < 2:
        raise WrongUse("at least two groups are needed for a comparison.")
    if paired:
        counts = scores.groupby(["measure", unit, "group"], sort=False).size().unstack("group")
        if not (counts == 1).to_numpy().all():
            raise ValueError(f"every {unit} needs exactly one value for each measure and group; average first.")
        if scores[unit].nunique() < 3:
            raise WrongUse(f"a paired comparison needs at least three {unit}s, got {scores[unit].nunique()}.")
        order = dict.fromkeys(scores["group"])
        return scores.sort_values(unit, kind="stable").sort_values(
            "group", key=lambda names: names.map(list(order).index), kind="stable"
        )
    return scores


def _tested(a: np.ndarray, b: np.ndarray, paired: bool, level: float) -> dict:
    import pingouin
    from scipy import stats

    test = stats.ttest_rel(a, b) if paired else stats.ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(level)  # pingouin rounds its own to two digits
    return {
        "difference": a.mean() - b.mean(),
        "low": interval.low,
        "high": interval.high,
        "t": test.statistic,
        "dof": test.df,
        "p": test.pvalue,
        "hedges_g": pingouin.compute_effsize(a, b, paired=paired, eftype="hedges"),
        "n": len(a) if paired else len(a) + len(b),
    }


def _overall(part: pd.DataFrame, unit: str, paired: bool) -> dict:
    import pingouin

    if paired:
        found = pingouin.rm_anova(part, dv="value", within="group", subject=unit, correction=True)
        p = found.get("p_GG_corr", found["p_unc"])
    else:
        found = pingouin.welch_anova(part, dv="value", between="group")
        p = found["p_unc"]
    return {"F": float(found["F"].iloc[0]), "p_all": float(p.iloc[0])}
