"""Figures of the chapter on planted truth, in the house style of ``lib.report.style``.

Comes in: responses and tables of ``lib.chapters.recovery.studies``. Goes out: matplotlib figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lib.report.detection import ALPHA, binomial_band, power, rates
from lib.report.style import COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED

EFFECT_TITLES = {
    "early window": "Early window (sound)",
    "late window": "Late window (words)",
    "sound family": "Sound family",
    "word family": "Word family",
    "affect, early": "Affect, early",
    "affect, late": "Affect, late",
    "hierarchy": "Hierarchy of regions",
}
_SHADES = ("#9ec5f4", "#4a8fdc", "#123f7d")
_MARKS = ("o", "s", "D")


def waves_and_maps(
    found: np.ndarray, planted: np.ndarray | None, seconds: np.ndarray, info, rows: Mapping[str, dict]
) -> plt.Figure:
    """Responses over lags beside their maps, one row a response: recovered and planted.

    Parameters
    ----------
    found, planted : ndarray, shape (row, listener, lag, channel)
        Of the analysis and of the truth [µV per unit], for each row.
    seconds : ndarray, shape (lag,)
    info : mne.Info
        Of the channels.
    rows : dict
        By title: `place` (channel numbers averaged in the wave), `at` (latency of the maps [s]), `unit`.
    """
    import mne

    figure = plt.figure(figsize=(8.8, 2.9 * len(rows)))
    grid = figure.add_gridspec(len(rows), 3, width_ratios=(2.3, 1, 1))
    for number, (title, row) in enumerate(rows.items()):
        axis = figure.add_subplot(grid[number, 0])
        each = found[number][:, :, row["place"]].mean(axis=2)
        mean, error = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(len(each))
        axis.axhline(0, color=FAINT, lw=1)
        axis.axvline(0, color=FAINT, lw=1)
        axis.axvline(1000 * row["at"], color=FAINT, lw=6, zorder=0)
        axis.fill_between(1000 * seconds, mean - 2 * error, mean + 2 * error, color=OURS, alpha=0.2, lw=0)
        axis.plot(1000 * seconds, mean, color=OURS, label="recovered, ±2 standard errors")
        truth = planted[number][:, :, row["place"]].mean(axis=(0, 2))
        scale = row.get("scale", 1.0)
        axis.plot(1000 * seconds, scale * truth, color=PUBLISHED, ls="--", label="planted" + row.get("note", ""))
        axis.set(title=title, ylabel=row["unit"], xlabel="Lag (ms)")
        axis.legend(loc="upper right", fontsize=8)
        at = np.argmin(abs(seconds - row["at"]))
        for column, (name, values) in enumerate({"recovered": found[number], "planted": planted[number]}.items()):
            place = figure.add_subplot(grid[number, 1 + column])
            shown = values[:, at].mean(axis=0)
            shown = shown / abs(shown).max()
            mne.viz.plot_topomap(shown, info, axes=place, show=False, contours=4, cmap="PuOr_r", vlim=(-1, 1))
            place.set_title(f"{name}, {1000 * seconds[at]:.0f} ms", fontweight="normal", loc="center")
    return figure


def power_curves(counts: pd.DataFrame, sizes: Mapping[str, Mapping[str, float]]) -> plt.Figure:
    """Power against signal strength, one panel an effect: simulated (dots, 95 %) and from the effect size (lines).

    Parameters
    ----------
    counts : pandas.DataFrame
        Rows of the effects in `sizes`, nothing switched off, the longest recording only.
    sizes : dict
        Effect to its ``detection.fit_effect_size``.
    """
    columns = 4
    figure, axes = plt.subplots(-(-len(sizes) // columns), columns, figsize=(9.2, 5.0), sharey=True)
    for axis, (effect, size) in zip(axes.flat, sizes.items(), strict=False):
        mine = rates(counts[(counts["effect"] == effect) & (counts["snr"] > 0)])
        strength = np.geomspace(mine["snr"].min() * 0.8, mine["snr"].max() * 1.15, 60)
        for shade, mark, (n, group) in zip(_SHADES, _MARKS, mine.groupby("listeners"), strict=False):
            dodge = 1 + 0.03 * (_MARKS.index(mark) - 1)
            bars = [group["rate"] - group["low"], group["high"] - group["rate"]]
            axis.errorbar(group["snr"] * dodge, group["rate"], bars, fmt=mark, color=shade, ms=4.5, lw=1)
            line = power(size, n, group["minutes"].iloc[0], 1 / strength)
            axis.plot(strength, line, color=shade, lw=1.4, label=f"{n} listeners")
        axis.axhline(ALPHA, color=FAINT, lw=1, zorder=0)
        axis.set(title=EFFECT_TITLES[effect], xscale="log", ylim=(-0.03, 1.03))
        axis.set_xticks(sorted(mine["snr"].unique()), [f"{value:g}" for value in sorted(mine["snr"].unique())])
        axis.minorticks_off()
        axis.legend(fontsize=7.5, handlelength=1.2)
    for axis in axes.flat[len(sizes) :]:
        axis.axis("off")
    figure.supxlabel("Signal strength (1: the recordings of this book)", fontsize=10)
    figure.supylabel("Share of studies that find it", fontsize=10)
    return figure


def false_positives(table: pd.DataFrame) -> plt.Figure:
    """Share of significant results where there is nothing to find, with its 95 % interval and the band of chance.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows: effect, listeners, off ("every effect" or "this effect"), studies, significant.
    """
    shown = rates(table, "significant")
    effects = list(dict.fromkeys(shown["effect"]))
    figure, axes = plt.subplots(1, 2, figsize=(8.8, 0.5 * len(effects) + 1.3), sharey=True)
    for axis, off, title in zip(
        axes, ("every effect", "this effect"), ("Noise only", "Only this effect off"), strict=True
    ):
        for row_number, effect in enumerate(effects):
            mine = shown[(shown["effect"] == effect) & (shown["off"] == off)].sort_values("listeners")
            for k, row in enumerate(mine.itertuples()):
                place = row_number + (k - (len(mine) - 1) / 2) * 0.26
                low, high = binomial_band(int(row.studies))
                axis.fill_between([low, high], place - 0.12, place + 0.12, color=FAINT, alpha=0.7, lw=0)
                axis.plot([row.low, row.high], [place, place], color=_SHADES[k], lw=1.4)
                axis.plot(row.rate, place, _MARKS[k], color=_SHADES[k], ms=4.5)
        axis.axvline(ALPHA, color=INK, lw=1, ls=":")
        axis.set(title=title, xlim=(0, None))
    axes[0].set_yticks(range(len(effects)), [EFFECT_TITLES.get(effect, effect) for effect in effects])
    axes[0].set_ylim(len(effects) - 0.4, -0.6)
    figure.supxlabel("Share of tests with p ≤ .05", fontsize=10)
    return figure


def profiles_found(counts: pd.DataFrame) -> plt.Figure:
    """r² between planted and blindly found component profiles against signal strength, one panel a component."""
    figure, axes = plt.subplots(2, 3, figsize=(8.6, 4.8), sharex=True, sharey=True)
    for axis, (name, title) in zip(axes.flat, COMPONENT_TITLES.items(), strict=True):
        for ending, style, colours in (("", "-", _SHADES), (", chance", ":", ("#9aa5b1",) * 3)):
            mine = counts[(counts["effect"] == f"profile of {name}{ending}") & (counts["snr"] > 0)]
            for colour, mark, (n, group) in zip(colours, _MARKS, mine.groupby("listeners"), strict=False):
                mean, error = mean_and_error(group)
                label = f"{n} listener{'s' * (n > 1)}" if not ending else None
                axis.errorbar(group["snr"], mean, 2 * error, color=colour, ls=style, marker=mark, ms=4, label=label)
        axis.set(title=title, xscale="log", ylim=(0, 1.02))
        axis.set_xticks(sorted(mine["snr"].unique()), [f"{value:g}" for value in sorted(mine["snr"].unique())])
        axis.minorticks_off()
    axes[0, 0].legend(fontsize=8)
    figure.supxlabel("Signal strength", fontsize=10)
    figure.supylabel("r² with the planted profile", fontsize=10)
    return figure


def mean_and_error(counts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Mean estimate over studies, and its standard error."""
    n = counts["studies"]
    mean = counts["total"] / n
    spread = np.maximum(counts["squares"] / n - mean**2, 0) * n / np.maximum(n - 1, 1)
    return mean, np.sqrt(spread / n)


def planned_power(
    sizes: Mapping[str, Mapping[str, float]], listeners: int, minutes: float, noise: float, of: Callable = power
) -> plt.Figure:
    """Power of one planned study for every effect, and how it grows with listeners."""
    figure, axis = plt.subplots(figsize=(7.2, 3.6))
    many = np.arange(2, max(41, 2 * listeners))
    lines = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))
    for number, (effect, size) in enumerate(sizes.items()):
        colour = plt.get_cmap("viridis")(0.9 * number / max(len(sizes) - 1, 1))
        axis.plot(many, of(size, many, minutes, noise), color=colour, ls=lines[number], label=EFFECT_TITLES[effect])
        axis.plot(listeners, of(size, listeners, minutes, noise), "o", color=colour, ms=5)
    axis.axvline(listeners, color=FAINT, lw=6, zorder=0)
    axis.axhline(0.8, color=FAINT, lw=1, zorder=0)
    axis.set(xlabel="Listeners", ylabel="Power", ylim=(0, 1.03))
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
