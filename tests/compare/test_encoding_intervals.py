"""Intervals of encoding scores: their algebra against refits, their coverage against planted truth."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lib.compare import contrasts, mean_score, nested_ridge, refitted
from lib.compare.encoding.intervals import _deletions, _moved, _rechosen
from lib.compare.encoding.nested import checked
from lib.ground import WrongUse

pytestmark = pytest.mark.filterwarnings("ignore:the penalty sits at", "ignore:no layer and penalty")
GRID = {"alphas": np.logspace(-1, 4, 6), "extend_alphas": False, "units": "absolute"}


def simulated(n=40, v=3, seed=0):
    rng = np.random.default_rng(seed)
    layers = {"a": rng.standard_normal((n, 6)), "b": rng.standard_normal((n, 50))}
    responses = layers["a"] @ rng.standard_normal((6, v)) + layers["b"][:, :v] + 2 * rng.standard_normal((n, v))
    return layers, responses, np.arange(n) % 5


def unit(y):
    return (y - y.mean(0)) / np.linalg.norm(y - y.mean(0), axis=0)


def test_the_change_without_a_stimulus_is_that_of_a_refit():
    layers, responses, folds = simulated()
    y = unit(responses)
    fit = nested_ridge(layers, y, folds, **GRID)
    kernels = list(checked(layers, y, folds, "absolute").kernels.values())
    predictions, change = _deletions(kernels, y, folds, fit)
    np.testing.assert_allclose(predictions, fit.predictions, atol=1e-8)
    for voxel, fold in ((0, 0), (1, 3), (2, 4)):
        x, model = layers[fit.layer[fold, voxel]], Ridge(fit.alpha[fold, voxel])
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        whole = model.fit(x[train], y[train, voxel]).predict(x)
        for left in train[:6]:
            rest = np.setdiff1d(train, left)
            without = model.fit(x[rest], y[rest, voxel]).predict(x)
            spare = (y[left, voxel] - whole[left]) / (y[left, voxel] - without[left])  # 1 - leverage
            expected = (without - whole)[test] * np.sqrt(spare)
            np.testing.assert_allclose(change[left, test, voxel], expected, atol=1e-10)
        assert (change[np.ix_(test, test, [voxel])] == 0).all()


def test_moved_scores_are_those_of_moved_predictions():
    rng = np.random.default_rng(0)
    y, p = unit(rng.standard_normal((20, 2))), rng.standard_normal((20, 2))
    change = 1e-6 * rng.standard_normal((20, 20, 2)) * (1 - np.eye(20))[:, :, None]
    r, deleted, pairs = _moved(p, change, y)
    for voxel in (0, 1):
        assert r[voxel] == pytest.approx(np.corrcoef(p[:, voxel], y[:, voxel])[0, 1])
        for left in (0, 7):
            rest = np.arange(20) != left
            moved = p[:, voxel] + change[left, :, voxel]
            assert deleted[left, voxel] == pytest.approx(np.corrcoef(moved[rest], y[rest, voxel])[0, 1])
            whole = np.corrcoef(moved, y[:, voxel])[0, 1] - r[voxel]
            assert pairs[left, :, voxel].sum() == pytest.approx(whole, abs=1e-11)


def test_choices_of_weighted_stimuli_are_those_of_repeated_ones():
    layers, responses, folds = simulated()
    y, alphas = unit(responses), GRID["alphas"]
    kernels = list(checked(layers, y, folds, "absolute").kernels.values())
    drawn = np.vstack([np.ones(40), np.random.default_rng(0).multinomial(40, np.full(40, 1 / 40))]).astype(float)
    once, again = _rechosen(kernels, y, folds, alphas, drawn)
    fit = nested_ridge(layers, y, folds, **GRID)
    np.testing.assert_allclose(once.clip(0) ** 2, fit.r2, atol=1e-8)
    predictions = np.zeros_like(y)
    for outer in range(5):
        rest = np.flatnonzero(folds != outer)
        repeated = np.repeat(rest, drawn[1, rest].astype(int))
        for voxel in range(3):
            best = -1
            for alpha in alphas:
                for x in layers.values():
                    inner = np.zeros(40)
                    for fold in np.unique(folds[rest]):
                        train, test = rest[folds[rest] != fold], rest[folds[rest] == fold]
                        inner[test] = Ridge(alpha).fit(x[train], y[train, voxel]).predict(x[test])
                    score = max(np.corrcoef(inner[repeated], y[repeated, voxel])[0, 1], 0) ** 2
                    if score > best:
                        best = score
                        model = Ridge(alpha).fit(x[rest], y[rest, voxel])
                        predictions[folds == outer, voxel] = model.predict(x[folds == outer])
    expected = [np.corrcoef(p, t)[0, 1] for p, t in zip(predictions.T, y.T, strict=True)]
    np.testing.assert_allclose(again, expected, atol=1e-8)


def equal_models(seed, n=60, own=8, noise=1.0, junk=12, v=4):
    """Two models with units of their own that matter equally, and responses: the true difference is 0."""
    rng = np.random.default_rng(seed)
    weights = np.random.default_rng(1).standard_normal((own, v))
    first, second = rng.standard_normal((2, n, own))
    responses = (first + second) @ weights / np.sqrt(2 * own) + noise * rng.standard_normal((n, v))
    models = ({"x": np.hstack([x, rng.standard_normal((n, junk))])} for x in (first, second))
    return *models, responses, np.arange(n) % 5


def test_coverage_of_scores_and_size_of_differences():
    """Over draws of stimuli the interval covers the mean score; with fits held fixed equal models would differ in .1.

    In 1,000 sets the difference's interval excludes 0 in .05; the bounds here are for 200.
    """
    scores, means, found, naive = [], [], [], []
    for seed in range(200):
        a, b, y, folds = equal_models(seed)
        fits = {name: refitted({"x": x["x"]}, y, folds, **GRID, n_draws=60) for name, x in (("a", a), ("b", b))}
        scores.append(fits["a"].scores)
        means.append(mean_score(fits["a"]))
        found.append(contrasts(fits, {"a - b": {"a": 1, "b": -1}}, n_draws=200))
        fixed = [_moved(f.fit.predictions, np.zeros((60, 60, 4)), unit(y))[1].clip(0) ** 2 for f in fits.values()]
        naive.append(np.sqrt(59 * np.var((fixed[0] - fixed[1]).mean(1))))
    value, low, high = (np.array([getattr(s, key) for s in scores]) for key in ("value", "low", "high"))
    covered = (low <= value.mean(0)) & (value.mean(0) <= high)
    assert 0.92 <= covered.mean() <= 0.98
    value, low, high = (np.array([getattr(s, key) for s in means]) for key in ("value", "low", "high"))
    assert 0.9 <= ((low <= value.mean()) & (value.mean() <= high)).mean() <= 0.99
    value, p = np.array([c.value[0] for c in found]), np.array([c.p[0] for c in found])
    assert 0.01 <= (p <= 0.05).mean() <= 0.09
    assert (np.abs(value) > 2 * np.array(naive)).mean() > 0.08


def test_twins_are_a_random_factor():
    """A trained model against untrained twins whose quality depends on their seed: sets differ in stimuli and twins."""
    value, se, df, alone = [], [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        signal = rng.standard_normal((80, 3))
        y = signal + 0.5 * rng.standard_normal((80, 3))

        def model(noise, rng=rng, signal=signal, y=y):
            x = signal + noise * rng.standard_normal((80, 3))
            return refitted({"x": x}, y, np.arange(80) % 5, [0.01, 0.1], extend_alphas=False, n_draws=20)

        fits = {"trained": model(0.5), "twins": [model(noise) for noise in rng.uniform(0.2, 1.2, 4)]}
        got = contrasts(fits, {"training": {"trained": 1, "twins": -1}}, n_draws=50)
        value.append(got.value[0])
        se.append(got.se[0])
        assert got.seeds.tolist() == [1]
        df.append(got.df[0])
        alone.append(contrasts(fits | {"twins": fits["twins"][0]}, {"t": {"trained": 1, "twins": -1}}).se[0])
    assert 0.6 < np.mean(np.square(se)) / np.var(value) < 1.6
    assert np.mean(se) > 1.5 * np.mean(alone)
    assert 3 <= np.median(df) < 30


@pytest.fixture(scope="module")
def fits():
    layers, responses, folds = simulated()
    return {name: refitted({name: x}, responses, folds, **GRID, n_draws=30) for name, x in layers.items()}


def test_families_are_corrected(fits):
    rng = np.random.default_rng(0)
    _, y, folds = simulated()
    more = {f"c{i}": refitted({"x": rng.standard_normal((40, 4))}, y, folds, **GRID, n_draws=30) for i in range(4)}
    family = {name: {"a": 1, name: -1} for name in more}
    got = contrasts(fits | more, family)
    assert (got.p_family > got.p).all()
    assert (got.low_family < got.low).all()
    assert (got.high_family - got.low_family > 1.03 * (got.high - got.low)).all()
    assert (got.p_family < 4 * got.p + 0.01).all()  # no worse than Bonferroni
    one = contrasts(fits | more, {"only": family["c0"]})
    assert one.p_family[0] == pytest.approx(one.p[0], abs=0.01)
    assert one.low_family[0] == pytest.approx(one.low[0], abs=0.01 * (one.high[0] - one.low[0]))
    twice = contrasts(fits | more, {"once": family["c0"], "again": family["c0"]})
    np.testing.assert_allclose(twice.p_family, one.p_family[0], atol=0.01)  # the same question asked twice is one
    inside = (got.low_family <= 0) & (got.high_family >= 0)
    np.testing.assert_array_equal(inside, got.p_family > 0.05)
    assert got.to_frame().loc["c1", "value"] == got.value[1]


def test_a_model_against_itself(fits):
    got = contrasts(fits | {"same": fits["a"]}, {"none": {"a": 1, "same": -1}})
    assert (got.value[0], got.low[0], got.high[0], got.p[0], got.p_family[0]) == (0, 0, 0, 1, 1)


def test_scores_are_those_of_the_fit(fits):
    for fit in fits.values():
        np.testing.assert_allclose(fit.scores.value, fit.fit.r2, atol=1e-8)
        assert (fit.scores.low <= fit.scores.value).all()
        assert (fit.scores.value <= fit.scores.high).all()
        assert mean_score(fit).value == pytest.approx(fit.fit.r2.mean(), abs=1e-8)


def test_order_and_scale_change_nothing(fits):
    layers, responses, folds = simulated()
    order = np.random.default_rng(1).permutation(40)
    moved = refitted({"a": layers["a"][order]}, 1e-6 * responses[order] + 3, folds[order], **GRID, n_draws=30)
    np.testing.assert_allclose(moved.r, fits["a"].r, atol=1e-8)
    np.testing.assert_allclose(moved.deleted, fits["a"].deleted[order], atol=1e-8)


def test_responses_and_features_without_variance():
    layers, responses, folds = simulated()
    responses[:, 1] = 0.1
    got = refitted(layers, responses, folds, **GRID, n_draws=20)
    assert np.isnan([got.scores.value[1], got.scores.low[1], got.scores.high[1]]).all()
    assert np.isfinite(np.delete(got.scores.low, 1)).all()
    assert mean_score(got).value == pytest.approx(np.delete(got.fit.r2, 1).mean())
    nothing = refitted({"x": np.ones((40, 3))}, responses, folds, **GRID, n_draws=20)
    assert nothing.scores.value[0] == nothing.scores.low[0] == 0
    assert 0 < nothing.scores.high[0] < 0.2


def test_wrong_use_says_what_is_wrong(fits):
    layers, responses, folds = simulated()
    with pytest.raises(WrongUse, match="sum to 0"):
        contrasts(fits, {"a": {"a": 1}})
    with pytest.raises(WrongUse, match=r"'a - z' needs weights of \['a', 'b'\]"):
        contrasts(fits, {"a - z": {"a": 1, "z": -1}})
    other = refitted(layers, responses, folds, **GRID, n_draws=31)
    with pytest.raises(WrongUse, match="the same responses, folds and draws"):
        contrasts(fits | {"c": other}, {"d": {"a": 1, "c": -1}})
    with pytest.raises(WrongUse, match="n_draws"):
        refitted(layers, responses, folds, n_draws=1)
    with pytest.raises(WrongUse, match="give at most 167772"):
        refitted(layers, np.zeros((40, 200_000)), folds)
