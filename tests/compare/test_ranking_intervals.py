"""Intervals of rankings: their level counts, they are corrected for the bias of resampling, halves stay apart."""

import numpy as np
import pytest
from scipy.stats import norm

from lib.compare.rankings import concordance, family_agreement, kendall_w, split_peaks

MEASURES = ("rsa_pearson", "rsa_spearman", "dcor", "cka_rbf")


def noisy(n_units=12, n_models=6, seed=0):
    rng = np.random.default_rng(seed)
    return np.linspace(0, 2, n_models)[:, None] + 1.5 * rng.standard_normal((n_units, n_models, len(MEASURES)))


@pytest.mark.parametrize("interval", [
    lambda level: concordance(noisy(), MEASURES, n_permutations=1, n_draws=400, level=level).w,
    lambda level: family_agreement(noisy(), MEASURES, n_draws=400, level=level).split,
])  # fmt: skip
def test_the_level_counts(interval):
    narrow, usual, wide = (interval(level) for level in (0.5, 0.95, 0.99))
    assert [one.level for one in (narrow, usual, wide)] == [0.5, 0.95, 0.99]
    assert wide.low <= usual.low < narrow.low <= narrow.value <= narrow.high < usual.high <= wide.high
    assert narrow.high - narrow.low < 0.6 * (usual.high - usual.low)


def test_the_interval_of_w_is_corrected_for_the_bias_of_resampling():
    """Resampled units are noisier than those there are, which draws W towards chance: percentiles lie too low."""
    scores = noisy(n_units=8, seed=3)
    found = concordance(scores, MEASURES, n_permutations=1, n_draws=500, seed=2)
    rng = np.random.default_rng(2)
    rng.permuted(scores.mean(axis=0), axis=0)  # the draw of the null
    draws = [kendall_w(scores[rng.integers(8, size=8)].mean(axis=0)) for _ in range(500)]
    value = kendall_w(scores.mean(axis=0))
    below = (np.mean(np.array(draws) < value) + np.mean(np.array(draws) <= value)) / 2
    assert below > 0.6
    edges = norm.cdf(2 * norm.ppf(below) + norm.ppf([0.025, 0.975]))
    np.testing.assert_allclose([found.w.low, found.w.high], np.quantile(draws, edges))


def test_redrawn_halves_share_no_sentence():
    """Each sentence has its own best layer; a half that holds another half's sentence would score its layer above 0."""
    scores = np.eye(8)[:, :, None]
    found = split_peaks(scores, np.linspace(0, 1, 8), n_splits=50, redraw=True)
    np.testing.assert_array_equal(found.value, 0)
    assert (found.optimism > 0.2).all()
