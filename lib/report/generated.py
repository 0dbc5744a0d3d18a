"""Pages made from results and cards: answers on the first page, what was run, recordings, models, benchmarks.

Comes in: the runs of an edition by page, and what the cards of recordings and models say. Goes out: text of the files
under book/generated/.
"""

from __future__ import annotations

import csv
import html
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from lib import recordings
from lib.ground import ROOT
from lib.models import own
from lib.report import hear, notebooks, records, runs, words
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
        "leaderboard.md": _leaderboard_page(scored()),
        "hear.md": hear.page(),
    }
    results = ROOT / "benchmarks" / "results.json"
    if results.exists():
        sys.path.insert(0, str(ROOT))
        from benchmarks import frame

        made["benchmarks.md"] = frame.page(frame.load(results), frame.load(frame.GPU_RESULTS))
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


def scored(recording: str | None = None) -> list[Run]:
    """Runs of the score chapter that hold today, the best mean r² first; of each model on each recording the latest.

    Parameters
    ----------
    recording : str, optional
        Only those on this one. Default: all, one recording after the other.
    """
    latest: dict[tuple[str, str], Run] = {}
    for run in sorted(runs.of_this_source("score"), key=lambda run: run.manifest["started"]):
        given = run.manifest["parameters"]
        if recording in (None, given["recording"]):
            latest[given["recording"], own.unmarked(given["model"])] = run
    return sorted(
        latest.values(), key=lambda run: (run.manifest["parameters"]["recording"], -run.numbers()["mean_r2"]["value"])
    )


def score_lines(run: Run) -> list[str]:
    """What the terminal shows of a score: the chapter's own lines, rank among all models, time and memory."""
    with (run.folder / "tables" / "terminal.csv").open(encoding="utf-8", newline="") as file:
        told = [row["text"] for row in csv.DictReader(file)]
    facts, value = run.manifest, run.numbers()["mean_r2"]["value"]
    model, name = own.unmarked(facts["parameters"]["model"]), facts["parameters"]["recording"]
    others = [one for one in scored(name) if own.unmarked(one.manifest["parameters"]["model"]) != model]
    better = sum(one.numbers()["mean_r2"]["value"] > value for one in others)
    rank = f"{better + 1} of {len(others) + 1} scored on {name}"
    spent = f"{facts['seconds']:.0f} s, at most {facts['peak_memory_mb']:,} MB"
    return [*told, f"{'rank by mean r²':<39}{rank}", f"{'time and memory of this run':<39}{spent}"]


def _leaderboard_page(found: list[Run]) -> str:
    head = (
        "# Leaderboard\n\nHow well the layers of a model predict six response components of auditory cortex: r², the "
        "share of the variance predicted over sounds that were not fitted, averaged over components. The twin is the "
        "same network with random weights; filters are modulation filters, which nobody trained. Intervals (95 %) are "
        "over sounds, fits and choices. `alike score MODEL` adds a row; [any network of yours](../own-model) can have "
        "one.\n\n"
    )
    if not found:
        return (
            f"{head}**Nothing was scored yet**, or what was is stale. `alike score mini-mixture` scores one of the "
            "book's own small models in a minute; then build the book again.\n"
        )
    heads = ["model", "mean r²", "untrained twin", "minus filters", "best component", "recording", "run"]
    table = words.cards(heads, map(_score_row, found), "sortable", choices=("recording",))
    return f"{head}Models here: {len({row.manifest['parameters']['model'] for row in found})}.\n\n{table}\n"


def _score_row(run: Run) -> dict[str, str]:
    numbers, name = run.numbers(), run.manifest["parameters"]["recording"]
    simulated = " (simulated listeners)" if recordings.card(name)["simulated"] else ""
    told = {key: records.quoted(numbers, f"{key}_told") for key in ("mean_r2", "twin_mean_r2", "gain_filters")}
    return {
        "model": f"<code>{html.escape(numbers['model_name']['value'])}</code>",
        "mean r²": told["mean_r2"],
        "untrained twin": told["twin_mean_r2"],
        "minus filters": told["gain_filters"],
        "best component": numbers["best_component"]["value"],
        "recording": f"{name}{simulated}",
        "run": f"<code>{run.folder.name}</code>",
    }


MODEL_FACTS = {
    "rate": "input, Hz", "layers": "layers", "width": "units a layer", "frame_rate": "frames per second",
    "training": "trained on", "paper": "asked about in", "licence": "licence", "hub": "hub", "wheel": "wheel",
    "size_mb": "download, MB", "reference": "reference",
}  # fmt: skip
"""What a row of the models page unfolds."""


def _models_page() -> str:
    from lib import models

    roster = models.roster()
    running = (roster["status"] == "runs").sum()
    return (
        "# Models\n\nWhat can stand beside a brain in these chapters: pass a name as `-p model NAME`. "
        f"{len(roster)} models, {running} of which run here: a test executes their architecture, from a checkpoint "
        "with random weights, through the code that loads the published one. `untrained:NAME:0` is the model with "
        "random weights and needs no download. `alike models list` prints this table, `alike models fetch NAME` gets "
        "weights, `alike models check NAME` says whether a model does what its row promises. "
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
