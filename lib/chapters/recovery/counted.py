"""What the stored counts of simulated studies say: how often effects are found, and how often where there are none.

Comes in: data/recovery.csv (``lib.chapters.recovery.studies``). Goes out: rates with exact intervals, for the figures
and the prose of the recovery chapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.compare import Estimate
from lib.report import words
from lib.report.claims.detection import (
    ALPHA,
    RECOVERY,
    binomial_band,
    fit_effect_size,
    nested_inflation,
    power,
    rates,
    read_counts,
)

EFFECT_TITLES = {
    "early window": "Early response to sound",
    "late window": "Late response to words",
    "sound family": "Prediction by sound",
    "word family": "Prediction by words",
    "affect, early": "Affect on early response",
    "affect, late": "Affect on late response",
    "hierarchy": "Words in later regions",
}
TUNING = "Tuning, six components"
SWITCH = {
    "early window": "acoustic", "sound family": "acoustic", "late window": "surprisal", "word family": "surprisal",
    "affect, early": "affect", "affect, late": "affect", "hierarchy": "late",
}  # fmt: skip
"""By effect, what turns it off."""
ALL_OFF, ONE_OFF = "every effect", "this effect"


@dataclass(frozen=True, eq=False)
class Found:
    """How often planted effects are found.

    Attributes
    ----------
    counts : pandas.DataFrame
        Of every length and strength with all effects on, with rate, low and high (95 %).
    sizes : dict
        Effect to its spread between listeners and its noise (``detection.fit_effect_size``), fitted to all of them.
    """

    counts: pd.DataFrame
    sizes: dict[str, dict[str, float]]

    @property
    def longest(self) -> pd.DataFrame:
        """Counts of studies of the whole story, with what the fit predicts of each (column fitted)."""
        mine = self.counts[self.counts["minutes"] == self.counts["minutes"].max()]
        told = [
            float(power(self.sizes[row.effect], row.listeners, row.minutes, 1 / row.snr)) for row in mine.itertuples()
        ]
        return mine.assign(fitted=told)

    @property
    def missed(self) -> pd.Series:
        """Which counts of the longest studies have an interval that the fit lies outside of."""
        return (self.longest["fitted"] < self.longest["low"]) | (self.longest["fitted"] > self.longest["high"])

    def of(self, effect: str, *, listeners: int | None = None) -> pd.Series:
        """The row of an effect at the strength of the recordings: of so many listeners, or of the fewest."""
        mine = self.longest[(self.longest["effect"] == effect) & (self.longest["snr"] == 1.0)]
        mine = mine[mine["listeners"] == (listeners or mine["listeners"].min())]
        return mine.iloc[0]

    @property
    def numbers(self) -> dict[str, Any]:
        """What the page quotes of it, by name."""
        rows = {f"affect_found_{n}": self.of("affect, late", listeners=n) for n in (4, 16)}
        rows["late_found"] = self.of("late window", listeners=4)
        dots = self.longest["effect"].isin(self.sizes)
        counts = {"fit_missed": int(self.missed.sum()), "fit_dots": int(dots.sum())}
        return {name: as_estimate(row) for name, row in rows.items()} | counts


def stored() -> pd.DataFrame:
    """The stored counts, as `make recovery` left them."""
    return read_counts(RECOVERY)


def overview(counts: pd.DataFrame) -> pd.DataFrame:
    """How many studies are counted, one row per recording."""
    whole = counts[~counts["effect"].str.contains("size|latency|chance")]
    rows = {}
    for name, mine in whole.groupby("recording"):
        rows[name] = {
            "listeners": words.listing([str(n) for n in sorted(set(mine["listeners"]))]),
            "strengths": words.listing([f"{x:g}" for x in sorted(set(mine["snr"]))]),
            "studies of a size": " to ".join(str(n) for n in sorted({mine["studies"].min(), mine["studies"].max()})),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def found(counts: pd.DataFrame) -> Found:
    """How often effects are found where they are planted."""
    present = counts[(counts["without"] == "") & (counts["snr"] > 0) & counts["effect"].isin(EFFECT_TITLES)]
    sizes = {effect: fit_effect_size(present[present["effect"] == effect]) for effect in EFFECT_TITLES}
    return Found(rates(present), sizes)


def as_estimate(row: pd.Series) -> Estimate:
    """A counted rate as a number with its interval."""
    about = f"share of studies of {row['listeners']} listeners that find it: {EFFECT_TITLES[row['effect']]}"
    return Estimate(row["rate"], row["low"], row["high"], int(row["studies"]), about=about, digits=2)


def nothing_there(counts: pd.DataFrame) -> pd.DataFrame:
    """Tests of effects that were not planted.

    Returns
    -------
    pandas.DataFrame
        effect, off (``ALL_OFF`` or ``ONE_OFF``), listeners, studies, significant (either direction), share, its exact
        95 % interval (low, high), the band in which a test of exactly .05 lies in 99 of 100 sets of as many studies
        (band_low, band_high), and inside.
    """
    rows = [_off(counts, effect, "", ALL_OFF) for effect in EFFECT_TITLES]
    rows += [_tuning(counts), *(_off(counts, effect, SWITCH[effect], ONE_OFF) for effect in EFFECT_TITLES)]
    table = rates(pd.concat(rows, ignore_index=True), "significant").rename(columns={"rate": "share"})
    band = np.array([binomial_band(int(count)) for count in table["studies"]])
    inside = (band[:, 0] <= table["share"]) & (table["share"] <= band[:, 1])
    return table.assign(band_low=band[:, 0], band_high=band[:, 1], inside=inside)


def _off(counts: pd.DataFrame, effect: str, without: str, what: str) -> pd.DataFrame:
    mine = counts[(counts["effect"] == effect) & (counts["without"] == without)]
    mine = mine[mine["snr"] > 0] if without else mine[mine["snr"] == 0]
    longest = mine[mine["minutes"] == mine["minutes"].max()]
    return longest[["listeners", "studies", "significant"]].assign(effect=effect, off=what)


def _tuning(counts: pd.DataFrame) -> pd.DataFrame:
    """The six components together: one model of each, tested in the mean of all listeners."""
    silent = counts[counts["effect"].str.startswith("tuning to") & (counts["snr"] == 0)]
    total = silent.groupby("listeners", as_index=False)[["studies", "significant"]].sum()
    return total.assign(effect=TUNING, off=ALL_OFF)


def worst(nothing: pd.DataFrame) -> pd.Series:
    """Of the tests with one effect off and the others on, the row that finds most."""
    return nothing[nothing["off"] == ONE_OFF].nlargest(1, "share").iloc[0]


def silence(nothing: pd.DataFrame) -> dict[str, Any]:
    """What the page quotes of the tests with nothing to find, by name.

    Small studies are parts of the large ones: the interval of the share over all is widened by as much as that inflates
    the variance of the count.
    """
    quiet = nothing[nothing["off"] == ALL_OFF]
    nested = {effect: nested_inflation(mine["listeners"]) for effect, mine in quiet.groupby("effect")}
    inflation = float(np.average(quiet["effect"].map(nested), weights=quiet["studies"]))
    total = quiet[["studies", "significant"]].sum().to_frame().T
    share = rates(total, "significant", inflation=inflation).iloc[0]
    tests = int(share["studies"])
    most, about = worst(nothing), "largest share of tests that find what is not there, the others on"
    return {
        "inflation": Estimate(
            inflation, n=tests, about="variance of the count over that of independent studies", digits=1
        ),
        "false_share": Estimate(
            share["rate"], share["low"], share["high"], tests, about="positives, all off", digits=3
        ),
        "false_inside": Estimate(int(quiet["inside"].sum()), n=len(quiet), about="rows inside the band", digits=0),
        "false_rows": len(quiet),
        "worst_label": EFFECT_TITLES[most["effect"]].lower(),
        "worst_share": Estimate(most["share"], most["low"], most["high"], int(most["studies"]), about=about, digits=2),
        "worst_n": int(most["listeners"]),
    }


def confounded(nothing: pd.DataFrame) -> pd.DataFrame:
    """Tests of effects that are off, the others on, that find more than chance allows: one row each."""
    mine = nothing[(nothing["off"] == ONE_OFF) & ~nothing["inside"]]
    return pd.DataFrame({
        "effect that is off": mine["effect"].map(EFFECT_TITLES), "listeners": mine["listeners"],
        "studies": mine["studies"], "share that find it": mine["share"].map("{:.2f}".format),
        "95 % interval": [words.interval(row, 2) for row in mine.itertuples()],
        "highest by chance": mine["band_high"].map("{:.2f}".format),
    }).set_index("effect that is off").rename_axis(None)  # fmt: skip


def tidy(effects: Found, nothing: pd.DataFrame) -> pd.DataFrame:
    """All rates as tidy results: planted effects first, then those that are not there."""
    on = effects.counts
    there = pd.DataFrame({
        "measure": "power: " + on["effect"], "window": on["minutes"].map("{:g} min".format),
        "layer": on["snr"].map("strength {:g}".format), "value": on["rate"], "low": on["low"], "high": on["high"],
        "n": on["studies"], "subject": on["listeners"].map("{} listeners".format), "recording": on["recording"],
    })  # fmt: skip
    false = nothing.rename(columns={"share": "value", "studies": "n"}).assign(
        measure="false positives: " + nothing["effect"],
        window=nothing["off"] + " off",
        subject=nothing["listeners"].map("{} listeners".format),
        recording="simulated",
    )
    return pd.concat([there, false[["measure", "window", "subject", "value", "low", "high", "n", "recording"]]])


def bad_news(nothing: pd.DataFrame) -> bool:
    """Whether an effect that is not there is found more often than one test in twenty, for all that n allows."""
    return bool(worst(nothing)["low"] > ALPHA)
