"""Figures of the page, each with its caption and its text alternative.

Comes in: ``Material``, ``Relation``, the paper's tables. Goes out: captioned figures.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.chapters.downstream import published
from lib.chapters.downstream.material import FILTERS, PUBLISHED, SMALL, TWINS, Material, called
from lib.chapters.downstream.relation import BETTER, Relation
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, OURS, WIDTH

LOOKS = {
    PUBLISHED: ("o", OURS, True), SMALL: ("s", "#b45309", True), FILTERS: ("D", "#0b6e4f", True),
    TWINS: ("o", "#5f6b7a", False),
}  # fmt: skip
"""Mark, colour, and whether it is filled, by kind of model."""
LETTER = 0.017
"""Width of a letter as a share of the axis."""
TASK_MARKS = ("o", "s", "D", "^", "v")


def by_task(material: Material) -> Captioned:
    """Accuracy of every model in every task, the best model overall first."""
    table = material.ordered
    figure, axis = plt.subplots(figsize=(WIDTH, 1.4 + 0.3 * len(table)))
    colours = sns.color_palette("colorblind", len(material.tasks))
    chance = material.of("accuracy").groupby("where")["chance"].first()
    y = np.arange(len(table))
    for k, (name, title) in enumerate(material.titles.items()):
        look = {"color": colours[k], "marker": TASK_MARKS[k % len(TASK_MARKS)]}
        axis.scatter(table[name], y, s=34, label=title, zorder=3, **look)
        axis.axvline(chance[name], color=colours[k], lw=1, ls=":", zorder=0)
    axis.hlines(y, 0, 1, color=FAINT, lw=0.6, zorder=0)
    axis.set_yticks(y, [called(name) for name in table.index])
    axis.set(xlim=(0, 1.02), ylim=(len(table) - 0.4, -0.6), xlabel="Share of sounds named rightly")
    figure.legend(loc="outside upper center", ncols=2, handletextpad=0.1)
    ends = [_extremes(material, name) for name in material.tasks]
    return Captioned(
        figure,
        "tasks",
        f"How many sounds each model's layers name rightly, by task ({material.counted}), the best overall first. "
        "Dotted: naming the most frequent label always. The tasks' sounds were not used to find the weights that name "
        "them; intervals are in the table of results.",
        f"{' '.join(ends)} Best overall is {called(table.index[0])}, worst {called(table.index[-1])}.",
    )


def _extremes(material: Material, name: str) -> str:
    values = material.scores[name]
    return (
        f"{material.titles[name]}: from {values.min():.2f} ({called(values.idxmin())}) to {values.max():.2f} "
        f"({called(values.idxmax())})."
    )


def two_ways(material: Material, relation: Relation) -> Captioned:
    """R² against ρ over models."""
    figure, axis = plt.subplots(figsize=(WIDTH, 4.8))
    _cloud(axis, material.scores, "rho", "r2")
    axis.set(xlabel="Likeness of dissimilarities (ρ)", ylabel="Variance predicted (r²)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, handletextpad=0.1)
    found = relation.r("agree")
    return Captioned(
        figure,
        "two-ways",
        f"Two ways to say how much a model is like cortex, one mark a model ({material.counted}; {material.who}, "
        f"{_sounds(material)} sounds). r = {_told(found)}.",
        f"Models with a larger r² {'also' if found.value > 0.3 else 'hardly'} have a larger ρ: "
        f"r = {words.number(found.value)}. {_ends(material.scores, 'r2', 'r²')}",
    )


def downstream(material: Material, relation: Relation) -> Captioned:
    """Overall score on tasks against r² over models."""
    figure, axis = plt.subplots(figsize=(WIDTH, 5.2))
    _cloud(axis, material.scores, "overall", "r2")
    low, high = material.of("r2").set_index("model")[["low", "high"]].loc[material.scores.index].to_numpy().T
    axis.vlines(material.scores["overall"], low, high, color=FAINT, lw=1.2, zorder=0)
    axis.axvline(BETTER, color=INK, lw=1, ls="--")
    axis.set(xlabel="Overall score on tasks (mean z-score over models)", ylabel="Variance of cortex predicted (r²)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, handletextpad=0.1)
    found = relation.r("overall")
    worse = int((material.scores["overall"] <= BETTER).sum())
    return Captioned(
        figure,
        "downstream",
        f"Overall score on {len(material.tasks)} tasks and r² (mean of six components, {material.who}), one mark a "
        f"model ({material.counted}). Upright lines are 95 % intervals over sounds. r = {_told(found)}. Right of the "
        "dashed line are models with an overall score above −1.",
        f"Models that score higher on the tasks {_tend(found)} predict cortex better: r = {words.number(found.value)}. "
        f"{worse} of {material.n} models lie left of the dashed line. {_ends(material.scores, 'r2', 'r²')}",
    )


def _tend(found) -> str:
    return "tend to" if found.low > 0 else "do not clearly" if found.value > 0 else "do not"


def _ends(table: pd.DataFrame, measure: str, title: str) -> str:
    values = table[measure]
    return (
        f"The largest {title} is that of {called(values.idxmax())} ({values.max():.2f}), the smallest that of "
        f"{called(values.idxmin())} ({words.number(values.min())})."
    )


def _cloud(axis: plt.Axes, table: pd.DataFrame, x: str, y: str) -> None:
    """One mark a model by kind, and names of those that stand out."""
    for kind, (mark, colour, filled) in LOOKS.items():
        mine = table[table["kind"] == kind]
        face = colour if filled else "white"
        axis.scatter(mine[x], mine[y], marker=mark, s=42, color=face, edgecolor=colour, label=kind, zorder=3)
    axis.margins(x=0.16, y=0.1)
    for name, (place, right) in _labels(table, x, y).items():
        axis.annotate(
            called(name), place, xytext=(6 if right else -6, 0), textcoords="offset points", va="center", fontsize=10,
            ha="left" if right else "right",
        )  # fmt: skip


def _labels(table: pd.DataFrame, x: str, y: str) -> dict[str, tuple[tuple[float, float], bool]]:
    """Place of a name, and whether it stands right of its mark, of models whose name hides no mark and no name."""
    marks = table[[x, y]].to_numpy(float)
    unit = np.where(np.ptp(marks, axis=0) > 0, 1.3 * np.ptp(marks, axis=0), 1.0)
    marks, found, boxes = (marks - marks.min(axis=0)) / unit, {}, []
    for k in np.argsort(-marks[:, 1]):
        name = table.index[k]
        for right in (False, True):
            reach = 0.02 + LETTER * len(called(name))
            ends = (marks[k, 0], marks[k, 0] + reach) if right else (marks[k, 0] - reach, marks[k, 0])
            if not -0.12 < ends[0] < ends[1] < 0.9 or _hidden(marks, k, ends, boxes):
                continue
            boxes.append((*ends, marks[k, 1]))
            found[name] = (tuple(table.loc[name, [x, y]]), right)
            break
    return found


def _hidden(marks: np.ndarray, own: int, ends: tuple[float, float], boxes: list) -> bool:
    """Whether a name would lie on a mark of another model, or on another name."""
    others = np.delete(marks, own, axis=0)
    level = marks[own, 1]
    on_marks = (
        (others[:, 0] > ends[0] - 0.02) & (others[:, 0] < ends[1] + 0.02) & (np.abs(others[:, 1] - level) < 0.045)
    )
    on_names = [low < ends[1] and high > ends[0] and abs(level - at) < 0.06 for low, high, at in boxes]
    return bool(on_marks.any() or any(on_names))


def _sounds(material: Material) -> int:
    return int(material.of("r2")["n"].iloc[0])


def _told(found) -> str:
    if not np.isfinite(found.value):
        return "not available: too few families"
    return f"{words.number(found.value)} (95 % interval {words.interval(found, 2)}, families of models as cases)"


def published_relations() -> Captioned:
    """The paper's correlations of tasks with alignment, over all models and over those above -1."""
    tasks = list(dict.fromkeys(published.by_task()["task"]))
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 7.2), sharex=True)
    looks = {published.ALL: ("o", OURS), published.BETTER: ("s", "#b45309")}
    for axis, (alignment, title) in zip(axes, published.ALIGNMENTS.items(), strict=True):
        for shift, (which, (mark, colour)) in zip((-0.17, 0.17), looks.items(), strict=True):
            found = [published.relation(alignment, which, task) for task in tasks]
            value = np.array([one.value for one in found])
            error = np.abs(np.array([[one.low, one.high] for one in found]).T - value)
            label = f"{'all' if which == published.ALL else 'overall above −1'}, n = {found[0].n}"
            y = np.arange(len(tasks)) + shift
            axis.errorbar(value, y, xerr=error, fmt=mark, color=colour, ms=6, lw=1.4, label=label)
        axis.axvline(0, color=INK, lw=1)
        axis.set_yticks(range(len(tasks)), tasks)
        axis.invert_yaxis()
        axis.set_title(f"Alignment by {title}")
    axes[1].set(xlabel="r over the paper's models", xlim=(-0.5, 1))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    whole, better = (published.relation("Reg NH2015", which) for which in looks)
    lost = [task for task in tasks if published.relation("RSA(max) NH2015", published.BETTER, task).low < 0]
    return Captioned(
        figure,
        "published-relations",
        "Correlations that the paper prints between scores on tasks and alignment with cortex (people, its first data "
        "set), over all of its models and over the better ones. Bars are 95 % intervals that take models for "
        "independent, which those of one family are not: they are too narrow.",
        f"By regression, the overall score goes with alignment at r = {whole.value:.2f} over all models and "
        f"{better.value:.2f} over the better ones. By similarity, intervals of the better ones reach below 0 in "
        f"{words.listing(lost)}.",
    )


def two_probes(table: pd.DataFrame, material: Material) -> Captioned:
    """Accuracy of the linear probe against that of the published one."""
    figure, axis = plt.subplots(figsize=(WIDTH, 4.4))
    colours = sns.color_palette("colorblind", len(material.tasks))
    for k, (name, title) in enumerate(material.titles.items()):
        mine = table[table["where"] == name]
        axis.scatter(
            mine["linear"], mine["sixteen"], s=40, color=colours[k], marker=TASK_MARKS[k % len(TASK_MARKS)], label=title
        )
    axis.plot([0, 1], [0, 1], color=INK, lw=1, ls=":", zorder=0)
    axis.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axis.set(xlabel="Linear probe, share named rightly", ylabel="Network of the benchmark")
    figure.legend(loc="outside upper center", ncols=2, handletextpad=0.1)
    gap = table["sixteen"] - table["linear"]
    return Captioned(
        figure,
        "probes",
        f"The linear probe and the network of the benchmark on the same layers, folds and sounds "
        f"({table['model'].nunique()} models, {len(material.tasks)} tasks). On the dotted line both are equal.",
        f"The network names {words.number(abs(gap.mean()))} {'more' if gap.mean() > 0 else 'less'} of the sounds "
        f"rightly on average; single differences run from {words.number(gap.min())} to {words.number(gap.max())}."
        if len(table)
        else "Nothing is drawn: the network was run on none of these tasks.",
    )
