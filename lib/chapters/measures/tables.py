"""Tables of the chapter in words, and its tidy results.

Comes in: measures, nulls, rates and stored counts. Goes out: tables to display, whose columns say what they hold, and
rows for results.parquet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd
from IPython.display import HTML, Markdown

from lib.chapters.measures import calibration, stored
from lib.chapters.measures.figures import NOISE_TITLES
from lib.chapters.measures.parity import power_above
from lib.compare import MEASURES
from lib.report import words
from lib.report.claims import ledger
from lib.report.claims import sizes as counts
from lib.report.style import MEASURE_TITLES, in_cards, in_markdown

if TYPE_CHECKING:
    from lib.compare.similarity.measures import Measure
    from lib.compare.similarity.nulls import Null


def observed(null: Null) -> Markdown:
    """The eight measures of one pair of series: range, value, what chance gives on average, and p."""
    frame = null.to_frame().set_index("measure")
    rows = [
        {
            "measure": MEASURE_TITLES[name],
            "range": _range(one),
            "value": words.number(frame.loc[name, "value"]),
            "mean of shuffles": words.number(frame.loc[name, "null_mean"]),
            "p": words.p_value(frame.loc[name, "p"], null.n_permutations).removeprefix("p ").replace("≤ ", "≤\N{NBSP}"),
        }
        for name, one in MEASURES.items()
    ]
    return in_markdown(pd.DataFrame(rows))


def _range(one: Measure) -> str:
    unit = "" if one.unit == "1" else f" {one.unit}s"
    return f"{words.number(one.low, 0)} to {words.number(one.high, 0 if one.high == 1 else 1)}{unit}"


def formulas(measures: Mapping[str, Measure]) -> Markdown:
    """Name in code, definition and source of measures, with formulas set as such."""
    rows = [
        {"name in code": f"`{one.name}`", "definition": one.formula, "source": one.source} for one in measures.values()
    ]
    return in_markdown(pd.DataFrame(rows))


def beside(parity: pd.DataFrame) -> Markdown:
    """Who else computes a measure, and a power of ten that its difference from our value does not reach."""
    table = pd.DataFrame({
        "measure": parity["measure"].map(MEASURE_TITLES),
        "computed by": parity["other"],
        "from our value less than": parity["difference"].map(power_above),
    })  # fmt: skip
    return in_markdown(table)


def wrong(rates: pd.DataFrame) -> HTML:
    """How often each null is wrong at .05: Spearman RSA and the worst of all measures, with intervals."""
    numbers, columns = calibration.rate_numbers(rates), {"Spearman RSA": "", "worst measure": "_worst"}
    table = pd.DataFrame({
        f"{scheme}, {title}": {
            NOISE_TITLES[noise]: _share(numbers[f"fp_{noise}_{scheme}{ending}"]) for noise in pd.unique(rates["noise"])
        }
        for scheme in pd.unique(rates["scheme"])
        for title, ending in columns.items()
    })  # fmt: skip
    return in_cards(table.rename_axis("series").reset_index())


def _share(rate) -> str:
    return f"{words.number(rate.value)} ({words.interval(rate, 2)})"


def sizes() -> HTML:
    """Stored sizes of every recording's decisions, with claims in words."""
    known, table = ledger(), counts.table().drop(columns="settings")
    decisions = [known[name].claim if name in known else name for name in table["decision"]]
    return in_cards(table.assign(decision=decisions).rename_axis("recording").reset_index())


def sizes_above() -> str:
    """In how many stored decisions the whole interval of the size lies above .05, "none of 14 decisions"."""
    table = pd.read_csv(counts.SIZES)
    above = int((table["low"] > calibration.ALPHA).sum())
    return f"{above or 'none'} of {len(table)} decisions"


def tidy(
    short: pd.DataFrame, nulls: Iterable[Null], floor: pd.DataFrame, rates: pd.DataFrame, *, n_times: int
) -> pd.DataFrame:
    """Every number behind the figures, one a row (``lib.report.save_results``); nulls are of series of `n_times`."""
    parts = [_pieces(short), *(_example(null, n_times) for null in nulls), _floor(floor), _rates(rates)]
    return pd.concat(parts, ignore_index=True)


def _pieces(short: pd.DataFrame) -> pd.DataFrame:
    rows = stored.quiet(short).rename(columns={"rate": "value", "rate_low": "low", "rate_high": "high"})
    window = "pieces: " + rows["null"] + ", " + rows["noise"] + ", " + rows["pieces"].astype(str)
    return rows.assign(measure="rsa_spearman", window=window)[["measure", "window", "value", "low", "high", "n"]]


def _example(null: Null, n_times: int) -> pd.DataFrame:
    rows = null.to_frame()[["measure", "value", "null_mean", "null_sd", "p"]]
    return rows.assign(window=f"example, {null.scheme}", n=n_times)


def _floor(floor: pd.DataFrame) -> pd.DataFrame:
    rows = floor.rename(columns={"mean": "value"})[["measure", "value", "low", "high", "n"]]
    return rows.assign(window="floor, T = " + floor["n_times"].astype(str))


def _rates(rates: pd.DataFrame) -> pd.DataFrame:
    rows = rates.rename(columns={"rate": "value"}).assign(window=rates["noise"] + ", " + rates["scheme"])
    return rows[["measure", "window", "value", "low", "high", "n"]]
