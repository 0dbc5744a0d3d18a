"""Pages made from results and cards: answers on the first page, what was run, recordings, models, benchmarks.

Comes in: the runs of an edition by page, and what the cards of recordings and models say. Goes out: text of the files
under book/generated/.
"""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from lib import recordings
from lib.ground import ROOT
from lib.report import notebooks, words
from lib.report.runs import Run


def pages(title: str, about: str, done: Mapping[str, Run]) -> dict[str, str]:
    """Text of every generated page by the name of its file.

    Parameters
    ----------
    title, about : str
        Of the edition.
    done : mapping of str to Run
        By page, in the order of the edition.
    """
    made = {
        "answers.md": _answers(title, about, done),
        "runs.md": _runs_page(title, done),
        "recordings.md": _recordings_page(),
        "models.md": _models_page(),
    }
    results = ROOT / "benchmarks" / "results.json"
    if results.exists():
        sys.path.insert(0, str(ROOT))
        from benchmarks.frame import page as benchmark_page

        made["benchmarks.md"] = benchmark_page(json.loads(results.read_text()))
    return made


def _answers(title: str, about: str, done: Mapping[str, Run]) -> str:
    entries = []
    for name, run in done.items():
        numbers = run.numbers()
        if "_answer" in numbers:
            label = " *(simulated listeners)*" if notebooks.simulated_notice(run) else ""
            entries.append(
                f"[{numbers['_question']}](chapters/{name}){label}\n: {notebooks.unbroken(numbers['_answer'])}\n"
            )
    return f"This is the **{title}**. {about}\n\n" + "\n".join(entries) + _verdicts(done)


def _verdicts(done: Mapping[str, Run]) -> str:
    from lib.report.claims import changed_rules
    from lib.report.claims.table import table

    found = [
        entry | {"page": f"chapters/{name}"}
        for name, run in done.items()
        for entry in run.numbers().values()
        if isinstance(entry, dict) and "verdict" in entry
    ]
    if not found:
        return ""
    changed = changed_rules(entry["claim"] for entry in found)
    told = f"\n#### Rules that are not the first\n\n{changed}" if changed else ""
    return f"\n### The papers' claims, and this book's own (E)\n\n{table(found)}\n{told}"


def _runs_page(title: str, done: Mapping[str, Run]) -> str:
    rows = []
    for name, run in done.items():
        facts = run.manifest
        rows.append(
            f"| [{name}](../chapters/{name}) | `{facts['id']}` "
            f"| {facts['started'][:16].replace('T', ' ')} UTC | {facts['seconds']:.0f} s "
            f"| {facts['peak_memory_mb']} MB | {facts['seed']} |"
        )
    head = "| page | run | started | time | peak memory | seed |\n|---|---|---|---|---|---|\n"
    return (
        f"# What was run\n\nEdition: *{title}*. Each page is one run. A run's name is a hash of its chapter, "
        "its parameters, all modules of `lib` that its imports lead to, the tables these name, locked versions, and "
        "the recordings and models that it loaded; when one of them changes, the page is run again, so it can't show "
        f"numbers of other code.\n\n{head}" + "\n".join(rows) + "\n"
    )


def _recordings_page() -> str:
    sections = []
    for name in recordings.names():
        card = recordings.card(name)
        facts = {
            "Cite": card["citation"], "Source": card["source"], "Licence": card["licence"],
            "What there is": card["files"], "Responses": card["responses"],
        }  # fmt: skip
        rows = "\n".join(f"* **{title}.** {' '.join(text.split())}" for title, text in facts.items())
        sections.append(f"## {name}\n\n{card['title'][0].upper()}{card['title'][1:]}.\n\n{rows}\n")
    return (
        "# Recordings\n\nWhat was heard, and how brains answered. `alike data list` says which are on your machine, "
        "`alike data fetch NAME` gets one and verifies every file.\n\n" + "\n".join(sections)
    )


MODEL_FACTS = {
    "rate": "input, Hz", "layers": "layers", "width": "units a layer", "frame_rate": "frames per second",
    "training": "trained on", "paper": "asked about in", "licence": "licence", "hub": "hub", "wheel": "wheel",
    "size_mb": "download, MB", "reference": "reference",
}  # fmt: skip
"""What a row of the models page unfolds."""


def _models_page() -> str:
    from lib import models

    roster = models.roster()
    runs = (roster["status"] == "runs").sum()
    return (
        "# Models\n\nWhat can stand beside a brain in these chapters: pass a name as `-p model NAME`. "
        f"{len(roster)} models, {runs} of which run here: a test executes their architecture, from a checkpoint with "
        "random weights, through the code that loads the published one. `untrained:NAME:0` is the model with random "
        "weights and needs no download. `alike models list` prints this table, `alike models fetch NAME` gets weights, "
        "`alike models check NAME` says whether a model does what its row promises. "
        "[How to add one of your own](../own-model).\n\n"
        "Open a row for its details, click a column's title to sort by it, choose a family or a status.\n\n"
        f"{_models_table(roster.to_dict('records'))}\n"
    )


def _models_table(rows: Iterable[Mapping[str, Any]]) -> str:
    heads = {"model": "", "family": "family", "status": "status", "parameters": "parameters", "trained to": "objective"}
    cells = [{"model": _model(row)} | {head: _cell(row, key) for head, key in heads.items() if key} for row in rows]
    return words.cards(list(heads), cells, "sortable", choices=("family", "status"))


def _model(row: Mapping[str, Any]) -> str:
    """First cell of a model: what it is called, the name that parameters take, and its details folded."""
    facts = "".join(
        f"<dt>{title}</dt><dd>{html.escape(str(row[key]))}</dd>"
        for key, title in MODEL_FACTS.items()
        if str(row[key]).strip()
    )
    name = f"<code>{html.escape(row['name'])}</code>"
    return f"<details><summary>{html.escape(row['title'])} {name}</summary><dl>{facts}</dl></details>"


def _cell(row: Mapping[str, Any], key: str) -> str:
    """One fact as it is shown in the table: numbers readable, why a model doesn't run beside its status."""
    value = row[key]
    if key == "parameters" and value != "":
        return f"{value / 1e9:.3g} B" if value >= 1e9 else f"{value / 1e6:.3g} M" if value >= 1e5 else f"{value:,}"
    reason = f"<br><small>{html.escape(row['reason'])}</small>" if key == "status" and row["reason"] else ""
    return html.escape(str(value)) + reason
