"""REPRESENT: what machines compute from the same sounds.

Comes in: waveforms with their sampling rates. Goes out: layers. This page is the table of contents: ``roster`` is the
table of every model the book speaks of, ``load`` gives one by its name, ``model.activations(samples, rate)`` its layers
frame by frame, and ``sound_features(model, sounds)`` its time-averaged layers for many sounds, cached.

Facts about a model are in its card, a row of data/models.yml; the card's `loader` names the module of
``lib.models.loaders`` that turns the card into a model, by its own ``load(card, seed)``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import lazy_loader

import lib.models.loaders  # noqa: F401 before the function of that name, which importing it later would replace
from lib import ground, provenance
from lib.ground import WrongUse
from lib.models.cards import card, names, original, roster, twin

if TYPE_CHECKING:
    from lib.models.extraction import Model

__getattr__, __dir__, _lazy = lazy_loader.attach(
    __name__,
    submod_attrs={
        "activations": ["Activations", "Frames"],
        "context": ["context_features"],
        "extraction": ["Model", "sound_activations", "sound_features"],
    },
)
__all__ = [*_lazy, "card", "fingerprint", "load", "loaders", "names", "original", "roster"]


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
    original, seed = twin(name)
    facts = card(original)
    if "loader" not in facts:
        raise WrongUse(
            f"{original} cannot be loaded ({facts['status']}): {facts.get('reason', 'no loader in its card')}"
        )
    model = import_module(f"lib.models.loaders.{facts['loader']}").load(facts, seed)
    provenance.loaded("models", name, _mark(facts, model))
    return model if model.name == name else replace(model, name=name)


def fingerprint(name: str) -> str:
    """Mark of a model that changes whenever the numbers it gives, or the facts in its card, may."""
    return _mark(card(original(name)), load(name))


def loaders(name: str) -> list[str]:
    """Dotted names of the modules that make a model: its loader, and its network where that is written here."""
    facts = card(original(name))
    modules = [f"lib.models.loaders.{facts.get('loader')}", f"lib.models.architectures.{facts.get('architecture')}"]
    return [module for module in modules if provenance.module_file(module)]


def _mark(facts: dict, model: Model) -> str:
    return ground.fingerprint(json.dumps(facts, sort_keys=True, default=str), model.revision)
