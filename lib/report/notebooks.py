"""An executed chapter as the book shows it, and as a reader downloads it.

Comes in: a page of an edition and its run. Goes out: the notebook that the site is built from, in which the prose
quotes the run's numbers, the parameters cell has the run's values, and figures have their captions; and the same
notebook in plain Markdown, for whoever opens it in Jupyter.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lib import recordings
from lib.ground import ROOT, WrongUse
from lib.report import records, runs

ROLE = re.compile(r"\{glue:(?:text|md)\}`(\w+)`")
FOR_RUFF = re.compile(r"^# fmt: o(?:n|ff)\n?|  # fmt: skip$", flags=re.M)
HOW_TO_OPEN = (
    "> **How to open this notebook.** It needs *Hearing Alike* around it: in a clone of the project, with its "
    "environment installed (`make .venv/.installed`), `.venv/bin/pip install jupyterlab`, put this file into the "
    "folder of the project, and `.venv/bin/jupyter lab`. Change a value in the cell of parameters and run all cells: "
    "tables and figures are then yours, while the prose keeps the numbers of the page."
)


@dataclass(frozen=True)
class Page:
    """One chapter of an edition: its page name, the notebook behind it, and the parameters it runs with."""

    name: str
    chapter: str
    parameters: dict[str, Any] = field(default_factory=dict)


def page_notebook(page: Page, run: runs.Run) -> dict[str, Any]:
    """Return the executed chapter as the book shows it.

    Code is folded; figures get the captions and alt texts they were shown with; figure labels carry the page's name,
    so that two pages may come from one chapter; numbers stand in the prose; the parameters cell has the values of the
    run; times of execution are dropped; and the page says at its top whether its listeners are simulated, and at its
    end how it was made.

    Raises
    ------
    WrongUse
        The prose quotes what the chapter did not say.
    """
    notebook = json.loads(run.notebook.read_text())
    notebook["metadata"] = {key: notebook["metadata"][key] for key in ("kernelspec", "language_info")}
    numbers = run.numbers()
    kept = [cell for cell in notebook["cells"] if "injected-parameters" not in cell["metadata"].get("tags", [])]
    cells = [_page_cell(cell, page, numbers, run.manifest["parameters"]) for cell in kept]
    title = next(i for i, cell in enumerate(cells) if cell["cell_type"] == "markdown")
    if notice := simulated_notice(run):
        head, line, rest = cells[title]["source"].partition("\n")
        cells[title]["source"] = f"{head}{line}\n{notice}\n{rest}"
    if outside := outside_warning(run):
        cells.insert(title + 1, _markdown(f":::{{warning}}\n{outside[0].upper()}{outside[1:]}\n:::"))
    notebook["cells"] = [*cells, _markdown(_made_by(page, run))]
    for index, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{page.name}-{index}"[-64:]
    return notebook


def _page_cell(cell: dict[str, Any], page: Page, numbers: Mapping[str, Any], values: Mapping[str, Any]) -> dict:
    source, tags = "".join(cell["source"]), set(cell["metadata"].get("tags", []))
    if cell["cell_type"] != "code":
        return _markdown(unbroken(_page_labels(_quote(source, page.name, numbers), page.name)))
    source = FOR_RUFF.sub("", with_values(source, values) if "parameters" in tags else source)
    shown = [output["metadata"].pop("alike") for output in cell["outputs"] if "alike" in output.get("metadata", {})]
    hidden = {"remove-input", "remove-cell"} & tags
    metadata: dict[str, Any] = {"tags": sorted(tags if hidden else tags | {"hide-input"})}
    for facts in shown[:1]:
        figure = {"name": f"fig-{page.name}-{facts['name']}", "caption": _page_labels(facts["caption"], page.name)}
        metadata["mystnb"] = {"figure": figure, "image": {"alt": facts["alt"]}}
    return {**cell, "source": source, "metadata": metadata}


def _quote(source: str, page: str, numbers: Mapping[str, Any]) -> str:
    """Prose with the run's numbers in the places of its roles."""

    def told(found: re.Match) -> str:
        try:
            return records.quoted(numbers, found.group(1))
        except (KeyError, StopIteration):
            raise WrongUse(f"page {page}: the prose quotes {found.group(1)!r}, which the chapter did not say") from None

    return ROLE.sub(told, source)


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """A parameters cell whose lines have the values of a run where these are not the defaults.

    Parameters
    ----------
    source : str
        The cell: one literal assignment a line.
    values : mapping
        Of the run, by name.
    """
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        value = node.value
        if values.get(target.id, ast.literal_eval(value)) == ast.literal_eval(value):
            continue
        first, last = value.lineno - 1, value.end_lineno - 1
        before = lines[first].encode()[: value.col_offset].decode()
        after = lines[last].encode()[value.end_col_offset :].decode()
        lines[first : last + 1] = [before + _literal(values[target.id]) + after]
    return "\n".join(lines)


def unbroken(text: str) -> str:
    """Text in which no line ends between a number and its per cent sign."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def _literal(value: Any) -> str:
    """A value as code, in double quotes where these do."""
    text = repr(value)
    return text if '"' in text or "\\" in text else text.replace("'", '"')


def _page_labels(text: str, page: str) -> str:
    return re.sub(r"(?<![\w-])fig-(?=[a-z])", f"fig-{page}-", text)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def simulated_notice(run: runs.Run) -> str:
    """Say which recordings of a run are simulated; empty if none is."""
    simulated = [name for name in run.manifest["loaded"].get("recordings", ()) if recordings.card(name)["simulated"]]
    if not simulated:
        return ""
    return (
        ":::{admonition} Simulated listeners\n:class: simulated\n"
        f"The responses on this page ({', '.join(simulated)}) are simulated. "
        "They show what the analysis does, and say nothing about people.\n:::"
    )


def outside_warning(run: runs.Run) -> str:
    """Modules that a run loaded and its name doesn't depend on, in a sentence; empty if there are none."""
    names = run.manifest["outside"]
    if not names:
        return ""
    return f"this run loaded code that its name does not depend on, so it may be stale unnoticed: {', '.join(names)}."


def _made_by(page: Page, run: runs.Run) -> str:
    facts = run.manifest
    changed = " ".join(f"-p {name} {_shell(value)}" for name, value in page.parameters.items())
    command = f"alike run {page.chapter} {changed}".strip()
    lines = [
        f"Run `{facts['id']}`, {facts['started'][:10]}, {facts['seconds']:.0f} s, at most "
        f"{facts['peak_memory_mb']} MB, {facts['platform']}.",
        f"Repeat it with `{command}`.",
        "Open it: the arrow at the top of the page downloads it as a notebook, whose first lines say how.",
        "Parameters: " + ", ".join(f"`{name}` = `{value}`" for name, value in facts["parameters"].items()) + ".",
        f"Versions: Python {facts['python']}, " + ", ".join(f"{k} {v}" for k, v in facts["versions"].items()) + ".",
    ]
    if (run.folder / "results.parquet").exists():
        lines.append(f"Every number behind the figures: {{download}}`results as CSV <{page.name}.csv>`.")
    return "## How this page was made\n\n" + "\n".join(f"* {line}" for line in lines)


def _shell(value: Any) -> str:
    """A value as it is typed behind ``-p NAME``."""
    return shlex.quote(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def reader_notebook(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """A page's notebook in plain Markdown: roles of the book are words, figures have their captions below them."""
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            cells.append({**cell, "source": _plain(cell["source"])})
            continue
        mystnb = cell["metadata"].get("mystnb", {})
        tags = sorted(set(cell["metadata"].get("tags", [])) - {"hide-input"})
        cells.append({**cell, "metadata": {"tags": tags} if tags else {}})
        if mystnb:
            name = mystnb["figure"]["name"].rpartition("-")[2]
            caption = f"*Figure {name}. {_plain(mystnb['figure']['caption'])}*"
            cells.append({**_markdown(caption), "id": f"{cell['id'][-50:]}-caption"})
    head = {**_markdown(HOW_TO_OPEN), "id": "how-to-open"}
    return {**notebook, "cells": [head, *cells]}


def _plain(text: str) -> str:
    """Markdown that any reader of notebooks shows, out of the book's."""
    text = re.sub(r"\{cite(?::\w+)?\}`([^`]+)`", _cited, text)
    text = re.sub(r"\{numref\}`(?:.*?<)?fig-[\w-]*?([a-z_]+)>?`", r"figure *\1*", text)
    text = re.sub(r"\{(?:doc|term|ref)\}`([^`<]+?)\s*<[^`>]+>`", r"\1", text)
    text = re.sub(r"\{(?:doc|term|ref|download)\}`([^`<]+?)(?:\s*<[^`>]+>)?`", _last_part, text)
    return re.sub(r"^:::+\{(\w+)\} *([^\n]*)\n((?::\w+:[^\n]*\n)*)(.*?)\n:::+$", _boxed, text, flags=re.M | re.S)


def _last_part(found: re.Match) -> str:
    return found.group(1).rpartition("/")[2]


def _boxed(found: re.Match) -> str:
    title = found.group(2) or found.group(1).capitalize()
    return "\n".join(f"> {line}" for line in [f"**{title}**", "", *found.group(4).splitlines()])


def _cited(found: re.Match) -> str:
    return "(" + "; ".join(_references().get(key.strip(), key) for key in found.group(1).split(",")) + ")"


@cache
def _references() -> dict[str, str]:
    """First author and year of the book's references, by key."""
    out = {}
    text = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    for entry in re.split(r"^@\w+\{", text, flags=re.M)[1:]:
        author = re.search(r"author\s*=\s*[{\"]+(.+?)[}\"]+,?\s*$", entry, flags=re.M | re.I)
        year = re.search(r"year\s*=\s*[{\"]?(\d{4})", entry, flags=re.I)
        families = [_family(name) for name in (author.group(1).split(" and ") if author else ["?"])]
        told = " and ".join(families) if len(families) < 3 else f"{families[0]} et al."
        out[entry.partition(",")[0].strip()] = f"{told}, {year.group(1) if year else '?'}"
    return out


def _family(name: str) -> str:
    """Family name of an author, whose accents BibTeX spells out, as a reader writes it."""
    accents = {"'": "\N{COMBINING ACUTE ACCENT}", '"': "\N{COMBINING DIAERESIS}", "`": "\N{COMBINING GRAVE ACCENT}"}
    name = re.sub(r"""\\(['"`])\{?(\w)\}?""", lambda one: one.group(2) + accents[one.group(1)], name)
    name = unicodedata.normalize("NFC", re.sub(r"[{}\\]", "", name))
    return name.partition(",")[0] if "," in name else name.split()[-1]
