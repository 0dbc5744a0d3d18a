"""Models on the command line: the roster, its filters, what is missing and what is wrong."""

import pytest
from bs4 import BeautifulSoup

from lib import models
from lib.report import editions, generated


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["models", "list", "--family", "acoustic baselines"], "Did you mean 'acoustic baseline'"),
        (["models", "list", "--status", "run"], "Did you mean 'runs'"),
        (["models", "check", "logmell"], "Did you mean 'logmel'"),
        (["models", "fetch", "logmell"], "Did you mean 'logmel'"),
        (["models", "fetch", "logmel"], "no weights to fetch"),
        (["models", "check", "untrained:logmel"], "untrained:NAME:SEED"),
    ],
)
def test_wrong_use_exits_2(house, words, message):
    done = house.alike(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_list_shows_every_model_in_full(house):
    shown = house.alike("models", "list").stdout
    assert all(name in shown for name in models.names())
    assert f"{len(models.names())} models: " in shown


def test_list_can_be_filtered(house):
    shown = house.alike("models", "list", "--family", "acoustic baseline", "--status", "runs").stdout
    roster = models.roster()
    wanted = set(roster.name[(roster.family == "acoustic baseline") & (roster.status == "runs")])
    assert f"{len(wanted)} models: {len(wanted)} runs" in shown
    assert all(name in shown for name in wanted)


def test_check_tells_what_it_measured(house):
    done = house.alike("models", "check", "logmel")
    assert done.returncode == 0, done.stderr
    for word in ("speed: ", "memory: ", "revision: ", "frame_rate", "logmel: 0 problems."):
        assert word in done.stdout


def test_missing_weights_exit_1_in_one_line(house):
    roster = models.roster()
    missing = roster[(roster.hub != "") & (roster.loader != "")]
    if missing.empty:
        pytest.skip("no model of the roster needs a download")
    done = house.alike("models", "check", missing.name.iloc[0])
    if done.returncode == 0:
        pytest.skip("its weights are on this machine")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "alike models fetch" in done.stderr


def test_page_shows_every_model_in_a_table_that_sorts_and_unfolds():
    table = BeautifulSoup(generated._models_page(), "html.parser").find("table")
    assert "sortable" in table["class"]
    rows = table.select("tbody tr")
    assert [row.find("code").get_text() for row in rows] == models.names()
    assert {len(row.find_all("td")) for row in rows} == {5}
    assert all(row.select("details dd") for row in rows)
    assert [head.get_text() for head in table.select("th[data-choice]")] == ["family", "status"]


@pytest.mark.parametrize(
    ("parameters", "shown"), [(94_371_712, "94.4 M"), (8_000_000_000, "8 B"), (1_234, "1,234"), ("", "")]
)
def test_parameters_are_readable(parameters, shown):
    assert generated._cell({"parameters": parameters}, "parameters") == shown


def test_script_of_the_tables_is_our_own_and_fetches_nothing():
    script = (editions.BOOK / "_static" / "sortable.js").read_text()
    assert "http" not in script
    assert "import" not in script
    assert "aria-sort" in script


def test_page_is_a_table_of_that_class_when_built(house):
    from docutils.core import publish_string
    from myst_parser.parsers.docutils_ import Parser

    html = publish_string(
        generated._models_page(), parser=Parser(), writer_name="html5", settings_overrides={"report_level": 5}
    )
    table = BeautifulSoup(html, "html.parser").find("table")
    assert "sortable" in table["class"]
    assert len(table.find("tbody").find_all("tr")) == len(models.names())
