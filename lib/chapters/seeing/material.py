"""Sounds of the page, and which models hear them.

Comes in: a recording of short sounds and names of the roster. Goes out: sounds drawn evenly from all categories, one of
each category to be looked at, whether they may be played, and the models whose weights are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lib.ground import MissingData, WrongUse
from lib.models import card, is_here, load, original
from lib.recordings import SoundRecording, load_sounds
from lib.report import words
from lib.report.style import CATEGORY_TITLES


@dataclass(frozen=True, eq=False)
class Heard:
    """Sounds of one recording.

    Attributes
    ----------
    recording : SoundRecording
    names : tuple of str
        All that are heard, the same number of each category.
    shown : tuple of str
        Those that are looked at, the first of each category.
    """

    recording: SoundRecording = field(repr=False)
    names: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of sounds."""
        return len(self.names)

    @property
    def kind(self) -> str:
        """Generated or natural."""
        return "generated sounds" if self.recording.simulated else "natural sounds"

    @property
    def playable(self) -> bool:
        """Whether a page may hand the sounds on: they were generated here. Others belong to their publishers."""
        return self.recording.simulated

    @property
    def duration(self) -> float:
        """Seconds of each sound that are heard: as long as the shortest."""
        return float(self.recording.stimuli.loc[list(self.names), "duration"].min())

    def audio(self, name: str) -> tuple[np.ndarray, int]:
        """One sound, as long as all are: samples and their rate."""
        samples, rate = self.recording.audio(name)
        return samples[: round(self.duration * rate)], rate

    def title(self, name: str) -> str:
        """What a sound is called, with its category: "Music: big band music"."""
        plain = re.sub(r"^stim\d+_", "", name).replace("_", " ")
        category = self.recording.stimuli.loc[name, "category"]
        return f"{CATEGORY_TITLES.get(category, category)}: {plain}"

    def about_playing(self) -> str:
        """Whether the sounds can be heard on the page, and why not."""
        if self.playable:
            return "The sounds were generated for this book, and can be played."
        return (
            f"The sounds themselves are not on this page: their licence is {self.recording.licence}. "
            "What is shown is measured from them, too coarse to play them again."
        )

    def outline(self) -> pd.DataFrame:
        """What is heard, in a table."""
        about = {
            "sounds": self.n, "categories": len(self.shown), "seconds each": f"{self.duration:g}",
            "kind": self.kind, "to be looked at": words.listing([self.title(name) for name in self.shown]),
        }  # fmt: skip
        return pd.DataFrame({"": about}).rename_axis(None)


def heard(recording: str, per_category: int, seed: int) -> Heard:
    """Draw sounds of a recording, the same number from each category where it has so many.

    Parameters
    ----------
    recording : str
    per_category : int
    seed : int
        Of the draw.

    Raises
    ------
    WrongUse
        The recording has no short sounds of several categories.
    """
    found = load_sounds(recording)
    rng = np.random.default_rng(seed)
    by_category = found.stimuli.groupby("category", sort=False, observed=True).groups
    known = [category for category in CATEGORY_TITLES if category in by_category]
    drawn = [
        list(rng.choice(np.array(by_category[category], str), min(per_category, len(by_category[category])), False))
        for category in known or by_category
    ]
    return Heard(found, tuple(str(name) for some in drawn for name in some), tuple(str(some[0]) for some in drawn))


def at_hand(models: Sequence[str], published: Iterable[str]) -> tuple[list[str], str]:
    """Models whose weights are here, each once, and a sentence about those that are not.

    Parameters
    ----------
    models : sequence of str
        Names of the roster; one that is not here is an error.
    published : iterable of str
        Names of the roster; one whose weights are not here is named.

    Raises
    ------
    lib.ground.WrongUse, lib.ground.MissingData, lib.ground.DamagedData
        No such model, its weights are not here, or not what they should be; or there is no model at all.
    """
    for name in models:
        load(name)
    wanted = list(dict.fromkeys(published))
    here = [name for name in wanted if is_here(name)]
    missing = [f"`{name}`" for name in wanted if name not in here]
    known = list(dict.fromkeys([*here, *models]))
    if not known:
        raise WrongUse("no model to look at: name one in `models`")
    if not missing:
        return known, "All models that were asked for are here."
    are = "is" if len(missing) == 1 else "are"
    return known, f"{words.listing(missing)} {are} not on this machine: `alike models fetch NAME` gets what is missing."


def twin_of(name: str) -> str:
    """Name of a model's untrained twin; empty where it has none, or is one."""
    if name != original(name) or not card(name).get("loader"):
        return ""
    twin = f"untrained:{name}:0"
    try:
        load(twin)
    except (WrongUse, MissingData):
        return ""
    return twin
