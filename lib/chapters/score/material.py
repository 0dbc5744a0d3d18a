"""What is scored: sounds, responses, and the features of the model and of all that it is set beside.

Comes in: names of a recording and of a model. Goes out: ``Heard`` and ``Features``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lib.ground import WrongUse
from lib.models import Model, own, sound_features
from lib.models import load as load_model
from lib.recordings import SoundRecording, load_sounds
from lib.report.style import COMPONENT_TITLES

FILTERS = "spectrotemporal"
PACED = 3  # sounds that the pace is taken from

Layers = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Heard:
    """Sounds that were heard, and what answered to them.

    Attributes
    ----------
    recording : SoundRecording
    sounds : list of (samples, rate)
    names : list of str
        Of the six components.
    """

    recording: SoundRecording
    sounds: list = field(repr=False)
    names: list

    @property
    def who(self) -> str:
        """Whose responses, in words."""
        return self.recording.who

    @property
    def n(self) -> int:
        """Number of sounds."""
        return len(self.sounds)

    @property
    def components(self) -> np.ndarray:
        """Responses (sound, component)."""
        return self.recording.components.values

    @property
    def folds(self) -> np.ndarray:
        """Fold of each sound."""
        return self.recording.folds

    def outline(self) -> pd.DataFrame:
        """What there is, in a table."""
        about = {
            "recording": self.recording.title, "sounds": self.n, "responses of": self.who,
            "components": ", ".join(COMPONENT_TITLES[name].lower() for name in self.names),
            "folds": len(np.unique(self.folds)),
        }  # fmt: skip
        return pd.DataFrame({"": about}).rename_axis(None)

    def voxels(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Responses (sound, voxel) averaged over scans, evenly spaced voxels of all listeners, and whose each is."""
        parts, owner = [], []
        share = max(1, most // len(self.recording.subjects))
        for subject in self.recording.subjects:
            mean = self.recording.responses(subject).mean("scan").values
            chosen = np.linspace(0, mean.shape[1] - 1, min(share, mean.shape[1])).round().astype(int)
            parts.append(mean[:, chosen])
            owner += [subject] * len(chosen)
        return np.hstack(parts), np.array(owner)

    def patterns(self) -> dict[str, np.ndarray]:
        """Responses (sound, voxel) of each listener, all voxels."""
        subjects = self.recording.subjects
        return {subject: self.recording.responses(subject).mean("scan").values for subject in subjects}


def heard(name: str) -> Heard:
    """Load a set of sounds with responses of cortex.

    Raises
    ------
    WrongUse
        The recording has no components.
    """
    recording = load_sounds(name)
    sounds = [recording.audio(stimulus) for stimulus in recording.stimuli.index]
    return Heard(recording, sounds, [str(name) for name in recording.components.component.values])


@dataclass(frozen=True)
class Features:
    """Time-averaged layers (sound, unit) of the model, and of what it is set beside.

    Attributes
    ----------
    name : str
        The model as it is shown.
    model : mapping of str to array
    twins : list of mapping of str to array
        Untrained twins, one per seed; empty where there are none.
    no_twin : str
        Why there are none.
    filters : mapping of str to array
        Of the modulation filters; empty where they are the model.
    electrodes : mapping of str to array
        Of other brains; empty where none heard these sounds.
    pace : str
        How fast the model hears, in words.
    """

    name: str
    model: Layers
    twins: list
    no_twin: str
    filters: Layers
    electrodes: Layers
    pace: str

    def shapes(self) -> pd.DataFrame:
        """Layers and units of each."""
        beside = {self.name: self.model, "untrained twin": (self.twins or [{}])[0], "modulation filters": self.filters}
        beside["other brains"] = self.electrodes
        table = {who: (len(layers), _range(layers)) for who, layers in beside.items() if layers}
        return pd.DataFrame(table, index=["layers", "units a layer"]).T.rename_axis(None)

    def with_electrodes(self, electrodes: Layers) -> Features:
        """The same, with responses of other brains."""
        return replace(self, electrodes=electrodes)


def _range(layers: Layers) -> str:
    widths = sorted({x.shape[1] for x in layers.values()})
    return str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"


def features(heard: Heard, name: str, *, twins: int) -> Features:
    """Let a model, its untrained twins and the modulation filters hear all sounds.

    Parameters
    ----------
    heard : Heard
    name : str
        Of the model.
    twins : int
        How many, with the seeds 0, 1, ...
    """
    model = load_model(name)
    shown = own.short(name)
    known, no_twin = _twins(name, twins)
    filters = {} if name == FILTERS else sound_features(load_model(FILTERS), heard.sounds)
    return Features(
        shown,
        sound_features(model, heard.sounds),
        [sound_features(twin, heard.sounds) for twin in known],
        no_twin,
        filters,
        {},
        _pace(model, heard.sounds[:PACED]),
    )


def _twins(name: str, count: int) -> tuple[list[Model], str]:
    """Untrained twins, or why there are none."""
    if name.startswith(f"{own.UNTRAINED}:"):
        return [], "it is untrained itself"
    if not count:
        return [], "none was asked for"
    try:
        return [load_model(f"{own.UNTRAINED}:{name}:{seed}") for seed in range(count)], ""
    except WrongUse as error:
        return [], str(error)


def _pace(model: Model, sounds: list) -> str:
    """Seconds of sound that the model hears in a second, measured now; the first sound is not counted."""
    model.activations(*sounds[0])
    started = time.perf_counter()
    for samples, rate in sounds:
        model.activations(samples, rate)
    spent = time.perf_counter() - started
    return f"{sum(len(samples) / rate for samples, rate in sounds) / spent:.3g} times real time"
