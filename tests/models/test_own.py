"""Networks of one's own: what hooks collect, twins, what marks them, and what is wrong with a file in one line."""

import numpy as np
import pytest
import torch

from lib import models
from lib.ground import WrongUse
from lib.models import own, storage
from tests.models import tiny

HEAD = "import torch\nfrom torch import nn\n\n"
NETWORK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(1, 3, 20, 10)
        self.second = nn.LSTM(3, 4, batch_first=True)
        self.image = nn.Conv2d(1, 2, 1)
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        states, _ = self.second(self.first(x[:, None]).transpose(1, 2))
        self.image(states[:, None])
        return {"out": self.head(states.mean(1))}
"""
LOAD = """
def load():
    axes = {"first": "sound unit time", "image": "sound unit time unit"}
    return dict(network=Net(), layers=["first", "second", "image", "head"], rate=1000, axes=axes)
"""


@pytest.fixture
def file(tmp_path):
    """Give a function that writes a file of one's own with parts replaced, and gives the name of the model in it."""

    def write(right="", wrong="", more=""):
        text = HEAD + NETWORK + LOAD
        assert right in text
        (tmp_path / "mine.py").write_text((text.replace(right, wrong, 1) if right else text) + more)
        return f"{tmp_path}/mine.py:load"

    return write


def test_layers_are_what_the_network_gives_averaged_over_time(file):
    name = models.named(file())
    model, wave = models.load(name), np.random.default_rng(0).normal(size=500).astype("f4")
    network = model.represent.args[0].network
    with torch.inference_mode():
        first = network.first(torch.as_tensor(wave)[None, None])[0].T
        second = network.second(first)[0]
        image = network.image(second[None])
        head = network.head(second.mean(0))
    found = model.activations(wave, 1000)
    expected = {"first": first, "second": second, "image": image.permute(1, 0, 2).flatten(1), "head": head[None]}
    assert dict(model.layers) == {"first": 3, "second": 4, "image": 8, "head": 5}
    for layer, values in expected.items():
        np.testing.assert_allclose(found.layers[layer], values, atol=1e-5)
    (pooled,) = models.sound_features(model, [(wave, 1000)])["first"]
    np.testing.assert_allclose(pooled, first.mean(0), atol=1e-5)
    assert found.times["first"][[0, -1]] == pytest.approx([0.5 / 49 * 0.5, 0.5 - 0.5 / 49 * 0.5])


def test_frames_after_the_end_of_the_sound_are_left_out(file):
    padded = "x[:, None]"
    name = file(padded, "nn.functional.pad(x, (0, 5000))[:, None]")
    wave = np.ones(500, "f4")
    whole = models.load(name).activations(wave, 1000)
    assert len(whole.layers["second"]) == 549
    text = own.place(name).file.read_text().replace("rate=1000", "rate=1000, frame={'second': 0.01, 'first': 0.01}")
    own.place(name).file.write_text(text)
    cut = models.load(name).activations(wave, 1000)
    assert len(cut.layers["second"]) == 50
    assert cut.times["second"][1] == pytest.approx(0.015)


def test_what_comes_before_the_network(file):
    given = "rate=1000, prepare=lambda x: {'x': 2 * x}"
    plain, doubled = models.load(file()), models.load(file("rate=1000", given))
    wave = np.random.default_rng(0).normal(size=500).astype("f4")
    bias = plain.represent.args[0].network.first.bias.detach().numpy()
    once, twice = (one.activations(wave, 1000).layers["first"] - bias for one in (plain, doubled))
    np.testing.assert_allclose(twice, 2 * once, atol=1e-5)


def test_twins_are_drawn_from_their_seed(file):
    name, wave = models.named(file()), np.ones(500, "f4")

    def heard(which):
        return models.load(which).activations(wave, 1000).layers["head"]

    twins = [heard(f"untrained:{name}:{seed}") for seed in (0, 1, 0)]
    assert np.array_equal(twins[0], twins[2])
    assert not np.allclose(twins[0], twins[1])
    assert not np.allclose(twins[0], heard(name))
    assert len({models.fingerprint(one) for one in (name, f"untrained:{name}:0", f"untrained:{name}:1")}) == 3


NOT_RESET = "self.head = nn.utils.parametrizations.weight_norm(nn.Linear(4, 5))"
OWN_WEIGHT = "self.head = nn.Linear(4, 5); self.scale = nn.Parameter(torch.ones(2))"
STILL = "self.head = nn.Linear(4, 5); self.head.reset_parameters = lambda: None"
NO_WEIGHTS = "def load():\n    return dict(network=nn.Sequential(nn.Flatten()), layers=['0'], "


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("self.head = nn.Linear(4, 5)", OWN_WEIGHT, r"the network itself \(Net\) has weights, and no reset_parameters"),
        ("self.head = nn.Linear(4, 5)", NOT_RESET, "no twin of mine.py:load: head"),
        ("self.head = nn.Linear(4, 5)", STILL, "head.weight is not changed by"),
        (NETWORK + LOAD, NO_WEIGHTS + "rate=1000)\n", "it has no weights"),
    ],
)
def test_no_twin_where_a_part_cannot_be_reset(file, right, wrong, message):
    name = models.named(file(right, wrong))
    with pytest.raises(WrongUse, match=message):
        models.load(f"untrained:{name}:0")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("import torch\n", "import torch\nimport troch\n", "mine.py, line 2: it stops with ModuleNotFoundError"),
        ("import torch\n", "import torch\nx = (\n", "it stops with SyntaxError"),
        ("def load", "def laod", "unknown function of mine.py 'load'. Did you mean 'laod'"),
        ("network=Net()", "network=1 / 0", r"load\(\) stops with ZeroDivisionError"),
        ("return dict(", "return set(", "set.. takes no keyword"),
        ("network=Net()", "network=3", "network is a int, not a torch.nn.Module"),
        ("layers=[", "lairs=[", "Did you mean 'layers'"),
        (", rate=1000", "", "without 'rate'"),
        ("rate=1000", "rate=16e3", "rate must be a whole number"),
        ('"head"]', '"haed"]', "unknown layer of mine.py:load 'haed'. Did you mean 'head'"),
        ('layers=["first", "second", "image", "head"]', "layers=[]", "must be a list of names"),
        ('"first": "sound unit time"', '"first": "unit sound time"', "which is not 'unit x sound x time'"),
        ('"first": "sound unit time"', '"first": "sound time"', "axes must name sound, time and unit"),
        (', "image": "sound unit time unit"', "", "'image' gives an output of shape"),
        ("self.image(states[:, None])", "", "layer 'image' was called 0 times"),
        ("self.image(states[:, None])", "[self.image(states[:, None]) for _ in '12']", "was called 2 times"),
        ("self.image(states[:, None])", "self.image(states[:, None].sqrt())", "of its numbers are not finite"),
        ("self.first(x[:, None])", "self.first(x)", "the network of mine.py:load stops with RuntimeError"),
        ("rate=1000", "rate=1000, prepare=lambda x: x.no", "prepare of mine.py:load stops with AttributeError"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(file, right, wrong, message):
    with pytest.raises(WrongUse, match=message) as told:
        models.named(file(right, wrong))
    assert len(str(told.value).splitlines()) == 1


def test_full_name_holds_the_weights_and_runs_nothing(file, tmp_path):
    name = file(more="\nopen(__file__ + '.runs', 'a').write('x')\n")
    full = models.named(name)
    runs = tmp_path / "mine.py.runs"
    count = len(runs.read_text())
    marks = [models.fingerprint(full)]
    assert models.named(full) == full
    assert len(runs.read_text()) == count
    file(more="\n# a word more\n")
    marks.append(models.fingerprint(full))
    (tmp_path / "beside.py").write_text("A = 1\n")
    file(more="\nfrom beside import A\n")
    marks.append(models.fingerprint(full))
    (tmp_path / "beside.py").write_text("A = 2\n")
    marks.append(models.fingerprint(full))
    assert len(set(marks)) == 4
    file("network=Net()", "network=nn.init.zeros_((net := Net()).head.bias) is None or net")
    with pytest.raises(WrongUse, match="gives other weights than before"):
        models.load(full)


def test_names_of_ones_own(tmp_path):
    full = "untrained:/a/b/mine.py:load@0123456789abcdef:3"
    assert own.short(full) == "untrained:mine.py:load:3"
    assert own.unmarked(full) == "untrained:/a/b/mine.py:load:3"
    assert own.short("mini-mixture@100") == own.unmarked("mini-mixture@100") == "mini-mixture@100"
    assert storage.shelf("/a/b/mine.py:load", "1", {"a": 1}, "pooled").parent.parent.name == "activations"
    with pytest.raises(WrongUse, match="say which function in it"):
        models.named("mine.py")


def test_a_repository_stands_for_its_row():
    assert models.named("openai/whisper-base") == "whisper-base"
    assert models.named("untrained:openai/whisper-base:2") == "untrained:whisper-base:2"
    with pytest.raises(WrongUse, match=r"no row of data/models\.yml has the repository 'a/b'"):
        models.named("a/b")


def test_a_folder_with_a_checkpoint_is_a_model(tmp_path):
    folder = tmp_path / "saved"
    tiny.save("wav2vec2", folder)
    model, twin = models.load(str(folder)), models.load(f"untrained:{folder}:1")
    assert list(model.layers) == list(twin.layers)
    wave = np.random.default_rng(0).normal(size=4000).astype("f4")
    last = list(model.layers)[-1]
    assert not np.allclose(*(one.activations(wave, 16000).layers[last] for one in (model, twin)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match="no checkpoint as save_pretrained leaves it"):
        models.load(str(tmp_path / "empty"))
