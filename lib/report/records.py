"""What a chapter leaves behind while it runs: numbers, tidy results, figures with captions.

Comes in: what the chapter's code computed. Goes out: glued numbers that the prose of the same page quotes, and, when
the chapter is executed as a run (``ALIKE_RUN`` names its folder), numbers.json, results.parquet and figures/ in that
folder. In a notebook opened by hand the same calls only display.
"""

from __future__ import annotations

import json
import math
import os
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from lib.ground import WrongUse, replacing

if TYPE_CHECKING:
    from lib.report.claims import Verdict

RESULT_COLUMNS = {
    "chapter": "string", "recording": "string", "subject": "string", "stimulus": "string", "model": "string",
    "layer": "string", "depth": "float64", "measure": "string", "window": "string", "value": "float64",
    "low": "float64", "high": "float64", "null_mean": "float64", "null_sd": "float64", "p": "float64", "n": "Int64",
}  # fmt: skip


def run_folder() -> Path | None:
    """Folder of the run this kernel executes, or None in a notebook opened by hand."""
    return Path(os.environ["ALIKE_RUN"]) if "ALIKE_RUN" in os.environ else None


def say(key: str, value: Any, *, low: float = math.nan, high: float = math.nan, n: int | None = None,
        p: float | None = None, digits: int = 2, about: str = "") -> None:  # fmt: skip
    """Give a number (or a word) a name, so that the prose of this page and the pages of the book can quote it.

    Quote it with ``{glue:text}`key```; its interval with ``{glue:text}`key_interval```.

    Parameters
    ----------
    key : str
        Name, unique in the chapter.
    value : float or str
        What was computed in this run.
    low, high : float
        95 % interval; NaN where there is none.
    n : int, optional
        How many items the number rests on.
    p : float, optional
        Probability of a value at least as large under the null.
    digits : int
        Digits after the point in the prose.
    about : str
        What the number is, in words, for readers of numbers.json.
    """
    number = not isinstance(value, str)
    text = _text(float(value), digits) if number else value
    _glue(key, text)
    _glue(f"{key}_interval", f"{_text(low, digits)} to {_text(high, digits)}" if math.isfinite(low) else "no interval")
    entry = {
        "value": _json(value),
        "low": _json(low),
        "high": _json(high),
        "n": n,
        "p": p,
        "text": text,
        "about": about,
    }
    _update_numbers({key: entry})


def answer(question: str, text: str) -> None:
    """State the chapter's answer, built from numbers of this run; the book's first page shows it.

    Parameters
    ----------
    question : str
        The chapter's question in one sentence.
    text : str
        One or two sentences, with the numbers already in them (MyST markdown).
    """
    _glue("answer", text, markdown=True)
    _update_numbers({"_question": question, "_answer": text})


def verdict(found: Verdict, *, simulated: bool = False) -> None:
    """Record what the ledger's rule says of a claim on a recording; the book's table of verdicts shows it.

    Quote it with ``{glue:text}`verdict_A1```, and what decided it with ``{glue:text}`verdict_A1_why```.

    Parameters
    ----------
    found : lib.report.claims.Verdict
        From ``claims.decide``: a verdict is computed, never typed.
    simulated : bool
        Whether the recording is simulated.
    """
    _glue(f"verdict_{found.claim}", found.verdict)
    _glue(f"verdict_{found.claim}_why", found.why)
    numbers = {"p": _json(found.p), "p_holm": _json(found.p_holm), "n_tests": found.n_tests}
    words = {key: getattr(found, key) for key in ("claim", "recording", "verdict", "why")}
    parts = {
        key: {k: v if k in ("n", "draws") else _json(v) for k, v in part.items()}
        for key, part in found.measured.items()
    }
    about = {"value": found.verdict, "text": found.verdict, "about": f"verdict on claim {found.claim}"}
    size = asdict(found.size) if found.size else None
    power = {key: _json(value) for key, value in asdict(found.power).items()} if found.power else None
    beside = {"reading": found.reading, "size": size, "power": power}
    entry = about | words | numbers | beside | {"simulated": simulated, "measured": parts}
    _update_numbers({f"verdict_{found.claim}_{found.recording}": entry})


def save_results(frame: pd.DataFrame, **constant: Any) -> pd.DataFrame:
    """Write the chapter's tidy results, one row per number.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns out of ``RESULT_COLUMNS``; missing ones are filled with missing values.
    **constant
        Columns with one value in every row (chapter, recording, model, ...).

    Returns
    -------
    pandas.DataFrame
        All columns in their order, as written to results.parquet.

    Raises
    ------
    WrongUse
        A column that is not one of ``RESULT_COLUMNS``.
    """
    extra = sorted(set(frame.columns).union(constant) - set(RESULT_COLUMNS))
    if extra:
        raise WrongUse(f"results have no column {', '.join(extra)}; columns are {', '.join(RESULT_COLUMNS)}.")
    table = frame.assign(**constant).reindex(columns=list(RESULT_COLUMNS)).astype(RESULT_COLUMNS)
    if folder := run_folder():
        with replacing(folder / "results.parquet") as path:
            table.to_parquet(path, index=False)
    return table


def save_table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Keep a table of the chapter's own with the run, as tables/NAME.csv; it is given back for display."""
    if folder := run_folder():
        with replacing(folder / "tables" / f"{name}.csv") as path:
            frame.to_csv(path, index=False)
    return frame


def show(figure: plt.Figure, name: str, caption: str, alt: str) -> None:
    """Display a figure with its caption and text alternative, and keep it with the run.

    Caption and alt text are made when the chapter runs, so they can name the recording, n, and whether listeners are
    simulated. Refer to the figure on the same page with ``{numref}`fig-NAME```.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Closed afterwards.
    name : str
        Label without the ``fig-``; letters, digits and hyphens.
    caption : str
        What is shown, with n, intervals and null (MyST markdown, one paragraph).
    alt : str
        What a reader who cannot see it needs to know (plain text).
    """
    if not alt.strip() or not caption.strip():
        raise WrongUse(f"figure {name!r} needs a caption and an alt text.")
    facts = {"name": name, "caption": " ".join(caption.split()), "alt": " ".join(alt.split())}
    if folder := run_folder():
        (folder / "figures").mkdir(exist_ok=True)
        picture = folder / "figures" / f"{name}.png"
        figure.savefig(picture)
        figure.set_layout_engine("none")  # everything is in its place: laying it out again would take as long
        figure.savefig(picture.with_suffix(".pdf"))
        shown = {"image/png": b64encode(picture.read_bytes()).decode(), "text/plain": str(figure)}
        display(shown, raw=True, metadata={"alike": facts})
    else:
        display(figure, metadata={"alike": facts})
        display({"text/markdown": f"*{facts['caption']}*"}, raw=True)
    plt.close(figure)


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else "not available"


def _json(value: Any) -> Any:
    return value if isinstance(value, str) else (float(value) if math.isfinite(value) else None)


def _glue(key: str, text: str, *, markdown: bool = False) -> None:
    """Leave `text` in the cell's outputs under `key`, in the form MyST-NB's glue roles read.

    The plain form is quoted: the role would take 0.70 for a number and print 0.7.
    """
    prefix = "application/papermill.record/"
    data = {f"{prefix}text/plain": repr(text)} | ({f"{prefix}text/markdown": text} if markdown else {})
    display(data, raw=True, metadata={"scrapbook": {"name": key, "mime_prefix": prefix}})


def _update_numbers(entries: dict[str, Any]) -> None:
    if not (folder := run_folder()):
        return
    path = folder / "numbers.json"
    numbers = json.loads(path.read_text()) if path.exists() else {}
    with replacing(path) as new:
        new.write_text(json.dumps(numbers | entries, indent=2, ensure_ascii=False) + "\n")
