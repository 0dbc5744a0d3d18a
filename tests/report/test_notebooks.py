"""A page's notebook: its numbers in the prose, its values in the parameters cell, and plain Markdown to download."""

import json
from types import SimpleNamespace

import pytest

from lib.compare import Estimate
from lib.ground import WrongUse
from lib.report import notebooks, records
from lib.report.editions import Page

CODE = "# fmt: off\nn: int = 3  # how many\nword = 'é'  # é"
PROSE = "{glue:text}`x`, {cite}`pepino2025,robert1976`, {doc}`measures`, {term}`layer`, {numref}`fig-line`."
SVG = {"image/svg+xml": "<svg/>"}


def a_run(tmp_path, prose, numbers, values=None):
    facts = {"name": "line", "caption": "A line beside {numref}`fig-line`.", "alt": "It rises."}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# Title\n\n{prose}"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": CODE,
         "outputs": []},
        {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": "n = 3", "outputs": []},
        {"cell_type": "code", "metadata": {}, "source": "show(x)",
         "outputs": [{"output_type": "display_data", "data": SVG, "metadata": {"alike": facts}}]},
    ]  # fmt: skip
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {"kernelspec": {}, "language_info": {}}}))
    manifest = {"loaded": {"recordings": {"pocket-eeg": "x"}}, "outside": [], "parameters": values or {"n": 3},
                "id": "x", "started": "2020-01-01", "seconds": 1, "peak_memory_mb": 1, "platform": "", "python": "",
                "versions": {}}  # fmt: skip
    return SimpleNamespace(notebook=path, manifest=manifest, folder=tmp_path, numbers=lambda: numbers)


def said(**numbers):
    return {name: records._entry(found) for name, found in numbers.items()}


def test_prose_quotes_numbers_with_interval_n_and_p(tmp_path):
    numbers = said(x=Estimate(0.123, 0.08, 0.16, 12, p=0.2), word="slow", count=7)
    prose = " ".join(f"{{glue:text}}`{name}`" for name in ("x", "x_interval", "x_told", "x_n", "x_p", "word", "count"))
    page = notebooks.page_notebook(Page("tiny", "tiny"), a_run(tmp_path, prose, numbers))
    assert "0.123 0.080 to 0.160 0.123 (0.080 to 0.160) 12 p = .20 slow 7" in page["cells"][0]["source"]


def test_prose_that_quotes_what_nobody_said_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="page tiny: the prose quotes 'y'"):
        notebooks.page_notebook(Page("tiny", "tiny"), a_run(tmp_path, "{glue:text}`y`", {}))


def test_no_line_ends_before_a_per_cent_sign(tmp_path):
    page = notebooks.page_notebook(Page("tiny", "tiny"), a_run(tmp_path, "12 % of 95 % intervals", {}))
    assert "12\N{NO-BREAK SPACE}% of 95\N{NO-BREAK SPACE}% int" in page["cells"][0]["source"]


def test_notice_stands_before_everything_else(tmp_path):
    page = notebooks.page_notebook(Page("tiny", "tiny"), a_run(tmp_path, "first {glue:text}`x`", said(x=1.0)))
    top = page["cells"][0]["source"]
    assert top.index("# Title") < top.index("are simulated") < top.index("first 1.00")


def test_parameters_cell_has_the_values_of_the_run_and_is_the_only_one(tmp_path):
    page = notebooks.page_notebook(Page("tiny", "tiny"), a_run(tmp_path, "x", {}, {"n": 12, "word": "it's"}))
    code = [cell["source"] for cell in page["cells"] if cell["cell_type"] == "code"]
    assert code[0].startswith("n: int = 12  # how many\nword = ")
    names = {}
    exec(code[0], names)
    assert (names["n"], names["word"]) == (12, "it's")
    assert code[0].endswith("# é")
    assert not any("n = 3" in one for one in code)


def test_download_is_plain_markdown(tmp_path):
    run = a_run(
        tmp_path,
        PROSE,
        said(x=1.0),
    )
    read = notebooks.reader_notebook(notebooks.page_notebook(Page("tiny", "tiny"), run))
    text = "\n".join(cell["source"] for cell in read["cells"])
    assert "1.00, (Pepino et al., 2025; Robert and Escoufier, 1976), measures, layer, figure *line*." in text
    assert "> **Simulated listeners**" in text
    assert "*Figure line. A line beside figure *line*.*" in text
    assert "{" not in text.replace("{VALUE}", "")
    assert "How to open" in read["cells"][0]["source"]


@pytest.mark.parametrize(
    ("name", "family"),
    [(r"Sz{\'e}kely, G{\'a}bor", "Székely"), (r"Dupr\'e la Tour, Tom", "Dupré la Tour"), ("Zhong", "Zhong")],
)
def test_accents_of_authors_are_written_out(name, family):
    assert notebooks._family(name) == family
