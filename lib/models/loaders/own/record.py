"""What a function in a user's own file says of a network, read and checked.

Comes in: a file and the name of a function in it, run because the user asked for it by that name. Goes out: a
``Record`` of the network, its layers and how it hears, and ``mark``, a hash of its weights. Whatever is wrong with the
file or with what the function gave is told in one line.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lib.ground import WrongUse, unknown
from lib.models.loaders import networks

if TYPE_CHECKING:
    import torch

AXES = "sound time unit"
WORDS = {"sound", "time", "unit"}
SEED = 165_000_165  # of weights that a function draws itself; no twin is likely to have it


@dataclass(frozen=True)
class Record:
    """A network and what is to be known of it.

    Attributes
    ----------
    network : torch.nn.Module
        Any network.
    layers : list of str
        Names of its parts, as ``network.named_modules()`` has them; their outputs are the layers of the model.
    rate : int
        Sampling rate in Hz of the waveforms it hears.
    prepare : callable, optional
        Waveforms (sounds, samples), a float32 tensor, to what the network takes: a tensor, a tuple of arguments, or a
        mapping of arguments by name. Default: the waveforms themselves.
    axes : str, or mapping of str to str by layer
        What each axis of a layer's output is: "sound", "time" or "unit", the latter any number of times. "sound time
        unit" where not given, and "sound unit" for outputs of two axes.
    frame : float, or mapping of str to float by layer, optional
        Seconds from one frame to the next. Frames that begin after the end of the sound, as where a network fills up a
        window, are left out. Default: the frames of a layer share the sound.
    shortest : float
        Seconds of the shortest sound it takes.
    """

    network: torch.nn.Module
    layers: list
    rate: int
    prepare: Callable | None = None
    axes: str | Mapping = AXES
    frame: float | Mapping | None = None
    shortest: float = 0.1

    def axes_of(self, layer: str, count: int) -> list[str]:
        """What each of `count` axes of a layer's output is."""
        given = self.axes.get(layer, AXES) if isinstance(self.axes, Mapping) else self.axes
        named = "sound unit" if given == AXES and count == 2 else given
        return named.split()

    def frame_of(self, layer: str) -> float | None:
        """Seconds from one frame of a layer to the next; None where nothing is said of it."""
        return self.frame.get(layer) if isinstance(self.frame, Mapping) else self.frame


def read(file: Path, function: str) -> Record:
    """Run a file and a function in it, and check what it gave.

    Random numbers are drawn from one seed, so that weights nobody trained are the same ones each time.

    Raises
    ------
    lib.ground.WrongUse
        There is no such file or function, one of them raises, or what it gives is no record of a network.
    """
    if not file.is_file():
        raise WrongUse(f"{file} is not there: the name of a model in a file is PATH/FILE.py:FUNCTION")
    with told(file, "it"):
        module = _executed(file)
    made = getattr(module, function, None)
    if not callable(made):
        known = [node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if hasattr(node, "args")]
        raise unknown(f"function of {file.name}", function, known)
    with told(file, f"{function}()"):
        given = networks.untrained(made, SEED)
    return _record(given, f"{file.name}:{function}")


def _executed(file: Path) -> ModuleType:
    """Module of a file, which finds what lies beside it; no bytecode is written."""
    module = ModuleType(f"own_{file.stem}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(file.parent))
    try:
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), module.__dict__)
    finally:
        sys.path.remove(str(file.parent))
    return module


@contextmanager
def told(file: Path, what: str) -> Iterator[None]:
    """Turn whatever code of the user's raises into one line that says where."""
    try:
        yield
    except WrongUse:
        raise
    except (Exception, SystemExit) as error:
        places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = places[-1] if places else getattr(error, "lineno", None)
        where = f"{file.name}, line {line}" if line else file.name
        said = " ".join(str(error).split())
        raise WrongUse(f"{where}: {what} stops with {type(error).__name__}: {said:.300}") from error


def _record(given: Any, who: str) -> Record:
    import torch

    if not isinstance(given, Mapping):
        raise WrongUse(f"{who} gives a {type(given).__name__}: a dict is needed, with network, layers and rate")
    known = [field.name for field in fields(Record)]
    for key in given:
        if key not in known:
            raise unknown(f"key of what {who} gives,", str(key), known)
    for key in ("network", "layers", "rate"):
        if key not in given:
            raise WrongUse(f"{who} gives a dict without {key!r}: network, layers and rate are needed")
    record = Record(**{**given, "layers": _listed(given["layers"])})
    if not isinstance(record.network, torch.nn.Module):
        raise WrongUse(f"{who}: network is a {type(record.network).__name__}, not a torch.nn.Module")
    parts = dict(record.network.named_modules())
    for layer in record.layers:
        if layer not in parts:
            raise unknown(f"layer of {who}", layer, [name for name in parts if name])
    _check_numbers(record, who)
    return record


def _listed(layers: Any) -> list:
    return [layers] if isinstance(layers, str) else list(layers) if isinstance(layers, list | tuple) else [layers]


def _check_numbers(record: Record, who: str) -> None:
    if not record.layers or not all(isinstance(layer, str) and layer for layer in record.layers):
        raise WrongUse(f"{who}: layers must be a list of names of modules, got {record.layers!r}")
    if len(set(record.layers)) < len(record.layers):
        raise WrongUse(f"{who}: layers must be named once each, got {record.layers!r}")
    if isinstance(record.rate, bool) or not isinstance(record.rate, int) or record.rate < 1000:
        raise WrongUse(f"{who}: rate must be a whole number of samples per second, got {record.rate!r}")
    if record.prepare is not None and not callable(record.prepare):
        raise WrongUse(f"{who}: prepare must be a function of waveforms (sounds, samples), got {record.prepare!r}")
    _check_axes(record, who)
    frames = record.frame.values() if isinstance(record.frame, Mapping) else [record.frame]
    for seconds in (*[one for one in frames if one is not None], record.shortest):
        if not isinstance(seconds, int | float) or not seconds > 0:
            raise WrongUse(f"{who}: frame and shortest are seconds above 0, got {seconds!r}")


def _check_axes(record: Record, who: str) -> None:
    for given in record.axes.values() if isinstance(record.axes, Mapping) else [record.axes]:
        named = given.split() if isinstance(given, str) else []
        if set(named) - WORDS or named.count("sound") != 1 or "unit" not in named or named.count("time") > 1:
            raise WrongUse(
                f"{who}: axes must name sound, time and unit, as in {AXES!r} or 'sound unit time', got {given!r}"
            )


def sources(file: Path) -> list[Path]:
    """A file and what it imports out of its own folder, wherever in a file the import stands."""
    found, waiting = [], [file]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue  # told when it is run
        waiting += [near for name in _imported(tree) for near in _beside(file.parent, name)]
    return sorted(found)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def _beside(folder: Path, name: str) -> list[Path]:
    """Files of a module, and of the packages around it, that lie in a folder."""
    parts = name.split(".")
    places = [folder.joinpath(*parts[: k + 1]) for k in range(len(parts))]
    files = [path for place in places for path in (place.with_suffix(".py"), place / "__init__.py")]
    return [path for path in files if path.is_file()]


def mark(network: Any) -> str:
    """Hash of a network's weights and of all else in its state: names, shapes, types and numbers."""
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        known = isinstance(value, torch.Tensor)
        digest.update(
            f"{name} {tuple(value.shape)} {value.dtype} ".encode() if known else f"{name} {value!r} ".encode()
        )
        if known:
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]
