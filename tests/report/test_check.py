"""What can be measured of how a chapter reads: every fault is found, and the book's own chapters have none."""

import pytest

from lib.report import check, records, runs

HEAD = '# %% [markdown]\n# # A title\n#\n# {glue:md}`answer`\n\n# %% tags=["parameters"]\nseed: int = 0\n\n'


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Give a function that writes a chapter with some cells, and says what is wrong with it."""
    monkeypatch.setattr(runs, "NOTEBOOKS", tmp_path)

    def problems(code="x = 1", prose="A sentence."):
        lines = "\n".join(f"# {line}" for line in prose.splitlines())
        (tmp_path / "one.py").write_text(f"{HEAD}# %% [markdown]\n{lines}\n\n# %%\n{code}\n")
        return check.source_problems("one")

    return problems


def test_a_chapter_as_it_should_be_has_no_problem(chapter):
    prose = "See Yang et al. {cite}`yang2026`, e.g. that.\nA second sentence.\n* **Lead.** One sentence."
    assert chapter("first = load(1)\nsecond = first + 1", prose) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("\n".join(f"x{i} = {i}" for i in range(13)), "13 lines of code, at most 12"),
        ("\n".join(f"x{i} = {i}" for i in range(6)), "median is 6"),
        ("name = '" + "x" * 70 + "'", "a line of code of 79 columns"),
        ("key = lambda one: one", "a lambda"),
        ("a = 1 if b else 2 if c else 3", "a condition within a condition"),
        ("from functools import partial", "functools"),
        ("import functools", "functools"),
        ("for one in every:\n    lines.append(one)", "builds rows"),
        ("for one in every:\n    say({one: 1})", "builds rows"),
        ("a = 1\na = 2\na = 3", "'a' is bound 3 times"),
        ("rows = 1", "'rows' says nothing"),
    ],
)
def test_code_that_is_hard_to_read_is_found(chapter, code, message):
    assert any(message in problem for problem in chapter(code))


@pytest.mark.parametrize(
    ("prose", "message"),
    [("word " * 25, "columns, at most 118"), ("One sentence. Another one.", "two sentences on a line")],
)
def test_prose_that_is_hard_to_compare_is_found(chapter, prose, message):
    assert any(message in problem for problem in chapter(prose=prose))


GOOD = "In 12 simulated listeners a share of 0.12 (95 % interval 0.08 to 0.16, n = 12 listeners) was found. Not more."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD, None),
        ("One. Two. Three. Four. Five. Six.", "6 sentences"),
        (GOOD + " And .1, 5 %, 0.3 and 12 %.", "5 numbers"),
        ("It is 0.12.", "no interval"),
        ("It is 0.12 (n = 3 pairs).", "no interval"),
        ("It is 0.12 (95 % interval 0.1 to 0.2).", "no n beside it"),
        ("Supported: A6.", "codes of claims: A6"),
        ("The null is low.", "the term 'null'"),
        ("The {term}`null` is low.", None),
    ],
)
def test_first_screen(monkeypatch, text, message):
    monkeypatch.setattr(check, "terms", lambda: ("null",))
    found = check.first_screen(text)
    assert (found == []) if message is None else any(message in problem for problem in found)


def test_terms_come_from_the_glossary(monkeypatch, tmp_path):
    path = tmp_path / "glossary.md"
    path.write_text("# Words\n\n```{glossary}\nlayer\n    One step.\n\nRDM\nmatrix\n    A table.\n```\n")
    monkeypatch.setattr(check, "GLOSSARY", path)
    assert check.terms.__wrapped__() == ("layer", "RDM", "matrix")


def test_figures_need_words_and_text_one_can_read():
    svg, facts = {"image/svg+xml": "<svg/>"}, {"name": "line", "smallest_text": 5.5}
    assert "without caption" in next(check._figures([{"data": svg, "metadata": {}}]))
    assert "text of 5.5 pixels" in next(check._figures([{"data": svg, "metadata": {"alike": facts}}]))
    assert not list(check._figures([{"data": svg, "metadata": {"alike": facts | {"smallest_text": 8.0}}}]))


@pytest.mark.parametrize(
    ("facts", "message"),
    [({"n": 3, "p": 0.2}, None), ({"p": 0.2}, "no n"), ({"n": 3}, "neither an interval nor a p"), ({"value": 7}, None)],
)
def test_quoted_numbers_need_n_and_interval(facts, message):
    from lib.compare import Estimate

    numbers = {"x": records._entry(Estimate(**{"value": 0.5} | facts)), "word": records._entry("slow")}
    found = list(check._quoted("It is {glue:text}`x` and {glue:text}`word`, {glue:text}`x_told`.", numbers))
    assert (found == []) if message is None else message in found[0]


@pytest.mark.parametrize("name", sorted(path.stem for path in (check.ROOT / "notebooks").glob("*.py")))
def test_chapters_of_the_book_can_be_read(name):
    assert check.source_problems(name) == []
