"""The built book: whole without a network, readable without eyes, quick the second time, and easily forked."""

import pytest
from bs4 import BeautifulSoup

from lib.report import site


@pytest.fixture(scope="module")
def built(house):
    done = house.alike("book", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    return house


def page(house, name):
    return BeautifulSoup((house.folder / "_build" / "html" / "book" / f"{name}.html").read_text(), "html.parser")


def test_site_has_no_problem(built):
    assert (built.folder / "_build" / "html" / "index.html").exists()
    assert site.problems(built.folder / "_build" / "html") == []


def test_prose_quotes_this_run(built):
    text = page(built, "chapters/cortex").find("article").get_text()
    assert "The answer is 3.0, see Fig. 1." in text
    assert "It is 3.0 (95\N{NO-BREAK SPACE}% interval" in page(built, "intro").find("article").get_text()


def test_figure_has_caption_and_text_alternative(built):
    figure = page(built, "chapters/cortex").find("figure")
    assert figure["id"] == "fig-cortex-line"
    assert figure.find("img")["alt"] == "A straight line."
    assert "A line, n = 3, beside Fig. 1." in figure.find("figcaption").get_text()


def test_code_is_folded_and_page_says_how_it_was_made(built):
    chapter = page(built, "chapters/cortex")
    assert len(chapter.select("details.above-input")) == 6
    made = chapter.find(id="how-this-page-was-made").get_text()
    assert "alike run cortex" in made
    assert "size = 3" in made


def test_formulas_are_served_from_the_site(built):
    scripts = [
        tag["src"] for tag in page(built, "chapters/cortex").find_all("script", src=True) if "mathjax" in tag["src"]
    ]
    assert scripts
    assert (built.folder / "_build" / "html" / "_static" / "mathjax" / "tex-mml-chtml.js").exists()


def test_page_that_loaded_what_no_import_leads_to_stops_a_strict_build(built):
    edition = "title: t\nabout: a\npages:\n  cortex: {parameters: {hidden: true}}\n"
    (built.folder / "book" / "editions" / "hidden.yml").write_text(edition)
    done = built.alike("book", "--edition", "hidden", "--strict")
    assert done.returncode == 1
    assert "cortex: this run loaded code that its name does not depend on" in done.stderr
    assert "lib.recordings.textgrid" in done.stderr


def test_page_whose_answer_has_no_interval_stops_a_strict_build(built):
    source = (built.folder / "notebooks" / "cortex.py").read_text()
    told = " (95 % interval {total - 1:.1f} to {total + 1:.1f}, n = {size})"
    assert told in source
    (built.folder / "notebooks" / "bare.py").write_text(source.replace(told, ""))
    edition = "title: t\nabout: a\npages:\n  cortex: {notebook: bare}\n"
    (built.folder / "book" / "editions" / "bare.yml").write_text(edition)
    done = built.alike("book", "--edition", "bare", "--strict")
    assert done.returncode == 1
    assert "cortex: the number 3.0 of the answer has no interval" in done.stderr


def test_fork_as_readme_says(built):
    """Copy the chapter, add a line to an edition and a line to the contents, run it, build; nothing else is run."""
    folder = built.folder
    before = {path: path.stat().st_mtime_ns for path in built.folder.glob("runs/cortex-*/*")}
    (folder / "notebooks" / "my_question.py").write_text((folder / "notebooks" / "cortex.py").read_text())
    edition, contents = folder / "book" / "editions" / "pocket.yml", folder / "_toc.yml"
    edition.write_text(edition.read_text() + "  my_question: {parameters: {size: 5}}\n")
    refused = built.alike("book")
    assert refused.returncode == 2
    assert "only in the edition: my_question" in refused.stderr.lower()
    line = "      - file: book/chapters/cortex\n"
    contents.write_text(contents.read_text().replace(line, line + line.replace("cortex", "my_question")))
    assert built.alike("run", "my_question", "-p", "size", "5").returncode == 0
    done = built.alike("book", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cortex: nothing changed" in done.stdout
    assert "my_question: nothing changed" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in built.folder.glob("runs/cortex-*/*")} == before
    assert "The answer is 5.0, see Fig. 2." in page(built, "chapters/my_question").find("article").get_text()
    assert site.problems(folder / "_build" / "html") == []


def test_damaged_edition_is_told_in_words(house):
    path = house.folder / "book" / "editions" / "broken.yml"
    path.write_text("title: x\n  pages: [")
    done = house.alike("book", "--edition", "broken")
    assert done.returncode == 2
    assert "not valid YAML" in done.stderr
    path.write_text("title: x\n")
    assert "must have the keys" in house.alike("book", "--edition", "broken").stderr


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ('<a href="missing.html">x</a>', "does not exist"),
        ('<a href="#nowhere">x</a>', "no such place"),
        ('<img src="a.png">', "no text alternative"),
        ('<script src="https://cdn.example/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "from elsewhere"),
        ("<script>load('https://cdn.example')</script>", "names an address elsewhere"),
        ("<h3>deep</h3>", "skips a level"),
        ("<h1>second</h1>", "exactly one title"),
        ("<p>{glue:text}`x`</p>", "left raw"),
    ],
)
def test_every_fault_is_found(tmp_path, fault, message):
    sound = "<html><body><article><h1>Title</h1>{}</article></body></html>"
    (tmp_path / "index.html").write_text(sound.format("<p>fine</p>"))
    assert site.problems(tmp_path) == []
    (tmp_path / "index.html").write_text(sound.format(fault))
    assert any(message in problem for problem in site.problems(tmp_path))
