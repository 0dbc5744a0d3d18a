"""Correlations over models: families are the cases, and with nothing to find as little is found as was promised."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lib.compare import class_difference, overall, together
from lib.ground import WrongUse

SIZES = (4, 7, 2, 2, 2, 2, 2, 2)
FAMILIES = np.repeat([f"family {k}" for k in range(len(SIZES))], SIZES)
NAMES = [f"model {k}" for k in range(len(FAMILIES))]


def scores(seed, share=0.5, slope=0.0):
    """Two scores of which families explain a share; the second follows the first."""
    rng, of = np.random.default_rng(seed), np.unique(FAMILIES, return_inverse=True)[1]
    x, y = (
        np.sqrt(share) * rng.standard_normal(len(SIZES))[of] + np.sqrt(1 - share) * rng.standard_normal(len(of))
        for _ in range(2)
    )
    return x, slope * x + y


def test_value_is_the_correlation_and_leaving_out_is_leaving_out():
    x, y = scores(0, slope=1)
    found = together(x, y, NAMES, FAMILIES, n_draws=50)
    assert found.r.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert (found.r.n, found.n_families) == (23, 8)
    assert found.without_model["model 3"] == pytest.approx(stats.pearsonr(np.delete(x, 3), np.delete(y, 3))[0])
    kept = FAMILIES != "family 1"
    assert found.without_family["family 1"] == pytest.approx(stats.pearsonr(x[kept], y[kept])[0])
    for one in (found.r, found.over_models, found.over_families):
        assert one.low < one.value < one.high


def test_jackknife_is_that_of_families_on_the_scale_of_z():
    x, y = scores(2, slope=1)
    found = together(x, y, NAMES, FAMILIES, n_draws=2)
    z = np.arctanh(list(found.without_family.values()))
    se = np.sqrt(7 / 8 * ((z - z.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, 7) * se
    np.testing.assert_allclose(
        np.arctanh([found.r.low, found.r.high]), np.arctanh(found.r.value) + half * np.array([-1, 1])
    )
    assert found.r.p == pytest.approx(2 * stats.t.sf(np.arctanh(found.r.value) / se, 7))


def test_bootstraps_draw_models_and_whole_families():
    """Where nothing but family tells models apart, drawing models sees them as more cases than there are."""
    x, y = scores(2, share=0.999, slope=1)
    found = together(x, y, NAMES, FAMILIES, n_draws=400)
    models, families = (one.high - one.low for one in (found.over_models, found.over_families))
    assert families > 1.4 * models


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_noise_is_found_as_often_as_promised(share):
    """In 300 draws of nothing 0 is excluded in .05, within what 300 draws leave open; Fisher's interval does worse."""
    excluded, fisher = 0, 0
    for seed in range(300):
        x, y = scores(seed, share)
        r = together(x, y, NAMES, FAMILIES, n_draws=2).r
        excluded += r.low > 0 or r.high < 0
        fisher += stats.pearsonr(x, y).confidence_interval(0.95).low > 0
        fisher += stats.pearsonr(x, y).confidence_interval(0.95).high < 0
    assert excluded / 300 < 0.085
    if share == 0.9:
        assert fisher / 300 > 0.15


def test_models_without_a_score_are_left_out():
    x, y = scores(0, slope=1)
    x[5] = np.nan
    assert together(x, y, NAMES, FAMILIES, n_draws=2).r.n == 22


def test_few_families_and_constant_scores_are_refused():
    x, y = scores(0)
    with pytest.raises(WrongUse, match=r"4 families .* 23 models of 3 families"):
        together(x, y, NAMES, np.repeat(["a", "b", "c"], [10, 10, 3]))
    with pytest.raises(WrongUse, match="vary"):
        together(np.ones(23), y, NAMES, FAMILIES)


def test_a_family_counts_once_in_a_difference_of_classes():
    values = [0.9, 0.5, 0.5, 0.5, 0.4, 0.1, 0.2, 0.3]
    families = ["a", "b", "b", "b", "c", "d", "e", "e"]
    classes = ["new"] * 4 + ["old"] * 4
    found = class_difference(values, families, classes, "new", "old")
    expected = stats.ttest_ind([0.9, 0.5], [0.4, 0.1, 0.25], equal_var=False)
    assert found.value == pytest.approx(0.7 - 0.25)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.n == 8
    with pytest.raises(WrongUse, match="'new' has less than two families"):
        class_difference(values[1:], families[1:], classes[1:], "new", "old")


def test_overall_is_the_mean_of_z_scores_over_models():
    table = pd.DataFrame({"one": [0.1, 0.5, 0.9, 0.3], "two": [10.0, 30, 20, 50]})
    given = {name: table[name] for name in table}
    np.testing.assert_allclose(overall(given), ((table - table.mean()) / table.std()).mean(axis=1))
    with pytest.raises(WrongUse, match="score alike"):
        overall({"one": [0.1, 0.2], "flat": [1.0, 1.0]})
