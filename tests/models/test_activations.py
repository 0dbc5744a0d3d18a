import dataclasses

import numpy as np
import pytest

from lib.ground import WrongUse
from lib.models import Activations, card, load, names
from lib.models.activations import checked
from lib.models.baselines.cochlea import cochleagram
from lib.models.baselines.mel import logmel, mfcc
from lib.models.baselines.modulation import spectrotemporal
from lib.models.extraction import LIST, sound_features

FILTERS = [name for name in names() if card(name).get("loader") == "baselines"]


def test_pooled_is_the_average_over_time():
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    activations = Activations({"a": values}, {"a": np.arange(3) / 10})
    np.testing.assert_allclose(activations.pooled()["a"], [2, 3])


@pytest.mark.parametrize(
    ("layers", "times"),
    [
        ({"a": np.zeros((3, 2))}, {"b": np.zeros(3)}),
        ({"a": np.zeros((3, 2))}, {"a": np.zeros(4)}),
        ({"a": np.zeros(3)}, {"a": np.zeros(3)}),
    ],
)
def test_layers_and_times_must_fit(layers, times):
    with pytest.raises(ValueError, match="layer"):
        Activations(layers, times)


def test_layers_keep_their_own_clocks(counting, noises):
    model, _ = counting
    activations = model.activations(*noises(1000)[0])
    assert activations.layers["waves"].shape == (100, 10)
    assert activations.layers["power"].shape == (50, 1)
    assert activations.times["power"][1] == 0.02


def test_unknown_layer_lists_the_known(counting):
    model, _ = counting
    with pytest.raises(WrongUse, match="Known: power, waves"):
        model.units("wave")


BAD = [
    pytest.param(np.zeros(0, np.float32), 1000, "empty", id="empty"),
    pytest.param(np.zeros((2, 100), np.float32), 1000, "average the channels", id="stereo"),
    pytest.param(np.zeros(100, np.int16), 1000, "int16", id="integers"),
    pytest.param(np.zeros(40, np.float32), 1000, "0.040 s", id="too short"),
    pytest.param(np.r_[np.zeros(60), np.nan, np.zeros(60)], 1000, "nan at sample 60", id="nan"),
    pytest.param(np.r_[np.zeros(60), -np.inf], 1000, "-inf at sample 60", id="infinite"),
    pytest.param(np.zeros(100, np.float32), 0, "sampling rate is 0", id="no rate"),
    pytest.param(np.zeros(100, np.float32), -8000, "sampling rate is -8000", id="negative rate"),
    pytest.param(np.zeros(100, np.float32), float("nan"), "sampling rate is nan", id="rate not a number"),
]


@pytest.mark.parametrize(("samples", "rate", "message"), BAD)
def test_bad_sound_is_refused(counting, samples, rate, message):
    model, batches = counting
    with pytest.raises(ValueError, match=message):
        model.activations(samples, rate)
    assert not batches


@pytest.mark.parametrize(("samples", "rate", "message"), BAD)
def test_bad_sound_is_named_among_many(counting, noises, samples, rate, message):
    model, _ = counting
    with pytest.raises(ValueError, match=f"sound 2: .*{message}"):
        sound_features(model, [*noises(100, 100), (samples, rate)])


@pytest.mark.parametrize("function", [cochleagram, spectrotemporal, logmel, mfcc])
@pytest.mark.parametrize(
    ("waves", "rate", "message"),
    [
        (np.zeros(20000), 20000, r"\(sounds, samples\)"),
        (np.zeros((0, 20000)), 20000, "empty"),
        (np.zeros((1, 100)), 20000, "at least"),
        (np.full((1, 20000), np.nan), 20000, "nan at sample 0"),
        (np.zeros((1, 20000), int), 20000, "floating point"),
        (np.zeros((1, 20000)), 0, "sampling rate"),
        (np.zeros((1, 20000)), -20000, "sampling rate"),
        (np.zeros((1, 20000)), 20000.5, "whole number"),
    ],
)
def test_bad_waves_are_refused_by_every_baseline(function, waves, rate, message):
    with pytest.raises(ValueError, match=message):
        function(waves, rate)


def test_valid_sound_passes_unchanged():
    samples = np.linspace(-1, 1, 100)
    assert checked(samples, 1000, ndim=1, shortest=0.1) is samples


def test_no_sounds_is_an_error(counting):
    with pytest.raises(ValueError, match="no sounds"):
        sound_features(counting[0], iter([]))


def test_rows_are_in_order_and_equal_lengths_go_together(counting, noises):
    model, batches = counting
    sounds = noises(1000, 500, 1000, 700, 500)
    features = sound_features(model, sounds, cache=False)
    assert sorted(batches) == [(1, 700), (2, 500), (2, 1000)]
    for row, sound in enumerate(sounds):
        alone = model.activations(*sound).pooled()
        for layer in model.layers:
            np.testing.assert_array_equal(features[layer][row], alone[layer])


@pytest.mark.parametrize("progress", [True, False])
def test_bar_shows_only_when_asked(counting, noises, capsys, progress):
    sound_features(counting[0], noises(100, 100), progress=progress)
    assert ("2sound" in capsys.readouterr().err) == progress


def test_second_call_computes_nothing(counting, noises):
    model, _ = counting
    first = sound_features(model, noises(1000, 500))

    def never(waves):
        raise AssertionError("the model was asked again")

    second = sound_features(dataclasses.replace(model, represent=never), noises(1000, 500))
    for layer in model.layers:
        np.testing.assert_array_equal(first[layer], second[layer])


def test_only_new_sounds_are_computed(counting, noises):
    model, batches = counting
    sound_features(model, noises(1000, 500))
    batches.clear()
    sound_features(model, noises(1000, 500, 700))
    assert batches == [(1, 700)]


def test_new_revision_starts_afresh(counting, noises):
    model, batches = counting
    sound_features(model, noises(1000))
    sound_features(dataclasses.replace(model, revision="2"), noises(1000))
    assert len(batches) == 2


def test_without_cache_nothing_is_written(counting, noises, cache):
    sound_features(counting[0], noises(1000), cache=False)
    assert not cache.exists()


def test_damaged_sound_alone_is_computed_again(counting, noises, cache):
    model, batches = counting
    first = sound_features(model, noises(1000, 1000, 1000))
    files = sorted(cache.rglob("*.safetensors"))
    assert len(files) == 3
    raw = files[1].read_bytes()
    files[1].write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    batches.clear()
    with pytest.warns(UserWarning, match="damaged"):
        second = sound_features(model, noises(1000, 1000, 1000))
    assert batches == [(1, 1000)]
    assert files[1].read_bytes() == raw
    for layer in model.layers:
        np.testing.assert_array_equal(first[layer], second[layer])


def test_sounds_are_taken_as_they_are_needed(counting):
    model, batches = counting
    drawn_before_work = []

    def sounds():
        for number in range(40):
            if batches and not drawn_before_work:
                drawn_before_work.append(number)
            yield np.full(10_000, number, np.float32), 1000  # ten seconds each

    features = sound_features(model, sounds(), cache=False)
    assert drawn_before_work[0] <= LIST / 10
    np.testing.assert_array_equal(features["power"][:, 0], np.arange(40.0) ** 2)


@pytest.mark.parametrize("name", FILTERS)
def test_batch_equals_one_by_one(name):
    model = load(name)
    waves = np.random.default_rng(0).normal(size=(3, model.rate // 2)).astype(np.float32)
    together = model.represent(waves)[name].values
    for wave, values in zip(waves, together, strict=True):
        np.testing.assert_allclose(model.represent(wave[None])[name].values[0], values, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", FILTERS)
def test_two_sampling_rates_give_nearly_the_same(name):
    model = load(name)
    t = np.arange(88200) / 44100
    wave = np.sin(2 * np.pi * (300 + 200 * t) * t) * (1 + 0.7 * np.sin(2 * np.pi * 4 * t)) + 0.3 * np.sin(9000 * t)
    wave += 0.01 * np.random.default_rng(0).normal(size=22050).repeat(4)  # nothing rests on an empty band
    fine = model.activations(wave, 44100).pooled()[name]
    from soxr import resample

    coarse = model.activations(resample(wave, 44100, 32000), 32000).pooled()[name]
    assert np.corrcoef(fine, coarse)[0, 1] > 0.9999
    np.testing.assert_allclose(coarse, fine, atol=0.02 * np.ptp(fine))
