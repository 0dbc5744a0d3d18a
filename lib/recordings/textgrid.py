"""Praat's TextGrids: when words and phonemes are heard, in either of the two text formats or in the binary one.

Comes in: a file. Goes out: its interval tiers, each a table of onset, offset and label; and which labels are words.
praatio reads fewer files: none with comments, in Latin-1 or binary, and a grid that was cut short as if it were whole.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

TOKEN = re.compile(
    r'"((?:[^"]|"")*)"'  # a quoted text,
    r"|![^\r\n]*"  # a comment until the end of its line, whatever stands in it,
    r"|\[[^\]]*\]"  # an index in brackets, which carries nothing,
    r"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)"  # or a number that stands free:
)
"""The long format differs from the short one only in what is none of these."""
BINARY = b"ooBinaryFile"
MARKS = frozenset(
    {"SIL", "SP", "SPN", "NS", "NSN", "BR", "LG", "LS", "CG", "PAU", "#"}
    | {"SENTENCE_START", "SENTENCE_END", "!SIL", "!SENT_START", "!SENT_END"}
)
"""Labels, in capitals, that aligners write where no word is spoken: silence, noise, breath, laughter, lip smacks."""
BRACKETS = ("{}", "<>", "[]", "()")
"""A label that stands in brackets is a mark too, whatever it says: {SL}, <unk>, [noise]."""


def is_mark(label: str) -> bool:
    """Whether a label is no word or phoneme, but empty or an aligner's mark for a stretch without any."""
    label = label.strip().upper()
    return not label or label in MARKS or label[0] + label[-1] in BRACKETS


def read_tiers(path: str | Path) -> list[tuple[str, pd.DataFrame]]:
    """Read the interval tiers of a TextGrid.

    Parameters
    ----------
    path : path
        In the long or the short text format (UTF-8, UTF-16 or Latin-1), or in the binary one.

    Returns
    -------
    list of (str, pandas.DataFrame)
        Name, and onset and offset [s] and label of every interval, empty ones included, in the order of the file; two
        tiers may have one name. Tiers of points are left out.

    Raises
    ------
    ValueError
        The file is no TextGrid, ends too early, or goes on after its last tier.
    """
    raw = Path(path).read_bytes()
    try:
        tokens = _binary_tokens(raw) if raw.startswith(BINARY) else _tokens(_text(raw))
        if _take(tokens, 2) not in (("ooTextFile", "TextGrid"), ("ooTextFile short", "TextGrid")):
            raise ValueError("it is no TextGrid in one of Praat's formats")
        _take(tokens, 2)  # begin and end of the whole grid
        tiers = [_tier(tokens) for _ in range(_count(tokens))]
    except (StopIteration, RuntimeError, struct.error) as error:  # a generator turns the first into the second
        raise ValueError("it ends too early") from error
    if (more := next(tokens, None)) is not None:
        raise ValueError(f"it goes on with {more!r} after its last tier: counts and content disagree")
    return [tier for tier in tiers if tier is not None]


def _text(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    if b"\0" in raw[:2]:
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le")
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


def _binary_tokens(raw: bytes) -> Iterator[str | float]:
    """The content of a binary grid, big-endian, as the short text format would have it."""
    place = len(BINARY)

    def numbers(form: str) -> tuple:
        nonlocal place
        place += struct.calcsize(f">{form}")
        return struct.unpack_from(f">{form}", raw, place - struct.calcsize(f">{form}"))

    def text(length: int, coding: str) -> str:
        return b"".join(numbers(f"{length}s")).decode(coding)

    def label() -> str:
        (length,) = numbers("h")  # -1 says that 16-bit characters follow
        return text(length, "latin-1") if length >= 0 else text(2 * numbers("h")[0], "utf-16-be")

    yield "ooTextFile"
    yield text(*numbers("B"), "latin-1")
    begin, end, _, count = numbers("ddbi")
    yield from (begin, end, float(count))
    for _ in range(count):
        kind = text(*numbers("B"), "latin-1")
        yield from (kind, label())
        begin, end, rows = numbers("ddi")
        yield from (begin, end, float(rows))
        for _ in range(rows):
            yield from (*numbers("dd" if kind == "IntervalTier" else "d"), label())


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
    if not all(map(_is_interval, rows)):
        raise ValueError(f"an interval of tier {name!r} is not two times and a text")
    return str(name), pd.DataFrame(rows, columns=["onset", "offset", "label"])


def _is_interval(row: tuple) -> bool:
    onset, offset, label = row
    return isinstance(onset, float) and isinstance(offset, float) and isinstance(label, str)
