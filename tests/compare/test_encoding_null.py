"""The permutation test of pooled out-of-fold predictions: exact on small data, calibrated, and blind to fold means."""

from itertools import permutations, product

import numpy as np
import pytest

from lib.compare.encoding import encoding_null, nested_ridge
from lib.compare.ridge import pooled_r2
from lib.ground import WrongUse

FOLDS = np.arange(60) % 5


def test_p_is_that_of_all_permutations_within_folds():
    rng = np.random.default_rng(0)
    folds = np.array([0, 0, 0, 1, 1, 1])
    y = rng.standard_normal((6, 3))
    x = y + rng.standard_normal((6, 3))
    orders = [np.r_[a, np.add(b, 3)] for a, b in product(permutations(range(3)), repeat=2)]
    every = np.array([pooled_r2(x, y[order]) for order in orders])
    got = encoding_null(x, y, folds, n_permutations=8000)
    np.testing.assert_allclose(got.r2, pooled_r2(x, y))
    np.testing.assert_allclose(got.p, (every >= got.r2 - 1e-12).mean(0), atol=0.02)
    np.testing.assert_allclose(got.p_max, (every.max(1)[:, None] >= got.r2 - 1e-12).mean(0), atol=0.02)
    np.testing.assert_allclose(got.null_mean, every.mean(0), atol=0.02)
    np.testing.assert_allclose(got.null_sd, every.std(0), atol=0.02)


def test_calibrated_without_signal():
    """Real fits to responses that have nothing to do with the features: 5 % of p values below .05."""
    rng = np.random.default_rng(0)
    features, responses = rng.standard_normal((60, 30)), rng.standard_normal((60, 1500))
    fit = nested_ridge({"x": features}, responses, FOLDS, extend_alphas=False)
    got = encoding_null(fit.predictions, responses, FOLDS, n_permutations=199)
    assert 0.02 < (got.p <= 0.05).mean() < 0.075
    assert (got.p_max >= got.p).all()
    assert (got.p_max > 0.05).mean() > 0.999


def test_finds_signal():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((60, 8))
    responses = features @ rng.standard_normal((8, 10)) + rng.standard_normal((60, 10))
    fit = nested_ridge({"x": features}, responses, FOLDS)
    got = encoding_null(fit.predictions, responses, FOLDS, n_permutations=499)
    np.testing.assert_allclose(got.p, 1 / 500)
    np.testing.assert_allclose(got.r2, fit.r2)
    assert (got.null_mean < 0.1).all()
    assert (got.n, got.n_permutations) == (60, 499)


def test_means_of_folds_are_no_evidence():
    """Predictions that know nothing but how folds differ score high, and are not significant."""
    rng = np.random.default_rng(0)
    offsets = 5 * rng.standard_normal((5, 40))
    responses = offsets[FOLDS] + rng.standard_normal((60, 40))
    predictions = offsets[FOLDS] + 0.1 * rng.standard_normal((60, 40))
    got = encoding_null(predictions, responses, FOLDS, n_permutations=199)
    assert (got.r2 > 0.5).all()
    assert (got.p <= 0.05).mean() < 0.2


def test_constant_predictions_are_no_evidence():
    got = encoding_null(np.ones((60, 2)), np.random.default_rng(0).standard_normal((60, 2)), FOLDS, n_permutations=19)
    np.testing.assert_array_equal(got.r2, 0)
    np.testing.assert_array_equal(got.p, 1)


def test_seeds_and_shapes():
    x = np.random.default_rng(0).standard_normal((60, 2))
    y = np.random.default_rng(1).standard_normal((60, 2))
    a, b, c = (encoding_null(x, y, FOLDS, n_permutations=50, seed=s).null_mean for s in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()
    with pytest.raises(WrongUse, match="got shapes"):
        encoding_null(x, y[:, :1], FOLDS)
