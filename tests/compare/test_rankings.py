"""Concordance, families and peaks: closed forms, SciPy, planted orders, and nothing found where nothing is."""

import numpy as np
import pytest
from scipy import stats

from lib.compare.rankings import concordance, disagreement, family_agreement, kendall_w, split_peaks

MEASURES = ("rsa_pearson", "rsa_spearman", "rsa_kendall", "dcor", "cka_linear", "cka_rbf", "mi")


def test_kendall_w_is_friedman_over_its_largest_value():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((6, 5))
    scores[rng.random((6, 5)) < 0.3] = 1.0
    friedman = stats.friedmanchisquare(*scores).statistic  # corrects for ties as W does
    assert kendall_w(scores) == pytest.approx(friedman / (5 * (6 - 1)))
    assert kendall_w(np.tile(np.arange(4.0)[:, None], 3)) == pytest.approx(1)
    assert kendall_w(np.c_[np.arange(5), -np.arange(5)]) == pytest.approx(0)
    assert np.isnan(kendall_w(np.ones((4, 3))))
    np.testing.assert_allclose(kendall_w(np.stack([scores, np.exp(scores)])), kendall_w(scores))


def planted(between, n_units=20, n_models=8, noise=0.2, seed=0):
    """Scores (unit, model, measure); dependence measures follow the rank measures' order by a share `between`."""
    rng = np.random.default_rng(seed)
    one, other = np.linspace(0, 2, n_models), rng.permutation(np.linspace(0, 2, n_models))
    two = between * one + (1 - between) * other
    truth = np.stack([one] * 3 + [two] * 4, axis=1)
    return truth + noise * rng.standard_normal((n_units, n_models, len(MEASURES)))


def test_agreeing_measures_are_concordant():
    got = concordance(planted(1.0), MEASURES, n_permutations=199, n_draws=200)
    assert got.w.value > 0.9
    assert got.w.p == 1 / 200
    assert got.w.low <= got.w.value <= got.w.high
    assert got.null_mean == pytest.approx(1 / 7, abs=0.03)
    assert got.w.n == 20


def test_the_measure_that_disagrees_is_named():
    scores = planted(1.0)
    scores[..., 4] *= -1
    got = concordance(scores, MEASURES, n_permutations=99, n_draws=50)
    assert got.without.loc[got.without["change"].idxmax(), "measure"] == "cka_linear"
    left = concordance(np.delete(scores, 4, axis=2), [m for m in MEASURES if m != "cka_linear"], n_permutations=9)
    assert got.without.set_index("measure").loc["cka_linear", "w"] == pytest.approx(left.w.value)


def test_random_rankings_have_uniform_p():
    rng = np.random.default_rng(0)
    p = [concordance(rng.standard_normal((6, 4)), MEASURES[:4], n_permutations=99, n_draws=2).w.p for _ in range(80)]
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.1) < 0.25


def test_planted_split_between_families_is_found():
    got = family_agreement(planted(0.0), MEASURES, n_draws=200)
    assert got.within > 0.8
    assert got.split.low > 0
    assert got.split.p == pytest.approx(1 / 35)  # ways to choose 3 of 7
    none = family_agreement(planted(1.0), MEASURES, n_draws=200)
    assert none.split.low < 0.05
    assert none.split.value < got.split.value / 4


def test_taus_are_those_of_scipy():
    scores = planted(0.3)
    scores[:, 1, :] = scores[:, 0, :]
    got = family_agreement(scores, MEASURES, n_draws=5)
    mean = scores.mean(axis=0)
    for row in got.pairs.itertuples():
        a, b = MEASURES.index(row.a), MEASURES.index(row.b)
        assert row.tau == pytest.approx(stats.kendalltau(mean[:, a], mean[:, b]).statistic)
        assert row.same_family == ((a < 3) == (b < 3))


def test_one_number_under_two_names_counts_once():
    scores = planted(0.5)
    twice = np.concatenate([scores, scores[..., [4]] + 1e-12], axis=2)
    got, once = family_agreement(twice, [*MEASURES, "rv"], n_draws=5), family_agreement(scores, MEASURES, n_draws=5)
    assert got.dropped == ("rv",)
    assert got.within == pytest.approx(once.within)


def test_models_are_drawn_where_there_are_no_units():
    got = family_agreement(planted(0.0, n_models=12).mean(axis=0), MEASURES, n_draws=100)
    assert got.split.n == 12
    assert "models" in got.split.method
    assert got.split.low < got.split.value < got.split.high


def trajectories(peaks, n=40, layers=9, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    depth = np.linspace(0, 1, layers)
    shape = np.stack([np.exp(-0.5 * ((depth - peak) / 0.2) ** 2) for peak in peaks], axis=1)
    return shape + noise * rng.standard_normal((n, layers, len(peaks))), depth


def test_planted_peaks_are_found():
    got = split_peaks(*trajectories([0.25, 0.75]))
    np.testing.assert_allclose(got.depth, [0.25, 0.75], atol=0.08)
    assert (got.spread < 0.15).all()
    assert (got.gain > 0.2).all()
    assert got.n == 40


def test_peaks_of_noise_are_worth_nothing_where_they_were_not_chosen():
    rng = np.random.default_rng(0)
    got = split_peaks(rng.standard_normal((60, 12, 50)), np.linspace(0, 1, 12), n_splits=30)
    assert abs(got.gain.mean()) < 3 * got.gain.std() / np.sqrt(50)
    assert got.optimism.mean() > 0.1
    assert got.spread.mean() > 0.2


def test_missing_sentences_are_skipped():
    scores, depth = trajectories([0.5])
    scores[3] = np.nan
    np.testing.assert_allclose(split_peaks(scores, depth).depth, 0.5, atol=0.08)


def alike(seed, order=0.0, split=0.0, n=12):
    """Scores (unit, 11 models, measure) whose measures share noise, those of a family most."""
    rng = np.random.default_rng(seed)
    families = np.repeat(rng.standard_normal((n, 11, 2)), [3, 4], axis=2)
    noise = rng.standard_normal((n, 11, 1)) + 0.7 * families + 0.5 * rng.standard_normal((n, 11, 7))
    by_family = np.repeat(rng.standard_normal((11, 2)), [3, 4], axis=1)
    return noise + order * rng.standard_normal((11, 1)) + split * by_family


@pytest.mark.parametrize("order", [0.0, 0.7])
def test_measures_that_see_noise_or_one_order_do_not_disagree(order):
    found = [disagreement(alike(seed, order), MEASURES, n_splits=20) for seed in range(40)]
    assert sum(one.low > 0 for one in found) <= 5
    assert sum(concordance(alike(seed, order), MEASURES, n_draws=200).w.high < 1 for seed in range(10)) == 10


def test_measures_that_see_two_orders_disagree():
    found = [disagreement(alike(seed, split=1.0), MEASURES, n_splits=20) for seed in range(10)]
    assert sum(one.low > 0 and one.p < 0.05 for one in found) >= 9


def test_depth_of_peaks_is_0_in_noise_as_often_as_promised():
    """Percentiles of draws of 18 pieces of noise, three measures of one family against four of another."""
    outside, depths = 0, np.linspace(0, 1, 3)
    for seed in range(80):
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((18, 3, 1)) + 0.7 * np.repeat(rng.standard_normal((18, 3, 2)), [3, 4], axis=2)
        noise = noise + 0.5 * rng.standard_normal((18, 3, 7))
        draws = []
        for draw in range(60):
            depth = split_peaks(noise, depths, n_splits=4, redraw=True, seed=(seed, draw)).depth
            draws.append(depth[3:].mean() - depth[:3].mean())
        low, high = np.quantile(draws, [0.025, 0.975])
        outside += low > 0 or high < 0
    assert outside <= 9  # of 80; more has probability .01 where .05 is promised


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: concordance(np.ones((3, 4)), MEASURES), "with 7 measures"),
        (lambda: concordance(np.full((3, 7), np.nan), MEASURES), "21 scores are NaN"),
        (lambda: family_agreement(planted(1.0)[:, :2], MEASURES), "at least 3 models"),
        (lambda: family_agreement(planted(1.0)[..., :3], MEASURES[:3]), "two families"),
        (lambda: family_agreement(planted(1.0), [*MEASURES[:6], "nmi"]), "unknown measure"),
        (lambda: disagreement(planted(1.0)[:3], MEASURES), "at least four"),
        (lambda: split_peaks(np.ones((9, 3, 2)), [0, 1]), "one depth per layer"),
        (lambda: split_peaks(np.full((9, 2, 2), np.nan), [0, 1]), "no score in half"),
    ],
)
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_wrong_use_is_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()
