"""REPRESENT: what machines compute from the same sounds.

Comes in: waveforms with their sampling rates. Goes out: layers. This page is the table of contents: ``roster`` is the
table of every model the book speaks of, ``load`` gives one by its name, ``model.activations(samples, rate)`` its layers
frame by frame, and ``sound_features(model, sounds)`` its time-averaged layers for many sounds, cached.
``load_language`` gives a model that reads.

Facts about a model are in its card, a row of data/models.yml; the card's `loader` names the module of
``lib.models.loaders`` that turns the card into a model, by its own ``load(card, seed)``. Where a model has weights, its
loader says in ``weights(card, seed)`` which files and folders they are.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import lazy_loader

from lib import provenance
from lib.ground import MissingData, WrongUse, unknown
from lib.models import own
from lib.models.cards import TABLE, Card, card, names, original, roster, twin
from lib.models.loaders import checkpoints
from lib.models.revisions import revision

if TYPE_CHECKING:
    from lib.models.extraction import Model
    from lib.models.text import LanguageModel

__getattr__, __dir__, _lazy = lazy_loader.attach(
    __name__,
    submod_attrs={
        "activations": ["Activations", "Frames"],
        "context": ["context_features"],
        "extraction": ["Model", "sound_activations", "sound_features"],
        "text": ["LanguageModel", "TextStates", "sound_words", "text_states"],
    },
)
__all__ = [
    *_lazy,
    "card",
    "fingerprint",
    "is_here",
    "listener",
    "load",
    "load_language",
    "loader_modules",
    "named",
    "names",
    "original",
    "reads",
    "roster",
]
LOADERS = "lib.models.loaders"


def load(name: str) -> Model:
    """Give a model that hears by its name in the roster, or the untrained twin of one.

    Parameters
    ----------
    name : str
        One of ``names()``, or what else ``named`` takes; or ``untrained:NAME:SEED``, the same architecture with random
        weights drawn from that seed.

    Returns
    -------
    Model
        Ready to represent sounds; nothing heavy has been read yet.

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name (the message lists those there are), if the seed is not a whole number, if the
        model has no public implementation, or if it reads text.
    lib.ground.MissingData
        If its weights are not on this machine; the message says how to get them.
    lib.ground.DamagedData
        If they are not what they should be.
    """
    from lib.models.extraction import Model

    name = named(name)
    listener(name)
    return _loaded(name, Model)


def load_language(name: str) -> LanguageModel:
    """Give a model that reads by its name in the roster, or the untrained twin of one; see ``load``.

    Raises
    ------
    lib.ground.WrongUse
        Also if it hears sounds.
    """
    from lib.models.text import LanguageModel

    if not reads(name):
        raise WrongUse(f"{name} hears sounds, it does not read: models that read are {', '.join(_readers())}")
    return _loaded(name, LanguageModel)


def is_here(name: str) -> bool:
    """Whether the weights of a model that hears are on this machine; all else that is wrong with it is an error."""
    try:
        load(name)
    except MissingData:
        return False
    return True


def named(name: str) -> str:
    """Give the full name of a model, from what a user may call it.

    Parameters
    ----------
    name : str
        A name of the roster, which is its own full name; the name of a repository (``facebook/wav2vec2-base``), which
        stands for the row that names it; a path to a folder with a checkpoint; or ``FILE.py:FUNCTION``, whose code is
        then run, since its weights are part of its full name (``lib.models.own``). Or the untrained twin of one.

    Raises
    ------
    lib.ground.WrongUse
        No row names the repository, or something is wrong with the file.
    """
    base, seed = twin(name)
    full = _full(base)
    return full if seed is None else f"{own.UNTRAINED}:{full}:{seed}"


def _full(name: str) -> str:
    if place := own.place(name):
        return name if place.mark else _loader(name).marked(place)
    if folder := own.folder(name):
        return str(folder)
    if "/" not in name or name in names():
        return name
    rows = roster()
    found = list(rows["name"][rows["hub"] == name])
    if not found:
        raise WrongUse(
            f"no folder {name!r} is here, and no row of {TABLE} has the repository {name!r}: add one as "
            "book/own-model.md says, or give FILE.py:FUNCTION"
        )
    return found[0]


def listener(name: str) -> Card:
    """Card of a model that hears, by its name or its twin's; nothing is loaded.

    Raises
    ------
    lib.ground.WrongUse
        If there is no such model, if its card is not in order, if it has no implementation, or if it reads text.
    """
    _loader(name)
    if reads(name):
        raise WrongUse(f"{name} reads text, it does not hear: where a model of sounds is needed it cannot stand")
    return card(original(name))


def reads(name: str) -> bool:
    """Whether what a model takes is text, and not sounds."""
    return card(original(name)).get("input") == "text"


def fingerprint(name: str) -> str:
    """Mark of a model that changes whenever the numbers it gives, or the facts in its card, may; quick to get.

    Raises
    ------
    lib.ground.WrongUse, lib.ground.MissingData, lib.ground.DamagedData
        As ``load`` does.
    """
    name = named(name)
    facts, seed = card(original(name)), twin(name)[1]
    weights = getattr(_loader(name), "weights", _own_folder)
    return revision(facts, seed, weights(facts, seed), *loader_modules(name))


def loader_modules(name: str) -> list[str]:
    """Dotted names of the modules that make a model: its loader, and its network where that is written here."""
    facts = card(original(name))
    modules = [f"{LOADERS}.{facts.get('loader')}", f"lib.models.architectures.{facts.get('architecture')}"]
    return [module for module in modules if provenance.module_file(module)]


def _loaded(name: str, kind: type) -> Model | LanguageModel:
    """Model of a kind, with its name and revision, and noted for those who watch."""
    facts, mark = card(original(name)), fingerprint(name)
    model = _loader(name).load(facts, twin(name)[1])
    if not isinstance(model, kind):
        raise WrongUse(
            f"loader {facts['loader']} of {name} gives a {type(model).__name__}, not a {kind.__name__}: "
            "cards of models that read have `input: text`"
        )
    provenance.loaded("models", name, mark)
    return replace(model, name=name, revision=mark)


def _loader(name: str) -> ModuleType:
    """Module that makes a model."""
    facts = card(original(name))
    if "loader" not in facts:
        raise WrongUse(f"{facts['name']} cannot be loaded ({facts['status']}): {facts['reason']}")
    if not provenance.module_file(f"{LOADERS}.{facts['loader']}"):
        known = [path.stem for path in provenance.module_file(LOADERS).parent.glob("*.py") if path.stem != "__init__"]
        raise WrongUse(f"{TABLE}: the row of {facts['name']!r} has an {unknown('loader', facts['loader'], known)}")
    return import_module(f"{LOADERS}.{facts['loader']}")


def _readers() -> list[str]:
    return [name for name in names() if reads(name)]


def _own_folder(facts: Card, seed: int | None) -> list[Path]:
    """Weights of a loader that doesn't say where they are: all files of the model's own folder, if it has one."""
    files = (checkpoints.models_folder() / facts["name"]).rglob("*")
    return sorted(path for path in files if path.is_file() and path.stat().st_size) if seed is None else []
