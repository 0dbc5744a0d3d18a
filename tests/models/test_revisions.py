"""What marks a model: a mark of all that its numbers depend on, to be had in moments and without the networks."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lib import models, provenance
from lib.ground import DATA, ROOT, DamagedData, MissingData, WrongUse
from lib.models import cards, revisions, storage
from lib.models.loaders import zoo

KINDS = ["mfcc", "mini-mixture", "mini-hubert", "mini-audio-llm", "mini-resnet@10"]
KINDS += [
    "untrained:mini-mixture:0",
    "untrained:mini-hubert:0",
    "untrained:wav2vec2-base:1",
    "untrained:qwen2-audio-7b:0",
]
KINDS += ["untrained:bert-base:0", "untrained:beats-iter3:0", "untrained:ultravox-v0.5-llama-3.2-1b:0"]
HEAVY = {"torch", "transformers", "pandas", "sklearn", "scipy"}


def answered(code, **environment):
    """What a new process prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_marking_models_of_every_kind_imports_nothing_heavy():
    code = f"import sys; from lib import models; print(*map(models.fingerprint, {KINDS})); print(*sys.modules)"
    marks, modules = answered(code).splitlines()
    assert len(set(marks.split())) == len(KINDS)
    assert not HEAVY & set(modules.split())


def test_marks_of_checkpoints_and_borrowed_weights_import_nothing_heavy_either(tmp_path):
    for name in ("ultravox-v0.5-llama-3.2-1b", "whisper-large-v3-turbo", "glove-cc-42b"):
        (tmp_path / name).mkdir()
        save_file({"a": np.zeros(3, np.float32)}, tmp_path / name / "model.safetensors")
    (tmp_path / "glove-cc-42b" / "vectors.txt").write_text("dog 1 2\n")
    names = ["ultravox-v0.5-llama-3.2-1b", "whisper-large-v3-turbo", "glove-cc-42b"]
    code = f"import sys; from lib import models; print(*map(models.fingerprint, {names})); print(*sys.modules)"
    first = answered(code, ALIKE_MODELS=str(tmp_path)).splitlines()
    assert not HEAVY & set(first[1].split())
    save_file({"a": np.ones(3, np.float32)}, tmp_path / "whisper-large-v3-turbo" / "model.safetensors")
    second = answered(code, ALIKE_MODELS=str(tmp_path)).splitlines()
    changed = [one != two for one, two in zip(first[0].split(), second[0].split(), strict=True)]
    assert changed == [True, True, False]  # the first borrows from the second


@pytest.mark.parametrize("name", ["mfcc", "mini-mixture", "untrained:mini-hubert:3"])
def test_what_was_loaded_is_noted_by_its_fingerprint(name):
    with provenance.watching() as seen:
        model = models.load(name)
    assert seen == {"models": {name: models.fingerprint(name)}} == {"models": {model.name: model.revision}}


@pytest.mark.parametrize("name", ["mfcc", "mini-hubert", "untrained:mini-hubert:0"])
def test_a_fact_of_the_card_changes_the_mark(monkeypatch, name):
    before = models.fingerprint(name)
    rows = [row | {"title": "Another"} if row["name"] == models.original(name) else row for row in cards.cards()]
    monkeypatch.setattr(cards, "_stored", lambda: rows)
    assert models.fingerprint(name) != before


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("mfcc", "lib/models/baselines/mel.py"),
        ("mini-mixture", "lib/models/loaders/mini/patches.py"),
        ("mini-hubert", "lib/models/loaders/audio_encoders.py"),
        ("untrained:metricgan:0", "lib/models/architectures/metricgan.py"),
        ("untrained:metricgan:0", "lib/models/windows.py"),
        ("untrained:ultravox-v0.5-llama-3.2-1b:0", "lib/models/loaders/speech_decoders.py"),
    ],
)
def test_code_that_makes_a_model_changes_the_mark_and_other_code_does_not(monkeypatch, tmp_path, name, module):
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    before = models.fingerprint(name)
    with (tmp_path / "lib/models/loaders/static.py").open("a") as file:
        file.write("\nOTHER = 1\n")
    assert models.fingerprint(name) == before
    with (tmp_path / module).open("a") as file:
        file.write("\nOTHER = 1\n")
    assert models.fingerprint(name) != before


@pytest.fixture
def zoo_copy(tmp_path, monkeypatch):
    shutil.copytree(DATA / "zoo" / "mini-hubert", tmp_path / "zoo" / "mini-hubert")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "zoo")
    return tmp_path / "zoo" / "mini-hubert"


def test_weights_change_the_mark_of_the_model_and_not_of_its_twin(zoo_copy):
    names = ["mini-hubert", "untrained:mini-hubert:0"]
    before = [models.fingerprint(name) for name in names]
    weights = load_file(zoo_copy / "model.safetensors")
    first = next(iter(weights))
    save_file(weights | {first: weights[first] + 1}, zoo_copy / "model.safetensors", metadata={"format": "pt"})
    after = [models.fingerprint(name) for name in names]
    assert [one != two for one, two in zip(before, after, strict=True)] == [True, False]
    (zoo_copy / "config.json").write_text((zoo_copy / "config.json").read_text() + " ")
    assert not set(after) & {models.fingerprint(name) for name in names}


def test_seed_and_versions_change_the_mark(monkeypatch):
    marks = {models.fingerprint(f"untrained:mini-hubert:{seed}") for seed in (0, 1)}
    monkeypatch.setattr(revisions, "versions", lambda: "torch 99")
    marks.add(models.fingerprint("untrained:mini-hubert:0"))
    assert len(marks) == 3


def test_missing_and_damaged_weights_are_told_before_anything_is_loaded(zoo_copy):
    (zoo_copy / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    with pytest.raises(DamagedData, match="git-lfs pointer"):
        models.fingerprint("mini-hubert")
    (zoo_copy / "model.safetensors").unlink()
    with pytest.raises(MissingData, match="alike models train mini-hubert"):
        models.fingerprint("mini-hubert")


def test_what_has_no_revision_is_not_cached(counting, noises):
    model = models.Model(**{**vars(counting[0]), "revision": ""})
    assert model.activations(*noises(1000)[0]).layers["waves"].shape == (100, 10)
    with pytest.raises(WrongUse, match="counting has no revision"):
        model.activations(*noises(1000)[0], cache=True)
    with pytest.raises(WrongUse, match="counting has no revision"):
        storage.shelf("counting", "", {"a": 1}, "pooled")
