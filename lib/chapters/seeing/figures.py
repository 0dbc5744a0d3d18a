"""Figures of the page: one sound through the layers of a model, and the pace of every layer.

Comes in: what models did (``Seen``). Goes out: captioned figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lib.chapters.seeing import paces
from lib.chapters.seeing.material import Heard
from lib.chapters.seeing.seen import RANGE, Seen, pictures_of_sound
from lib.chapters.seeing.viewer import LAYER_COLOURS, SOUND_COLOURS, pace_told, span, ticks
from lib.compare import Estimate
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, OURS, PUBLISHED, WIDTH

PANELS = 3
FACTORS = (0.25, 0.5, 1, 2, 4, 8, 16)


def one_sound(seen: Seen, heard: Heard) -> Captioned:
    """Show the cochleagram of the first sound, and below it the first, middle and last layer of a model."""
    places = sorted(set(np.linspace(0, len(seen.layers) - 1, PANELS).round().astype(int).tolist()))
    figure, axes = plt.subplots(1 + len(places), 1, figsize=(WIDTH, 2 + 1.5 * len(places)), sharex=True)
    pictures, _, frequencies = pictures_of_sound(heard)
    how = {"origin": "lower", "aspect": "auto", "interpolation": "nearest", "vmin": 0, "vmax": 15}
    axes[0].imshow(pictures[0].T, extent=(0, heard.duration, 0, 1), cmap=SOUND_COLOURS, **how)
    axes[0].set(title=f"Cochleagram: {heard.title(heard.shown[0])}", ylabel="Frequency")
    labels = ticks(frequencies)
    axes[0].set_yticks([height for _, height in labels], [name for name, _ in labels])
    for axis, place in zip(axes[1:], places, strict=True):
        layer = seen.layers[place]
        picture = layer.pictures[0]
        image = axis.imshow(
            picture.T, extent=(*span(layer, heard.duration), 0, picture.shape[1]), cmap=LAYER_COLOURS, **how
        )
        axis.set(title=f"{seen.name}, {layer.name}", ylabel="Unit", yticks=[])
    axes[-1].set(xlim=(0, heard.duration), xlabel="Time (s)")
    bar = figure.colorbar(image, ax=axes[1:], location="bottom", shrink=0.6, aspect=40, ticks=[0, 7.5, 15])
    bar.ax.set_xticklabels([f"{words.MINUS}{RANGE:g}", "0", f"{RANGE:g}"])
    bar.set_label("standard deviations from the unit's mean")
    told = [f"{seen.layers[k].name}: {pace_told(seen.pace[0, k], seen.of_sound[0, k])}" for k in places]
    caption = (
        f"One of {heard.n} {heard.kind} and what layers of {seen.name} do meanwhile. Frames stand at their true times. "
        "Units are in the order of the frequency they follow, low ones at the bottom."
    )
    return Captioned(figure, "sound", caption, f"{heard.title(heard.shown[0])}. " + " ".join(told))


def by_layer(seen: Seen, twin: bool = False) -> list[Estimate]:
    """Pace of each layer that has one over the cochleagram's on its clock, of the model or of its untrained twin."""
    pace = seen.of_twin if twin else seen.pace
    return [paces.ratio(pace[:, place], seen.of_sound[:, place], seen.layers[place].name) for place in seen.paced]


def slowest_of(found: list[Estimate]) -> Estimate | None:
    """The layer with the largest pace; None of no layers."""
    return max(found, key=attrgetter("value"), default=None)


def pace(seen: Sequence[Seen], heard: Heard) -> Captioned:
    """Draw how many times as long as the sound each layer stays like itself, with its untrained twin beside it."""
    count = len(seen)
    columns = min(2, count)
    lines = -(-count // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(WIDTH, 0.9 + 2.7 * lines), sharey=True, squeeze=False)
    told = []
    for axis, one in zip(axes.flat, seen, strict=False):
        of_layers = by_layer(one)
        _line(axis, of_layers, "o-", OURS, "trained")
        if one.has_twin:
            _line(axis, by_layer(one, twin=True), "s--", PUBLISHED, "untrained twin", hollow=True)
        axis.axhline(1, color=FAINT, lw=1, zorder=0)
        axis.set(title=one.name, xlabel="Layer, from first to last")
        axis.xaxis.set_major_locator(FixedLocator(range(1, len(of_layers) + 1)))
        told.append(f"{one.name}: {_ends(of_layers)}.")
    for axis in axes.flat[count:]:
        axis.set_visible(False)
    _times_axis(axes, seen)
    handles = {
        label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    caption = (
        f"How many times as long as the cochleagram a layer stays like itself, geometric mean over {heard.n} "
        f"{heard.kind}; bars are 95 % intervals over sounds. The cochleagram is put on each layer's own clock first. "
        "At 1 a layer changes as fast as the sound. The twin is the same network with random weights, drawn once."
    )
    return Captioned(figure, "pace", caption, " ".join(told))


def _line(axis: plt.Axes, found: list[Estimate], look: str, colour: str, label: str, *, hollow: bool = False) -> None:
    value, low, high = (np.array([getattr(one, end) for one in found]) for end in ("value", "low", "high"))
    shift = 0.12 if hollow else 0
    x = np.arange(1, len(found) + 1) + shift
    axis.errorbar(
        x, value, yerr=[value - low, high - value], fmt=look, color=colour, ms=5, lw=1.3, label=label,
        mfc="white" if hollow else colour,
    )  # fmt: skip


def _times_axis(axes: np.ndarray, seen: Sequence[Seen]) -> None:
    """Logarithmic axes that say "2 ×", wide enough for all."""
    for line in axes:
        line[0].set(yscale="log", ylabel="Times as long as the sound")
        line[0].yaxis.set_major_locator(FixedLocator(FACTORS))
        line[0].yaxis.set_minor_locator(NullLocator())
        line[0].yaxis.set_major_formatter(FuncFormatter(_times))
        line[0].tick_params(colors=INK)
    ends = [end for one in seen for twin in (False, True)[: 1 + one.has_twin] for each in by_layer(one, twin)
            for end in (each.low, each.high)]  # fmt: skip
    known = [end for end in ends if np.isfinite(end)] or [1]
    axes[0, 0].set_ylim(min(0.8, 0.9 * min(known)), max(1.2, 1.1 * max(known)))


def _times(value: float, place: int) -> str:
    return f"{value:g} ×"


def _ends(found: list[Estimate]) -> str:
    """What a line does, in words."""
    if not found:
        return "no layer has frames enough"
    slowest = slowest_of(found)
    first, last = (words.number(one.value, 1) for one in (found[0], found[-1]))
    return (
        f"the first layer ({found[0].about}) stays like itself {first} times as long as the sound, the last "
        f"({found[-1].about}) {last} times, and the slowest is {slowest.about}, {words.number(slowest.value, 1)} times"
    )
