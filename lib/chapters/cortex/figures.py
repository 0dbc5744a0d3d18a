"""Figures of the cortex chapter, in the house style of ``lib.report.style``.

Comes in: arrays and tables the chapter computed. Goes out: matplotlib figures; the chapter shows them with a caption
and an alt text (``lib.report.records.show``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.report.style import CATEGORY_TITLES, COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED

_FAMILY = {
    "EngSpeech": "#0b6e4f", "ForSpeech": "#2fa37c", "HumVoc": "#8a3ffc", "HumNonVoc": "#b990f5", "AniVoc": "#c2571a",
    "AniNonVoc": "#e8a06b", "Nature": "#5b8c2a", "Mechanical": "#5f6b7a", "EnvSound": "#9aa5b1", "Song": "#c9184a",
    "Music": "#1d5fbf",
}  # fmt: skip


def category_legend(figure: plt.Figure, categories: Sequence[str], *, columns: int = 4) -> None:
    """Legend of the categories below a figure."""
    present = [c for c in CATEGORY_TITLES if c in set(categories)]
    marks = [plt.Line2D([], [], marker="o", ls="", color=_FAMILY[c], label=CATEGORY_TITLES[c]) for c in present]
    figure.legend(handles=marks, loc="outside lower center", ncols=columns, handletextpad=0.2, columnspacing=1.2)


def component_profiles(components, unit: str) -> plt.Figure:
    """Show the mean response of every component to each category, with one dot a sound.

    Parameters
    ----------
    components : xarray.DataArray, shape (sound, component)
        With the coordinate ``category``.
    unit : str
        What the values are in.
    """
    order = [c for c in CATEGORY_TITLES if c in set(components.category.values)]
    figure, axes = plt.subplots(2, 3, figsize=(8.6, 5.6), sharex=True)
    for axis, name in zip(axes.flat, components.component.values, strict=True):
        frame = pd.DataFrame(
            {"response": components.sel(component=name).values, "category": components.category.values}
        )
        colours = {c: _FAMILY[c] for c in order}
        sns.stripplot(frame, x="category", y="response", order=order, hue="category", palette=colours, size=2.6,
                      alpha=0.55, jitter=0.22, legend=False, ax=axis)  # fmt: skip
        means = frame.groupby("category")["response"].mean().reindex(order)
        axis.scatter(range(len(order)), means, marker="_", s=150, lw=2.4, c=[_FAMILY[c] for c in order], zorder=3)
        axis.set(title=COMPONENT_TITLES[str(name)], xlabel="", ylabel="")
        axis.set_xticks(range(len(order)), [CATEGORY_TITLES[c] for c in order], rotation=90, fontsize=8)
    figure.supylabel(f"Response ({unit})", fontsize=10)
    return figure


def predicted_and_measured(measured, predicted: np.ndarray, r2: np.ndarray) -> plt.Figure:
    """Scatter out-of-fold predictions against responses, one panel a component, one dot a sound.

    Parameters
    ----------
    measured : xarray.DataArray, shape (sound, component)
        With the coordinate ``category``.
    predicted : ndarray, shape (sound, component)
    r2 : ndarray, shape (component,)
    """
    figure, axes = plt.subplots(2, 3, figsize=(8.2, 6.4))
    colours = [_FAMILY[c] for c in measured.category.values]
    for k, (axis, name) in enumerate(zip(axes.flat, measured.component.values, strict=True)):
        values = measured.sel(component=name).values
        low, high = min(values.min(), predicted[:, k].min()), max(values.max(), predicted[:, k].max())
        axis.plot([low, high], [low, high], color=FAINT, lw=1, zorder=0)
        axis.scatter(predicted[:, k], values, c=colours, s=16, alpha=0.85, lw=0)
        axis.set_title(COMPONENT_TITLES[str(name)])
        axis.text(0.04, 0.94, f"r² = {r2[k]:.2f}", transform=axis.transAxes, va="top")
        axis.locator_params(nbins=4)
    axes[1, 1].set_xlabel("Predicted response (out of fold)")  # the legend takes the place of a figure-wide label
    figure.supylabel("Measured response", fontsize=10)
    category_legend(figure, measured.category.values)
    return figure


def beside_published(ours: pd.DataFrame, published: pd.DataFrame, *, baseline: str, ours_label: str) -> plt.Figure:
    """Set r² per component beside the published baseline and the range over the published models.

    Parameters
    ----------
    ours : pandas.DataFrame
        Indexed by component; columns value, low, high, null_mean.
    published : pandas.DataFrame
        Indexed by model; one column a component (data/published/cortex_components.csv).
    baseline : str
        Row of `published` to show as a mark; the others are shown as dots and their range as a band.
    ours_label : str
        Name of our bars in the legend.
    """
    names = list(ours.index)
    others = published.drop(index=baseline)
    figure, axis = plt.subplots(figsize=(8.2, 4.2))
    x = np.arange(len(names))
    axis.bar(x - 0.2, ours["value"], 0.36, color=OURS, label=ours_label)
    axis.errorbar(x - 0.2, ours["value"], yerr=[ours["value"] - ours["low"], ours["high"] - ours["value"]],
                  fmt="none", ecolor=INK, capsize=3, lw=1.2)  # fmt: skip
    axis.hlines(ours["null_mean"], x - 0.38, x - 0.02, color="white", lw=2.4)
    axis.hlines(ours["null_mean"], x - 0.38, x - 0.02, color=INK, ls=":", lw=1.6, label="Mean of the null")
    axis.vlines(x + 0.2, others[names].min(), others[names].max(), color=FAINT, lw=9,
                label=f"Published, range of {len(others)} models")  # fmt: skip
    axis.hlines(others[names].median(), x + 0.12, x + 0.28, color="#52606d", lw=1.6, label="Published, median model")
    axis.plot(x + 0.2, published.loc[baseline, names], "D", ms=6.5, color=PUBLISHED, label="Published, this baseline")
    axis.set(
        xticks=x, xticklabels=[COMPONENT_TITLES[n] for n in names], ylim=(0, 1), ylabel="r², 165 sounds, out of fold"
    )
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def model_comparison(table: pd.DataFrame) -> plt.Figure:
    """Show r² of several models per component as dots with intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, component, value, low, high.
    """
    names, models = list(dict.fromkeys(table["component"])), list(dict.fromkeys(table["model"]))
    figure, axis = plt.subplots(figsize=(8.2, 3.8))
    marks = "osD^vP*X"
    for k, (model, part) in enumerate(table.groupby("model", sort=False)):
        x = np.arange(len(names)) + (k - (len(models) - 1) / 2) * min(0.13, 0.75 / len(models))
        part = part.set_index("component").loc[names]
        error = [part["value"] - part["low"], part["high"] - part["value"]]
        axis.errorbar(x, part["value"], yerr=error, fmt=marks[k % 8], ms=5, lw=1.1, capsize=0,
                      color=sns.color_palette("colorblind")[k % 10], label=model)  # fmt: skip
    labels = [COMPONENT_TITLES[n] for n in names]
    axis.set(xticks=range(len(names)), xticklabels=labels, ylim=(0, 1), ylabel="r², out of fold")
    figure.legend(loc="outside lower center", ncols=min(len(models), 5))
    return figure


def course_of_training(by_layer: pd.DataFrame, whole: pd.DataFrame) -> plt.Figure:
    """Show mean r² against training step, layer by layer and with the layer chosen in training folds.

    Parameters
    ----------
    by_layer : pandas.DataFrame
        Columns step, layer (in the order of the model), value.
    whole : pandas.DataFrame
        Columns step, value, low, high.
    """
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    layers = list(dict.fromkeys(by_layer["layer"]))
    for colour, (layer, part) in zip(
        sns.color_palette("crest", len(layers)), by_layer.groupby("layer", sort=False), strict=True
    ):
        part = part.sort_values("step")
        axis.plot(part["step"] + 1, part["value"], color=colour, lw=1.2, marker=".", label=layer)
    whole = whole.sort_values("step")
    error = [whole["value"] - whole["low"], whole["high"] - whole["value"]]
    axis.errorbar(
        whole["step"] + 1,
        whole["value"],
        error,
        color=INK,
        lw=1.8,
        marker="o",
        ms=5,
        label="layer chosen in training folds",
    )
    axis.set(xscale="log", xlabel="Training step", ylabel="Mean r² of six components, out of fold")
    axis.set_xticks(whole["step"] + 1, [f"{step}" for step in whole["step"]])
    axis.minorticks_off()
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def dissimilarities(rdms: Mapping[str, np.ndarray], categories: Sequence[str]) -> plt.Figure:
    """Show dissimilarity matrices side by side, sounds sorted by category.

    Parameters
    ----------
    rdms : mapping of str to ndarray, shape (sound, sound)
        Title and matrix. Each is shown as the percentile of its entries, as Spearman correlation sees it.
    categories : sequence of str
        Category of each sound, in the order of the matrices.
    """
    rank = {c: i for i, c in enumerate(CATEGORY_TITLES)}
    order = np.argsort([rank[c] for c in categories], kind="stable")
    sorted_categories = np.asarray(categories)[order]
    edges = np.flatnonzero(sorted_categories[1:] != sorted_categories[:-1]) + 1
    figure, axes = plt.subplots(1, len(rdms), figsize=(4.3 * len(rdms), 4.4), sharey=True)
    for axis, (title, matrix) in zip(np.atleast_1d(axes), rdms.items(), strict=True):
        image = axis.imshow(_percentiles(matrix)[np.ix_(order, order)], cmap="mako", vmin=0, vmax=100)
        for edge in edges:
            axis.axhline(edge - 0.5, color="white", lw=0.5)
            axis.axvline(edge - 0.5, color="white", lw=0.5)
        axis.set(title=title, xticks=[])
        axis.spines[:].set_visible(False)
    bounds = np.r_[0, edges, len(order)]
    centres = (bounds[1:] + bounds[:-1]) / 2 - 0.5
    labels = [CATEGORY_TITLES[sorted_categories[int(b)]] for b in bounds[:-1]]
    np.atleast_1d(axes)[0].set_yticks(centres, labels, fontsize=7.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02)
    bar.set_label("Dissimilarity (percentile of the matrix)")
    return figure


def _percentiles(matrix: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    upper = np.triu_indices(len(matrix), 1)
    shown = np.zeros_like(matrix, dtype=float)
    shown[upper] = 100 * (rankdata(matrix[upper]) - 1) / (len(upper[0]) - 1)
    return shown + shown.T


def layer_scores(table: pd.DataFrame, *, ceiling: float | None, ylabel: str) -> plt.Figure:
    """Show a score per model or layer as bars with intervals, the null's upper end, and the noise ceiling.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns layer, value, low, high, null_high.
    ceiling : float or None
        Drawn as a line if given.
    ylabel : str
    """
    figure, axis = plt.subplots(figsize=(7.2, 3.6))
    x = np.arange(len(table))
    axis.bar(x, table["value"], 0.6, color=OURS)
    axis.errorbar(x, table["value"], yerr=[table["value"] - table["low"], table["high"] - table["value"]],
                  fmt="none", ecolor=INK, capsize=3, lw=1.2)  # fmt: skip
    axis.hlines(table["null_high"], x - 0.3, x + 0.3, color="white", lw=2.4)
    axis.hlines(table["null_high"], x - 0.3, x + 0.3, color=INK, ls=":", lw=1.6, label="95th percentile of the null")
    if ceiling is not None:
        axis.axhline(ceiling, color=PUBLISHED, lw=1.4, label="Other listeners (noise ceiling)")
    axis.set(xticks=x, xticklabels=table["layer"], ylabel=ylabel, ylim=(min(0, table["low"].min()), None))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def surface_maps(maps: Mapping[str, Mapping[str, np.ndarray]], *, label: str, limit: float | None = None) -> plt.Figure:
    """Show one map a row on the inflated fsaverage5 surface, lateral view of both hemispheres.

    Parameters
    ----------
    maps : mapping of str to {"left": (10242,), "right": (10242,)}
        Title and values; NaN is left blank.
    label : str
        What the values are, with their unit.
    limit : float, optional
        Colours run from -limit to limit; by default the 99th percentile of the absolute values.
    """
    from nilearn import datasets, plotting

    fsaverage = datasets.fetch_surf_fsaverage("fsaverage5")
    values = np.concatenate([np.ravel(side) for pair in maps.values() for side in pair.values()])
    limit = limit or float(np.nanpercentile(np.abs(values), 99))
    rows = -(-len(maps) // 3)
    figure, axes = plt.subplots(rows, 6, figsize=(9.6, 2.1 * rows), subplot_kw={"projection": "3d"}, layout="none")
    for k, (title, pair) in enumerate(maps.items()):
        for j, side in enumerate(("left", "right")):
            axis = axes.flat[2 * k + j]
            plotting.plot_surf_stat_map(
                fsaverage[f"infl_{side}"], np.asarray(pair[side]), hemi=side, view="lateral",
                bg_map=fsaverage[f"sulc_{side}"], axes=axis, colorbar=False,
                cmap="RdBu_r", vmax=limit, vmin=-limit, threshold=1e-6, bg_on_data=True,
            )  # fmt: skip
            for mesh in axis.collections:
                mesh.set_rasterized(True)  # 20,000 triangles a brain are no use as vectors
            axis.set_title(f"{title}, {side}" if j == 0 else side, fontsize=9, y=0.92, loc="center")
    figure.subplots_adjust(left=0, right=1, top=0.95, bottom=0.16, wspace=-0.05, hspace=0.0)
    scale = plt.cm.ScalarMappable(plt.Normalize(-limit, limit), "RdBu_r")
    bar = figure.colorbar(scale, cax=figure.add_axes((0.3, 0.1, 0.4, 0.025)), orientation="horizontal")
    bar.set_label(label)
    return figure


def voxel_histogram(columns: Mapping[str, np.ndarray], *, xlabel: str) -> plt.Figure:
    """Distribution of a score over voxels, one row a subject or region, with its median.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (voxel,)
    xlabel : str
    """
    frame = pd.concat([pd.DataFrame({"group": name, "score": values}) for name, values in columns.items()])
    figure, axis = plt.subplots(figsize=(7.2, 0.8 + 0.55 * len(columns)))
    sns.violinplot(
        frame, x="score", y="group", color="#9dbbe6", inner=None, cut=0, density_norm="width", linewidth=0, ax=axis
    )
    medians = frame.groupby("group", sort=False)["score"].median()
    axis.scatter(medians, range(len(medians)), color=INK, zorder=3, s=22)
    axis.set(xlabel=xlabel, ylabel="")
    return figure
