import csv
import socket

import numpy as np
import pytest
import yaml

from lib import models
from lib.ground import MissingData, WrongUse
from lib.models.check import check
from lib.models.loaders import audio_llms, zoo
from lib.training.recipes import RECIPES

CARDS = models.roster().set_index("name").query("loader == 'zoo'")
FINAL = [name for name in CARDS.index if "@" not in name]
SPECTROGRAMS = ["mini-speech", "mini-resnet-music"]
LAST = {"mini-speech": ("layer.6", 0.08, 0.0375), "mini-resnet-music": ("stage.1", 0.04, 0.0025)}
"""Layer, seconds between its frames, and the centre of the first: of 16 spectra 5 ms apart, and of two."""
MEGABYTE = 1e6


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refused(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refused)


def card_of(name):
    return yaml.safe_load((zoo.folder_of(name) / "card.yml").read_text(encoding="utf-8"))


def test_roster_and_recipes_name_the_same_models():
    assert set(FINAL) == set(RECIPES)
    assert (CARDS.status == "runs").all()
    steps = {f"{name}@{step}" for name, recipe in RECIPES.items() for step in recipe.schedule.kept}
    assert set(CARDS.index) - set(FINAL) == steps
    assert len([name for name in steps if name.startswith("mini-resnet@")]) + 1 >= 7
    for name, facts in ((name, models.card(name)) for name in FINAL):
        assert facts.get("seed", 0) == RECIPES[name].schedule.seed
        assert facts.get("tuned_from", "") == RECIPES[name].start


@pytest.mark.parametrize("name", CARDS.index)
def test_shipped_model_does_what_its_card_says(name):
    checked = check(name)
    assert checked.problems == []
    assert np.isfinite(checked.layers.select_dtypes("number")).all(axis=None)


@pytest.mark.parametrize("name", CARDS.index)
def test_weights_are_small_and_as_many_as_the_card_says(name):
    from safetensors import safe_open

    file = zoo.folder_of(name) / "model.safetensors"
    assert file.stat().st_size < 8 * MEGABYTE
    assert CARDS.size_mb[name] == round(file.stat().st_size / MEGABYTE)
    with safe_open(file, framework="numpy") as weights:
        count = sum(np.prod(weights.get_slice(key).get_shape(), dtype=int) for key in weights.keys())  # noqa: SIM118
    assert CARDS.parameters[name] == count


@pytest.mark.parametrize("name", FINAL)
def test_card_tells_recipe_licences_curve_and_held_out_scores(name):
    card = card_of(name)
    assert card["name"] == name
    assert card["config"] or card["start"]
    assert isinstance(card["seed"], int)
    for diet in card["diets"].values():
        assert all(any(licence in source for licence in ("CC", "BSD", "GPL")) for source in diet["sources"].values())
        assert min(diet["sounds"].values()) > 0
    for score in card["scores"]:
        assert score["n"] > 0
        assert "held-out" in score["on"]
        assert np.isfinite(score["value"])
    with (zoo.folder_of(name) / card["curve"]).open() as file:
        rows = list(csv.DictReader(file))
    assert int(rows[-1]["step"]) == card["schedule"]["steps"]
    assert float(rows[-1]["held_out"]) < float(rows[0]["held_out"])


@pytest.mark.parametrize("name", FINAL)
def test_untrained_twin_is_another_model_and_always_the_same(name):
    sound = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    trained, one, again, other = (
        models.load(each).activations(sound, 16000).layers
        for each in (name, f"untrained:{name}:1", f"untrained:{name}:1", f"untrained:{name}:2")
    )
    last = list(trained)[-1]
    np.testing.assert_array_equal(one[last], again[last])
    assert not np.allclose(one[last], trained[last], atol=0.1)
    assert not np.allclose(one[last], other[last], atol=0.1)


@pytest.mark.parametrize("name", ["mini-resnet"])
def test_training_began_with_the_untrained_twin(name):
    """Its weights are the twin's; its normalisation was settled on sounds, which the twin never heard."""
    from safetensors.numpy import load_file
    from transformers import ResNetConfig, ResNetModel

    from lib.models.loaders import networks

    folder = zoo.folder_of(f"{name}@0")
    config = ResNetConfig.from_pretrained(folder)
    config.dtype = None
    twin = networks.untrained(lambda: ResNetModel(config), 0).state_dict()
    for key, weights in load_file(folder / "model.safetensors").items():
        if "running" not in key and "num_batches" not in key:
            np.testing.assert_allclose(weights, twin[key].numpy(), atol=1e-3)  # stored in half precision


def test_units_of_a_convolutional_model_are_channels_at_rows_of_frequency():
    model = models.load("mini-resnet")
    time = np.arange(32_000) / 16_000
    low, high = (np.sin(2 * np.pi * pitch * time).astype(np.float32) for pitch in (150, 6000))
    rows = model.describe("stem")["row"].to_numpy()
    answers = [model.activations(tone, 16_000).layers["stem"].mean(0) for tone in (low, high)]
    apart = np.abs(np.asarray(answers[0]) - np.asarray(answers[1]))
    middle = apart[(rows > 5) & (rows < 10)].mean()
    assert apart[rows == 0].mean() > 2 * middle
    assert set(rows) == set(range(16))


@pytest.mark.parametrize("name", SPECTROGRAMS)
def test_spectrogram_models_do_not_hear_level(name):
    sound = np.random.default_rng(0).normal(size=32000).astype(np.float32)
    model = models.load(name)
    loud, soft = (model.activations(gain * sound, 16000).layers[LAST[name][0]] for gain in (1, 0.01))
    np.testing.assert_allclose(loud, soft, atol=0.02)


@pytest.mark.parametrize("name", SPECTROGRAMS)
def test_spectrogram_models_hear_two_seconds_at_once_and_long_sounds_in_windows(name):
    sound = np.random.default_rng(0).normal(size=5 * 16000).astype(np.float32)
    model = models.load(name)
    heard = model.activations(sound, 16000)
    layer, step, first = LAST[name]
    assert heard.times[layer][0] == pytest.approx(first)
    np.testing.assert_allclose(np.diff(heard.times[layer]), step)
    assert 5 - heard.times[layer][-1] < step
    with pytest.raises(WrongUse, match="2 s at once; got 5"):
        model.represent(sound[None])


def test_encoder_of_the_audio_llm_can_be_heard_too():
    card = models.card("mini-audio-llm")
    model = audio_llms.from_folder(zoo.folder_of(card["name"]), card, part="encoder")
    layers = model.represent(np.random.default_rng(0).normal(size=(1, 16000)).astype(np.float32))
    assert list(layers) == ["encoder.embedding", "encoder.1", "encoder.2", "encoder.3"]


def test_missing_weights_give_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    with pytest.raises(MissingData, match=r"model.safetensors.*alike models train mini-speech"):
        models.load("mini-speech")
