"""Figures of the page on learning: scores beside random weights, differences by kind, course, layers, regions.

Comes in: tables that the page computed, and its material. Goes out: figures with caption and alternative text, made of
what they show, or None where there is nothing to draw. No figure is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.chapters.cortex.figures import interval, panels
from lib.chapters.cortex.learning.course import Course
from lib.chapters.cortex.learning.depths import REGIONS
from lib.chapters.cortex.learning.kin import KINDS, Asked, Learners
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import called, title
from lib.report import Captioned, words
from lib.report.style import COMPONENT_TITLES, INK, OURS, PUBLISHED, WIDTH

_APART = 0.18  # rows that a model and its twins lie above and below their place
_KINDS = {
    "trained": {"fmt": "o", "color": OURS, "label": "the model itself"},
    "untrained": {"fmt": "o", "color": OURS, "mfc": "white", "label": "the same with random weights"},
    "filters": {"fmt": "D", "color": PUBLISHED, "label": "filters, not trained"},
}
_LINES = {
    "components": {"color": OURS, "marker": "o", "ls": "-", "label": "components, mean r²"},
    "voxels": {"color": PUBLISHED, "marker": "s", "ls": "--", "label": "voxels, median r²"},
    "rho": {"color": "#00795c", "marker": "^", "ls": "-.", "label": "matrices, ρ"},
}
_MARKS = dict(zip(REGIONS, "os^D", strict=True))


def scores(table: pd.DataFrame, found: Learners, filters: str, heard: Material) -> Captioned:
    """R2 of every component: a row for the filters and each model, with its untrained twins.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, kind (of ``_KINDS``), component, value, low, high.
    """
    rows = list(dict.fromkeys(table["model"]))
    figure, axes = panels(len(heard.names), 0.75 + 0.3 * len(rows), sharex=True, sharey=True)
    for axis, name in zip(axes.flat, heard.names, strict=False):
        part = table[table["component"] == name]
        for kind, style in _KINDS.items():
            mine = part[part["kind"] == kind]
            if len(mine):
                both = mine["model"].map(part.groupby("model").size()) > 1
                place = mine["model"].map(rows.index) + np.where(kind == "untrained", 1, -1) * _APART * both
                interval(axis, mine, place.to_numpy(), **style)
        axis.set(title=COMPONENT_TITLES[name], xlim=(-0.02, 1), xticks=[0, 0.5, 1], yticks=range(len(rows)))
        axis.set_yticklabels([called(model) for model in rows])
        axis.set_ylim(len(rows) - 0.4, -0.6)
    figure.supxlabel("Share of variance predicted (r²)", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    twins = max((len(one.twins) for one in found.kin), default=0)
    mean = table.groupby(["kind", "model"])["value"].mean()
    each = "; ".join(
        f"{called(one.name)} {mean['trained', one.name]:.2f}"
        + (f" (random weights {mean['untrained', one.name]:.2f})" if one.twins else "")
        for one in found.kin
    )
    beside = f"; {title(filters)} {mean['filters', filters]:.2f}" if "filters" in mean.index else ""
    return Captioned(
        figure,
        "learners",
        f"Share of the variance of six components that each model predicts ({heard.counted}). Lines: 95 % intervals "
        f"over sounds, fits and choices, and over trainings where there are several. Open: random weights, mean of "
        f"{twins} draws.",
        f"r² on average over components: {each}{beside}.",
    )


def differences(gains: pd.DataFrame, asked: Mapping[str, Asked], heard: Material) -> Captioned | None:
    """Differences between models with the intervals of their family, one panel for each kind of question."""
    if not asked:
        return None
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in asked.values())]
    keys = {kind: [key for key in gains.index if asked[key].kind == kind] for kind in kinds}
    table = gains[["value"]].assign(low=gains["low_family"], high=gains["high_family"]).astype(float)
    apart = (table["low"] > 0) | (table["high"] < 0)
    heights = [len(keys[kind]) + 0.9 for kind in kinds]
    size = (WIDTH, 0.6 + 0.3 * sum(heights))
    figure, axes = plt.subplots(len(kinds), 1, figsize=size, height_ratios=heights, sharex=True, squeeze=False)
    for axis, kind in zip(axes.flat, kinds, strict=True):
        part, y, filled = table.loc[keys[kind]], np.arange(len(keys[kind])), apart[keys[kind]].to_numpy()
        axis.axvline(0, color=INK, lw=1, ls=":")
        interval(axis, part[filled], y[filled], fmt="o", color=OURS)
        interval(axis, part[~filled], y[~filled], fmt="o", color=OURS, mfc="white")
        axis.set(yticks=y, title=KINDS[kind])
        axis.set_yticklabels([asked[key].label for key in keys[kind]])
        axis.set_ylim(len(part) - 0.4, -0.6)
    axes[-1, 0].set_xlabel("Difference of r²")
    told = [f"{asked[key].label} {words.number(table['value'][key])}" for key in table.index[apart]]
    return Captioned(
        figure,
        "differences",
        "Differences between models in the share of variance that they predict, on average over components where none "
        f"is named ({heard.counted}). "
        f"Lines: 95 % intervals corrected for all {len(table)}; filled where they leave out 0.",
        f"{int(apart.sum())} of {len(table)} intervals leave out 0: {words.listing(told)}.",
    )


def course(layers: pd.DataFrame | None, whole: pd.DataFrame | None, way: Course, heard: Material) -> Captioned | None:
    """Mean r2 along training: above with the layer chosen in training folds, below layer by layer.

    None where there is no course.

    Parameters
    ----------
    layers : pandas.DataFrame
        Columns step, layer (in the order of the model), value.
    whole : pandas.DataFrame
        Columns step, value, low, high.
    """
    if whole is None:
        return None
    whole = whole.sort_values("step").reset_index(drop=True)
    figure, (above, below) = plt.subplots(2, 1, figsize=(WIDTH, 5.4), sharex=True)
    ends = [whole["value"] - whole["low"], whole["high"] - whole["value"]]
    above.errorbar(whole.index + 0.5, whole["value"], ends, color=INK, lw=1.6, marker="o", ms=5)
    above.set(ylabel="Mean r²", ylim=(0, None), title="Layer chosen per component")
    names = list(dict.fromkeys(layers["layer"]))
    values = layers.pivot(index="layer", columns="step", values="value").loc[names[::-1], list(whole["step"])]
    sns.heatmap(values, annot=True, fmt=".2f", cmap="Blues", vmin=0, cbar=False, ax=below, annot_kws={"size": 10})
    below.set(xlabel="Training step (0: random weights)", ylabel="", title="Each layer alone, mean r²")
    below.tick_params(axis="y", rotation=0)
    first, last = whole["value"].iloc[0], whole["value"].iloc[-1]
    low, high = values.iloc[:, -1].idxmin(), values.iloc[:, -1].idxmax()
    count = len(next(iter(way.stages.values())))
    trainings = "one training" if count == 1 else f"{count} trainings, mean"
    return Captioned(
        figure,
        "course",
        f"Mean share of variance over six components along the training of `{way.name}` ({trainings}; {heard.counted})."
        " Above: layer chosen per component inside the training folds, with 95 % intervals over sounds, fits and "
        "choices, and over trainings where there are several. Below: each layer alone, the last at the top.",
        f"Mean r² goes from {first:.2f} at step {whole['step'].iloc[0]} to {last:.2f} at step {whole['step'].iloc[-1]}."
        f" At the end {high} is highest ({values.iloc[:, -1].max():.2f}) and {low} lowest "
        f"({values.iloc[:, -1].min():.2f}).",
    )


def layers(table: pd.DataFrame, untrained: pd.DataFrame, heard: Material) -> Captioned:
    """Components, voxels and matrices by layer, one panel a model; thin: components under random weights."""
    models = list(dict.fromkeys(table["model"]))
    figure, axes = panels(len(models), 1.9, sharey=True)
    best = []
    for axis, model in zip(axes.flat, models, strict=False):
        part = table[table["model"] == model]
        for column, style in _LINES.items():
            axis.plot(part["place"], part[column], lw=1.5, ms=5, **style)
        twin = untrained[untrained["model"] == f"untrained:{model}:0"]
        if len(twin):
            axis.plot(twin["place"], twin["components"], color=OURS, lw=1, ls=":", label="components, random weights")
        axis.set(title=called(model), xticks=_ticks(len(part)), ylim=(-0.05, 1))
        top = part.loc[part["components"].idxmax()]
        best.append(f"{called(model)} {top['layer']} ({top['components']:.2f})")
    figure.supxlabel("Layer, from the first (0) to the last", fontsize=10)
    figure.supylabel("Agreement with cortex", fontsize=10)
    every = {label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(),
                                                                          strict=True)}  # fmt: skip
    figure.legend(every.values(), every.keys(), loc="outside upper center", ncols=2)
    return Captioned(
        figure,
        "layers",
        f"Each layer alone ({heard.counted}): share of variance of the components (mean) and of the voxels (median), "
        "and rank correlation ρ of the matrices of dissimilarity. Dotted: components under random weights.",
        f"The layer that predicts components best: {'; '.join(best)}.",
    )


def _ticks(count: int) -> list[int]:
    return list(range(0, count, max(1, count // 4)))


def regions(table: pd.DataFrame, heard: Material) -> Captioned | None:
    """Median r2 of voxels by region, one row a model; None where nobody says where voxels lie."""
    places = [name for name in REGIONS if (table["region"] == name).any()]
    if not places:
        return None
    models = list(dict.fromkeys(table["model"]))
    figure, axis = plt.subplots(figsize=(WIDTH, 1.3 + 0.5 * len(models)))
    colours = sns.color_palette("colorblind", len(places))
    for k, place in enumerate(places):
        part = table[table["region"] == place].set_index("model").loc[models]
        y = np.arange(len(models)) + (k - (len(places) - 1) / 2) * 0.19
        interval(axis, part, y, fmt=_MARKS[place], color=colours[k], label=place)
    axis.set(yticks=range(len(models)), xlabel="Share of variance predicted (median voxel's r²)")
    axis.set_yticklabels([called(model) for model in models])
    axis.set_ylim(len(models) - 0.4, -0.6)
    figure.legend(loc="outside upper center", ncols=4)
    mean = table[table["region"] != "all"].groupby("region")["value"].mean().loc[places]
    each = ", ".join(f"{name} {value:.2f}" for name, value in mean.items())
    return Captioned(
        figure,
        "regions",
        f"Median r² of the voxels of each part of auditory cortex ({heard.counted}), layers chosen inside the training "
        "folds, mean over listeners with 95 % intervals over listeners.",
        f"On average over models the median voxel's r² is, by region: {each}.",
    )
