"""Downloads: safe unpacking, verification of every file, nothing left behind by a failure."""

import hashlib
import http.server
import io
import shutil
import tarfile
import threading
import zipfile
from functools import partial

import pytest

from lib import ground
from lib.recordings import card, check, fetch
from lib.recordings.files import fetch_archive, found, unpack
from lib.recordings.public import natsound

NAME = "natsound165"
TOP = "natsound165-neuron2015-b41b99f"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no data elsewhere."""
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ALIKE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path):
    """A folder served on the loopback interface, and its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def zip_of(path, members, *, kind=None):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            if kind is not None and content is not None and name.endswith("odd"):
                entry.external_attr = kind << 16
            file.writestr(entry, content)
    return path


def tar_of(path, members, *, odd=None):
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
        if odd is not None:
            file.addfile(odd)
    return path


def archived(tiny, path):
    """The tiny set as its host would pack it, with a file that nobody asked for."""
    members = {f"{TOP}/{file}": (tiny.folder / file).read_bytes() for file in tiny.files} | {f"{TOP}/code/run.m": b"1"}
    return (zip_of if path.suffix == ".zip" else tar_of)(path, members)


@pytest.mark.parametrize("kind", ["set.zip", "set.tar.gz"])
def test_download_verifies_unpacks_and_loads(tiny, served, cache, kind):
    folder, address = served
    archived(tiny, folder / kind)
    target = cache / "natsound165-neuron2015"
    fetch_archive(NAME, f"{address}/{kind}", tiny.files, target)
    assert sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()) == sorted(tiny.files)
    assert natsound.open_folder(target, tiny.facts, tiny.files).weights.shape == (6, 7)
    assert [path.name for path in cache.iterdir()] == ["natsound165-neuron2015"]


def test_failed_checksum_leaves_nothing_behind(tiny, served, cache):
    folder, address = served
    archived(tiny, folder / "set.zip")
    wrong = tiny.files | {"data/components.mat": "0" * 64}
    with pytest.raises(ground.DamagedData, match=r"components\.mat in the archive.*sha256 0000"):
        fetch_archive(NAME, f"{address}/set.zip", wrong, cache / "natsound165-neuron2015")
    assert list(cache.iterdir()) == []


def test_failed_checksum_leaves_the_old_copy_alone(tiny, served, cache):
    folder, address = served
    archived(tiny, folder / "set.zip")
    target = cache / "natsound165-neuron2015"
    shutil.copytree(tiny.folder, target)
    with pytest.raises(ground.DamagedData):
        fetch_archive(NAME, f"{address}/set.zip", tiny.files | {"data/components.mat": "0" * 64}, target)
    assert natsound.open_folder(target, tiny.facts, tiny.files).components.shape == (9, 6)
    assert [path.name for path in cache.iterdir()] == ["natsound165-neuron2015"]


def test_truncated_archive_leaves_nothing_behind(tiny, served, cache):
    folder, address = served
    raw = archived(tiny, folder / "set.zip").read_bytes()
    (folder / "set.zip").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ground.DamagedData, match="neither"):
        fetch_archive(NAME, f"{address}/set.zip", tiny.files, cache / "natsound165-neuron2015")
    assert list(cache.iterdir()) == []


def test_truncated_tar_is_damaged_data(tiny, tmp_path):
    path = archived(tiny, tmp_path / "set.tar.gz")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ground.DamagedData):
        unpack(NAME, path, tiny.files, tmp_path / "out")


def test_file_missing_from_the_archive_is_named(tiny, tmp_path):
    path = archived(tiny, tmp_path / "set.zip")
    with pytest.raises(ground.DamagedData, match=r"1 more files.*data/other\.mat"):
        unpack(NAME, path, tiny.files | {"data/other.mat": "0" * 64}, tmp_path / "out")


@pytest.mark.parametrize(
    "evil",
    ["/etc/passwd", f"{TOP}/../../evil", "../evil", f"{TOP}/a/../../../evil", "C:\\evil", f"{TOP}\\..\\..\\evil"],
)
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_paths_that_leave_the_folder_are_refused(tmp_path, evil, make):
    path = make(tmp_path / "archive", {f"{TOP}/fine": b"1", evil: b"2"})
    with pytest.raises(ground.DamagedData, match="within the archive's own folder"):
        unpack(NAME, path, {"fine": hashlib.sha256(b"1").hexdigest()}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "../..", "x/../../../outside"])
def test_links_that_leave_the_folder_are_refused(tmp_path, target):
    symlink = tarfile.TarInfo(f"{TOP}/odd")
    symlink.type, symlink.linkname = tarfile.SYMTYPE, target
    packed = tar_of(tmp_path / "tar", {}, odd=symlink), zip_of(tmp_path / "zip", {f"{TOP}/odd": target}, kind=0o120777)
    for path in packed:
        with pytest.raises(ground.DamagedData, match="the link"):
            unpack(NAME, path, {"odd": "0" * 64}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_hard_links_out_are_refused_and_inner_links_are_not_files(tmp_path):
    hard = tarfile.TarInfo(f"{TOP}/odd")
    hard.type, hard.linkname = tarfile.LNKTYPE, "elsewhere/../../x"
    with pytest.raises(ground.DamagedData, match="the link"):
        unpack(NAME, tar_of(tmp_path / "hard", {}, odd=hard), {}, tmp_path / "out")
    inner = tarfile.TarInfo(f"{TOP}/odd")
    inner.type, inner.linkname = tarfile.SYMTYPE, "fine"
    with pytest.raises(ground.DamagedData, match="the first of them odd"):
        unpack(NAME, tar_of(tmp_path / "inner", {f"{TOP}/fine": b"1"}, odd=inner), {"odd": "0" * 64}, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(tmp_path, kind):
    device = tarfile.TarInfo(f"{TOP}/odd")
    device.type = kind
    with pytest.raises(ground.DamagedData, match="not a device"):
        unpack(NAME, tar_of(tmp_path / "archive", {}, odd=device), {}, tmp_path / "out")


def test_devices_in_a_zip_are_refused(tmp_path):
    with pytest.raises(ground.DamagedData, match="not a device"):
        unpack(NAME, zip_of(tmp_path / "archive", {f"{TOP}/odd": b""}, kind=0o020666), {}, tmp_path / "out")


def test_something_else_than_an_archive(tmp_path):
    (tmp_path / "page.html").write_text("<html>not found</html>")
    with pytest.raises(ground.DamagedData, match="neither"):
        unpack(NAME, tmp_path / "page.html", {}, tmp_path / "out")


def test_offline_error_says_what_where_and_how(served, cache, monkeypatch):
    _, address = served
    monkeypatch.setitem(card(NAME), "archive", f"{address}/gone.zip")
    with pytest.raises(ground.MissingData) as error:
        fetch(NAME)
    message = str(error.value)
    for part in (str(cache / "natsound165-neuron2015"), "gone.zip", "alike data fetch natsound165", "ALIKE_DATA"):
        assert part in message
    assert list(cache.iterdir()) == []


def test_check_names_what_is_missing_and_what_is_damaged(tiny, cache, monkeypatch):
    monkeypatch.setattr("lib.recordings.files.registry", lambda name: tiny.files)
    root = tiny.folder.parent
    assert check(NAME, root) == []
    (tiny.folder / "stimuli/wav/stim5_thing_5.wav").unlink()
    (tiny.folder / "data/components.mat").write_bytes(b"nothing")
    problems = check(NAME, root)
    assert len(problems) == 2
    assert any("components.mat is damaged" in problem for problem in problems)
    assert any("stim5_thing_5.wav is missing" in problem for problem in problems)
    assert "alike data fetch" in check(NAME, root / "elsewhere")[0]


def test_data_folder_comes_before_the_cache(tiny, cache, monkeypatch):
    shutil.copytree(tiny.folder, cache / "natsound165-neuron2015")
    assert found(NAME) == cache / "natsound165-neuron2015"
    monkeypatch.setenv("ALIKE_DATA", str(tiny.folder.parent))
    assert found(NAME) == tiny.folder


def test_fetch_keeps_an_intact_copy(tiny, cache, monkeypatch):
    monkeypatch.setattr("lib.recordings.files.registry", lambda name: tiny.files)
    monkeypatch.setattr("lib.recordings.files.fetch_archive", lambda *_: pytest.fail("downloaded again"))
    shutil.copytree(tiny.folder, cache / "natsound165-neuron2015")
    assert fetch(NAME) == cache / "natsound165-neuron2015"


def test_fetching_a_generated_recording_generates_it(cache, monkeypatch):
    monkeypatch.setattr("lib.recordings.load", lambda name: (cache / name).mkdir(parents=True))
    assert fetch("pocket-sounds") == cache
    assert (cache / "pocket-sounds").is_dir()
    assert check("pocket-sounds") == []


def test_unknown_recording_and_one_without_files():
    with pytest.raises(ground.WrongUse, match="natsound165"):
        fetch("natsund165")
    with pytest.raises(ground.WrongUse, match="nothing to fetch"):
        fetch("pocket-words")
