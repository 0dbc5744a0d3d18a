"""One chapter, one set of parameters, one run folder.

Comes in: the name of a chapter in notebooks/ and the parameters to change. Goes out: a folder with the executed
notebook, results.parquet, numbers.json, figures and manifest.json. Its name is a hash of everything the numbers depend
on, so an unchanged run is never repeated and a changed one never overwrites. The paired source is read, never written.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import platform
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib import models, provenance, recordings
from lib.ground import ROOT, WrongUse, fingerprint, replacing, unknown
from lib.report import cache

NOTEBOOKS = ROOT / "notebooks"
RUNS = ROOT / "runs"
REPORTED_VERSIONS = ("numpy", "scipy", "torch", "transformers", "mne", "nilearn", "pingouin", "papermill")


@dataclass(frozen=True)
class Parameter:
    """One line of a chapter's parameters cell: ``name: kind = default  # help``."""

    name: str
    kind: str
    default: Any
    help: str

    def __str__(self) -> str:
        """Give the line a user reads when a parameter was wrong."""
        return f"{self.name}: {self.kind} = {self.default!r}" + (f"  ({self.help})" if self.help else "")

    def parse(self, value: Any) -> Any:
        """Value of the parameter's own type, from text or from YAML.

        Raises
        ------
        WrongUse
            If the value is not of that type.
        """
        if self.kind != "str" and isinstance(value, str):
            try:
                value = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                raise WrongUse(self._complaint(value)) from None
        if self.kind == "float" and type(value) is int:
            value = float(value)
        if type(value).__name__ != self.kind:
            raise WrongUse(self._complaint(value))
        if self.kind == "list" and self.default and {type(v) for v in value} - {type(v) for v in self.default}:
            raise WrongUse(self._complaint(value))
        return value

    def _complaint(self, value: Any) -> str:
        return f"parameter {self.name!r} must be of type {self.kind}, got {value!r} (default {self.default!r})."


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


def read_chapter(chapter: str):
    """Return the chapter as a notebook node without outputs; the source file is only read."""
    import jupytext

    notebook = jupytext.read(source(chapter))
    notebook.metadata.pop("jupytext", None)  # inherited, it would pair the run's notebook with a new .py beside it
    notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"})
    return notebook


def parameters(chapter: str) -> dict[str, Parameter]:
    """Return the chapter's parameters, read from its cell tagged ``parameters``: {name: Parameter}."""
    import papermill

    cells = [cell for cell in read_chapter(chapter).cells if "parameters" in cell.metadata.get("tags", [])]
    if not cells:
        raise WrongUse(f"chapter {chapter!r} has no cell tagged 'parameters' ({source(chapter).name}).")
    found = papermill.inspect_notebook(read_chapter(chapter)).values()
    return {
        p["name"]: Parameter(p["name"], p["inferred_type_name"], ast.literal_eval(p["default"]), p["help"])
        for p in found
    }


def check_parameters(chapter: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All parameters of a run, defaults filled in.

    Raises
    ------
    WrongUse
        Unknown name, wrong type, unknown recording or model, a model that does not hear; the message lists what is
        known. Nothing is written.
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
    for name in _named(values, "model"):
        models.listener(name)
    return values


def _named(values: Mapping[str, Any], kind: str) -> list[str]:
    """Recordings (or models) that parameters name: those whose name is or ends in `kind`, or its plural."""
    given = [value for key, value in values.items() if f"_{key}".removesuffix("s").endswith(f"_{kind}")]
    return [name for value in given for name in (value if isinstance(value, list) else [value])]


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
        "models": {name: models.fingerprint(name) for name in _named(values, "model")},
    }


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
    found = []
    for path in Path(folder).glob(f"{run_id(chapter, marks)}-*/manifest.json"):
        manifest = json.loads(path.read_text())
        if manifest["status"] == "ok" and cache.current(manifest["loaded"]):
            found.append(Run(path.parent, manifest, fresh=False))
    return max(found, key=lambda run: run.manifest["started"], default=None)


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
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as scratch:
        work = Path(scratch) / "run"
        manifest = _execute(chapter, values, work, progress)
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


def _outside(chapter: str, values: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[str]:
    """Modules that the kernel loaded although no import leads to them: a change of theirs would go unnoticed."""
    loaded = manifest["loaded"]
    roots = [*_loaders(values), *(recordings.loader(name) for name in loaded.get("recordings", ()))]
    roots += [module for name in loaded.get("models", ()) for module in models.loader_modules(name)]
    return sorted(set(manifest["modules"]) - set(provenance.closure(source(chapter), *roots)))


def of_this_source(chapter: str, folder: Path = RUNS) -> list[Run]:
    """Successful runs of a chapter as its source stands today, whatever else has changed since; by name."""
    mark = fingerprint(source(chapter).read_bytes())
    manifests = {path.parent: json.loads(path.read_text()) for path in Path(folder).glob(f"{chapter}-*/manifest.json")}
    return [
        Run(place, manifest, fresh=False)
        for place, manifest in sorted(manifests.items())
        if manifest["status"] == "ok" and manifest["fingerprints"]["chapter"] == mark
    ]


def _execute(chapter: str, values: dict[str, Any], work: Path, progress: Callable | None) -> dict[str, Any]:
    """Run the chapter in `work`, its own folder, and return the manifest but for its id and fingerprints."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    work.mkdir()
    notebook = read_chapter(chapter)
    started, clock = datetime.now(UTC), time.perf_counter()
    status, error = "ok", None
    try:
        with _environment(work), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # traitlets and zmq deprecations, not ours and not the chapter's
            papermill.execute_notebook(
                notebook,
                str(work / "chapter.ipynb"),
                parameters=values,
                cwd=str(work),
                progress_bar=False,
                on_cell_start=_heading_hook(notebook, progress),
                extra_arguments=["--log-level=ERROR"],  # the kernel says on every start that loopback is not encrypted
            )
    except PapermillExecutionError as failure:
        status, error = "failed", f"{failure.ename}: {failure.evalue}"
    except (DeadKernelError, KeyboardInterrupt) as failure:
        status, error = "interrupted", f"{type(failure).__name__}: {failure}"
    if progress:
        progress(len(notebook.cells), len(notebook.cells), status)
    return {
        "chapter": chapter,
        "parameters": values,
        "seed": values.get("seed"),
        "status": status,
        "error": error,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - clock, 1),
        **_left_behind(work),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: importlib.metadata.version(name) for name in REPORTED_VERSIONS},
    }


@contextmanager
def _environment(work: Path) -> Iterator[None]:
    """Environment of the kernel: where to leave its results, and data folders that hold from any directory."""
    absolute = {key: str(Path(os.environ[key]).resolve()) for key in ("ALIKE_DATA", "ALIKE_CACHE") if key in os.environ}
    before = dict(os.environ)
    quiet = "ignore:IProgress not found"  # a page has no use for tqdm's wish for widgets
    os.environ.update(absolute, ALIKE_RUN=str(work), PYDEVD_DISABLE_FILE_VALIDATION="1", PYTHONWARNINGS=quiet)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _heading_hook(notebook, progress: Callable | None) -> Callable | None:
    """Turn nbclient's per-cell hook into ``progress(cells_done, cells, heading)``."""
    heading = ""

    def hook(cell, cell_index: int) -> None:
        nonlocal heading
        if cell.cell_type == "markdown" and (found := re.match(r"#+ +(.+)", cell.source)):
            heading = found.group(1)
        progress(min(cell_index, len(notebook.cells)), len(notebook.cells), heading)

    return hook if progress else None


def _left_behind(work: Path) -> dict[str, Any]:
    """What the kernel noted for the manifest (see lib.report.records): peak memory, modules, models, recordings."""
    usage, notes = work / "usage.json", work / provenance.LOADED
    told = json.loads(usage.read_text()) if usage.exists() else {"peak_memory_mb": None, "modules": []}
    told["loaded"] = {}
    for line in notes.read_text().splitlines() if notes.exists() else ():
        kind, name, mark = json.loads(line)
        told["loaded"].setdefault(kind, {})[name] = mark
    for path in (usage, notes):
        path.unlink(missing_ok=True)
    return told
