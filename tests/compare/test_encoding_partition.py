"""Variance partition: planted parts are found, intervals cover, and sums are what they say."""

import numpy as np
import pytest

from lib.compare import band_weights, banded_ridge, contrasts, nested_ridge, refitted, variance_partition
from lib.compare.encoding.partition import part_signs
from lib.ground import WrongUse

pytestmark = pytest.mark.filterwarnings("ignore:the penalty sits at", "ignore:no layer and penalty")
PLANTED = {"only a": 0.3, "only b": 0.15, "a and b": 0.3}  # of a variance of 1


def simulated(seed, n=165, own=4, junk=0, v=3, planted=PLANTED, folds=5):
    """Sets with units of their own, the same units in both, and units that do not matter."""
    rng = np.random.default_rng(seed)
    weights = np.random.default_rng(1).standard_normal((3, own, v))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    a, b, both = rng.standard_normal((3, n, own))
    signals = [np.sqrt(share) * x @ w for share, x, w in zip(planted.values(), (a, b, both), weights, strict=True)]
    y = sum(signals) + np.sqrt(1 - sum(planted.values())) * rng.standard_normal((n, v))
    more = rng.standard_normal((2, n, junk))
    return {"a": np.hstack([a, both, more[0]]), "b": np.hstack([both, b, more[1]])}, y, np.arange(n) % folds


def test_planted_parts_are_found():
    sets, y, folds = simulated(0, n=500, v=8, folds=3)
    found = variance_partition(sets, y, folds, weights={2: [[0.75, 0.25], [0.5, 0.5]]}, n_draws=0)
    for part, share in PLANTED.items():
        assert found.mean[part].value == pytest.approx(share, abs=0.05)
        np.testing.assert_allclose(found.parts[part].value, share, atol=0.15)
    assert np.isnan(found.mean["only a"].low)
    assert np.isnan(found.parts["only a"].p).all()


def test_intervals_cover_what_is_found_on_average():
    """60 draws of 165 stimuli. In larger simulations the variance is right on average, or too large where a part is 0.

    Coverage there is .91 to .99, less than .95 for large shares, whose estimates are skewed. Of 60 intervals that
    cover in .91 fewer than 48 do so once in 200 times.
    """
    planted = {"only a": 0.2, "only b": 0.0, "a and b": 0.25}
    value, low, high = np.empty((3, 60, 3, 3))
    weights = {2: [[1, 0], [0, 1], [1, 1]]}
    for seed in range(60):
        sets, y, folds = simulated(seed, junk=10, v=2, planted=planted, folds=3)
        found = variance_partition(sets, y, folds, weights=weights, extend_alphas=False, n_draws=30)
        for key, out in (("value", value), ("low", low), ("high", high)):
            out[seed, :, :2] = [getattr(e, key) for e in found.parts.values()]
            out[seed, :, 2] = [getattr(e, key) for e in found.mean.values()]
    covered = ((low <= value.mean(0)) & (value.mean(0) <= high)).mean(0)  # (part, two responses and their mean)
    assert covered.min() >= 48 / 60
    assert 0.9 <= covered.mean() <= 0.99
    ratio = np.square(high - low).mean(0) / (2 * 1.9745) ** 2 / value.var(0)  # of variances, told and true
    assert ((ratio > 0.6) & (ratio < 1.6))[[0, 2]].all()
    assert (ratio[1] > 0.8).all()
    assert ((low <= 0) & (high >= 0))[:, 1].mean() >= 0.95  # nothing is unique to b
    assert (low[:, 0] > 0).mean() > 0.6


def test_a_copy_has_nothing_unique():
    sets, y, folds = simulated(0, n=80)
    found = variance_partition({"a": sets["a"], "copy": 3 * sets["a"] + 1}, y, folds, n_draws=30)
    for part in ("only a", "only copy"):
        np.testing.assert_allclose(found.parts[part].value, 0, atol=1e-9)
        assert (found.parts[part].low <= 0).all()
        assert (found.parts[part].high >= 0).all()
        assert found.mean[part].p > 0.05
    np.testing.assert_allclose(found.parts["a and copy"].value, found.scores["a"].value, atol=1e-9)
    assert (found.parts["a and copy"].low > 0).all()


def test_parts_are_sums_and_differences_of_nested_fits():
    sets, y, folds = simulated(1, n=80, junk=5)
    sets["a"] = {"junk": sets["a"][:, 8:], "all": sets["a"]}
    found = variance_partition(sets, y, folds, n_draws=0)
    both = banded_ridge(sets, y, folds).fit.r2
    a, b = (nested_ridge(x, y, folds).r2 for x in (sets["a"], {"b": sets["b"]}))
    np.testing.assert_allclose(found.scores["a + b"].value, both, atol=1e-10)
    np.testing.assert_allclose(found.parts["only a"].value, both - b, atol=1e-10)
    np.testing.assert_allclose(found.parts["only b"].value, both - a, atol=1e-10)
    np.testing.assert_allclose(found.parts["a and b"].value, a + b - both, atol=1e-10)
    table = found.to_frame(["x", "y", "z"]).set_index(["part", "response"])
    assert table.loc[("only b", "y"), "value"] == found.parts["only b"].value[1]
    assert table.loc[("a and b", "mean"), "value"] == pytest.approx((a + b - both).mean())


def test_interval_of_the_mean_is_that_of_a_contrast():
    """Of fits to the weighted bands side by side, made without any of this."""
    sets, y, folds = simulated(2, n=90, junk=5)
    weights = band_weights(2)[::3]
    scaled = {name: (x - x.mean(0)) / np.sqrt(x.var(0).sum()) for name, x in sets.items()}
    mixed = {f"{i}": np.hstack([scaled["a"] * w[0] ** 0.5, scaled["b"] * w[1] ** 0.5])
             for i, w in enumerate(weights)}  # fmt: skip
    fits = {"both": mixed, "a": {"a": sets["a"]}, "b": {"b": sets["b"]}}
    fits = {name: refitted(x, y, folds, n_draws=40) for name, x in fits.items()}
    expected = contrasts(fits, {"only a": {"both": 1, "b": -1}, "only b": {"both": 1, "a": -1}}, n_draws=10)
    found = variance_partition(sets, y, folds, weights={2: weights}, n_draws=40)
    for i, part in enumerate(expected.names):
        for key in ("value", "low", "high", "p"):
            assert getattr(found.mean[part], key) == pytest.approx(getattr(expected, key)[i], abs=1e-7)
    again = variance_partition(sets, y, folds, weights={2: weights}, n_draws=0)
    for part, one in found.parts.items():
        np.testing.assert_allclose(one.value, again.parts[part].value, atol=1e-8)
        assert ((one.low < one.value) & (one.value < one.high)).all()


def test_three_sets():
    names, signs = part_signs(("a", "b", "c"))
    assert names == ["only a", "only b", "only c", "a and b", "a and c", "b and c", "a and b and c"]
    # Measures of a Venn diagram with the areas 1, 2, 4, ... for exactly the sets of every part.
    exact = {frozenset(part.removeprefix("only ").split(" and ")): 2.0**i for i, part in enumerate(names)}
    groups = [{"a"}, {"b"}, {"c"}, {"a", "b"}, {"a", "c"}, {"b", "c"}, {"a", "b", "c"}]
    explained = [sum(area for sets, area in exact.items() if sets & group) for group in groups]
    np.testing.assert_allclose(signs @ explained, list(exact.values()))
    sets, y, folds = simulated(3, n=60)
    found = variance_partition(sets | {"c": y[:, :1] + 0.1}, y, folds, weights={3: np.eye(3)}, n_draws=0)
    total = sum(part.value for part in found.parts.values())
    np.testing.assert_allclose(total, found.scores["a + b + c"].value)
    assert found.parts["only c"].value[0] == pytest.approx(1 - found.scores["a + b"].value[0], abs=1e-3)


def test_constant_responses_have_no_parts():
    sets, y, folds = simulated(4, n=60)
    y[:, 1] = 2
    with pytest.warns(UserWarning, match="1 responses are constant"):
        found = variance_partition(sets, y, folds, n_draws=10)
    with pytest.warns(UserWarning, match="1 responses are constant"):
        alone = variance_partition(sets, y, folds, n_draws=0)
    for part, one in found.parts.items():
        assert np.isnan([one.value[1], one.low[1], one.high[1]]).all()
        assert np.isfinite([one.value[0], one.low[2], one.high[2]]).all()
        assert found.mean[part].value == pytest.approx(one.value[[0, 2]].mean())
        assert alone.mean[part].value == pytest.approx(found.mean[part].value, abs=1e-8)
        assert found.mean[part].low < found.mean[part].value < found.mean[part].high


def test_wrong_use_says_what_is_wrong():
    sets, y, folds = simulated(0, n=40)
    with pytest.raises(WrongUse, match="two or three sets"):
        variance_partition({"a": sets["a"]}, y, folds)
    with pytest.raises(WrongUse, match="layer 'b' must be"):
        variance_partition({"a": sets["a"], "b": sets["b"][:9]}, y, folds)
    with pytest.raises(WrongUse, match=r"weights must be \(k, 2\)"):
        variance_partition(sets, y, folds, weights={2: np.ones((1, 3))})
