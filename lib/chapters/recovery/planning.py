"""Power of a study that nobody has simulated, from the sizes of effects that simulated studies show.

Comes in: effect sizes (``lib.chapters.recovery.counted``) and the study that is planned. Goes out: its power per
effect, and how many listeners it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.chapters.recovery.counted import EFFECT_TITLES
from lib.compare import Estimate
from lib.report.claims.detection import power

MOST = 400
"""Listeners beyond which nobody plans."""
LEVELS = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Plan:
    """A planned study.

    Attributes
    ----------
    listeners : int
    minutes, noise : float
        Of the story each of them hears; amplitude of the noise against that of the simulated recordings.
    power : dict of str to float
        By effect.
    needed : dict of str to (dict of float to int or None)
        By effect, the least number of listeners with at least each of ``LEVELS``; None beyond ``MOST``.
    """

    listeners: int
    minutes: float
    noise: float
    power: dict[str, float]
    needed: dict[str, dict[float, int | None]]

    @property
    def numbers(self) -> dict[str, Estimate]:
        """What a page quotes, by name."""
        return {
            f"plan_{name.replace(', ', '_').replace(' ', '_')}": Estimate(
                value, n=self.listeners, about=f"predicted power: {EFFECT_TITLES[name]}", digits=2
            )
            for name, value in self.power.items()
        }

    @property
    def table(self) -> pd.DataFrame:
        """Power, and listeners for .8, one row an effect."""
        rows = {
            EFFECT_TITLES[name]: {"power": in_words(value), "listeners for .8": many(self.needed[name][0.8])}
            for name, value in self.power.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")


def plan(sizes: Mapping[str, Mapping[str, float]], listeners: int, minutes: float, noise: float) -> Plan:
    """Predict the power of a study for every effect."""
    of_plan = {name: float(power(size, listeners, minutes, noise)) for name, size in sizes.items()}
    needed = {name: _needed(size, minutes, noise) for name, size in sizes.items()}
    return Plan(listeners, minutes, noise, of_plan, needed)


def _needed(size: Mapping[str, float], minutes: float, noise: float) -> dict[float, int | None]:
    """The least numbers of listeners with as much power as each of ``LEVELS``."""
    tried = np.arange(2, MOST + 1)
    of_each = power(size, tried, minutes, noise)
    return {level: int(tried[of_each >= level][0]) if (of_each >= level).any() else None for level in LEVELS}


def in_words(value: float) -> str:
    """A predicted power as finely as the fit can mean it."""
    return "above 0.99" if value > 0.99 else f"{value:.2f}"


def many(n: int | None) -> str:
    """A number of listeners, or that there are too many to plan."""
    return f"more than {MOST}" if n is None else str(n)
