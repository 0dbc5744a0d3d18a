"""The frame of the benchmarks: what is measured, kept and shown."""

import importlib
import json
import sys
import time
import types
from pathlib import Path

import pytest

from lib.ground import WrongUse

ROOT = Path(__file__).parents[2]


@pytest.fixture
def frame(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("benchmarks.frame")


def results(frame):
    rows = [
        frame.row("a | b", 0.5, theirs=1.5, other="him 1.0", check="differ by 1e-9", note="float64"),
        frame.row("loop", 2.0, theirs=72000.0, other="skl", extrapolated="from 40 fits"),
        frame.row("memory", 552.4, unit="MB"),
    ]
    return {"nested_things": {**frame.circumstances(), "rows": rows}}


def test_rows_hold_the_ratio(frame):
    assert frame.row("x", 0.5, theirs=1.5)["ratio"] == 3
    assert frame.row("x", 0.5)["ratio"] is None


def test_best_of_takes_turns_and_leaves_the_warm_up_out(frame):
    calls, slow_once = [], iter([0.05])

    def first():
        calls.append("a")
        time.sleep(next(slow_once, 0))

    best = frame.best_of(first, lambda: calls.append("b"), repeats=3)
    assert "".join(calls) == "abababab"
    assert best[0] < 0.05


def test_peak_memory_is_that_of_the_call(frame):
    setup = "import numpy as np; transient = np.ones(30_000_000); del transient; kept = np.ones(10_000_000)"
    before, peak = frame.peak_memory(setup, "x = np.ones(20_000_000); del x")
    assert 80 < before < 200
    assert 150 < peak - before < 180


def test_results_survive_the_file(frame, tmp_path):
    kept = results(frame)
    frame.save(kept, tmp_path / "results.json")
    assert frame.load(tmp_path / "results.json") == json.loads(json.dumps(kept))
    assert frame.load(tmp_path / "none.json") == {}


def test_page_shows_both_sides_and_what_is_extrapolated(frame):
    page = frame.page(results(frame))
    assert "## Nested things" in page
    assert r"| a \| b | 500 ms | 1.5 s: him 1.0 | 3× | differ by 1e-9; float64 |" in page
    assert "20 h (extrapolated from 40 fits): skl | 36,000×" in page
    assert "| memory | 552 MB | – | – |" in page
    assert f"torch {frame.circumstances()['versions']['torch']}" in page


@pytest.fixture
def fake(frame, monkeypatch, tmp_path):
    """A benchmark of two steps, the second of which looks at the file of results and may be made to fail."""
    module = types.ModuleType("benchmarks.bench_fake")
    path, seen = tmp_path / "results.json", []

    def second():
        seen.append(frame.load(path)["fake"])
        yield frame.row("two", 2.0)
        if module.fails:
            raise KeyboardInterrupt
        yield frame.row("three", 3.0)

    module.steps = lambda: [frame.Step("first", lambda: [frame.row("one", 1.0)]), frame.Step("second", second)]
    module.fails = False
    monkeypatch.setitem(sys.modules, "benchmarks.bench_fake", module)
    monkeypatch.setattr(frame, "HERE", tmp_path)
    (tmp_path / "bench_fake.py").touch()
    frame.save({"other": {"rows": []}, "fake": {"rows": [1, 2, 3, 4], "seconds": {"second": 90}}}, path)
    return module, path, seen


def test_every_row_is_kept_as_soon_as_it_is_measured(frame, fake):
    _, path, seen = fake
    said = []
    found = list(frame.measure("fake", say=said.append, path=path))
    kept = frame.load(path)
    assert [line["what"] for line in kept["fake"]["rows"]] == ["one", "two", "three"] == [x["what"] for x in found]
    assert [line["what"] for line in seen[0]["rows"]] == ["one"]
    assert set(kept["fake"]["seconds"]) == {"first", "second"}
    assert kept["other"] == {"rows": []}
    assert "unfinished" not in kept["fake"]
    assert said[0] == "fake 1/2: first ..."
    assert said[1].startswith("fake 1/2: done in ")
    assert said[2] == "fake 2/2: second ... (90 s the last time)"


def test_what_was_measured_before_a_stop_is_kept_and_marked(frame, fake):
    module, path, _ = fake
    module.fails = True
    with pytest.raises(KeyboardInterrupt):
        list(frame.measure("fake", say=str, path=path))
    kept = frame.load(path)
    assert [line["what"] for line in kept["fake"]["rows"]] == ["one", "two"]
    assert "It was stopped before its end: rows are missing." in frame.page({"fake": kept["fake"]})
    assert "stopped" not in frame.page(results(frame))


def test_unknown_benchmark_is_named_before_anything_is_measured(frame):
    with pytest.raises(WrongUse, match=r"unknown benchmark 'encodings'.*'encoding'"):
        frame.known(["encoding", "encodings"])
    assert frame.known(None) == frame.names()


def test_every_benchmark_says_what_it_measures(frame):
    assert "encoding" in frame.names()
    for name in frame.names():
        steps = importlib.import_module(f"benchmarks.bench_{name}").steps()
        assert len({step.what for step in steps}) == len(steps) >= 2
        assert all(callable(step.rows) for step in steps)
