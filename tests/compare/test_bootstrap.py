"""Bootstrap intervals are SciPy's, of the method and level asked for."""

import numpy as np
import pytest
from scipy import stats

from lib.compare.statistics import bootstrap


@pytest.mark.parametrize(("method", "name"), [("bca", "BCa"), ("percentile", "percentile")])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_are_those_of_scipy(method, name, level):
    x = np.random.default_rng(1).exponential(size=25)
    found = bootstrap(np.mean, x, method=method, level=level, n_draws=300, seed=4)
    how = {"n_resamples": 300, "confidence_level": level, "method": name, "rng": np.random.default_rng(4)}
    expected = stats.bootstrap((x,), np.mean, **how).confidence_interval
    np.testing.assert_allclose([found.low, found.high], expected)
    assert (found.level, found.n) == (level, 25)


def test_methods_and_levels_differ():
    x = np.random.default_rng(1).exponential(size=25)
    ends = [
        bootstrap(np.mean, x, method=method, level=level, n_draws=300).low
        for method in ("bca", "percentile")
        for level in (0.8, 0.95)
    ]
    assert len(set(ends)) == 4
