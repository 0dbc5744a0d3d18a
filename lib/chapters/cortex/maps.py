"""Figures of the cortex chapter about voxels: distributions, dissimilarities of sounds, places on the cortical surface.

Comes in: material, scores of voxels, matrices and maps. Goes out: figures with caption and alternative text, made of
what they show, for ``lib.report.show``.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from lib.chapters.cortex.figures import FAMILIES, ORDER, family_of
from lib.chapters.cortex.material import Material
from lib.chapters.cortex.places import SURFACE, z_of
from lib.chapters.cortex.questions import title
from lib.chapters.cortex.surfaces import brains
from lib.report import Captioned, words
from lib.report.style import COMPONENT_TITLES, INK, OURS, PUBLISHED, WIDTH

MOST = 1.2
"""Corrected scores are cut here, for display only: the correction blows up where responses are unreliable."""


def voxel_scores(r2: np.ndarray, halves: pd.DataFrame, heard: Material) -> Captioned:
    """Distribution of scores over the voxels of every listener, before and after correction for noise if there is one.

    Parameters
    ----------
    r2 : array (voxel,)
        Of all acoustic models, five folds.
    halves : DataFrame
        ``scores.noise_corrected_voxels``; NaN without single scans.
    heard : Material
    """
    corrected = bool(halves["corrected"].notna().any())
    panels = {"All models, five folds": r2}
    if corrected:
        panels |= {"Main model, half to half": halves["r2"].to_numpy()}
        panels |= {"The same, corrected for noise": halves["corrected"].clip(0, MOST).to_numpy()}
    count = len(heard.voxels)
    size = (WIDTH, 0.7 + len(panels) * (0.45 + 0.34 * count))
    figure, axes = plt.subplots(len(panels), 1, figsize=size, sharex=True, squeeze=False)
    owner, rows = heard.owner, zip(axes.flat, panels.items(), strict=True)
    medians = [_violins(axis, name, values, owner) for axis, (name, values) in rows]
    axes[-1, 0].set(xlabel="Share of variance predicted (r²)")
    told = "; ".join(
        f"{name}: median voxel {median.min():.2f}" + (f" to {median.max():.2f}" if count > 1 else "")
        for name, median in zip(panels, medians, strict=True)
    )
    note = (
        f"Half to half: fitted to half of the sounds, tested on the rest; corrected values are cut at {MOST:g}."
        if corrected
        else "The matrix of voxels is denoised: there is no noise to correct for."
    )
    return Captioned(
        figure,
        "voxels",
        f"Share of variance predicted in {owner.size} voxels ({heard.counted}). Width: how many voxels; dots: medians. "
        f"{note}",
        f"{told}.",
    )


def _violins(axis: plt.Axes, name: str, values: np.ndarray, owner: np.ndarray) -> pd.Series:
    """Draw the distribution of each listener's voxels; gives their medians."""
    table = pd.DataFrame({"score": values, "listener": owner}).replace({"listener": {"group": "all listeners"}})
    sns.violinplot(table, x="score", y="listener", color="#9dbbe6", inner=None, cut=0, density_norm="width",
                   linewidth=0, ax=axis)  # fmt: skip
    medians = table.groupby("listener", sort=False)["score"].median()
    axis.scatter(medians, range(len(medians)), color=INK, zorder=3, s=22)
    axis.set(title=name, xlabel="", ylabel="")
    return medians


def dissimilarities(cortex: np.ndarray, model_rdm: np.ndarray, model: str, heard: Material) -> Captioned:
    """Dissimilarity matrices (sound, sound) of cortex and of a model side by side, sounds sorted by category."""
    order = np.argsort([ORDER.index(c) for c in heard.codes], kind="stable")
    kinds = heard.codes.map(family_of).to_numpy()[order]
    edges = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.5), sharey=True)
    shown = {heard.who[0].upper() + heard.who[1:]: cortex, title(model).capitalize(): model_rdm}
    images, nearer = [], []
    for axis, (name, matrix) in zip(axes, shown.items(), strict=True):
        percent = _percentiles(matrix)[np.ix_(order, order)]
        images.append(axis.imshow(percent, cmap="mako", vmin=0, vmax=100))
        for edge in edges:
            axis.axhline(edge - 0.5, color="white", lw=0.8)
            axis.axvline(edge - 0.5, color="white", lw=0.8)
        axis.set_title(name, fontsize=10)
        axis.set_xticks([])
        axis.spines[:].set_visible(False)
        nearer.append(_nearest(percent, kinds))
    bounds = np.r_[0, edges, len(order)]
    axes[0].set_yticks((bounds[1:] + bounds[:-1]) / 2 - 0.5, [kinds[b] for b in bounds[:-1]])
    bar = figure.colorbar(images[0], ax=axes, location="bottom", shrink=0.6, pad=0.03)
    bar.set_label("Dissimilarity (percentile of the matrix)")
    return Captioned(
        figure,
        "rdms",
        f"How unlike two sounds are, for each pair of {heard.n}, in {heard.who} (left) and in `{model}` (right); dark "
        "is alike. Sounds are sorted by category and grouped by family; values are percentiles, as a rank "
        "correlation sees them.",
        f"Two sounds of one family are most alike among {nearer[0][0]} in {heard.who} (mean percentile "
        f"{nearer[0][1]:.0f}) and among {nearer[1][0]} in the model ({nearer[1][1]:.0f}); chance would be 50.",
    )


def _nearest(percent: np.ndarray, kinds: np.ndarray) -> tuple[str, float]:
    """Family whose sounds are most alike, and how alike they are."""
    means = {}
    for kind in (name for name in FAMILIES if (kinds == name).sum() > 1):
        block = percent[np.ix_(kinds == kind, kinds == kind)]
        means[kind] = float(block[np.triu_indices(len(block), 1)].mean())
    best = min(means, key=means.get)
    return best, means[best]


def _percentiles(matrix: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    upper = np.triu_indices(len(matrix), 1)
    shown = np.zeros_like(matrix, dtype=float)
    shown[upper] = 100 * (rankdata(matrix[upper]) - 1) / (len(upper[0]) - 1)
    return shown + shown.T


def similarity_scores(rsa: object, heard: Material, draws: int) -> Captioned:
    """Rank correlation of the matrices of every acoustic model with those of cortex (``lib.compare.rsa_layers``)."""
    table = rsa.to_frame()
    figure, axis = plt.subplots(figsize=(WIDTH, 1.5 + 0.4 * len(table)))
    y, ceiling = np.arange(len(table)), rsa.topline
    ends = [table["value"] - table["low"], table["high"] - table["value"]]
    axis.hlines(y, 0, table["null_high"], color="#8d99a6", lw=9, label="by chance (95 % of draws)")
    axis.errorbar(table["value"], y, xerr=ends, fmt="o", color=OURS, lw=1.3, label="ρ, 95 % interval")
    told = ""
    if np.isfinite(ceiling):
        axis.axvline(ceiling, color=PUBLISHED, ls="--", lw=1.4, label="one listener, others")
        told = f" Dashed: one listener's matrix against the mean of the others ({ceiling:.2f})."
    axis.set(yticks=y, xlabel="Spearman ρ of two matrices", xlim=(min(0, table["low"].min()) - 0.01, None))
    axis.set_yticklabels([title(name) for name in table["layer"]])
    axis.set_ylim(len(table) - 0.5, -0.5)
    figure.legend(loc="outside lower center", ncols=2)
    count = len(heard.voxels)
    of = f", mean over {count} listeners" if count > 1 else ", voxels of all listeners together"
    scores = ", ".join(f"{title(row.layer)} {row.value:.2f}" for row in table.itertuples())
    return Captioned(
        figure,
        "rsa",
        f"Do acoustic models arrange {heard.n} sounds as cortex does ({heard.who}{of})? Dots: Spearman's ρ over "
        f"{heard.n * (heard.n - 1) // 2} pairs of sounds; lines: 95 % intervals over sounds; grey: 95 % of {draws} "
        f"exchanges of the sounds.{told}",
        f"ρ of each model: {scores}. Chance gets to {table['null_high'].max():.2f}.",
    )


def surface_maps(heard: Material) -> Captioned:
    """Where each component weighs, one row a component: temporal lobes of both hemispheres, inflated, from the side."""
    maps = {name: heard.recording.surface(name, mesh=SURFACE) for name in heard.names}
    z = {name: {side: z_of(values) for side, values in pair.items()} for name, pair in maps.items()}
    every = np.concatenate([values for pair in z.values() for values in pair.values()])
    limit = float(np.ceil(np.nanpercentile(np.abs(every), 90)))
    rows = {COMPONENT_TITLES[name].replace(" ", "\n"): pair for name, pair in z.items()}
    figure = brains(rows, (-limit, limit), "Weight over its standard error (z)", "PuOr_r")
    return Captioned(figure, "surface", _surface_caption(maps, heard, limit), _surface_text(z))


def _surface_caption(maps: Mapping, heard: Material, limit: float) -> str:
    about = next(iter(maps.values()))["left"].attrs["description"].partition(",")[0]
    return (
        f"Where each component weighs, on the inflated temporal lobes of the fsaverage5 brain ({heard.who}, all "
        f"listeners together). Shown is z, worked out from the {about}; colours end at ±{limit:.0f}. Orange: above 0; "
        "purple: below; grey: not measured."
    )


def _surface_text(z: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """By component, how much of the measured surface has a weight above 0 beyond 3 standard errors."""
    told = []
    for name, pair in z.items():
        shares = [np.mean(values[np.isfinite(values)] > 3) for values in pair.values()]
        told.append(f"{COMPONENT_TITLES[name].lower()} {words.share(shares[0])} and {words.share(shares[1])}")
    return (
        "Share of the measured surface, left and right, where a component weighs more than three standard errors above "
        f"0: {'; '.join(told)}."
    )
