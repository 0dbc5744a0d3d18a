import json
import warnings

import numpy as np
import pytest

from lib.models import storage

WIDTHS = {"low": 3, "high": 5}


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return {layer: rng.normal(size=width).astype(np.float32) for layer, width in WIDTHS.items()}


@pytest.fixture
def file(tmp_path, layers):
    path = tmp_path / "shelf" / "sound.safetensors"
    storage.write(path, layers)
    return path


def flipped(raw, place):
    return raw[:place] + bytes([raw[place] ^ 0x10]) + raw[place + 1 :]


def renamed(raw):
    size = int.from_bytes(raw[:8], "little")
    return raw[:8] + raw[8 : 8 + size].replace(b'"low"', b'"wol"') + raw[8 + size :]


def without_checksum(raw):
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__")
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + raw[8 + size :]


def test_what_was_written_is_read(file, layers):
    found = storage.read(file, WIDTHS)
    assert list(found) == list(WIDTHS)
    for layer in WIDTHS:
        np.testing.assert_array_equal(found[layer], layers[layer])


def test_frames_fit_on_the_shelf_too(tmp_path, layers):
    frames = {layer: np.tile(values, (7, 1)) for layer, values in layers.items()}
    storage.write(tmp_path / "frames", frames)
    assert storage.read(tmp_path / "frames", WIDTHS)["high"].shape == (7, 5)


def test_missing_file_is_silent(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert storage.read(tmp_path / "none", WIDTHS) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: raw[:-4], id="cut short"),
        pytest.param(lambda raw: flipped(raw, len(raw) - 3), id="one bit of a number"),
        pytest.param(lambda raw: flipped(raw, 3), id="one bit of the header's length"),
        pytest.param(lambda raw: flipped(raw, 20), id="one bit of the header"),
        pytest.param(renamed, id="another layer"),
        pytest.param(without_checksum, id="no checksum"),
        pytest.param(lambda raw: b"not at all what was expected here", id="other bytes"),
    ],
)
def test_damage_is_noticed(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.warns(UserWarning, match="damaged"):
        assert storage.read(file, WIDTHS) is None


@pytest.mark.parametrize("widths", [{"low": 3}, {"low": 3, "high": 4}, {"low": 3, "high": 5, "top": 1}])
def test_file_of_other_layers_is_not_taken(file, widths):
    with pytest.warns(UserWarning, match="damaged"):
        assert storage.read(file, widths) is None


@pytest.mark.parametrize("existing", [True, False])
def test_interrupted_writing_leaves_what_was_there(tmp_path, layers, monkeypatch, existing):
    import safetensors.numpy

    path = tmp_path / "shelf" / "sound.safetensors"
    if existing:
        storage.write(path, layers)

    def interrupted(tensors, scratch, metadata):
        scratch.write_bytes(b"half of")
        raise OSError("no space left")

    monkeypatch.setattr(safetensors.numpy, "save_file", interrupted)
    with pytest.raises(OSError, match="no space"):
        storage.write(path, {layer: values + 1 for layer, values in layers.items()})
    assert list(path.parent.iterdir()) == ([path] if existing else [])
    if existing:
        np.testing.assert_array_equal(storage.read(path, WIDTHS)["low"], layers["low"])


def test_key_follows_everything_the_numbers_depend_on():
    shelves = {
        storage.shelf("a", "1", {"x": 2, "y": 3}, "pooled"),
        storage.shelf("b", "1", {"x": 2, "y": 3}, "pooled"),
        storage.shelf("a", "2", {"x": 2, "y": 3}, "pooled"),
        storage.shelf("a", "1", {"x": 2, "y": 4}, "pooled"),
        storage.shelf("a", "1", {"x": 2}, "pooled"),
        storage.shelf("a", "1", {"x": 2, "y": 3}, "frames"),
    }
    assert len(shelves) == 6
    assert storage.shelf("a", "1", {"x": 2}, "pooled") == storage.shelf("a", "1", {"x": 2}, "pooled")


def test_file_follows_samples_and_rate(tmp_path):
    samples = np.arange(8, dtype=np.float32)
    files = {
        storage.file_of(tmp_path, samples, 100),
        storage.file_of(tmp_path, samples, 200),
        storage.file_of(tmp_path, samples + 1, 100),
        storage.file_of(tmp_path, samples[:-1], 100),
    }
    assert len(files) == 4
    assert storage.file_of(tmp_path, samples, 100.0) == storage.file_of(tmp_path, samples.copy(), 100)
    assert storage.file_of(tmp_path, np.repeat(samples, 2)[::2], 100) in files
