"""The measures: reference values, identities, invariances, ties, and what is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform

from lib.compare import MEASURES, VARIANTS, measure, similarity
from lib.compare.similarity.geometry import average_ranks, correlation_rdm, cosine_rdm, euclidean, u_centre
from lib.ground import WrongUse

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "measures.json").read_text())
CASES = {case["case"]: case for case in REFERENCE["cases"]}
NAMES = [*MEASURES, *VARIANTS]
ROTATION_FREE = [
    name for name in NAMES if name.startswith(("dcor", "rv", "cka")) or name.endswith(("_cosine", "_euclidean"))
]


def inputs(case):
    draw = np.random.default_rng(case["seed"]).standard_normal
    n, p, q = case["T"], case["p"], case["q"]
    common, a, e, b, f = draw((n, 3)), draw((3, p)), draw((n, p)), draw((3, q)), draw((n, q))
    x, y = common @ a + e, common @ b + f
    return {None: (x, y), "1dec": (x.round(1), y.round(1)), "eighth": (np.round(8 * x) / 8, np.round(8 * y) / 8)}[
        case["quant"]
    ]


@pytest.fixture
def pair():
    rng = np.random.default_rng(7)
    common = rng.standard_normal((24, 2))
    return (common @ rng.standard_normal((2, d)) + rng.standard_normal((24, d)) for d in (6, 4))


def test_the_eight():
    assert [*MEASURES] == ["rsa_pearson", "rsa_spearman", "rsa_kendall", "dcor", "rv", "mi", "cka_linear", "cka_rbf"]
    assert {m.family for m in MEASURES.values()} == {"rank", "dependence"}
    assert not set(MEASURES) & set(VARIANTS)


@pytest.mark.parametrize("name", CASES)
def test_reference_values(name):
    case = CASES[name]
    x, y = inputs(case)
    for array, key in ((x, "x_sha256"), (y, "y_sha256")):
        assert hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() == case[key]
    for key, value in case["values"].items():
        assert similarity(x, y, key) == pytest.approx(value, abs=1e-12), key


@pytest.mark.parametrize("name", CASES)
def test_published_single_precision_values(name):
    case = CASES[name]
    x, y = inputs(case)
    for key, value in case["published_float32"].items():
        # above 25 time points the published kernel takes its bandwidth from distances with rounding on the diagonal
        loose = 5e-4 if key == "cka_rbf_lower_median" and case["T"] > 25 else 2e-5
        assert similarity(x, y, key) == pytest.approx(value, abs=loose), key


@pytest.mark.parametrize("name", NAMES)
def test_range_and_self_similarity(name, pair):
    x, y = pair
    known = measure(name)
    assert known.low <= similarity(x, y, name) <= known.high
    if name == "mi":
        assert similarity(x[:, :1], x[:, :1], name) == pytest.approx(known.high)
    else:
        assert similarity(x, x, name) == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_symmetry_joint_reordering_and_scale(name, pair):
    x, y = pair
    order = np.random.default_rng(0).permutation(len(x))
    value = similarity(x, y, name)
    assert similarity(y, x, name) == pytest.approx(value, abs=1e-12)
    assert similarity(x[order], y[order], name) == pytest.approx(value, abs=1e-12)
    assert similarity(3 * x, y / 7, name) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", ROTATION_FREE)
def test_rotations_change_nothing(name, pair):
    x, y = pair
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((x.shape[1],) * 2))[0]
    assert similarity(x @ turn, y, name) == pytest.approx(similarity(x, y, name), abs=1e-12)


def test_a_sign_flip_of_one_component_changes_the_published_rdm(pair):
    x, y = pair
    flipped = x * np.r_[-1, np.ones(x.shape[1] - 1)]
    assert abs(similarity(flipped, y, "rsa_spearman") - similarity(x, y, "rsa_spearman")) > 1e-3


def test_rv_is_linear_cka(pair):
    x, y = pair
    assert similarity(x, y, "rv") == pytest.approx(similarity(x, y, "cka_linear"), abs=1e-14)
    xc, yc = x - x.mean(0), y - y.mean(0)
    by_covariance = ((xc.T @ yc) ** 2).sum() / np.linalg.norm(xc.T @ xc) / np.linalg.norm(yc.T @ yc)
    assert similarity(x, y, "rv") == pytest.approx(by_covariance, abs=1e-12)


def test_dcor_is_the_root_of_the_published_one(pair):
    x, y = pair
    assert similarity(x, y, "dcor") ** 2 == pytest.approx(similarity(x, y, "dcor_squared"))


def test_mi_is_the_mean_over_column_pairs(pair):
    x, y = pair
    r = [np.corrcoef(a, b)[0, 1] for a in x.T for b in y.T]
    assert similarity(x, y, "mi") == pytest.approx(np.mean([-0.5 * np.log(1 - rho**2) for rho in r]))


def test_one_column_uses_absolute_differences():
    x = np.array([0.0, 1.0, 3.0, 7.0])
    assert similarity(x, x**2, "rsa_pearson") == pytest.approx(
        np.corrcoef(pdist(x[:, None]), pdist(x[:, None] ** 2))[0, 1]
    )


def test_distances_have_an_exact_zero_diagonal_and_keep_small_distances():
    rng = np.random.default_rng(0)
    x = 1e6 + rng.standard_normal((40, 30))
    x[1] = x[0] + 1e-9 * (np.arange(30) == 3)
    ours = euclidean(torch.from_numpy(x)).numpy()
    assert (np.diag(ours) == 0).all()
    np.testing.assert_allclose(ours, squareform(pdist(x)), rtol=1e-12)


def test_u_centred_rows_sum_to_nothing(pair):
    x, _ = pair
    centred = u_centre(euclidean(torch.from_numpy(x)))
    assert centred.sum(-1).abs().max() < 1e-14
    assert centred.diagonal().abs().max() == 0


def test_rounding_does_not_break_ties():
    # .3 - .1 and .5 - .3 differ in the last bit
    x = np.round(np.arange(10) * 0.1, 1)[[3, 1, 5, 7, 9, 0, 2, 4, 6, 8]]
    distances = (torch.from_numpy(x)[:, None] - torch.from_numpy(x)).abs()[*np.triu_indices(10, 1)]
    assert len(np.unique(distances)) > 9
    assert len(np.unique(average_ranks(distances))) == 9
    assert similarity(x, 10 * x, "rsa_kendall") == pytest.approx(1, abs=1e-14)


def test_two_columns_leave_two_distances():
    # with two columns rows correlate +1 or -1; the rest is rounding, which must not be ranked
    x = np.random.default_rng(0).standard_normal((12, 2))
    rdm = correlation_rdm(torch.from_numpy(x))
    assert len(np.unique(average_ranks(rdm[*np.triu_indices(12, 1)]))) == 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: np.where(np.arange(6) == 2, np.nan, x), r"x holds 24 NaN or infinite value\(s\), .* column 2"),
        (lambda x: np.where(np.arange(24)[:, None] == 5, np.inf, x), r"first in row 5, column 0"),
        (lambda x: x[:-1], "x has 23, response y has 24"),
        (lambda x: x[None], r"real numbers .* shape \(1, 24, 6\)"),
        (lambda x: x.astype(complex), "real numbers"),
        (lambda x: x.astype(str), "real numbers"),
        (lambda x: x[:, :0], "real numbers"),
    ],
)
def test_bad_input_is_named(name, spoil, words, pair):
    x, y = pair
    with pytest.raises(ValueError, match=words):
        similarity(spoil(x), y, name)


@pytest.mark.parametrize("name", NAMES)
def test_too_short_or_nothing_varies(name):
    rng = np.random.default_rng(0)
    shortest = measure(name).shortest
    with pytest.raises(ValueError, match=f"at least {shortest} time points"):
        similarity(*rng.standard_normal((2, shortest - 1, 3)), name)
    with pytest.raises(ValueError, match=f"{name} is undefined: y "):
        similarity(rng.standard_normal((9, 3)), np.full((9, 3), 0.1), name)
    with pytest.raises(ValueError, match=f"{name} is undefined: x .* and y "):
        similarity(np.zeros((9, 1)), np.full((9, 3), 0.1), name)


def test_constant_column_and_flat_time_point_are_listed():
    x, y = np.random.default_rng(0).standard_normal((2, 9, 4))
    x[:, [1, 3]] = 0.3
    with pytest.raises(ValueError, match=r"x is constant in column 1, 3"):
        similarity(x, y, "mi")
    assert np.isfinite(similarity(x, y, "dcor"))
    y[4] = 0.7
    with pytest.raises(ValueError, match="y has no variation across columns at time point 4"):
        similarity(x, y, "rsa_spearman")


@pytest.mark.parametrize("name", ["rsa_pearson_euclidean", "rsa_spearman_cosine", "rsa_kendall_cosine", "rv_debiased"])
def test_equidistant_time_points_are_no_geometry(name):
    # what whitening does to a sentence of fewer frames than components
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 8))
    white = np.linalg.svd(x - x.mean(0))[0][:, :7]
    with pytest.raises(ValueError, match="x has all time points equally far apart"):
        similarity(white, rng.standard_normal((8, 3)), name)


def test_cosine_of_an_all_zero_row_is_undefined():
    x = np.random.default_rng(0).standard_normal((6, 3))
    x[2] = 0
    assert cosine_rdm(torch.from_numpy(x)).isnan().any()
    with pytest.raises(ValueError, match="at time point 2"):
        similarity(x, x, "rsa_pearson_cosine")


def test_unknown_measure_lists_the_known_ones():
    with pytest.raises(WrongUse, match=r"Did you mean .rsa_spearman.\?.*cka_linear"):
        similarity(np.eye(4), np.eye(4), "rsa_spaerman")


@pytest.mark.parametrize("convert", [torch.from_numpy, np.float32, lambda x: x[::-1][::-1], np.asfortranarray, list])
def test_array_likes(convert, pair):
    x, y = (a.astype(np.float32).astype(float) for a in pair)
    assert similarity(convert(x), y, "dcor") == pytest.approx(similarity(x, y, "dcor"), abs=1e-12)
