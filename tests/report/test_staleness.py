"""Nothing stale is ever shown: each thing that numbers depend on is changed in a copy of the project, one by one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lib import provenance
from tests.conftest import House

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "staleness.py"


@pytest.fixture(scope="module")
def noticed(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("staleness"))
    environment = house.environment() | {"ALIKE_CACHE": str(house.folder / "cache")}
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, cwd=house.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("what", ["run", "cache", "found"])
def test_every_change_that_matters_is_noticed_and_no_other(noticed, what):
    assert len(noticed[what]) >= 7
    expected = {name: not name.startswith("NOT") for name in noticed[what]}
    assert noticed[what] == expected


def test_what_was_loaded_is_noted_when_found_in_the_cache_too(noticed):
    assert noticed["noted"]


def test_figures_of_a_chapter_belong_to_that_chapter_alone():
    users = {"cortex": {"cortex", "learning"}, "eeg": {"eeg"}, "measures": {"measures"}, "recovery": {"recovery"}}
    for chapter, expected in users.items():
        module = f"lib.chapters.{chapter}.figures"
        found = {p.stem for p in (ROOT / "notebooks").glob("*.py") if module in provenance.closure(p)}
        assert found == expected


# ---- what imports lead to, in a tree of a few files ----


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Write a tree of modules, and follow imports there."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(provenance, "DATA", tmp_path / "data")

    def write(**files):
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for folder in {path.parent for path in (tmp_path / "lib").rglob("*.py")} | {tmp_path / "lib"}:
            (folder / "__init__.py").touch()
        return tmp_path

    return write


ROOM = 'import lazy_loader\nlazy_loader.attach(__name__, submod_attrs={"one": ["first"], "two": ["second"]})\n'


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("from lib.room import first", {"one"}),
        ("from lib import room\nroom.first()", {"one"}),
        ("from lib import room as r\n\ndef f():\n    return r.second", {"two"}),
        ("from lib import room\ngetattr(room, name)", {"one", "two"}),
        ("import lib.room", {"one", "two"}),
        ("from lib.room import *", {"one", "two"}),
        ("def f():\n    from lib.room.two import second", {"two"}),
        ("from importlib import import_module\nimport_module('lib.room.one')", {"one"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib.room import first", set()),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib.room import first\n"
            "else:\n    from lib.room import second",
            {"two"},
        ),
        ("from lib import room", set()),
        ("%matplotlib inline\n!ls\nfrom lib.room import first", {"one"}),
    ],
)
def test_imports_are_followed_wherever_they_stand(tree, text, reached):
    folder = tree(lib__room__one="def first(): ...", lib__room__two="from ..deep import x", lib__deep="x = 1")
    (folder / "lib" / "room" / "__init__.py").write_text(ROOM)
    chapter = folder / "chapter.py"
    chapter.write_text(text)
    found = provenance.closure(chapter)
    assert {name.removeprefix("lib.room.") for name in found if name.startswith("lib.room.")} == reached
    assert ("lib.deep" in found) == ("two" in reached)


def test_tables_are_those_whose_names_stand_in_the_code(tree):
    folder = tree(lib__reads='FILE = "sub/deep.yml"', lib__other='FILE = "far.csv"')
    names = (
        "near.csv",
        "far.csv",
        "models.yml",
        "sub/deep.yml",
        "findings/seen.json",
        "cache/deep.yml",
        "zoo/near.csv",
    )
    for name in names:
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).touch()
    chapter = folder / "chapter.py"
    chapter.write_text('from lib import reads\nread("near.csv"), read("seen.json"), read("models.yml")')
    found = [path.relative_to(folder / "data").as_posix() for path in provenance.tables(chapter)]
    assert sorted(found) == ["findings/seen.json", "near.csv", "sub/deep.yml"]


# ---- what is loaded ----


def test_loads_are_seen_in_threads_and_by_everybody_who_watches():
    from concurrent.futures import ThreadPoolExecutor

    with provenance.watching() as outer:
        with provenance.watching() as inner, ThreadPoolExecutor(1) as pool:
            pool.submit(provenance.loaded, "models", "a", "1").result()
        provenance.loaded("models", "b", "1")
        provenance.loaded("models", "b", "2")
    provenance.loaded("models", "c", "1")
    assert inner == {"models": {"a": "1"}}
    assert outer == {"models": {"a": "1", "b": "1"}}


def test_processes_of_a_run_note_what_they_load_side_by_side(tmp_path):
    code = "from lib import provenance\nfor k in range(300): provenance.loaded('models', f'{NAME}-{k}', 'x' * 64)"
    house = {"PYTHONPATH": str(ROOT), "ALIKE_RUN": str(tmp_path)}
    both = [subprocess.Popen([sys.executable, "-c", code.replace("{NAME}", name)], env=house) for name in "ab"]
    assert [one.wait() for one in both] == [0, 0]
    assert len(provenance.noted(tmp_path)["models"]) == 600
    with (tmp_path / provenance.LOADED).open("a") as file:
        file.write('["models", "hal')
    assert len(provenance.noted(tmp_path)["models"]) == 600
    assert provenance.noted(tmp_path / "nowhere") == {}
