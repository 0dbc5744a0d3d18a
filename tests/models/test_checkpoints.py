import functools
import json
import os
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lib.ground import DamagedData, MissingData, WrongUse
from lib.models.loaders import checkpoints

CARD = {"name": "some", "hub": "people/some-model", "revision": "main", "size_mb": 1234}


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Folder of local checkpoints and cache of the hub, both empty."""
    from huggingface_hub import constants

    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    return {name: torch.from_numpy(rng.normal(size=(4, 5)).astype(np.float32)) for name in ("a.weight", "b.weight")}


def written(folder, tensors, file="model.safetensors"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "some"}')
    if file.endswith(".safetensors"):
        save_file(tensors, folder / file)
    else:
        torch.save(tensors, folder / file)
    return folder


def snapshot(place, tensors=None):
    """The hub's cache as its client leaves it."""
    repository = place / "hub" / "models--people--some-model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    folder = repository / "snapshots" / "c0ffee"
    folder.mkdir(parents=True)
    return written(folder, tensors) if tensors else folder


def index(folder, *files):
    names = {f"{number}.weight": file for number, file in enumerate(files)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


# where they are


def test_local_folder_comes_before_the_hub_cache(places, tensors):
    cached = snapshot(places, tensors)
    assert checkpoints.find(CARD) == cached
    local = written(places / "models" / "some", tensors)
    assert checkpoints.find(CARD) == local


def test_folder_without_variable_is_in_the_cache(places, monkeypatch):
    monkeypatch.delenv("ALIKE_MODELS")
    monkeypatch.setenv("ALIKE_CACHE", str(places / "cache"))
    assert checkpoints.models_folder() == places / "cache" / "models"


def test_what_is_missing_is_said_in_one_line(places):
    with pytest.raises(MissingData) as caught:
        checkpoints.find(CARD)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("some", "1,234 MB", "`alike models fetch some`", "untrained:some:0"):
        assert part in message


def test_without_an_address_the_line_names_the_folder(places):
    with pytest.raises(MissingData, match="put them in") as caught:
        checkpoints.find({"name": "own"})
    assert str(places / "models" / "own") in str(caught.value)


def test_half_a_download_is_not_found(places, tensors):
    folder = snapshot(places, tensors)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index(folder, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    with pytest.raises(MissingData, match="fetch some"):
        checkpoints.find(CARD)
    save_file(tensors, folder / "model-00002-of-00002.safetensors")
    assert checkpoints.find(CARD) == folder


def test_config_without_weights_is_not_found(places):
    folder = snapshot(places)
    (folder / "config.json").write_text("{}")
    with pytest.raises(MissingData):
        checkpoints.find(CARD)


# what marks them


def test_fingerprint_is_of_the_content_alone(places, tensors):
    one, other = written(places / "one", tensors), written(places / "other", tensors)
    os.utime(other / "model.safetensors", (0, 0))
    (other / "README.md").write_text("what it is about")
    assert checkpoints.fingerprint_of(one) == checkpoints.fingerprint_of(other)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_fingerprint_follows_weights_and_config(places, tensors, file):
    folder = written(places / "one", tensors, file)
    marks = {checkpoints.fingerprint_of(folder)}
    (folder / "config.json").write_text('{"model_type": "other"}')
    marks.add(checkpoints.fingerprint_of(folder))
    tensors["b.weight"][3, 4] += 1e-6
    written(folder, tensors, file)
    marks.add(checkpoints.fingerprint_of(folder))
    assert len(marks) == 3


def test_fingerprint_of_a_large_file_notices_what_training_does(places, monkeypatch):
    monkeypatch.setattr(checkpoints, "BLOCK", 512)
    rng = np.random.default_rng(1)
    tensors = {f"layer.{k}": torch.from_numpy(rng.normal(size=20_000).astype(np.float32)) for k in range(8)}
    folder = written(places / "large", tensors)
    assert (folder / "model.safetensors").stat().st_size > 10 * checkpoints.BLOCK * checkpoints.BLOCKS
    mark = checkpoints.fingerprint_of(folder)
    for name in ("layer.0", "layer.7"):
        trained = tensors | {name: tensors[name] * 1.0001}
        assert checkpoints.fingerprint_of(written(places / name, trained)) != mark
    renamed = {name.replace("layer", "block"): tensor for name, tensor in tensors.items()}
    assert checkpoints.fingerprint_of(written(places / "renamed", renamed)) != mark
    assert checkpoints.fingerprint_of(written(places / "same", tensors)) == mark


def test_fingerprint_of_a_large_file_reads_little_of_it(places, monkeypatch):
    monkeypatch.setattr(checkpoints, "BLOCK", 512)
    path = places / "large.bin"
    path.write_bytes(bytes(4_000_000))
    assert sum(map(len, checkpoints._sampled(path))) < 100_000


# how they are read


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin", "weights.pt", "weights.pth", "last.ckpt"])
def test_every_format_gives_the_same_tensors(places, tensors, file):
    folder = written(places / "one", tensors, file)
    for path in (folder, folder / file):
        found = checkpoints.state_dict(path)
        assert found.keys() == tensors.keys() == set(checkpoints.keys(path))
        for name, tensor in tensors.items():
            assert torch.equal(found[name], tensor)


def test_safetensors_come_before_pickled_files(places, tensors):
    folder = written(places / "one", tensors)
    torch.save({"a.weight": torch.zeros(1)}, folder / "pytorch_model.bin")
    assert torch.equal(checkpoints.state_dict(folder)["a.weight"], tensors["a.weight"])


def test_shards_are_joined(places, tensors):
    folder = places / "one"
    for number, (name, tensor) in enumerate(tensors.items()):
        written(folder, {name: tensor}, f"model-{number}.safetensors")
    index(folder, "model-0.safetensors", "model-1.safetensors")
    assert checkpoints.state_dict(folder).keys() == tensors.keys()
    (folder / "model-1.safetensors").unlink()
    with pytest.raises(MissingData, match=r"model-1\.safetensors is not there"):
        checkpoints.state_dict(folder)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensors: {"model": tensors, "epoch": 3, "rate": 0.1},
        lambda tensors: {"state_dict": {"model": tensors}, "optimizer": {"state": {}}},
        lambda tensors: {"anything": tensors, "epoch": 3},
        lambda tensors: {**tensors, "epoch": 3},
    ],
)
def test_dictionaries_around_the_tensors_are_taken_off(places, tensors, wrap):
    folder = written(places / "one", wrap(tensors), "weights.pt")
    found = checkpoints.state_dict(folder)
    assert found.keys() == tensors.keys() == set(checkpoints.keys(folder))
    assert torch.equal(found["a.weight"], tensors["a.weight"])


@pytest.mark.parametrize("content", [{"epoch": 3}, {"a": {"b": 1}, "c": {"d": 2}}, [1, 2], 5])
def test_pickled_file_without_tensors_says_what_it_holds(places, content):
    folder = written(places / "one", content, "weights.pt")
    with pytest.raises(DamagedData, match=r"weights\.pt holds no weights by their names, but a (mapping of|list|int)"):
        checkpoints.state_dict(folder)


class Trap:
    """What a malicious pickle holds: a call that is made when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickle_that_holds_more_than_tensors_is_not_opened(places, tensors):
    folder = written(places / "one", tensors | {"extra": Trap(places / "sprung")}, "pytorch_model.bin")
    with pytest.raises(DamagedData, match="holds more than tensors and was not opened") as caught:
        checkpoints.state_dict(folder)
    assert "\n" not in str(caught.value)
    assert not (places / "sprung").exists()


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_damage_is_named(places, tensors, file):
    folder = written(places / "one", tensors, file)
    (folder / file).write_bytes((folder / file).read_bytes()[:100])
    for read in (checkpoints.state_dict, checkpoints.keys):
        with pytest.raises(DamagedData, match=file):
            read(folder)


def test_several_pickled_files_are_not_guessed_among(places, tensors):
    folder = written(places / "one", tensors, "first.pt")
    written(folder, tensors, "second.pt")
    with pytest.raises(WrongUse, match=r"first\.pt, second\.pt"):
        checkpoints.state_dict(folder)


def test_empty_folder_says_what_it_lacks(places):
    (places / "one").mkdir()
    with pytest.raises(MissingData, match="holds no weights"):
        checkpoints.state_dict(places / "one")


# how they are fetched


@pytest.fixture
def hub(places, tensors, monkeypatch):
    """A hub that holds the given files and notes what is asked of it."""
    import huggingface_hub

    asked = {}

    def offer(*files):
        monkeypatch.setattr(huggingface_hub, "list_repo_files", lambda repo_id, revision: list(files))
        return asked

    def download(**question):
        asked.update(question)
        return str(snapshot(places, tensors))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return offer


def test_safetensors_are_fetched_rather_than_pickles(hub):
    files = (
        "README.md",
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "tf_model.h5",
        "onnx/model.safetensors",
    )
    asked = hub(*files)
    assert checkpoints.fetch(CARD).name == "c0ffee"
    assert asked["repo_id"] == "people/some-model"
    assert asked["revision"] == "main"
    assert sorted(asked["allow_patterns"]) == ["config.json", "model.safetensors"]


def test_pickles_are_fetched_where_there_is_nothing_else(hub):
    asked = hub("config.json", "preprocessor_config.json", "pytorch_model.bin", "flax_model.msgpack", "vocab.txt")
    checkpoints.fetch(CARD)
    wanted = ["config.json", "preprocessor_config.json", "pytorch_model.bin", "vocab.txt"]
    assert sorted(asked["allow_patterns"]) == wanted


def test_card_may_say_which_files(hub):
    asked = hub("one.pt", "other.pt")
    checkpoints.fetch(CARD | {"files": ["one.pt"]})
    assert asked["allow_patterns"] == ["one.pt"]


def test_card_without_address_cannot_be_fetched():
    with pytest.raises(WrongUse, match="kept by its authors"):
        checkpoints.fetch({"name": "secret", "reason": "kept by its authors"})


@pytest.fixture
def server(places):
    """A web server of this machine, for the folder `site`."""
    (places / "site").mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=places / "site")
    handler.log_message = lambda *words: None
    serving = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield places / "site", f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def test_file_of_an_address_is_fetched_and_found(server, tensors):
    site, address = server
    written(site, tensors, "weights=1.pth")
    card = {"name": "some", "url": f"{address}/weights%3D1.pth?download=1"}
    folder = checkpoints.fetch(card)
    assert folder == checkpoints.find(card)
    assert checkpoints.weight_files(folder) == [folder / "weights=1.pth"]


def test_archive_is_unpacked(server, places):
    site, address = server
    with zipfile.ZipFile(site / "vectors.zip", "w") as archive:
        archive.writestr("vectors.txt", "a 1 2\n")
    card = {"name": "words", "url": f"{address}/vectors.zip"}
    checkpoints.fetch(card)
    assert (places / "models" / "words" / "vectors.txt").read_text() == "a 1 2\n"


def test_failed_download_leaves_what_was_there(server, places, tensors):
    _, address = server
    folder = written(places / "models" / "some", tensors)
    with pytest.raises(Exception, match="404"):
        checkpoints.fetch({"name": "some", "url": f"{address}/nothing.pt"})
    assert checkpoints.state_dict(folder).keys() == tensors.keys()
    assert [path.name for path in folder.parent.iterdir()] == ["some"]
