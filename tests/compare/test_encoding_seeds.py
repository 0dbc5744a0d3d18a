"""Trainings of one recipe as a random factor: paired where their seeds are the same, and intervals that hold."""

import numpy as np
import pytest

from lib.compare import contrasts, mean_score, refitted
from lib.ground import WrongUse

FOLDS = np.arange(60) % 5
HOW = {"alphas": [0.01, 0.1], "extend_alphas": False, "n_draws": 20}


def study(seed, trainings=3, spread=0.5, shared=False):
    """Two recipes of the same mean quality, each trained several times; a training's luck is its own or its pair's."""
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((60, 3))
    y = signal + 0.5 * rng.standard_normal((60, 3))

    def model(luck):
        return refitted({"x": signal + 0.7 * np.exp(luck) * rng.standard_normal((60, 3))}, y, FOLDS, **HOW)

    lucks = spread * rng.standard_normal((2, trainings))
    lucks[1] = lucks[0] if shared else lucks[1]
    return {name: [model(luck) for luck in row] for name, row in zip("ab", lucks, strict=True)}


def test_intervals_of_three_trainings_hold():
    """Recipes alike on average: fresh sounds, fresh trainings; one training alone misses far more often."""
    family = {"a - b": {"a": 1, "b": -1}}
    three, alone, df = [], [], []
    for seed in range(80):
        fits = study(seed)
        got = contrasts(fits, family, n_draws=50)
        three.append(got.low[0] <= 0 <= got.high[0])
        df.append(got.df[0])
        one = contrasts({name: each[0] for name, each in fits.items()}, family, n_draws=50)
        alone.append(one.low[0] <= 0 <= one.high[0])
        assert (got.seeds[0], one.seeds[0]) == (3, 1)
    assert np.mean(three) >= 0.9
    assert np.mean(alone) < 0.7
    assert 2 <= np.median(df) < 59


def test_what_trainings_share_leaves_their_difference():
    """Models made from the same trainings: pairing them narrows the interval, and it still holds."""
    family = {"a - b": {"a": 1, "b": -1}}
    inside, narrower = [], []
    for seed in range(60):
        fits = study(seed, shared=True)
        paired, apart = (contrasts(fits, family, together=groups, n_draws=50) for groups in ([["a", "b"]], []))
        assert paired.value[0] == pytest.approx(apart.value[0])
        inside.append(paired.low[0] <= 0 <= paired.high[0])
        narrower.append(paired.se[0] < apart.se[0])
    assert np.mean(inside) >= 0.88
    assert np.mean(narrower) > 0.8


def test_a_course_of_each_training():
    """Trainings whose level differs and whose rise does not: the rise is sure, which unpaired stages would hide."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((60, 3))
    y = signal + 0.5 * rng.standard_normal((60, 3))
    noise = np.array([[2.4, 1.4], [1.2, 0.8], [0.6, 0.3]])  # training, stage
    stages = {
        f"step {k}": [refitted({"x": signal + s * rng.standard_normal((60, 3))}, y, FOLDS, **HOW) for s in noise[:, k]]
        for k in range(2)
    }
    family = {"rise": {"step 1": 1, "step 0": -1}}
    paired = contrasts(stages, family, together=[["step 0", "step 1"]])
    apart = contrasts(stages, family)
    assert paired.se[0] < 0.8 * apart.se[0]
    assert paired.low[0] > 0
    each = [contrasts({name: fits[k] for name, fits in stages.items()}, family).value[0] for k in range(3)]
    assert paired.value[0] == pytest.approx(np.mean(each))


def test_groups_of_one_change_nothing():
    fits = study(1)
    family = {"a - b": {"a": 1, "b": -1}, "half": {"a": 0.5, "b": -0.5}}
    one, two = contrasts(fits, family), contrasts(fits, family, together=[["a"], ["b"]])
    np.testing.assert_allclose(one.se, two.se)
    np.testing.assert_allclose(one.se[0], 2 * one.se[1])
    np.testing.assert_allclose(one.df[0], one.df[1])


def test_one_response_alone():
    fit = study(2)["a"][0]
    for k in range(3):
        assert fit.of(k).mean[0] == pytest.approx(fit.scores.value[k])
        alone = mean_score(fit.of(k))
        assert (alone.low, alone.high) == pytest.approx(
            (fit.scores.low[k], fit.scores.high[k]), abs=0.03
        )  # of r², not of r


def test_groups_that_do_not_fit_are_refused():
    fits = study(3)
    family = {"a - b": {"a": 1, "b": -1}}
    with pytest.raises(WrongUse, match="as many fits each"):
        contrasts(fits | {"b": fits["b"][:2]}, family, together=[["a", "b"]])
    with pytest.raises(WrongUse, match="as many fits each"):
        contrasts(fits, family, together=[["a", "c"]])
    with pytest.raises(WrongUse, match="two groups"):
        contrasts(fits, family, together=[["a", "b"], ["b"]])
