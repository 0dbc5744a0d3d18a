"""What a GPU is worth: every job runs, in tiny sizes on the processor; what is kept, what fails, what the page says."""

import importlib
import json
import math
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    import sys

    sys.path.insert(0, str(ROOT))
    yield importlib.import_module("benchmarks.gpu")
    sys.path.remove(str(ROOT))


@pytest.fixture(scope="module")
def done(bench, tmp_path_factory):
    """Results of one small run of everything, on the processor, through processes as on a lent machine."""
    path = tmp_path_factory.mktemp("gpu") / "results.json"
    said = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CUDA_VISIBLE_DEVICES", "")
        found = bench.run(path, small=True, say=said.append)
    return found, json.loads(path.read_text()), said


def test_every_job_is_timed_and_kept(bench, done):
    found, kept, said = done
    assert [row["name"] for row in kept["rows"]["cpu"]] == list(bench.JOBS)
    assert not [row for row in kept["rows"]["cpu"] if "failed" in row]
    assert all(row["seconds"] > 0 for row in kept["rows"]["cpu"])
    assert kept == json.loads(json.dumps(found))
    assert kept["small"] is True
    assert len(said) > len(bench.JOBS)


def test_without_a_card_it_says_so_and_has_no_row_of_one(done):
    found, _, said = done
    if found["gpu"] is None:
        assert list(found["rows"]) == ["cpu"]
        assert said[0].startswith("No GPU here")


def test_share_of_products_is_a_share_and_that_of_a_product_is_large(bench):
    import torch

    big = torch.ones(400, 400)
    multiplied = bench.share_of_products(lambda: big @ big)["products"]
    added = bench.share_of_products(lambda: (big + big).sum())["products"]
    assert 0.5 < multiplied <= 1
    assert added is None


def test_a_call_is_timed_after_its_first_and_as_long_as_the_budget_lasts(bench, monkeypatch):
    clock = iter([0, 9, 10, 11, 20, 22])
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock))
    assert bench.seconds_of(lambda: None, budget=10.5) == (1, 2)
    clock = iter([0, 46])
    assert bench.seconds_of(lambda: None, budget=10) == (46, 1)  # too slow to be done twice


def test_a_job_that_fails_says_why_and_stands_in_no_other_ones_way(bench, monkeypatch):
    def broken(sizes):
        raise ValueError("no such card")

    fine = bench.Job("adding", lambda: 1, count=4)
    monkeypatch.setattr(bench, "JOBS", {"broken": broken, "fine": lambda sizes: fine})
    first, second = bench.measure(["broken", "fine"], bench.SMALL)
    assert "ValueError: no such card (test_gpu.py" in first["failed"]
    assert second["what"] == "adding"


def test_a_process_is_ended_when_its_time_is_up(bench):
    said = []
    rows = list(bench.in_a_process("cpu", list(bench.JOBS), small=True, limit=0.2, say=said.append))
    assert rows == []
    assert "ended by" in said[-1]


def test_results_of_a_card_are_not_written_over_without_one(bench, monkeypatch, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"gpu": "a card", "rows": {}}))
    monkeypatch.setattr(bench.frame, "circumstances", lambda: {"gpu": None})
    monkeypatch.setattr(bench, "in_a_process", lambda *_, **__: iter([{"name": "null", "what": "x", "seconds": 1.0}]))
    bench.run(path, small=True, say=str)
    assert json.loads(path.read_text())["gpu"] == "a card"


def test_both_devices_are_measured_where_there_is_a_card(bench, monkeypatch, tmp_path):
    asked = []

    def rows(where, names, **_):
        asked.append(where)
        yield {"name": "null", "what": "x", "seconds": {"gpu": 1.0, "cpu": 8.0}[where], "note": "", "whole": []}

    monkeypatch.setattr(bench.frame, "circumstances", lambda: {"gpu": "a card"})
    monkeypatch.setattr(bench, "in_a_process", rows)
    found = bench.run(tmp_path / "r.json", names=["null"], say=str)
    assert asked == ["gpu", "cpu"]
    assert found["rows"]["cpu"][0]["seconds"] == 8


@pytest.mark.parametrize(("given", "message"), [(["--only", "nul"], "unknown job 'nul'")])
def test_an_unknown_job_is_named_before_anything_is_measured(bench, capsys, given, message):
    assert bench.main(given) == 2
    assert message in capsys.readouterr().err


def test_what_is_not_installed_is_named(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench, "NEEDED", ("numpy", "no_such_package"))
    assert bench.main(["--small"]) == 2
    assert "not installed here: no_such_package" in capsys.readouterr().err


@pytest.fixture
def of_a_card(bench):
    null = {"name": "null", "what": "Null", "note": "single", "whole": ["12 models × 84 sentences", 1008]}
    about = {**bench.frame.circumstances(), "gpu": "Some Card", "small": False}
    gpu = [null | {"seconds": 0.5, "products": 0.4, "busy": 0.9}, {"name": "ridge", "failed": "OutOfMemory: x"}]
    return {**about, "rows": {"gpu": gpu, "cpu": [null | {"seconds": 5.0}]}}


def test_the_page_has_the_cards_name_ratios_and_failures(bench, of_a_card):
    page = bench.frame.page({}, of_a_card)
    assert "## On a GPU" in page
    assert "Some Card beside" in page
    assert (
        "| Null | 500 ms | 5 s | 10× | single; matrix products are 40 % of the card's time, which is busy 90 %" in page
    )
    assert "12 models × 84 sentences, extrapolated: 8.4 min" in page
    assert "| ridge | failed | – | – | OutOfMemory: x |" in page


@pytest.mark.parametrize("found", [None, {}, {"gpu": None, "rows": {"cpu": []}}])
def test_the_page_says_where_no_card_was_measured(bench, found):
    assert "No GPU has been measured yet" in bench.frame.page({}, found)


def test_training_steps_are_of_recipes_of_today_and_called_by_their_kind(done):
    from lib.training.recipes import recipe

    found, _, _ = done
    steps = {
        row["name"]: re.search(r"training step of (\S+), batch of (\d+)", row["what"]) for row in found["rows"]["cpu"]
    }
    trained = {name: recipe(told[1]) for name, told in steps.items() if told}
    assert "mini-resnet" in [one.name for one in trained.values()]
    assert {name: (one.kind, one.schedule.batch) for name, one in trained.items()} == {
        name: (name, int(steps[name][2])) for name in trained
    }


def test_sizes_are_those_of_the_papers(bench):
    sizes = bench.Sizes()
    assert (sizes.subjects, sizes.sentences, sizes.draws, sizes.models) == (49, 84, 500, 12)
    assert sizes.voxels == 11_065
    assert sum(bench.LIMITS.values()) < 8 * 60 - 30
    assert math.isfinite(sizes.budget)
