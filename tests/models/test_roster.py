import subprocess
import sys

import numpy as np
import pytest

from lib import models
from lib.ground import ROOT, WrongUse

CARDS = models.roster().set_index("name")
RUNS = list(CARDS.index[CARDS.status == "runs"])


def test_every_card_is_complete_and_names_are_unique():
    assert CARDS.index.is_unique
    assert list(CARDS.index) == models.names()
    facts = " ".join(CARDS.columns)
    assert facts == "title family paper licence rate layers width frame_rate objective training status reference"
    assert CARDS.notna().all(axis=None)
    assert set(CARDS.status) <= {"runs", "weights needed", "no public implementation"}


@pytest.mark.parametrize("name", RUNS)
def test_what_runs_is_what_its_card_says(name):
    card, model = CARDS.loc[name], models.load(name)
    sound = np.random.default_rng(0).normal(size=2 * 44100).astype(np.float32)
    activations = model.activations(sound, 44100)
    assert model.name == name
    assert model.rate == card.rate
    assert list(activations.layers) == list(model.layers)
    assert len(model.layers) == card.layers
    for layer, values in activations.layers.items():
        times = activations.times[layer]
        assert values.shape == (len(times), card.width) == (len(times), model.layers[layer])
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert (values.std(axis=0) > 0).all()
        assert len(model.units(layer)) == card.width
        assert 1 / np.diff(times).mean() == pytest.approx(card.frame_rate)
        assert 0 <= times[0] < times[-1] < 2
        assert 2 - times[-1] < 0.03  # frames reach to the end of the sound


@pytest.mark.parametrize("name", RUNS)
def test_same_sound_same_numbers(name):
    sound = np.random.default_rng(1).normal(size=22050).astype(np.float32)
    one, two = (models.load(name).activations(sound, 22050).layers[name] for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", RUNS)
def test_shortest_sound_is_heard_and_a_shorter_one_refused(name):
    model = models.load(name)
    sound = np.random.default_rng(2).normal(size=round(model.shortest * 44100)).astype(np.float32)
    assert len(model.activations(sound, 44100).times[name]) > 0
    with pytest.raises(ValueError, match="at least"):
        model.activations(sound[:-44], 44100)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(WrongUse, match="Did you mean 'cochleagram'"):
        models.load("cochleogram")


def test_opening_the_room_is_light():
    code = "import sys, lib.models; lib.models.load('spectrotemporal'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "transformers", "sklearn", "mne", "numba", "scipy.signal"} & set(loaded.split())
