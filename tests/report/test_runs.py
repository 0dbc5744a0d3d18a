"""The runner: fresh, stale, failed and forced runs, parameters, and the source that must never change."""

import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from lib.ground import WrongUse
from lib.report import runs

CHAPTER = (Path(__file__).parent / "tiny_chapter.py").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("alike")


@pytest.fixture
def tiny(folder, monkeypatch):
    """A chapter of its own in a notebooks folder of its own; gives a function that runs it."""
    (folder / "notebooks").mkdir(exist_ok=True)
    source = folder / "notebooks" / "tiny.py"
    source.write_text(CHAPTER)
    monkeypatch.setattr(runs, "NOTEBOOKS", source.parent)
    return lambda given=None, **kw: runs.run("tiny", given, folder=folder / "runs", **kw)


def test_run_leaves_everything_a_reader_needs(tiny, folder):
    seen = []
    run = tiny({"size": "4"}, progress=lambda done, total, heading: seen.append((done, total, heading)))
    assert run.fresh
    assert run.succeeded
    assert pd.read_parquet(run.folder / "results.parquet")["value"].tolist() == [4.0] * 4
    assert run.numbers()["total"]["text"] == "4.00"
    assert run.numbers()["_answer"] == "It is 4.0."
    assert {path.name for path in (run.folder / "figures").iterdir()} == {"line.png", "line.pdf"}
    told = json.loads((run.folder / "manifest.json").read_text())
    assert told["parameters"] == {
        "size": 4,
        "scale": 1.0,
        "label": "none",
        "names": ["a", "b"],
        "fail": False,
        "seed": 0,
    }
    assert told["status"] == "ok"
    assert told["peak_memory_mb"] > 20
    assert seen[-1][0] == seen[-1][1]
    assert "Compare" in {heading for _, _, heading in seen}
    assert (folder / "notebooks" / "tiny.py").read_text() == CHAPTER
    assert [path.name for path in (folder / "notebooks").iterdir()] == ["tiny.py"]
    assert "jupytext" not in nbformat.read(run.notebook, 4).metadata


def test_unchanged_run_is_found_and_changed_one_keeps_it(tiny):
    first, again = tiny({"size": "4"}), tiny({"size": 4})
    assert again.folder == first.folder
    assert not again.fresh
    other = tiny({"size": 5})
    assert other.fresh
    assert other.folder != first.folder
    assert first.notebook.exists()


def test_force_repeats(tiny):
    before = tiny({"size": 4})
    stamp = before.notebook.stat().st_mtime_ns
    assert tiny({"size": 4}, force=True).fresh
    assert before.notebook.stat().st_mtime_ns > stamp


def test_failed_run_is_kept_with_its_error_and_tried_again(tiny):
    run = tiny({"fail": True})
    assert not run.succeeded
    assert run.folder.name.endswith("-failed")
    assert "RuntimeError: asked to fail" in run.manifest["error"]
    assert "asked to fail" in run.notebook.read_text()
    assert tiny({"fail": True}).fresh


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sise": 4}, "Did you mean 'size'"),
        ({"size": "four"}, "must be of type int"),
        ({"size": 2.5}, "must be of type int"),
        ({"label": 3}, "must be of type str"),
        ({"names": "[1, 2]"}, "must be of type list"),
        ({"fail": "maybe"}, "must be of type bool"),
    ],
)
def test_wrong_parameter_lists_what_is_known_and_writes_nothing(tiny, folder, given, message):
    before = sorted((folder / "runs").glob("*")) if (folder / "runs").exists() else []
    with pytest.raises(WrongUse, match=message) as error:
        tiny(given)
    assert "scale: float = 1.0  (factor)" in str(error.value)
    assert (sorted((folder / "runs").glob("*")) if (folder / "runs").exists() else []) == before


def test_int_is_taken_for_float_and_text_is_parsed(tiny):
    values = runs.check_parameters("tiny", {"scale": 2, "names": "['c']", "label": "3"})
    assert values["scale"] == 2.0
    assert isinstance(values["scale"], float)
    assert values["names"] == ["c"]
    assert values["label"] == "3"


def test_unknown_chapter_lists_the_known_ones(tiny):
    with pytest.raises(WrongUse, match="Known: tiny"):
        runs.check_parameters("tinny")


def marks(**changed):
    return runs.run_id("tiny", runs.fingerprints("tiny", {**runs.check_parameters("tiny"), **changed}))


def test_run_id_depends_on_source_and_parameters(tiny, folder):
    base = marks()
    assert marks(seed=1) != base
    (folder / "notebooks" / "tiny.py").write_text(CHAPTER + "\n# %%\n1 + 1\n")
    assert marks() != base
    (folder / "notebooks" / "tiny.py").write_text(CHAPTER)
    assert marks() == base
