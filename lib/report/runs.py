"""One chapter, one set of parameters, one run folder.

Comes in: the name of a chapter in notebooks/ and the parameters to change. Goes out: a folder with the executed
notebook, results.parquet, numbers.json, figures and manifest.json. Its name is a hash of everything the numbers depend
on, so an unchanged run is never repeated and a changed one never overwrites. The paired source is read, never written.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import models, provenance, recordings
from lib.ground import ROOT, DamagedData, MissingData, WrongUse, fingerprint, replacing, unknown
from lib.report import cache, execution
from lib.report.parameters import Parameter, read

NOTEBOOKS = ROOT / "notebooks"
RUNS = ROOT / "runs"

MANIFEST = ("chapter", "parameters", "status", "started", "seconds", "loaded", "outside", "fingerprints")


@dataclass(frozen=True)
class Run:
    """A run folder and what its manifest says."""

    folder: Path
    manifest: dict[str, Any]
    fresh: bool  # True if this call executed the chapter, False if an earlier run was found

    @property
    def succeeded(self) -> bool:
        """Whether every cell ran."""
        return self.manifest["status"] == "ok"

    @property
    def notebook(self) -> Path:
        """The executed chapter."""
        return self.folder / "chapter.ipynb"

    def numbers(self) -> dict[str, Any]:
        """Return what the prose quotes (numbers.json)."""
        path = self.folder / "numbers.json"
        return json.loads(path.read_text()) if path.exists() else {}


def chapters() -> list[str]:
    """Names of the chapters in notebooks/."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.py"))


def source(chapter: str) -> Path:
    """Path of a chapter's .py; WrongUse if there is none of that name."""
    if chapter not in chapters():
        raise unknown("chapter", chapter, chapters())
    return NOTEBOOKS / f"{chapter}.py"


def title(chapter: str) -> str:
    """Return the first heading of a chapter."""
    found = re.search(r"^# # (.+)$", source(chapter).read_text(encoding="utf-8"), flags=re.M)
    return found.group(1) if found else ""


def read_chapter(chapter: str):
    """Return the chapter as a notebook node without outputs; the source file is only read."""
    import jupytext

    notebook = jupytext.read(source(chapter))
    notebook.metadata.pop("jupytext", None)  # inherited, it would pair the run's notebook with a new .py beside it
    notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"})
    return notebook


def parameters(chapter: str) -> dict[str, Parameter]:
    """Return the chapter's parameters, read from its cell tagged ``parameters``: {name: Parameter}."""
    return read(source(chapter))


def check_parameters(chapter: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All parameters of a run, defaults filled in.

    Raises
    ------
    WrongUse
        Unknown name, wrong type, value out of range, unknown recording or model, a model that does not hear sounds; the
        message lists what is known. Nothing is written.
    """
    known = parameters(chapter)
    values = {name: parameter.default for name, parameter in known.items()}
    try:
        for name, value in (given or {}).items():
            if name not in known:
                raise unknown("parameter", name, known)
            values[name] = known[name].parse(value)
    except WrongUse as error:
        lines = "\n  ".join(str(parameter) for parameter in known.values())
        raise WrongUse(f"{error}\nParameters of chapter {chapter!r}:\n  {lines}") from None
    for name in _named(values, "recording"):
        if name not in recordings.names():
            raise unknown("recording", name, recordings.names())
    values |= {key: _full_names(values[key]) for key in values if _names_a(key, "model")}
    for name in _named(values, "model"):
        models.listener(name)
    return values


def _full_names(given: Any) -> Any:
    """Full name of a model, or of those in a list; a file that a name means is run, and its weights are marked."""
    return [models.named(name) for name in given] if isinstance(given, list) else models.named(given)


def _named(values: Mapping[str, Any], kind: str) -> list[str]:
    """Recordings (or models) that parameters name: those whose name is or ends in `kind`, or its plural."""
    given = [value for key, value in values.items() if _names_a(key, kind)]
    return [name for value in given for name in (value if isinstance(value, list) else [value])]


def _names_a(key: str, kind: str) -> bool:
    return f"_{key}".removesuffix("s").endswith(f"_{kind}")


def fingerprints(chapter: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Hashes of everything that is known to matter before a run: its parameters, and what its imports lead to.

    What a chapter loads besides, by names that stand in its code, is noted while it runs (``Run.manifest["loaded"]``),
    and compared when a run is looked for.
    """
    roots = (source(chapter), *_loaders(values))
    return {
        "chapter": fingerprint(source(chapter).read_bytes()),
        "parameters": fingerprint(json.dumps(dict(values), sort_keys=True)),
        "code": provenance.code(*roots),
        "versions": fingerprint((ROOT / "requirements.lock").read_bytes()),
        "tables": {path.name: fingerprint(path.read_bytes()) for path in provenance.tables(*roots)},
        "recordings": {name: recordings.fingerprint(name) for name in _named(values, "recording")},
        "models": _marks(values),
    }


def _marks(values: Mapping[str, Any]) -> dict[str, str]:
    """Marks of the models that parameters name; those of ``published_...`` may be missing, others are an error."""
    needed = _named({key: value for key, value in values.items() if not key.startswith("published_")}, "model")
    marks = dict.fromkeys(_named(values, "model"), "not here")
    for name in marks:
        with nullcontext() if name in needed else suppress(MissingData):
            marks[name] = models.fingerprint(name)
    return marks


def _loaders(values: Mapping[str, Any]) -> list[str]:
    """Modules that load the recordings and models of some parameters."""
    return [recordings.loader(name) for name in _named(values, "recording")] + [
        module for name in _named(values, "model") for module in models.loader_modules(name)
    ]


def run_id(chapter: str, marks: Mapping[str, Any]) -> str:
    """Beginning of the name of the run folder: chapter and a hash of its fingerprints."""
    return f"{chapter}-{fingerprint(json.dumps(marks, sort_keys=True))}"


def find(chapter: str, marks: Mapping[str, Any], folder: Path) -> Run | None:
    """Latest successful run with these fingerprints, all that it loaded being what it was; None if there is none."""
    candidates = [run for run in _runs(f"{run_id(chapter, marks)}-*", folder) if run.succeeded]
    found = [run for run in candidates if cache.current(run.manifest["loaded"])]
    return max(found, key=lambda run: run.manifest["started"], default=None)


def _runs(pattern: str, folder: Path) -> Iterator[Run]:
    """Runs by the names of their folders; what lacks a part of a manifest, or is none, is passed over."""
    for path in sorted(Path(folder).glob(f"{pattern}/manifest.json")):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        if set(MANIFEST) <= set(manifest):
            yield Run(path.parent, manifest, fresh=False)


def run(
    chapter: str,
    given: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    folder: Path = RUNS,
    progress: Callable[[int, int, str], None] | None = None,
) -> Run:
    """Execute a chapter, unless a run with the same fingerprints succeeded before.

    Parameters
    ----------
    chapter : str
        Name of a file in notebooks/, without ``.py``.
    given : mapping, optional
        Parameters that differ from the defaults of the chapter's parameters cell.
    force : bool
        Execute even if nothing changed. An earlier success is replaced only by another success.
    folder : path
        Where run folders are kept.
    progress : callable, optional
        Called as ``progress(cells_done, cells, heading)`` before each cell and once at the end.

    Returns
    -------
    Run
        A failed run is kept under the same name with ``-failed`` behind it, with the error in its notebook.

    Raises
    ------
    WrongUse
        Unknown chapter or parameter, or a value of the wrong type; nothing is written.
    """
    values = check_parameters(chapter, given)
    marks, folder = fingerprints(chapter, values), Path(folder)
    if not force and (earlier := find(chapter, marks, folder)):
        return earlier
    name = run_id(chapter, marks)
    failed = folder / f"{name}-failed"
    folder.mkdir(parents=True, exist_ok=True)
    _remove_scratch(folder)
    with tempfile.TemporaryDirectory(prefix=f"{_scratch()}{os.getpid()}-", dir=folder) as scratch:
        work = Path(scratch) / "run"
        manifest = {"chapter": chapter} | execution.execute(read_chapter(chapter), values, work, progress)
        loaded = manifest["loaded"]
        place = folder / f"{name}-{fingerprint(json.dumps(loaded, sort_keys=True))[:6]}"
        manifest |= {"id": place.name, "fingerprints": marks, "outside": _outside(chapter, values, manifest)}
        place = place if manifest["status"] == "ok" else failed
        (work / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        with replacing(place) as new:
            os.replace(work, new)
    if place != failed:
        shutil.rmtree(failed, ignore_errors=True)
    return Run(place, manifest, fresh=True)


def _scratch() -> str:
    """Beginning of the name of a run's folder while it runs; the number of its process follows."""
    return f".running-{re.sub(r'[^a-z0-9]', '', platform.node().lower())}-"


def _remove_scratch(folder: Path) -> None:
    """Remove what terminated runs on this machine left behind."""
    for path in folder.glob(f"{_scratch()}*"):
        number = path.name.removeprefix(_scratch()).partition("-")[0]
        if number.isdecimal() and not _alive(int(number)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _outside(chapter: str, values: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Modules that the kernel loaded although no import leads to them: a change of theirs would go unnoticed."""
    loaded = manifest["loaded"]
    roots = ["lib.report.kernel", *_loaders(values), *map(recordings.loader, loaded.get("recordings", ()))]
    roots += [module for name in loaded.get("models", ()) for module in models.loader_modules(name)]
    if not manifest["modules"]:
        return ["the kernel left no note of its modules"]
    return sorted(set(manifest["modules"]) - set(provenance.closure(source(chapter), *roots)))


def all_runs(chapter: str | None = None, folder: Path = RUNS) -> list[Run]:
    """All runs, or those of a chapter, failed ones too, in the order in which they were started."""
    found = [run for run in _runs("*", folder) if chapter in (None, run.manifest["chapter"])]
    return sorted(found, key=lambda run: run.manifest["started"])


def changed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a run that are not the defaults of its chapter as it is now."""
    chapter = manifest["chapter"]
    known = parameters(chapter) if chapter in chapters() else {}
    values = manifest["parameters"].items()
    return {name: value for name, value in values if name not in known or known[name].default != value}


def of_this_source(chapter: str, folder: Path = RUNS) -> list[Run]:
    """Successful runs of a chapter, with whatever parameters, that would be found if they were asked for today."""
    found = [run for run in _runs(f"{chapter}-*", folder) if run.succeeded and run.manifest["chapter"] == chapter]
    return [run for run in found if _is_current(chapter, run.manifest)]


def _is_current(chapter: str, manifest: Mapping[str, Any]) -> bool:
    try:
        marks = fingerprints(chapter, check_parameters(chapter, manifest["parameters"]))
    except (WrongUse, MissingData, DamagedData):  # it had other parameters, or its model or recording is gone
        return False
    return marks == manifest["fingerprints"] and cache.current(manifest["loaded"])
