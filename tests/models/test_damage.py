"""Whatever lies in the place of weights or settings: one line that names the file, for every loader that reads any."""

import gzip
import json
import shutil
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lib import models
from lib.ground import DATA, DamagedData, MissingData
from lib.models.loaders import zoo
from lib.models.text import sound_words
from tests.models import tiny, tiny_architectures, tiny_audio_llms, tiny_language

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
)
PAGE = b"\n<!DOCTYPE html><html><head><title>404: Not found</title></head><body>Not found</body></html>" * 20
DAMAGE = {
    "pointer": (lambda raw: POINTER, "is a git-lfs pointer"),
    "page": (lambda raw: PAGE, "is a web page"),
    "empty": (lambda raw: b"", "is empty"),
    "zeros": (lambda raw: bytes(len(raw)), ""),
    "cut in the head": (lambda raw: raw[:40], ""),
    "cut in the numbers": (lambda raw: raw[:-1000], ""),
    "longer": (lambda raw: raw + raw, ""),
    "text": (lambda raw: b"Access to this model is restricted. Please log in.", ""),
}
SETTINGS = {name: DAMAGE[name] for name in ("pointer", "page", "empty", "zeros", "cut in the head", "text")}
SETTINGS |= {
    "list": (lambda raw: b"[1, 2]", "holds a list"),
    "latin": (lambda raw: '{"a": "\xe9"}'.encode("latin-1"), "cannot be read"),
}
WAVES = (0.1 * np.random.default_rng(0).normal(size=16000)).astype(np.float32)
FILE = "model.safetensors"


def listen(name):
    return models.load(name).activations(WAVES, 16000).layers


def read(name):
    return sound_words(models.load_language(name), ["dog"], cache=False)


def repickled(folder):
    """The same weights in a pickled file."""
    torch.save(load_file(folder / FILE), folder / "pytorch_model.bin")
    (folder / FILE).unlink()


def vectors(folder, pack=None):
    folder.mkdir(parents=True)
    numbers = np.random.default_rng(0).normal(size=(40, 300)).round(3)
    lines = [" ".join([f"word{k}", *map(str, row)]) for k, row in enumerate(numbers)]
    text = "\n".join([*lines, " ".join(["dog", *map(str, numbers[0])])]) + "\n"
    if pack == "gz":
        (folder / "vectors.txt.gz").write_bytes(gzip.compress(text.encode()))
    elif pack == "zip":
        with zipfile.ZipFile(folder / "vectors.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("vectors.txt", text)
    elif pack == "bin":
        rows = b"".join(f"w{k} ".encode() + row.astype("<f4").tobytes() + b"\n" for k, row in enumerate(numbers))
        (folder / "vectors.bin").write_bytes(b"41 300\n" + rows + b"dog " + numbers[0].astype("<f4").tobytes())
    else:
        (folder / "vectors.txt").write_text(text)


def pickled(name):
    return lambda folder: tiny_architectures.save(models.card(name), folder, seed=0, pickled=True)


CASES = {  # model, what writes its folder, file with the weights, how it is used
    "audio": ("wav2vec2-base", lambda folder: tiny.save("wav2vec2", folder), FILE, listen),
    "audio, pickled": (
        "hubert-base",
        lambda folder: (tiny.save("hubert", folder), repickled(folder)),
        "pytorch_model.bin",
        listen,
    ),
    "audio llm": (
        "qwen2-audio-7b",
        lambda folder: tiny_audio_llms.save("qwen2_audio", folder, vocabulary=151_700),
        FILE,
        listen,
    ),
    "language": ("bert-base", lambda folder: tiny_language.save("bert", folder), FILE, read),
    "language, pickled": (
        "gpt2",
        lambda folder: (tiny_language.save("gpt2", folder), repickled(folder)),
        "pytorch_model.bin",
        read,
    ),
    "architecture": (
        "dcase2020",
        lambda folder: tiny_architectures.save(models.card("dcase2020"), folder, seed=0),
        FILE,
        listen,
    ),
    "architecture, pickled": ("pann-cnn14", pickled("pann-cnn14"), "checkpoint.pt", listen),
    "architecture in two files": ("sepformer", pickled("sepformer"), "masknet.ckpt", listen),
    "zoo, patches": ("mini-speech", None, FILE, listen),
    "zoo, waveform": ("mini-hubert", None, FILE, listen),
    "zoo, audio llm": ("mini-audio-llm", None, FILE, listen),
    "vectors": ("glove-cc-42b", vectors, "vectors.txt", read),
    "vectors, gzip": ("glove-cc-42b", lambda folder: vectors(folder, "gz"), "vectors.txt.gz", read),
    "vectors, zip": ("glove-cc-42b", lambda folder: vectors(folder, "zip"), "vectors.zip", read),
    "vectors, binary": ("word2vec-google-news", lambda folder: vectors(folder, "bin"), "vectors.bin", read),
}
UNHARMED = {case for case in CASES if case.startswith("vectors") or not CASES[case][2].endswith("safetensors")}
PAIRS = [(case, damage) for case in CASES for damage in DAMAGE if not (damage == "longer" and case in UNHARMED)]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Write the folder of a case, and give it with a function that uses the model."""
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "zoo")

    def write(case):
        name, maker, _, use = CASES[case]
        folder = tmp_path / ("models" if maker else "zoo") / name
        if maker:
            maker(folder)
        else:
            shutil.copytree(DATA / "zoo" / name, folder)
        return folder, lambda: use(name)

    return write


def refused(use, path, words=""):
    with pytest.raises((DamagedData, MissingData)) as caught:
        use()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    assert str(path) in message
    assert words in message


@pytest.mark.parametrize("case", CASES)
def test_whole_files_are_read(made, case):
    _, use = made(case)
    assert all(np.isfinite(values).all() for values in use().values())


@pytest.mark.parametrize(("case", "damage"), PAIRS)
def test_damaged_weights_are_one_line(made, case, damage):
    folder, use = made(case)
    change, words = DAMAGE[damage]
    file = folder / CASES[case][2]
    file.write_bytes(change(file.read_bytes()))
    refused(use, file, words)


@pytest.mark.parametrize("damage", SETTINGS)
@pytest.mark.parametrize(
    ("case", "file"),
    [
        ("audio", "config.json"),
        ("audio", "preprocessor_config.json"),
        ("audio llm", "config.json"),
        ("language", "config.json"),
        ("language", "tokenizer.json"),
        ("language", "model.safetensors.index.json"),
        ("architecture", "config.json"),
        ("zoo, patches", "config.json"),
        ("zoo, patches", "preprocessor_config.json"),
        ("zoo, waveform", "preprocessor_config.json"),
        ("zoo, audio llm", "config.json"),
    ],
)
def test_damaged_settings_are_one_line(made, case, file, damage):
    folder, use = made(case)
    change, words = SETTINGS[damage]
    raw = (folder / file).read_bytes() if (folder / file).exists() else b'{"do_normalize": true, "a": "' + b"b" * 40
    (folder / file).write_bytes(change(raw))
    refused(use, folder if file == "tokenizer.json" else folder / file, "" if file == "tokenizer.json" else words)


@pytest.mark.parametrize(
    ("case", "file", "facts"),
    [
        ("audio", "config.json", {"hidden_size": "wide"}),
        ("audio", "config.json", {"model_type": "whisper"}),
        ("audio", "preprocessor_config.json", {"sampling_rate": "fast", "feature_size": []}),
        ("audio llm", "config.json", {"text_config": 5}),
        ("language", "config.json", {"model_type": "unheard-of"}),
        ("language", "config.json", {"hidden_size": None}),
        ("language", "config.json", {"vocab_size": 5}),
        ("zoo, patches", "config.json", {"hidden_size": 96}),
        ("zoo, patches", "preprocessor_config.json", {"mean": [1, 2]}),
        ("zoo, patches", "preprocessor_config.json", {"deviation": ["a"] * 128}),
        ("architecture", "config.json", {"config": {"width": 12}}),
    ],
)
def test_settings_that_do_not_fit_are_one_line(made, case, file, facts):
    folder, use = made(case)
    path = folder / file
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **facts}))
    refused(use, folder)


WRAPPED = [
    "audio",
    "audio, pickled",
    "audio llm",
    "language",
    "language, pickled",
    "architecture",
    "architecture, pickled",
]


@pytest.mark.parametrize("key", ["state_dict", "model", "anything"])
@pytest.mark.parametrize("case", WRAPPED)
def test_weights_wrapped_one_level_deeper_are_read_or_named(made, case, key):
    folder, use = made(case)
    before = use()
    file = folder / CASES[case][2]
    weights = load_file(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
    file.unlink()
    torch.save({key: weights, "epoch": 3}, folder / "pytorch_model.bin")
    for layer, values in use().items():
        np.testing.assert_allclose(values, before[layer], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][2] == FILE])
def test_weights_of_another_network_are_one_line(made, case):
    folder, use = made(case)
    weights = load_file(folder / FILE)
    save_file({f"wrapped.{key}": value for key, value in weights.items()}, folder / FILE, metadata={"format": "pt"})
    refused(use, folder)
    cut = {key: value[:-1].clone() if value.ndim > 1 else value for key, value in weights.items()}
    save_file(cut, folder / FILE, metadata={"format": "pt"})
    refused(use, folder)


def test_index_that_names_no_files_is_one_line(made):
    folder, use = made("language")
    index = folder / "model.safetensors.index.json"
    for facts in ({"weight_map": [1]}, {"weight_map": {"a": 5}}, {}):
        index.write_text(json.dumps(facts))
        refused(use, index)
    index.write_text(json.dumps({"weight_map": {"a": "elsewhere.safetensors"}}))
    refused(use, "alike models fetch bert-base")


@pytest.mark.parametrize("facts", [b"{", b"{}", b'{"lora_alpha": 4, "r": 0}', b'{"lora_alpha": 4, "r": 2}'])
def test_adapter_that_does_not_fit_is_one_line(made, facts):
    folder, use = made("audio llm")
    (folder / "adapter_config.json").write_bytes(facts)
    save_file({"base.layers.0.self_attn.q_proj.lora_A.weight": torch.ones(2, 3)}, folder / "adapter_model.safetensors")
    refused(use, folder)
