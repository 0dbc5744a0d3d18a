"""Verdicts as a reader sees them: in words, beside what was planted, how often noise passes, and what could be found.

Comes in: verdicts of ``claims.decide``, or what numbers.json keeps of them. Goes out: one table in HTML, whose rows
become cards on a phone, for a chapter's page and for the first page of the book.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lib.report import words
from lib.report.claims.deciding import NOT_SUPPORTED, SUPPORTED, UNDECIDED
from lib.report.claims.power import Power
from lib.report.claims.rules import ledger
from lib.report.claims.sizes import Size

PLANTED = {True: "yes", False: "no", None: "neither way"}
RIGHT = {
    (True, SUPPORTED): "found",
    (True, UNDECIDED): "missed",
    (True, NOT_SUPPORTED): "wrong",
    (False, SUPPORTED): "wrong",
    (False, UNDECIDED): "right, nothing to find",
    (False, NOT_SUPPORTED): "right, nothing to find",
}


def truths(names: Iterable[str], planted: Collection[str]) -> dict[str, bool | None]:
    """Whether claims hold of simulated listeners, by what was planted in them.

    Parameters
    ----------
    names : iterable of str
        Claims.
    planted : collection of str
        Names of the effects that were planted.

    Returns
    -------
    dict of str to bool or None
        A claim holds where all effects that it is `planted_by` are there, and does not where one is missing; None where
        planted effects don't settle it.
    """
    known = ledger()
    return {
        name: None if known[name].planted_by is None else _all_in(known[name].planted_by, planted) for name in names
    }


def _all_in(wanted: tuple[str, ...], there: Collection[str]) -> bool:
    return bool(wanted) and set(wanted) <= set(there)


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """HTML table of verdicts, one row per claim and recording, in the order of the ledger.

    Parameters
    ----------
    rows : iterable of mapping
        Entries of numbers.json that ``report.verdicts`` left, with `page` where a recording's name should lead there.
    """
    rows, order = list(rows), list(ledger())
    rows = sorted(rows, key=lambda row: (order.index(row["claim"]), row["recording"]))
    several, simulated = any("page" in row for row in rows), any(row["simulated"] for row in rows)
    of_paper = any(row.get("published") for row in rows)
    heads = ["claim", *["recording"] * several, "verdict", *["planted?"] * simulated, "why", "noise passes", "power"]
    heads += ["the paper's numbers"] * of_paper
    return words.cards(heads, map(_cells, rows), "verdicts")


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Cells of a row by the head of their column."""
    name = html.escape(row["recording"])
    name = f'<a href="{row["page"]}.html">{name}</a>' if "page" in row else name
    reading = f" ({html.escape(row['reading'])})" if row.get("reading") else ""
    size, power = _beside(row)
    claim = html.escape(ledger()[row["claim"]].claim)
    return {
        "claim": f'{claim} <span class="code">{row["claim"]}</span>',
        "recording": name + (" <em>(simulated)</em>" if row["simulated"] else ""),
        "verdict": f"<strong>{html.escape(row['verdict'])}</strong>{reading}",
        "planted?": _planted(row),
        "why": html.escape(row["why"]),
        "noise passes": html.escape(size),
        "power": html.escape(power),
        "the paper's numbers": _of_paper(row.get("published")),
    }


def _of_paper(told: Mapping[str, str] | None) -> str:
    """What the claim's rule says of numbers that the paper publishes, where it was asked."""
    return f"<strong>{html.escape(told['verdict'])}</strong>: {html.escape(told['why'])}" if told else "not asked"


def _planted(row: Mapping[str, Any]) -> str:
    """Whether a claim was planted in simulated listeners, and whether the verdict is right about it."""
    if not row["simulated"]:
        return "people"
    planted = row.get("planted")
    right = RIGHT.get((planted, row["verdict"]), "")
    mark = f' <span class="{"wrong" if right == "wrong" else "right"}">{right}</span>' if right else ""
    return PLANTED[planted] + (":" if right else "") + mark


def _beside(row: Mapping[str, Any]) -> tuple[str, str]:
    """Measured size and power of a verdict's rule, as far as they are known."""
    size, power = row.get("size"), row.get("power")
    power = power and Power(**{key: math.nan if value is None else value for key, value in power.items()})
    return str(Size(**size) if size else "not counted"), str(power or "not known")
