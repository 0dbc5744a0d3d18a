"""The leaderboard out of stored runs: one row a model, the latest, the best first; and ranks."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from lib.compare import Estimate
from lib.report import generated, records, runs


def run(folder, model, value, *, recording="pocket-sounds", started="2020-01-01", twin=True):
    from types import SimpleNamespace

    estimate = Estimate(value, value - 0.1, value + 0.1, 165)
    said = {"mean_r2": estimate, "gain_filters": estimate, "model_name": model.rpartition("/")[2]}
    said |= {"twin_mean_r2": estimate if twin else "not to be had", "best_component": "pitch"}
    numbers = {name: records._entry(one) for name, one in said.items()}
    manifest = {"parameters": {"model": model, "recording": recording}, "started": started}
    manifest |= {"seconds": 61.4, "peak_memory_mb": 1234}
    return SimpleNamespace(folder=Path(folder), manifest=manifest, numbers=lambda: numbers)


@pytest.fixture
def stored(monkeypatch):
    found = [
        run("score-1", "mini-mixture", 0.4, started="2020-01-02"),
        run("score-2", "spectrotemporal", 0.6, twin=False),
        run("score-3", "mini-mixture", 0.9, started="2020-01-01"),
        run("score-4", "/home/a/mine.py:load@0123456789abcdef", 0.2, started="2020-01-01"),
        run("score-5", "/home/a/mine.py:load@ffffffffffffffff", 0.5, started="2020-01-03"),
        run("score-6", "logmel", 0.7, recording="natsound165"),
    ]
    monkeypatch.setattr(runs, "of_this_source", lambda chapter: found if chapter == "score" else [])
    return found


def test_the_latest_of_each_model_best_first(stored):
    assert [one.folder.name for one in generated.scored("pocket-sounds")] == ["score-2", "score-5", "score-1"]
    assert [one.folder.name for one in generated.scored()] == ["score-6", "score-2", "score-5", "score-1"]


def test_page_has_a_row_each(stored):
    table = BeautifulSoup(generated._leaderboard_page(generated.scored()), "html.parser").find("table")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in table.select("tbody tr")]
    assert [row[0] for row in rows] == ["logmel", "spectrotemporal", "mine.py:load@ffffffffffffffff", "mini-mixture"]
    assert rows[0][5] == "natsound165"
    assert rows[1][1:4] == ["0.60 (0.50 to 0.70)", "not to be had", "0.60 (0.50 to 0.70)"]
    assert rows[1][5] == "pocket-sounds (simulated listeners)"
    assert rows[1][6] == "score-2"


def test_page_says_that_nothing_was_scored():
    page = generated._leaderboard_page([])
    assert "**Nothing was scored yet**" in page
    assert "alike score mini-mixture" in page
    assert "<table" not in page


def test_rank_is_among_other_models_on_the_same_sounds(stored, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "terminal.csv").write_text('text\nfirst\n""\nlast\n')
    shown = generated.score_lines(run(tmp_path, "mini-mixture", 0.45))
    assert shown[:3] == ["first", "", "last"]
    assert shown[3].endswith("3 of 3 scored on pocket-sounds")
    assert shown[4].endswith("61 s, at most 1,234 MB")
    assert generated.score_lines(run(tmp_path, "new", 0.55))[3].endswith("2 of 4 scored on pocket-sounds")
