import numpy as np
import pytest

from lib.compare.deconvolution import lagged, moments, response_functions, unique_prediction

LAGS = np.arange(-2, 6)


@pytest.fixture
def stretch():
    """Make a stretch in which each of three features has its own response in two channels."""

    def make(seed, noise=0.5, length=4000, weights=None):
        rng = np.random.default_rng(seed)
        features = rng.standard_normal((length, 3))
        true = np.random.default_rng(99).standard_normal((3, len(LAGS), 2)) if weights is None else weights
        clean = lagged(features, LAGS) @ true.reshape(-1, 2)
        return features, clean + noise * rng.standard_normal(clean.shape), true

    return make


def test_lags_shift_features_and_fill_with_zeros():
    x = np.arange(1.0, 6.0)[:, None]
    np.testing.assert_array_equal(
        lagged(x, np.array([-1, 0, 2])), [[2, 1, 0], [3, 2, 0], [4, 3, 1], [5, 4, 2], [0, 5, 3]]
    )


def test_responses_are_recovered(stretch):
    features, responses, true = stretch(0)
    found = response_functions(moments(features, responses, LAGS), ridge=1e-6)
    np.testing.assert_allclose(found, true, atol=0.05)


def test_equals_receptive_field_of_mne(stretch):
    from mne.decoding import ReceptiveField

    features, responses, _ = stretch(1, length=1500)
    field = ReceptiveField(LAGS[0], LAGS[-1], sfreq=1.0, estimator=1e-3, fit_intercept=True)
    field.fit(features[:, None], responses[:, None])
    found = response_functions(moments(features, responses, LAGS), ridge=1e-9)
    np.testing.assert_allclose(found.transpose(2, 0, 1), field.coef_, atol=2e-3)


def test_moments_are_sums_of_centred_products_that_add_up(stretch):
    pairs = [stretch(seed)[:2] for seed in (2, 3)]
    both = sum((moments(x + 7, y - 3, LAGS) for x, y in pairs[1:]), moments(pairs[0][0] + 7, pairs[0][1] - 3, LAGS))
    designs = [lagged(x + 7, LAGS) for x, _ in pairs]
    centred = [(d - d.mean(axis=0), y - y.mean(axis=0)) for d, (_, y) in zip(designs, pairs, strict=True)]
    np.testing.assert_allclose(both.xx, sum(d.T @ d for d, _ in centred), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(both.xy, sum(d.T @ y for d, y in centred), atol=1e-6)
    np.testing.assert_allclose(both.yy, sum((y**2).sum(axis=0) for _, y in centred))
    assert both.only([0, 2]).xx.shape == (2 * len(LAGS),) * 2
    np.testing.assert_array_equal(both.only([2]).xy, both.xy[2 * len(LAGS) :])


def test_a_family_earns_only_what_is_its_own(stretch):
    rng = np.random.default_rng(4)
    none = np.zeros((3, len(LAGS), 2))
    none[0] = 1.0
    parts = []
    for seed in range(4):
        features, _, _ = stretch(seed)
        features[:, 2] = features[:, 0] + 0.3 * rng.standard_normal(len(features))  # a shadow of the first
        responses = lagged(features, LAGS) @ none.reshape(-1, 2) + rng.standard_normal((len(features), 2))
        parts.append(moments(features, responses, LAGS))
    assert (unique_prediction(parts, [0]) > 0.2).all()
    assert (abs(unique_prediction(parts, [2])) < 0.06).all()


def test_without_an_effect_unique_prediction_is_symmetric():
    rng = np.random.default_rng(5)
    values = []
    for _ in range(150):
        parts = [moments(rng.standard_normal((200, 2)), rng.standard_normal((200, 1)), np.arange(4)) for _ in range(3)]
        values.append(unique_prediction(parts, [1])[0])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


def test_each_part_is_predicted_from_the_others(stretch):
    """Against refits: weights of the lagged features of all other parts, correlated with the part's responses."""
    pairs = [stretch(seed, noise=3.0, length=300)[:2] for seed in (11, 12, 13)]
    found = unique_prediction([moments(x[:, :1], y, LAGS) for x, y in pairs], [0], ridge=0.1)
    designs = [lagged(x[:, :1], LAGS) - lagged(x[:, :1], LAGS).mean(axis=0) for x, _ in pairs]
    responses = [y - y.mean(axis=0) for _, y in pairs]
    expected = []
    for k in range(3):
        x, y = (np.concatenate([one[j] for j in range(3) if j != k]) for one in (designs, responses))
        penalty = 0.1 * np.diag(x.T @ x).mean() * np.eye(len(LAGS))
        predicted = designs[k] @ np.linalg.solve(x.T @ x + penalty, x.T @ y)
        size = np.sqrt((predicted**2).sum(axis=0) * (responses[k] ** 2).sum(axis=0))
        expected.append((predicted * responses[k]).sum(axis=0) / size)
    np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-9)


def test_what_others_explain_whole_earns_nothing(stretch):
    parts = []
    for seed in range(3):
        features, responses, _ = stretch(seed)
        features = np.c_[features, features[:, 0], 2 * features[:, 1] - features[:, 2], np.zeros(len(features))]
        parts.append(moments(features, responses, LAGS))
    for family in ([0], [3], [4], [5]):
        np.testing.assert_allclose(unique_prediction(parts, family), 0, atol=1e-6)
    assert (unique_prediction(parts, [0, 3]) > 0.3).all()
    assert (unique_prediction(parts, [0, 1, 2, 3, 4, 5]) > 0.9).all()


@pytest.mark.parametrize(("of_x", "of_y"), [(1e-9, 1), (1e9, 1), (1, 1e-14), (1, 1e12), (1e-7, 1e-13)])
def test_units_do_not_matter(stretch, of_x, of_y):
    pairs = [stretch(seed, length=500)[:2] for seed in (6, 7, 8)]
    plain, scaled = ([moments(x * a, y * b, LAGS) for x, y in pairs] for a, b in ((1, 1), (of_x, of_y)))
    functions = [response_functions(parts[0] + parts[1]) for parts in (plain, scaled)]
    np.testing.assert_allclose(functions[1] * of_x / of_y, functions[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(unique_prediction(scaled, [1]), unique_prediction(plain, [1]), rtol=1e-6)


def test_unequal_units_of_features_do_not_matter(stretch):
    pairs, units = [stretch(seed)[:2] for seed in (6, 7, 8)], np.array([1, 1000, 0.01])
    plain, scaled = ([moments(x * u, y, LAGS) for x, y in pairs] for u in (1, units))
    functions = [response_functions(parts[0], ridge=0.5) for parts in (plain, scaled)]
    np.testing.assert_allclose(functions[1] * units[:, None, None], functions[0], rtol=1e-6)
    np.testing.assert_allclose(unique_prediction(scaled, [1]), unique_prediction(plain, [1]), rtol=1e-6)


def test_vectors_are_one_column(stretch):
    features, responses, _ = stretch(0, length=300)
    plain = response_functions(moments(features[:, :1], responses[:, :1], LAGS))
    np.testing.assert_array_equal(response_functions(moments(features[:, 0], responses[:, 0], LAGS)), plain)
    assert plain.shape == (1, len(LAGS), 1)


def test_what_does_not_vary_counts_as_nothing(stretch):
    features, responses, _ = stretch(0)
    features[:, 1], responses[:, 1] = 0, 0.1
    parts = [moments(features[part], responses[part], LAGS) for part in (slice(0, 2000), slice(2000, None))]
    found = response_functions(parts[0] + parts[1])
    assert (found[1] == 0).all()
    assert (found[:, :, 1] == 0).all()
    assert unique_prediction(parts, [0])[1] == 0


def test_a_feature_of_one_part_alone_is_not_made_of_rounding(stretch):
    pairs = [stretch(seed, length=500)[:2] for seed in (6, 7, 8)]
    for x, _ in pairs[1:]:
        x[:, 2] = 0
    with_it, without = ([moments(x[:, kept], y, LAGS) for x, y in pairs] for kept in ([0, 2], [0]))
    np.testing.assert_allclose(unique_prediction(with_it, [0]), unique_prediction(without, [0]), atol=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: moments(x, y[:9], LAGS), "last 40 samples, responses 9"),
        (lambda x, y: moments(x, np.where(y > 1e9, y, np.nan), LAGS), "responses hold .*40, first in row 0, column 0"),
        (lambda x, y: moments(np.r_[x[:-1], [[0, np.inf]]], y, LAGS), "features hold .*1, first in row 39, column 1"),
        (lambda x, y: moments(x[None], y, LAGS), "must be .time, column. or .time,., got shape"),
        (lambda x, y: moments(x, y, LAGS / 2), "whole numbers of samples"),
        (lambda x, y: moments(x, y, [0, 0]), "each once"),
        (lambda x, y: moments(x, y, []), "lags must be"),
        (lambda x, y: moments(x, y, [0, 40]), "do not fit a stretch of 40"),
        (lambda x, y: moments(x, y, LAGS) + moments(x[:, :1], y, LAGS), "must share features, lags and channels"),
        (lambda x, y: moments(x, y, LAGS).only([2]), "numbered 0 to 1"),
        (lambda x, y: response_functions(moments(x, y, LAGS), ridge=0), "ridge must be"),
        (lambda x, y: unique_prediction([moments(x, y, LAGS)], [0]), "two stretches"),
        (lambda x, y: unique_prediction([moments(x, y, LAGS)] * 2, []), "at least one"),
        (lambda x, y: unique_prediction([moments(x, y, LAGS)] * 2, [-1]), "numbered 0 to 1"),
    ],
)
def test_bad_input_is_named(call, message):
    x = np.random.default_rng(0).standard_normal((40, 2))
    with pytest.raises(ValueError, match=message):
        call(x, np.ones((40, 1)))
