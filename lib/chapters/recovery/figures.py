"""Figures of what many simulated studies find, each with its caption and its text alternative.

Comes in: rates and plans of ``lib.chapters.recovery``. Goes out: captioned figures.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from lib.chapters.recovery.accuracy import QUANTITIES, best_profiles
from lib.chapters.recovery.counted import ALL_OFF, EFFECT_TITLES, ONE_OFF, Found
from lib.chapters.recovery.planning import LEVELS, MOST, Plan, in_words, many
from lib.report import Captioned, words
from lib.report.claims.detection import ALPHA, power
from lib.report.style import COMPONENT_TITLES, FAINT, INK, OURS, PUBLISHED, WIDTH

_SHADES = ("#5b9be6", "#2563b0", "#0b2a5b")
_MARKS = ("o", "s", "D")
_LINES = (":", "--", "-")


def power_curves(effects: Found) -> Captioned:
    """Power against signal strength, one panel an effect: counted (dots, 95 %) and from the effect size (lines)."""
    figure, axes = plt.subplots(4, 2, figsize=(WIDTH, 8.6), sharey=True)
    table = effects.longest
    for axis, effect in zip(axes.flat, effects.sizes, strict=False):
        mine = table[table["effect"] == effect]
        _power_panel(axis, mine, effects.sizes[effect])
        axis.set(title=EFFECT_TITLES[effect])
    axes.flat[-1].axis("off")
    handles, labels = _handles(axes.flat[: len(effects.sizes)])
    axes.flat[-1].legend(handles, labels, loc="center", title="Listeners per study", title_fontsize=10)
    figure.supxlabel("Signal strength (1: the recordings of this book)", fontsize=10)
    figure.supylabel("Share of studies that find it", fontsize=10)
    missed, dots = int(effects.missed.sum()), len(table)
    caption = (
        f"Power of simulated studies of {table['minutes'].max():.0f} minutes: the share that finds each planted effect "
        "(two-sided t test over listeners at .05, in the planted direction) against the strength of the signal. Marks: "
        f"stored counts, {table['studies'].min()} to {table['studies'].max()} studies each, with exact 95 % intervals. "
        "Lines: predicted from two numbers per effect, fitted to the counts of all lengths and strengths at once; "
        f"they lie outside the interval of {missed} of {dots} marks."
    )
    return Captioned(figure, "power", caption, _power_alt(effects))


def _power_panel(axis: plt.Axes, mine: pd.DataFrame, size: dict[str, float]) -> None:
    """Counts of one effect and the lines fitted to them, a mark and a line for each number of listeners."""
    strength = np.geomspace(mine["snr"].min() * 0.8, mine["snr"].max() * 1.15, 60)
    for k, (n, group) in enumerate(mine.groupby("listeners")):
        bars = [group["rate"] - group["low"], group["high"] - group["rate"]]
        look = {"color": _SHADES[k], "ls": _LINES[k], "lw": 1.4, "marker": _MARKS[k], "ms": 4.5}
        axis.errorbar(
            group["snr"] * (1 + 0.03 * (k - 1)), group["rate"], bars, fmt=_MARKS[k], color=_SHADES[k], ms=4.5, lw=1
        )
        axis.plot(strength, power(size, n, group["minutes"].iloc[0], 1 / strength), **look, markevery=[], label=f"{n}")
    axis.axhline(ALPHA, color=FAINT, lw=1, zorder=0)
    axis.set(xscale="log", ylim=(-0.03, 1.04), yticks=(0, 0.5, 1))
    _strengths(axis, mine["snr"])


def _strengths(axis: plt.Axes, values: pd.Series) -> None:
    """Ticks at the strengths that were simulated."""
    ticks = sorted(set(values))
    axis.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axis.xaxis.set_minor_locator(NullLocator())


def _handles(axes) -> tuple[list, list[str]]:
    """One handle for each look, labelled by all numbers of listeners that panels draw with it."""
    drawn: dict[int, list] = {}
    for axis in axes:
        for k, pair in enumerate(zip(*axis.get_legend_handles_labels(), strict=True)):
            drawn.setdefault(k, []).append(pair)
    labels = [" or ".join(dict.fromkeys(label for _, label in pairs)) for pairs in drawn.values()]
    return [pairs[0][0] for pairs in drawn.values()], labels


def _power_alt(effects: Found) -> str:
    """For each effect, what the smallest and the largest studies find at its highest strength."""
    parts = []
    for effect in effects.sizes:
        mine = effects.longest[effects.longest["effect"] == effect]
        mine = mine[mine["snr"] == mine["snr"].max()].sort_values("listeners")
        few, many_ = mine.iloc[0], mine.iloc[-1]
        parts.append(
            f"{EFFECT_TITLES[effect].lower()} {few['rate']:.2f} with {few['listeners']} and {many_['rate']:.2f} with "
            f"{many_['listeners']} listeners at strength {few['snr']:g}"
        )
    weak = effects.longest[effects.longest["snr"] == effects.longest.groupby("effect")["snr"].transform("min")]["rate"]
    weakest = f"At the weakest signal of each, shares lie between {weak.min():.2f} and {weak.max():.2f}."
    return f"Share of studies that find it: {'; '.join(parts)}. {weakest}"


def false_positives(nothing: pd.DataFrame) -> Captioned:
    """Share of significant tests where there is nothing to find, with its 95 % interval and the band of chance."""
    effects = list(dict.fromkeys(nothing["effect"]))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 6.6), sharey=True, width_ratios=(1, 1.25))
    for axis, (off, title) in zip(axes, ((ALL_OFF, "Noise only"), (ONE_OFF, "Only this effect off")), strict=True):
        mine = nothing[nothing["off"] == off]
        for place, effect in enumerate(effects):
            _false_rows(axis, place, mine[mine["effect"] == effect].sort_values("listeners"))
        axis.axvline(ALPHA, color=INK, lw=1, ls=":")
        axis.set(title=title, xlim=(0, 1.22 * mine["high"].max()))
    axes[0].set_yticks(range(len(effects)), [_in_two(EFFECT_TITLES.get(effect, effect)) for effect in effects])
    axes[0].set_ylim(len(effects) - 0.45, -0.55)
    axes[1].tick_params(left=False)
    figure.supxlabel("Share of tests with p ≤ .05 (number: listeners)", fontsize=10)
    caption = (
        "Tests of simulated studies that find what is not there, in either direction: stored counts, "
        f"{nothing['studies'].min()} to {nothing['studies'].max()} tests a row, with exact 95 % intervals. The number "
        "beside an interval is that of listeners in each study. Left: listeners give noise only. Right: the effect of "
        "the row is off, the others are on. Grey: where a test of exactly .05 (dotted) would lie in 99 of 100 sets "
        "of as many."
    )
    return Captioned(figure, "false", caption, _false_alt(nothing))


def _false_rows(axis: plt.Axes, place: int, rows: pd.DataFrame) -> None:
    """Intervals of one effect, a line for each number of listeners."""
    for k, row in enumerate(rows.itertuples()):
        at = place + 0.27 * (k - (len(rows) - 1) / 2)
        axis.fill_between([row.band_low, row.band_high], at - 0.12, at + 0.12, color=FAINT, alpha=0.7, lw=0)
        axis.plot([row.low, row.high], [at, at], color=_SHADES[k], lw=1.4)
        axis.plot(row.share, at, _MARKS[k], color=_SHADES[k], ms=4.5)
        axis.annotate(
            f"{row.listeners}", (max(row.high, row.band_high), at), (3, 0), textcoords="offset points", va="center"
        )


def _in_two(title: str) -> str:
    """A title in two lines, broken near its middle."""
    parts = title.split()
    return f"{' '.join(parts[:-2])}\n{' '.join(parts[-2:])}" if len(parts) > 2 else title


def _false_alt(nothing: pd.DataFrame) -> str:
    """How many rows lie within chance on either side, and which do not."""
    quiet, single = (nothing[nothing["off"] == what] for what in (ALL_OFF, ONE_OFF))
    outside = single[~single["inside"]]
    named = [
        f"{EFFECT_TITLES[row.effect].lower()} with {row.listeners} listeners {row.share:.2f}"
        for row in outside.itertuples()
    ]
    return (
        f"With noise only, {int(quiet['inside'].sum())} of {len(quiet)} shares lie where chance puts them, around .05. "
        f"With one effect off, {int(single['inside'].sum())} of {len(single)} do; outside: {words.listing(named)}."
    )


def coverage(table: pd.DataFrame) -> Captioned:
    """Share of 95 % intervals that hold what was planted, against listeners, one line a quantity."""
    figure, axis = plt.subplots(figsize=(WIDTH, 4.4))
    colours, marks, lines = ("#0173b2", "#de8f05", "#029e73", "#cc78bc"), "osD^", ("-", "--", "-.", ":")
    places = sorted(set(table["listeners"]))
    for k, (name, title, *_) in enumerate(QUANTITIES.values()):
        mine = table[table["name"] == name].sort_values("listeners")
        at = np.searchsorted(places, mine["listeners"]) + 0.07 * (k - 1.5)
        bars = [mine["coverage"] - mine["low"], mine["high"] - mine["coverage"]]
        axis.errorbar(at, mine["coverage"], bars, color=colours[k], ls=lines[k], marker=marks[k], ms=5, label=title)
    axis.axhline(0.95, color=INK, lw=1, ls=":")
    axis.set(ylim=(0, 1.03), xlabel="Listeners per study", ylabel="Share of intervals that hold it")
    axis.set_xticks(range(len(places)), places)
    figure.legend(loc="outside upper center", ncols=2)
    caption = (
        "How often the 95 % intervals of simulated studies hold what was planted; dotted: the .95 that they promise. "
        f"Stored counts, {table['studies'].min()} to {table['studies'].max()} studies each, with exact 95 % intervals."
    )
    few, most = (table[table["listeners"] == n].set_index("name")["coverage"] for n in (places[0], places[-1]))
    parts = [f"{title} {few[name]:.2f} and {most[name]:.2f}" for name, title, *_ in QUANTITIES.values()]
    alt = (
        f"Share of intervals that hold the truth, with {places[0]} and with {places[-1]} listeners: {'; '.join(parts)}."
    )
    return Captioned(figure, "coverage", caption, alt)


def profiles_found(table: pd.DataFrame) -> Captioned:
    """r² between planted profiles and those found blind against signal strength, one panel a component."""
    figure, axes = plt.subplots(3, 2, figsize=(WIDTH, 7.2), sharex=True, sharey=True)
    table = table[table["snr"] > 0]
    for axis, (name, title) in zip(axes.flat, COMPONENT_TITLES.items(), strict=True):
        mine = table[table["component"] == name]
        for k, (n, group) in enumerate(mine[~mine["chance"]].groupby("listeners")):
            bars = [group["r2"] - group["low"], group["high"] - group["r2"]]
            label = f"{n} listener{'s' * (n > 1)}"
            axis.errorbar(
                group["snr"], group["r2"], bars, color=_SHADES[k], ls=_LINES[k], marker=_MARKS[k], ms=4, label=label
            )
        chance = mine[mine["chance"]].groupby("snr")["r2"].mean()
        axis.plot(chance.index, chance, color="#6b7580", lw=3, alpha=0.6, label="sounds exchanged")
        axis.set(title=title, xscale="log", ylim=(0, 1.04), yticks=(0, 0.5, 1))
        _strengths(axis, mine["snr"])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    figure.supxlabel("Signal strength (1: the recordings of this book)", fontsize=10)
    figure.supylabel("Share of variance (r²) in common with the planted profile", fontsize=10)
    caption = (
        "Profiles found blind in the voxels of simulated listeners, against the planted ones (165 sounds; stored "
        f"results, mean over {table['studies'].max()} studies with its 95 % interval). Grey: the same with the sounds "
        "exchanged."
    )
    best = best_profiles(table)
    parts = [f"{COMPONENT_TITLES[name]} {one.value:.2f}" for name, one in best.items()]
    weak = table[~table["chance"] & (table["snr"] == table["snr"].min())]
    alt = (
        f"r² at strength 1 with most listeners: {words.listing(parts)}. At strength {weak['snr'].iloc[0]:g} all lie "
        f"between {weak['r2'].min():.2f} and {weak['r2'].max():.2f}; with sounds exchanged no mean is above "
        f"{table[table['chance']]['r2'].max():.2f}."
    )
    return Captioned(figure, "profiles-found", caption, alt)


def planned_power(plan: Plan) -> Captioned:
    """Listeners that it takes to find each effect with a power of .5, .8 and .95, and the power of the plan."""
    figure, axis = plt.subplots(figsize=(WIDTH, 4.6))
    for shift, level, (mark, colour) in zip(
        (-0.22, 0, 0.22), LEVELS, (("o", "white"), ("D", OURS), ("s", INK)), strict=True
    ):
        reached = [(n[level], place + shift) for place, n in enumerate(plan.needed.values()) if n[level]]
        axis.plot(*np.reshape(reached, (-1, 2)).T, mark, mfc=colour, mec=OURS, ms=6, label=f"power {level:g}")
    axis.axvline(plan.listeners, color=PUBLISHED, ls="--", lw=1.4, label=f"planned: {plan.listeners}")
    for place, value in enumerate(plan.power.values()):
        axis.axhline(place + 0.5, color=FAINT, lw=0.8)
        axis.text(1.02, place, f"plan: {in_words(value)}", transform=axis.get_yaxis_transform(), va="center")
    axis.set_yticks(range(len(plan.power)), [_in_two(EFFECT_TITLES[name]) for name in plan.power])
    most = max([40, 2 * plan.listeners, *(n or MOST for needed in plan.needed.values() for n in needed.values())])
    axis.set(xscale="log", xlim=(1.7, 1.1 * most), ylim=(len(plan.power) - 0.5, -0.5), xlabel="Listeners needed")
    ticks = [n for n in (2, 5, 10, 20, 50, 100, 200, 400) if n <= most]
    axis.set_xticks(ticks, ticks)
    axis.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside upper center", ncols=2)
    levels = [f"{level:g}" for level in LEVELS]
    caption = (
        f"How many listeners must each hear {plan.minutes:g} minutes, under noise {plan.noise:g} times that of the "
        f"simulated recordings, for a study to find each effect with a power of {words.listing(levels)}; beside the "
        f"rows, the power of {plan.listeners} listeners. Predicted from simulated studies; 2 to {MOST} listeners were "
        "tried, and what takes more has no mark. Simulated noise is tame: in people, take these as the least."
    )
    parts = [f"{EFFECT_TITLES[name].lower()} {many(needed[0.8])}" for name, needed in plan.needed.items()]
    return Captioned(figure, "plan", caption, f"Listeners needed for a power of .8: {words.listing(parts)}.")
