"""The similarity measures: eight that the field uses side by side, and named variants of them.

Comes in: two series with a common time axis, (T, p) and (T, q). Goes out: one number. A measure says how a series
becomes a matrix and how that is centred; the rest, scoring and null alike, is one computation for all of them.

The plain names follow the usual definitions. Where published code returns something else under the same name, that is a
variant with a name of its own: ``dcor_squared``, ``cka_rbf_lower_median``, ``rsa_mean_sign``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from lib.compare.similarity import geometry as g
from lib.compare.similarity.series import same_time, series
from lib.ground import unknown

RANK, DEPENDENCE = "rank", "dependence"


@dataclass(frozen=True)
class Measure:
    """What is known about one measure.

    Attributes
    ----------
    name : str
        Key in ``MEASURES`` or ``VARIANTS``.
    family : str
        ``"rank"`` (geometry of distances) or ``"dependence"`` (shared covariance).
    formula : str
        Words and LaTeX between dollars: A and B are the two centred matrices, cos(A, B) the sum of the products of
        their entries over that of their norms; a and b are the distances above the diagonals of distance matrices.
    low, high : float
        Range; every measure is a similarity, larger is more alike.
    source : str
        Where the definition comes from.
    matrix, centre : callable
        From a series to a matrix, and from that to one of norm 1; `centre` is None where nothing is centred.
    way : str
        ``"inner"`` product of matrices, ``"order"`` of pairs, or ``"columns"``.
    root : bool
        Whether the square root is taken at the end.
    unit : str
        Unit of the value.
    shortest : int
        Fewest time points for which it is defined.
    """

    name: str
    family: str
    formula: str
    low: float
    high: float
    source: str
    matrix: Callable
    centre: Callable | None
    way: str = "inner"
    root: bool = False
    unit: str = "1"
    shortest: int = 3

    @property
    def prepared(self) -> tuple:
        """What two measures must share to share their work."""
        return self.way, self.matrix, self.centre

    def prepare(self, x):
        """Matrix of a series (..., T, d), ready to be compared; NaN where the measure is undefined."""
        matrix = self.matrix(x)
        return self.centre(matrix) if self.centre else matrix

    def finish(self, value: np.ndarray) -> np.ndarray:
        """Value of the measure from the compared matrices."""
        return np.sqrt(np.maximum(value, 0)) if self.root else value


_RSA = "Kriegeskorte et al. 2008"
_DCOR = "Székely, Rizzo & Bakirov 2007"
_CKA = "Kornblith et al. 2019"
_DEBIASED = "Székely & Rizzo 2014; Song et al. 2012"
_AS_PUBLISHED = "code of arXiv 2601.16540"


def _rank(name: str, formula: str, centre: Callable | None, *, matrix: Callable = g.correlation_rdm, **more) -> Measure:
    more = {"source": _RSA, **more}
    return Measure(name, RANK, formula, -1.0, 1.0, matrix=matrix, centre=centre, **more)


def _dependence(name: str, formula: str, matrix: Callable, source: str, *, low: float = 0.0, **more) -> Measure:
    more = {"centre": g.double_centre, **more}
    return Measure(name, DEPENDENCE, formula, low, 1.0, source, matrix, **more)


def _debiased(name: str, formula: str, matrix: Callable) -> Measure:
    return _dependence(name, formula, matrix, _DEBIASED, low=-1.0, centre=g.u_centre, shortest=4)


def _named(*measures: Measure) -> MappingProxyType:
    return MappingProxyType({measure.name: measure for measure in measures})


# Distances are 1 - r between time points where nothing else is said, and |x_i - x_j| for one column (arXiv 2601.16540).
_PEARSON = r"$\operatorname{corr}(a, b)$"
_SPEARMAN = r"$\operatorname{corr}(\operatorname{rank} a, \operatorname{rank} b)$"
_KENDALL = r"$\tau_b(a, b)$"
_KENDALL_IN_FULL = (
    r"$\tau_b = (C - D) / \sqrt{U_a U_b}$; of pairs of distances $C$ are in the same order in $a$ and $b$, $D$ in the "
    r"opposite, $U_a$ and $U_b$ not tied"
)
_INNER, _U_INNER = r"$\cos(A, B)$ of double-centred ", r"$\cos(A, B)$ of U-centred "
_GAUSSIAN = r"$e^{-d^2 / 2m}$, $m$ the median positive $d^2$"

#: The eight measures of arXiv 2601.16540, under their usual definitions.
MEASURES = _named(
    _rank("rsa_pearson", _PEARSON, g.centre_pairs),
    _rank("rsa_spearman", f"{_SPEARMAN}, ties share their average rank", g.centre_ranks),
    _rank("rsa_kendall", _KENDALL_IN_FULL, None, way="order"),
    _dependence(
        "dcor", r"$\sqrt{\cos(A, B)}$ of double-centred Euclidean distances $d$", g.euclidean, _DCOR, root=True
    ),
    _dependence("rv", _INNER + "inner products: the same as linear CKA", g.inner_products, "Robert & Escoufier 1976"),
    Measure(
        "mi",
        DEPENDENCE,
        r"mean over pairs of columns of $-\tfrac12 \ln(1 - r^2)$, $r^2$ at most $1 - 10^{-7}$",
        0.0,
        -0.5 * np.log(1e-7),
        "arXiv 2601.16540",
        g.standard_columns,
        None,
        way="columns",
        unit="nat",
    ),
    _dependence("cka_linear", _INNER + "inner products", g.inner_products, _CKA),
    _dependence("cka_rbf", f"{_INNER}{_GAUSSIAN} of each series", g.gaussian_kernel, _CKA),
)

#: As published where that differs, without bias, and with distances that a rotation of the columns leaves alone.
VARIANTS = _named(
    _rank(
        "rsa_mean_sign",
        r"mean of $\operatorname{sign}(a - \bar a) \operatorname{sign}(b - \bar b)$; published as approximate Kendall, "
        "which it is not",
        g.mean_signs,
        source=_AS_PUBLISHED,
    ),
    _dependence("dcor_squared", _INNER + "Euclidean distances $d$", g.euclidean, _AS_PUBLISHED),
    _dependence(
        "cka_rbf_lower_median",
        _INNER + r"$e^{-d^2 / 2m}$, $m$ the lower middle $d^2$ of an even number",
        g.gaussian_kernel_lower_median,
        _AS_PUBLISHED,
    ),
    _debiased("dcor_squared_debiased", _U_INNER + "Euclidean distances $d$", g.euclidean),
    _debiased("rv_debiased", _U_INNER + "inner products", g.inner_products),
    _debiased("cka_linear_debiased", _U_INNER + "inner products", g.inner_products),
    _debiased("cka_rbf_debiased", _U_INNER + _GAUSSIAN, g.gaussian_kernel),
    *(
        _rank(f"rsa_{name}_{distance}", f"{formula} of {title} distances", centre, matrix=matrix, way=way)
        for distance, title, matrix in (("cosine", "cosine", g.cosine_rdm), ("euclidean", "Euclidean", g.euclidean))
        for name, formula, centre, way in (
            ("pearson", _PEARSON, g.centre_pairs, "inner"),
            ("spearman", _SPEARMAN, g.centre_ranks, "inner"),
            ("kendall", _KENDALL, None, "order"),
        )
    ),
)


def measure(name: str) -> Measure:
    """Look a measure or variant up by name; an unknown one is an error that lists the known ones."""
    found = MEASURES.get(name) or VARIANTS.get(name)
    if found is None:
        raise unknown("measure", name, [*MEASURES, *VARIANTS])
    return found


def similarity(x, y, name: str) -> float:
    """Similarity of two series with a common time axis.

    Parameters
    ----------
    x : array (T, p)
        One row per time point; a vector is one column.
    y : array (T, q)
        The same time points.
    name : str
        A key of ``MEASURES`` or ``VARIANTS``.

    Returns
    -------
    float
        Range and unit are those of ``measure(name)``.

    Raises
    ------
    ValueError
        For NaN or infinite values, different or too few time points, or a series for which the measure is undefined
        (all time points equally far apart, a constant column for ``mi``).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(12.0).reshape(6, 2) ** 2
    >>> round(similarity(x, -x, "dcor"), 6)
    1.0
    """
    value = similarities([x], y, name)[0]
    if np.isnan(value):
        wanted = measure(name)
        reasons = (why_undefined(wanted, series(each, where), where) for each, where in ((x, "x"), (y, "y")))
        raise ValueError(f"{name} is undefined: {' and '.join(filter(None, reasons))}.")
    return float(value)


def similarities(xs: Sequence, y, name: str) -> np.ndarray:
    """``similarity`` of each of several series with one, computed together; NaN where it is undefined."""
    import torch

    from lib.compare.similarity.reorder import reorderings

    wanted, xs, y = measure(name), [series(x, "x") for x in xs], series(y, "y")
    n_times = same_time({"x" if len(xs) == 1 else f"x {k}": x for k, x in enumerate(xs)}, {"y": y}, [wanted])
    as_they_are, device = np.arange(n_times)[None, None], torch.device("cpu")
    values = reorderings([x[None] for x in xs], [y[None]], [wanted], as_they_are, device=device, single=False)
    return values[0, 0, 0, :, 0]


def why_undefined(wanted: Measure, x, where: str) -> str | None:
    """Reason why a measure is undefined for one series (T, d), or None where it is defined."""
    matrix = wanted.matrix(x)
    if wanted.way == "columns":
        flat = matrix.isnan().any(0).nonzero().flatten().tolist()
        return f"{where} is constant in column {_listed(flat)}" if flat else None
    flat = matrix.isnan().sum(0).ge(len(x) - 1).nonzero().flatten().tolist()
    if flat and wanted.matrix in (g.correlation_rdm, g.cosine_rdm):
        return f"{where} has no variation across columns at time point {_listed(flat)}"
    centred = wanted.centre(matrix) if wanted.centre else g.centre_ranks(matrix)
    return f"{where} has all time points equally far apart" if centred.isnan().any() else None


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
