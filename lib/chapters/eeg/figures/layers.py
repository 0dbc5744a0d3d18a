"""Figures of the EEG chapter on layers and models: similarity in depth, peaks, rankings, and what training adds.

Comes in: ``Scores`` of models, tables of ``evidence``. Goes out: figures with captions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.chapters.eeg.evidence import RANKS
from lib.chapters.eeg.figures.common import GREY, MARKS, colours, number
from lib.chapters.eeg.material import title
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, MEASURE_TITLES, OURS, PUBLISHED, WIDTH

if TYPE_CHECKING:
    from lib.chapters.eeg.scores import Scores
    from lib.chapters.eeg.scoring import Scoring
    from lib.chapters.eeg.study import Study
    from lib.compare.rankings import Concordance

LEVEL = 0.05
DISTANCES = {
    "correlation": "one minus the correlation across whitened components, as published",
    "euclidean": "Euclidean, between states", "cosine": "cosine", "mahalanobis": "Mahalanobis'",
}  # fmt: skip


def trajectories(models: Mapping[str, Scores], scoring: Scoring, name: str) -> Captioned:
    """Similarity by relative depth for every measure, with each model's null; filled where p_max is at most .05."""
    paints, measures = colours(list(models)), [str(m) for m in next(iter(models.values())).observed.measure.values]
    rows = -(-len(measures) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(WIDTH, 2.1 * rows + 0.9), sharex=True, squeeze=False)
    for axis, measure in zip(axes.flat, measures, strict=False):
        for mark, (model, one) in zip(MARKS, models.items(), strict=False):
            _trajectory(axis, one, measure, mark, paints[model])
        axis.set_title(MEASURE_TITLES[measure] + (" (nats)" if measure == "mi" else ""))
        axis.locator_params(axis="y", nbins=4)
    for axis in axes[-1]:
        axis.set_xlabel("Relative depth")
    figure.supylabel("Similarity", fontsize=10)
    marks = [plt.Line2D([], [], color=paints[m], marker=k, label=title(m)) for k, m in zip(MARKS, models, strict=False)]
    figure.legend(handles=marks, loc="outside lower center", ncols=3, columnspacing=1.0, handlelength=1.5)
    return Captioned(figure, name, _trajectories_caption(models, scoring), _trajectories_alt(models, measures))


def _trajectory(axis: plt.Axes, one: Scores, measure: str, mark: str, colour: tuple) -> None:
    value, draws = (x.sel(measure=measure) for x in (one.group.observed, one.group.draws))
    low, high = (draws.quantile(q, "draw") for q in (0.025, 0.975))
    x = np.linspace(0, 1, value.sizes["layer"]) if value.sizes["layer"] > 1 else np.array([0.5])
    if len(x) > 1:
        axis.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        axis.plot(x, value, color=colour, lw=1.3)
    else:
        axis.vlines(x, low, high, color=colour, alpha=0.3, lw=5)
    found = one.group.p_max.sel(measure=measure).values <= LEVEL
    faces = [colour if there else "white" for there in found]
    axis.scatter(x, value, s=20, marker=mark, facecolors=faces, edgecolors=[colour], zorder=3)


def _trajectories_caption(models: Mapping[str, Scores], scoring: Scoring) -> str:
    one, study = next(iter(models.values())), scoring.study
    n = min(x.observed.sizes["sentence"] for x in models.values())
    return (
        f"Similarity of {len(models)} models to {study.who}, by relative depth of the layer, mean over {n} "
        f"{study.things} and all responses. Shaded: what {study.beyond(scoring.null)} give, 95 % of "
        f"{one.group.draws.sizes['draw']} draws. Filled: above the largest value over layers in 95 % of draws. RV "
        f"and linear CKA are one number. Distances between frames: {DISTANCES[scoring.rdm]}."
    )


def _trajectories_alt(models: Mapping[str, Scores], measures: list[str]) -> str:
    counts = {}
    for measure in measures:
        above = [bool((one.group.p_max.sel(measure=measure) <= LEVEL).any()) for one in models.values()]
        counts[MEASURE_TITLES[measure]] = sum(above)
    told = words.listing([f"{count} in {measure}" for measure, count in counts.items()])
    return f"How many of {len(models)} models have a layer above chance: {told}."


def peak_depths(table: pd.DataFrame, scoring: Scoring) -> Captioned:
    """Relative depth of the peak of each measure, by model, with its interval (``evidence.peak_intervals``)."""
    names, models = list(dict.fromkeys(table["measure"])), list(dict.fromkeys(table["model"]))
    paints = colours(models)
    figure, axis = plt.subplots(figsize=(WIDTH, 6.0))
    for k, (model, part) in enumerate(table.groupby("model", sort=False)):
        y = np.arange(len(names)) + 0.17 * (k - (len(models) - 1) / 2)
        part = part.set_index("measure").loc[names]
        away = [part["depth"] - part["low"], part["high"] - part["depth"]]
        axis.errorbar(part["depth"], y, xerr=away, fmt=MARKS[k], ms=5, lw=1.1, color=paints[model], label=title(model))
    border = sum(name in RANKS for name in names) - 0.5
    axis.axhline(border, color=INK, ls=":", lw=1.2)
    axis.text(1.0, border - 0.06, "rank geometry ↑", ha="right", va="bottom")
    axis.text(1.0, border + 0.06, "dependence ↓", ha="right", va="top")
    axis.set(yticks=range(len(names)), yticklabels=[MEASURE_TITLES[name] for name in names], xlim=(-0.02, 1.02))
    axis.set_xlabel("Relative depth of the peak")
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.0, handlelength=1.5)
    study = scoring.study
    n = int(table["n"].max())
    caption = (
        f"Relative depth of the layer where each measure peaks beyond {study.beyond(scoring.null)}, chosen on one "
        f"half of the {study.things}; mean and 95 % interval over {study.over(n, 'redrawn ')}."
    )
    mean = table.groupby(table["measure"].isin(RANKS))["depth"].mean()
    width = (table["high"] - table["low"]).median()
    alt = (
        f"Rank measures peak at {number(mean[True])} of the depth and dependence measures at {number(mean[False])}, "
        f"mean over models; intervals are {number(width)} wide (median)."
    )
    return Captioned(figure, "peaks", caption, alt)


def rankings(scores: pd.DataFrame, agreement: Concordance, study: Study, n_pieces: int) -> Captioned:
    """Rank of every model by each measure (1 is best), and Kendall's W with each measure left out.

    Parameters
    ----------
    scores : pandas.DataFrame
        Index model, columns measures.
    agreement : Concordance
    study : Study
    n_pieces : int
    """
    ranks = scores.rank(ascending=False)
    ranks = ranks.loc[ranks.mean(axis=1).sort_values().index]
    titles = [MEASURE_TITLES[str(name)] for name in ranks.columns]
    height = 0.32 * len(ranks)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(WIDTH, height + 5.2), height_ratios=(height + 1.2, 3))
    shown = ranks.set_axis(titles, axis=1).set_axis([title(name) for name in ranks.index])
    sns.heatmap(shown, annot=True, fmt="g", cmap="Blues_r", cbar=False, ax=upper, linewidths=0.5,
                annot_kws={"size": 10})  # fmt: skip
    upper.set(title="Rank by each measure", xlabel="", ylabel="")
    upper.set_xticks(np.arange(len(titles)) + 0.5, titles, rotation=45, ha="right")
    without = agreement.without
    lower.axvline(agreement.w.value, color=OURS, lw=1.6, label="all eight")
    lower.axvline(agreement.null_high, color=INK, ls=":", lw=1.4, label="chance, 95 %")
    lower.plot(without["w"], range(len(without)), "o", color=OURS, label="one left out")
    left_out = [MEASURE_TITLES[name] for name in without["measure"]]
    lower.set(yticks=range(len(without)), yticklabels=left_out, xlim=(0, 1.03), xlabel="Kendall's W without it")
    lower.invert_yaxis()
    figure.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=3, columnspacing=1.0)
    best = [title(name) for name in (scores.idxmax().value_counts()).index]
    caption = (
        f"Above: rank of {len(ranks)} models, twins and baselines by each measure (mean over "
        f"{study.over(n_pieces)}; 1 is most alike). Below: agreement of all measures and with each left out "
        "(Kendall's W); dotted, what random rankings stay below in 95 % of draws."
    )
    alt = (
        f"First by some measure: {words.listing(best)}. Agreement of all eight is {number(agreement.w.value)}, and "
        f"{number(without['w'].min())} to {number(without['w'].max())} with one left out; random rankings reach "
        f"{number(agreement.null_high)}."
    )
    return Captioned(figure, "rankings", caption, alt)


def controls(table: pd.DataFrame, study: Study, counts: Mapping[str, int]) -> Captioned:
    """Excess similarity of trained models, untrained twins and baselines; a panel for each measure and null.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``evidence.beyond_chance``.
    study : Study
    counts : mapping of str to int
        By what is said of a null, how many pieces there are.
    """
    panels = list(dict.fromkeys(zip(table["measure"], table["window"], strict=True)))
    models = list(dict.fromkeys(table["model"]))
    styles = {"trained": ("o", OURS), "untrained": ("s", GREY), "envelope": ("D", PUBLISHED)}
    height = (0.27 * len(models) + 1.0) * len(panels) + 0.4
    figure, axes = plt.subplots(len(panels), 1, figsize=(WIDTH, height), squeeze=False)
    for axis, (name, window) in zip(axes[:, 0], panels, strict=True):
        part = table[(table["measure"] == name) & (table["window"] == window)].set_index("model").loc[models]
        for y, row in enumerate(part.itertuples()):
            mark, colour = styles[row.kind]
            away = [[row.value - row.low], [row.high - row.value]]
            axis.errorbar(row.value, y, xerr=away, fmt=mark, color=colour, ms=5.5)
        axis.axvline(0, color=FAINT, lw=1.2, zorder=0)
        axis.set_title(f"{MEASURE_TITLES[name]}\n{window}", fontsize=10)
        axis.locator_params(axis="x", nbins=5)
        axis.set(yticks=range(len(models)), yticklabels=[title(model) for model in models])
        axis.invert_yaxis()
    axes[-1, 0].set_xlabel("Similarity minus what chance gives")
    marks = [plt.Line2D([], [], marker=m, ls="", color=c) for m, c in styles.values()]
    labels = ["trained", "untrained twin", "from the sound alone"]
    figure.legend(marks, labels, loc="outside lower center", ncols=3, columnspacing=1.0)
    told = "; ".join(f"{window}, {n} {study.things}" for window, n in counts.items())
    n = int(table["n"].max())
    caption = (
        "Similarity beyond chance of trained models, their untrained twins and baselines made of the sound alone; "
        f"the best layer is chosen on other {study.things}; mean and 95 % interval over {study.over(n)}. "
        f"{told[0].upper()}{told[1:]}."
    )
    above = table.assign(above=table["low"] > 0).groupby(["measure", "window"], sort=False)["above"].sum()
    listed = words.listing([f"{count} in {MEASURE_TITLES[m]} {window}" for (m, window), count in above.items()])
    alt = f"How many of {len(models)} models have an interval above 0: {listed}."
    return Captioned(figure, "controls", caption, alt)
