"""Numbers of the page: how long layers stay like themselves, beside the sound, first layers and untrained twins.

Comes in: what models did (``Seen``). Goes out: named records for the prose, a table, tidy rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.chapters.seeing import paces
from lib.chapters.seeing.figures import by_layer, slowest_of
from lib.chapters.seeing.material import Heard
from lib.chapters.seeing.seen import Seen
from lib.compare import Estimate
from lib.report import words

NO_TWIN = "not available: it has no untrained twin"
ONE_LAYER = "not available: it has one layer with a pace"


def against_sound(seen: Seen) -> Estimate:
    """Pace over that of the sound, averaged over layers."""
    return paces.ratio(seen.pace, seen.of_sound, f"pace of layers of {seen.name} over that of the cochleagram")


def against_first(seen: Seen) -> Estimate | None:
    """Last layer's slowness over the first's, each against the sound on its own clock; None of a single layer."""
    if len(seen.paced) < 2:
        return None
    slowness = seen.pace / seen.of_sound
    first, last = seen.paced[0], seen.paced[-1]
    return paces.ratio(slowness[:, last], slowness[:, first], f"pace of the last layer of {seen.name} over the first")


def against_twin(seen: Seen) -> Estimate | None:
    """Pace over that of the untrained twin, averaged over layers; None without a twin."""
    if not seen.has_twin:
        return None
    return paces.ratio(seen.pace, seen.of_twin, f"pace of layers of {seen.name} over those of its untrained twin")


def named(seen: Sequence[Seen], heard: Heard) -> dict[str, Estimate | int | str]:
    """What the prose quotes: of the first model, and how many models slow down or are slowed by training."""
    first = seen[0]
    deeper = [one for one in map(against_first, seen) if one]
    learnt = [one for one in map(against_twin, seen) if one]
    slowest = slowest_of(by_layer(first))
    return {
        "first_model": f"`{first.name}`",
        "n_models": len(seen),
        "n_sounds": heard.n,
        "slowness": against_sound(first),
        "deepening": against_first(first) or ONE_LAYER,
        "learnt": against_twin(first) or NO_TWIN,
        "slowest_layer": f"`{slowest.about}`" if slowest else "none",
        "deeper": _counted([one.low > 1 for one in deeper], [one.high < 1 for one in deeper], "slower", "faster"),
        "trained": _counted([one.low > 1 for one in learnt], [one.high < 1 for one in learnt], "slower", "faster"),
        "sound_ms": _of_sound(first),
    }


def _of_sound(seen: Seen) -> Estimate:
    """Milliseconds that the cochleagram stays like itself on the clock of the first layer with a pace."""
    if not seen.paced:
        return Estimate(np.nan)
    times = seen.of_sound[:, seen.paced[0]]
    return paces.ratio(1000 * times, np.ones_like(times), "pace of the cochleagram, in ms")


def _counted(up: list[bool], down: list[bool], more: str, less: str) -> str:
    """How many of several intervals lie above 1, below it, and on both sides, in words."""
    if not up:
        return "none can be asked"
    rest = len(up) - sum(up) - sum(down)
    told = f"{sum(up)} of {len(up)} are {more} and {sum(down)} {less}"
    return f"{told}; of {rest} it can't be told" if rest else told


def table(seen: Sequence[Seen]) -> pd.DataFrame:
    """A row a model: how many times as long as the sound, as its first layer, as its twin it stays like itself."""
    rows = {
        one.name: {
            "layers": len(one.paced),
            "times the sound": _told(against_sound(one)),
            "last layer, times the first": _told(against_first(one)),
            "trained, times untrained": _told(against_twin(one)),
        }
        for one in seen
    }
    return pd.DataFrame(rows).T.rename_axis(None)


def _told(found: Estimate | None) -> str:
    return f"{words.number(found.value)} ({words.interval(found, 2)})" if found else "–"


def tidy(seen: Sequence[Seen], heard: Heard) -> pd.DataFrame:
    """Every pace in a row of its own, in seconds: measure says whose."""
    parts = []
    for one in seen:
        for measure, paced in {"pace": one.pace, "pace_of_sound": one.of_sound, "pace_of_twin": one.of_twin}.items():
            wide = pd.DataFrame(paced, list(heard.names), [layer.name for layer in one.layers])
            wide = wide.rename_axis(index="stimulus", columns="layer").reset_index()
            long = wide.melt(id_vars="stimulus", value_name="value")
            parts.append(long.assign(model=one.name, measure=measure))
    return pd.concat(parts, ignore_index=True).dropna(subset="value").assign(n=1)
