"""Editions and the table of contents: what is written wrongly is told in one clear line."""

import json

import pytest

from lib.ground import WrongUse
from lib.report import editions, runs

PAGES = "title: t\nabout: a\npages:\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Write an edition and a table of contents, and load the edition."""
    monkeypatch.setattr(editions, "EDITIONS", tmp_path)
    monkeypatch.setattr(editions, "TABLE_OF_CONTENTS", tmp_path / "_toc.yml")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "cortex.py").write_text('# %% tags=["parameters"]\nsize: int = 3  # [at least 1]\n')
    monkeypatch.setattr(runs, "NOTEBOOKS", tmp_path / "notebooks")

    def load(edition, contents="root: book/intro\nchapters:\n- file: book/chapters/cortex\n"):
        (tmp_path / "mine.yml").write_text(edition)
        (tmp_path / "_toc.yml").write_text(contents)
        return editions.load("mine")

    return load


@pytest.mark.parametrize(
    "entry", ["  cortex:", "  cortex: {}", "  cortex: {parameters: }", "  cortex: {notebook: cortex, parameters: {}}"]
)
def test_a_page_may_say_little(book, entry):
    assert book(PAGES + entry).pages == (editions.Page("cortex", "cortex", {}),)


@pytest.mark.parametrize(
    ("edition", "message"),
    [
        (
            PAGES + "  cortex: {parameter: {size: 4}}",
            "mine.yml, page cortex: unknown key 'parameter'. Did you mean 'parameters'? Known: notebook, parameters.",
        ),
        (
            PAGES + "  cortex: [size, 4]",
            "mine.yml, page cortex: expected `notebook: ...` and `parameters: ...`, not ['",
        ),
        (PAGES + "  cortex: size", "mine.yml, page cortex: expected `notebook: ...` and `parameters: ...`, not 'size'"),
        (PAGES + "  cortex: false", "expected `notebook: ...`"),
        (PAGES + "  cortex: {parameters: [size]}", "mine.yml, page cortex, parameters: expected `NAME: VALUE`"),
        (PAGES + "  cortex: {parameters: {sise: 4}}", "mine.yml, page cortex: unknown parameter 'sise'"),
        (PAGES + "  cortex: {parameters: {size: 0}}", "mine.yml, page cortex: parameter 'size' is 0, which is out of"),
        (PAGES + "  cortex: {notebook: cortx}", "mine.yml, page cortex: unknown chapter 'cortx'"),
        (PAGES + "  cortex:\n  cortex: {parameters: {size: 4}}", "the key 'cortex' stands twice"),
        (PAGES + "  1:\n", "mine.yml, pages: 1 is no name of a page"),
        (PAGES + "  - cortex", "mine.yml, pages: one line"),
        (PAGES, "mine.yml, pages: one line"),
        ("title: t\nabut: a\npages: {cortex: }", "mine.yml: unknown key 'abut'. Did you mean 'about'?"),
        ("title: t\n", "must have the keys title, about and pages; it lacks about, pages"),
        ("title: [t]\nabout: a\npages: {cortex: }", "mine.yml, title: must be text"),
        ("just text", "mine.yml: expected"),
        ("", "mine.yml: expected"),
        ("title: x\n  pages: [", "mine.yml is not valid YAML"),
    ],
)
def test_what_is_wrong_in_an_edition_is_told_in_a_clear_line(book, edition, message):
    with pytest.raises(WrongUse) as error:
        book(edition)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1 or "Parameters of chapter" in str(error.value)


@pytest.mark.parametrize(
    "line",
    [
        "- file: book/chapters/cortex",
        '- file: "book/chapters/cortex"',
        "- file: 'book/chapters/cortex'  # the first",
        "- file: book/chapters/cortex.ipynb",
        "- file: ./book/chapters/cortex  # the first",
        "- {file: book/chapters/cortex, title: Cortex}",
        "- title: Cortex\n  file: book/chapters/cortex",
        "- file: book/howto\n  sections:\n  - file: book/chapters/cortex",
    ],
)
def test_table_of_contents_is_read_as_yaml(book, line):
    assert book(PAGES + "  cortex:", f"root: book/intro\nchapters:\n{line}\n").pages


def test_pages_that_stand_in_one_of_the_two_are_told(book):
    with pytest.raises(WrongUse, match=r"Only in the edition: other; only in _toc.yml: none"):
        book(PAGES + "  cortex:\n  other: {notebook: cortex}")
    with pytest.raises(WrongUse, match=r"Only in the edition: cortex; only in _toc.yml: none"):
        book(PAGES + "  cortex:", "root: book/intro\n# - file: book/chapters/cortex\n")
    with pytest.raises(WrongUse, match=r"_toc.yml is not valid YAML"):
        book(PAGES + "  cortex:", "root: [")


def test_download_is_made_for_pages_that_are_placed_alone(tmp_path, monkeypatch):
    """A page of another edition may still lie in the built site."""
    placed, site = tmp_path / "book" / "chapters", tmp_path / "_build" / "html"
    sources = site / "_sources" / "book" / "chapters"
    for folder in (placed, sources):
        folder.mkdir(parents=True)
    for name, value in (("ROOT", tmp_path), ("CHAPTERS", placed), ("SITE", site)):
        monkeypatch.setattr(editions, name, value)
    cell = {"cell_type": "markdown", "metadata": {}, "source": "See {doc}`measures`.", "id": "one"}
    for path in (placed / "here.ipynb", sources / "here.ipynb", placed / "new.ipynb", sources / "gone.ipynb"):
        path.write_text(json.dumps({"cells": [cell]}))
    editions._for_readers()
    assert "See measures." in (sources / "here.ipynb").read_text()
    assert "{doc}" in (sources / "gone.ipynb").read_text()
    assert not (sources / "new.ipynb").exists()
