"""The facts about every model, from the one place where they are written: data/models.yml.

Comes in: a model's name. Goes out: its card; the names of all; ``roster``, the table of all cards; and of an untrained
twin, called ``untrained:NAME:SEED``, the model it is a twin of and the seed of its weights.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from lib.ground import DATA, WrongUse, unknown

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["name", "title", "family", "paper", "status", "reason", "loader", "architecture", "hub", "package"]
COLUMNS += ["revision", "licence", "parameters", "rate", "layers", "width", "frame_rate", "input", "objective"]
COLUMNS += ["training", "weights", "size_mb", "reference"]
UNTRAINED = "untrained"


def names() -> list[str]:
    """Names of all models, in the order of the roster."""
    return [facts["name"] for facts in cards()]


def card(name: str) -> dict:
    """Give the facts about one model: its row of data/models.yml.

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name; the message lists those there are.
    """
    known = {facts["name"]: facts for facts in cards()}
    if name not in known:
        raise unknown("model", name, known)
    return known[name]


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

    table = pd.DataFrame(cards(), dtype=object).reindex(columns=COLUMNS)
    return table.where(table.notna(), "").infer_objects()


def original(name: str) -> str:
    """Name in the roster of a model, or of the model that an untrained twin is a twin of."""
    return twin(name)[0]


def twin(name: str) -> tuple[str, int | None]:
    """Name in the roster, and the seed of random weights if an untrained twin is meant."""
    if not name.startswith(f"{UNTRAINED}:"):
        return name, None
    original, _, seed = name.removeprefix(f"{UNTRAINED}:").rpartition(":")
    if not original or not (seed.isascii() and seed.isdecimal()):
        raise WrongUse(
            f"{name!r} names no seed; an untrained twin is called {UNTRAINED}:NAME:SEED, SEED a whole number"
        )
    return original, int(seed)


def cards() -> list[dict]:
    """Give all cards, in the order of the roster."""
    path = DATA / "models.yml"
    return deepcopy(_parsed(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _parsed(path: Path, changed: int) -> list[dict]:
    """Content of a file as of a moment; reading it takes half a second, and names are looked up often."""
    return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
