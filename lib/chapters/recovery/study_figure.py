"""The figure of one study: responses over time and their maps on the head, recovered and planted.

Comes in: responses of ``lib.chapters.recovery.one_study``. Goes out: a figure with what is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from lib.chapters.recovery.one_study import PARTS, Response
from lib.compare.word_responses import SECONDS
from lib.report import Captioned, words
from lib.report.style import FAINT, OURS, PUBLISHED, WIDTH


def responses(study: Mapping[str, Response], info) -> Captioned:
    """Waves of each response above its two maps.

    Parameters
    ----------
    study : mapping of str to Response
    info : mne.Info
        Of the channels.
    """
    figure = plt.figure(figsize=(WIDTH, 4.1 * len(study)))
    grid = figure.add_gridspec(2 * len(study), 2, height_ratios=(1.15, 1) * len(study))
    for number, one in enumerate(study.values()):
        _wave(figure.add_subplot(grid[2 * number, :]), one)
        for column, kind in enumerate(("recovered", "planted")):
            drawn = _map(figure.add_subplot(grid[2 * number + 1, column]), one, kind, info)
    bar = figure.colorbar(drawn, ax=figure.axes, location="bottom", shrink=0.6, aspect=30, ticks=(-1, 0, 1))
    bar.set_label("Maps: potential, as a share of the map's largest")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    n = len(next(iter(study.values())).waves)
    caption = (
        f"Responses of {n} simulated listeners, recovered from their raw EEG (solid) and as planted (dashed). "
        f"{_scaled(study)} Shaded: two standard errors over listeners; grey bar: the planted peak. "
        "Below each wave: the potential over the head at that moment, seen from above, each map in shares of its own "
        "largest value."
    )
    return Captioned(figure, "responses", caption, " ".join(_alt(one) for one in study.values()))


def _wave(axis: plt.Axes, one: Response) -> None:
    """Mean wave with its errors, and the planted one, scaled."""
    _, what, _, place, _, unit = PARTS[one.name]
    mean, error = one.waves.mean(axis=0), one.waves.std(axis=0, ddof=1) / np.sqrt(len(one.waves))
    axis.axhline(0, color=FAINT, lw=1)
    axis.axvline(0, color=FAINT, lw=1)
    axis.axvline(one.planted_peak.value, color=FAINT, lw=6, zorder=0)
    axis.fill_between(1000 * SECONDS, mean - 2 * error, mean + 2 * error, color=OURS, alpha=0.2, lw=0)
    axis.plot(1000 * SECONDS, mean, color=OURS, label="recovered")
    axis.plot(1000 * SECONDS, one.scale * one.goal, color=PUBLISHED, ls="--", label="planted")
    scaled = f" (planted × {one.scale:.2g})" if one.scale != 1 and one.there else ""
    axis.set(title=f"To {what}, {place}{scaled}", ylabel=unit, xlabel="Time after onset (ms)")


def _map(axis: plt.Axes, one: Response, kind: str, info):
    """One map at the planted peak, in shares of its largest value."""
    import mne

    values = {"recovered": one.found, "planted": one.planted}[kind]
    at = int(np.argmin(abs(1000 * SECONDS - one.planted_peak.value)))
    shown = values.mean("listener").values[at]
    shown = shown / max(abs(shown).max(), 1e-12)
    drawn, _ = mne.viz.plot_topomap(shown, info, axes=axis, show=False, contours=4, cmap="PuOr_r", vlim=(-1, 1))
    axis.set_title(f"{kind}, {1000 * SECONDS[at]:.0f} ms", fontweight="normal", loc="center")
    return drawn


def _scaled(study: Mapping[str, Response]) -> str:
    """Which planted waves were scaled, and by how much."""
    scaled = [one for one in study.values() if one.scale != 1 and one.there]
    return " ".join(
        f"The planted response to {PARTS[one.name][1]} is multiplied by {one.scale:.2g}, fitted, because the brain's "
        "own onsets have another unit: compare its shape, not its size."
        for one in scaled
    )


def _alt(one: Response) -> str:
    """What the wave and the maps of one response show."""
    _, what, *_ = PARTS[one.name]
    if not one.there:
        most = words.number(abs(one.waves.mean(axis=0)).max())
        return f"Response to {what}: nothing was planted; the recovered wave is noise, at most {most} µV from zero."
    turns = [
        f"at {row.lag:.0f} ms {words.number(row.recovered)} where {words.number(row.planted)} was planted "
        f"({row.recovered / row.planted:.1f} times)"
        for row in one.turns().itertuples()
    ]
    return (
        f"Response to {what}, in µV: the recovered wave has {words.listing(turns)}. "
        f"The two maps correlate {words.number(one.likeness.value)}."
    )
