"""REPRESENT: what machines compute from the same sounds.

Comes in: waveforms with their sampling rates. Goes out: layers. This page is the table of contents: ``roster`` is the
table of every model the book speaks of, ``load`` gives one by its name, ``model.activations(samples, rate)`` its layers
frame by frame, and ``sound_features(model, sounds)`` its time-averaged layers for many sounds, cached.

Facts about a model are in its card, a row of data/models.yml; the card's `loader` names the module of this room that
turns the card into a model, by its own ``load(card, seed)``.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from lib.ground import DATA, WrongUse, unknown
from lib.models.activations import Activations, Frames, Model
from lib.models.context import context_features
from lib.models.extraction import sound_activations, sound_features

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Activations", "Frames", "Model", "card", "fingerprint", "load", "names", "original", "roster"]
__all__ += ["context_features", "sound_activations", "sound_features"]

COLUMNS = ["name", "title", "family", "paper", "status", "reason", "loader", "architecture", "hub", "package"]
COLUMNS += ["revision", "licence", "parameters", "rate", "layers", "width", "frame_rate", "input", "objective"]
COLUMNS += ["training", "weights", "size_mb", "reference"]
UNTRAINED = "untrained"


def load(name: str) -> Model:
    """Give a model by its name in the roster, or the untrained twin of one.

    Parameters
    ----------
    name : str
        One of ``names()``; or ``untrained:NAME:SEED``, the same architecture with random weights drawn from that seed.

    Returns
    -------
    Model
        Ready to represent sounds; nothing heavy has been read yet.

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name (the message lists those there are), if the seed is not a whole number, or if the
        model has no public implementation.
    lib.ground.MissingData
        If its weights are not on this machine; the message says how to get them.
    """
    original, seed = _read(name)
    facts = card(original)
    if "loader" not in facts:
        raise WrongUse(
            f"{original} cannot be loaded ({facts['status']}): {facts.get('reason', 'no loader in its card')}"
        )
    model = import_module(f"lib.models.{facts['loader']}").load(facts, seed)
    return model if model.name == name else replace(model, name=name)


def fingerprint(name: str) -> str:
    """Mark of a model that changes whenever the numbers it gives may: its revision. No weights are read into memory."""
    return load(name).revision


def names() -> list[str]:
    """Names of all models, in the order of the roster."""
    return [facts["name"] for facts in _cards()]


def card(name: str) -> dict:
    """Give the facts about one model: its row of data/models.yml.

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name; the message lists those there are.
    """
    cards = {facts["name"]: facts for facts in _cards()}
    if name not in cards:
        raise unknown("model", name, cards)
    return cards[name]


def roster() -> pd.DataFrame:
    """Table of all models, one row each, from data/models.yml, whose head explains the columns.

    Returns
    -------
    pandas.DataFrame
        name, title, family, paper (which of the four uses it), status (runs, weights needed, or no public
        implementation) and its reason, loader, architecture, hub or package with revision, licence, parameters, rate
        (Hz of the waveform), layers, width (units of a layer), frame_rate (frames per second), input, objective,
        training (diet), weights (file format), size_mb and reference. What is not known is empty.
    """
    import pandas as pd

    table = pd.DataFrame(_cards(), dtype=object).reindex(columns=COLUMNS)
    return table.where(table.notna(), "").infer_objects()


def original(name: str) -> str:
    """Name in the roster of a model, or of the model that an untrained twin is a twin of."""
    return _read(name)[0]


def _read(name: str) -> tuple[str, int | None]:
    """Name in the roster, and the seed of random weights if an untrained twin is meant."""
    if not name.startswith(f"{UNTRAINED}:"):
        return name, None
    original, _, seed = name.removeprefix(f"{UNTRAINED}:").rpartition(":")
    if not original or not (seed.isascii() and seed.isdecimal()):
        raise WrongUse(
            f"{name!r} names no seed; an untrained twin is called {UNTRAINED}:NAME:SEED, SEED a whole number"
        )
    return original, int(seed)


def _cards() -> list[dict]:
    path = DATA / "models.yml"
    return deepcopy(_parsed(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _parsed(path: Path, changed: int) -> list[dict]:
    """Content of a file as of a moment; reading it takes half a second, and names are looked up often."""
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
