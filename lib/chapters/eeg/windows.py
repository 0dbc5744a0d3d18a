"""Likeness in windows of time after a piece begins, channel by channel, and where on the head it lies.

Comes in: frames of a model, the layer to take for each piece, and what listeners answered. Goes out: likeness by piece,
listener, window and channel beside that with the response at other times; contrasts and courses with their intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.chapters.eeg.evidence import by_unit, estimate
from lib.chapters.eeg.material import Heard, Piece
from lib.chapters.eeg.words import in_windows
from lib.compare import LEAST_SUBJECTS, channel_adjacency, cluster_test, sliding_windows, window_scores
from lib.compare.word_responses import LATE
from lib.ground import WrongUse
from lib.report.cache import kept

if TYPE_CHECKING:
    import xarray as xr

    from lib.chapters.eeg.scoring import Scoring
    from lib.chapters.eeg.study import Study
    from lib.chapters.eeg.words import Words
    from lib.compare.clusters import ClusterTest
    from lib.models import Activations
    from lib.report.claims import Measured

MOST_DRAWS = 50
FLIPS = 512
"""Sign flips of cluster statistics."""


@dataclass(frozen=True, eq=False)
class Timed:
    """Likeness in windows of time.

    Attributes
    ----------
    observed, expected : xarray.DataArray (sentence, subject, window, channel)
        Of every piece, and the mean over draws with the response at other times.
    spans : dict
        By name, the ends of every window [s].
    model : str
    """

    observed: xr.DataArray
    expected: xr.DataArray
    spans: dict[str, tuple[float, float]]
    model: str

    @cached_property
    def excess(self) -> xr.DataArray:
        """Observed minus expected."""
        return self.observed - self.expected

    @cached_property
    def contrasts(self) -> dict[str, Measured]:
        """250 to 500 ms minus the windows apart from it: ``contrast``, and ``shift``, beyond what is expected."""
        both = {"contrast": self.observed, "shift": self.excess}
        return {name: estimate(late_contrast(array, self.spans)) for name, array in both.items()}

    def course(self, array: xr.DataArray) -> pd.DataFrame:
        """Mean over channels by window with its interval: columns value, low, high, centre [ms]."""
        found = [estimate(one) for one in by_unit(array.mean("channel")).values.T]
        table = pd.DataFrame([(x.value, x.low, x.high) for x in found], columns=["value", "low", "high"])
        return table.assign(centre=[500 * (start + stop) for start, stop in self.spans.values()])


def timed(scoring: Scoring, model: str, layers: Mapping[str, str], *, width: float, rate: float) -> Timed:
    """Likeness of a model in windows of some width, from disk if known.

    Parameters
    ----------
    scoring : Scoring
    model : str
    layers : mapping of str to str
        By piece, which layer to take (``evidence.held_out_layers``).
    width : float
        Of a window [s].
    rate : float
        Frames per second within windows.
    """
    study, spans = scoring.study, windows(width)
    how = {
        "rate": rate,
        "method": "antialiased" if scoring.alignment == "antialiased" else "linear",
        "distance": {"mahalanobis": "euclidean"}.get(scoring.rdm, scoring.rdm),
        "scheme": "response",
        "n_permutations": min(scoring.n_permutations, MOST_DRAWS),
        "seed": scoring.seed,
    }
    key = (*scoring.key, model, str(layers), str(spans), str(how))
    compute = partial(windowed, scoring.frames[model], layers, study.heard, study.pieces, spans, **how)
    found = kept("windows", key, compute)
    return Timed(found["observed"], found["expected"], spans, model)


def clustered(timed: Timed, study: Study, seed: int) -> ClusterTest | None:
    """Cluster statistics of likeness beyond chance; None where channels are not on a scalp, or listeners are few."""
    if not _on_the_head(study):
        return None
    values = timed.excess.mean("sentence").transpose("subject", "window", "channel")
    return _clusters(values.values, study, timed.spans, seed)


def clustered_words(heard: Words | str, timed: Timed, seed: int) -> ClusterTest | None:
    """The same of responses to words, in the same windows after a word's onset."""
    if isinstance(heard, str) or not _on_the_head(heard.study):
        return None
    return _clusters(in_windows(heard.words.values, timed.spans), heard.study, timed.spans, seed)


def _clusters(values: np.ndarray, study: Study, spans: Mapping[str, tuple[float, float]], seed: int) -> ClusterTest:
    """Of (subject, window, channel), by sign flips of listeners."""
    channels, near = study.heard.channels, channel_adjacency(study.heard.info)
    return cluster_test(values, near, list(spans), channels, n_permutations=FLIPS, seed=seed)


def _on_the_head(study: Study) -> bool:
    """Whether there are electrodes on the scalp and listeners enough for cluster statistics."""
    return study.spoken and study.n_listeners >= LEAST_SUBJECTS


def windows(width: float, *, step: float = 0.05) -> dict[str, tuple[float, float]]:
    """Sliding windows of one width from 0 to 800 ms, or so far that one starts at 500 ms."""
    return sliding_windows(max(0.8, 0.5 + width), width=width, step=step)


def late_windows(spans: Mapping[str, tuple[float, float]]) -> tuple[list[str], list[str]]:
    """Windows within 250 to 500 ms (or, where they are longer, around it), and those that share no time with it."""
    first, last, near = *LATE, 1e-6
    within = [name for name, (a, b) in spans.items() if a > first - near and b < last + near]
    around = [name for name, (a, b) in spans.items() if a < first + near and b > last - near]
    late, apart = within or around, [name for name, (a, b) in spans.items() if b < first + near or a > last - near]
    if not late or not apart:
        raise WrongUse("no window of this width lies within (or around) 250 to 500 ms, or none apart from it.")
    return late, apart


def windowed(
    frames: Mapping[str, Activations],
    layers: Mapping[str, str],
    heard: Heard,
    parts: Sequence[Piece],
    spans: Mapping,
    *,
    seed: int = 0,
    **how: Any,
) -> dict[str, xr.DataArray]:
    """Spearman similarity of every channel in every window after a piece's onset, by piece.

    Parameters
    ----------
    frames, heard, parts
        As for ``material.items``.
    layers : mapping of str to str
        By piece, which layer to take (``held_out_layers``); pieces without one are left out.
    spans : mapping
        Windows (``windows``).
    **how
        Of ``window_scores``.

    Returns
    -------
    dict of str to xarray.DataArray
        observed and expected (mean of draws), both (sentence, subject, window, channel).
    """
    import xarray as xr

    found, names, last = [], [], max(stop for _, stop in spans.values())
    for number, piece in enumerate(parts):
        if piece.name not in layers:
            continue
        one, times, layer = frames[piece.stimulus], heard.times[piece.stimulus], layers[piece.name]
        clock = one.times[layer]
        near = (clock >= piece.start - 1e-9) & (clock < piece.start + last + 0.1) & (clock <= times[-1])
        if near.sum() < 6:
            continue
        what = (
            [one.layers[layer][near]],
            clock[near] - piece.start,
            heard.values[piece.stimulus],
            times - piece.start,
        )
        result = window_scores([what], spans, seed=seed * 100_003 + number, **how)
        parts_of = {"observed": result.observed, "expected": result.draws.mean("draw")}
        found.append(xr.Dataset(parts_of).isel(layer=0, drop=True).assign_coords(channel=list(heard.channels)))
        names.append(piece.name)
    if not found:
        raise WrongUse("no piece lasts long enough for windows of time.")
    joined = xr.concat(found, pd.Index(names, name="sentence"))
    return {name: joined[name] for name in ("observed", "expected")}


def late_contrast(scores: xr.DataArray, spans: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Mean of the windows in 250 to 500 ms minus that of those apart, all of one width, mean over channels: by unit."""
    late, apart = late_windows(spans)
    course = by_unit(scores.mean("channel"))
    return (course.sel(window=late).mean("window") - course.sel(window=apart).mean("window")).values
