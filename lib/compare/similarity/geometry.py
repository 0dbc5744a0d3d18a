"""The shapes that similarity measures compare: how T time points become a T x T matrix, and how that is centred.

Comes in: float64 tensors (..., T, d), rows are time points. Goes out: tensors (..., T, T). The first functions build a
matrix of distances or kernels, the next ones centre it and give it norm 1, so that the similarity of two series is the
plain inner product of their matrices. What has no variation to compare comes out as NaN, never as 0.
"""

from __future__ import annotations

TIE = 2.0**-40  # entries closer than this share of the largest one differ by rounding only, and count as tied
FLAT = 1e-9  # variation this small beside the entries themselves is rounding noise around a constant
CONSTANT = 1e-12  # the same for a row or column of a series


# ---- from a series to a matrix ----


def correlation_rdm(x):
    """1 - Pearson correlation between time points, range 0 to 2; for one column |x_i - x_j|."""
    if x.shape[-1] == 1:
        return absolute_differences(x)
    return _one_minus_cosine(_centred(x, dim=-1))


def cosine_rdm(x):
    """1 - cosine between time points, range 0 to 2; unchanged by rotations and sign flips of the columns."""
    return absolute_differences(x) if x.shape[-1] == 1 else _one_minus_cosine(x)


def _one_minus_cosine(x):
    unit = x / _positive(x.norm(dim=-1, keepdim=True), at_least=0.0)
    return _with_zero_diagonal((1 - unit @ unit.mT).clamp_(0, 2))  # (..., T, T)


def absolute_differences(x):
    """|x_i - x_j| of a single column, in its own unit."""
    return (x - x.mT).abs()


def euclidean(x):
    """Euclidean distances between time points, in the unit of x.

    Taken from differences and not from a matrix product, which leaves distances above 0 on the diagonal and loses the
    small ones.
    """
    import torch

    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


def inner_products(x):
    """Inner products between time points of the column-centred series."""
    centred = _centred(x, dim=-2).nan_to_num()
    return centred @ centred.mT  # (..., T, T)


def gaussian_kernel(x):
    """exp(-d^2 / (2 m)) with m the median of the positive squared distances between time points."""
    return _gaussian(x, lower=False)


def gaussian_kernel_lower_median(x):
    """exp(-d^2 / (2 m)) with m the lower of the two middle squared distances where their number is even."""
    return _gaussian(x, lower=True)


def _gaussian(x, *, lower):
    import torch

    squared = euclidean(x).square()
    i, j = torch.triu_indices(*squared.shape[-2:], 1, device=x.device)
    pairs = squared[..., i, j]
    pairs = pairs.masked_fill(pairs == 0, float("nan"))
    middle = pairs.nanmedian(-1).values  # of an even number, the lower one
    if not lower:
        middle = (middle - (-pairs).nanmedian(-1).values) / 2
    return torch.exp(squared / (-2 * middle[..., None, None]))


def standard_columns(x):
    """Columns with mean 0 and norm 1, (..., T, d): their inner products are correlations over time."""
    centred = _centred(x, dim=-2)
    return centred / centred.norm(dim=-2, keepdim=True)


# ---- from a matrix to one that an inner product can compare ----


def centre_pairs(matrix):
    """Subtract the mean of the off-diagonal entries, put 0 on the diagonal, scale to norm 1."""
    pairs = _with_zero_diagonal(matrix)
    return _unit(_with_zero_diagonal(pairs - _pair_mean(pairs)), pairs)


def centre_ranks(matrix):
    """The same of the ranks of the pairs; tied pairs share their average rank."""
    return centre_pairs(rank_pairs(matrix))


def mean_signs(matrix):
    """+1 where a pair lies above the mean of all pairs and -1 below, scaled so that the inner product is a mean."""
    pairs, n = _with_zero_diagonal(matrix), matrix.shape[-1]
    signs = _with_zero_diagonal((pairs - _pair_mean(pairs)).sign()) / (n * (n - 1)) ** 0.5
    return signs + 0 * centre_pairs(matrix)  # NaN where nothing varies


def double_centre(matrix):
    """Subtract row and column means, add the grand mean, scale to norm 1."""
    rows = matrix.mean(-1, keepdim=True)
    return _unit(matrix - rows - rows.mT + rows.mean(-2, keepdim=True), matrix)


def u_centre(matrix):
    """U-centre (Székely & Rizzo 2014): unbiased over distinct pairs, 0 on the diagonal, scaled to norm 1; T > 3."""
    pairs, n = _with_zero_diagonal(matrix), matrix.shape[-1]
    rows = pairs.sum(-1, keepdim=True) / (n - 2)
    total = pairs.sum((-2, -1), keepdim=True) / ((n - 1) * (n - 2))
    return _unit(_with_zero_diagonal(pairs - rows - rows.mT + total), pairs)


# ---- ranks ----


def settle_ties(pairs):
    """Values as whole multiples of 2^-40 of the largest one: what differs by rounding only becomes equal."""
    import torch

    exponent = torch.frexp(pairs.abs().amax(-1, keepdim=True)).exponent.to(pairs.dtype)
    return torch.round(pairs / (TIE * torch.exp2(exponent)))


def rank_pairs(matrix):
    """Ranks 1 to T(T-1)/2 of the off-diagonal pairs, average ranks for ties, 0 on the diagonal."""
    import torch

    i, j = torch.triu_indices(*matrix.shape[-2:], 1, device=matrix.device)
    full = torch.zeros_like(matrix)
    full[..., i, j] = full[..., j, i] = average_ranks(matrix[..., i, j])
    return full


def average_ranks(pairs):
    """Ranks from 1 along the last axis; ties, also those that only rounding parts, share their average rank."""
    import torch

    pairs = settle_ties(pairs)
    ordered = pairs.sort(-1).values
    twice = torch.searchsorted(ordered, pairs) + torch.searchsorted(ordered, pairs, right=True) + 1
    return twice / 2 + 0 * pairs  # NaN stays NaN


# ---- small parts ----


def _centred(x, *, dim):
    # minus the mean along dim; NaN where that leaves nothing but rounding
    centred = x - x.mean(dim, keepdim=True)
    constant = centred.abs().amax(dim, keepdim=True) <= CONSTANT * x.abs().amax(dim, keepdim=True)
    return centred.masked_fill(constant, float("nan"))


def _positive(size, *, at_least):
    return size.masked_fill(size <= at_least, float("nan"))


def _unit(centred, raw):
    size = raw.norm(dim=(-2, -1), keepdim=True)
    return centred / _positive(centred.norm(dim=(-2, -1), keepdim=True), at_least=FLAT * size)


def _pair_mean(pairs):
    n = pairs.shape[-1]
    return pairs.sum((-2, -1), keepdim=True) / (n * (n - 1))


def _with_zero_diagonal(matrix):
    matrix = matrix.clone()
    matrix.diagonal(dim1=-2, dim2=-1).zero_()
    return matrix
