import importlib
import re
import subprocess
import sys

import numpy as np
import pytest

from lib import models
from lib.ground import DATA, ROOT, WrongUse
from lib.models import cards
from lib.models.cards import Card

CARDS = models.roster().set_index("name")
EXPLAINED = re.findall(r"^# (\w+) {2,}|`(\w+)`", (DATA / "models.yml").read_text(), re.MULTILINE)
FILTERS = list(CARDS.index[CARDS.loader == "baselines"])


NEEDED = ["title", "family", "paper", "status", "licence", "objective", "training", "reference"]
PAPERS = {"eeg", "cortex", "tuning", "words", "none"}


def test_every_card_is_complete_and_names_are_unique():
    assert CARDS.index.is_unique
    assert list(CARDS.index) == models.names()
    assert not CARDS.isna().any(axis=None)
    assert (CARDS[NEEDED] != "").all(axis=None)
    assert set(CARDS.status) <= {"runs", "weights needed", "no public implementation"}
    assert {paper for papers in CARDS.paper for paper in papers.split(", ")} <= PAPERS


def test_what_does_not_run_says_why_and_what_runs_names_its_loader():
    runs = CARDS.status == "runs"
    assert (CARDS.loader[runs] != "").all()
    assert ((CARDS.reason != "") == ~runs).all()


TESTS = {
    "baselines": "test_roster",
    "static": "test_language",
}  # the test of any other loader is called like the loader


def tried(module):
    """Names of the rows that any test of a module is given, one by one."""
    marks = [mark for test in vars(module).values() for mark in getattr(test, "pytestmark", ())]
    given = [value for mark in marks if mark.name == "parametrize" for value in mark.args[1]]
    cards = [value["name"] for value in given if isinstance(value, dict) and "name" in value]
    return {*cards, *(value for value in given if isinstance(value, str))}


@pytest.mark.parametrize("loader", sorted(set(CARDS.loader[CARDS.status == "runs"])))
def test_every_row_that_runs_is_tried_by_a_test(loader):
    module = importlib.import_module(f"tests.models.{TESTS.get(loader, f'test_{loader}')}")
    rows = set(CARDS.index[(CARDS.loader == loader) & (CARDS.status == "runs")])
    assert not rows - tried(module)


@pytest.mark.parametrize("facts", models.roster().to_dict("records"), ids=models.names())
def test_facts_are_of_their_kind(facts):
    unknown = set(models.card(facts["name"])) - {key for pair in EXPLAINED for key in pair}
    assert not unknown, "keys that the head of models.yml doesn't explain"
    for key in ("parameters", "rate", "layers", "width", "size_mb"):
        assert facts[key] == "" or (isinstance(facts[key], int) and facts[key] > 0)
    assert facts["weights"] in ("", "safetensors", "pickled", "none")
    assert not (facts["hub"] and not facts["revision"])


@pytest.mark.parametrize("name", FILTERS)
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


@pytest.mark.parametrize("name", FILTERS)
def test_same_sound_same_numbers(name):
    sound = np.random.default_rng(1).normal(size=22050).astype(np.float32)
    one, two = (models.load(name).activations(sound, 22050).layers[name] for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", FILTERS)
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


def test_untrained_twin_of_filters_is_refused():
    with pytest.raises(WrongUse, match="fixed filterbank"):
        models.load("untrained:cochleagram:0")


@pytest.mark.parametrize("name", ["untrained:mfcc", "untrained::0", "untrained:mfcc:one", "untrained:mfcc:-1"])
def test_untrained_twin_needs_a_seed(name):
    with pytest.raises(WrongUse, match="untrained:NAME:SEED"):
        models.load(name)


def test_untrained_twin_of_nothing_suggests_the_nearest():
    with pytest.raises(WrongUse, match="Did you mean 'logmel'"):
        models.load("untrained:logmell:0")


def test_loader_is_asked_for_the_twin_by_seed_and_the_model_is_called_by_its_full_name(monkeypatch):
    from lib.models.loaders import baselines

    asked = []
    original = baselines.load
    monkeypatch.setattr(baselines, "load", lambda card, seed: asked.append((card["name"], seed)) or original(card))
    monkeypatch.setattr(baselines, "weights", lambda card, seed: [])
    assert models.load("untrained:logmel:12").name == "untrained:logmel:12"
    assert asked == [("logmel", 12)]


def test_model_without_loader_says_why(monkeypatch):
    facts = {"name": "secret", "status": "no public implementation", "reason": "its authors kept it"}
    monkeypatch.setattr(cards, "_stored", lambda: [Card(facts)])
    with pytest.raises(WrongUse, match=r"secret cannot be loaded .*its authors kept it"):
        models.load("secret")
