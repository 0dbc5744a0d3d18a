"""The acoustic baselines of the field: what can be heard in a sound before anything is learnt.

Comes in: the roster's card of a baseline. Goes out: the baseline as a ``Model``. Each is one function from waveforms
(sounds, samples) at a sampling rate to ``Frames`` (sounds, frames, units), float32, on all sounds at once, without
randomness: ``cochleagram``, ``spectrotemporal``, ``logmel`` and ``mfcc``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lib.ground import WrongUse, unknown
from lib.models.extraction import Model

SHORTEST = 0.1  # seconds; long enough for the slowest of the windows


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the baseline of a roster card; it has one layer, called by its own name.

    Parameters
    ----------
    card : mapping
        Row of the roster; its name, rate and width are used.
    seed : int, optional
        Not taken: a fixed filterbank has nothing to draw at random.

    Raises
    ------
    lib.ground.WrongUse
        If a seed is given, or the card's name is not one of a baseline.
    """
    name, rate = card["name"], card["rate"]
    weights(card, seed)
    function, units = _functions(name)
    return Model(
        name=name,
        rate=rate,
        layers={name: card["width"]},
        shortest=SHORTEST,
        represent=lambda waves: {name: function(waves, rate)},
        describe=lambda layer: units(rate),
    )


def weights(card: Mapping, seed: int | None = None) -> list:
    """Give the empty list: there are no weights. A seed is refused, see ``load``."""
    if seed is not None:
        name = card["name"]
        raise WrongUse(f"{name} is a fixed filterbank without weights, so it has no untrained twin: use {name} itself")
    return []


def _functions(name: str) -> tuple[Callable, Callable]:
    """Representation and table of units of a baseline; what they need is only imported for them."""
    from lib.models.baselines import cochlea, mel, modulation

    baselines = {
        "cochleagram": (cochlea.cochleagram, cochlea.cochleagram_units),
        "spectrotemporal": (modulation.spectrotemporal, modulation.spectrotemporal_units),
        "logmel": (mel.logmel, mel.logmel_units),
        "mfcc": (mel.mfcc, mel.mfcc_units),
    }
    if name not in baselines:
        raise unknown("baseline", name, baselines)
    return baselines[name]
