"""The facts about every model, from the one place where they are written: data/models.yml.

Comes in: a model's name. Goes out: its card; the names of all; ``roster``, the table of all cards; and of an untrained
twin, called ``untrained:NAME:SEED``, the model it is a twin of and the seed of its weights. A row that is not as the
head of that file says is refused when its model is asked for, and stands in no other model's way.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lib.ground import DATA, WrongUse, unknown
from lib.models import own

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["name", "title", "family", "paper", "status", "reason", "loader", "architecture", "hub", "package"]
COLUMNS += ["wheel", "revision", "licence", "parameters", "rate", "layers", "width", "frame_rate", "input", "objective"]
COLUMNS += ["training", "weights", "size_mb", "reference"]
KINDS = dict.fromkeys([*COLUMNS, "member", "sha256"], str)
KINDS |= dict.fromkeys(["parameters", "rate", "layers", "width", "size_mb"], int) | {"frame_rate": int | float}
KINDS |= dict.fromkeys(["config", "extractor", "borrows"], dict)
KINDS |= {"prompt": list, "files": list, "url": str | list}
KINDS |= {"diets": list, "task": str, "tuned_from": str, "recipe": str, "seed": int}
"""Keys a row may have, and the type of each."""
TASKS = ("masked reconstruction", "masked units", "contrast", "labels", "transcripts")
"""What a row may say of a model's task: models of one task learnt alike, whatever they learnt from."""
WORDS = {str: "text", int: "a whole number", int | float: "a number", dict: "a mapping", list: "a list"}
WORDS |= {str | list: "text or a list"}
TABLE = "data/models.yml"


class Card(dict):
    """Facts about one model by their keys; asking for one that its row lacks is an error that names row and key."""

    def __missing__(self, key: str) -> Any:
        raise WrongUse(f"{TABLE}: the row of {self.get('name')!r} has no {key!r}, which is needed")

    def __or__(self, other: Mapping[str, Any]) -> Card:
        return Card({**self, **other})


def names() -> list[str]:
    """Names of all models, in the order of the roster."""
    return list(dict.fromkeys(facts["name"] for facts in _stored()))


def card(name: str) -> Card:
    """Give the facts about one model: its row of data/models.yml, or what stands for one (``lib.models.own``).

    Raises
    ------
    lib.ground.WrongUse
        If no model has that name (the message lists those there are), if two rows have it, or if its row has a key
        that is not known or a value of another type.
    """
    if found := own.card(name):
        return Card(found)
    known = [facts for facts in _stored() if facts["name"] == name]
    if not known:
        raise unknown("model", name, names())
    if len(known) > 1:
        raise WrongUse(f"{TABLE}: {len(known)} rows have the name {name!r}; rename or remove all but one")
    _check(known[0])
    return deepcopy(known[0])


def _check(facts: Card) -> None:
    """Refuse a row that has other keys, or values of other types, than the head of the table says."""
    row = f"{TABLE}: the row of {facts['name']!r}"
    for key, value in facts.items():
        if key not in KINDS:
            raise WrongUse(f"{row} has an {unknown('key', key, KINDS)}")
        if not isinstance(value, KINDS[key]) or isinstance(value, bool):
            raise WrongUse(f"{row} has {key}: {value!r}; expected {WORDS[KINDS[key]]}")
    if facts.get("task", TASKS[0]) not in TASKS:
        raise WrongUse(f"{row} has an {unknown('task', facts['task'], TASKS)}")
    if ("seed" in facts) != ("recipe" in facts):
        raise WrongUse(f"{row} has a recipe or a seed and needs both: one training of a recipe is told by its seed")
    if not facts.get("loader") and not facts.get("reason"):
        raise WrongUse(f"{row} has no 'loader', and no 'reason' why: write one of them")


def roster() -> pd.DataFrame:
    """Table of all models, one row each, from data/models.yml, whose head explains the columns.

    Returns
    -------
    pandas.DataFrame
        name, title, family, paper (which of the four uses it), status (runs, weights needed, or no public
        implementation) and its reason, loader, architecture, hub, package or wheel, revision, licence, parameters, rate
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
    if not name.startswith(f"{own.UNTRAINED}:"):
        return name, None
    original, _, seed = name.removeprefix(f"{own.UNTRAINED}:").rpartition(":")
    if not original or not (seed.isascii() and seed.isdecimal()):
        raise WrongUse(
            f"{name!r} names no seed; an untrained twin is called {own.UNTRAINED}:NAME:SEED, SEED a whole number"
        )
    return original, int(seed)


def cards() -> list[Card]:
    """Give all cards that have a name, in the order of the roster.

    Raises
    ------
    lib.ground.WrongUse
        If the file is not YAML, or not a list; the message says where.
    """
    return deepcopy(_stored())


def _stored() -> list[Card]:
    """All cards, not to be changed: to copy them all takes long."""
    path = DATA / "models.yml"
    return _parsed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _parsed(path: Path, changed: int) -> list[Card]:
    """Content of a file as of a moment; reading it takes long, and names are looked up often."""
    del changed
    try:
        rows = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUse(f"{TABLE} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(rows, list):
        raise WrongUse(f"{TABLE} must be a list of rows, each beginning with '- name: ...'")
    named = [Card(row) for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
    for number, row in enumerate(rows):
        if row not in named:
            warnings.warn(
                f"{TABLE}: row {number + 1} of {len(rows)} has no name and is passed over: {row!r:.60}", stacklevel=2
            )
    return named
