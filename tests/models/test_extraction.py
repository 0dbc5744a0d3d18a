import dataclasses
import tracemalloc

import numpy as np
import pytest

from lib.ground import WrongUse
from lib.models.extraction import LIST, sound_activations, sound_features


def never(waves):
    raise AssertionError("the model was asked again")


def assert_same(one, two):
    assert list(one.layers) == list(two.layers)
    for layer, values in one.layers.items():
        np.testing.assert_array_equal(values, two.layers[layer])
        np.testing.assert_array_equal(one.times[layer], two.times[layer])


@pytest.mark.parametrize("kept", [True, False])
def test_activations_come_in_order_and_equal_lengths_go_together(counting, noises, kept):
    model, batches = counting
    sounds = noises(1000, 500, 1000, 700, 500)
    found = list(sound_activations(model, sounds, cache=kept))
    assert sorted(batches) == [(1, 700), (2, 500), (2, 1000)]
    for activations, sound in zip(found, sounds, strict=True):
        assert_same(activations, model.activations(*sound))


def test_second_run_computes_nothing(counting, noises):
    model, _ = counting
    first = list(sound_activations(model, noises(1000, 500)))
    asleep = dataclasses.replace(model, represent=never)
    for one, two in zip(first, sound_activations(asleep, noises(1000, 500)), strict=True):
        assert_same(one, two)


@pytest.mark.parametrize("kept", [True, False])
def test_one_sound_with_cache_and_without(counting, noises, kept):
    model, _ = counting
    sound = noises(1000)[0]
    first = model.activations(*sound, cache=kept)
    again = dataclasses.replace(model, represent=never) if kept else model
    assert_same(first, again.activations(*sound, cache=kept))


def test_long_sound_is_heard_in_windows_and_averaged_over_all(counting, noises):
    model, batches = counting
    sound = noises(30_500)[0]
    whole = model.activations(*sound)
    batches.clear()
    inside = model.activations(*sound, window=2.0, context=0.5)
    assert max(samples for _, samples in batches) < 2100
    for layer in model.layers:
        np.testing.assert_allclose(inside.layers[layer], whole.layers[layer], rtol=1e-6)
        np.testing.assert_allclose(inside.times[layer], whole.times[layer], atol=1e-9)
    features = sound_features(model, [sound], window=2.0, context=0.5)
    for layer, values in whole.pooled().items():
        np.testing.assert_allclose(features[layer][0], values, rtol=1e-5, atol=1e-6)


def test_a_model_has_a_window_of_its_own(counting, noises):
    model, batches = counting
    listener = dataclasses.replace(model, window=1.0, context=0.1)
    listener.activations(*noises(5000)[0])
    assert max(samples for _, samples in batches) < 1100
    batches.clear()
    model.activations(*noises(5000)[0])
    assert batches == [(1, 5000)]


def test_long_sound_is_in_memory_once_batch_by_batch(counting):
    model, _ = counting
    wave = np.zeros(4_000_000, np.float32)  # more than an hour
    tracemalloc.start()
    activations = model.activations(wave, 1000, window=5.0, context=0.5, cache=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert activations.layers["waves"].shape == (400_000, 10)
    assert isinstance(activations.layers["waves"], np.memmap)
    assert (
        peak < wave.nbytes / 2 + 8 * 600_000 * 3
    )  # the frames themselves are 16 MB and stay on disk; the clocks do not


@pytest.mark.parametrize("kind", [sound_features, sound_activations])
def test_layers_can_be_chosen(counting, noises, kind):
    found = kind(counting[0], noises(1000), ["power"])
    found = found if isinstance(found, dict) else next(found).layers
    assert list(found) == ["power"]


def test_unknown_choices_are_refused(counting, noises):
    model, batches = counting
    with pytest.raises(WrongUse, match="Known: power, waves"):
        sound_features(model, noises(1000), ["powers"])
    with pytest.raises(WrongUse, match="unknown precision 'double'"):
        sound_features(model, noises(1000), precision="double")
    with pytest.raises(ValueError, match="leaves nothing between"):
        sound_features(model, noises(1000), window=1.0, context=0.5)
    assert not batches


def test_every_choice_has_its_own_shelf(counting, noises, cache):
    model, _ = counting
    sound_features(model, noises(3000))
    sound_features(model, noises(3000), ["power"])
    sound_features(model, noises(3000), precision="half")
    sound_features(model, noises(3000), window=1.0, context=0.1)
    sound_features(model, noises(3000), window=1.0, context=0.2)
    list(sound_activations(model, noises(3000)))
    assert len(list(cache.rglob("*.safetensors"))) == 6
    sound_features(model, noises(3000), window=10.0, context=0.2)  # it fits into the window: the same numbers
    assert len(list(cache.rglob("*.safetensors"))) == 6


def test_damaged_frames_are_computed_again(counting, noises, cache):
    model, batches = counting
    first = list(sound_activations(model, noises(1000, 1000)))
    file = sorted(cache.rglob("*.safetensors"))[0]
    kept = [dataclasses.replace(each, layers={k: np.array(v) for k, v in each.layers.items()}) for each in first]
    del first
    raw = file.read_bytes()
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    batches.clear()
    with pytest.warns(UserWarning, match="damaged"):
        second = list(sound_activations(model, noises(1000, 1000)))
    assert batches == [(1, 1000)]
    assert file.read_bytes() == raw
    for one, two in zip(kept, second, strict=True):
        assert_same(one, two)


def test_interrupted_extraction_leaves_no_file(counting, noises, cache):
    model, batches = counting

    def tiring(waves):
        if len(batches) == 2:
            raise KeyboardInterrupt
        return model.represent(waves)

    with pytest.raises(KeyboardInterrupt):
        dataclasses.replace(model, represent=tiring).activations(
            *noises(60_000)[0], window=2.0, context=0.1, cache=True
        )
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_activations_are_taken_as_they_are_needed(counting):
    drawn = []

    def sounds():
        for number in range(40):
            drawn.append(number)
            yield np.full(10_000, number, np.float32), 1000

    first = next(sound_activations(counting[0], sounds()))
    assert first.layers["power"].shape == (500, 1)
    assert len(drawn) <= LIST / 10
