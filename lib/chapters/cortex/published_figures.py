"""Figures of the cortex chapter about published models: scores beside twins, filters and another brain, and parts.

Comes in: fits, differences and a partition that the chapter computed. Goes out: figures with caption and alternative
text, made of what they show, or None where there is nothing to draw.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.chapters.cortex import figures
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.published import ELECTRODES, Elsewhere, Parts, part_called, twin_of
from lib.chapters.cortex.questions import Question, called, title
from lib.chapters.cortex.scores import component_scores
from lib.report import Captioned, show, words
from lib.report.style import COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED

BRAIN = "#00795c"
_KINDS = {
    "published": {"fmt": "o", "color": OURS, "label": "published model"},
    "twin": {"fmt": "o", "color": OURS, "mfc": "white", "label": "its untrained twin"},
    "filters": {"fmt": "D", "color": PUBLISHED, "label": "filters, not trained"},
    "brain": {"fmt": "s", "color": BRAIN, "label": "electrodes in other people"},
}
_APART = 0.18  # rows that a model and its twin lie above and below their place


def show_any(figure: Captioned | None) -> None:
    """Show a figure, or nothing where there is none: the sentences of ``published`` say why."""
    if figure is not None:
        show(figure)


def scores(elsewhere: Elsewhere, fits: Mapping[str, object], model: str, heard: Material) -> Captioned | None:
    """R2 of every component: a row for the filters, each published model with its twin, and electrodes."""
    if not elsewhere.here:
        return None
    table = component_scores(fits, heard.names).set_index(["component", "model"])
    marks = _rows(elsewhere, model)
    figure, axes = figures.panels(len(heard.names), 0.75 + 0.3 * len(marks), sharex=True, sharey=True)
    published = heard.published
    for axis, name in zip(axes.flat, heard.names, strict=False):
        if published is not None:
            span = published.drop(index="baseline")[name]
            axis.axvspan(span.min(), span.max(), color=FAINT, alpha=0.6, lw=0, label=f"{len(span)} models of the paper")
        for row, members in enumerate(marks.values()):
            for k, (member, kind) in enumerate(members.items()):
                place = row + (2 * k - 1) * _APART * (len(members) > 1)
                figures.interval(axis, table.loc[[(name, member)]], np.array([place]), **_KINDS[kind])
        axis.set(title=COMPONENT_TITLES[name], xlim=(-0.02, 1), xticks=[0, 0.5, 1], yticks=range(len(marks)))
        axis.set_yticklabels(list(marks))
        axis.set_ylim(len(marks) - 0.4, -0.6)
    figure.supxlabel("Share of variance predicted (r²)", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    legend = dict(zip(labels, handles, strict=True))
    figure.legend(legend.values(), legend.keys(), loc="outside upper center", ncols=2)
    return Captioned(figure, "elsewhere", _caption(elsewhere, heard), _alt(elsewhere, table["value"], model))


def _rows(elsewhere: Elsewhere, model: str) -> dict[str, dict[str, str]]:
    """Rows of the figure by their name: which fits, and of what kind each is."""
    rows = {title(model): {model: "filters"}} if model not in elsewhere.here else {}
    rows |= {called(name): {name: "published", twin_of(name): "twin"} for name in elsewhere.here}
    return rows | ({ELECTRODES: {ELECTRODES: "brain"}} if elsewhere.brains else {})


def _caption(elsewhere: Elsewhere, heard: Material) -> str:
    names = words.listing([called(name) for name in elsewhere.here])
    told = (
        f"Share of the variance of six components that published models predict ({heard.counted}): {names}. "
        "Lines: 95 % intervals over sounds, fits and choices. Open: the same network with random weights."
    )
    if elsewhere.brains:
        told += f" Squares: electrodes in {elsewhere.patients} other people who heard the same sounds."
    if heard.published is not None:
        told += " Grey: from the least to the most that models of the paper reach, as read off its figure."
    return told


def _alt(elsewhere: Elsewhere, value: pd.Series, model: str) -> str:
    mean = value.groupby("model").mean()
    ahead = [called(name) for name in elsewhere.here if mean[name] > mean[model]]
    each = [f"{called(name)} {mean[name]:.2f} (untrained {mean[twin_of(name)]:.2f})" for name in elsewhere.here]
    told = f"r² on average over components: {words.listing(each)}; {title(model)} {mean[model]:.2f}"
    told += f"; electrodes {mean[ELECTRODES]:.2f}" if elsewhere.brains else ""
    return f"{told}. Ahead of the {title(model)}: {words.listing(ahead)}."


def gains(table: pd.DataFrame | None, asked: Mapping[str, Question], heard: Material) -> Captioned | None:
    """Differences of published models to the filters and to their twins."""
    return None if table is None else figures.differences(table, asked, heard, name="elsewhere-gains")


def parts(partition: Parts | None, elsewhere: Elsewhere, heard: Material) -> Captioned | None:
    """Unique and shared variance of every component, one panel each ."""
    if partition is None:
        return None
    table, names = partition.table, list(partition.mean)
    figure, axes = figures.panels(len(heard.names), 0.75 + 0.24 * len(names), sharex=True, sharey=True)
    for axis, component in zip(axes.flat, heard.names, strict=False):
        part = table[table["response"] == component].set_index("part").loc[names]
        axis.axvline(0, color=INK, lw=1, ls=":")
        above, y = part["low"].to_numpy() > 0, np.arange(len(part))
        figures.interval(axis, part[above], y[above], fmt="o", color=OURS)
        figures.interval(axis, part[~above], y[~above], fmt="o", color=OURS, mfc="white")
        axis.set(title=COMPONENT_TITLES[component], yticks=y)
        axis.set_yticklabels([part_called(name, partition.sets) for name in names])
        axis.set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel("Share of variance (r²)", fontsize=10)
    mean = table[table["response"] == "mean"].set_index("part")["value"]
    most, each = mean.idxmax(), [f"{part_called(name, partition.sets)} {words.number(x)}" for name, x in mean.items()]
    return Captioned(
        figure,
        "elsewhere-parts",
        f"What {words.listing(partition.sets)} explain alone and share of the variance of six components "
        f"({heard.counted}). Lines: 95 % intervals over sounds, fits and choices; filled where they lie above 0. "
        + (f"Electrodes were in {elsewhere.patients} other people." if elsewhere.brains else ""),
        f"On average over components the largest part is {part_called(most, partition.sets)}: {', '.join(each)}.",
    )
