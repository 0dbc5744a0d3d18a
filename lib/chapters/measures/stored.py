"""Stored counts of what nulls decide for short pieces (data/nulls.csv): rates with intervals, and what is quoted.

Comes in: the table that ``candidates`` makes (``make calibration``). Goes out: rates with exact 95 % intervals, and
records of what a null does at worst, overall, and in single settings. A setting is a kind of noise, a number of pieces
and their length.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from lib.chapters.measures.candidates import ALPHA, TABLE
from lib.compare import Estimate
from lib.compare.statistics import proportion

QUOTED = {"one": ("AR .95", 1, 60), "six": ("AR .95", 6, 30), "many": ("AR .95", 18, 30), "sounds": ("AR .8", 165, 25)}
"""Settings that the prose quotes: noise, pieces, frames of the shortest piece."""
WITHOUT_SEAM = {"pieces": "pieces", "elsewhere": "elsewhere", "synthetic noise": "synthetic"}


def read(path=TABLE) -> pd.DataFrame:
    """The stored table with exact 95 % intervals: size (nothing planted) or power, and power at equal size."""
    table = pd.read_csv(path)
    for column, name in (("positive", "rate"), ("at_equal_size", "equal")):
        shares = [proportion(hits, n, method="exact") for hits, n in zip(table[column], table["n"], strict=True)]
        table[[name, f"{name}_low", f"{name}_high"]] = [(s.value, s.low, s.high) for s in shares]
    return table


def quiet(table: pd.DataFrame, null: str | None = None) -> pd.DataFrame:
    """Rows in which nothing was planted, of one null or of all."""
    rows = table[table["strength"] == 0]
    return rows if null is None else rows[rows["null"] == null]


def rate(table: pd.DataFrame, null: str, noise: str, pieces: int, frames: int) -> Estimate:
    """How often a null found likeness in one setting of noise."""
    mine = quiet(table, null)
    at = (mine["noise"] == noise) & (mine["pieces"] == pieces) & (mine["frames"] == frames)
    return _record(mine[at].iloc[0])


def worst(table: pd.DataFrame, null: str) -> Estimate:
    """Highest rate at which a null finds likeness in noise; among equal ones, that of most recordings."""
    return _record(quiet(table, null).sort_values(["rate", "n"]).iloc[-1])


def _record(row: pd.Series) -> Estimate:
    about = f"share of noise in which {row['null']} finds likeness: {row['noise']}, {row['pieces']} pieces"
    return Estimate(row["rate"], row["rate_low"], row["rate_high"], int(row["n"]), about=about, digits=2)


def overall(table: pd.DataFrame, null: str) -> Estimate:
    """How often a null finds likeness in noise, over all settings of more than one piece together."""
    mine = quiet(table, null)
    return _pooled(mine[mine["pieces"] > 1], "positive", f"size of {null}, over all kinds of noise and pieces")


def power(table: pd.DataFrame, null: str) -> Estimate:
    """How often it finds what is planted at a threshold that noise passes in .05, over the same settings."""
    mine = table[(table["strength"] > 0) & (table["null"] == null) & (table["pieces"] > 1)]
    return _pooled(mine, "at_equal_size", f"power of {null} at equal size")


def _pooled(rows: pd.DataFrame, column: str, about: str) -> Estimate:
    share = proportion(int(rows[column].sum()), int(rows["n"].sum()), method="exact")
    return replace(share, p=np.nan, about=about)


def clearly_above(table: pd.DataFrame, null: str) -> str:
    """In how many settings the whole interval of a null's rate lies above .05, "none of 16 settings"."""
    mine = quiet(table, null)
    above = int((mine["rate_low"] > ALPHA).sum())
    return f"{above or 'none'} of {len(mine)} settings"


def numbers(table: pd.DataFrame) -> dict[str, Estimate | str]:
    """What the prose quotes: rotations and pairings in four settings; nulls without a seam over all of them."""
    found = {f"rotation_{key}": rate(table, "rotation", *setting) for key, setting in QUOTED.items()}
    found |= {f"pieces_{key}": rate(table, "pieces", *at) for key, at in QUOTED.items() if at[1] > 1}
    found |= {f"{key}_all": overall(table, null) for null, key in WITHOUT_SEAM.items()}
    found |= {f"{key}_power": power(table, null) for null, key in WITHOUT_SEAM.items()}
    found |= {"rotation_power": power(table, "rotation")}
    return found | {"pieces_worst": worst(table, "pieces"), "pieces_above": clearly_above(table, "pieces")}
