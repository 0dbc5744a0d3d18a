import dataclasses

import numpy as np
import pandas as pd
import pytest

from lib import models
from lib.ground import MissingData, WrongUse
from lib.models import check as room
from lib.models.activations import Frames
from lib.models.check import check, frame_rate, syllables
from lib.models.extraction import Model
from lib.models.loaders.language import LanguageModel, TextStates

CARD = {"name": "counting", "rate": 1000, "layers": 2, "width": 10, "frame_rate": 100, "status": "runs"}


@pytest.fixture
def checked(counting, monkeypatch):
    """Check the counting model after something about it, or about its card, was changed."""

    def run(change=None, model=None, **facts):
        model = model or counting[0]
        if change:
            model = dataclasses.replace(model, represent=lambda waves: change(counting[0].represent(waves), waves))
        monkeypatch.setattr(room, "load", lambda name: model)
        monkeypatch.setattr(room, "load_language", lambda name: model)
        monkeypatch.setattr(room, "card", lambda name: {**CARD, **facts})
        return check("counting")

    return run


def test_sound_model_has_no_problem(checked, cache):
    found = checked()
    assert found.problems == []
    assert list(found.layers.index) == ["waves", "power"]
    assert list(found.layers.units) == [10, 1]
    np.testing.assert_allclose(found.layers.frame_rate, [100, 50])
    assert found.layers.click.abs().max() < 0.02
    assert not cache.exists()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"rate": 8000}, "rate is 1000, its card says 8000"),
        ({"layers": 3}, "layers is 2, its card says 3"),
        ({"width": 12}, "width is 1 or 10, its card says 12"),
        ({"frame_rate": 75}, "frame_rate is 50 or 100, its card says 75"),
    ],
)
def test_card_is_compared(checked, facts, message):
    assert checked(**facts).problems == [message]


def test_what_the_card_does_not_say_is_not_compared(counting, monkeypatch):
    monkeypatch.setattr(room, "load", lambda name: counting[0])
    monkeypatch.setattr(room, "card", lambda name: {"name": "counting"})
    assert check("counting").problems == []


def layer(name, values=None, times=None):
    """Change one layer: its values or its times."""

    def change(frames, waves):
        old = frames[name]
        new = Frames(
            old.values if values is None else values(old.values), old.times if times is None else times(old.times)
        )
        return {**frames, name: new}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (layer("waves", values=lambda x: x + np.nan), "'waves': 100.0% of its numbers are not finite"),
        (layer("waves", values=lambda x: x.astype(np.float64)), "'waves' is float64"),
        (layer("waves", values=lambda x: x[..., :9]), "'waves' has 9 units, announced are 10"),
        (layer("power", values=lambda x: 0 * x), "'power' does not change during a sentence"),
        (layer("waves", values=lambda x: x + np.random.default_rng().normal()), "the same sound gave other numbers"),
        (layer("waves", values=lambda x: x - x.mean(axis=0)), "next to another sound it gives other numbers"),
        (layer("waves", times=lambda t: t + 0.3), "'waves': frames from"),
        (layer("waves", times=lambda t: t[::-1]), "the times of its frames do not rise"),
        (layer("waves", values=lambda x: x[:, ::-1]), "the frames that see a click claim to be"),
    ],
)
def test_what_is_wrong_is_told(checked, change, message):
    assert any(message in problem for problem in checked(change).problems)


def wide(late, window, hop=10, rate=1000):
    """A model whose windows see `window` samples, each normalised, and change most with what is at their ends.

    Its clock is wrong by `late` seconds.
    """
    place = np.linspace(-1, 1, window)
    mixing = np.random.default_rng(0).normal(size=(window, 6)) * (0.1 + place**4)[:, None]

    def represent(waves):
        padded = np.pad(waves, [(0, 0), (window // 2, window // 2)])
        seen = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
        seen = (seen - seen.mean(axis=2, keepdims=True)) / seen.std(axis=2, keepdims=True)
        times = np.arange(seen.shape[1]) * hop / rate + late
        inside = (times >= 0) & (times <= waves.shape[1] / rate)
        return {"conv.1": Frames(np.tanh(seen @ mixing).astype(np.float32)[:, inside], times[inside])}

    return Model("wide", rate, {"conv.1": 6}, 0.05, represent, lambda layer: pd.DataFrame({"unit": range(6)}))


@pytest.mark.parametrize("window", [12, 64, 200])
@pytest.mark.parametrize("late", [0.0, -0.015, 0.015, 0.025])
def test_clock_is_right_or_wrong_however_wide_the_window(checked, window, late):
    problems = checked(model=wide(late, window), layers=1, width=6, frame_rate=100).problems
    assert ["the frames that see a click claim to be" in told for told in problems] == [True] * (late != 0)


def test_right_clock_of_a_network_with_frames_of_64_ms_is_not_called_wrong():
    found = check("untrained:crepe-tiny:0")
    assert found.problems == []
    assert found.layers.click.abs().max() < 0.01


def test_recurrent_layers_need_not_show_a_click(checked, counting):
    model = dataclasses.replace(wide(0.1, 64), layers={"lstm.1": 6})
    renamed = dataclasses.replace(model, represent=lambda waves: {"lstm.1": wide(0.1, 64).represent(waves)["conv.1"]})
    assert checked(model=renamed, layers=1, width=6).problems == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frames, waves: {"waves": frames["waves"]}, "announces the layers ['power'], but did not give them"),
        (lambda frames, waves: 1 / 0, "it stops with ZeroDivisionError"),
        (layer("waves", values=lambda x: x[0]), "it stops with"),
    ],
)
def test_model_that_stops_is_a_problem_too(checked, change, message):
    found = checked(change)
    assert len(found.problems) == 1
    assert message in found.problems[0]


def test_reading_model_reads_two_texts(checked):
    def read(texts):
        spans = [np.array([(i, i + 1) for i in range(len(text))]) for text in texts]
        return [TextStates({"embedding": np.ones((len(s), 4), np.float32)}, s) for s in spans]

    model = LanguageModel("reader", {"embedding": 4}, read)
    assert checked(model=model, layers=1, input="text").problems == []
    wrong = dataclasses.replace(model, layers={"embedding": 5})
    assert "has shape" in checked(model=wrong, layers=1, input="text").problems[0]


def test_frame_rate_is_that_of_the_clock():
    assert frame_rate(np.arange(7) / 50) == pytest.approx(50)
    assert np.isnan(frame_rate(np.zeros(1)))


def test_syllables_sound_like_speech_to_an_envelope():
    samples, rate = syllables()
    envelope = np.abs(samples).reshape(-1, rate // 100).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
    assert np.argmax(spectrum) / (len(samples) / rate) == pytest.approx(4, abs=0.5)
    assert np.abs(samples).max() < 1


def test_unknown_model_and_missing_weights_are_told_as_they_are(monkeypatch):
    with pytest.raises(WrongUse, match="Did you mean 'logmel'"):
        check("logmell")

    def missing(name):
        raise MissingData("weights of it are not on this machine")

    monkeypatch.setattr(room, "load", missing)
    with pytest.raises(MissingData, match="not on this machine"):
        check("logmel")


def test_real_baselines_pass():
    assert "logmel" in models.names()
    assert check("logmel").problems == []
