"""Praat's TextGrids: when words and phonemes are heard, in either of the two text formats.

Comes in: a file. Goes out: its interval tiers, each a table of onset, offset and label.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

TOKEN = re.compile(r'"((?:[^"]|"")*)"|\[[^\]]*\]|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')
"""A quoted text, an index in brackets (which carries nothing), or a number that stands free: the long format differs
from the short one only in what is none of these."""


def read_tiers(path: str | Path) -> dict[str, pd.DataFrame]:
    """Read the interval tiers of a TextGrid, in the long or the short text format.

    Parameters
    ----------
    path : path
        UTF-8, UTF-16 with a byte order mark, or Latin-1.

    Returns
    -------
    dict of str to pandas.DataFrame
        By the tier's name: onset and offset [s] and label of every interval, empty ones included. Tiers of points are
        left out.

    Raises
    ------
    ValueError
        The file is no TextGrid in a text format, or ends too early.
    """
    tokens = _tokens(_text(Path(path).read_bytes()))
    try:
        if _take(tokens, 2) not in (("ooTextFile", "TextGrid"), ("ooTextFile short", "TextGrid")):
            raise ValueError("it is no TextGrid in one of Praat's text formats")
        _take(tokens, 2)  # begin and end of the whole grid
        tiers = [_tier(tokens) for _ in range(_count(tokens))]
        return dict(tier for tier in tiers if tier is not None)
    except StopIteration as error:
        raise ValueError("it ends too early") from error


def _text(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _tokens(text: str) -> Iterator[str | float]:
    for found in TOKEN.finditer(text):
        label, number = found.groups()
        if label is not None:
            yield label.replace('""', '"')
        elif number is not None:
            yield float(number)


def _count(tokens: Iterator[str | float]) -> int:
    found = next(tokens)
    if not isinstance(found, float):
        raise ValueError(f"it has the text {found!r} where a number should be")
    return int(found)


def _take(tokens: Iterator[str | float], count: int) -> tuple:
    return tuple([next(tokens) for _ in range(count)])


def _tier(tokens: Iterator[str | float]) -> tuple[str, pd.DataFrame] | None:
    kind, name = _take(tokens, 4)[:2]  # the others are begin and end
    if kind not in ("IntervalTier", "TextTier"):
        raise ValueError(f"it has {kind!r} where a tier should begin")
    width = 3 if kind == "IntervalTier" else 2
    rows = [_take(tokens, width) for _ in range(_count(tokens))]
    if width == 2:
        return None
    if not all(isinstance(a, float) and isinstance(b, float) and isinstance(c, str) for a, b, c in rows):
        raise ValueError(f"an interval of tier {name!r} is not two times and a text")
    return str(name), pd.DataFrame(rows, columns=["onset", "offset", "label"])
