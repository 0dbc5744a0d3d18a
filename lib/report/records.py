"""What a chapter leaves behind while it runs: numbers, tidy results, figures with captions.

Comes in: what the chapter's code computed. Goes out, when the chapter is executed as a run (``ALIKE_RUN`` names its
folder): numbers.json, which the prose of the page quotes, results.parquet and figures/ in that folder. In a notebook
opened by hand the same calls only display.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display

from lib.ground import WrongUse, replacing
from lib.report import style, words

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


def say(numbers: Mapping[str, Any] | pd.DataFrame) -> None:
    """Give numbers and words their names, so that the prose of this page and the pages of the book can quote them.

    Quote one with ``{glue:text}`NAME```, its interval with ``NAME_interval``, value and interval together with
    ``NAME_told``, n with ``NAME_n`` and its probability with ``NAME_p``. In a notebook opened by hand they are shown
    as a table.

    Parameters
    ----------
    numbers : mapping of str to record, number or str, or DataFrame
        Names are unique in the chapter. A record has a value, mostly an interval (low, high), and may have n, p, about
        (what it is, in words) and digits: ``lib.compare.Estimate``. Of a table every row is one, by its index, with
        those as columns.

    Raises
    ------
    WrongUse
        In a run, a name that stands for something else already.
    """
    if isinstance(numbers, pd.DataFrame):
        numbers = {str(row.Index): row for row in numbers.itertuples()}
    entries = {name: _entry(found) for name, found in numbers.items()}
    if run_folder():
        _update_numbers(entries)
    else:
        shown = {name: {key: quoted(entries, f"{name}_{key}") for key in ("told", "n")} for name in entries}
        display(pd.DataFrame(shown).T)


def _entry(found: Any) -> dict[str, Any]:
    """What numbers.json keeps of a record, a number or a word."""
    if isinstance(found, str):
        return {"value": found, "low": None, "high": None, "n": None, "p": None, "text": found, "about": ""}
    if not hasattr(found, "value"):
        found = SimpleNamespace(value=found)
    of = {key: float(getattr(found, key, math.nan)) for key in ("value", "low", "high", "p")}
    fine = getattr(found, "digits", None)
    if fine is None or fine != fine:
        whole = isinstance(found.value, Integral)
        fine = 0 if whole else words.digits(of["value"], of["low"], of["high"])
    n = getattr(found, "n", None)
    rest = {"n": None if n is None or n != n else int(n), "text": words.number(of["value"], int(fine))}
    return {key: _json(x) for key, x in of.items()} | rest | {"about": getattr(found, "about", ""), "digits": int(fine)}


def quoted(entries: Mapping[str, Any], name: str) -> str:
    """What the prose says for a name: the number in words, or what is told of it (``say``), or of a verdict.

    Raises
    ------
    KeyError
        Nothing of that name was said.
    """
    if name == "answer":
        return entries["_answer"]
    if found := re.fullmatch(r"verdict_([A-Z]\d+)(_why)?", name):
        entry = next(one for one in entries.values() if isinstance(one, dict) and one.get("claim") == found.group(1))
        return entry["why" if found.group(2) else "verdict"]
    if name in entries:
        return entries[name]["text"]
    name, _, what = name.rpartition("_")
    entry = entries[name]
    if isinstance(entry["value"], str):
        return entry["text"]
    found = SimpleNamespace(**{key: math.nan if entry[key] is None else entry[key] for key in ("value", "low", "high")})
    ways = {
        "interval": words.interval(found, entry["digits"]),
        "told": f"{entry['text']} ({words.interval(found, entry['digits'])})"
        if entry["low"] is not None
        else entry["text"],
        "n": "" if entry["n"] is None else str(entry["n"]),
        "p": "p not available" if entry["p"] is None else words.p_value(entry["p"]),
    }
    return ways[what]


def answer(question: str, text: str) -> None:
    """State the chapter's answer, built from numbers of this run; the book's first page shows it.

    Parameters
    ----------
    question : str
        The chapter's question in one sentence.
    text : str
        At most five sentences, with the numbers already in them (MyST markdown).
    """
    _update_numbers({"_question": question, "_answer": text})


def verdicts(
    found: Mapping[str, Verdict],
    *,
    simulated: bool = False,
    planted: Mapping[str, bool | None] | None = None,
    published: Mapping[str, Verdict] | None = None,
) -> HTML:
    """Record what the ledger's rules say of claims on a recording, for the book's table, and show it as a table.

    Quote one with ``{glue:text}`verdict_A1```, and what decided it with ``{glue:text}`verdict_A1_why```.

    Parameters
    ----------
    found : mapping of str to lib.report.claims.Verdict
        From ``claims.decide``: a verdict is computed, never typed.
    simulated : bool
        Whether the recording is simulated.
    planted : mapping of str to bool or None, optional
        Whether a claim holds of the simulated listeners (``lib.report.claims.table.truths``).
    published : mapping of str to lib.report.claims.Verdict, optional
        What the same rules say of numbers that the paper publishes, for a column of its own.
    """
    from lib.report.claims.table import table

    entries = {
        f"verdict_{name}_{one.recording}": _told(one)
        | {"simulated": simulated, "planted": (planted or {}).get(name)}
        | _told_of_paper((published or {}).get(name))
        for name, one in found.items()
    }
    _update_numbers(entries)
    return HTML(table(entries.values()))


def _told_of_paper(found: Verdict | None) -> dict[str, Any]:
    return {"published": {"verdict": found.told, "why": found.why}} if found else {}


def _told(found: Verdict) -> dict[str, Any]:
    """What numbers.json keeps of a verdict."""
    numbers = {"p": _json(found.p), "p_holm": _json(found.p_holm), "n_tests": found.n_tests}
    told = {key: getattr(found, key) for key in ("claim", "recording", "verdict", "why")}
    parts = {
        key: {k: v if k in ("n", "draws") else _json(v) for k, v in part.items()}
        for key, part in found.measured.items()
    }
    about = {"value": found.verdict, "text": found.verdict, "about": f"verdict on claim {found.claim}"}
    size = asdict(found.size) if found.size else None
    power = {key: _json(value) for key, value in asdict(found.power).items()} if found.power else None
    beside = {"reading": found.reading, "size": size, "power": power}
    return about | told | numbers | beside | {"measured": parts}


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


@dataclass(frozen=True)
class Captioned:
    """A figure with what is said of it: made by the function that drew it, out of the data that it drew.

    Attributes
    ----------
    drawn : matplotlib.figure.Figure
        Not wider than ``style.WIDTH`` inches, so that its text can be read on a phone.
    name : str
        Label; letters, digits and hyphens. Refer to the figure on the same page with ``{numref}`fig-NAME```.
    caption : str
        What is shown, in whom (simulated or people), n, what the interval and the null are (MyST markdown).
    alt : str
        What a reader who cannot see it needs to know: what the figure shows, not what it is made of (plain text).
    """

    drawn: plt.Figure
    name: str
    caption: str
    alt: str

    def __post_init__(self):
        """Refuse a figure that nothing is said of."""
        if not self.alt.strip() or not self.caption.strip():
            raise WrongUse(f"figure {self.name!r} needs a caption and an alternative text.")


def show(figure: Captioned) -> None:
    """Display a figure with its caption and text alternative, keep it with the run (SVG and PDF), and close it.

    Raises
    ------
    WrongUse
        In a run, a second figure of one name.
    """
    facts = {"name": figure.name, "caption": " ".join(figure.caption.split()), "alt": " ".join(figure.alt.split())}
    facts["smallest_text"] = style.smallest_text(figure.drawn)
    if folder := run_folder():
        (folder / "figures").mkdir(exist_ok=True)
        picture = folder / "figures" / f"{figure.name}.svg"
        if picture.exists():
            raise WrongUse(f"there is a figure {figure.name!r} in this chapter already.")
        figure.drawn.savefig(picture, metadata={"Date": None})
        figure.drawn.set_layout_engine("none")  # everything is in its place: laying it out again would take as long
        figure.drawn.savefig(picture.with_suffix(".pdf"), metadata={"CreationDate": None})
        shown = {"image/svg+xml": picture.read_text(encoding="utf-8"), "text/plain": facts["alt"]}
        display(shown, raw=True, metadata={"alike": facts})
    else:
        display(figure.drawn, metadata={"alike": facts})
        display({"text/markdown": f"*{facts['caption']}*"}, raw=True)
    plt.close(figure.drawn)


def _json(value: Any) -> Any:
    return value if isinstance(value, str) else (float(value) if math.isfinite(value) else None)


def _update_numbers(entries: dict[str, Any]) -> None:
    if not (folder := run_folder()):
        return
    path = folder / "numbers.json"
    numbers = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in entries.keys() & numbers.keys():
        if entries[name] != numbers[name]:
            raise WrongUse(f"{name!r} was said before, of something else: names are unique in a chapter.")
    with replacing(path) as new:
        new.write_text(json.dumps(numbers | entries, indent=2, ensure_ascii=False) + "\n")
