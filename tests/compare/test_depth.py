"""Depth in a model, and intervals of any statistic over sounds and listeners."""

import numpy as np
import pytest

from lib.compare import crossed, layer_scores, nested_ridge, over_subsets, preferred_depth, relative_slope
from lib.ground import WrongUse

FOLDS = np.repeat(np.arange(5), 12)


def test_depth_is_that_of_the_layer_that_stands_out_and_does_not_change_with_noise_or_offset():
    scores = np.array([[0.1, 0.1, 0.3], [0.1, 0.5, 0.2], [0.4, 0.1, 0.1]])
    np.testing.assert_allclose(preferred_depth(scores), [1, 0.5, 1 / 6])
    np.testing.assert_allclose(preferred_depth(0.3 * scores + 0.2), preferred_depth(scores))
    assert np.isnan(preferred_depth(np.full((3, 1), 0.2))).all()
    with pytest.raises(WrongUse, match="two layers"):
        preferred_depth(scores[:1])


def test_slope_is_a_share_of_the_mean():
    line = np.linspace(0.2, 0.6, 5)[:, None]
    np.testing.assert_allclose(relative_slope(line * [1, 3]), [1, 1])  # .4 over .4, however noisy the place
    np.testing.assert_allclose(relative_slope(line[::-1]), [-1])
    assert np.isnan(relative_slope(np.zeros((3, 1)))[0])


def test_scores_are_those_of_each_layer_alone():
    rng = np.random.default_rng(0)
    layers = {name: rng.standard_normal((60, 8)) for name in "ab"}
    y = layers["b"] @ rng.standard_normal((8, 5)) + rng.standard_normal((60, 5))
    found = layer_scores(layers, y, FOLDS)
    assert found.shape == (2, 5)
    assert (found[1] > found[0]).all()
    np.testing.assert_allclose(found[1], nested_ridge({"b": layers["b"]}, y, FOLDS).r2)


def test_spread_over_subsets_is_that_of_a_mean_and_of_a_median():
    rng = np.random.default_rng(1)
    ratios = []
    for seed in range(12):
        x = rng.standard_normal(60)
        draws = over_subsets(lambda kept, x=x: np.array([x[kept].mean()]), FOLDS, n_draws=60, seed=seed)[:, 0]
        one = crossed(x.mean(), draws, n=60)
        ratios.append((one.high - one.low) / 2 / (2.0 * x.std(ddof=1) / np.sqrt(60)))
    assert 0.8 < np.mean(ratios) < 1.25


def test_subsets_leave_out_a_fifth_of_every_fold_and_differ():
    seen = over_subsets(lambda kept: np.isin(np.arange(60), kept), FOLDS, n_draws=5)
    assert (seen.reshape(5, 5, 12).sum(2) == 10).all()
    assert len(np.unique(seen, axis=0)) == 5
    with pytest.raises(WrongUse, match="at least 2"):
        over_subsets(np.mean, FOLDS, n_draws=1)


def test_listeners_widen_an_interval_and_the_unknown_ones_do_not_count():
    draws = np.random.default_rng(2).standard_normal(30)
    alone, more = crossed(0.0, draws, n=4), crossed(0.0, draws, [-5.0, 5, np.nan, 0], n=3)
    assert more.high > alone.high
    assert np.isfinite(more.high)
    assert np.isnan(crossed(0.0, [np.nan, 1.0], n=2).low)
