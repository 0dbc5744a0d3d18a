"""Publishers' tables as text: whatever their encoding, and with nothing taken for a missing value that is a name.

Comes in: a file with commas or tabs between its values. Goes out: a table of texts, with the columns that are needed.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib import ground

ABSENT = ("", "NA", "N/A", "NAN", "NULL", "NONE", "-")
"""What stands, in capitals, for a number that is not known. Where names stand, each of these is a name."""


def read_table(path: Path, separator: str, needed: Sequence[str]) -> pd.DataFrame:
    """Read a table with a header; every value is a text, as written but for blanks around it.

    Parameters
    ----------
    path : path
        UTF-8 or UTF-16 (the latter with a byte order mark), else what Windows calls Western European.
    separator : str
        Between two values.
    needed : sequence of str
        Columns that have to be there.

    Raises
    ------
    ground.DamagedData
        It cannot be read as such a table, or lacks a column.
    """
    try:
        table = pd.read_csv(
            io.StringIO(decoded(path.read_bytes())), sep=separator, dtype=str, keep_default_na=False, index_col=False
        )
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise ground.DamagedData(f"{path} cannot be read as a table: {' '.join(str(error).split())}") from error
    table = table.rename(columns=lambda name: name.strip()).apply(lambda column: column.str.strip())
    absent = [column for column in needed if column not in table]
    if absent:
        listed = ", ".join(map(repr, table.columns[:8]))
        raise ground.DamagedData(
            f"{path} has no column {absent[0]!r}; its first line is {listed}: is the header missing?"
        )
    return table


def numbers(column: pd.Series, path: Path) -> pd.Series:
    """A column of texts as numbers, NaN where they say that it is not known.

    Raises
    ------
    ground.DamagedData
        A text is neither a number nor one of ``ABSENT``.
    """
    blank = column.str.upper().isin(ABSENT)
    found = pd.to_numeric(column.mask(blank), errors="coerce")
    odd = column[found.isna() & ~blank]
    if len(odd):
        raise ground.DamagedData(
            f"{path}, column {column.name!r}, row {odd.index[0] + 1}: {odd.iloc[0]!r} is no number"
        )
    return found


def decoded(raw: bytes) -> str:
    """Text of a file in the encodings that ``read_table`` knows."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
