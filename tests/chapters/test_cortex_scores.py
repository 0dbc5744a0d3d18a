"""Scores of the cortex chapter: like is compared with like, slopes and tables are what they say."""

import numpy as np
import pytest

from lib.chapters.cortex import calibration, scores
from lib.chapters.cortex.scores import (
    component_scores,
    mean_scores,
    noise_corrected_voxels,
    side_by_side,
    slope_over_steps,
)
from lib.compare import nested_ridge, noise_corrected_r2, refitted


def noisy_voxels(n=80, v=30):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, 8))
    signal = features @ rng.standard_normal((8, v)) + 2 * rng.standard_normal((n, v))
    return features, signal[:, :, None] + 3 * rng.standard_normal((n, v, 3))


def test_a_correction_for_noise_stands_beside_its_own_score():
    """Raw and corrected r2 come from the same halves, model and penalty: their ratio is that of the reliabilities."""
    features, scans = noisy_voxels()
    found = noise_corrected_voxels(features, scans, seed=3)
    again = noise_corrected_r2(features, scans, seed=3)
    np.testing.assert_allclose(found["r2"], np.median(again.r2, axis=0))
    np.testing.assert_allclose(found["corrected"], again.value)
    reliabilities = again.response_reliability * again.prediction_reliability
    assert (found["corrected"] >= found["r2"] / reliabilities.max(0) - 1e-12).all()
    assert (found["corrected"] <= found["r2"].max() / reliabilities.min()).all()
    other = nested_ridge({"x": features, "more": features[:, :2]}, scans.mean(2), np.arange(80) % 5).r2
    assert np.median(np.abs(other - found["r2"])) > 0.02  # what the page once set beside the corrected values
    assert found["ceiling"].between(0, 1).mean() > 0.9


def test_no_correction_without_three_scans():
    features, scans = noisy_voxels(v=4)
    found = noise_corrected_voxels(features, scans[:, :, :2])
    assert found.shape == (4, 3)
    assert found.isna().all(axis=None)


def test_slope_of_a_straight_line():
    course = {"m@0": 0, "m@9": 9, "m@99": 99, "m": 999}
    weights = slope_over_steps(course)
    assert sum(weights.values()) == pytest.approx(0, abs=1e-12)
    value = {name: 0.2 + 0.03 * np.log1p(step) for name, step in course.items()}
    assert sum(weights[name] * value[name] for name in course) == pytest.approx(0.03)


def test_layers_side_by_side_weigh_the_same():
    rng = np.random.default_rng(0)
    both = side_by_side({"a": 100 * rng.standard_normal((50, 3))}, {"b": rng.standard_normal((50, 40)) + 7})
    assert both.shape == (50, 43)
    np.testing.assert_allclose([both[:, :3].var(0).sum(), both[:, 3:].var(0).sum()], 1)


def test_tables():
    features, scans = noisy_voxels()
    fits = {
        name: refitted({"x": x}, scans.mean(2)[:, :3], np.arange(80) % 5, n_draws=20)
        for name, x in (("few", features[:, :2]), ("all", features))
    }
    table = component_scores(fits, ["a", "b", "c"])
    assert table[["model", "component"]].apply(tuple, axis=1).tolist()[2:4] == [("few", "c"), ("all", "a")]
    np.testing.assert_allclose(table["value"][3:], fits["all"].fit.r2, atol=1e-8)
    assert table["value"].between(table["low"], table["high"]).all()
    means = mean_scores(fits, "model")
    assert means["model"].tolist() == ["few", "all"]
    assert means["value"][1] == pytest.approx(fits["all"].fit.r2.mean(), abs=1e-8)


def test_layers_of_two_models_keep_apart():
    x = np.ones((3, 2))
    features = {"logmel": {"logmel": x}, "a": {"layer.1": 2 * x}, "untrained:a:0": {"layer.1": 3 * x}}
    named = scores.named_layers(features)
    assert list(named) == ["logmel", "a, layer.1", "untrained:a:0, layer.1"]
    assert [y[0, 0] for y in named.values()] == [1, 2, 3]


def test_noise_has_the_covariance_of_the_components_and_passes_rarely():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((3, 3))
    components = rng.standard_normal((60, 3)) @ mixing
    many = np.cov(np.concatenate([calibration.noise_of(components, seed=k) for k in range(200)]).T)
    np.testing.assert_allclose(many, np.cov(components.T), atol=0.1 * np.abs(many).max())
    features = {name: {name: rng.standard_normal((60, 5))} for name in calibration.ACOUSTIC}
    features |= {name: {"a": rng.standard_normal((60, 5))} for name in (calibration.TRAINED, calibration.TWIN)}
    how = {"features": features, "weights": rng.standard_normal((3, 20)), "folds": np.arange(60) % 5, "draws": 19}
    driven = features[calibration.ACOUSTIC[0]][calibration.ACOUSTIC[0]][:, :3]
    assert calibration.decisions(driven, **how)[calibration.PREDICTED] == 0.05
    found = [calibration.decisions(calibration.noise_of(components, seed=k), **how) for k in range(12)]
    assert sum(one[calibration.PREDICTED] <= 0.05 for one in found) <= 3
    assert sum(one[calibration.DIFFERENT] for one in found) <= 2
