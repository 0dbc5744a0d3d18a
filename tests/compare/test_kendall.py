"""Exact tau-b against scipy, with and without ties, within and across the blocks of the counting."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from lib.compare.similarity import kendall


def tau_b(*arrays, threads):
    with ThreadPoolExecutor(threads) as pool:
        return kendall.tau_b(*arrays, pool=pool)


def matrices(rng, n_times, decimals, number):
    values = rng.standard_normal((number, n_times, n_times))
    values = np.abs(values + values.swapaxes(1, 2)).round(decimals)
    for matrix in values:
        np.fill_diagonal(matrix, 0)
    return values


@pytest.mark.parametrize("n_times", [3, 4, 12, 65, 100])  # 4,950 pairs fill more than one block of 4,096
@pytest.mark.parametrize("decimals", [(15, 15), (1, 15), (15, 1), (1, 0)])
def test_equal_to_scipy(n_times, decimals):
    rng = np.random.default_rng(n_times)
    a, b = matrices(rng, n_times, decimals[0], 2), matrices(rng, n_times, decimals[1], 2)
    table = rng.permuted(np.tile(np.arange(n_times), (3, 1)), axis=1)
    ours = tau_b(torch.from_numpy(a)[None], torch.from_numpy(b)[None], np.argsort(table, 1)[None], threads=2)
    i, j = np.triu_indices(n_times, 1)
    for s, layer, k in np.ndindex(2, 2, 3):
        expected = kendalltau(a[layer][np.ix_(table[k], table[k])][i, j], b[s][i, j]).statistic
        np.testing.assert_allclose(ours[0, s, layer, k], expected, rtol=0, atol=1e-12)


def test_many_draws_and_threads():
    rng = np.random.default_rng(0)
    a, b = (torch.from_numpy(matrices(rng, 20, 1, 3)[None]) for _ in range(2))
    inverse = np.argsort(rng.random((1, 300, 20)), -1)
    one, three = (tau_b(a, b, inverse, threads=threads) for threads in (1, 3))
    assert one.shape == (1, 3, 3, 300)
    np.testing.assert_array_equal(one, three)
    last = tau_b(a, b, inverse[:, -1:], threads=1)
    np.testing.assert_array_equal(one[..., -1:], last)


def test_constant_and_undefined_matrices_give_nan():
    rng = np.random.default_rng(0)
    good = matrices(rng, 6, 15, 1)[0]
    holed = good.copy()
    holed[0, 1] = holed[1, 0] = np.nan
    a = torch.from_numpy(np.stack([good, np.ones((6, 6)), holed])[None])
    tau = tau_b(a, a[:, :1], np.arange(6)[None, None], threads=1)[0, 0, :, 0]
    assert tau[0] == 1
    assert np.isnan(tau[1:]).all()
