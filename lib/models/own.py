"""Models that are not in the roster: a function in a Python file of the user's, or the folder of a checkpoint.

Comes in: what a user typed for a model. Goes out: whether it means one of these, its parts, its card, and what it is
called in figures. Nothing is read or run here.

The full name of a model in a file is ``/folder/file.py:function@mark``, the mark a hash of the weights that the
function gave when it was asked for: by its name alone a run or a cached activation is known to be stale, and no code is
run to find that out. A checkpoint is called by its folder, whose files are marked as those of every model are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from lib.ground import WrongUse

IN_FILE = re.compile(r"(?P<file>.*\.py):(?P<function>\w+)(?:@(?P<mark>[0-9a-f]{16}))?")
UNTRAINED = "untrained"
FAMILY = "your own"


class Place(NamedTuple):
    """A function in a file, and the mark of the weights it gave (empty where it was not asked yet)."""

    file: Path
    function: str
    mark: str = ""

    def __str__(self) -> str:
        """Give the name that stands for it anywhere."""
        return f"{self.file}:{self.function}" + (f"@{self.mark}" if self.mark else "")


def place(name: str) -> Place | None:
    """Parts of a name that means a function in a file, the file's path made absolute; None of any other name.

    Raises
    ------
    lib.ground.WrongUse
        A file is named and no function in it.
    """
    found = IN_FILE.fullmatch(name)
    if found:
        return Place(Path(found["file"]).expanduser().resolve(), found["function"], found["mark"] or "")
    if name.endswith(".py") or ".py:" in name:
        raise WrongUse(f"{name!r} names a file: say which function in it gives the model, as in my_model.py:load")
    return None


def folder(name: str) -> Path | None:
    """Folder of a checkpoint, made absolute, where a name is a path to one; None of any other name."""
    path = Path(name).expanduser()
    return path.resolve() if "/" in name and (path.is_absolute() or path.is_dir()) else None


def card(name: str) -> dict[str, Any] | None:
    """What stands for a row of the roster; None where a name means neither a file nor a folder."""
    facts = {"name": name, "family": FAMILY, "status": "runs", "input": "waveform", "training": "not stated"}
    if found := place(name):
        return facts | {"title": short(name), "loader": "own.network"}
    if found := folder(name):
        return facts | {"title": short(name), "loader": "own.checkpoint", "folder": str(found)}
    return None


def short(name: str) -> str:
    """What figures and tables call a model: of a path its last part, without the mark."""
    if name.startswith(f"{UNTRAINED}:"):
        original, _, seed = name.removeprefix(f"{UNTRAINED}:").rpartition(":")
        return f"{UNTRAINED}:{short(original)}:{seed}"
    found = IN_FILE.fullmatch(name)
    if found:
        return f"{Path(found['file']).name}:{found['function']}"
    return Path(name).name if name.startswith("/") else name


def unmarked(name: str) -> str:
    """Name of a model without the mark of its weights: the same for all states of one file."""
    return re.sub(r"(\.py:\w+)@[0-9a-f]{16}", r"\1", name)
