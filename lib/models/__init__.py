"""REPRESENT: what machines compute from the same sounds.

Comes in: waveforms with their sampling rates. Goes out: layers. This page is the table of contents: ``roster`` is the
table of every model the book speaks of, ``load`` gives one by its name, ``model.activations(samples, rate)`` its layers
frame by frame, and ``sound_features(model, sounds)`` its time-averaged layers for many sounds, cached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from lib.ground import DATA, unknown
from lib.models.activations import Activations, Frames, Model, sound_features

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Activations", "Frames", "Model", "fingerprint", "load", "names", "roster", "sound_features"]


def load(name: str) -> Model:
    """Give a model by its name in the roster.

    Parameters
    ----------
    name : str
        One of ``names()``.

    Returns
    -------
    Model
        Ready to represent sounds; nothing heavy has been read yet.

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name; the message lists those there are.
    """
    cards = {card["name"]: card for card in _cards()}
    if name not in cards:
        raise unknown("model", name, cards)
    from lib.models import baselines

    return baselines.load(cards[name])


def fingerprint(name: str) -> str:
    """Mark of a model that changes whenever the numbers it gives may: its revision."""
    return load(name).revision


def names() -> list[str]:
    """Names of all models, in the order of the roster."""
    return [card["name"] for card in _cards()]


def roster() -> pd.DataFrame:
    """Table of all models, one row each, from data/models.yml.

    Returns
    -------
    pandas.DataFrame
        name, title, family, paper (which of the four uses it), licence, rate (Hz of the waveform), layers, width (units
        of a layer), frame_rate (frames per second), objective, training (diet), status (runs, weights needed, or no
        public implementation) and reference.
    """
    import pandas as pd

    return pd.DataFrame(_cards())


def _cards() -> list[dict]:
    return yaml.safe_load((DATA / "models.yml").read_text(encoding="utf-8"))
