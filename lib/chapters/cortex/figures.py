"""Figures of the cortex chapter about components: profiles, predictions, scores of models, and differences.

Comes in: material, fits and tables that the chapter computed. Goes out: figures with caption and alternative text, made
of what they show, for ``lib.report.show``. No figure is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.chapters.cortex.material import Material
from lib.chapters.cortex.questions import Question, title
from lib.report import Captioned, words
from lib.report.style import CATEGORY_TITLES, COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED, WIDTH

FAMILIES = {
    "speech": ("EngSpeech", "ForSpeech"),
    "other human": ("HumVoc", "HumNonVoc"),
    "animals": ("AniVoc", "AniNonVoc"),
    "nature, things": ("Nature", "Mechanical", "EnvSound"),
    "music": ("Song", "Music"),
}
"""Eleven categories are too many to tell apart at a glance: figures group them."""
_COLOURS = dict(zip(FAMILIES, [sns.color_palette("colorblind")[k] for k in (0, 9, 3, 7, 1)], strict=True))
_MARKS = dict(zip(FAMILIES, "o^Dxs", strict=True))
ORDER = [category for group in FAMILIES.values() for category in group]
"""Categories as figures sort them, by family."""


def family_of(category: str) -> str:
    """Family of a category."""
    return next(name for name, group in FAMILIES.items() if category in group)


def panels(n: int, height: float, **options) -> tuple[plt.Figure, np.ndarray]:
    """Panels in two columns, as high as `height` inches a row; those that are not needed are off."""
    rows = -(-n // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(WIDTH, height * rows), squeeze=False, **options)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    return figure, axes


def component_profiles(heard: Material, shares: pd.Series) -> Captioned:
    """Response of every component to each sound by category.

    Parameters
    ----------
    heard : Material
    shares : pandas.Series
        Share of the variance between categories by the title of the component.
    """
    order = [c for c in ORDER if (heard.codes == c).any()]
    figure, axes = panels(len(heard.names), 2.7, sharey=True)
    rng, highest = np.random.default_rng(0), []
    for k, (axis, name) in enumerate(zip(axes.flat, heard.names, strict=False)):
        means = [_strip(axis, row, heard.components[heard.codes == c, k], c, rng) for row, c in enumerate(order)]
        axis.set(title=COMPONENT_TITLES[name], yticks=range(len(order)))
        axis.set_yticklabels([CATEGORY_TITLES[c] for c in order])
        highest.append(f"{COMPONENT_TITLES[name].lower()}: {CATEGORY_TITLES[order[int(np.argmax(means))]]}")
    axes[0, 0].invert_yaxis()
    figure.supxlabel(f"Response ({heard.units})", fontsize=10)
    share = f"{words.share(shares.max())} of the variance of {shares.idxmax().lower()}"
    return Captioned(
        figure,
        "profiles",
        f"What the six components answer to each of {heard.n} sounds, in {heard.who}. A mark is a sound, the upright "
        f"line the mean of its category. Categories account for {share} and {words.share(shares.min())} of that of "
        f"{shares.idxmin().lower()}.",
        f"The category that each component answers most to, on average: {'; '.join(highest)}. Sounds of one category "
        "scatter around its mean.",
    )


def _strip(axis: plt.Axes, row: int, values: np.ndarray, category: str, rng: np.random.Generator) -> float:
    """Draw the sounds of one category in a row and their mean, which is given back."""
    kind, mean = family_of(category), float(values.mean())
    height = row + rng.uniform(-0.25, 0.25, len(values))
    axis.scatter(values, height, s=9, marker=_MARKS[kind], color=_COLOURS[kind], alpha=0.6, lw=0.8)
    axis.vlines(mean, row - 0.42, row + 0.42, color=INK, lw=2)
    return mean


def predicted_and_measured(heard: Material, fit: object, model: str) -> Captioned:
    """Out-of-fold predictions against responses, one panel a component, one mark a sound (`fit`: a nested ridge)."""
    figure, axes = panels(len(heard.names), 2.5)
    kinds = heard.codes.map(family_of).to_numpy()
    for k, (axis, name) in enumerate(zip(axes.flat, heard.names, strict=False)):
        x, y = fit.predictions[:, k], heard.components[:, k]
        ends = [min(x.min(), y.min()), max(x.max(), y.max())]
        axis.plot(ends, ends, color=INK, lw=1, ls=":", zorder=0)
        for kind in FAMILIES:
            mine = kinds == kind
            axis.scatter(x[mine], y[mine], s=15, marker=_MARKS[kind], color=_COLOURS[kind], alpha=0.8, lw=1, label=kind)
        axis.set_title(f"{COMPONENT_TITLES[name]}, r² = {fit.r2[k]:.2f}")
        axis.locator_params(nbins=4)
    figure.supxlabel(f"Predicted response ({heard.units})", fontsize=10)
    figure.supylabel(f"Measured response ({heard.units})", fontsize=10)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, handletextpad=0.1)
    worst = int(np.argmin(fit.r2))
    residual = pd.Series(heard.components[:, worst] - fit.predictions[:, worst]).groupby(kinds).mean()
    above, below = (words.number(abs(x), words.digits(x)) for x in (residual.max(), residual.min()))
    missed = (
        f"{COMPONENT_TITLES[heard.names[worst]]} is predicted worst: there, sounds of the family {residual.idxmax()}"
    )
    return Captioned(
        figure,
        "predicted",
        f"Response of six components, predicted from `{model}` and measured ({heard.counted}). A mark is a sound, "
        "predicted while it was left out. On the dotted line both are equal.",
        f"Predictions follow the responses: r² is {fit.r2.min():.2f} to {fit.r2.max():.2f}. {missed} lie "
        f"above the line by {above} on average, and {residual.idxmin()} below it by {below}.",
    )


def component_r2(main: pd.DataFrame, heard: Material, draws: int) -> Captioned:
    """R2 of the main model by component with its null; beside it published models, where people were measured.

    Parameters
    ----------
    main : pandas.DataFrame
        ``scores.main_scores``.
    heard : Material
    draws : int
        Of the null.
    """
    published, model = heard.published, main["model"].iloc[0]
    figure, axis = plt.subplots(figsize=(WIDTH, 4.6 if published is not None else 3.6))
    y = np.arange(len(main))
    ours = y - (0.18 if published is not None else 0.0)
    axis.hlines(ours, 0, main["null_high"], color="#8d99a6", lw=9, label="by chance (95 % of draws)")
    interval(axis, main, ours, fmt="o", color=OURS, label=f"{model}, 95 % interval")
    told = ""
    if published is not None:
        others = published.drop(index="baseline")[list(main.index)]
        axis.hlines(y + 0.2, others.min(), others.max(), color=FAINT, lw=9, label=f"{len(others)} published models")
        axis.plot(others.median(), y + 0.2, "|", color=INK, ms=10, mew=2, label="their median")
        axis.plot(published.loc["baseline", main.index], y + 0.2, "D", ms=6, color=PUBLISHED, label="published filters")
        told = (
            f" Below it, as read off the paper's figure: its own filters, and range and median of {len(others)} models."
        )
    axis.set(yticks=y, xlim=(-0.01, 1), xlabel="Share of variance predicted (r²)")
    axis.set_yticklabels([COMPONENT_TITLES[name] for name in main.index])
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=2)
    value, beyond = main["value"].rename(COMPONENT_TITLES), int((main["low"] > main["null_high"]).sum())
    return Captioned(
        figure,
        "scores",
        f"Share of the variance of six components that `{model}` predicts ({heard.counted}). Dots: r² of "
        "sounds left out, with 95 % intervals over sounds, fits and choices. Grey from 0: as far as 95 % of "
        f"{draws} exchanges of the sounds get.{told}",
        f"r² falls from {value.max():.2f} ({value.idxmax().lower()}) to {value.min():.2f} ({value.idxmin().lower()}); "
        f"chance gets to {main['null_high'].max():.2f} at most. {beyond} of {len(main)} intervals lie beyond chance.",
    )


def interval(axis: plt.Axes, table: pd.DataFrame, y: np.ndarray, **style) -> None:
    """Dots with their intervals, lying."""
    ends = [table["value"] - table["low"], table["high"] - table["value"]]
    axis.errorbar(table["value"], y, xerr=ends, lw=1.3, capsize=0, **{"ms": 5.5} | style)


def acoustic_models(scores: pd.DataFrame, heard: Material) -> Captioned:
    """R2 of every component under every acoustic model."""
    figure = _by_component(scores, _marks(scores["model"].unique(), filters=scores["model"].iloc[0]))
    first = scores["model"].iloc[0]
    rest = scores[scores["model"] != first]
    return Captioned(
        figure,
        "models",
        f"Share of the variance of six components that each acoustic model predicts ({heard.counted}), with "
        f"95 % intervals over sounds, fits and choices. Diamonds: `{first}`.",
        f"The {title(first)} lead in {_lead(scores, first)} of {scores['component'].nunique()} components. "
        + (f"r² of the others is {rest['value'].min():.2f} to {rest['value'].max():.2f}." if len(rest) else ""),
    )


def _lead(scores: pd.DataFrame, model: str) -> int:
    """In how many components a model has the largest r2."""
    best = scores.loc[scores.groupby("component")["value"].idxmax(), "model"]
    return int((best == model).sum())


def _marks(models: Sequence[str], *, filters: str) -> dict[str, dict]:
    """Marker of each model by its kind."""
    return {name: {"fmt": "o", "color": OURS} for name in models} | {filters: {"fmt": "D", "color": PUBLISHED}}


def _by_component(table: pd.DataFrame, marks: Mapping[str, dict]) -> plt.Figure:
    """Dots with intervals, one panel a component, one row a model."""
    models, names = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["component"]))
    figure, axes = panels(len(names), 0.75 + 0.21 * len(models), sharex=True, sharey=True)
    for axis, name in zip(axes.flat, names, strict=False):
        part = table[table["component"] == name].set_index("model")
        for row, model in enumerate(models):
            interval(axis, part.loc[[model]], np.array([row]), **marks[model])
        axis.set(title=COMPONENT_TITLES[name], xlim=(-0.02, 1), xticks=[0, 0.5, 1], yticks=range(len(models)))
        axis.set_yticklabels([title(model) for model in models])
        axis.set_ylim(len(models) - 0.4, -0.6)
        axis.grid(axis="x", color=FAINT, lw=0.6)
    figure.supxlabel("Share of variance predicted (r²)", fontsize=10)
    return figure


def differences(gains: pd.DataFrame, asked: Mapping[str, Question], heard: Material, name: str = "gains") -> Captioned:
    """Differences between models with the intervals of their family, as ``lib.compare.contrasts`` gives them."""
    figure, axis = plt.subplots(figsize=(WIDTH, 0.9 + 0.32 * len(gains)))
    table = gains[["value"]].assign(low=gains["low_family"], high=gains["high_family"])
    apart = (table["low"] > 0) | (table["high"] < 0)
    y = np.arange(len(table))
    axis.axvline(0, color=INK, lw=1, ls=":")
    interval(axis, table[apart], y[apart], fmt="o", color=OURS)
    interval(axis, table[~apart], y[~apart], fmt="o", color=OURS, mfc="white")
    axis.set(yticks=y, xlabel="Difference of mean r² over components")
    axis.set_yticklabels([asked[key].label for key in table.index])
    axis.set_ylim(len(table) - 0.4, -0.6)
    told = [f"{asked[key].label} {words.number(table['value'][key])}" for key in table.index[apart]]
    return Captioned(
        figure,
        name,
        f"Differences between models in the mean share of variance over six components ({heard.counted}). "
        f"Lines: 95 % intervals corrected for all {len(table)}; filled where they leave out 0.",
        f"{int(apart.sum())} of {len(table)} intervals leave out 0: {words.listing(told)}.",
    )
