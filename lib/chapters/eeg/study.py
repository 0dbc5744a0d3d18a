"""What one run of the EEG chapter looks at: who heard what, and what they and their number are called in words.

Comes in: a recording, the pieces it is cut into, and how its responses are made ready. Goes out: a ``Study``, which
captions, headlines and verdicts ask where a page on simulated listeners says something else than one on electrodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.chapters.eeg import material
from lib.chapters.eeg.material import ENOUGH, Heard, Piece
from lib.recordings import EEGRecording
from lib.report.claims.table import truths

if TYPE_CHECKING:
    from lib.recordings import SensorSoundRecording

LIKENESS = ("A6", "E3")
"""Claims that any answer to the sound makes true: false for certain only where there is none."""


@dataclass(frozen=True, eq=False)
class Study:
    """One run's listeners and what they heard.

    Attributes
    ----------
    recording : EEGRecording or SensorSoundRecording
    pieces : list of Piece
    unit : str
        What a piece is: ``sentence`` (or sound), or ``word``.
    heard : Heard
        What was answered: recorded, or noise.
    responses : str
        ``recorded`` or ``noise``.
    options : mapping
        What the recording was loaded with (``options``).
    cleaning : mapping
        Choices made in cleaning; none where nothing is cleaned.
    seed : int
        Of noise.
    """

    recording: EEGRecording | SensorSoundRecording
    pieces: list[Piece]
    unit: str
    heard: Heard
    responses: str
    options: Mapping[str, Any]
    cleaning: Mapping[str, Any]
    seed: int

    @property
    def spoken(self) -> bool:
        """Whether this is connected speech with EEG, and not short sounds."""
        return isinstance(self.recording, EEGRecording)

    @property
    def noise(self) -> bool:
        """Whether noise stands in the place of what was recorded."""
        return self.responses == "noise"

    @property
    def simulated(self) -> bool:
        """Whether nobody was measured."""
        return self.recording.simulated or self.noise

    @property
    def stimuli(self) -> list[str]:
        """Stimuli that the pieces are part of."""
        return list(dict.fromkeys(piece.stimulus for piece in self.pieces))

    @property
    def n_listeners(self) -> int:
        """How many sets of responses there are."""
        return len(self.heard.subjects)

    @property
    def many(self) -> bool:
        """Whether intervals are over listeners."""
        return self.n_listeners >= ENOUGH

    @property
    def rate(self) -> float:
        """Samples of a response per second."""
        return float(1 / np.median(np.diff(self.heard.times[self.stimuli[0]])))

    @property
    def unit_of_response(self) -> str:
        """What a response is measured in."""
        return "µV" if self.spoken else "published units"

    @property
    def thing(self) -> str:
        """What a piece is called."""
        return "word" if self.unit == "word" else "sentence" if self.spoken else "sound"

    @property
    def things(self) -> str:
        """What pieces are called."""
        return f"{self.thing}s"

    @property
    def everybody(self) -> str:
        """Whose responses these are or, of noise, are like; without a number."""
        if self.spoken:
            return "simulated listeners" if self.recording.simulated else "human listeners"
        if self.options.get("level") == "components":
            return "components of electrodes in human auditory cortex"
        return "electrodes in human auditory cortex"

    @property
    def crowd(self) -> str:
        """Whose responses these are or, of noise, are like; with their number."""
        return f"{self.n_listeners if self.spoken else len(self.heard.channels)} {self.everybody}"

    @property
    def who(self) -> str:
        """Whose responses these are, for captions, with their number; of noise it says so."""
        return f"noise like the responses of {self.crowd}" if self.noise else self.crowd

    def counted(self, n_pieces: int) -> str:
        """What intervals are over, with its number: listeners, or where these are few, pieces."""
        return f"{self.n_listeners if self.many else n_pieces} {self.counted_things}"

    @property
    def counted_things(self) -> str:
        """What intervals are over, in words: listeners, or pieces."""
        return ("sets of noise" if self.noise else "listeners") if self.many else self.things

    def over(self, n_pieces: int, how: str = "") -> str:
        """Over what a mean or an interval is taken, in captions: listeners, or so many pieces and whose responses."""
        return self.who if self.many else f"{n_pieces} {how}{self.things} ({self.who})"

    def beyond(self, null: str) -> str:
        """What a null gives, in words."""
        return {
            "pieces": f"responses to other {self.things}",
            "specific": f"responses to other {self.things}, before any of them ends",
            "shift": "rotations in time",
            "shuffle": "shuffled time points",
        }[null]

    def panel(self, null: str) -> str:
        """The same as the title of a panel, and in the results."""
        if null in ("shift", "shuffle"):
            return {"shift": "beyond rotations", "shuffle": "beyond shuffles"}[null]
        return f"beyond other {self.things}" + (", before any ends" if null == "specific" else "")

    def words(self, null: str) -> dict[str, str]:
        """What prose calls listeners, pieces and what chance is."""
        return {"who": self.who, "things": self.things, "null": self.beyond(null)}

    @property
    def facts(self) -> pd.DataFrame:
        """What this run looks at, for reading."""
        rows = {
            "recording": self.recording.title,
            "what was heard": f"{len(self.recording.stimuli)} {'sentences' if self.spoken else 'sounds'}",
            "used here": f"{len(self.pieces)} {self.things}",
            "responses": self.who,
            "source": self.recording.source,
        }
        level = self.recording.card.get("levels", {}).get(self.options.get("level"))
        return _shown(rows | ({"to be known": level} if level else {}))

    @property
    def steps(self) -> pd.DataFrame:
        """How responses were made ready, for reading."""
        if not self.spoken:
            return _shown({"cleaning": f"none here: as published, {len(self.heard.channels)} channels"})
        return _shown(self.heard.cleaned.steps.set_index("step")["choice"])

    @cached_property
    def key(self) -> tuple[str, ...]:
        """All that responses depend on."""
        drawn = f"noise={self.seed}" if self.noise else self.responses
        return (self.recording.fingerprint, str(self.options), str(self.pieces), str(self.cleaning), drawn)

    @property
    def planted(self) -> set[str]:
        """Effects planted in these listeners, as the recording's card names them; none in people and in noise."""
        if self.noise or not self.options.get("snr", 1.0):
            return set()
        return set(self.recording.card.get("planted", ())) - set(self.options.get("without", ()))

    def truths(self, names: Sequence[str]) -> dict[str, bool | None]:
        """Whether claims hold of these listeners, as far as what was planted settles it; of people nobody knows."""
        if not self.simulated:
            return dict.fromkeys(names)
        if not self.planted:
            return dict.fromkeys(names, False)
        found = truths(names, self.planted)
        return found | {name: None for name in LIKENESS if found.get(name) is False}


def _shown(rows: Mapping[str, str]) -> pd.DataFrame:
    return pd.Series(dict(rows)).to_frame("").rename_axis(None)


def options(recording: str, *, level: str, subjects: int, segments: int, snr: float, without: Sequence[str]) -> dict:
    """Of the chapter's parameters, those that a recording is loaded with."""
    return {
        "pocket-eeg": {"subjects": subjects, "snr": snr, "without": tuple(without)},
        "song-ecog": {"level": level},
        "ds004408": {"subjects": subjects, "runs": segments or None},
        "alice": {"subjects": subjects, "segments": segments or None},
    }.get(recording, {})


def study_of(
    recording: EEGRecording | SensorSoundRecording,
    pieces: list[Piece],
    *,
    unit: str,
    responses: str,
    options: Mapping[str, Any],
    cleaning: Mapping[str, Any],
    seed: int,
) -> Study:
    """Responses to the stimuli of some pieces, cleaned where they are EEG, with what this run looks at."""
    choices = cleaning if isinstance(recording, EEGRecording) else {}
    stimuli = list(dict.fromkeys(piece.stimulus for piece in pieces))
    heard = material.responses(recording, stimuli, kind=responses, seed=seed, **choices)
    return Study(recording, pieces, unit, heard, responses, options, choices, seed)
