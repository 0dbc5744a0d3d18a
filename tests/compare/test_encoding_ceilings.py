"""Reliabilities and noise-corrected scores against published numbers, explicit refits and simulated truth."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from lib.compare.encoding.ceilings import (
    PUBLISHED_ALPHAS,
    STABLE_ALPHAS,
    noise_corrected_r2,
    spearman_brown,
    split_reliability,
)
from lib.ground import WrongUse

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "encoding_noise_corrected.json").read_text())


def simulated(seed, p, n_voxels):
    """The generated voxels that the reference numbers belong to."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((165, p)) * np.linspace(0.5, 2.0, p)
    weights = rng.standard_normal((p, n_voxels)) / np.sqrt(p)
    own = rng.standard_normal((165, n_voxels))
    noise = rng.standard_normal((165, n_voxels, 3))
    mix, sd = np.linspace(1, 0, n_voxels), np.resize([0.3, 1.0, 3.0], n_voxels)
    signal = mix * (x @ weights) + (1 - mix) * own
    order = np.random.default_rng(seed + 1000).permutation(165)
    return x, signal[:, :, None] + sd[:, None] * noise + 2, (order[:83], order[83:])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['alpha_grid']}-{c['seed']}")
def test_published_numbers(case):
    x, scans, split = simulated(case["seed"], case["p"], case["n_voxels"])
    assert x.sum() == pytest.approx(case["X_sum"], rel=1e-12)
    assert scans.sum() == pytest.approx(case["data_sum"], rel=1e-12)
    alphas = PUBLISHED_ALPHAS if case["alpha_grid"] == "published" else STABLE_ALPHAS
    got = noise_corrected_r2(x, scans, splits=[split], alphas=alphas, units="absolute", device="cpu")
    robust = np.array(case["robust"])
    assert robust.sum() >= 5
    np.testing.assert_allclose(got.response_reliability[0], case["rv"], rtol=1e-8)
    np.testing.assert_allclose(got.corrected[0][robust], np.array(case["corrected"])[robust], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(got.r2[0][robust], np.array(case["r2"])[robust], rtol=1e-8, atol=1e-12)
    # Where the published code is not robust, ours is what refitting without each stimulus gives.
    np.testing.assert_allclose(got.corrected[0], case["own_corrected"], rtol=1e-6, atol=1e-12)
    # Without any signal the published grid ends on a plateau: which penalty it picks there is decided by rounding.
    decided = robust & ((np.array(case["r2"]) > 0) | (case["alpha_grid"] == "moderate"))
    np.testing.assert_allclose(got.prediction_reliability[0][decided], np.array(case["rv_hat"])[decided], rtol=1e-8)
    np.testing.assert_allclose(got.alpha[0][decided], np.array(case["alpha"])[decided], rtol=1e-12)


@pytest.mark.parametrize("d", [8, 200])
def test_penalty_is_the_leave_one_out_choice_of_scikit_learn(d):
    rng = np.random.default_rng(d)
    x = rng.standard_normal((60, d)) * np.geomspace(3, 0.3, d) + 1
    signal = x @ rng.standard_normal((d, 12)) * np.linspace(0, 1, 12)
    scans = signal[:, :, None] + 3 * rng.standard_normal((60, 12, 2))
    train, test = np.arange(30), np.arange(30, 60)
    got = noise_corrected_r2(x, scans, splits=[(train, test)], units="absolute", device="cpu")
    y = scans.mean(2)
    model = RidgeCV(STABLE_ALPHAS, alpha_per_target=True).fit(x[train], y[train])
    np.testing.assert_allclose(got.alpha[0], model.alpha_)
    predicted = np.column_stack(
        [Ridge(a).fit(x[train], t[train]).predict(x[test]) for a, t in zip(model.alpha_, y.T, strict=True)]
    )
    r = np.array([np.corrcoef(p, t)[0, 1] for p, t in zip(predicted.T, y[test].T, strict=True)])
    np.testing.assert_allclose(got.r2[0], np.clip(r, 0, None) ** 2, atol=1e-9)


def test_correction_recovers_the_noiseless_score():
    """With noise of known size the corrected score is near what the noiseless responses would give."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((165, 10))
    signal = x @ rng.standard_normal((10, 150)) / np.sqrt(10) + 0.7 * rng.standard_normal((165, 150))
    noisy = signal[:, :, None] + 1.0 * rng.standard_normal((165, 150, 3))
    clean = noise_corrected_r2(x, np.repeat(signal[:, :, None], 3, axis=2), splits=4, seed=1)
    got = noise_corrected_r2(x, noisy, splits=4, seed=1)
    assert np.mean(got.r2) < 0.85 * np.mean(clean.r2)
    assert np.mean(got.corrected) == pytest.approx(np.mean(clean.r2), rel=0.06)
    assert got.value.shape == (150,)
    np.testing.assert_array_equal(got.value, np.median(got.corrected, axis=0))


@pytest.mark.parametrize("factor", [1e-8, 1e-4, 1e8])
@pytest.mark.parametrize("what", ["features", "scans"])
def test_a_common_factor_changes_nothing(what, factor):
    x, scans, split = simulated(1, 20, 5)
    before = noise_corrected_r2(x, scans, splits=[split], device="cpu")
    assert before.corrected.mean() > 0.2
    x, scans = (x * factor, scans) if what == "features" else (x, scans * factor)
    after = noise_corrected_r2(x, scans, splits=[split], device="cpu")
    np.testing.assert_allclose(after.corrected, before.corrected, rtol=1e-6)
    np.testing.assert_allclose(after.alpha, before.alpha)


def test_ends_of_the_grid_are_said():
    x, scans, split = simulated(0, 5, 4)
    with pytest.warns(UserWarning, match=r"of 4 penalties are the smallest of alphas, 1: give alphas that reach"):
        noise_corrected_r2(x, scans, splits=[split], alphas=[1, 10])
    with pytest.warns(UserWarning, match=r"4 of 4 penalties are the largest of alphas, 100000: no less"):
        noise_corrected_r2(np.ones((165, 3)), scans, splits=[split])


def test_splits_are_random_halves_of_the_seed():
    x, scans, _ = simulated(1, 20, 4)
    runs = [noise_corrected_r2(x, scans, splits=3, seed=s, chunk=c) for s, c in ((5, 100), (5, 3), (6, 100))]
    assert (runs[0].n_train, runs[0].n_test) == (83, 82)
    np.testing.assert_allclose(runs[0].corrected, runs[1].corrected, rtol=1e-10)
    assert not np.allclose(runs[0].corrected, runs[2].corrected)


def test_features_that_say_nothing_take_the_largest_penalty_and_score_zero():
    _, scans, split = simulated(0, 5, 4)
    got = noise_corrected_r2(np.ones((165, 3)), scans, splits=[split])
    np.testing.assert_array_equal(got.alpha, 1e5)
    np.testing.assert_array_equal(got.corrected, 0)


def test_spearman_brown():
    assert spearman_brown(0.5, 3) == pytest.approx(0.75)
    assert spearman_brown(0.5, 1) == pytest.approx(0.5)
    assert spearman_brown(1.0, 7) == pytest.approx(1.0)
    np.testing.assert_array_equal(np.isnan(spearman_brown([-0.5, -0.8, -0.49], 3)), [True, True, False])


def test_reliability_of_simulated_scans():
    rng = np.random.default_rng(0)
    share = np.repeat([0.0, 0.2, 0.5, 0.9], 200)  # share of variance that repeats
    scans = np.sqrt(share)[:, None] * rng.standard_normal((165, 800, 1))
    scans = scans + np.sqrt(1 - share)[:, None] * rng.standard_normal((165, 800, 3))
    got = split_reliability(scans)
    by_share = got.scan.reshape(4, 200).mean(1)
    np.testing.assert_allclose(by_share, [0.0, 0.2, 0.5, 0.9], atol=0.02)
    np.testing.assert_allclose(got.mean[-200:].mean(), 2.7 / 2.8, atol=0.01)
    np.testing.assert_allclose(got.ceiling[-200:], np.sqrt(got.mean[-200:]))
    pairs = [np.corrcoef(scans[:, 3, a], scans[:, 3, b])[0, 1] for a, b in combinations(range(3), 2)]
    assert got.scan[3] == pytest.approx(np.median(pairs))
    assert (got.n_scans, got.n_stimuli) == (3, 165)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scans": np.zeros((165, 4))}, "at least 2 scans"),
        ({"scans": np.full((165, 4, 3), np.nan)}, "4 voxels are not finite"),
        ({"features": np.zeros((164, 4))}, "features must be .165, d."),
        ({"splits": []}, "splits is empty"),
        ({"splits": [(np.arange(80), np.arange(79, 165))]}, "split 0"),
        ({"alphas": [-1.0]}, "positive"),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    x, scans, split = simulated(0, 5, 4)
    with pytest.raises(WrongUse, match=message):
        noise_corrected_r2(**{"features": x, "scans": scans, "splits": [split]} | change)
