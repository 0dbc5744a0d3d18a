"""Numbers in words: how many digits can be meant, intervals, p values, lists; and tables that a phone can show.

Comes in: numbers, or records with a value and an interval. Goes out: text for prose, captions, tables and verdicts. A
number is never told more finely than its interval allows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MINUS = "−"
MOST_DIGITS = 6


def number(value: float, digits: int = 2) -> str:
    """A number with so many digits after the point and a true minus; "not available" where it is not finite."""
    if not math.isfinite(value):
        return "not available"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def digits(value: float, low: float = math.nan, high: float = math.nan) -> int:
    """Digits after the point that can be meant: two of half the interval's width; without one, three of the value."""
    half, size = (high - low) / 2, abs(value)
    if math.isfinite(half) and half > 0:
        return _within(1 - math.floor(math.log10(half)))
    return _within(2 - math.floor(math.log10(size))) if math.isfinite(size) and size > 0 else 2


def _within(wanted: int) -> int:
    return max(0, min(MOST_DIGITS, wanted))


def interval(found: Any, fine: int | None = None) -> str:
    """Ends of a record's interval, "0.08 to 0.16"; "no interval" where it has none."""
    low, high = getattr(found, "low", math.nan), getattr(found, "high", math.nan)
    if not math.isfinite(low):
        return "no interval"
    fine = digits(found.value, low, high) if fine is None else fine
    return f"{number(low, fine)} to {number(high, fine)}"


def told(found: Any, things: str = "") -> str:
    """A record's value with its interval, and with n where `things` says what is counted.

    "0.12 (95 % interval 0.08 to 0.16, n = 12 listeners)".
    """
    fine = getattr(found, "digits", None)
    fine = digits(found.value, found.low, found.high) if fine is None else fine
    counted = f", n = {found.n} {things}" if things else ""
    return f"{number(found.value, fine)} (95 % interval {interval(found, fine)}{counted})"


def p_value(p: float, draws: int = 0) -> str:
    """A p value as it can be meant, "p = .03" or "p < .001"; of counted draws never below what they can reach."""
    least = max(0.001, 1 / (draws + 1) if draws else 0.0)
    if not math.isfinite(p):
        return "p not available"
    if p < least or (draws and p <= least):
        return f"p {'≤' if draws else '<'} {_short(least)}"
    return f"p = {_short(p)}"


def _short(p: float) -> str:
    """Two figures of a probability, without the leading zero."""
    fine = 2 if p >= 0.0995 else 3
    return f"{p:.{fine}f}".lstrip("0") if p < 1 else "1"


def share(value: float) -> str:
    """A share in per cent, "12 %"; below one per cent with a digit more."""
    fine = 0 if abs(value) >= 0.0095 or value == 0 else 1
    return f"{number(100 * value, fine)} %"


def told_share(found: Any, things: str = "") -> str:
    """A share's record in per cent, with what stands ``beside_share``: "39 % (95 % interval 33 to 44 %)"."""
    return f"{share(found.value)} ({beside_share(found, things)})"


def beside_share(found: Any, things: str = "") -> str:
    """The interval of a share's record in per cent, and n where `things` says what is counted.

    "95 % interval 33 to 44 %, n = 300 pairs".
    """
    low, high = (share(end).removesuffix(" %") for end in (found.low, found.high))
    return f"95 % interval {low} to {high} %" + (f", n = {found.n} {things}" if things else "")


def listing(names: Sequence[str], last: str = "and") -> str:
    """Several words as a list, "a, b and c"; "none" of no words."""
    *first, final = names or ["none"]
    return f"{', '.join(first)} {last} {final}" if first else final


def cards(heads: list[str], rows: Iterable[Mapping[str, str]], kind: str, *, choices: tuple[str, ...] = ()) -> str:
    """HTML table whose rows become cards on a phone, each line of which says what it is.

    Parameters
    ----------
    heads : list of str
        Of the columns.
    rows : iterable of mapping
        Cells (HTML) by head.
    kind : str
        Class of the table, besides ``cards``.
    choices : tuple of str
        Heads of columns that a reader may choose a value of.
    """
    named = [f'<th scope="col"{" data-choice" * (head in choices)}>{head}</th>' for head in heads]
    body = ("<tr>" + "".join(f'<td data-label="{head}">{row[head]}</td>' for head in heads) + "</tr>" for row in rows)
    head = f"<thead><tr>{''.join(named)}</tr></thead>"
    return f'<table class="cards {kind}">{head}\n<tbody>\n' + "\n".join(body) + "\n</tbody></table>"
