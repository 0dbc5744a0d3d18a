"""The runner: fresh, found, failed and forced runs, what their kernels note, and the source that must never change."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from lib import provenance
from lib.ground import MissingData, WrongUse
from lib.report import editions, kernel, notebooks, runs

CHAPTER = (Path(__file__).parent / "tiny_chapter.py").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with a chapter of its own in a notebooks folder of its own."""
    folder = tmp_path_factory.mktemp("alike")
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "tiny.py").write_text(CHAPTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "NOTEBOOKS", folder / "notebooks")
        yield folder


@pytest.fixture(scope="module")
def run_tiny(folder):
    """Give a function that runs the chapter, and the calls of its progress."""
    return lambda given=None, **kw: runs.run("tiny", given, folder=folder / "runs", **kw)


@pytest.fixture(scope="module")
def done(run_tiny):
    """A run of four, and what it told of its progress."""
    seen = []
    return run_tiny({"size": "4"}, progress=lambda done, total, heading: seen.append((done, total, heading))), seen


@pytest.fixture(scope="module")
def failed(run_tiny):
    seen = []
    return run_tiny({"fail": True}, progress=lambda done, total, heading: seen.append((done, total, heading))), seen


def test_run_leaves_everything_a_reader_needs(done, folder):
    run, seen = done
    assert run.fresh
    assert run.succeeded
    assert pd.read_parquet(run.folder / "results.parquet")["value"].tolist() == [4.0] * 4
    assert run.numbers()["total"]["text"] == "4.0"
    assert run.numbers()["_answer"].startswith("It is 4.0 (95 % interval")
    assert {path.name for path in (run.folder / "figures").iterdir()} == {"line.svg", "line.pdf"}
    facts = json.loads((run.folder / "manifest.json").read_text())
    defaults = {"scale": 1.0, "label": "none", "names": ["a", "b"], "fail": False, "hidden": False, "seed": 0}
    assert facts["parameters"] == {"size": 4, **defaults}
    assert runs.changed(facts) == {"size": 4}
    assert (facts["status"], facts["error"], facts["cell"]) == ("ok", None, None)
    assert facts["peak_memory_mb"] > 20
    assert [done for done, _, _ in seen] == list(range(len(seen)))
    assert seen[-1] == (len(seen) - 1, len(seen) - 1, "ok")
    assert "Compare" in {heading for _, _, heading in seen}
    assert (folder / "notebooks" / "tiny.py").read_text() == CHAPTER
    assert [path.name for path in (folder / "notebooks").iterdir()] == ["tiny.py"]
    assert "jupytext" not in nbformat.read(run.notebook, 4).metadata


def test_manifest_names_the_modules_that_were_loaded(done):
    facts = done[0].manifest
    assert {"lib.ground", "lib.report.records"} <= set(facts["modules"])
    assert facts["outside"] == []
    assert facts["loaded"] == {}
    assert not {kernel.USAGE, provenance.LOADED} & {path.name for path in done[0].folder.iterdir()}


def test_unchanged_run_is_found_and_changed_one_keeps_it(done, run_tiny, folder):
    again = run_tiny({"size": 4})
    assert again.folder == done[0].folder
    assert not again.fresh
    marks = runs.fingerprints("tiny", runs.check_parameters("tiny", {"size": 5}))
    assert runs.find("tiny", marks, folder / "runs") is None
    assert [run.folder for run in runs.of_this_source("tiny", folder / "runs")] == [done[0].folder]


def test_published_models_alone_may_be_missing_and_are_looked_for_again(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    marks = runs._marks({"published_models": ["crepe-tiny", "logmel"], "size": 3})
    assert marks["crepe-tiny"] == "not here" != marks["logmel"]
    monkeypatch.setattr(runs.models, "fingerprint", str.upper)  # weights have come
    assert runs._marks({"published_models": ["crepe-tiny"]}) == {"crepe-tiny": "CREPE-TINY"}
    monkeypatch.undo()
    monkeypatch.setenv("ALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(MissingData, match="crepe-tiny"):
        runs._marks({"published_models": ["crepe-tiny"], "models": ["crepe-tiny"]})


def test_module_that_no_import_leads_to_is_told(run_tiny, done):
    run = run_tiny({"size": 4, "hidden": True}, force=True)
    assert run.fresh
    assert "lib.recordings.textgrid" in run.manifest["outside"]
    page = notebooks.page_notebook(editions.Page("tiny", "tiny"), run)
    assert any("lib.recordings.textgrid" in cell["source"] and "{warning}" in cell["source"] for cell in page["cells"])
    clean = notebooks.page_notebook(editions.Page("tiny", "tiny"), done[0])
    assert not any("{warning}" in cell["source"] for cell in clean["cells"])


def test_kernel_that_left_no_note_is_told(monkeypatch, run_tiny):
    monkeypatch.setattr(runs.execution, "execute", lambda *a: executed(a[2], modules=[], loaded={}))
    assert run_tiny({"label": "mute"}).manifest["outside"] == ["the kernel left no note of its modules"]


def executed(work, **facts):
    work.mkdir()
    return {"status": "ok", "chapter": "tiny", "parameters": {}, "started": "2020", "seconds": 1, **facts}


def test_force_repeats(done, run_tiny, monkeypatch, folder):
    before = done[0].notebook.read_bytes()
    kept = shutil.copytree(done[0].folder, folder / "kept")
    monkeypatch.setattr(runs.execution, "execute", lambda *a: executed(a[2], modules=["lib"], loaded={}))
    assert not run_tiny({"size": 4}).fresh
    again = run_tiny({"size": 4}, force=True)
    assert again.fresh
    assert again.folder == done[0].folder
    assert not again.notebook.exists()
    shutil.rmtree(again.folder)
    shutil.move(kept, done[0].folder)
    assert done[0].notebook.read_bytes() == before


def test_failed_run_is_kept_with_its_error_and_is_not_found(failed, run_tiny, folder):
    run, seen = failed
    assert not run.succeeded
    assert run.folder.name.endswith("-failed")
    assert "RuntimeError: asked to fail" in run.manifest["error"]
    assert "asked to fail" in run.notebook.read_text()
    assert runs.find("tiny", run.manifest["fingerprints"], folder / "runs") is None
    total = seen[0][1]
    assert run.manifest["cell"] == f"cell 6 of {total}, under 'Compare': `if fail:`"
    assert seen[-1] == (5, total, "Compare")


def test_success_replaces_a_failure(failed, run_tiny, monkeypatch):
    monkeypatch.setattr(runs.execution, "execute", lambda *a: executed(a[2], modules=["lib"], loaded={}))
    assert run_tiny({"fail": True}).succeeded
    assert not failed[0].folder.exists()


def test_all_runs_are_listed_and_damaged_folders_passed_over(done, failed, folder):
    (folder / "runs" / "tiny-old").mkdir()
    (folder / "runs" / "tiny-old" / "manifest.json").write_text('{"status": "ok", "fingerprints": {}}')
    (folder / "runs" / "tiny-cut").mkdir()
    (folder / "runs" / "tiny-cut" / "manifest.json").write_text('{"status"')
    listed = [run.folder for run in runs.all_runs(folder=folder / "runs")]
    assert done[0].folder in listed
    assert not {"tiny-old", "tiny-cut"} & {path.name for path in listed}
    assert runs.all_runs("other", folder=folder / "runs") == []


def test_what_terminated_runs_left_is_removed_and_what_runs_stays(folder, run_tiny, monkeypatch):
    monkeypatch.setattr(runs.execution, "execute", lambda *a: executed(a[2], modules=["lib"], loaded={}))
    mine, dead = (folder / "runs" / f"{runs._scratch()}{pid}-x" for pid in (os.getpid(), 2**22 + 1))
    other = folder / "runs" / f".running-elsewhere-{2**22 + 1}-x"
    for path in (mine, dead, other):
        (path / "run").mkdir(parents=True)
    run_tiny({"label": "another"})
    assert not dead.exists()
    assert mine.exists()
    assert other.exists()


def test_chapter_that_ends_itself_has_failed(folder, monkeypatch):
    cell = '# %% tags=["parameters"]\nseed = 0\n\n# %%\nimport sys\n\nsys.exit(0)\n\n# %%\n1 + 1\n'
    (folder / "notebooks" / "quitter.py").write_text(cell)
    run = runs.run("quitter", folder=folder / "runs")
    (folder / "notebooks" / "quitter.py").unlink()
    assert not run.succeeded
    assert "ended itself" in run.manifest["error"]
    assert "cell 3 of 4: `import sys`" in run.manifest["cell"]
    assert run.manifest["modules"]  # noted although the chapter never imports anything of lib


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sise": 4}, "Did you mean 'size'"),
        ({"size": "four"}, "must be of type int"),
        ({"size": 2.5}, "must be of type int"),
        ({"size": "-5"}, r"'size' is '-5', which is out of range \[at least 1\]"),
        ({"label": 3}, "must be of type str"),
        ({"names": "[1, 2]"}, r"must be of type list\[str\]"),
        ({"fail": "maybe"}, "must be of type bool"),
        ({"seed": "x"}, "must be of type int"),
    ],
)
def test_wrong_parameter_lists_what_is_known_and_writes_nothing(run_tiny, folder, given, message):
    before = sorted((folder / "runs").glob("*"))
    with pytest.raises(WrongUse, match=message) as error:
        run_tiny(given)
    assert "scale: float = 1.0  (factor)" in str(error.value)
    assert "size: int = 3  (how many [at least 1])" in str(error.value)
    assert sorted((folder / "runs").glob("*")) == before


def test_parameter_without_a_type_can_be_changed(folder):
    assert runs.check_parameters("tiny", {"seed": "7", "scale": 2})["seed"] == 7


def test_unknown_chapter_lists_the_known_ones(folder):
    with pytest.raises(WrongUse, match="Known: tiny"):
        runs.check_parameters("tinny")


@pytest.mark.parametrize(
    ("loaded", "notice"), [({"recordings": {"pocket-eeg": "x", "alice": "y"}}, "(pocket-eeg) are simulated"), ({}, "")]
)
def test_notice_of_simulated_listeners_depends_on_what_was_loaded(loaded, notice):
    marks = {"recordings": {} if loaded else {"pocket-eeg": "x"}}  # what parameters named does not matter
    found = notebooks.simulated_notice(runs.Run(Path("x"), {"loaded": loaded, "fingerprints": marks}, fresh=True))
    assert bool(found) == bool(notice)
    assert notice in found
