"""Sizes: how often noise like a recording's is called supported, as it was counted, by claim.

Comes in: data/calibration.csv, or new counts for it (``make calibration``). Goes out: the size of each claim's rule on
a recording, which stands beside its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lib.ground import DATA, DamagedData, replacing
from lib.report.claims.rules import ledger

SIZES = DATA / "calibration.csv"


@dataclass(frozen=True)
class Size:
    """How often a claim is called supported where there is noise alone: share of n, with its interval."""

    share: float
    low: float
    high: float
    n: int

    def __str__(self):
        """Share, interval and count in words."""
        return f"{self.share:.2f} ({self.low:.2f} to {self.high:.2f}, n = {self.n})"


def counted(recording: str, path: Path = SIZES) -> dict[str, Size]:
    """How often noise like a recording's is called supported, by claim; empty where that was not counted.

    Raises
    ------
    DamagedData
        The table lacks a column: recording, decision (a claim), n, size, low, high.
    """
    if not path.exists():
        return {}
    table = pd.read_csv(path)
    missing = {"recording", "decision", "n", "size", "low", "high"} - set(table.columns)
    if missing:
        raise DamagedData(f"{path.name} has no column {', '.join(sorted(missing))}.")
    mine = table[(table["recording"] == recording) & table["decision"].isin(ledger()) & (table["n"] > 0)]
    return {row.decision: Size(row.size, row.low, row.high, int(row.n)) for row in mine.itertuples()}


def table(recording: str | None = None) -> pd.DataFrame:
    """Stored sizes in words, of one recording or of all: decision, noise called significant, n, settings.

    The share of repetitions in which noise like the recording's passed stands with its exact 95 % interval.
    """
    table = pd.read_csv(SIZES)
    table = table if recording is None else table[table["recording"] == recording]
    share = [f"{row.size:.2f} ({row.low:.2f} to {row.high:.2f})" for row in table.itertuples(index=False)]
    shown = table.assign(**{"noise passes": share})[["recording", "decision", "noise passes", "n", "settings"]]
    return shown.set_index("recording").rename_axis(None)


def keep(recording: str, new: pd.DataFrame, *, over: bool = True, path: Path | None = None) -> None:
    """Put rows of a recording into the table of sizes, in the place of older ones of the same decision.

    Parameters
    ----------
    recording : str
    new : pandas.DataFrame
        From ``lib.compare.calibrated``: decision, n, positives, size, low, high, alpha; settings, in words.
    over : bool
        Whether new rows replace those that are there; if not, only those do that rest on more repetitions.
    path : path, optional
        The table. Default: ``SIZES``.
    """
    path = path or SIZES
    old = pd.read_csv(path) if path.exists() else new.assign(recording=recording).iloc[:0]
    known = old[old["recording"] == recording].set_index("decision")["n"]
    new = new if over else new[new["n"] > new["decision"].map(known).fillna(0)]
    there = (old["recording"] == recording) & old["decision"].isin(new["decision"])
    table = pd.concat([old[~there], new.assign(recording=recording)]).round(4)
    first = ["recording", "decision"]
    with replacing(path) as place:
        table[[*first, *table.columns.drop(first)]].sort_values(first).to_csv(place, index=False)
