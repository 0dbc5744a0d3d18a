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


def test_moments_of_segments_add_up_and_come_apart(stretch):
    first, second = (moments(*stretch(seed)[:2], LAGS) for seed in (2, 3))
    both = first + second
    np.testing.assert_allclose((both - second).xx, first.xx, rtol=1e-9)
    np.testing.assert_allclose((both - second).xy, first.xy, atol=1e-8)
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


def test_scale_of_features_does_not_matter_for_predictions(stretch):
    parts = [stretch(seed)[:2] for seed in (6, 7, 8)]
    plain = unique_prediction([moments(x, y, LAGS) for x, y in parts], [1])
    scaled = unique_prediction([moments(x * [1, 1000, 0.01], 5 * y, LAGS) for x, y in parts], [1])
    np.testing.assert_allclose(plain, scaled, rtol=1e-6)


def test_bad_input_is_named():
    x = np.ones((10, 1))
    with pytest.raises(ValueError, match="last 10 samples, responses 9"):
        moments(x, np.ones((9, 1)), LAGS)
    with pytest.raises(ValueError, match="responses hold values that are not finite"):
        moments(x, np.full((10, 1), np.nan), LAGS)
    with pytest.raises(ValueError, match="two stretches"):
        unique_prediction([moments(np.eye(10)[:, :2], x, LAGS)], [0])
