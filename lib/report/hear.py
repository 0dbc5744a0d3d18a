"""A page of scores that others published: models on the tasks of the HEAR benchmark.

Comes in: the benchmark's public table (leaderboard.csv, Apache-2.0) in ``ALIKE_DATA`` or the cache, in a folder
hear-leaderboard. Goes out: text of the page; where the table is not here, a line that says how to get it. Nothing of it
is part of this project.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping

import pandas as pd

from lib.ground import DamagedData
from lib.recordings.labelled import find
from lib.report import words

FOLDER, FILE = "hear-leaderboard", "leaderboard.csv"
SHOWN = {
    "ESC-50": "ESC-50", "FSD50K": "FSD50K", "GTZAN Genre": "GTZAN", "NSynth Pitch 50h": "NSynth",
    "Speech commands full": "Speech Commands", "CREMA-D": "CREMA-D",
}  # fmt: skip
"""The six tasks of arXiv 2511.16849, and what it calls them; all others unfold."""
FACTS = ("Model", "URL", "Submission Date")


def page() -> str:
    """Text of the page.

    Raises
    ------
    lib.ground.DamagedData
        The table lacks a column that is shown.
    """
    head = (
        "# Published scores on the HEAR tasks\n\nHEAR is a benchmark for models of sound: a small network learns each "
        "task from a model's outputs. Here are the scores that its public leaderboard lists; they were made by "
        "others, with other code than that of our own tasks.\n\n"
    )
    folder = find(FOLDER)
    if folder is None or not (folder / FILE).is_file():
        return (
            f"{head}**The table is not on this machine.** Put the benchmark's {FILE} (Apache-2.0, from "
            f"hearbenchmark.com or its repository at GitHub) into a folder `{FOLDER}` in `data/cache` or in "
            "`ALIKE_DATA`, and build the book again.\n"
        )
    file = folder / FILE
    table = pd.read_csv(file)
    if lacking := [name for name in (*FACTS, *SHOWN) if name not in table]:
        raise DamagedData(f"{file}: no column {', '.join(lacking)}; take the leaderboard as it is published.")
    tasks = [name for name in table.columns if name not in FACTS]
    rows = [_row(row, tasks) for row in table.to_dict("records")]
    shown = words.cards(["model", *SHOWN.values()], rows, "sortable")
    return (
        f"{head}{len(table)} models, {len(tasks)} tasks, of which six stand in columns: those that the paper on "
        "auditory cortex uses {cite}`pepino2025`. Scores run from 0 to 1; most are the share of sounds named rightly. "
        f"Open a row for the other tasks, click a column's title to sort by it.\n\n{shown}\n"
    )


def _row(row: Mapping[str, object], tasks: list[str]) -> dict[str, str]:
    others = {name: _score(row[name]) for name in tasks if name not in SHOWN}
    facts = {"submitted": str(row["Submission Date"])} | {name: told for name, told in others.items() if told}
    unfolded = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(told)}</dd>" for name, told in facts.items())
    name = f"<details><summary>{html.escape(str(row['Model']))}</summary><dl>{unfolded}</dl></details>"
    return {"model": name} | {title: _score(row[column]) for column, title in SHOWN.items()}


def _score(value: object) -> str:
    """A score with three digits; nothing where the task was not run."""
    return "" if math.isnan(float(value)) else f"{float(value):.3f}"
