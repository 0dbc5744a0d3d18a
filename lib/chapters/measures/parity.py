"""The same numbers from independent libraries, so that a reader can see the difference instead of believing in it.

Comes in: two series with a common time axis. Goes out: a table with our value, theirs and the difference, measure by
measure. SciPy, rsatoolbox and dcor are imported here and nowhere else in the room.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lib.compare import Estimate
from lib.compare.similarity.measures import similarity

if TYPE_CHECKING:
    import pandas as pd

    from lib.compare.similarity.nulls import Null


def parity_table(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Compare every measure that another library has with that library.

    Parameters
    ----------
    x, y : array (T, p), (T, q)
        More than one column each: rsatoolbox has no distance for a single one.

    Returns
    -------
    pandas.DataFrame
        measure, other (who computes it), ours, theirs, difference; one row per measure and library.
    """
    import pandas as pd

    rows = [
        {"measure": name, "other": other, "ours": similarity(x, y, name), "theirs": float(compute(x, y))}
        for name, other, compute in _others()
    ]
    return pd.DataFrame(rows).assign(difference=lambda table: (table["ours"] - table["theirs"]).abs())


def parity_numbers(table: pd.DataFrame, null: Null) -> dict[str, str | int | Estimate]:
    """What the prose quotes: how many comparisons, a power of ten no difference reaches, and RV beside linear CKA.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`parity_table`.
    null : lib.compare.similarity.nulls.Null
        Of the same two series, with all measures.
    """
    frame = null.to_frame().set_index("measure").loc[["rv", "cka_linear"]]
    draws = null.n_permutations
    rv, cka = (Estimate(row.value, n=draws, p=row.p, digits=4, about=row.Index) for row in frame.itertuples())
    apart = abs(rv.value - cka.value)
    found = {"n_checks": len(table), "parity": power_above(table["difference"].max()), "rv": rv, "cka": cka}
    return found | {"rv_apart": power_above(apart)}


def power_above(difference: float) -> str:
    """Smallest power of ten above a difference, "10⁻¹³"; not below 10⁻¹⁵, where rounding begins."""
    exponent = -15 if difference < 1e-15 else math.floor(math.log10(difference)) + 1
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _others() -> list[tuple[str, str, Callable]]:
    import dcor
    from scipy import stats

    return [
        ("rsa_pearson", "scipy pdist + pearsonr", lambda x, y: stats.pearsonr(*_distances(x, y))[0]),
        ("rsa_pearson", "rsatoolbox corr", lambda x, y: _rsatoolbox(x, y, "corr")),
        ("rsa_spearman", "scipy pdist + spearmanr", lambda x, y: stats.spearmanr(*_distances(x, y))[0]),
        ("rsa_spearman", "rsatoolbox spearman", lambda x, y: _rsatoolbox(x, y, "spearman")),
        ("rsa_kendall", "scipy pdist + kendalltau", lambda x, y: stats.kendalltau(*_distances(x, y))[0]),
        ("rsa_kendall", "rsatoolbox kendall", lambda x, y: _rsatoolbox(x, y, "kendall")),
        ("dcor", "dcor distance_correlation", dcor.distance_correlation),
        ("dcor_squared_debiased", "dcor u_distance_correlation_sqr", dcor.u_distance_correlation_sqr),
        ("rv", "numpy, covariance form", _rv),
        ("cka_linear", "numpy, HSIC with centring matrix", lambda x, y: _hsic_cka(x @ x.T, y @ y.T)),
        ("cka_rbf", "numpy, HSIC with centring matrix", lambda x, y: _hsic_cka(_gaussian(x), _gaussian(y))),
        ("cka_linear_debiased", "numpy, unbiased HSIC of Song et al. 2012", _debiased_cka),
        ("mi", "scipy pearsonr, pair by pair", _mutual_information),
    ]


def _distances(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial.distance import pdist

    return pdist(x, "correlation"), pdist(y, "correlation")


def _rsatoolbox(x: np.ndarray, y: np.ndarray, method: str) -> float:
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    a, b = (calc_rdm(Dataset(series), method="correlation") for series in (x, y))
    return compare(a, b, method=method).item()


def _rv(x: np.ndarray, y: np.ndarray) -> float:
    """Robert & Escoufier 1976: traces of covariance matrices, never a matrix over time points."""
    x, y = x - x.mean(0), y - y.mean(0)
    shared = np.trace(x.T @ y @ y.T @ x)
    return shared / np.sqrt(np.trace((x.T @ x) @ (x.T @ x)) * np.trace((y.T @ y) @ (y.T @ y)))


def _hsic_cka(k: np.ndarray, other: np.ndarray) -> float:
    """Kornblith et al. 2019, equation 3, with the centring matrix written out."""
    h = np.eye(len(k)) - 1 / len(k)
    hsic = lambda a, b: np.trace(a @ h @ b @ h)  # noqa: E731
    return hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))


def _gaussian(x: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import pdist, squareform

    squared = pdist(x, "sqeuclidean")
    return np.exp(-squareform(squared) / (2 * np.median(squared[squared > 0])))


def _debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    k, other = x @ x.T, y @ y.T
    return _unbiased_hsic(k, other) / np.sqrt(_unbiased_hsic(k, k) * _unbiased_hsic(other, other))


def _unbiased_hsic(k: np.ndarray, other: np.ndarray) -> float:
    """Song et al. 2012 (JMLR 13), equation 5."""
    n = len(k)
    k, other = k - np.diag(np.diag(k)), other - np.diag(np.diag(other))
    means = k.sum() * other.sum() / ((n - 1) * (n - 2)) - 2 * (k @ other).sum() / (n - 2)
    return (np.trace(k @ other) + means) / (n * (n - 3))


def _mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    from scipy.stats import pearsonr

    r = np.array([[pearsonr(a, b)[0] for a in x.T] for b in y.T])
    return float((-0.5 * np.log(1 - np.minimum(r**2, 1 - 1e-7))).mean())
