"""Figures of what the EEG chapter starts from: spectra, responses at frames, and signs of components.

Comes in: a study, and what two choices do (``lib.chapters.eeg.choices``). Goes out: figures with captions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from lib.chapters.eeg.figures.common import PALE, number
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, OURS, PUBLISHED, WIDTH

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.choices import Signs, TwoWays
    from lib.chapters.eeg.study import Study

SHOWN = slice(0.25, 62)
"""Frequencies that are drawn [Hz]."""


def spectra(study: Study) -> Captioned:
    """Power spectra of all channels: of EEG before and after cleaning, else of the responses as they are published."""
    if not study.spoken:
        return _published_spectra(study)
    cleaned = study.heard.cleaned
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 5.8), sharex=True, sharey=True)
    for axis, data, title in zip(axes, (cleaned.before, cleaned.after), ("As recorded", "Cleaned"), strict=True):
        inside = data.sel(frequency=SHOWN)
        for name in inside.channel.values:
            bad = str(name) in cleaned.bad
            line = {"color": PUBLISHED, "lw": 1.6, "ls": "--", "zorder": 3} if bad else {"color": PALE, "lw": 0.5}
            axis.plot(inside.frequency, inside.sel(channel=name), **line)
        axis.plot(inside.frequency, inside.median("channel"), color=OURS, lw=2, zorder=4)
        axis.set(title=title, yscale="log", ylabel="Power (µV²/Hz)")
    axes[0].set_ylim(bottom=max(float(cleaned.after.sel(frequency=SHOWN).median()) * 1e-4, 1e-6))
    axes[1].set_xlabel("Frequency (Hz)")
    marks = [(PALE, "-", "one channel"), (OURS, "-", "median channel"), (PUBLISHED, "--", "repaired channel")]
    lines = [plt.Line2D([], [], color=colour, ls=style, lw=2, label=label) for colour, style, label in marks]
    figure.legend(handles=lines, loc="outside lower center", ncols=3, columnspacing=1.0, handlelength=1.5)
    channels, bad = len(study.heard.channels), words.listing(list(cleaned.bad))
    caption = (
        f"Power spectra of one listener ({study.heard.subjects[0]} of {study.who}), {channels} channels, before and "
        f"after cleaning. Bad channels: {bad}."
    )
    before, after = (_ratio_of_mains(x, study) for x in (cleaned.before, cleaned.after))
    alt = (
        f"At the mains frequency the median channel has {before} of the power beside it before cleaning, and {after} "
        f"after. Channels that were not believed: {bad}."
    )
    return Captioned(figure, "spectra", caption, alt)


def _ratio_of_mains(data: xr.DataArray, study: Study) -> str:
    """Power at the mains over that 5 Hz below, of the median channel, in words."""
    mains = study.recording.card.get("line_freq", 50)
    median = data.median("channel")
    at, beside = (float(median.sel(frequency=f, method="nearest")) for f in (mains, mains - 5))
    return f"{number(at / beside, max(words.digits(at / beside) - 1, 0))} times" if beside > 0 else "an unknown share"


def _published_spectra(study: Study) -> Captioned:
    from scipy.signal import welch

    heard, subject = study.heard, study.heard.subjects[0]
    series = [heard.values[name][subject].T for name in study.stimuli]
    found = [welch(x, study.rate, nperseg=min(x.shape[1], int(2 * study.rate)), axis=1) for x in series]
    frequency, power = found[0][0][1:], np.mean([one[1] for one in found], axis=0)[:, 1:]  # the mean was taken out
    figure, axis = plt.subplots(figsize=(WIDTH, 3.4))
    axis.plot(frequency, power.T, color=PALE, lw=0.6)
    axis.plot(frequency, np.median(power, axis=0), color=OURS, lw=2, label="median channel")
    axis.set(xscale="log", yscale="log", xlabel="Frequency (Hz)", ylabel="Power (published units²/Hz)")
    axis.legend()
    slow = power[:, frequency < 5].sum(axis=1) / power.sum(axis=1)
    caption = (
        f"Power spectra of {study.who}, mean over {len(series)} sounds, as published ({study.rate:.0f} Hz); a thin "
        "line is a channel. Nothing was filtered here."
    )
    alt = (
        f"In the median channel {words.share(float(np.median(slow)))} of the power lies below 5 Hz, in each "
        f"at least {words.share(float(slow.min()))}."
    )
    return Captioned(figure, "spectra", caption, alt)


def on_the_frames(found: TwoWays, study: Study) -> Captioned:
    """Show a channel as recorded and at a model's frames, two ways."""
    figure, axis = plt.subplots(figsize=(WIDTH, 3.6))
    axis.plot(found.times, found.wave, color=PALE, lw=0.9, label="as recorded")
    for (name, values), mark, colour in zip(found.ways.items(), "os", (PUBLISHED, OURS), strict=True):
        axis.plot(found.frames, values, mark, ms=5, ls="-", lw=1.3, color=colour, label=name)
    first, last = found.frames[0], min(found.frames[-1], found.frames[0] + 2.0)
    axis.set(xlabel="Time from onset (s)", ylabel=f"Response ({study.unit_of_response})", xlim=(first, last))
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0, handlelength=1.5)
    linear, smooth = (np.abs(np.diff(x)).mean() for x in found.ways.values())
    whose = f"of the first of {study.who}" if study.spoken else f"({study.who})"
    caption = (
        f"Channel {found.channel} {whose} during {found.stimulus}, as recorded ({study.rate:.0f} Hz) and at the frames "
        f"of `{found.model}`, two ways."
    )
    alt = (
        f"From frame to frame the response changes {number(linear / smooth, 1)} times as much by linear "
        "interpolation as behind a low-pass filter, which follows the slow course."
    )
    return Captioned(figure, "frames", caption, alt)


def sign_spread(found: Signs, study: Study) -> Captioned:
    """Show how scores move over sign patterns, and how much geometry short excerpts keep."""
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(WIDTH, 7.0))
    pieces = list(found.draws.groupby("piece", sort=False))
    for k, (_, part) in enumerate(pieces):
        upper.violinplot(part["value"], [k], widths=0.8, showextrema=False)["bodies"][0].set(
            facecolor="#9dbbe6", alpha=1
        )
        upper.plot(k, part["convention"].iloc[0], "_", ms=14, mew=2, color=OURS)
        upper.plot(k, part["invariant"].iloc[0], "D", ms=6, color=PUBLISHED)
    upper.axhline(0, color=FAINT, lw=1)
    upper.set(xlabel="Excerpt", ylabel="Spearman RSA", title="Random signs", xticks=range(len(pieces)))
    upper.set_xticklabels([name for name, _ in pieces])
    marks = [plt.Rectangle((0, 0), 1, 1, color="#9dbbe6", label="random signs")]
    marks += [plt.Line2D([], [], marker="_", ls="", ms=12, mew=2, color=OURS, label="by convention")]
    marks += [plt.Line2D([], [], marker="D", ls="", ms=6, color=PUBLISHED, label="Euclidean")]
    upper.legend(handles=marks, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.24), columnspacing=1.0)
    styles = (("s--", PUBLISHED), ("o-", OURS))
    for (kind, part), (line, colour) in zip(found.spread.groupby("kind", sort=False), styles, strict=False):
        lower.plot(part["frames"], part["spread"], line, color=colour, ms=5, label=kind)
    least = found.components + 1
    lower.axvline(least, color=INK, ls=":", lw=1.2)
    lower.set(xlabel="Frames in the excerpt", ylabel="Spread / mean", title="Distances between frames")
    lower.set_ylim(-0.02, None)
    lower.legend()
    return Captioned(figure, "signs", _signs_caption(found, study, least), _signs_alt(found, least))


def _signs_caption(found: Signs, study: Study, least: int) -> str:
    n = found.draws["piece"].nunique()
    return (
        f"Above: Spearman RSA of `{found.model}`, last layer, with the first set of responses ({study.who}) for {n} "
        "excerpts, over 100 random choices of the components' signs (shaded), by the convention of this book, and "
        "with Euclidean distance between states. Below: standard deviation of the distances between frames over "
        f"their mean, in the first frames of an excerpt; dotted, {least} frames, one more than components."
    )


def _signs_alt(found: Signs, least: int) -> str:
    ranges = found.draws.groupby("piece")["value"].agg(np.ptp)
    short = found.spread[(found.spread["frames"] <= least) & (found.spread["kind"] == "whitened components")]
    states = found.spread.loc[found.spread["kind"] == "states", "spread"]
    return (
        f"Signs alone move the score of an excerpt over a range of {number(ranges.min())} to {number(ranges.max())}. "
        f"Up to {least} frames, distances between whitened components differ by no more than "
        f"{number(short['spread'].max())} of their mean; those between states by at least {number(states.min())}."
    )
