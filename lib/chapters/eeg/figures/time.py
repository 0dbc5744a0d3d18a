"""Figures of the EEG chapter on time: likeness in windows after onset, and where on the head it or a response lies.

Comes in: likeness in windows (``lib.chapters.eeg.windows``) and responses to words. Goes out: figures with captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from lib.chapters.eeg.figures.common import GREY, number
from lib.chapters.eeg.words import in_windows
from lib.report import Captioned, words
from lib.report.style import INK, OURS, WIDTH

if TYPE_CHECKING:
    from lib.chapters.eeg.study import Study
    from lib.chapters.eeg.windows import Timed
    from lib.chapters.eeg.words import Words
    from lib.compare.clusters import ClusterTest

LATE = "#eef2f7"
MAPS = 5
SATURATED = 10.0
"""Standard errors from 0 at which the colour of a map is full: what is no more than noise is pale."""


def window_courses(timed: Timed, study: Study) -> Captioned:
    """Similarity by window of time, mean with intervals over units, beside its null."""
    course, chance = timed.course(timed.observed), timed.course(timed.expected)
    figure, axis = plt.subplots(figsize=(WIDTH, 3.9))
    axis.axvspan(250, 500, color=LATE, zorder=0)
    axis.text(375, 0.98, "250 to 500 ms", ha="center", va="top", transform=axis.get_xaxis_transform())
    axis.plot(chance["centre"], chance["value"], color=GREY, ls="--", lw=1.6, label="response at other times")
    away = [course["value"] - course["low"], course["high"] - course["value"]]
    axis.errorbar(course["centre"], course["value"], away, fmt="-o", ms=4.5, lw=1.3, color=OURS, label=timed.model)
    axis.set(xlabel="Middle of the window after onset (ms)", ylabel="Spearman RSA, mean over channels")
    low, high = min(course["low"].min(), chance["value"].min()), course["high"].max()
    axis.set_ylim(low - 0.05 * (high - low), high + 0.2 * (high - low))
    figure.legend(loc="outside lower center", ncols=2)
    start, stop = next(iter(timed.spans.values()))
    sizes = timed.observed.sizes
    caption = (
        f"Similarity in windows of {1000 * (stop - start):.0f} ms after onset, `{timed.model}`, best layer of other "
        f"{study.things}, mean over {sizes['channel']} channels; 95 % intervals over {study.over(sizes['sentence'])}. "
        "Dashed: the same frames with the response at other times. Windows overlap; the paper's is shaded."
    )
    best = list(timed.spans)[int(course["value"].argmax())]
    inside = (chance["value"] >= course["low"]) & (chance["value"] <= course["high"])
    alt = (
        f"Similarity runs between {number(course['value'].min())} and {number(course['value'].max())} and is largest "
        f"in the window of {best}. The null lies within the interval in {int(inside.sum())} of {len(course)} windows."
    )
    return Captioned(figure, "windows", caption, alt)


def channels_in_time(timed: Timed, study: Study, found: ClusterTest | None) -> Captioned:
    """Likeness beyond chance by channel and window: maps of the scalp where there is one, else a table in colour."""
    label, name = "Spearman RSA minus its null", "scalp"
    if found is None:
        return _in_colour(timed, study, label, name)
    values = timed.excess.mean("sentence").transpose("subject", "window", "channel").values
    drawn, chosen = _maps(values, found, list(timed.spans), study, label)
    caption = (
        f"Similarity beyond that with the response at other times, by electrode and window, `{timed.model}`, best "
        f"layer of other {study.things}, mean over {study.who}. "
        f"{_how_coloured(found)}"
    )
    return Captioned(drawn, name, caption, _alt(values, found, list(timed.spans), chosen))


def word_maps(heard: Words | str, timed: Timed, found: ClusterTest | None) -> Captioned | str:
    """Maps of the response to a word, by window after its onset; or why there are none."""
    if isinstance(heard, str) or found is None:
        return heard if isinstance(heard, str) else "maps need electrodes on the scalp and at least six listeners"
    values, study = in_windows(heard.words.values, timed.spans), heard.study
    drawn, chosen = _maps(values, found, list(timed.spans), study, "Response to a word (µV)")
    caption = (
        f"Response to a word by deconvolution, mean over {study.who}, by window "
        f"after the word's onset. {_how_coloured(found)}"
    )
    return Captioned(drawn, "words", caption, _alt(values, found, list(timed.spans), chosen))


def _how_coloured(found: ClusterTest) -> str:
    return (
        f"Colour is full at {SATURATED:g} standard errors from 0, or beyond, so that noise is pale. Dots: electrodes "
        f"of clusters with p < .05 ({found.n_permutations} sign flips, corrected over electrodes and windows)."
    )


def _maps(
    values: np.ndarray, found: ClusterTest, names: Sequence[str], study: Study, label: str
) -> tuple[plt.Figure, list[int]]:
    """Scalp maps of the mean of (subject, window, channel) in a few windows; dots mark significant electrodes."""
    import mne

    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1).mean() / np.sqrt(len(values))
    limit = float(max(np.abs(mean).max(), SATURATED * error))
    chosen = np.linspace(0, len(names) - 1, MAPS).astype(int).tolist()
    figure, axes = plt.subplots(2, 3, figsize=(WIDTH, 4.6))
    dots = {"marker": "o", "markerfacecolor": INK, "markeredgewidth": 0, "markersize": 3.5}
    for axis, k in zip(axes.flat, chosen, strict=False):
        image, _ = mne.viz.plot_topomap(mean[k], study.heard.info, axes=axis, show=False, contours=0, sensors=False,
                                        cmap="RdBu_r", vlim=(-limit, limit), mask=found.significant[k],
                                        mask_params=dots)  # fmt: skip
        axis.set_title(f"{names[k].replace('-', ' to ').replace(' ms', '')} ms", loc="center", fontweight="normal")
    axes.flat[-1].set_axis_off()
    place = axes.flat[-1].inset_axes([0.25, 0.05, 0.1, 0.9])
    figure.colorbar(image, cax=place).set_label(label.replace(" minus", "\nminus").replace(" (µV)", "\n(µV)"))
    return figure, chosen


def _alt(values: np.ndarray, found: ClusterTest, names: Sequence[str], chosen: Sequence[int]) -> str:
    mean = values.mean(axis=0)
    dots = words.listing([f"{int(found.significant[k].sum())} in {names[k]}" for k in chosen])
    window, channel = np.unravel_index(np.abs(mean).argmax(), mean.shape)
    fine = words.digits(mean[window, channel])
    return (
        f"Marked electrodes: {dots}. The largest value, {number(mean[window, channel], fine)}, is in the window of "
        f"{names[window]}."
    )


def _in_colour(timed: Timed, study: Study, label: str, name: str) -> Captioned:
    """Channels in rows and windows in columns, where channels have no places on a scalp."""
    values = timed.excess.mean(["sentence", "subject"]).transpose("channel", "window").values
    figure, axis = plt.subplots(figsize=(WIDTH, 4.8))
    limit = float(np.abs(values).max()) or 1.0
    centres = [500 * (start + stop) for start, stop in timed.spans.values()]
    step = (centres[1] - centres[0]) / 2
    ends = (centres[0] - step, centres[-1] + step, len(values) + 0.5, 0.5)
    image = axis.imshow(values, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, extent=ends)
    axis.set(xlabel="Middle of the window after onset (ms)", ylabel="Channel (number)")
    figure.colorbar(image, ax=axis, location="bottom", shrink=0.7).set_label(label)
    caption = (
        f"Similarity beyond that with the response at other times, by channel and window, `{timed.model}`, best "
        f"layer of other {study.things}, mean over {timed.observed.sizes['sentence']} {study.things} ({study.who}). "
        "Channels have no places on a scalp, so no statistics ask about neighbours: single colours are no findings."
    )
    share = float((values > 0).mean())
    alt = (
        f"{words.share(share)} of channels and windows are above 0; values reach from {number(values.min())} to "
        f"{number(values.max())}, and no window stands out in all channels."
        if (np.sign(values).sum(axis=0) != len(values)).all()
        else f"{words.share(share)} of channels and windows are above 0, and in some window all are."
    )
    return Captioned(figure, name, caption, alt)
