"""Figures of depth in a model: parts of variance, maps on the surface, depth against distance, profiles of regions.

Comes in: ``Depths`` and what was found of them. Goes out: figures with caption and alternative text.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from lib.chapters.cortex.depths import PARTS, Depths, interaction, step_of
from lib.chapters.cortex.places import PRIMARY
from lib.chapters.cortex.surfaces import brains
from lib.compare import Estimate
from lib.compare.spatial import SpinTest
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, OURS, PUBLISHED, WIDTH

TITLES = dict(zip(PARTS, ("Only filters", "Both", "Only model"), strict=True))
REGIONS = {
    PRIMARY: ("o", "-", OURS), "lateral": ("s", "--", PUBLISHED), "posterior": ("^", "-.", "#0b6e4f"),
    "anterior": ("D", ":", "#5f6b7a"),
}  # fmt: skip


def parts(depths: Depths) -> Captioned:
    """Distribution over voxels of what only filters, both, and only the model explain."""
    places, values = depths.places, depths.arrays["parts"]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.8))
    sns.violinplot(list(values), orient="h", color="#9dbbe6", inner=None, cut=0, density_norm="width", linewidth=0,
                   ax=axis)  # fmt: skip
    medians = np.median(values, axis=1)
    axis.scatter(medians, range(len(values)), color=INK, zorder=3, s=24)
    axis.axvline(0, color=INK, lw=1, ls=":")
    axis.set_yticks(range(len(values)), list(TITLES.values()))
    axis.set_xlabel("Part of the share of variance predicted (r²)")
    told = "; ".join(f"{name.lower()} {words.number(m)}" for name, m in zip(TITLES.values(), medians, strict=True))
    return Captioned(
        figure,
        "parts",
        f"What modulation filters and `{depths.model}` explain of {places.of_voxels}, alone and both ({places.n} "
        f"sounds, {places.who}). Width: how many; dots: medians. Below 0: fitting both cost more than it gained.",
        f"Median part: {told}.",
    )


def part_maps(depths: Depths) -> Captioned:
    """The same parts on the surface."""
    places = depths.places
    maps = {
        TITLES[part].replace(" ", "\n"): places.map_of(values)
        for part, values in zip(PARTS, depths.arrays["place_parts"], strict=True)
    }
    means = [np.nanmean(np.concatenate(list(pair.values()))) for pair in maps.values()]
    drawn = {name: {side: np.maximum(x, 1e-3) for side, x in pair.items()} for name, pair in maps.items()}
    figure = brains(drawn, (0, 1), "Part of r²", "mako")
    told = "; ".join(f"{name.lower()} {words.number(m)}" for name, m in zip(TITLES.values(), means, strict=True))
    return Captioned(
        figure,
        "where-parts",
        f"Where only the filters, both, or only `{depths.model}` explain responses: inflated temporal lobes of the "
        f"fsaverage5 brain, mean over {places.who} at each vertex ({_how(depths)}). Below 0 is drawn as 0; "
        "grey: not measured.",
        f"Mean over the measured surface: {told}.",
    )


def _how(depths: Depths) -> str:
    what = depths.places.what
    return "worked out from six components and each person's map of them" if what == "vertices" else f"measured {what}"


def depth_map(depths: Depths) -> Captioned:
    """Preferred depth on the surface."""
    places = depths.places
    ends = np.nanpercentile(depths.depth, [5, 95])
    limits = (np.floor(ends[0] * 20) / 20, np.ceil(ends[1] * 20) / 20)
    figure = brains(
        {"Preferred\ndepth": places.map_of(depths.depth)}, limits, "0: first layer, 1: last layer", "viridis"
    )
    by_region = {
        name: float(np.nanmean(depths.depth[places.region == name]))
        for name in REGIONS
        if np.isfinite(depths.depth[places.region == name]).any()
    }
    told = ", ".join(f"{name} {words.number(value)}" for name, value in by_region.items())
    return Captioned(
        figure,
        "where-depth",
        f"Where in `{depths.model}` lies what predicts each place: preferred depth of {int(depths.predicted.sum())} "
        f"predicted {places.what} of {places.who}, mean at each vertex ({_how(depths)}). Colours end at "
        f"{limits[0]:.2f} and {limits[1]:.2f}. Grey: not measured or not predicted.",
        f"Mean preferred depth by region: {told}.",
    )


def against_distance(depths: Depths, spun: SpinTest | None, rho: Estimate) -> Captioned:
    """Preferred depth of every predicted place against its distance from primary auditory cortex."""
    places, there = depths.places, np.isfinite(depths.depth)
    figure, axis = plt.subplots(figsize=(WIDTH, 3.8))
    for name, (mark, _, colour) in REGIONS.items():
        mine = there & (places.region == name)
        axis.scatter(places.distance[mine], depths.depth[mine], s=9, marker=mark, color=colour, alpha=0.35, lw=0,
                     label=name, rasterized=True)  # fmt: skip
    edges = np.unique(np.nanpercentile(places.distance[there], np.linspace(0, 100, 9))) if there.any() else [0, 1]
    middle, means = [], []
    for low, high in pairwise(edges):
        mine = there & (places.distance >= low) & (places.distance <= high)
        middle.append(places.distance[mine].mean())
        means.append(depths.depth[mine].mean())
    axis.plot(middle, means, color=INK, lw=2, marker="o", ms=4, label="mean of an eighth")
    axis.set(xlabel="Distance from primary auditory cortex [mm]", ylabel="Preferred depth (0 first, 1 last)")
    legend = figure.legend(loc="outside lower center", ncols=3, handletextpad=0.2, markerscale=2)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    turned = "" if spun is None else f" Turned on the sphere: {words.p_value(spun.p, len(spun.draws))}."
    return Captioned(
        figure,
        "distance",
        f"Preferred depth in `{depths.model}` of {int(there.sum())} {places.what} ({places.who}) and how far each lies "
        f"from primary auditory cortex, along the sheet. Line: means of eighths. Rank correlation "
        f"{words.told(rho)}.{turned}",
        f"Mean preferred depth goes from {words.number(means[0])} nearest to primary cortex to "
        f"{words.number(means[-1])} farthest from it.",
    )


def profiles(depths: Depths) -> Captioned:
    """Mean r2 of each region's predicted places by layer, over its mean, before training and after."""
    places, few = depths.places, depths.arrays["few"]
    region, staged = places.region[few], depths.arrays["staged"]
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 5.6), sharex=True, sharey=True)
    rises = {}
    for axis, scores, title in zip(axes, (staged[0], staged[-1]), ("Before training", "After training"), strict=True):
        for name, (mark, line, colour) in REGIONS.items():
            if not (mine := region == name).any():
                continue
            mean = scores[:, mine].mean(axis=1)
            rises[name] = mean / mean.mean()
            axis.plot(rises[name], marker=mark, ls=line, color=colour, label=f"{name} ({int(mine.sum())})")
        axis.axhline(1, color=FAINT, lw=1, zorder=0)
        axis.set_title(title)
        axis.set_ylabel("r² over its mean")
    axes[1].set_xticks(range(len(depths.layers)), _short(depths.layers))
    axes[1].set_xlabel("Layer")
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    told = "; ".join(f"{name} peaks at {depths.layers[int(x.argmax())]}" for name, x in rises.items())
    return Captioned(
        figure,
        "profiles",
        f"Mean share of variance that each layer of `{depths.model}` predicts in the regions of {places.who}, over the "
        f"mean of all layers; in brackets how many {places.what}. Flat: all layers do equally well.",
        f"After training, {told}.",
    )


def _short(layers: list[str]) -> list[str]:
    """Numbers in the place of names, where names would not fit."""
    return [name.removeprefix("layer.").replace("embedding", "0") for name in layers]


def over_training(depths: Depths, ends: Mapping[str, Estimate]) -> Captioned:
    """The interaction at every stage of training, all listeners together, with intervals at both ends."""
    places, few = depths.places, depths.arrays["few"]
    values = [interaction(scores, places.region[few]) for scores in depths.arrays["staged"]]
    figure, axis = plt.subplots(figsize=(WIDTH, 3.2))
    axis.plot(values, color=OURS, marker="o", label="all listeners together")
    for place, one in ((0, ends["interaction_before"]), (len(values) - 1, ends["interaction"])):
        error = [[one.value - one.low], [one.high - one.value]]
        label = "mean of listeners, 95 % interval" if place else None
        axis.errorbar(place, one.value, error, fmt="D", color=INK, label=label)
    axis.axhline(0, color=INK, lw=1, ls=":")
    axis.set_xticks(range(len(values)), [_stage(stage) for stage in depths.stages])
    axis.set(xlabel="Step of training", ylabel="Others minus primary\n(relative gain, last layer)")
    figure.legend(loc="outside lower center", ncols=2)
    return Captioned(
        figure,
        "training",
        f"How much more of its mean r² the rest of cortex gains from the first layer of `{depths.model}` to the last "
        f"than primary cortex does, along training ({len(few)} {places.what}, {places.who}).",
        f"It goes from {words.number(values[0])} before training to {words.number(values[-1])} after it.",
    )


def _stage(stage: str) -> str:
    step = step_of(stage)
    return "end" if step == np.inf else f"{step:.0f}"
