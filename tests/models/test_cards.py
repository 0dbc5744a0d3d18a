"""Rows of data/models.yml that are not in order: one clear line for their own model, nothing for the others."""

import numpy as np
import pytest
import yaml

from lib import models
from lib.ground import DATA, MissingData, WrongUse
from lib.models import cards
from lib.report import runs

COUNT = len(models.names())  # of the rows that are there
ROW = {
    "name": "echo",
    "title": "Echo",
    "family": "acoustic baseline",
    "status": "runs",
    "loader": "baselines",
    "rate": 16000,
}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write rows behind those of the roster."""

    def write(*rows, text=""):
        (tmp_path / "models.yml").write_text((DATA / "models.yml").read_text() + yaml.safe_dump(list(rows)) + text)

    monkeypatch.setattr(cards, "DATA", tmp_path)
    return write


def refused(call, *words):
    with pytest.raises(WrongUse) as caught:
        call(*words)
    message = str(caught.value)
    assert "\n" not in message
    return message


def others_are_there():
    samples = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    assert models.load("mfcc").activations(samples, 16000).layers["mfcc"].shape[1] == 20
    assert {"mfcc", "bert-base"} <= set(models.names()) == set(models.roster().name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": "16 kHz"}, "the row of 'echo' has rate: '16 kHz'; expected a whole number"),
        ({"rate": True}, "the row of 'echo' has rate: True; expected a whole number"),
        ({"frame_rate": [100]}, "has frame_rate: [100]; expected a number"),
        ({"config": "small"}, "has config: 'small'; expected a mapping"),
        ({"revision": 12e4}, "has revision: 120000.0; expected text"),
        ({"title": None}, "has title: None; expected text"),
        ({"lodaer": "audio"}, "has an unknown key 'lodaer'. Did you mean 'loader'"),
        ({"loader": "baseline"}, "has an unknown loader 'baseline'. Did you mean 'baselines'"),
        ({"loader": "../zoo"}, "has an unknown loader"),
        ({"loader": "audio"}, "has no 'architecture', which is needed"),
        ({"loader": "audio", "architecture": "wav2vec3"}, "unknown architecture of the audio encoder echo 'wav2vec3'"),
        (
            {"loader": "audio", "architecture": "whisper", "config": {"d_model": "wide"}},
            "`config` in the row of 'echo' does not describe a WhisperConfig",
        ),
        ({"loader": "architectures", "architecture": "metricgan", "rate": ...}, "has no 'rate', which is needed"),
        ({"loader": "static", "input": "text"}, "reads text"),
        ({"loader": "language"}, "loader language of untrained:echo:0 gives a LanguageModel, not a Model"),
        ({"status": ..., "loader": ...}, "has no 'loader', and no 'reason'"),
        ({}, "unknown baseline 'echo'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_with_row_and_key(table, changes, message):
    row = {key: value for key, value in {**ROW, **changes}.items() if value is not ...}
    row |= {"architecture": "bert", "config": {"num_hidden_layers": 1}} if changes.get("loader") == "language" else {}
    table(row)
    name = "echo" if "baseline" in message or "reads" in message else "untrained:echo:0"
    assert message in refused(models.load, name)
    others_are_there()


def test_two_rows_of_one_name_are_refused_and_no_other(table):
    table(ROW, ROW)
    assert "2 rows have the name 'echo'" in refused(models.load, "echo")
    assert models.names().count("echo") == 1


@pytest.mark.parametrize("row", [{"title": "Nameless"}, "echo", {"name": 5}, None])
def test_row_without_a_name_is_passed_over_with_a_warning(table, row):
    table(row, ROW)
    with pytest.warns(UserWarning, match=rf"row {COUNT + 1} of {COUNT + 2} has no name and is passed over"):
        models.names()
    others_are_there()


@pytest.mark.parametrize("text", ["- name: [", "\tname: echo", "name: echo\n", "- a: 1\n- b: *nothing\n"])
def test_table_that_is_no_table_is_one_line_that_says_where(table, text):
    table(ROW, text=text)
    assert "data/models.yml cannot be read" in refused(models.names)


def test_table_that_is_no_list_is_refused(tmp_path, monkeypatch):
    (tmp_path / "models.yml").write_text("mfcc: 5\n")
    monkeypatch.setattr(cards, "DATA", tmp_path)
    assert "must be a list of rows" in refused(models.names)


READERS = [name for name in models.names() if models.reads(name)]


@pytest.mark.parametrize("name", [*READERS, "untrained:bert-base:0"])
def test_models_that_read_are_not_taken_for_models_that_hear(name):
    assert len(READERS) == 18
    assert f"{name} reads text, it does not hear" in refused(models.load, name)
    assert f"{name} reads text" in refused(models.listener, name)
    assert f"{name} reads text" in refused(runs.check_parameters, "eeg", {"models": f"['mfcc', {name!r}]"})


def test_models_that_hear_are_not_taken_for_models_that_read():
    assert "mfcc hears sounds, it does not read: models that read are " in refused(models.load_language, "mfcc")
    assert models.load_language("untrained:t5-base:0").name == "untrained:t5-base:0"


def test_chapters_take_models_that_hear_and_refuse_those_without_implementation():
    assert runs.check_parameters("eeg", {"models": "['mfcc', 'untrained:mini-hubert:0']"})
    closed = [name for name in models.names() if "loader" not in models.card(name)]
    assert closed
    for name in closed:
        assert "cannot be loaded" in refused(runs.check_parameters, "eeg", {"models": f"[{name!r}]"})


def test_missing_weights_are_no_wrong_use(monkeypatch, tmp_path):
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert models.listener("wav2vec2-large")["input"] == "waveform"
    with pytest.raises(MissingData, match="alike models fetch wav2vec2-large"):
        models.load("wav2vec2-large")
    assert not models.is_here("wav2vec2-large")
    assert models.is_here("mini-hubert")
    with pytest.raises(WrongUse, match="unknown model 'wav3vec'"):
        models.is_here("wav3vec")
