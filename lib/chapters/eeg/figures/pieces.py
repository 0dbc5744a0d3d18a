"""Figures of the EEG chapter on how sentences are said, and on agreement of sound, brain and model.

Comes in: groups of sentences, what sets one apart, and agreement three ways. Goes out: figures with captions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from lib.chapters.eeg.figures.common import GREY, MARKS, colours, number
from lib.chapters.eeg.prosody import TITLES
from lib.chapters.eeg.threeway import beside_broken, squared_pairs
from lib.report import Captioned, words
from lib.report.style import FAINT, INK, MEASURE_TITLES, OURS, PUBLISHED, WIDTH

if TYPE_CHECKING:
    from lib.chapters.eeg.prosody import Grouped
    from lib.chapters.eeg.study import Study
    from lib.compare.similarity.trimodal import TriModal


def affect(groups: Grouped | str) -> Captioned | str:
    """Sentences by the two proxies, marked by group, and how stable each number of groups is."""
    if isinstance(groups, str):
        return groups
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(WIDTH, 7.6))
    points = list(groups.proxies.groupby(groups.labels, sort=True))
    paints = colours([name for name, _ in points])
    for mark, (name, part) in zip(MARKS, points, strict=False):
        label = f"{TITLES.get(name, name)} ({len(part)})"
        upper.scatter(part["valence"], part["arousal"], s=26, marker=mark, color=paints[name], label=label)
    upper.set(xlabel="Valence proxy (mean z)", ylabel="Arousal proxy (mean z)", title="Sentences by group")
    upper.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, columnspacing=1.0, handletextpad=0.3)
    table = groups.stability
    lower.errorbar(table["k"], table["stability"], 1.96 * table["standard_error"], fmt="-o", color=OURS,
                   label="these sentences")  # fmt: skip
    lower.plot(table["k"], table["null_stability"], "--s", color=GREY, label="one cloud, no groups")
    lower.set(xlabel="Number of groups", ylabel="Stability (adjusted Rand index)", ylim=(0, 1.03), xticks=table["k"])
    lower.set_title("Groups that resampling finds again")
    lower.legend()
    caption = (
        f"Above: {len(groups.labels)} sentences by two acoustic proxies, standardised within the speaker; {groups.k} "
        "groups by K-means on both, named by their mean valence proxy alone: nobody rated anything. Below: how far "
        "groups found in 80 % of the sentences agree with those of all (1 is identity, 0 chance; 95 % interval of "
        "the mean over resamples), beside one cloud without groups."
    )
    return Captioned(figure, "affect", caption, _affect_alt(groups))


def _affect_alt(groups: Grouped) -> str:
    ends = groups.proxies["valence"].groupby(groups.labels).agg(["min", "max"]).sort_values("min")
    apart = bool((ends["max"].to_numpy()[:-1] < ends["min"].to_numpy()[1:]).all())
    rows = [f"{TITLES.get(n, n)}, {number(r['min'], 1)} to {number(r['max'], 1)}" for n, r in ends.iterrows()]
    row = groups.stability.set_index("k").loc[groups.k]
    return (
        f"Groups {'lie apart' if apart else 'overlap'} in valence: {words.listing(rows)}. With {groups.k} groups "
        f"stability is {number(row['stability'])}, that of one cloud {number(row['null_stability'])}."
    )


def group_differences(tables: Mapping[str, pd.DataFrame] | str, study: Study, models: int) -> Captioned | str:
    """The group of lowest valence minus the rest in standard deviations, by measure (``prosody.lowest_minus_rest``)."""
    if isinstance(tables, str):
        return tables
    figure, axis = plt.subplots(figsize=(WIDTH, 4.6))
    for k, ((name, table), colour) in enumerate(zip(tables.items(), (OURS, PUBLISHED), strict=True)):
        table = table[table["measure"].isin(MEASURE_TITLES)]
        sd = table["difference"] / table["d"]
        y = np.arange(len(table)) + 0.18 * (2 * k - 1)
        away = [(table["difference"] - table["low"]) / sd, (table["high"] - table["difference"]) / sd]
        axis.errorbar(table["d"], y, xerr=away, fmt=MARKS[k], ms=5, color=colour, label=name)
    axis.axvline(0, color=INK, lw=0.8)
    axis.set(yticks=range(len(table)), yticklabels=[MEASURE_TITLES[m] for m in table["measure"]],
             xlabel="Lowest valence minus the rest (standard deviations)")  # fmt: skip
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.0)
    plain = next(iter(tables.values()))
    n = int(plain["n"].iloc[0])
    caption = (
        f"Similarity beyond chance (mean over {models} trained models, {study.who}) of sentences in the group of "
        f"lowest valence minus the rest, in standard deviations, with 95 % intervals over {n} sentences; as it is, "
        "and with level, flux and duration of sentences fitted beside the group."
    )
    apart = [
        f"{name}, {int(((t['low'] > 0) | (t['high'] < 0))[t['measure'].isin(MEASURE_TITLES)].sum())}"
        for name, t in tables.items()
    ]
    alt = f"How many of eight measures have an interval that excludes 0: {'; '.join(apart)}."
    return Captioned(figure, "groups", caption, alt)


def tri_modal(cases: Mapping[str, TriModal], study: Study) -> Captioned:
    """Three squared correlations and the scores made of them with their nulls, for two cases side by side."""
    squared, scores = squared_pairs(cases), beside_broken(cases)
    figure, axes = plt.subplots(2, len(cases), figsize=(WIDTH, 5.8), squeeze=False)
    for column, case in enumerate(cases):
        upper, lower = axes[:, column]
        bars = upper.bar(range(3), squared.loc[case], color=[OURS, PUBLISHED, GREY])
        for bar, hatch in zip(bars, ("", "//", ".."), strict=True):
            bar.set(hatch=hatch, edgecolor="white")
        upper.set_xticks(range(3), [name.replace("-", "\n") for name in squared.columns])
        upper.set_title(case, fontsize=10)
        part = scores[scores["case"] == case]
        x = np.arange(len(part))
        lower.vlines(x, part["null_low"], part["null_high"], color=FAINT, lw=9)
        lower.plot(x, part["value"], "o", color=INK)
        lower.set_xticks(x, [name.replace("_", "\n") for name in part["score"]])
        lower.axhline(0, color=FAINT, lw=1)
        lower.set_xlim(-0.5, len(part) - 0.5)
    axes[0, 0].set_ylabel("Squared rank correlation")
    axes[1, 0].set_ylabel("Score (grey: null)")
    made, heard = list(cases)
    caption = (
        "Squared rank correlations of the three pairs (above) and scores made of them (below; grey, 95 % of draws "
        f"with the pair broken that leaves most). Left: constructed series. Right: {study.who}, mean over "
        f"{cases[heard].n} {study.things}; sound: 25 eGeMAPS descriptors. Scales differ from panel to panel."
    )
    pairs = {case: words.listing([f"{p} {number(v, 3)}" for p, v in squared.loc[case].items()]) for case in cases}
    alt = f"Squared correlations, constructed: {pairs[made]}. Heard: {pairs[heard]}."
    return Captioned(figure, "trimodal", caption, alt)
