"""Banded ridge against himalaya and scikit-learn, and against nested ridge where both are the same."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lib.compare import band_weights, banded_ridge, nested_ridge
from lib.ground import WrongUse

pytestmark = pytest.mark.filterwarnings("ignore:the penalty sits at", "ignore:no layer and penalty")
GRID = {"alphas": [1.0, 10.0, 100.0], "extend_alphas": False, "units": "absolute"}
WEIGHTS = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])


def simulated(n=40, v=3, seed=0):
    rng = np.random.default_rng(seed)
    bands = {"a": rng.standard_normal((n, 6)) + 2, "b": 3 * rng.standard_normal((n, 50))}
    responses = bands["a"] @ rng.standard_normal((6, v)) + bands["b"][:, :v] + 2 * rng.standard_normal((n, v)) + 5
    return bands, responses, rng.permutation(np.arange(n) % 4)


def himalaya(bands, y, train, tests, weights, alpha):
    """Predictions of GroupRidgeCV at one candidate, and its coefficients by band."""
    from himalaya.backend import set_backend
    from himalaya.ridge import GroupRidgeCV

    set_backend("numpy")
    params = {"n_iter": weights[None], "alphas": np.array([alpha]), "progress_bar": False, "warn": False}
    model = GroupRidgeCV(groups="input", solver_params=params, fit_intercept=True, cv=2)
    model.fit([x[train] for x in bands.values()], y[train])
    ends = np.cumsum([x.shape[1] for x in bands.values()])[:-1]
    return [model.predict([x[test] for x in bands.values()]) for test in tests], np.split(model.coef_, ends)


def score(y, p):
    return max(np.corrcoef(y, p)[0, 1], 0) ** 2


def test_equal_to_group_ridge_of_himalaya_given_the_same_candidates():
    """Every candidate fitted by himalaya on every inner and outer training set, and chosen as nested ridge does."""
    bands, y, folds = simulated()
    found = banded_ridge(bands, y, folds, weights=WEIGHTS, split=True, **GRID)
    pairs = [(alpha, w) for alpha in GRID["alphas"] for w in range(len(WEIGHTS))]
    for row, fold in enumerate(np.unique(folds)):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        pooled = np.zeros((len(pairs), *y.shape))
        for candidate, (alpha, w) in enumerate(pairs):
            for inner in np.unique(folds[train]):
                fit, held = train[folds[train] != inner], train[folds[train] == inner]
                (pooled[candidate, held],), _ = himalaya(bands, y, fit, [held], WEIGHTS[w], alpha)
        for voxel in range(y.shape[1]):
            scores = [score(y[train, voxel], p[train, voxel]) for p in pooled]
            alpha, w = pairs[int(np.argmax(scores))]
            assert found.fit.inner_r2[row, voxel] == pytest.approx(max(scores), abs=1e-10)
            assert found.fit.alpha[row, voxel] == alpha
            np.testing.assert_allclose(found.weights[:, row, voxel], WEIGHTS[w])
            np.testing.assert_allclose(found.penalty[:, row, voxel], alpha / WEIGHTS[w])
            (theirs,), coefficients = himalaya(bands, y, train, [test], WEIGHTS[w], alpha)
            np.testing.assert_allclose(found.fit.predictions[test, voxel], theirs[:, voxel], atol=1e-10)
            for part, x, b in zip(found.parts, bands.values(), coefficients, strict=True):
                own = (x[test] - x[train].mean(0)) @ b[:, voxel]
                np.testing.assert_allclose(part[test, voxel], own, atol=1e-10)


def test_penalties_of_bands_are_those_of_ridge_on_scaled_features():
    bands, y, folds = simulated()
    found = banded_ridge(bands, y, folds)
    for fold, voxel in ((0, 0), (2, 1), (3, 2)):
        train, test = folds != found.fit.folds[fold], folds == found.fit.folds[fold]
        x = np.hstack([x / np.sqrt(p) for x, p in zip(bands.values(), found.penalty[:, fold, voxel], strict=True)])
        model = Ridge(1.0).fit(x[train], y[train, voxel])
        np.testing.assert_allclose(found.fit.predictions[test, voxel], model.predict(x[test]), atol=1e-8)


def test_parts_add_up_to_the_predictions():
    bands, y, folds = simulated()
    found = banded_ridge(bands, y, folds, split=True)
    assert banded_ridge(bands, y, folds).parts is None
    mean = np.array([y[folds != fold].mean(0) for fold in folds])
    np.testing.assert_allclose(found.parts.sum(0) + mean, found.fit.predictions, atol=1e-8)


def test_one_band_is_nested_ridge():
    bands, y, folds = simulated()
    ours = banded_ridge({"model": bands}, y, folds)
    theirs = nested_ridge(bands, y, folds)
    np.testing.assert_allclose(ours.fit.predictions, theirs.predictions, atol=1e-9)
    assert (ours.layers[0] == np.char.add("model, ", theirs.layer)).all()
    np.testing.assert_allclose(ours.penalty[0], theirs.penalty)


def test_scale_and_order_of_bands_change_nothing():
    bands, y, folds = simulated()
    found = banded_ridge(bands, y, folds)
    other = banded_ridge({"b": 1e4 * bands["b"], "a": bands["a"] - 100}, y, folds)
    np.testing.assert_allclose(other.fit.predictions, found.fit.predictions, atol=1e-6)
    np.testing.assert_allclose(other.weights[::-1], found.weights)
    np.testing.assert_allclose(other.penalty[0], 1e8 * found.penalty[1], rtol=1e-6)


def test_layers_of_a_band_are_chosen_with_its_weight():
    rng = np.random.default_rng(0)
    bands, y, folds = simulated(n=80)
    junk = {"first": rng.standard_normal((80, 30)), "second": bands["b"][:, :3], "third": rng.standard_normal((80, 9))}
    found = banded_ridge({"a": bands["a"], "deep": junk}, y, folds)
    chosen, count = np.unique(found.layers[1], return_counts=True)
    assert chosen[count.argmax()] == "deep, second"
    assert (found.layers[0][found.weights[0] > 0] == "a").all()
    assert len(found.fit.layers) == 3 * 9 + 3 + 1  # no candidate twice where a band has no weight


def test_a_band_without_weight_has_no_layer():
    bands, y, folds = simulated()
    found = banded_ridge(bands, y, folds, weights=np.eye(2), split=True)
    used = found.weights == 1
    assert (used.sum(0) == 1).all()
    assert (found.layers[~used] == "").all()
    assert (found.layers == np.where(used, [[["a"]], [["b"]]], "")).all()
    np.testing.assert_array_equal(np.isinf(found.penalty), ~used)
    contributes = np.stack([found.parts[:, folds == fold].any(1) for fold in found.fit.folds], axis=1)
    np.testing.assert_array_equal(contributes, used)


def test_weights_to_try():
    two, three = band_weights(2), band_weights(3)
    assert (two.shape, three.shape) == ((11, 2), (37, 3))
    for rows in (two, three, band_weights(4), band_weights(2, 20)):
        np.testing.assert_allclose(rows.sum(1), 1)
        assert len(np.unique(rows, axis=0)) == len(rows)
        assert (rows == 1).any(0).all()  # each band alone
    np.testing.assert_array_equal(band_weights(4, 9, seed=1), band_weights(4, 9, seed=1))
    assert not np.array_equal(band_weights(4, 9, seed=1), band_weights(4, 9, seed=2))


@pytest.mark.parametrize("weights", [[[1, 2, 3]], [1, 2], [[0, 0]], [[-1, 2]], [[np.nan, 1]], np.ones((0, 2))])
def test_weights_that_do_not_fit(weights):
    bands, y, folds = simulated()
    with pytest.raises(WrongUse, match=r"weights must be \(k, 2\), one for each band"):
        banded_ridge(bands, y, folds, weights=np.array(weights, dtype=float))


def test_wrong_use_says_what_is_wrong():
    bands, y, folds = simulated()
    with pytest.raises(WrongUse, match="at least one of them"):
        banded_ridge({}, y, folds)
    with pytest.raises(WrongUse, match="band 'deep' has no layers"):
        banded_ridge({"a": bands["a"], "deep": {}}, y, folds)
    with pytest.raises(WrongUse, match="layer 'b' must be"):
        banded_ridge({"a": bands["a"], "b": bands["b"][:7]}, y, folds)
    with pytest.raises(WrongUse, match="at least one band"):
        band_weights(0)
