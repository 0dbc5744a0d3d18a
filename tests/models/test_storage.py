import json
import warnings

import numpy as np
import pytest

from lib.models import storage
from lib.models.activations import Frames
from lib.models.extraction import read_frames, write_frames

WIDTHS = {"low": 3, "high": 5}


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return {layer: rng.normal(size=width).astype(np.float32) for layer, width in WIDTHS.items()}


@pytest.fixture
def file(tmp_path, layers):
    path = tmp_path / "shelf" / "sound.safetensors"
    storage.write(path, [layers])
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
    storage.write(tmp_path / "frames", [frames])
    assert storage.read(tmp_path / "frames", WIDTHS)["high"].shape == (7, 5)


@pytest.fixture
def pieces():
    """Frames of a sound in three pieces: two layers on two clocks."""
    rng = np.random.default_rng(1)
    return [
        {
            layer: Frames(rng.normal(size=(frames, width)).astype(np.float32), start + np.arange(frames) / 100)
            for layer, width, frames in (("low", 3, 4), ("high", 5, 2))
        }
        for start in (0.0, 1.0, 2.0)
    ]


@pytest.fixture
def reel(tmp_path, pieces):
    path = tmp_path / "shelf" / "frames.safetensors"
    write_frames(path, iter(pieces))
    return path


def test_pieces_become_one_file_that_the_library_reads_too(reel, pieces):
    from safetensors.numpy import load_file

    found = read_frames(reel, WIDTHS)
    layers, times = found.layers, found.times
    library = load_file(reel)
    assert list(layers) == list(times) == list(WIDTHS)
    for layer in WIDTHS:
        np.testing.assert_array_equal(layers[layer], np.concatenate([piece[layer][0] for piece in pieces]))
        np.testing.assert_array_equal(times[layer], np.concatenate([piece[layer][1] for piece in pieces]))
        np.testing.assert_array_equal(library[layer], layers[layer])
    assert [path.name for path in reel.parent.iterdir()] == [reel.name]


def test_frames_are_given_as_they_are_read(tmp_path, pieces):
    written = write_frames(tmp_path / "frames", pieces)
    read = read_frames(tmp_path / "frames", WIDTHS)
    for one, two in ((written.layers, read.layers), (written.times, read.times)):
        assert list(one) == list(two)
        for layer, values in one.items():
            np.testing.assert_array_equal(values, two[layer])
            assert values.dtype == two[layer].dtype


def test_frames_can_be_written_over_while_they_are_used(reel, pieces):
    layers = read_frames(reel, WIDTHS).layers
    before = np.array(layers["low"])
    write_frames(reel, [{layer: Frames(values + 1, times) for layer, (values, times) in pieces[0].items()}])
    np.testing.assert_array_equal(layers["low"], before)


@pytest.mark.parametrize("read", [storage.read, read_frames])
def test_missing_file_is_silent(tmp_path, read):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path / "none", WIDTHS) is None


@pytest.mark.parametrize(("fixture", "read"), [("file", storage.read), ("reel", read_frames)])
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
def test_damage_is_noticed(request, fixture, read, damage):
    path = request.getfixturevalue(fixture)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match="damaged"):
        assert read(path, WIDTHS) is None


@pytest.mark.parametrize(("fixture", "read"), [("file", storage.read), ("reel", read_frames)])
def test_every_single_flipped_bit_is_noticed(request, fixture, read):
    def numbers():
        found = read(path, WIDTHS)
        return [*found.layers.values(), *found.times.values()] if fixture == "reel" else list(found.values())

    path = request.getfixturevalue(fixture)
    raw, whole = path.read_bytes(), [np.array(values) for values in numbers()]
    for place in range(0, len(raw), 7):
        path.write_bytes(flipped(raw, place))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = read(path, WIDTHS)
        assert (found is None) == bool(caught)
        assert caught or all(np.array_equal(one, two) for one, two in zip(numbers(), whole, strict=True))


@pytest.mark.parametrize("widths", [{"low": 3}, {"low": 3, "high": 4}, {"low": 3, "high": 5, "top": 1}])
def test_file_of_other_layers_is_not_taken(file, reel, widths):
    with pytest.warns(UserWarning, match="damaged"):
        assert storage.read(file, widths) is None
    with pytest.warns(UserWarning, match="damaged"):
        assert read_frames(reel, widths) is None


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("where", ["while it grows", "while it is put together"])
def test_interrupted_writing_leaves_what_was_there(tmp_path, layers, monkeypatch, existing, where):
    path = tmp_path / "shelf" / "sound.safetensors"
    if existing:
        storage.write(path, [layers])

    def interrupted(*arguments):
        raise OSError("no space left")

    def pieces():
        yield {layer: values + 1 for layer, values in layers.items()}
        if where == "while it grows":
            interrupted()

    monkeypatch.setattr(storage.shutil, "copyfileobj", interrupted)
    with pytest.raises(OSError, match="no space"):
        storage.write(path, pieces())
    assert list(path.parent.iterdir()) == ([path] if existing else [])
    if existing:
        np.testing.assert_array_equal(storage.read(path, WIDTHS)["low"], layers["low"])


def test_large_arrays_leave_memory_while_they_grow(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "BLOCK", 64)
    rows = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    made = storage.write(tmp_path / "file", ({"high": rows[k : k + 8]} for k in range(0, 40, 8)))
    np.testing.assert_array_equal(made["high"], rows)
    np.testing.assert_array_equal(storage.read(tmp_path / "file", {"high": 5})["high"], rows)


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
