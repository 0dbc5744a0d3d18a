"""Figures of the chapter on similarity measures, with their captions and what they show in words.

Comes in: series, nulls and tables of the room. Goes out: ``lib.report.Captioned`` figures in the house style; caption
and alternative text are made of the data that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import PercentFormatter

from lib.chapters.measures import candidates, stored
from lib.compare import MEASURES, measure
from lib.compare.similarity.nulls import Null
from lib.report import Captioned
from lib.report.style import INK, MEASURE_TITLES, OURS, PUBLISHED, WIDTH
from lib.report.words import number, share

NOISE_TITLES = {
    "white": "White noise", "ar1": "Smooth noise (.8)", "ar1_slow": "Slow noise (.95)", "pink": "1/f noise",
    "AR .8": "Smooth noise (.8)", "AR .95": "Slow noise (.95)", "1/f": "1/f noise", "drift": "Drifting noise",
}  # fmt: skip
"""In words; in brackets the correlation from one time point to the next."""
SCHEMES = {"shuffle": ("shuffled", "s", PUBLISHED), "shift": ("shifted in a circle", "o", OURS)}
_FORMS = {
    "rsa_pearson": "Correlation distance", "dcor": "Euclidean distance",
    "cka_linear": "Inner product", "cka_rbf": "Gaussian kernel",
}  # fmt: skip
_PALETTE = sns.color_palette("colorblind")
_NULLS = {
    "rotation": ("pieces turned in a circle", _PALETTE[3], "s"),
    "random phases": ("random phases", _PALETTE[1], "v"),
    "synthetic noise": ("noise made anew", _PALETTE[2], "^"),
    "elsewhere": ("other stretches", _PALETTE[4], "D"),
    "pieces": ("pieces exchanged", OURS, "o"),
}


def prepared_matrices(layer: np.ndarray, response: np.ndarray) -> Captioned:
    """Show the four kinds of matrix that measures compare: a layer above the diagonal, a response below it.

    Parameters
    ----------
    layer, response : ndarray, shape (time, unit) and (time, channel)
    """
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 6.6), sharex=True, sharey=True)
    agreement = {}
    for axis, (key, title) in zip(axes.flat, _FORMS.items(), strict=True):
        above, below = (_likeness(key, x) for x in (layer, response))
        agreement[title] = np.corrcoef(*(m[np.triu_indices(len(m), 1)] for m in (above, below)))[0, 1]
        both = np.triu(above, 1) + np.tril(below, -1)
        np.fill_diagonal(both, np.nan)
        picture = axis.imshow(both, cmap="PuOr_r", vmin=-2.5, vmax=2.5)
        axis.plot([-0.5, len(both) - 0.5], [-0.5, len(both) - 0.5], color=INK, lw=0.8)
        axis.set_title(title)
        axis.locator_params(nbins=3)
        boxed = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
        axis.text(0.97, 0.95, "layer", transform=axis.transAxes, ha="right", va="top", bbox=boxed)
        axis.text(0.03, 0.05, "response", transform=axis.transAxes, bbox=boxed)
    figure.supylabel("Time point", fontsize=10)
    for axis in axes[-1]:
        axis.set_xlabel("Time point")
    bar = figure.colorbar(picture, ax=axes, location="bottom", shrink=0.7, aspect=30, extend="both")
    bar.set_label("less alike   ←   standard deviations from the mean pair   →   more alike")
    return Captioned(figure, "matrices", *_matrices_told(len(layer), agreement))


def _likeness(key: str, x: np.ndarray) -> np.ndarray:
    """Prepared matrix of a series in standard deviations of its pairs; distances turned, so that more is more alike."""
    import torch

    matrix = measure(key).prepare(torch.as_tensor(x)).numpy()
    pairs = matrix[~np.eye(len(matrix), dtype=bool)]
    return (matrix - pairs.mean()) / pairs.std() * (-1 if "distance" in _FORMS[key] else 1)


def _matrices_told(n_times: int, agreement: dict[str, float]) -> tuple[str, str]:
    caption = (
        f"What measures compare: how alike each two of {n_times} time points are, in the four forms that serve seven "
        "of the eight measures. Above the diagonal those of a layer, below it those of a response: simulated series "
        "that share a slow signal. Orange: the two moments resemble each other more than most."
    )
    told = ", ".join(f"{number(r)} ({name})" for name, r in agreement.items())
    return caption, (
        "Four square pictures, each with patches of moments that are alike. How far the half above the diagonal, the "
        f"layer, mirrors that below, the response, as a correlation: {told}."
    )


def observed_and_null(shuffle: Null, shift: Null) -> Captioned:
    """Show each measure's value beside the middle 95 % of draws under both schemes, for one layer and one response.

    Parameters
    ----------
    shuffle, shift : Null
        With the dimensions measure, layer, draw.
    """
    units = pd.Series({name: one.unit for name, one in MEASURES.items()}).groupby(lambda name: MEASURES[name].unit)
    parts = [list(part.index) for _, part in units]
    sizes = [len(part) + 0.4 for part in parts]
    figure, axes = plt.subplots(len(parts), 1, figsize=(WIDTH, 5.4), height_ratios=sizes)
    for axis, names in zip(axes, parts, strict=True):
        for null in (shuffle, shift):
            _draws(axis, null, names)
        values = [float(shuffle.observed.sel(measure=name).squeeze()) for name in names]
        axis.plot(values, range(len(names)), "D", color=INK, ms=6, label="observed")
        axis.axvline(0, color=INK, lw=0.6)
        axis.set(yticks=range(len(names)), yticklabels=[MEASURE_TITLES[name] for name in names])
        axis.set(ylim=(len(names) - 0.5, -0.6), xlim=(min(0, axis.get_xlim()[0]), None))
        unit = MEASURES[names[0]].unit
        axis.set_xlabel("Likeness" + ("" if unit == "1" else f", {unit}s"))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return Captioned(figure, "nulls", *_null_told(shuffle, shift))


def _draws(axis: plt.Axes, null: Null, names: list[str]) -> None:
    """Middle 95 % of a null's draws as a bar per measure, with their mean."""
    title, marker, colour = SCHEMES[null.scheme]
    draws = null.draws.sel(measure=names).squeeze("layer")
    low, high = (draws.quantile(q, "draw").values for q in (0.025, 0.975))
    mean, at = draws.mean("draw").values, np.arange(len(names)) + (-0.15 if null.scheme == "shuffle" else 0.15)
    axis.errorbar(mean, at, xerr=np.abs([low - mean, high - mean]), fmt=marker, color=colour, ms=5, lw=2.5, label=title)


def _null_told(shuffle: Null, shift: Null) -> tuple[str, str]:
    caption = (
        "The eight measures of one pair of simulated series (black) beside what chance gives: mean and middle 95 % of "
        f"{shuffle.n_permutations} free shuffles of the layer's time points and of all {shift.n_permutations} shifts "
        "in a circle. Mutual information has a scale of its own."
    )
    told = []
    for null in (shuffle, shift):
        above = int((null.observed > null.draws.max("draw")).sum())
        mean = null.null_mean.squeeze("layer").to_series()
        told.append(
            f"{SCHEMES[null.scheme][0]}, chance gives on average from {number(mean.min())} "
            f"({MEASURE_TITLES[mean.idxmin()]}) to {number(mean.max())} ({MEASURE_TITLES[mean.idxmax()]}), and the "
            f"observed value lies above every draw for {above} of {len(MEASURES)} measures"
        )
    return caption, f"A row for each measure. Where the layer is {told[0]}; where it is {told[1]}."


def bias_floor(table: pd.DataFrame) -> Captioned:
    """Show the mean of each measure for independent noise against the number of time points.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns measure, n_times, mean, low, high, n (``lib.chapters.measures.calibration.bias_floor``).
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 4.4))
    for k, (name, part) in enumerate(table.groupby("measure", sort=False)):
        dash, fill = ("--", "white") if name.endswith("debiased") else ("-", None)
        axis.plot(part["n_times"], part["mean"], dash, marker="osD^v"[k], ms=6, mfc=fill, color=_PALETTE[k],
                  label=MEASURE_TITLES[name])  # fmt: skip
        axis.fill_between(part["n_times"], part["low"], part["high"], color=_PALETTE[k], alpha=0.25, lw=0)
    axis.axhline(0, color=INK, lw=0.8)
    axis.set_xscale("log", base=2)
    ticks = sorted(table["n_times"].unique())
    axis.set(xticks=ticks, xticklabels=ticks, xlabel="Time points", ylabel="Likeness of unrelated noise")
    axis.legend(loc="upper right")
    return Captioned(figure, "floor", *_floor_told(table))


def _floor_told(table: pd.DataFrame) -> tuple[str, str]:
    caption = (
        "Mean value for independent white noise (simulated, eight columns each) against the number of time points, "
        f"biased (filled) and debiased (open); bands are 95 % intervals of the mean over {int(table['n'].iloc[0])} "
        "pairs of series, mostly narrower than the marks. Nothing is shared: the right answer is 0."
    )
    debiased = table["measure"].str.endswith("debiased")
    first, last = table["n_times"].min(), table["n_times"].max()
    short, long = (table[~debiased & (table["n_times"] == n)]["mean"] for n in (first, last))
    rest = table[debiased]["mean"]
    return caption, (
        f"Biased measures go from {_span(short)} at {first} time points to {_span(long)} at {last}; debiased ones stay "
        f"between {_span(rest)}."
    )


def _span(values: pd.Series) -> str:
    return f"{number(values.min())} and {number(values.max())}"


def false_positives(rates: pd.DataFrame, *, n_times: int) -> Captioned:
    """Show how often each measure is wrong at .05 about independent noise, per kind of noise and null.

    Parameters
    ----------
    rates : pandas.DataFrame
        From ``calibration.false_positive_rates``.
    n_times : int
        Time points of the series.
    """
    names, noises = [name for name in MEASURES if name in set(rates["measure"])], list(dict.fromkeys(rates["noise"]))
    figure, axes = plt.subplots(2, -(-len(noises) // 2), figsize=(WIDTH, 6.6), sharex=True, sharey=True, squeeze=False)
    for axis, noise in zip(axes.flat, noises, strict=False):
        for scheme, (title, marker, colour) in SCHEMES.items():
            mine = rates[(rates["noise"] == noise) & (rates["scheme"] == scheme)].set_index("measure").loc[names]
            at = np.arange(len(names)) + (-0.16 if scheme == "shuffle" else 0.16)
            _with_ends(axis, at, mine[["rate", "low", "high"]], marker, colour, title, across=True)
        axis.axvline(0.05, color=INK, lw=1, ls=":", label="as promised (.05)")
        axis.set_title(NOISE_TITLES[noise])
        axis.set(yticks=range(len(names)), yticklabels=[MEASURE_TITLES[name] for name in names])
        axis.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axis.set(xlim=(-0.04, 1.04), xticks=(0, 0.5, 1))
    axes[0, 0].invert_yaxis()
    figure.supxlabel("Pairs of unrelated series that are found alike", fontsize=10)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return Captioned(figure, "calibration", *_false_positives_told(rates, noises, n_times))


def _with_ends(axis, at, values: pd.DataFrame, marker: str, colour, title: str, *, across: bool = False) -> None:
    """Shares with the ends of their intervals: `values` are value, low, high; along x where they lie `across`."""
    value, low, high = values.to_numpy().T
    ends, style = np.abs([low - value, high - value]), {"color": colour, "fmt": marker, "ms": 5, "lw": 1.3}
    where = {"x": value, "y": at, "xerr": ends} if across else {"x": at, "y": value, "yerr": ends}
    axis.errorbar(**where, **style, label=title, mec="white", mew=0.4)


def _false_positives_told(rates: pd.DataFrame, noises: Iterable[str], n_times: int) -> tuple[str, str]:
    caption = (
        f"How often a test at .05 finds {int(rates['n'].iloc[0])} pairs of independent simulated series of {n_times} "
        "time points alike, per measure, with exact 95 % intervals. A number in brackets is the correlation from one "
        "time point to the next. Right of the dotted line, a test finds what is not there."
    )
    told = []
    for noise in noises:
        parts = []
        for scheme, (title, *_) in SCHEMES.items():
            mine = rates[(rates["noise"] == noise) & (rates["scheme"] == scheme)]["rate"]
            parts.append(f"{title} {share(mine.min())} to {share(mine.max())}")
        told.append(f"{NOISE_TITLES[noise]}: {', '.join(parts)}")
    return caption, f"Pairs found alike over the eight measures. {'; '.join(told)}."


def nulls_of_short_pieces(table: pd.DataFrame) -> Captioned:
    """Show how often each null finds likeness in noise, and what it finds of something planted at an equal rate.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``stored.read``.
    """
    noises = list(dict.fromkeys(table["noise"]))
    figure, axes = plt.subplots(len(noises), 2, figsize=(WIDTH, 2.1 * len(noises) + 1.6), sharex=True, sharey=True)
    cells = table[["pieces", "frames", "longest"]].drop_duplicates().reset_index(drop=True)
    names = [f"{p} × {f}" + (f" to {last}" if last > f else "") for p, f, last in cells.itertuples(index=False)]
    for row, noise in enumerate(noises):
        for column, (value, planted) in enumerate((("rate", False), ("equal", True))):
            part = table[(table["noise"] == noise) & ((table["strength"] > 0) == planted)]
            for k, (null, (title, colour, marker)) in enumerate(_NULLS.items()):
                mine = cells.merge(part[part["null"] == null], how="left")[[value, f"{value}_low", f"{value}_high"]]
                _with_ends(axes[row, column], np.arange(len(cells)) + 0.15 * (k - 2), mine, marker, colour, title)
        axes[row, 0].axhline(0.05, color=INK, lw=1, ls=":")
        axes[row, 0].set_ylabel(NOISE_TITLES[noise])
    axes[0, 0].set_title("Nothing to find")
    axes[0, 1].set_title("Something planted")
    axes[0, 0].set(ylim=(-0.04, 1.04), yticks=(0, 0.5, 1))
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    for axis in axes[-1]:
        axis.set_xticks(range(len(cells)), names, rotation=45, ha="right", rotation_mode="anchor")
    figure.supxlabel("Pieces × frames of each", fontsize=10)
    figure.supylabel("Simulated recordings in which likeness is found", fontsize=10)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return Captioned(figure, "averaged", *_short_pieces_told(table))


def _short_pieces_told(table: pd.DataFrame) -> tuple[str, str]:
    caption = (
        "Left: share of simulated recordings of noise in which a null finds likeness at .05 (dotted). Right: the same "
        "with something planted, each null at the threshold that noise passes in .05. "
        f"{table['n'].min()} to {table['n'].max()} simulated recordings a point, exact 95 % intervals; Spearman RSA of "
        f"the best of {candidates.LAYERS} layers, mean over pieces. A single piece can't be exchanged with another. "
        "Stored counts, made by `make calibration`."
    )
    quiet, loud = stored.quiet(table), table[table["strength"] > 0]
    told = [
        f"{title}, {_percents(quiet, null, 'rate')} in noise and {_percents(loud, null, 'equal')} of what is planted"
        for null, (title, *_) in _NULLS.items()
    ]
    return caption, f"Shares found, from the least to the greatest over all settings: {'; '.join(told)}."


def _percents(rows: pd.DataFrame, null: str, column: str) -> str:
    mine = rows[rows["null"] == null][column]
    return f"{share(mine.min())} to {share(mine.max())}"
