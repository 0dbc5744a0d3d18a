"""Intervals and tests against SciPy, statsmodels, pingouin, closed forms and simulated coverage."""

import numpy as np
import pytest
from scipy import stats

from lib.compare.statistics import (
    aggregate_subjects,
    between_groups,
    bootstrap,
    correct_p,
    correlation,
    proportion,
)
from lib.ground import WrongUse


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_interval_covers_the_truth(method):
    rng = np.random.default_rng(0)
    got = bootstrap(np.mean, rng.exponential(size=(40, 300)), method=method, n_draws=600, seed=1)
    covered = ((got.low <= 1) & (got.high >= 1)).mean()
    assert got.value.shape == got.low.shape == (300,)
    assert 0.88 < covered < 0.98
    assert (got.n, got.level, got.method) == (40, 0.95, method)


def pearson_r(x, y, axis=0):
    return stats.pearsonr(x, y, axis=axis).statistic


def test_bootstrap_of_a_mean_is_near_the_t_interval():
    x = np.random.default_rng(0).standard_normal((200, 1)) + 3
    got = bootstrap(np.mean, x, level=0.9, n_draws=4000)
    low, high = stats.t.interval(0.9, 199, x.mean(), x.std(ddof=1) / np.sqrt(200))
    np.testing.assert_allclose([got.low[0], got.high[0]], [low, high], atol=0.02)


def test_bootstrap_draws_pairs():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 5))
    y = x + 0.1 * rng.standard_normal((60, 5))
    paired = bootstrap(pearson_r, x, y, n_draws=500)
    loose = bootstrap(pearson_r, x, y, paired=False, method="percentile", n_draws=500)
    assert (paired.low > 0.9).all()
    assert (loose.high < 0.5).all()
    np.testing.assert_allclose(paired.value, [np.corrcoef(a, b)[0, 1] for a, b in zip(x.T, y.T, strict=True)])


def squared_r(x, y, axis=0):
    return np.maximum(pearson_r(x, y, axis), 0) ** 2


def test_bca_has_an_interval_where_no_row_moves_the_statistic():
    """A squared correlation cut at 0 is 0 whichever stimulus is left out; drawn again, it can still be positive."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3))
    y = x * [0, 1, 2] + rng.standard_normal((40, 3))
    y[:, 0] -= (pearson_r(x, y)[0] + 0.15) * x[:, 0]
    assert -0.3 < pearson_r(x, y)[0] < -0.1
    with pytest.warns(UserWarning, match="BCa is undefined .* 1 of 3 by percentile"):
        got = bootstrap(squared_r, x, y, n_draws=500)
    assert np.isfinite([got.low, got.high]).all()
    assert (got.value[0], got.low[0]) == (0, 0)
    assert 0 < got.high[0] < 0.3
    assert got.method == "bca, 1 of 3 by percentile"
    alone = bootstrap(squared_r, x[:, 1:2], y[:, 1:2], n_draws=500)
    assert alone.method == "bca"
    assert np.isscalar(bootstrap(np.mean, np.arange(9.0), n_draws=100).low)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_a_constant_has_no_correlation(method):
    for x, y in ((np.full(9, 0.1), np.arange(9.0)), (np.arange(9.0), np.full(9, -3.0))):
        got = correlation(x, y, method=method)
        assert np.isnan([got.value, got.low, got.high, got.p]).all()
        assert (got.n, got.method) == (9, f"{method}, undefined: a constant")


def test_bootstrap_depends_on_the_seed_alone():
    x = np.random.default_rng(0).standard_normal(30)
    a, b, c = (bootstrap(np.median, x, seed=s, n_draws=200, method="percentile") for s in (1, 1, 2))
    assert (a.low, a.high) == (b.low, b.high) != (c.low, c.high)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: bootstrap(np.mean, x, method="bcq"), "unknown bootstrap method"),
        (lambda x: bootstrap(pearson_r, x, x[:-1]), r"pairs from samples of \[9, 8\]"),
        (lambda x: correlation(x, x[:-1]), "one length"),
        (lambda x: correlation(x[:3], x[:3]), "at least 4 complete pairs, got 3"),
        (lambda x: correlation(x, x, method="kendal"), "unknown correlation"),
        (lambda x: proportion(4, 3), "between 0 and n"),
        (lambda x: proportion(1, 3, method="wald"), "unknown binomial interval"),
        (lambda x: correct_p([1.2]), "between 0 and 1"),
        (lambda x: correct_p([0.2], method="sidak?"), "unknown correction"),
        (lambda x: aggregate_subjects(x, [1, 2]), "one length"),
    ],
)
def test_wrong_use_says_what_is_wrong(call, message):
    with pytest.raises(WrongUse, match=message):
        call(np.arange(9.0))


def test_vectorised_correlations():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (2, 4, 25)).astype(float)  # with ties
    np.testing.assert_allclose(
        pearson_r(x, y, axis=1), [stats.pearsonr(a, b)[0] for a, b in zip(x, y, strict=True)], atol=1e-12
    )


def test_pearson_is_scipy():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(36)
    y = x + rng.standard_normal(36)
    got, scipy = correlation(x, y, level=0.9), stats.pearsonr(x, y)
    np.testing.assert_allclose([got.value, got.p], [scipy.statistic, scipy.pvalue])
    np.testing.assert_allclose([got.low, got.high], scipy.confidence_interval(0.9))
    assert got.n == 36


def test_spearman_interval_covers_the_truth():
    rng = np.random.default_rng(0)
    rho = 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman's rho of normal variables with r = .6
    draws = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], (400, 50))
    intervals = [correlation(*pair.T, method="spearman") for pair in draws]
    covered = np.mean([i.low <= rho <= i.high for i in intervals])
    assert 0.92 < covered < 0.98
    first, ranks = intervals[0], stats.rankdata(draws[0], axis=0)
    plain = correlation(*ranks.T)  # the same r, with the standard error of Pearson's
    wider = np.diff(np.arctanh([first.low, first.high])) / np.diff(np.arctanh([plain.low, plain.high]))
    assert wider == pytest.approx(np.sqrt(1 + first.value**2 / 2))
    assert intervals[0].p == pytest.approx(stats.spearmanr(*draws[0].T).pvalue)


def test_correlation_leaves_out_missing_pairs_and_survives_perfection():
    x = np.array([1.0, 2, 3, 4, 5, np.nan])
    got = correlation(x, 2 * x)
    assert got.n == 5
    assert got.value == pytest.approx(1)
    assert 0.99 < got.low <= got.high <= 1


@pytest.mark.parametrize(("method", "other"), [("wilson", "wilson"), ("exact", "beta")])
@pytest.mark.parametrize(("k", "n"), [(0, 10), (7, 10), (30, 144)])
def test_proportion_is_statsmodels(method, other, k, n):
    from statsmodels.stats.proportion import proportion_confint

    got = proportion(k, n, method=method, chance=0.25)
    np.testing.assert_allclose([got.low, got.high], proportion_confint(k, n, method=other), atol=1e-9)
    assert got.value == k / n
    assert got.p == pytest.approx(stats.binomtest(k, n, 0.25).pvalue)


def test_holm_by_hand():
    got = correct_p([[0.01, np.nan], [0.04, 0.02]])
    np.testing.assert_allclose(got.p, [[0.03, np.nan], [0.04, 0.04]])
    assert got.significant.tolist() == [[True, False], [True, True]]
    assert got.n == 3


@pytest.mark.parametrize("method", ["holm", "bonferroni", "fdr_bh", "fdr_by"])
def test_corrections_are_pingouin(method):
    import pingouin

    p = np.random.default_rng(0).uniform(0, 0.2, 25)
    names = {"bonferroni": "bonf"}
    _, expected = pingouin.multicomp(p, method=names.get(method, method))
    np.testing.assert_allclose(correct_p(p, method=method).p, expected)


def test_nothing_tested_is_nothing_significant():
    got = correct_p(np.full((2, 2), np.nan))
    assert got.n == 0
    assert not got.significant.any()


def test_aggregate_is_median_then_mean():
    values = np.array([0.1, 0.2, 0.9, 0.4, np.nan, 0.6, 0.3])
    subjects = np.array(["b", "b", "b", "a", "a", "a", "c"])
    got = aggregate_subjects(values, subjects)
    medians = np.array([0.5, 0.2, 0.3])
    np.testing.assert_allclose(got.by_subject, medians)
    assert got.subjects.tolist() == ["a", "b", "c"]
    assert got.n_voxels.tolist() == [2, 3, 1]
    assert got.value == pytest.approx(medians.mean())
    assert got.se == pytest.approx(np.std(medians) / np.sqrt(2))  # as published
    assert got.se == pytest.approx(stats.sem(medians))
    np.testing.assert_allclose([got.low, got.high], stats.t.interval(0.95, 2, medians.mean(), stats.sem(medians)))


def test_aggregate_of_few_subjects():
    got = aggregate_subjects([0.1, np.nan, 0.3], [1, 2, 1])
    assert (got.n, got.value) == (1, pytest.approx(0.2))
    assert np.isnan([got.se, got.low, got.high]).all()
    assert np.isnan(got.by_subject[1])


def test_share_between_groups_is_that_of_analysis_of_variance_and_of_noise_by_chance():
    rng, groups = np.random.default_rng(0), np.repeat(list("abcde"), [9, 5, 6, 12, 8])
    effect = np.repeat([0.0, 2.0, -1.0, 0.5, 0.0], [9, 5, 6, 12, 8])
    values = rng.standard_normal((40, 300))
    values[:, 0] += effect
    found = between_groups(values, groups, n_permutations=199)
    f = stats.f_oneway(*(values[groups == name, 0] for name in "abcde"))
    assert found.share[0] == pytest.approx(f.statistic * 4 / (f.statistic * 4 + 35))
    assert found.p[0] == 1 / 200
    assert found.share[1:].mean() == pytest.approx(4 / 39, abs=0.01)
    np.testing.assert_allclose(found.chance, 4 / 39)
    assert 0.02 < (found.p[1:] <= 0.05).mean() < 0.09
    assert 0.02 < (found.share[1:] > found.chance_high[1:]).mean() < 0.09
    for bad, labels in ((values[:, 0], groups), (values, groups[:-1]), (values, range(40)), (values * 0, groups)):
        with pytest.raises(WrongUse):
            between_groups(bad, labels)
