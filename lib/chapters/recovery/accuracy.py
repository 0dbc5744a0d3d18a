"""Whether what simulated studies report is right: latencies, sizes and their intervals, and components found blind.

Comes in: the stored counts of simulated studies. Goes out: bias and coverage of each quantity, and how much of the
planted profiles is found without a model, for the figures and the prose of the recovery chapter.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.compare import Estimate
from lib.report import words
from lib.report.claims.detection import rates
from lib.report.style import COMPONENT_TITLES

QUANTITIES = {
    "latency of onset": ("n1", "N1, latency", "ms", 1000),
    "latency of word": ("n400", "N400, latency", "ms", 1000),
    "size of late size": ("size", "N400, size", "µV", 1),
    "size of affect, late": ("loss", "N400, loss with affect", "µV", 1),
}
"""By effect in the counts: name, title, unit, and what takes the stored values to that unit."""
DIGITS = {"ms": 1, "µV": 2}


def mean_and_error(counts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Mean estimate over studies, and its standard error."""
    n = counts["studies"]
    mean = counts["total"] / n
    spread = np.maximum(counts["squares"] / n - mean**2, 0) * n / np.maximum(n - 1, 1)
    return mean, np.sqrt(spread / n)


def accuracy(counts: pd.DataFrame) -> pd.DataFrame:
    """Bias and coverage of each quantity in studies of the whole story at the strength of the recordings.

    Returns
    -------
    pandas.DataFrame
        name, title, unit, listeners, studies; planted, bias (mean estimate minus planted) with bias_low and bias_high
        (95 %), in that unit; coverage, the share of 95 % intervals that hold what was planted, with low and high.
    """
    sized = counts[counts["covered"].notna() & (counts["without"] == "") & (counts["snr"] == 1.0)]
    sized = rates(sized[sized["minutes"] == sized["minutes"].max()], "covered")
    mean, error = mean_and_error(sized)
    name, title, unit, factor = (sized["effect"].map({key: of[k] for key, of in QUANTITIES.items()}) for k in range(4))
    planted = sized["planted"] / sized["studies"]
    bias, reach = factor * (mean - planted), factor * 1.96 * error
    return pd.DataFrame({
        "name": name, "title": title, "unit": unit, "listeners": sized["listeners"], "studies": sized["studies"],
        "planted": factor * planted, "bias": bias, "bias_low": bias - reach, "bias_high": bias + reach,
        "coverage": sized["rate"], "low": sized["low"], "high": sized["high"],
    })  # fmt: skip


def of_largest(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the studies with most listeners, in the order of ``QUANTITIES``."""
    most = table[table["listeners"] == table["listeners"].max()].set_index("name")
    return most.loc[[name for name, *_ in QUANTITIES.values()]]


def numbers(table: pd.DataFrame) -> dict[str, Estimate]:
    """What the page quotes of it, by name: of the studies with most listeners."""
    out = {}
    for row in of_largest(table).itertuples():
        n, about = int(row.studies), f"{row.title}, studies of {row.listeners} listeners"
        out[f"coverage_{row.Index}"] = Estimate(
            row.coverage, row.low, row.high, n, about=f"coverage: {about}", digits=2
        )
        bias = f"mean estimate minus planted [{row.unit}]: {about}"
        out[f"bias_{row.Index}"] = Estimate(
            row.bias, row.bias_low, row.bias_high, n, about=bias, digits=DIGITS[row.unit]
        )
    return out


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Bias of the studies with most listeners, one row a quantity."""
    rows = {}
    for row in of_largest(table).itertuples():
        fine = DIGITS[row.unit]
        rows[f"{row.title} ({row.unit})"] = {
            "planted": words.number(row.planted, fine),
            "error": words.number(row.bias, fine),
            "95 % interval": f"{words.number(row.bias_low, fine)} to {words.number(row.bias_high, fine)}",
            "studies": row.studies,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def profiles(counts: pd.DataFrame) -> pd.DataFrame:
    """r² of profiles found blind with those planted, over studies.

    Returns
    -------
    pandas.DataFrame
        component, listeners, snr, studies, chance (whether sounds were exchanged), r2, low, high (95 %).
    """
    mine = counts[counts["effect"].str.startswith("profile of")].copy()
    mean, error = mean_and_error(mine)
    name = mine["effect"].str.removeprefix("profile of ")
    return mine[["listeners", "snr", "studies"]].assign(
        component=name.str.removesuffix(", chance"), chance=name.str.endswith(", chance"),
        r2=mean, low=mean - 1.96 * error, high=mean + 1.96 * error,
    )  # fmt: skip


def best_profiles(table: pd.DataFrame) -> dict[str, Estimate]:
    """r² of each component with most listeners at the strength of the recordings."""
    best = table[~table["chance"] & (table["snr"] == 1.0)]
    best = best[best["listeners"] == best["listeners"].max()]
    about = "share of variance in common with the planted profile of"
    return {
        row.component: Estimate(row.r2, row.low, row.high, int(row.studies), about=f"{about} {row.component}", digits=2)
        for row in best.itertuples()
    }


def profile_numbers(table: pd.DataFrame) -> dict[str, Estimate | str]:
    """What the page quotes of the profiles, by name."""
    best = best_profiles(table)
    weakest, *_, strongest = sorted(best, key=lambda name: best[name].value)
    mean = float(np.mean([one.value for one in best.values()]))
    return {f"profile_{name}": one for name, one in best.items()} | {
        "profile_mean": Estimate(mean, n=len(best), about="mean r² of the blind profiles, over components", digits=2),
        "profile_weakest": COMPONENT_TITLES[weakest].lower(),
        "profile_lowest": best[weakest],
        "profile_strongest": COMPONENT_TITLES[strongest].lower(),
        "profile_highest": best[strongest],
    }


def profile_table(table: pd.DataFrame) -> pd.DataFrame:
    """r² of each component with its interval, one row a component."""
    best = best_profiles(table)
    rows = {
        title: {
            "r²": words.number(best[name].value),
            "95 % interval": words.interval(best[name], 2),
            "studies": best[name].n,
        }
        for name, title in COMPONENT_TITLES.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")
