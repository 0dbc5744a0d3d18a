"""The page of published scores: a row a model, six tasks in columns, others unfolded; a line where it is not here."""

import pytest
from bs4 import BeautifulSoup

from lib.ground import DamagedData
from lib.report import hear

HEAD = "Model,URL,Submission Date,Beehive,CREMA-D,ESC-50,FSD50K,GTZAN Genre,NSynth Pitch 50h,Speech commands full"
ROW = 'A <b> & "C",https://x,2023-01-05,0.5,0.6549,0.9,0.12345,,0.7,0.8'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_DATA", str(tmp_path))
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    (tmp_path / hear.FOLDER).mkdir()
    return tmp_path / hear.FOLDER


def test_page_has_a_row_each_with_the_other_tasks_unfolded(folder):
    (folder / hear.FILE).write_text(f"{HEAD}\n{ROW}\n")
    page = hear.page()
    table = BeautifulSoup(page, "html.parser").find("table")
    (row,) = table.select("tbody tr")
    cells = {cell["data-label"]: cell.get_text() for cell in row.find_all("td")}
    assert cells["model"].startswith('A <b> & "C"')
    assert "Beehive0.500" in cells["model"]
    assert (cells["ESC-50"], cells["FSD50K"], cells["GTZAN"], cells["CREMA-D"]) == ("0.900", "0.123", "", "0.655")
    assert "1 models, 7 tasks" in page
    assert "sortable" in table["class"]


def test_without_the_table_the_page_says_how_to_get_it(folder):
    page = hear.page()
    assert "not on this machine" in page
    assert "hear-leaderboard" in page
    assert "<table" not in page


def test_a_table_without_its_columns_is_damaged(folder):
    (folder / hear.FILE).write_text("Model,URL,Submission Date,ESC-50\nA,b,c,0.5\n")
    with pytest.raises(DamagedData, match="no column FSD50K"):
        hear.page()
