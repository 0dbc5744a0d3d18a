"""Figures of the chapter on similarity measures, in the house style of ``lib.report.style``.

Comes in: series, nulls and tables of ``lib.compare``. Goes out: matplotlib figures.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.compare import MEASURES, measure
from lib.compare.similarity.nulls import Null
from lib.report.style import FAINT, INK, MEASURE_TITLES, OURS, PUBLISHED

NOISE_TITLES = {"white": "White noise", "ar1": "Smooth (.8)", "ar1_slow": "Slow (.95)", "pink": "1/f noise"}
_FORMS = {
    "rsa_pearson": "Correlation distance", "dcor": "Euclidean distance",
    "cka_linear": "Inner product", "cka_rbf": "Gaussian kernel",
}  # fmt: skip
_DASHES = {"rank": "-", "dependence": "--"}


def prepared_matrices(layer: np.ndarray, response: np.ndarray) -> plt.Figure:
    """Show the four kinds of matrix that measures compare, of a layer (top) and of a response (bottom).

    Parameters
    ----------
    layer, response : ndarray, shape (time, unit) and (time, channel)
    """
    import torch

    figure, axes = plt.subplots(2, 4, figsize=(8.6, 4.6), sharex=True, sharey=True)
    for row, (name, x) in enumerate({"Layer": layer, "Response": response}.items()):
        for axis, (key, title) in zip(axes[row], _FORMS.items(), strict=True):
            matrix = measure(key).prepare(torch.as_tensor(x)).numpy()
            limit = np.percentile(np.abs(matrix[~np.eye(len(matrix), dtype=bool)]), 98)
            axis.imshow(matrix, cmap="PuOr_r", vmin=-limit, vmax=limit)
            axis.set_title(title if row == 0 else "")
            axis.locator_params(nbins=3)
        axes[row, 0].set_ylabel(f"{name}\ntime point")
    figure.supxlabel("Time point", fontsize=10)
    return figure


def observed_and_null(shuffle: Null, shift: Null) -> plt.Figure:
    """Show the observed value of each measure beside its draws under both schemes (one layer, one response).

    Parameters
    ----------
    shuffle, shift : Null
        With the dimensions measure, layer, draw.
    """
    figure, axes = plt.subplots(2, 4, figsize=(8.6, 4.6))
    for axis, name in zip(axes.flat, shuffle.observed.measure.values, strict=True):
        for null, colour in ((shuffle, "#9aa5b1"), (shift, OURS)):
            draws = null.draws.sel(measure=name).isel(layer=0).values
            axis.hist(draws, bins=24, density=True, color=colour, alpha=0.6)
        axis.axvline(float(shuffle.observed.sel(measure=name).isel(layer=0)), color=PUBLISHED, lw=2)
        unit = measure(str(name)).unit
        axis.set(title=MEASURE_TITLES[str(name)], yticks=[], xlabel="" if unit == "1" else f"{unit}s")
        axis.locator_params(axis="x", nbins=4)
    marks = [plt.Rectangle((0, 0), 1, 1, color=c, alpha=0.6) for c in ("#9aa5b1", OURS)]
    marks.append(plt.Line2D([], [], color=PUBLISHED, lw=2))
    figure.legend(marks, ["Null: shuffle", "Null: shift", "Observed"], loc="outside lower center", ncols=3)
    figure.supylabel("Density of draws", fontsize=10)
    return figure


def bias_floor(table: pd.DataFrame) -> plt.Figure:
    """Show the mean of each measure for independent noise against the number of time points.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns measure, n_times, mean, low, high (``lib.chapters.measures.calibration.bias_floor``).
    """
    figure, axis = plt.subplots(figsize=(7.2, 3.8))
    palette = sns.color_palette("colorblind")
    for k, (name, part) in enumerate(table.groupby("measure", sort=False)):
        dash = "--" if name.endswith("debiased") else "-"
        axis.plot(part["n_times"], part["mean"], dash, marker="o", ms=4, color=palette[k], label=MEASURE_TITLES[name])
        axis.fill_between(part["n_times"], part["low"], part["high"], color=palette[k], alpha=0.2, lw=0)
    axis.axhline(0, color=INK, lw=0.8)
    axis.set_xscale("log", base=2)
    ticks = sorted(table["n_times"].unique())
    axis.set(xticks=ticks, xticklabels=ticks, xlabel="Time points", ylabel="Value for unrelated noise")
    figure.legend(loc="outside right upper")
    return figure


def p_value_curves(table: pd.DataFrame) -> plt.Figure:
    """Show how many p-values of independent pairs lie at or below each level, per noise and scheme.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns noise, scheme, measure, p; one row per pair of series.
    """
    noises, schemes = list(dict.fromkeys(table["noise"])), list(dict.fromkeys(table["scheme"]))
    figure, axes = plt.subplots(len(schemes), len(noises), figsize=(9.2, 5.2), sharex=True, sharey=True, squeeze=False)
    palette = dict(zip(MEASURES, sns.color_palette("colorblind", 8), strict=True))
    for (noise, scheme), part in table.groupby(["noise", "scheme"], sort=False):
        axis = axes[schemes.index(scheme), noises.index(noise)]
        axis.plot([0, 1], [0, 1], color=FAINT, lw=3, zorder=0)
        for name, values in part.groupby("measure", sort=False)["p"]:
            dash = _DASHES[measure(name).family]
            axis.step(np.sort(values), np.arange(1, len(values) + 1) / len(values), dash, where="post", lw=1.3,
                      color=palette[name], label=MEASURE_TITLES[name])  # fmt: skip
        axis.set_title(f"{NOISE_TITLES[noise]}\n{scheme}")
    axes[-1, 0].set_xlabel("Level")
    figure.supylabel("Share of p-values at or below it", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


_NULLS = {
    "rotation": ("#52606d", "s"), "random phases": (PUBLISHED, "v"), "synthetic noise": ("#7b5ea7", "^"),
    "elsewhere": ("#b07d12", "D"), "pieces": (OURS, "o"),
}  # fmt: skip


def nulls_of_short_pieces(table: pd.DataFrame) -> plt.Figure:
    """Show how often each null finds likeness in noise, and what it finds of something planted at an equal rate.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``candidates.read``.
    """
    noises = list(dict.fromkeys(table["noise"]))
    figure, axes = plt.subplots(2, len(noises), figsize=(9.4, 5.8), sharex=True, sharey="row", squeeze=False)
    cells = table[["pieces", "frames", "longest"]].drop_duplicates().reset_index(drop=True)
    names = [f"{p} × {f}" + (f" to {last}" if last > f else "") for p, f, last in cells.itertuples(index=False)]
    for column, noise in enumerate(noises):
        for row, (rate, planted) in enumerate((("rate", False), ("equal", True))):
            part = table[(table["noise"] == noise) & ((table["strength"] > 0) == planted)]
            for number, (null, (colour, marker)) in enumerate(_NULLS.items()):
                mine = cells.merge(part[part["null"] == null], how="left")
                at = np.arange(len(cells)) + 0.13 * (number - 2)
                ends = np.abs(mine[[f"{rate}_low", f"{rate}_high"]].to_numpy().T - mine[rate].to_numpy())
                axes[row, column].errorbar(
                    at, mine[rate], ends, fmt=marker, ms=4.5, lw=1.1, color=colour, label=null, mec="white", mew=0.4
                )
            axes[row, column].set_ylim(-0.03, 1.03)
        axes[0, column].axhline(0.05, color=INK, lw=0.8, ls=":")
        axes[0, column].set_title(noise)
        axes[1, column].set_xticks(range(len(cells)), names, rotation=45, ha="right")
    axes[0, 0].set_ylabel("Finds likeness in noise")
    axes[1, 0].set_ylabel("Finds what is planted")
    figure.supxlabel("Pieces × frames", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5)
    return figure
