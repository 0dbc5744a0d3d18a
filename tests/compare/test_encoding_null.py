"""Permutation tests of encoding scores: exact on small data, calibrated without signal, blind to fold means."""

import warnings

import numpy as np
import pytest

from lib.compare.encoding.nested import encoding_null, nested_ridge
from lib.ground import WrongUse

pytestmark = pytest.mark.filterwarnings("ignore:the penalty sits at", "ignore:no layer and penalty")
FOLDS = np.arange(60) % 5


def test_draws_are_refits_of_permuted_responses():
    rng = np.random.default_rng(0)
    layers = {name: rng.standard_normal((60, d)) for name, d in (("a", 5), ("b", 90))}
    responses = layers["a"][:, :3] + rng.standard_normal((60, 3))
    got = encoding_null(layers, responses, FOLDS, n_permutations=4)
    orders = np.random.default_rng(0)
    for draw in got.draws:
        order = np.empty(60, dtype=int)
        for fold in range(5):
            order[fold == FOLDS] = orders.permutation(np.flatnonzero(fold == FOLDS))
        np.testing.assert_allclose(draw, nested_ridge(layers, responses[order], FOLDS).r2, atol=1e-10)


def test_calibrated_without_signal():
    """Fits to responses that have nothing to do with the features: 5 % of p values should lie below .05."""
    rng = np.random.default_rng(0)
    layers = {name: rng.standard_normal((60, d)) for name, d in (("a", 12), ("b", 40))}
    responses = rng.standard_normal((60, 1500))
    got = encoding_null(layers, responses, FOLDS, n_permutations=79, extend_alphas=False)
    assert 0.03 < (got.p <= 0.05).mean() < 0.07
    assert (got.p_max >= got.p).all()
    assert (got.p_max > 0.05).mean() > 0.999


def test_finds_signal():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 8))
    responses = features @ rng.standard_normal((8, 10)) + rng.standard_normal((60, 10))
    got = encoding_null({"x": features}, responses, FOLDS, n_permutations=99)
    np.testing.assert_allclose(got.p, 1 / 100)
    np.testing.assert_allclose(got.p_max, 1 / 100)
    np.testing.assert_allclose(got.r2, nested_ridge({"x": features}, responses, FOLDS).r2, atol=1e-10)
    assert (got.null_mean < 0.1).all()
    assert got.n == 60


def test_means_of_folds_are_no_evidence():
    """Features that know nothing but how folds differ score high, and are not significant."""
    rng = np.random.default_rng(0)
    offsets = 5 * rng.standard_normal((5, 40))
    responses = offsets[FOLDS] + rng.standard_normal((60, 40))
    features = np.eye(5)[FOLDS] + 0.1 * rng.standard_normal((60, 5))
    got = encoding_null({"x": features}, responses, FOLDS, n_permutations=39, extend_alphas=False)
    assert (got.p <= 0.05).mean() < 0.2


def test_p_values_are_counts_of_draws():
    rng = np.random.default_rng(2)
    features = rng.standard_normal((60, 8))
    responses = 0.4 * features @ rng.standard_normal((8, 10)) + rng.standard_normal((60, 10))
    got = encoding_null({"x": features}, responses, FOLDS, n_permutations=19, extend_alphas=False)
    np.testing.assert_allclose(
        got.p, [(sum(draws >= r2) + 1) / 20 for draws, r2 in zip(got.draws.T, got.r2, strict=True)]
    )
    largest = got.draws.max(axis=1)
    np.testing.assert_allclose(got.p_max, [(sum(largest >= r2) + 1) / 20 for r2 in got.r2])
    np.testing.assert_allclose(got.null_mean, got.draws.mean(axis=0))
    np.testing.assert_allclose(got.null_sd, got.draws.std(axis=0))


@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_a_common_factor_changes_nothing(factor):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 8))
    responses = features @ rng.standard_normal((8, 3)) + rng.standard_normal((60, 3))
    before = encoding_null({"x": features}, responses, FOLDS, n_permutations=9)
    after = encoding_null({"x": factor * features}, responses / factor, FOLDS, n_permutations=9)
    np.testing.assert_allclose(after.r2, before.r2, atol=1e-8)
    np.testing.assert_allclose(after.draws, before.draws, atol=1e-8)
    np.testing.assert_allclose(after.p, 0.1)


def test_edges_are_said_of_the_data_not_of_permutations():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 40))
    responses = features @ rng.standard_normal((40, 3)) + 2 * rng.standard_normal((60, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # permuted responses end at edges, the data do not
        encoding_null({"x": features}, responses, FOLDS, n_permutations=20)
    with pytest.warns(UserWarning, match="smallest one allowed in 15 of 15"):
        encoding_null({"x": features}, responses, FOLDS, [10, 100], extend_alphas=False, n_permutations=20)


def test_seeds_and_shapes():
    x = np.random.default_rng(0).standard_normal((60, 2))
    y = np.random.default_rng(1).standard_normal((60, 2))
    a, b, c = (encoding_null({"x": x}, y, FOLDS, n_permutations=5, seed=s).draws for s in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()
    with pytest.raises(WrongUse, match="layers must be"):
        encoding_null(x, y, FOLDS)
    with pytest.raises(WrongUse, match="n_permutations"):
        encoding_null({"x": x}, y, FOLDS, n_permutations=0)
