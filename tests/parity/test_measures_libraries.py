"""The measures against libraries that compute them independently."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn.metrics.pairwise import rbf_kernel

from lib.compare import permutation_null, similarity

SIZES = [(12, 5, 4), (40, 60, 20), (100, 60, 20)]


def simulated(n_times, p, q, seed=0):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n_times, 3))
    return tuple(common @ rng.standard_normal((3, d)) + rng.standard_normal((n_times, d)) for d in (p, q))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("distance", ["correlation", "cosine", "euclidean"])
def test_scipy(size, distance):
    x, y = simulated(*size)
    ending = "" if distance == "correlation" else f"_{distance}"
    a, b = pdist(x, distance), pdist(y, distance)
    assert similarity(x, y, "rsa_pearson" + ending) == pytest.approx(pearsonr(a, b).statistic, abs=1e-12)
    assert similarity(x, y, "rsa_spearman" + ending) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)
    assert similarity(x, y, "rsa_kendall" + ending) == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)


@pytest.mark.parametrize("decimals", [0, 1])
def test_scipy_with_ties(decimals):
    x, y = (a[:, 0].round(decimals) * 10**decimals for a in simulated(50, 1, 1))
    a, b = pdist(x[:, None]), pdist(y[:, None])
    assert similarity(x, y, "rsa_spearman") == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)
    assert similarity(x, y, "rsa_kendall") == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_dcor(size):
    dcor = pytest.importorskip("dcor")
    x, y = simulated(*size)
    assert similarity(x, y, "dcor") == pytest.approx(dcor.distance_correlation(x, y), abs=1e-10)
    assert similarity(x, y, "dcor_squared") == pytest.approx(dcor.distance_correlation_sqr(x, y), abs=1e-10)
    debiased = dcor.u_distance_correlation_sqr(x, y)
    assert similarity(x, y, "dcor_squared_debiased") == pytest.approx(debiased, abs=1e-10)
    a, b = dcor.u_centered(x @ x.T), dcor.u_centered(y @ y.T)
    expected = dcor.u_product(a, b) / np.sqrt(dcor.u_product(a, a) * dcor.u_product(b, b))
    # dcor takes the diagonal along; ours, after Song et al., leaves it out
    np.fill_diagonal(gx := x @ x.T, 0)
    np.fill_diagonal(gy := y @ y.T, 0)
    a, b = dcor.u_centered(gx), dcor.u_centered(gy)
    expected = dcor.u_product(a, b) / np.sqrt(dcor.u_product(a, a) * dcor.u_product(b, b))
    assert similarity(x, y, "cka_linear_debiased") == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("size", SIZES)
def test_rsatoolbox(size):
    rsatoolbox = pytest.importorskip("rsatoolbox")
    x, y = simulated(*size)
    rdms = [rsatoolbox.rdm.calc_rdm(rsatoolbox.data.Dataset(a), method="correlation") for a in (x, y)]
    for name, method in (("rsa_pearson", "corr"), ("rsa_spearman", "spearman"), ("rsa_kendall", "tau-b")):
        expected = rsatoolbox.rdm.compare(*rdms, method=method).item()
        assert similarity(x, y, name) == pytest.approx(expected, abs=1e-10), name


@pytest.mark.parametrize("size", SIZES)
def test_kernel_alignment(size):
    x, y = simulated(*size)
    centre = np.eye(len(x)) - 1 / len(x)

    def aligned(k, m):
        k, m = centre @ k @ centre, centre @ m @ centre
        return (k * m).sum() / np.linalg.norm(k) / np.linalg.norm(m)

    kernels = [rbf_kernel(a, gamma=0.5 / np.median(pdist(a, "sqeuclidean"))) for a in (x, y)]
    assert similarity(x, y, "cka_linear") == pytest.approx(aligned(x @ x.T, y @ y.T), abs=1e-10)
    assert similarity(x, y, "cka_rbf") == pytest.approx(aligned(*kernels), abs=1e-10)
    lower = [np.sort(pdist(a, "sqeuclidean"))[(len(a) * (len(a) - 1) // 2 - 1) // 2] for a in (x, y)]
    kernels = [rbf_kernel(a, gamma=0.5 / m) for a, m in zip((x, y), lower, strict=True)]
    assert similarity(x, y, "cka_rbf_lower_median") == pytest.approx(aligned(*kernels), abs=1e-10)


def test_nulls_of_reordered_matrices():
    x, y = simulated(30, 6, 9)
    null = permutation_null([x], y, ["rsa_spearman", "rsa_kendall"], n_permutations=25, seed=3)
    table = np.random.default_rng(3).permuted(np.tile(np.arange(30), (25, 1)), axis=1)
    a, b = squareform(pdist(x, "correlation")), pdist(y, "correlation")
    for k, row in enumerate(table):
        moved = squareform(a[np.ix_(row, row)], checks=False)
        assert null.draws[0, 0, k] == pytest.approx(spearmanr(moved, b).statistic, abs=1e-12)
        assert null.draws[1, 0, k] == pytest.approx(kendalltau(moved, b).statistic, abs=1e-12)
