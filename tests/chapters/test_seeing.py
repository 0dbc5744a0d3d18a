"""What a model sees: paces of known series, pictures that hold what they should, and what is said of whom."""

import base64
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lib.chapters.seeing import figures, headline, material, numbers, paces, seen, viewer
from lib.ground import WrongUse
from lib.report import check

RATE = 16_000
NAMES = ["stim1_man_speaking", "stim2_rain", "stim3_woman_speaking", "stim4_wind"]


def autoregressive(rng, phi, sounds=40, frames=400, units=6):
    """Series whose correlation from frame to frame is phi."""
    x = np.empty((sounds, frames, units))
    x[:, 0] = rng.standard_normal((sounds, units))
    for t in range(1, frames):
        x[:, t] = phi * x[:, t - 1] + np.sqrt(1 - phi**2) * rng.standard_normal((sounds, units))
    return x


def tones(name):
    """Half a second of a tone that comes and goes, of a frequency of its own."""
    t = np.arange(RATE // 2) / RATE
    k = NAMES.index(name)
    return (np.sin(2 * np.pi * (300 + 400 * k) * t) * (np.sin(2 * np.pi * (4 + k) * t) > 0) / 2).astype("f4"), RATE


@pytest.fixture
def recording():
    stimuli = pd.DataFrame({"category": ["EngSpeech", "Nature"] * 2, "duration": 0.5}, index=NAMES)
    return SimpleNamespace(stimuli=stimuli, audio=tones, simulated=True, licence="none stated", fingerprint="x")


@pytest.fixture
def heard(recording, monkeypatch):
    monkeypatch.setattr(material, "load_sounds", lambda name: recording)
    return material.heard("tones", 2, 0)


@pytest.fixture
def looked(heard):
    """What a filter bank, which has no twin, does during the tones."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seen, "kept", lambda what, key, compute: compute())
        return seen.look(heard, "logmel")


def test_pace_of_an_autoregressive_series_is_its_time_constant():
    rng, step = np.random.default_rng(0), 0.02
    for phi in (0.5, 0.9):
        found = paces.paces(autoregressive(rng, phi, sounds=10, frames=2000), step)
        assert np.median(found) == pytest.approx(-step / np.log(phi), rel=0.12)


def test_pace_of_noise_is_below_a_frame_and_a_slower_clock_makes_it_longer():
    noise = np.random.default_rng(1).standard_normal((10, 100, 20))
    assert np.all(paces.paces(noise, 0.02) < 0.02)
    assert paces.paces(noise, 0.04) == pytest.approx(2 * paces.paces(noise, 0.02))


def test_what_all_sounds_share_has_no_pace():
    rng = np.random.default_rng(2)
    noise, slow = rng.standard_normal((30, 100, 5)), 10 * np.linspace(-1, 1, 100)[None, :, None]
    assert np.median(paces.paces(noise + slow, 1.0)) == pytest.approx(np.median(paces.paces(noise, 1.0)), rel=0.1)
    assert paces.paces(noise[:1] + slow, 1.0)[0] > 10  # of a single sound nothing is known to be shared


def test_loud_units_count_no_more_than_others():
    rng = np.random.default_rng(3)
    both = np.concatenate([autoregressive(rng, 0.95, units=3), autoregressive(rng, 0.1, units=3)], 2)
    louder = both * np.array([1000, 1000, 1000, 1, 1, 1])
    assert paces.paces(louder, 1.0) == pytest.approx(paces.paces(both, 1.0))


def test_what_has_no_pace_is_told_apart():
    assert np.isnan(paces.paces(np.ones((2, paces.LEAST_FRAMES - 1, 3)), 1.0)).all()
    assert np.isnan(paces.paces(np.zeros((2, 50, 3)), 1.0)).all()


def test_frames_are_averaged_around_the_moments_of_a_slower_clock():
    times, clock = np.arange(20) * 0.01, np.array([0.02, 0.06, 0.10])
    frames = np.arange(20.0)[None, :, None]
    assert paces.on_clock(frames, times, clock)[0, :, 0] == pytest.approx([1.5, 5.5, 9.5])
    assert paces.on_clock(frames, times, times) == pytest.approx(frames)
    beyond = paces.on_clock(frames, times, np.array([0.1, 0.3, 0.5]))
    assert beyond[0, -1, 0] == 19  # where the sound has ended, its last frame


def test_ratio_is_a_geometric_mean_with_its_interval():
    found = paces.ratio(np.array([2.0, 8.0, np.nan]), np.array([1.0, 1.0, 1.0]))
    assert (found.value, found.n) == (pytest.approx(4), 2)
    assert found.low * found.high == pytest.approx(16)
    layers = paces.ratio(np.array([[2.0, 8.0], [4.0, np.nan]]), np.ones((2, 2)))
    assert layers.value == pytest.approx(4)
    covered = 0
    rng = np.random.default_rng(4)
    for _ in range(300):
        one = paces.ratio(np.exp(rng.normal(0.5, 1, 20)), np.ones(20))
        covered += one.low <= np.exp(0.5) <= one.high
    assert 0.9 < covered / 300 < 0.98


def decoded(text):
    return np.array(Image.open(io.BytesIO(base64.b64decode(text))))


def test_a_picture_holds_its_steps_the_first_unit_lowest():
    picture = np.arange(12, dtype=np.uint8).reshape(4, 3)  # 4 frames, 3 units
    image = Image.open(io.BytesIO(base64.b64decode(viewer.png(picture, "viridis"))))
    assert image.size == (4, 3)
    assert np.array_equal(np.array(image), picture.T[::-1])
    assert image.getpalette()[:48] == viewer.palette("viridis")


def test_the_viewer_has_every_sound_model_and_layer_at_its_time(looked, heard):
    facts = viewer.contents([looked], heard)
    (model,) = facts["models"]
    (layer,) = model["layers"]
    assert [sound["title"] for sound in facts["sounds"]] == [heard.title(name) for name in heard.shown]
    assert len(layer["pictures"]) == len(layer["told"]) == len(heard.shown) == 2
    step = paces.step_of(looked.layers[0].times)
    assert layer["start"] == pytest.approx(looked.layers[0].times[0] - step / 2, abs=1e-3)
    assert layer["end"] == pytest.approx(looked.layers[0].times[-1] + step / 2, abs=1e-3)
    assert decoded(layer["pictures"][1]).shape == looked.layers[0].pictures[1].T.shape


def test_units_are_in_the_order_of_the_frequency_they_follow(looked):
    """Bands of a filter bank follow channels of their own frequency, which tones of four frequencies tell apart."""
    found = looked.layers[0].frequencies
    assert np.all(np.diff(found) >= 0)
    assert found[-1] > 2 * found[0]


def test_a_unit_follows_what_it_goes_with_up_or_down():
    rng = np.random.default_rng(7)
    cochlea = rng.standard_normal((3, 50, 4))
    values = 5 - 2 * cochlea[:, :, [2, 0, 3]]
    order, follows = seen._order(values, cochlea)
    assert follows.tolist() == [2, 0, 3]
    assert order.tolist() == [1, 0, 2]


def test_the_sound_is_put_on_the_clock_of_the_layer(looked, heard):
    frames, clock = seen.cochleagrams(heard, heard.names)
    times = looked.layers[0].times
    assert paces.step_of(times) > 1.5 * paces.step_of(clock)
    averaged = paces.on_clock(frames, clock, times)
    assert looked.of_sound[:, 0] == pytest.approx(paces.paces(averaged, paces.step_of(times)))
    assert looked.of_sound[:, 0] != pytest.approx(paces.paces(frames, paces.step_of(clock)), rel=0.02)


def test_a_picture_shows_standard_deviations_over_all_sounds():
    values = np.zeros((2, 2, 2))
    values[0, :, 0] = 1
    values[1, :, 0] = -1
    steps = seen.quantised(values, [0, 1])
    assert steps[0, 0, 0] == int((1 / seen.RANGE + 1) / 2 * seen.LEVELS)
    assert steps[1, 0, 0] == int((-1 / seen.RANGE + 1) / 2 * seen.LEVELS)
    assert set(steps[:, :, 1].ravel()) == {seen.LEVELS // 2}  # a unit that does nothing is in the middle
    assert steps.max() < seen.LEVELS


def test_sounds_of_others_are_not_handed_on(looked, heard, recording):
    assert all(one["audio"].startswith("data:audio/mpeg") for one in viewer.contents([looked], heard)["sounds"])
    recording.simulated = False
    facts = viewer.contents([looked], heard)
    assert not any(one["audio"] for one in facts["sounds"])
    assert "none stated" in facts["note"]
    assert "data:audio" not in viewer.viewer([looked], heard).data


def test_data_of_the_viewer_cannot_end_its_script(looked, heard, monkeypatch):
    monkeypatch.setattr(material.Heard, "title", lambda self, name: "</script><b>")
    html = viewer.viewer([looked], heard).data
    inside = re.search(r'class="seeing-data">(.*?)</script>', html, flags=re.S).group(1)
    assert json.loads(inside)["sounds"][0]["title"] == "</script><b>"


def test_ticks_stand_where_their_channels_are():
    frequencies = np.geomspace(50, 5000, 64)
    found = dict(viewer.ticks(frequencies))
    assert list(found) == ["100 Hz", "300 Hz", "1 kHz", "3 kHz"]  # 10 kHz is above all of them
    assert frequencies[int(found["1 kHz"] * 64 - 0.5)] <= 1000 <= frequencies[int(found["1 kHz"] * 64 - 0.5) + 1]


def test_the_same_number_is_drawn_of_each_category(heard, recording):
    assert (heard.n, len(heard.shown)) == (4, 2)
    assert set(heard.shown) <= set(heard.names)
    assert len({recording.stimuli.loc[name, "category"] for name in heard.shown}) == 2
    assert heard.title("stim2_rain") == "Nature: rain"


def model_with(name, pace, of_sound, of_twin=None):
    layers = tuple(SimpleNamespace(name=f"layer.{k}") for k in range(np.shape(pace)[1]))
    of_twin = np.full(np.shape(pace), np.nan) if of_twin is None else of_twin
    return seen.Seen(name, layers, np.asarray(pace), np.asarray(of_sound), np.asarray(of_twin))


@pytest.fixture
def slowing():
    """A model twice as slow as the sound in its first layer and four times in its last, its twin like the sound."""
    rng = np.random.default_rng(5)
    sound = np.exp(rng.normal(-3, 0.2, (30, 2)))
    wobble = np.exp(rng.normal(0, 0.05, (30, 2)))
    return model_with("slow", sound * [2, 4] * wobble, sound, sound / wobble)


def test_factors_are_found(slowing):
    assert numbers.against_sound(slowing).value == pytest.approx(np.sqrt(8), rel=0.05)
    assert numbers.against_first(slowing).value == pytest.approx(2, rel=0.05)
    assert numbers.against_twin(slowing).value == pytest.approx(np.sqrt(8), rel=0.05)
    assert numbers.named([slowing], SimpleNamespace(n=30))["slowest_layer"] == "`layer.1`"


def test_only_what_is_clear_is_counted(slowing):
    faster = model_with("fast", slowing.pace[:, ::-1], slowing.of_sound, slowing.pace * 2)
    wobble = np.exp(np.random.default_rng(6).normal(0.05, 0.5, slowing.pace.shape))
    unclear = model_with("unclear", slowing.of_sound * wobble, slowing.of_sound)
    said = numbers.named([slowing, faster, unclear], SimpleNamespace(n=30))
    assert said["deeper"] == "1 of 3 are slower and 1 faster; of 1 it can't be told"
    assert said["trained"] == "1 of 2 are slower and 1 faster"


def test_the_first_screen_says_which_way_and_keeps_its_rules(slowing):
    place = SimpleNamespace(kind="generated sounds")
    text = headline.headline([slowing], place)
    assert check.first_screen(text) == []
    assert "became longer" in text
    assert "n = 30 sounds" in text
    faster = model_with("fast", slowing.of_sound, slowing.pace, slowing.pace)
    assert "did not clearly change" in headline.headline(
        [model_with("as fast", slowing.of_sound, slowing.of_sound, slowing.of_sound * np.array([[1.2, 1 / 1.2]]))],
        place,
    )
    assert "became shorter" in headline.headline([faster], place)


def test_a_model_without_twin_and_of_one_layer_says_so():
    one = model_with("one", np.full((5, 1), 0.2), np.full((5, 1), 0.1))
    assert numbers.against_twin(one) is None
    said = numbers.named([one], SimpleNamespace(n=5))
    assert said["learnt"] == numbers.NO_TWIN
    assert said["deepening"] == numbers.ONE_LAYER
    assert "can't be asked" in headline.headline([one], SimpleNamespace(kind="sounds"))


def test_figures_say_what_they_show(slowing, looked, heard):
    shown = figures.pace([slowing], heard)
    assert "last (layer.1) 4." in shown.alt or "last (layer.1) 3.9" in shown.alt
    assert f"over {heard.n} generated sounds" in shown.caption
    first = figures.one_sound(looked, heard)
    assert heard.title(heard.shown[0]) in first.alt
    assert "stays like itself" in first.alt


def test_rows_of_results_are_the_paces(slowing):
    table = numbers.tidy([slowing], SimpleNamespace(names=tuple(f"s{k}" for k in range(30))))
    assert len(table) == 30 * 2 * 3
    one = table[(table["stimulus"] == "s3") & (table["layer"] == "layer.1") & (table["measure"] == "pace")]
    assert one["value"].item() == slowing.pace[3, 1]


def test_no_model_at_all_is_wrong_use_and_missing_ones_are_named(monkeypatch):
    with pytest.raises(WrongUse, match="no model to look at"):
        material.at_hand([], [])
    monkeypatch.setattr(material, "is_here", lambda name: name != "whisper-base")
    here, told = material.at_hand(["logmel"], ["crepe-tiny", "whisper-base", "crepe-tiny"])
    assert here == ["crepe-tiny", "logmel"]
    assert told.startswith("`whisper-base` is not on this machine")
