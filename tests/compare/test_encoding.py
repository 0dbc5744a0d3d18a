"""Nested ridge against an explicit scikit-learn loop, closed forms, invariances and published numbers."""

import json
import os
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lib.compare.encoding.nested import ALPHAS, nested_ridge
from lib.compare.encoding.ridge import gram, inner_scores, inner_splits, pooled_r2, tensor
from lib.ground import WrongUse

pytestmark = pytest.mark.filterwarnings("ignore:the penalty sits at", "ignore:no layer and penalty")
PUBLISHED = ALPHAS["absolute"]
ABSOLUTE = {"units": "absolute"}
REFERENCE = Path(__file__).parents[1] / "reference"


def simulate(n=50, widths=(12, 70), v=6, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    layers = {f"layer{i}": rng.standard_normal((n, d)) + 3 for i, d in enumerate(widths)}
    signal = sum(x @ rng.standard_normal((x.shape[1], v)) / np.sqrt(x.shape[1]) for x in layers.values())
    return layers, signal + noise * rng.standard_normal((n, v)) + 5, rng.permutation(np.arange(n) % 5)


def score(y, p):
    if np.ptp(y) == 0 or np.ptp(p) == 0:
        return 0.0
    return max(np.corrcoef(y, p)[0, 1], 0) ** 2


def explicit(layers, y, folds, alphas=PUBLISHED, extend=True, low=1e-6):
    """The published procedure for one voxel, one fit at a time."""
    predictions, chosen = np.zeros(len(y)), []
    for outer in np.unique(folds):
        train = np.flatnonzero(folds != outer)

        def inner(alpha, name, train=train):
            pooled = np.zeros(len(train))
            for f in np.unique(folds[train]):
                fit, test = train[folds[train] != f], folds[train] == f
                pooled[test] = Ridge(alpha).fit(layers[name][fit], y[fit]).predict(layers[name][train[test]])
            return score(y[train], pooled)

        pairs = list(product(alphas, layers))
        scores = [inner(*pair) for pair in pairs]
        (alpha, name), best = pairs[int(np.argmax(scores))], max(scores)
        factor = {alphas[0]: 0.5, alphas[-1]: 2.0}.get(alpha) if extend else None
        while factor and alpha * factor >= low and (new := inner(alpha * factor, name)) > best:
            alpha, best = alpha * factor, new
        chosen.append((name, alpha, best))
        model = Ridge(alpha).fit(layers[name][train], y[train])
        predictions[folds == outer] = model.predict(layers[name][folds == outer])
    return predictions, chosen


@pytest.mark.parametrize("extend", [True, False])
@pytest.mark.parametrize(("widths", "noise"), [((12, 70), 1.0), ((8,), 0.01), ((200, 90, 40), 4.0)])
def test_equals_an_explicit_loop(widths, noise, extend):
    layers, responses, folds = simulate(widths=widths, noise=noise)
    fit = nested_ridge(layers, responses, folds, extend_alphas=extend, device="cpu", **ABSOLUTE)
    for voxel, y in enumerate(responses.T):
        predictions, chosen = explicit(layers, y, folds, extend=extend)
        assert np.abs(fit.predictions[:, voxel] - predictions).max() < 1e-6
        assert abs(fit.r2[voxel] - score(y, predictions)) < 1e-8
        for fold, (name, alpha, best) in enumerate(chosen):
            assert fit.layer[fold, voxel] == name
            assert fit.alpha[fold, voxel] == pytest.approx(alpha, rel=1e-12)
            assert fit.inner_r2[fold, voxel] == pytest.approx(best, abs=1e-8)


def twins(rng, n, apart):
    """Groups of five stimuli that differ by `apart`: eigenvalues come in (nearly) equal sets."""
    return np.repeat(np.eye(n // 5), 5, axis=0)[rng.permutation(n)] + apart * rng.standard_normal((n, n // 5))


SPECTRA = {
    "white": lambda rng, n: rng.standard_normal((n, 90)),
    "steep": lambda rng, n: rng.standard_normal((n, 90)) * np.exp(-np.arange(90) / 8),
    "few": lambda rng, n: rng.standard_normal((n, 5)),
    "one hot": lambda rng, n: np.eye(7)[rng.integers(0, 7, n)],
    "twins": lambda rng, n: twins(rng, n, 0),
    "near twins": lambda rng, n: twins(rng, n, 1e-6),
    "nearer twins": lambda rng, n: twins(rng, n, 1e-11),
    "far from zero": lambda rng, n: 1e3 + rng.standard_normal((n, 90)),
}


@pytest.mark.parametrize("even", [False, True], ids=["", "folds of one mean"])
@pytest.mark.parametrize("spectrum", SPECTRA)
def test_inner_scores_need_no_predictions(spectrum, even):
    """The closed form over all penalties equals pooled predictions, whatever the eigenvalues.

    Where all folds have the same mean response, scores stay positive for penalties far beyond the eigenvalues.
    """
    rng = np.random.default_rng(1)
    n, alphas = 60, np.logspace(-6, 8, 15)
    x = SPECTRA[spectrum](rng, n)
    y = x @ rng.standard_normal((x.shape[1], 4)) / x.std() / np.sqrt(x.shape[1]) + rng.standard_normal((n, 4))
    y = y - (y.reshape(5, 12, 4).mean(1).repeat(12, axis=0) if even else y.mean(0))
    y /= np.linalg.norm(y, axis=0)
    blocks = tuple(slice(i, i + 12) for i in range(0, n, 12))
    kernel = gram(x)
    scores = inner_scores(inner_splits(kernel, blocks), tensor(y, "cpu"), blocks, tensor(alphas, "cpu"))
    for (outer, out), (a, alpha) in product(enumerate(blocks), enumerate(alphas)):
        pooled = np.full_like(y, np.nan)
        rest = np.delete(np.arange(n), out)
        for inner in (b for i, b in enumerate(blocks) if i != outer):
            train = np.setdiff1d(rest, np.arange(n)[inner])
            centred = kernel[:, train] - kernel[:, train].mean(1, keepdims=True)
            centred = centred - centred[train].mean(0)
            dual = np.linalg.solve(centred[train] + alpha * np.eye(len(train)), y[train] - y[train].mean(0))
            pooled[inner] = y[train].mean(0) + centred[inner] @ dual
        assert np.abs(scores[outer][a].numpy() - pooled_r2(pooled[rest], y[rest])).max() < 1e-8


def test_blocks_of_voxels_change_nothing():
    layers, responses, folds = simulate(v=23)
    whole, parts = (nested_ridge(layers, responses, folds, chunk=c, device="cpu") for c in (100, 4))
    np.testing.assert_allclose(parts.predictions, whole.predictions, atol=1e-12)
    np.testing.assert_array_equal(parts.choice, whole.choice)
    np.testing.assert_array_equal(parts.alpha, whole.alpha)


@pytest.mark.parametrize("change", ["features shifted", "features rotated", "responses scaled", "stimuli reordered"])
def test_what_must_not_matter(change):
    layers, responses, folds = simulate(noise=2.0)
    before = nested_ridge(layers, responses, folds, device="cpu")
    rng, scale, order = np.random.default_rng(3), 1.0, np.arange(len(folds))
    if change == "features shifted":
        layers = {name: x + 7.0 for name, x in layers.items()}
    elif change == "features rotated":
        layers = {k: x @ np.linalg.qr(rng.standard_normal((x.shape[1],) * 2))[0] for k, x in layers.items()}
    elif change == "responses scaled":
        responses, scale = responses * 1e-3, 1e-3
    else:
        order = rng.permutation(len(folds))
        layers = {name: x[order] for name, x in layers.items()}
        responses, folds = responses[order], folds[order]
    after = nested_ridge(layers, responses, folds, device="cpu")
    np.testing.assert_allclose(after.predictions, before.predictions[order] * scale, atol=1e-8)
    np.testing.assert_array_equal(after.layer, before.layer)


def test_finds_the_planted_layer():
    rng = np.random.default_rng(0)
    layers = {name: rng.standard_normal((100, 30)) for name in ("early", "middle", "late")}
    responses = np.hstack([x @ rng.standard_normal((30, 5)) for x in layers.values()])
    responses += 2 * rng.standard_normal(responses.shape)
    fit = nested_ridge(layers, responses, np.arange(100) % 5)
    planted = np.repeat(["early", "middle", "late"], 5)
    assert (fit.layer == planted).mean() > 0.95
    assert (fit.r2 > 0.4).all()


def test_no_signal_gives_a_low_score():
    rng = np.random.default_rng(0)
    fit = nested_ridge({"x": rng.standard_normal((100, 40))}, rng.standard_normal((100, 200)), np.arange(100) % 5)
    assert np.median(fit.r2) < 0.01
    assert ((fit.r2 >= 0) & (fit.r2 <= 1)).all()


def test_ties_go_to_the_first_layer_and_the_smallest_penalty():
    layers, responses, folds = simulate()
    fit = nested_ridge({"a": layers["layer0"], "b": layers["layer0"]}, responses, folds)
    assert (fit.layer == "a").all()
    nothing = nested_ridge({"a": np.zeros((50, 3)), "b": np.zeros((50, 3))}, responses, folds)
    assert (nothing.layer == "a").all()
    assert (nothing.alpha == ALPHAS["gram"][0]).all()
    assert (nothing.r2 == 0).all()


def test_equal_scores_at_different_penalties_go_to_the_smaller_one():
    """Doubled features at penalty 4 predict exactly what the features do at penalty 1."""
    layers, responses, folds = simulate(v=40)
    x = layers["layer0"]
    alone = nested_ridge({"x": x}, responses, folds, [0.25, 1, 4], extend_alphas=False, **ABSOLUTE)
    both = nested_ridge({"doubled": 2 * x, "x": x}, responses, folds, [1, 4], extend_alphas=False, **ABSOLUTE)
    tied = alone.alpha == 1
    assert tied.sum() >= 3
    assert (both.layer[tied] == "x").all()
    assert (both.alpha[tied] == 1).all()


def test_constant_responses_score_zero():
    layers, responses, folds = simulate()
    responses[:, 2] = 0.1
    fit = nested_ridge(layers, responses, folds)
    assert fit.r2[2] == 0
    np.testing.assert_allclose(fit.predictions[:, 2], 0.1)
    assert (np.delete(fit.r2, 2) > 0).all()


def test_a_penalty_that_runs_to_zero_is_stopped_and_said():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 5))
    with pytest.warns(UserWarning, match=r"smallest one allowed in 10 of 10 .* in layer 'x': give alphas or alpha_lim"):
        fit = nested_ridge({"x": x}, x @ rng.standard_normal((5, 2)), np.arange(60) % 5, **ABSOLUTE)
    assert (fit.edge == -1).all()
    assert (fit.alpha >= 1e-6).all()
    assert (fit.alpha < 2e-6).all()


def test_the_edge_of_a_fixed_grid_is_reported():
    layers, responses, folds = simulate(noise=0.001, widths=(5,))
    with pytest.warns(UserWarning, match="smallest one allowed in 30 of 30"):
        fit = nested_ridge(layers, responses, folds, [10, 1000], extend_alphas=False, **ABSOLUTE)
    assert (fit.alpha == 10).all()
    assert (fit.edge == -1).all()


def test_one_penalty_is_no_edge():
    layers, responses, folds = simulate()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (nested_ridge(layers, responses, folds, [0.1], extend_alphas=False).edge == 0).all()


FACTORS = [1e-8, 1e-4, 1e4, 1e8]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("what", ["features", "responses"])
def test_a_common_factor_changes_nothing(what, factor):
    """Features of small variance are no worse features: the penalty goes with their scale."""
    layers, responses, folds = simulate(widths=(6, 12), noise=0.5)
    before = nested_ridge(layers, responses, folds, device="cpu")
    assert (before.r2 > 0.1).all()
    if what == "features":
        layers = {name: factor * x for name, x in layers.items()}
    after = nested_ridge(layers, responses * (factor if what == "responses" else 1), folds, device="cpu")
    np.testing.assert_allclose(after.r2, before.r2, atol=1e-7)
    np.testing.assert_array_equal(after.layer, before.layer)
    np.testing.assert_allclose(after.alpha, before.alpha)
    unit = factor**2 if what == "features" else 1
    np.testing.assert_allclose(after.penalty, before.penalty * unit)
    if what == "features" and factor == 1e-8:  # as published, small features know nothing, and now it is said
        with pytest.warns(UserWarning, match="no layer and penalty predicts the inner folds"):
            lost = nested_ridge(layers, responses, folds, device="cpu", **ABSOLUTE)
        assert (lost.r2 == 0).all()
        assert (lost.edge == -1).all()


def test_the_unit_is_the_variance_of_the_features():
    layers, responses, folds = simulate()
    fit = nested_ridge(layers, responses, folds)
    np.testing.assert_allclose(fit.scale, [x.var(0).sum() for x in layers.values()])
    np.testing.assert_allclose(fit.penalty, fit.alpha * fit.scale[fit.choice])
    same = nested_ridge(layers, responses, folds, np.array(ALPHAS["gram"]), extend_alphas=True)
    np.testing.assert_array_equal(same.alpha, fit.alpha)
    assert (nested_ridge(layers, responses, folds, **ABSOLUTE).scale == 1).all()


def test_edges_are_said_whatever_the_ties():
    """Noise that nothing predicts ties at score 0, with extension or without."""
    rng = np.random.default_rng(0)
    x, y, folds = rng.standard_normal((60, 3)), rng.standard_normal((60, 40)), np.arange(60) % 5
    for extend in (True, False):
        with pytest.warns(UserWarning, match="score 0 for all"):
            fit = nested_ridge({"x": x}, y, folds, extend_alphas=extend)
        tied = fit.inner_r2 == 0
        assert tied.any()
        assert (fit.edge[tied] == -1).all()


def test_constants_and_repeats_are_said():
    layers, responses, folds = simulate()
    with pytest.warns(UserWarning, match=r"layers \['flat'\] are the same for all stimuli"):
        fit = nested_ridge(layers | {"flat": np.full((50, 4), 0.1)}, responses, folds)
    assert "flat" not in fit.layer
    responses[:, 3] = 0.1
    with pytest.warns(UserWarning, match=r"1 responses are constant .first: 3.: their r2 is 0"):
        nested_ridge(layers, responses, folds)
    first, second = np.flatnonzero(folds == 0)[0], np.flatnonzero(folds == 1)[0]
    for values in (*layers.values(), responses):
        values[second] = values[first]
    with pytest.warns(UserWarning, match=f"stimuli {min(first, second)} and {max(first, second)} are the same in all"):
        nested_ridge(layers, responses, folds)
    folds[second] = folds[first]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="stimuli")
        warnings.filterwarnings("ignore", message="1 responses")
        nested_ridge(layers, responses, folds)


def test_folds_may_have_any_names_and_sizes():
    layers, responses, _ = simulate()
    folds = np.repeat(["speech", "music", "other"], [30, 12, 8])
    fit = nested_ridge(layers, responses, folds, **ABSOLUTE)
    assert fit.folds.tolist() == ["music", "other", "speech"]
    assert fit.alpha.shape == (3, 6)
    predictions, _ = explicit(layers, responses[:, 0], folds)
    np.testing.assert_allclose(fit.predictions[:, 0], predictions, atol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": np.zeros(50)}, "stimuli, voxels"),
        ({"responses": np.full((50, 4), np.nan)}, "responses of 4 voxels are not finite .first: voxel 0"),
        ({"folds": np.zeros(49)}, "one fold for each of the 50 stimuli"),
        ({"folds": np.arange(50) % 2}, "at least 3"),
        ({"folds": np.r_[0, np.ones(20), np.full(29, 2)]}, "leave fewer than 2 to train on"),
        ({"layers": {}}, "layers is empty"),
        ({"layers": {"conv": np.zeros((49, 3))}}, "layer 'conv' must be .50, features."),
        ({"layers": {"conv": np.full((50, 3), np.inf)}}, "layer 'conv' is not finite .first at stimulus 0"),
        ({"alphas": [0.0, 1.0]}, "alphas must be positive"),
        ({"alphas": []}, "alphas must be positive"),
        ({"units": "trace"}, "unknown unit of penalties"),
    ],
)
def test_bad_input_says_what_is_wrong(change, message):
    layers, responses, folds = simulate()
    with pytest.raises(WrongUse, match=message):
        nested_ridge(**{"layers": layers, "responses": responses, "folds": folds} | change)


@pytest.fixture(scope="module")
def published():
    return json.loads((REFERENCE / "encoding.json").read_text())


@pytest.fixture(scope="module")
def components():
    root = os.environ.get("ALIKE_DATA")
    path = root and next(Path(root).glob("natsound165-neuron2015/**/components.mat"), None)
    if not path:
        pytest.skip("ALIKE_DATA does not hold natsound165-neuron2015")
    from scipy.io import loadmat

    return loadmat(path)["R"]


@pytest.mark.real
@pytest.mark.parametrize(
    "run",
    [
        "two_layers|paper_numeric_order",
        "two_layers|mod5",
        "two_layers_times_10|paper_numeric_order",
        "bands_only|paper_numeric_order",
        "modulation_only|paper_numeric_order",
    ],
)
def test_published_numbers_on_real_recordings(published, components, run):
    expected = published["runs"][run]
    features = dict(np.load(REFERENCE / "encoding_features.npz"))
    scale = 10 if expected["layers"].endswith("times_10") else 1
    only = expected["layers"].removesuffix("_only")
    layers = {name: x * scale for name, x in features.items() if only in (name, expected["layers"])}
    folds = np.array([int(digit) for digit in published["folds"][expected["folds"]]])
    fit = nested_ridge(layers, components, folds, **ABSOLUTE)
    np.testing.assert_allclose(fit.r2, expected["r2"], atol=1e-8)
    projections = np.random.default_rng(0).standard_normal((8, 165)) @ fit.predictions
    np.testing.assert_allclose(projections, expected["projections"], atol=1e-9 * np.sqrt(165))
    sure = np.array(expected["margin"]).T > 1e-6
    assert sure.mean() > 0.8
    assert (fit.layer == np.array(expected["layer"]).T)[sure].all()
    np.testing.assert_allclose(fit.alpha[sure], np.array(expected["alpha"]).T[sure], rtol=1e-12)
    inside = fit.edge == 0  # elsewhere the published search went on below 1e-6, until rounding stopped it
    np.testing.assert_allclose(fit.inner_r2[inside], np.array(expected["inner_r2"]).T[inside], atol=1e-8)
