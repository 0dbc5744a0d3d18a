"""What two choices of the published analysis do: linear interpolation onto frames, and components without a sign.

Comes in: a study, frames of a model. Goes out: a response at the frames two ways; scores under random signs of the
whitened components, and how much distances between frames differ in short excerpts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lib.chapters.eeg.material import Piece, frame_rates, item
from lib.compare import onto_frames, principal_components, sign_scores, similarity

if TYPE_CHECKING:
    from lib.chapters.eeg.scoring import Scoring
    from lib.chapters.eeg.study import Study
    from lib.models import Activations

EXCERPTS, PATTERNS = 8, 100
INVARIANT = "rsa_spearman_euclidean"


@dataclass(frozen=True, eq=False)
class TwoWays:
    """One channel of the first listener during the first stimulus, as recorded and at the frames of the slowest model.

    Attributes
    ----------
    times, wave : ndarray (n,)
        As recorded [s].
    frames : ndarray (T,)
        Times of the frames [s].
    ways : dict of str to ndarray (T,)
        By way, the response at the frames.
    model, channel, stimulus : str
    """

    times: np.ndarray
    wave: np.ndarray
    frames: np.ndarray
    ways: dict[str, np.ndarray]
    model: str
    channel: str
    stimulus: str


def two_ways(study: Study, frames: Mapping[str, Mapping[str, Activations]], models: Iterable[str]) -> TwoWays:
    """Bring a response onto the frames of the slowest of some models by lines, and through a low-pass filter."""
    heard, stimulus = study.heard, study.stimuli[0]
    slowest = min(models, key=frame_rates(frames).__getitem__)
    times, wave = heard.times[stimulus], heard.values[stimulus][heard.subjects[0]][:, [0]]
    *_, clock = frames[slowest][stimulus].times.values()
    at = clock[clock <= times[-1]]
    methods = {"linear (published)": "linear", "anti-aliased": "antialiased"}
    ways = {name: onto_frames(wave, times, at, method)[:, 0] for name, method in methods.items()}
    return TwoWays(times, wave[:, 0], at, ways, slowest, heard.channels[0], stimulus)


@dataclass(frozen=True, eq=False)
class Signs:
    """What signs of components do to a score.

    Attributes
    ----------
    draws : pandas.DataFrame
        Columns piece, value (one row a pattern of signs), convention and invariant (the same within a piece).
    spread : pandas.DataFrame
        Columns frames, kind, spread: standard deviation of distances over their mean in the first frames of an excerpt.
    components : int
        How many were kept; up to one frame more, whitened components have no geometry.
    model, subject : str
    """

    draws: pd.DataFrame
    spread: pd.DataFrame
    components: int
    model: str
    subject: str


def signs(scoring: Scoring, model: str) -> Signs:
    """Score the last layer of a model with the first listener under random signs of its whitened components."""
    study, frames = scoring.study, scoring.frames[model]
    *_, deepest = frames[study.stimuli[0]].layers
    longest = max((frames[name].layers[deepest] for name in study.stimuli), key=len)
    few = min(scoring.components, len(longest) - 4)
    found = (_under_signs(scoring, model, deepest, piece, few) for piece in _excerpts(study))
    draws = [table for table in found if table is not None]
    numbered = pd.concat([table.assign(piece=f"{k + 1}") for k, table in enumerate(draws)])
    return Signs(numbered, _spread(longest, few), few, model, study.heard.subjects[0])


def _excerpts(study: Study) -> list[Piece]:
    """Whole stimuli, at most ``EXCERPTS``, evenly spaced."""
    durations = study.recording.stimuli["duration"]
    whole = [Piece(name, name, 0.0, float(durations[name])) for name in study.stimuli]
    return whole[:: max(1, len(whole) // EXCERPTS)][:EXCERPTS]


def _under_signs(scoring: Scoring, model: str, layer: str, piece: Piece, few: int) -> pd.DataFrame | None:
    frames, heard, how = scoring.frames[model][piece.stimulus], scoring.study.heard, scoring.how()
    found = item(frames, heard, piece, **how | {"whiten": True, "components": few})
    if found is None or len(found[0][layer]) <= few + 1:
        return None
    response = found[1][heard.subjects[0]]
    states = item(frames, heard, piece, **how | {"whiten": False})[0][layer]
    values = sign_scores(found[0][layer], response, n_patterns=PATTERNS, seed=scoring.seed)
    invariant = similarity(states, response, INVARIANT)
    return pd.DataFrame({"value": values, "convention": values[0], "invariant": invariant})


def _spread(frames: np.ndarray, few: int) -> pd.DataFrame:
    from scipy.spatial.distance import pdist

    rows = []
    for count in sorted({6, 10, 15, 18, few + 1, 24, 30, 40, len(frames)}):
        for kind, whiten in (("whitened components", True), ("states", False)):
            if count <= len(frames):
                d = pdist(principal_components(frames[:count], few if whiten else count, whiten=whiten))
                rows.append((count, kind, d.std() / d.mean()))
    return pd.DataFrame(rows, columns=["frames", "kind", "spread"])
