"""What depends on what: the one mechanism by which runs, caches, recordings and models know that they are stale.

Comes in: names of modules, or a chapter's file. Goes out: ``closure``, the modules that imports lead to from there;
``code``, the fingerprint of their source; ``tables``, the data files that this source names; ``watching`` and
``noted``, the models and recordings that were really loaded while something was computed, in this process or in that
of a run. No list of paths is kept anywhere, so none can be forgotten.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from lib.ground import DATA, ROOT, WrongUse, fingerprint

CARDS = ("models.yml", "recordings.yml")
TABLES = (".yml", ".csv", ".json")
NOT_TABLES = ("cache", "registries", "zoo")
"""Folders of data/ that hold no tables: what can be made again, and what the marks of recordings and models cover."""
LOADED = "loaded.jsonl"
"""File in the folder of a run where its kernel notes what it loads."""


def closure(*roots: str | Path) -> tuple[str, ...]:
    """Modules of ``lib`` that can be reached through imports, wherever in a file the import stands.

    Parameters
    ----------
    *roots : str or path
        Modules by dotted name (``"lib.compare"``), or files that are not modules: chapters.

    Returns
    -------
    tuple of str
        Dotted names, sorted; modules among the roots are part of it. A name that a room's table of contents takes from
        one of its modules leads to that module, and so does ``room.name`` where the room itself was imported; a room
        that is used in another way leads to all of its modules. Imports for type checkers lead nowhere.

    Raises
    ------
    WrongUse
        A root that is no module of lib.
    """
    found, waiting = set(), []
    for root in roots:
        if isinstance(root, Path):
            waiting += _imported(root, "", root.stat().st_mtime_ns)
        elif module_file(root) is None:
            raise WrongUse(f"{root!r} is no module of this project.")
        else:
            waiting.append(root)
    while waiting:
        for name in _with_packages(waiting.pop()):
            if name not in found:
                found.add(name)
                file = module_file(name)
                waiting += _imported(file, name, file.stat().st_mtime_ns)
    return tuple(sorted(found))


def code(*roots: str | Path) -> str:
    """Fingerprint of the source of all modules of lib in the ``closure`` of `roots`."""
    return fingerprint(*(part for name in closure(*roots) for part in (name, module_file(name).read_bytes())))


def tables(*roots: str | Path) -> tuple[Path, ...]:
    """Tracked tables (.yml, .csv and .json in data/ and its folders) whose file name stands in the closure of `roots`.

    Cards of models and recordings are left out: they count one by one, in the fingerprints of those that are loaded.
    """
    sources = [*(root for root in roots if isinstance(root, Path)), *map(module_file, closure(*roots))]
    words = set().union(*(_texts(path, path.stat().st_mtime_ns) for path in sources))
    folders = [DATA, *sorted(path for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_TABLES)]
    files = [path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in TABLES]
    return tuple(path for path in files if path.name in words and path.name not in CARDS)


def module_file(name: str) -> Path | None:
    """File of a module of lib by its dotted name; None if there is none."""
    if name.partition(".")[0] != "lib":
        return None
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _with_packages(name: str) -> list[str]:
    """A module and the packages it lies in: importing it runs their files too."""
    parts = name.split(".")
    return [".".join(parts[: k + 1]) for k in range(len(parts))]


@lru_cache(maxsize=1024)
def _imported(path: Path, module: str, changed: int) -> tuple[str, ...]:
    """Modules that a file imports, as of the moment it was changed."""
    del changed  # part of the key: an edited file is read again
    out, rooms = [], {}
    nodes = list(_statements(_parsed(path)))
    for node in nodes:
        if isinstance(node, ast.Import):
            out += [name for alias in node.names for name in _whole_room(alias.name)]
        elif isinstance(node, ast.ImportFrom) and (source := _source(node, path, module)):
            out += [name for alias in node.names for name in _origin(source, alias.name)]
            rooms |= {a.asname or a.name: f"{source}.{a.name}" for a in node.names if contents(f"{source}.{a.name}")}
        elif isinstance(node, ast.Call) and (text := _imported_by_name(node)):
            out += _whole_room(text)
    out += _through_rooms(nodes, rooms)
    return tuple(dict.fromkeys(name for name in out if module_file(name)))


def _through_rooms(nodes: list[ast.AST], rooms: Mapping[str, str]) -> Iterator[str]:
    """Modules that a file reaches through the rooms it imported, {its name for the room: the room}."""
    heads = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
            yield from _origin(rooms[node.value.id], node.attr)
        elif isinstance(node, ast.Name) and node.id in rooms and id(node) not in heads:
            yield from _whole_room(rooms[node.id])


def _imported_by_name(node: ast.Call) -> str:
    """Module that ``import_module("lib...")`` names; names put together while running are not known here."""
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    first = node.args[0] if called == "import_module" and node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


@lru_cache(maxsize=1024)
def _texts(path: Path, changed: int) -> frozenset[str]:
    """Last words of the paths that stand in a file as texts."""
    del changed
    found = (node.value for node in ast.walk(_parsed(path)) if isinstance(node, ast.Constant))
    return frozenset(text.rpartition("/")[2] for text in found if isinstance(text, str) and len(text) < 100)


def _parsed(path: Path) -> ast.Module:
    """Tree of a file; lines of a chapter that only a notebook understands (%, !) are passed over."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return ast.parse("\n".join("" if line.startswith(("%", "!")) else line for line in lines), str(path))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one but those that only a type checker reads."""
    for child in _read_when_running(node):
        yield child
        yield from _statements(child)


def _read_when_running(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes right below one; of ``if TYPE_CHECKING`` only what follows its ``else``."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return iter(node.orelse)
    return ast.iter_child_nodes(node)


def _source(node: ast.ImportFrom, path: Path, module: str) -> str:
    """Dotted name of what stands between ``from`` and ``import``."""
    if not node.level:
        return node.module or ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def _origin(source: str, name: str) -> list[str]:
    """Modules that ``from source import name`` needs."""
    if name == "*":
        return _whole_room(source)
    if module_file(f"{source}.{name}"):
        return [f"{source}.{name}"]
    return [source, *(f"{source}.{part}" for part, names in contents(source).items() if name in names)]


def _whole_room(name: str) -> list[str]:
    return [name, *(f"{name}.{part}" for part in contents(name))]


def contents(package: str) -> Mapping[str, list[str]]:
    """A room's table of contents, {module: names}, as its ``__init__`` hands it to ``lazy_loader.attach``."""
    file = module_file(package)
    if file is None or file.name != "__init__.py":
        return {}
    return _contents(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _contents(file: Path, changed: int) -> Mapping[str, list[str]]:
    del changed
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            return ast.literal_eval(node.value)
    return {}


_WATCHERS: list[dict[str, dict[str, str]]] = []  # of the process, not of a thread: workers load for who started them


@contextmanager
def watching() -> Iterator[dict[str, dict[str, str]]]:
    """Learn which models and recordings are loaded while this lasts, in any thread: {kind: {name: fingerprint}}."""
    seen: dict[str, dict[str, str]] = {}
    _WATCHERS.append(seen)
    try:
        yield seen
    finally:
        _WATCHERS[:] = [one for one in _WATCHERS if one is not seen]


def loaded(kind: str, name: str, mark: str) -> None:
    """Tell those who watch, and the run that this process works for, that something was loaded.

    Parameters
    ----------
    kind : {"models", "recordings"}
    name : str
        As it was asked for.
    mark : str
        Its fingerprint. If it changes while somebody watches, the first one counts: then nothing will be found by it.
    """
    for seen in _WATCHERS:
        seen.setdefault(kind, {}).setdefault(name, mark)
    if "ALIKE_RUN" in os.environ:
        line = json.dumps([kind, name, mark]) + "\n"
        with (Path(os.environ["ALIKE_RUN"]) / LOADED).open("ab", buffering=0) as file:
            file.write(line.encode())  # in one step: processes of one run write side by side


def noted(folder: Path) -> dict[str, dict[str, str]]:
    """Models and recordings that the processes of a run noted in its folder: {kind: {name: fingerprint}}.

    A line that a killed process left half written is passed over.
    """
    notes, out = folder / LOADED, {}
    for line in notes.read_text(encoding="utf-8").splitlines() if notes.exists() else ():
        try:
            kind, name, mark = json.loads(line)
        except ValueError:
            continue
        out.setdefault(kind, {}).setdefault(name, mark)
    return out
