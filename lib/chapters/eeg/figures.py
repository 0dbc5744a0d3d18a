"""Figures of the EEG chapter, in the house style of ``lib.report.style``.

Comes in: scores, windows and tables of ``lib.chapters.eeg.scores`` and ``evidence``. Goes out: matplotlib figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.report.style import FAINT, INK, MEASURE_TITLES, OURS, PUBLISHED

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.scores import Scores

_MARKS = "osD^vPXd*<"
GROUP_COLOURS = {"negative": "#b45309", "neutral": "#9aa5b1", "positive": "#1d5fbf"}


def _colours(names: Sequence[str]) -> dict[str, tuple]:
    return dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))


def spectra(before: xr.DataArray, after: xr.DataArray, bad: Sequence[str]) -> plt.Figure:
    """Power spectra of all channels of one listener before and after cleaning; repaired channels stand out."""
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.4), sharey=True)
    for axis, data, title in zip(axes, (before, after), ("As recorded", "Cleaned"), strict=True):
        inside = data.sel(frequency=slice(0.25, 62))
        for name in inside.channel.values:
            marked = str(name) in bad
            axis.plot(inside.frequency, inside.sel(channel=name), color=PUBLISHED if marked else "#9aa5b1",
                      lw=1.6 if marked else 0.5, zorder=3 if marked else 1)  # fmt: skip
        axis.plot(inside.frequency, inside.median("channel"), color=OURS, lw=2, zorder=4)
        axis.set(title=title, yscale="log", xlabel="Frequency (Hz)")
    axes[0].set_ylim(bottom=max(float(after.sel(frequency=slice(0.25, 62)).median()) * 1e-4, 1e-6))
    axes[0].set_ylabel("Power (µV²/Hz)")
    marks = [plt.Line2D([], [], color=c, lw=2) for c in ("#9aa5b1", OURS, PUBLISHED)]
    figure.legend(
        marks, ["one channel", "median channel", "channel that was repaired"], loc="outside lower center", ncols=3
    )
    return figure


def on_the_frames(
    times: np.ndarray, wave: np.ndarray, frames: np.ndarray, ways: Mapping[str, np.ndarray], unit: str
) -> plt.Figure:
    """Show a channel as recorded and at a model's frames, (n,) and by way (T,)."""
    figure, axis = plt.subplots(figsize=(8.6, 3.0))
    axis.plot(times, wave, color="#9aa5b1", lw=0.9, label="as recorded")
    for (name, values), mark, colour in zip(ways.items(), "os^", (PUBLISHED, OURS, INK), strict=False):
        axis.plot(frames, values, mark, ms=4, ls="-", lw=1.3, color=colour, label=name)
    axis.set(xlabel="Time from onset (s)", ylabel=unit, xlim=(frames[0], min(frames[-1], frames[0] + 2.0)))
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def trajectories(models: Mapping[str, Scores], level: float = 0.05) -> plt.Figure:
    """Similarity by relative depth for every measure, with each model's null; filled where p_max is at most `level`."""
    colours = _colours(list(models))
    names = [str(m) for m in next(iter(models.values())).observed.measure.values]
    figure, axes = plt.subplots(2, 4, figsize=(9.6, 5.6), sharex=True)
    for axis, name in zip(axes.flat, names, strict=False):
        for mark, (model, one) in zip(_MARKS, models.items(), strict=False):
            group = one.group
            x = (
                np.linspace(0, 1, group.observed.sizes["layer"])
                if group.observed.sizes["layer"] > 1
                else np.array([0.5])
            )
            value, draws = group.observed.sel(measure=name), group.draws.sel(measure=name)
            low, high = (draws.quantile(q, "draw") for q in (0.025, 0.975))
            if len(x) > 1:
                axis.fill_between(x, low, high, color=colours[model], alpha=0.18, lw=0)
                axis.plot(x, value, color=colours[model], lw=1.5)
            else:
                axis.vlines(x, low, high, color=colours[model], alpha=0.3, lw=5)
            found = group.p_max.sel(measure=name).values <= level
            faces = [colours[model] if one else "white" for one in found]
            axis.scatter(x, value, s=22, marker=mark, facecolors=faces, edgecolors=[colours[model]], zorder=3)
        axis.set_title(MEASURE_TITLES[name])
        axis.locator_params(axis="y", nbins=4)
    axes[1, 0].set_xlabel("Relative depth")  # the legend takes the place of a figure-wide label
    figure.supylabel("Similarity (mutual information in nats)", fontsize=10)
    marks = [plt.Line2D([], [], color=colours[m], marker=k) for k, m in zip(_MARKS, models, strict=False)]
    figure.legend(marks, list(models), loc="outside lower center", ncols=min(len(models), 5))
    return figure


def sign_spread(draws: pd.DataFrame, geometry: pd.DataFrame, least: int) -> plt.Figure:
    """Show how scores move over sign patterns, and how much geometry short excerpts keep.

    Parameters
    ----------
    draws : pandas.DataFrame
        Columns piece, value (one row a pattern) and convention, invariant (the same within a piece).
    geometry : pandas.DataFrame
        Columns frames, spread, kind.
    least : int
        Frames up to which whitened components keep no geometry.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.6), width_ratios=(1.5, 1))
    for k, (_, part) in enumerate(draws.groupby("piece", sort=False)):
        parts = left.violinplot(part["value"], [k], widths=0.8, showextrema=False)
        parts["bodies"][0].set(facecolor="#9dbbe6", alpha=1)
        left.plot(k, part["convention"].iloc[0], "_", ms=14, mew=2, color=OURS)
        left.plot(k, part["invariant"].iloc[0], "D", ms=5, color=PUBLISHED)
    left.axhline(0, color=FAINT, lw=1)
    left.set(xticks=range(draws["piece"].nunique()), xticklabels=draws["piece"].unique(),
             xlabel="Excerpt", ylabel="Spearman RSA")  # fmt: skip
    left.tick_params(axis="x", labelsize=7.5)
    marks = [plt.Rectangle((0, 0), 1, 1, color="#9dbbe6")]
    marks += [
        plt.Line2D([], [], marker=m, ls="", ms=size, mew=2, color=c)
        for m, size, c in (("_", 12, OURS), ("D", 5, PUBLISHED))
    ]
    for (kind, part), style in zip(
        geometry.groupby("kind", sort=False), (("s--", PUBLISHED), ("o-", OURS)), strict=False
    ):
        right.plot(part["frames"], part["spread"], style[0], color=style[1], ms=4, label=kind)
    right.axvline(least, color=FAINT, lw=5, zorder=0)
    right.set(xlabel="Frames in the excerpt", ylabel="Spread of distances / mean distance", ylim=(-0.02, None))
    right.legend(fontsize=8)
    figure.legend(
        marks, ["random signs", "sign convention", "Euclidean on the states"], loc="outside lower center", ncols=3
    )
    return figure


def peak_depths(table: pd.DataFrame) -> plt.Figure:
    """Relative depth of the peak of each measure, by model, with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, measure, depth, low, high (``eeg_claims.peak_intervals``).
    """
    names = list(dict.fromkeys(table["measure"]))
    colours = _colours(list(dict.fromkeys(table["model"])))
    figure, axis = plt.subplots(figsize=(8.4, 3.6))
    for k, (model, part) in enumerate(table.groupby("model", sort=False)):
        x = np.arange(len(names)) + 0.13 * (k - (len(colours) - 1) / 2)
        part = part.set_index("measure").loc[names]
        away = [part["depth"] - part["low"], part["high"] - part["depth"]]
        axis.errorbar(x, part["depth"], away, fmt=_MARKS[k % 10], ms=5, lw=1.1, color=colours[model], label=model)
    axis.axvline(2.5, color=FAINT, lw=1.5)
    axis.text(1, 1.06, "rank geometry", ha="center", transform=axis.get_xaxis_transform(), fontsize=9)
    axis.text(5, 1.06, "dependence", ha="center", transform=axis.get_xaxis_transform(), fontsize=9)
    axis.set(xticks=range(len(names)), ylim=(-0.02, 1.02), ylabel="Relative depth of the peak")
    axis.set_xticklabels([MEASURE_TITLES[n].replace(" ", "\n", 1) for n in names], fontsize=8)
    figure.legend(loc="outside lower center", ncols=min(len(colours), 5))
    return figure


def rankings(scores: pd.DataFrame, without: pd.DataFrame, w: float, null_high: float) -> plt.Figure:
    """Rank of every model by each measure (1 is best), and Kendall's W with each measure left out.

    Parameters
    ----------
    scores : pandas.DataFrame
        Index model, columns measures.
    without : pandas.DataFrame
        Columns measure, w.
    w, null_high : float
        Of all measures, and the 95th percentile of its null.
    """
    ranks = scores.rank(ascending=False)
    ranks = ranks.loc[ranks.mean(axis=1).sort_values().index]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 1.5 + 0.32 * len(ranks)), width_ratios=(1.7, 1))
    titles = [MEASURE_TITLES[str(n)] for n in ranks.columns]
    sns.heatmap(
        ranks.set_axis(titles, axis=1), annot=True, fmt="g", cmap="Blues_r", cbar=False, ax=left, linewidths=0.5
    )
    left.set(title="Rank by each measure", xlabel="", ylabel="")
    left.tick_params(axis="both", labelsize=8)
    left.set_xticks(np.arange(len(titles)) + 0.5, titles, rotation=40, ha="right")
    right.axvline(w, color=OURS, lw=1.6, label="all eight")
    right.axvline(null_high, color=INK, ls=":", lw=1.4, label="95th percentile of chance")
    right.plot(without["w"], range(len(without)), "o", color=OURS, label="without this one")
    right.set(yticks=range(len(without)), yticklabels=[MEASURE_TITLES[m] for m in without["measure"]], xlim=(0, 1.03),
              title="Kendall's W")  # fmt: skip
    right.invert_yaxis()
    right.tick_params(axis="y", labelsize=8)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def controls(table: pd.DataFrame) -> plt.Figure:
    """Excess similarity of trained models, untrained twins and the envelope; a panel for each measure and null.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, kind (trained, untrained, envelope), measure, window (beyond what), value, low, high.
    """
    panels = list(dict.fromkeys(zip(table["measure"], table["window"], strict=True)))
    models = list(dict.fromkeys(table["model"]))
    styles = {"trained": ("o", OURS), "untrained": ("s", "#7b8794"), "envelope": ("D", PUBLISHED)}
    figure, axes = plt.subplots(1, len(panels), figsize=(9.2, 1.4 + 0.32 * len(models)), sharey=True)
    for axis, (name, window) in zip(np.atleast_1d(axes), panels, strict=True):
        part = table[(table["measure"] == name) & (table["window"] == window)].set_index("model").loc[models]
        for y, row in enumerate(part.itertuples()):
            mark, colour = styles[row.kind]
            axis.errorbar(
                row.value, y, xerr=[[row.value - row.low], [row.high - row.value]], fmt=mark, color=colour, ms=5.5
            )
        axis.axvline(0, color=INK, lw=0.8)
        axis.set(title=MEASURE_TITLES[name], yticks=range(len(models)), yticklabels=models, xlabel=window.capitalize())
        axis.locator_params(axis="x", nbins=4)
    np.atleast_1d(axes)[0].invert_yaxis()
    marks = [plt.Line2D([], [], marker=m, ls="", color=c) for m, c in styles.values()]
    figure.legend(marks, ["trained", "untrained twin", "acoustic baseline"], loc="outside lower center", ncols=3)
    return figure


def topographies(values: np.ndarray, significant: np.ndarray, titles: Sequence[str], info, label: str) -> plt.Figure:
    """Scalp maps, one a window, (window, channel); channels of a significant cluster are marked."""
    import mne

    limit = float(np.abs(values).max()) or 1.0
    figure, axes = plt.subplots(1, len(titles), figsize=(1.75 * len(titles), 2.5))
    dots = {"marker": "o", "markerfacecolor": INK, "markeredgewidth": 0, "markersize": 3}
    for axis, one, mask, title in zip(np.atleast_1d(axes), values, significant, titles, strict=True):
        image, _ = mne.viz.plot_topomap(one, info, axes=axis, show=False, contours=0, sensors=False, cmap="RdBu_r",
                                        vlim=(-limit, limit), mask=mask, mask_params=dots)  # fmt: skip
        axis.set_title(title, fontsize=8.5, loc="center", fontweight="normal")
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.4, pad=0.04, aspect=30)
    bar.set_label(label, fontsize=9)
    return figure


def window_courses(courses: Mapping[str, pd.DataFrame], chance: pd.DataFrame | None, ylabel: str) -> plt.Figure:
    """Similarity by window of time, mean with intervals over units; grey: its null.

    Parameters
    ----------
    courses : mapping of str to pandas.DataFrame
        By title; columns centre [ms], value, low, high.
    chance : pandas.DataFrame, optional
        The same, of the null.
    ylabel : str
    """
    figure, axis = plt.subplots(figsize=(7.6, 3.3))
    axis.axvspan(250, 500, color="#eef2f7", zorder=0)
    if chance is not None:
        axis.plot(chance["centre"], chance["value"], color="#7b8794", ls="--", lw=1.4, label="response at other times")
    for (name, part), colour, mark in zip(courses.items(), (OURS, PUBLISHED, INK), "oDs", strict=False):
        axis.errorbar(part["centre"], part["value"], [part["value"] - part["low"], part["high"] - part["value"]],
                      fmt=f"-{mark}", ms=4.5, lw=1.3, color=colour, label=name)  # fmt: skip
    axis.set(xlabel="Middle of the window after onset (ms)", ylabel=ylabel)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def affect(points: pd.DataFrame, stability: pd.DataFrame) -> plt.Figure:
    """Sentences by the two proxies, coloured by group, and how stable each number of groups is."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.8, 3.5))
    for k, (group, part) in enumerate(points.groupby("group", sort=True)):
        colour = GROUP_COLOURS.get(str(group), sns.color_palette("colorblind")[k])
        left.scatter(
            part["valence"], part["arousal"], s=22, marker=_MARKS[k], color=colour, label=f"{group} ({len(part)})"
        )
    left.set(xlabel="Valence proxy (mean z)", ylabel="Arousal proxy (mean z)", title="Sentences")
    left.legend(fontsize=8)
    right.errorbar(
        stability["k"],
        stability["stability"],
        1.96 * stability["standard_error"],
        fmt="-o",
        color=OURS,
        label="these sentences",
    )
    right.plot(stability["k"], stability["null_stability"], "--s", color="#7b8794", label="one cloud, no groups")
    right.plot(stability["k"], stability["silhouette"], ":D", color=PUBLISHED, label="silhouette")
    right.set(
        xlabel="Number of groups",
        ylabel="Stability (adjusted Rand index)",
        ylim=(0, 1.03),
        xticks=stability["k"],
        title="How many groups?",
    )
    right.legend(fontsize=8)
    return figure


def group_differences(tables: Mapping[str, pd.DataFrame]) -> plt.Figure:
    """One group minus the rest in standard deviations, by measure with 95 % intervals; one colour a table.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        From ``eeg_claims.group_effects``.
    """
    figure, axis = plt.subplots(figsize=(7.8, 3.6))
    for k, ((name, table), colour) in enumerate(zip(tables.items(), (OURS, PUBLISHED), strict=False)):
        table = table[table["measure"].isin(MEASURE_TITLES)]
        sd = table["difference"] / table["d"]
        y = np.arange(len(table)) + 0.18 * (2 * k - 1)
        away = [(table["difference"] - table["low"]) / sd, (table["high"] - table["difference"]) / sd]
        axis.errorbar(table["d"], y, xerr=away, fmt=_MARKS[k], ms=5, color=colour, label=name)
    axis.axvline(0, color=INK, lw=0.8)
    axis.set(yticks=range(len(table)), yticklabels=[MEASURE_TITLES[m] for m in table["measure"]],
             xlabel="Negative minus the rest (standard deviations)")  # fmt: skip
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def tri_modal(squared: pd.DataFrame, scores: pd.DataFrame) -> plt.Figure:
    """Three squared correlations and the scores made of them with their nulls, for several cases side by side.

    Parameters
    ----------
    squared : pandas.DataFrame
        Index case, columns pairs.
    scores : pandas.DataFrame
        Columns case, score, value, null_low, null_high.
    """
    cases = list(squared.index)
    figure, axes = plt.subplots(2, len(cases), figsize=(4.2 * len(cases), 5.0), squeeze=False)
    for column, case in enumerate(cases):
        axes[0, column].bar(range(3), squared.loc[case], color=[OURS, PUBLISHED, "#7b8794"])
        axes[0, column].set_xticks(range(3), [p.replace("-", "\n") for p in squared.columns], fontsize=8)
        axes[0, column].set_title(case)
        part = scores[scores["case"] == case]
        x = np.arange(len(part))
        axes[1, column].vlines(x, part["null_low"], part["null_high"], color="#cbd2d9", lw=9)
        axes[1, column].plot(x, part["value"], "o", color=INK)
        axes[1, column].set_xticks(x, [s.replace("_", "\n") for s in part["score"]], fontsize=8)
        axes[1, column].axhline(0, color=FAINT, lw=1)
    axes[0, 0].set_ylabel("Squared rank correlation")
    axes[1, 0].set_ylabel("Score (grey: null)")
    return figure
