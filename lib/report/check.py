"""Whether a chapter can be read: what can be measured of it.

Comes in: a chapter's source and, where there is one, a run of it. Goes out: statistics of its cells, and a list of what
is not as the house wants it: long cells and lines, code that a reader would have to puzzle out, a first screen that is
long, full of numbers or of terms nobody explained, figures without words or with text too small for a phone, numbers
without n or interval. ``alike check`` prints both, and a strict build stops at what a run shows.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from statistics import median
from typing import Any

from lib.ground import ROOT
from lib.report import notebooks, runs

GLOSSARY = ROOT / "book" / "glossary.md"
MEDIAN_LINES, MOST_LINES, CODE_WIDTH, PROSE_WIDTH, BINDINGS = 5, 12, 67, 118, 2
SENTENCES, NUMBERS, SMALLEST_TEXT = 5, 3, 8
CATCH_ALL = {"found", "rows", "told", "res", "tmp", "data", "out"}
CODE_OF_CLAIM = re.compile(r"\b[A-EX]\d\b")
_SENTENCE_END = re.compile(r"(?<!\bal)(?<!e\.g)(?<!i\.e)(?<!\bcf)(?<!\bvs)[.?!][\"”)]* +(?=[A-ZÄÖÜ{*`])")
_NUMBER = re.compile(r"(?<![\w.−-])[−-]?(?:\d*\.\d+|\d+ %)")


def cells(chapter: str) -> dict[str, list[int]]:
    """Lines that are not blank, of each cell of a chapter: {"code": ..., "markdown": ...}; not of its parameters."""
    out: dict[str, list[int]] = {"code": [], "markdown": []}
    for cell in runs.read_chapter(chapter).cells:
        if "parameters" not in cell.metadata.get("tags", []):
            out[cell.cell_type].append(len(_lines(cell.source)))
    return out


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def source_problems(chapter: str) -> list[str]:
    """What is wrong with a chapter as it is written, one line each; empty if nothing is."""
    found, code = [], []
    for number, cell in enumerate(runs.read_chapter(chapter).cells, start=1):
        if cell.cell_type == "markdown":
            found += [f"cell {number}: {problem}" for problem in _prose(cell.source)]
        elif cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            code.append(ast.parse(cell.source))
            found += [f"cell {number}: {problem}" for problem in (*_shape(cell.source), *_puzzles(code[-1]))]
    lengths = cells(chapter)["code"]
    if lengths and median(lengths) > MEDIAN_LINES:
        found.append(f"half of the code cells have more than {MEDIAN_LINES} lines: the median is {median(lengths):g}")
    return found + list(_names(code))


def _shape(source: str) -> Iterator[str]:
    if (count := len(_lines(source))) > MOST_LINES:
        yield f"{count} lines of code, at most {MOST_LINES}"
    for line in source.splitlines():
        if len(line) > CODE_WIDTH:
            yield f"a line of code of {len(line)} columns, at most {CODE_WIDTH}: {line.strip()[:40]!r}"


def _prose(source: str) -> Iterator[str]:
    for line in source.splitlines():
        if line.startswith("```"):
            break  # commands follow, to the end of the cell
        if len(line) > PROSE_WIDTH:
            yield f"a line of prose of {len(line)} columns, at most {PROSE_WIDTH}: {line[:40]!r}"
        text = re.sub(r"^[*\-\d. >]*\*\*.*?\*\*", "", line)
        if not line.startswith("|") and _SENTENCE_END.search(re.sub(r"`[^`]*`", "", text)):
            yield f"two sentences on a line: {line[:60]!r}"


def _puzzles(tree: ast.Module) -> Iterator[str]:
    """Code that a reader has to puzzle out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            yield "a lambda: give it a name, in the chapter's room"
        if isinstance(node, ast.IfExp) and any(isinstance(part, ast.IfExp) for part in (node.body, node.orelse)):
            yield "a condition within a condition: the chapter's room decides it"
        if isinstance(node, ast.Import | ast.ImportFrom) and "functools" in ast.unparse(node):
            yield "functools: hand over the function's arguments, or let the chapter's room do it"
        if isinstance(node, ast.For) and _builds(node):
            yield "a loop that builds rows or says numbers by hand: the chapter's room does it"


def _builds(loop: ast.For) -> bool:
    calls = [node.func for node in ast.walk(loop) if isinstance(node, ast.Call)]
    return any(getattr(call, "attr", getattr(call, "id", "")) in ("append", "say", "show") for call in calls)


def _names(code: list[ast.Module]) -> Iterator[str]:
    """Names that stand for too many things, or for anything."""
    bound = Counter(
        node.id
        for tree in code
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    for name, count in bound.items():
        if count > BINDINGS:
            yield f"the name {name!r} is bound {count} times, at most {BINDINGS}"
        if name in CATCH_ALL:
            yield f"the name {name!r} says nothing of what it is"


def run_problems(run: runs.Run) -> list[str]:
    """What is wrong with an executed chapter, one line each; empty if nothing is."""
    notebook, numbers = json.loads(run.notebook.read_text(encoding="utf-8")), run.numbers()
    prose = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    answered = first_screen(numbers["_answer"]) if "_answer" in numbers else []
    return [*answered, *_figures(outputs), *_quoted(prose, numbers)]


def first_screen(text: str) -> list[str]:
    """What is wrong with a chapter's answer: its length, its numbers, codes of claims, terms that nobody explained."""
    found = []
    if (count := len(_SENTENCE_END.findall(text)) + 1) > SENTENCES:
        found.append(f"the answer has {count} sentences, at most {SENTENCES}")
    told = [(number.group(), text[number.end() :]) for number in _NUMBER.finditer(re.sub(r"\([^()]*\)", _blank, text))]
    if len(told) > NUMBERS:
        found.append(f"the answer has {len(told)} numbers, at most {NUMBERS}: {', '.join(name for name, _ in told)}")
    for number, rest in told:
        beside = re.match(r"[^.(]*\(([^()]*)\)", rest)
        if (
            not beside
            or "interval" not in beside.group(1)
            or not re.search(r"\bn = \d|\b\d+ (?!to\b)[a-z]+", beside.group(1))
        ):
            found.append(f"the number {number} of the answer has no interval or no n beside it")
    if codes := CODE_OF_CLAIM.findall(text):
        found.append(f"the answer has codes of claims: {', '.join(codes)}")
    plain = re.sub(r"\{term\}`[^`]*`", "", text).lower()
    for term in terms():
        if re.search(rf"(?<!\w){re.escape(term.lower())}(?!\w)", plain):
            found.append(f"the answer has the term {term!r}, which nobody explained yet: say it in words or link it")
    return found


def _blank(found: re.Match) -> str:
    return " " * len(found.group())


@cache
def terms() -> tuple[str, ...]:
    """Terms of the glossary that are no words of every day: the first of its two lists."""
    if not GLOSSARY.exists():
        return ()
    inside = re.search(r"^```+\{glossary\}\n(.*?)^```", GLOSSARY.read_text(encoding="utf-8"), flags=re.M | re.S)
    lines = inside.group(1).splitlines() if inside else []
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith((" ", "\t", ":")))


def _figures(outputs: list[Mapping[str, Any]]) -> Iterator[str]:
    for output in outputs:
        pictures = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
        facts = output.get("metadata", {}).get("alike")
        if pictures and not facts:
            yield "a picture without caption and alternative text: `show` a figure of the chapter's room"
        elif facts and facts["smallest_text"] < SMALLEST_TEXT:
            small = facts["smallest_text"]
            yield f"figure {facts['name']!r} has text of {small:g} pixels on a phone, at least {SMALLEST_TEXT}"


def _quoted(prose: str, numbers: Mapping[str, Any]) -> Iterator[str]:
    """Numbers of the prose that stand without n, or without interval and p."""
    for name in dict.fromkeys(notebooks.ROLE.findall(prose)):
        entry = numbers.get(name)
        if entry is None or isinstance(entry, str) or isinstance(entry["value"], str | None):
            continue
        if float(entry["value"]).is_integer() and entry["low"] is None:
            continue  # a count or a setting
        if entry["n"] is None:
            yield f"the number {name!r} ({entry['text']}) has no n"
        elif entry["low"] is None and entry["p"] is None:
            yield f"the number {name!r} ({entry['text']}) has neither an interval nor a p"
