"""Executing a notebook in a folder of its own, through Papermill.

Comes in: a notebook without outputs, the values of its parameters, and a folder. Goes out: the executed notebook in
that folder, and for the manifest how it went: status, error and cell, time, memory, versions, what was loaded.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib import provenance
from lib.report import kernel

REPORTED_VERSIONS = ("numpy", "scipy", "torch", "transformers", "mne", "nilearn", "pingouin", "papermill")


def execute(notebook: Any, values: dict[str, Any], work: Path, progress: Callable | None) -> dict[str, Any]:
    """Run a chapter's notebook in `work`, its own folder, and return the manifest but for names and fingerprints."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    work.mkdir()
    started, clock = datetime.now(UTC), time.perf_counter()
    status, error = "ok", None
    place = _Place(len(notebook.cells) + bool(values), progress)  # papermill adds a cell for given values
    try:
        with _environment(work), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # traitlets and zmq deprecations, not ours and not the chapter's
            papermill.execute_notebook(
                notebook,
                str(work / "chapter.ipynb"),
                parameters=values,
                cwd=str(work),
                progress_bar=False,
                on_cell_start=place.started,
                # the kernel notes what it loads, and keeps to itself that loopback is not encrypted
                extra_arguments=["--log-level=ERROR", f"--ext={kernel.__name__}"],
            )
    except PapermillExecutionError as failure:
        status, error = "failed", f"{failure.ename}: {failure.evalue}"
    except (DeadKernelError, KeyboardInterrupt) as failure:
        status, error = "interrupted", f"{type(failure).__name__}: {failure}"
    if status == "ok" and place.number < place.total:  # papermill takes sys.exit() for success
        status, error = "failed", "the chapter ended itself before its last cell"
    if status == "ok":
        place.tell(place.total, status)
    return {
        "parameters": values,
        "seed": values.get("seed"),
        "status": status,
        "error": error,
        "cell": None if status == "ok" else str(place),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - clock, 1),
        **_left_behind(work),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: importlib.metadata.version(name) for name in REPORTED_VERSIONS},
    }


@dataclass
class _Place:
    """Where a notebook is while it is executed: nbclient tells when a cell starts."""

    total: int
    progress: Callable[[int, int, str], None] | None
    number: int = 0  # of the cell that started last, from 1
    heading: str = ""  # above it
    source: str = ""

    def started(self, cell: Any, cell_index: int) -> None:
        self.number, self.source = cell_index + 1, cell.source
        if cell.cell_type == "markdown" and (found := re.findall(r"^#+ +(.+)", cell.source, flags=re.M)):
            self.heading = found[-1]
        self.tell(cell_index, self.heading)

    def tell(self, done: int, heading: str) -> None:
        if self.progress:
            self.progress(done, self.total, heading)

    def __str__(self) -> str:
        """Give number, heading and first line of code of the cell."""
        code = [line.strip() for line in self.source.splitlines() if line.strip() and not line.startswith(("#", "%"))]
        under = f", under {self.heading!r}" if self.heading else ""
        return f"cell {self.number} of {self.total}{under}" + (f": `{code[0]}`" if code else "")


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


def _left_behind(work: Path) -> dict[str, Any]:
    """What the run's processes noted for the manifest: peak memory, modules, models, recordings."""
    usage = work / kernel.USAGE
    noted = json.loads(usage.read_text()) if usage.exists() else {"peak_memory_mb": None, "modules": []}
    noted["loaded"] = provenance.noted(work)
    for path in (usage, work / provenance.LOADED):
        path.unlink(missing_ok=True)
    return noted
