"""What tells a model from another: one mark of all that its numbers depend on.

Comes in: a model's card, the seed of its twin, where its weights lie, and the modules that make it. Goes out: a short
text that changes when any of them does. Nothing is made or loaded for it, so that a chapter's models are marked in
moments; the cache of activations, runs and results know by it whether they are stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from lib import provenance
from lib.ground import fingerprint
from lib.models.loaders import checkpoints


def revision(card: Mapping, seed: int | None, weights: Iterable[Path], *modules: str) -> str:
    """Mark of a model.

    Parameters
    ----------
    card : mapping
        Its row of the roster, or what stands for one.
    seed : int or None
        Of random weights; None for trained ones.
    weights : iterable of path
        Files and folders with weights and settings; see ``lib.models.loaders.checkpoints.fingerprint_of``.
    *modules : str
        Dotted names of the modules that make it; what they import counts too.

    Raises
    ------
    lib.ground.MissingData, lib.ground.DamagedData
        If a file is not there, or is empty, a page or a pointer in its place.
    """
    facts = json.dumps(card, sort_keys=True, default=str)
    marks = [checkpoints.fingerprint_of(place) for place in weights]
    return fingerprint(facts, f"seed {seed}", versions(), provenance.code(*modules), *marks)


@cache
def versions() -> str:
    """Libraries that random weights, and how sounds become the input of a network, depend on."""
    return " ".join(f"{name} {version(name)}" for name in ("torch", "transformers"))
