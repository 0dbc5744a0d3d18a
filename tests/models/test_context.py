import dataclasses

import numpy as np
import pytest

from lib.models.activations import Frames
from lib.models.context import context_features, snippets

RATE = 1000


@pytest.fixture
def remembering(counting):
    """A model whose frames sum all they have heard since the start of what they were given."""
    batches = []

    def represent(waves):
        batches.append(waves.shape)
        sums = np.cumsum(waves.astype(np.float64), axis=1)[:, 9::10, None]
        return {
            "waves": Frames(np.repeat(sums, 10, axis=2), np.arange(sums.shape[1]) / 100),
            "power": Frames(sums[:, ::2], np.arange(sums[:, ::2].shape[1]) / 50),
        }

    return dataclasses.replace(counting[0], represent=represent), batches


def test_rows_are_last_frames_and_know_nothing_of_the_future(remembering):
    model, _ = remembering
    wave = np.random.default_rng(0).normal(size=3055).astype(np.float32)
    found = context_features(model, wave, RATE, context=1.0, stride=0.1)
    assert found.layers["waves"].shape == (30, 10)
    np.testing.assert_allclose(found.times["waves"], np.arange(1, 31) / 10)
    for row, end in enumerate(range(100, 3001, 100)):
        past = wave[max(0, end - 1000) : end].astype(np.float64)
        np.testing.assert_allclose(found.layers["waves"][row], past.sum(), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.layers["power"][row], past[:-10].sum(), rtol=1e-4, atol=1e-4)


def test_full_snippets_go_together(remembering):
    model, batches = remembering
    context_features(model, np.zeros(20_000, np.float32), RATE, context=1.0, cache=False)
    assert batches[:10] == [(1, length) for length in range(100, 1000, 100)] + [(4, 1000)]
    assert sum(sounds for sounds, _ in batches) == 200
    assert max(sounds * samples for sounds, samples in batches) <= 4 * RATE


@pytest.mark.parametrize("choice", [{}, {"context": 0.5}, {"stride": 0.2}, {"layers": ["power"]}])
def test_second_run_computes_nothing_and_every_choice_has_its_file(remembering, cache, choice):
    model, _ = remembering
    wave = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    context_features(model, wave, RATE, context=1.0)
    first = context_features(model, wave, RATE, **{"context": 1.0, **choice})
    assert len(list(cache.rglob("*.safetensors"))) == (2 if choice else 1)

    def never(waves):
        raise AssertionError("the model was asked again")

    asleep = dataclasses.replace(model, represent=never)
    second = context_features(asleep, wave, RATE, **{"context": 1.0, **choice})
    for layer, values in first.layers.items():
        np.testing.assert_array_equal(values, second.layers[layer])
        np.testing.assert_array_equal(first.times[layer], second.times[layer])


def test_without_cache_the_numbers_are_the_same(remembering, cache):
    model, _ = remembering
    wave = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    without = context_features(model, wave, RATE, context=1.0, cache=False)
    assert not cache.exists()
    kept = context_features(model, wave, RATE, context=1.0)
    np.testing.assert_allclose(without.layers["power"], kept.layers["power"], rtol=1e-6)


def test_published_protocol():
    spans = snippets(20 * 16000, 16000, 16.0, 0.1)
    assert len(spans) == 200
    assert spans[0] == (0, 1600)
    assert spans[159] == (0, 256_000)
    assert spans[160] == (1600, 257_600)
    assert spans[-1] == (320_000 - 256_000, 320_000)


def test_snippets_too_short_for_the_model_are_left_out(remembering):
    model = dataclasses.replace(remembering[0], shortest=0.25)
    found = context_features(model, np.ones(1000, np.float32), RATE, context=0.5)
    np.testing.assert_allclose(found.times["waves"], np.arange(3, 11) / 10)


@pytest.mark.parametrize("rate", [44100, 22050, 24000])
def test_strides_between_samples_do_not_drift(rate):
    ends = np.array([end for _, end in snippets(60 * rate, rate, 1.0, 1 / 30)]) / rate
    np.testing.assert_allclose(ends, np.arange(1, 1801) / 30, atol=0.51 / rate)


@pytest.mark.parametrize("choice", [{"stride": 0.0}, {"stride": -1.0}, {"context": 0.01}])
def test_impossible_protocol_is_refused(counting, choice):
    with pytest.raises(ValueError, match="expected a stride above 0"):
        context_features(counting[0], np.ones(1000, np.float32), RATE, **choice)
