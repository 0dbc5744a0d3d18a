"""The acoustic baselines of the field: what can be heard in a sound before anything is learnt.

Comes in: the roster's card of a baseline. Goes out: the baseline as a ``Model``. Each is one function from waveforms
(sounds, samples) at a sampling rate to ``Frames`` (sounds, frames, units), float32, on all sounds at once, without
randomness: ``cochleagram``, ``spectrotemporal``, ``logmel`` and ``mfcc``.
"""

from __future__ import annotations

from collections.abc import Mapping

from lib import provenance
from lib.ground import WrongUse
from lib.models.baselines.cochlea import cochleagram, cochleagram_units
from lib.models.baselines.mel import logmel, logmel_units, mfcc, mfcc_units
from lib.models.baselines.modulation import spectrotemporal, spectrotemporal_units
from lib.models.extraction import Model

BASELINES = {
    "cochleagram": (cochleagram, cochleagram_units),
    "spectrotemporal": (spectrotemporal, spectrotemporal_units),
    "logmel": (logmel, logmel_units),
    "mfcc": (mfcc, mfcc_units),
}
SHORTEST = 0.1  # seconds; long enough for the slowest of the windows


def load(card: Mapping, seed: int | None = None) -> Model:
    """Make the baseline of a roster card; it has one layer, called by its own name.

    Parameters
    ----------
    card : mapping
        Row of the roster; its name and rate are used.
    seed : int, optional
        Not taken: a fixed filterbank has nothing to draw at random.

    Raises
    ------
    lib.ground.WrongUse
        If a seed is given.
    """
    name, rate = card["name"], card["rate"]
    if seed is not None:
        raise WrongUse(f"{name} is a fixed filterbank without weights, so it has no untrained twin: use {name} itself")
    function, units = BASELINES[name]
    return Model(
        name=name,
        rate=rate,
        layers={name: len(units(rate))},
        revision=provenance.code(__name__),
        shortest=SHORTEST,
        represent=lambda waves: {name: function(waves, rate)},
        describe=lambda layer: units(rate),
    )
