"""What every benchmark stands on: rows, timing, peak memory, the machine, and the page made from the results.

Comes in: two ways to do the same thing. Goes out: rows with both measurements and their ratio, a JSON file, a page.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lib.ground import ROOT, replacing, unknown

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
GPU_RESULTS = HERE / "results-gpu.json"
"""Of ``benchmarks.gpu``, which needs a machine with a card."""
PACKAGES = ("numpy", "scipy", "torch", "scikit-learn", "himalaya", "rsatoolbox", "dcor", "numba")


@dataclass(frozen=True)
class Step:
    """A part of a benchmark: what is measured, in words, and the function that measures it and gives rows."""

    what: str
    rows: Callable[[], Iterable[dict]]


def row(
    what: str,
    ours: float,
    *,
    theirs: float | None = None,
    other: str = "",
    unit: str = "s",
    extrapolated: str = "",
    check: str = "",
    note: str = "",
) -> dict:
    """One line of the table.

    Parameters
    ----------
    what : str
        What was done, with its sizes.
    ours, theirs : float
        Seconds ("s") or megabytes ("MB"); theirs is None where nothing else does the job.
    other : str
        The other library, how it was used, and its version.
    extrapolated : str
        From how many measured fits `theirs` was extrapolated, "" if it was measured whole.
    check : str
        How far the two results agree.
    note : str
        Anything a reader must know.
    """
    ratio = None if theirs is None else theirs / ours
    texts = {"other": other, "unit": unit, "extrapolated": extrapolated, "check": check, "note": note}
    return {"what": what, "ours": ours, "theirs": theirs, "ratio": ratio, **texts}


def best_of(*calls: Callable[[], object], repeats: int = 5) -> list[float]:
    """Shortest time of each call in seconds, after one warm-up each.

    The calls take turns, so that whatever else the machine does falls on all of them.
    """
    times = [[] for _ in calls]
    for repeat in range(repeats + 1):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if repeat:
                taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


_CHILD = """
import json, re, resource
def status(field):
    found = re.search(field + r":\\s+(\\d+) kB", open("/proc/self/status").read())
    return int(found.group(1)) / 1e3
{setup}
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
{call}
print(json.dumps([before, status("VmHWM")]))
"""


def peak_memory(setup: str, call: str) -> tuple[float, float]:
    """Memory of a fresh process, in MB: before `call` (after `setup`), and the peak during it.

    The high-water mark of the process is reset in between; `resource.getrusage` cannot do that, and on Linux a new
    process inherits its parent's mark.
    """
    command = [sys.executable, "-c", _CHILD.format(setup=setup, call=call)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    before, peak = json.loads(done.stdout.splitlines()[-1])
    return before, peak


def circumstances() -> dict:
    """Machine, threads, load, versions and date of a measurement."""
    import torch

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": round(os.getloadavg()[0], 2),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), platform.processor())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def names() -> list[str]:
    """Benchmarks there are: what follows ``bench_`` in the file names."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def known(wanted: Iterable[str] | None) -> list[str]:
    """Benchmarks to run: those that are wanted, or all; an unknown one is an error before anything is measured."""
    for name in wanted or ():
        if name not in names():
            raise unknown("benchmark", name, names())
    return list(wanted or names())


def measure(
    name: str, threads: int | None = None, *, say: Callable[[str], object] = print, path: Path = RESULTS
) -> Iterator[dict]:
    """Run one benchmark, row by row; each row is in the file of results before it is given.

    Parameters
    ----------
    name : str
        One of ``names()``.
    threads : int, optional
        Limit of all libraries, on both sides.
    say : callable
        Takes one line for every step: which it is, and how long it took the last time; and one when it is done.
    path : path
        Where results are kept. Those of other benchmarks stay; of this one, rows of earlier runs go with the first new
        row. A run that is stopped leaves the rows it has measured, marked as unfinished.
    """
    import torch
    from threadpoolctl import threadpool_limits

    (name,) = known([name])
    if threads:
        torch.set_num_threads(threads)
        os.environ["OMP_NUM_THREADS"] = str(threads)  # of the processes whose memory is measured
    before = load(path).get(name, {}).get("seconds", {})
    section = {**circumstances(), "rows": [], "seconds": {}, "unfinished": True}
    steps = import_module(f"benchmarks.bench_{name}").steps()
    with threadpool_limits(threads):
        for number, step in enumerate(steps, 1):
            last = f" ({quantity(before[step.what], 's')} the last time)" if step.what in before else ""
            say(f"{name} {number}/{len(steps)}: {step.what} ...{last}")
            start = time.perf_counter()
            for line in step.rows():
                section["rows"].append(line)
                save({**load(path), name: section}, path)
                yield line
            section["seconds"][step.what] = round(time.perf_counter() - start, 1)
            say(f"{name} {number}/{len(steps)}: done in {quantity(section['seconds'][step.what], 's')}")
    del section["unfinished"]
    save({**load(path), name: section}, path)


def load(path: Path = RESULTS) -> dict:
    """Results so far, by benchmark."""
    return json.loads(path.read_text()) if path.exists() else {}


def save(results: dict, path: Path = RESULTS) -> None:
    """Write the results in one step."""
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def quantity(value: float | None, unit: str) -> str:
    """A measurement for reading: three digits, seconds in the unit that suits them."""
    if value is None:
        return "–"
    if unit == "s":
        for least, size, name in ((7200, 3600, "h"), (120, 60, "min"), (1, 1, "s"), (0, 1e-3, "ms")):
            if value >= least:
                return f"{value / size:.3g} {name}"
    return f"{value:,.0f} {unit}"


def cells(line: dict) -> list[str]:
    """The columns of the table: what, ours, the other, ratio, remarks."""
    theirs = quantity(line["theirs"], line["unit"])
    if line["extrapolated"]:
        theirs += f" (extrapolated {line['extrapolated']})"
    other = f"{theirs}: {line['other']}" if line["theirs"] is not None else "–"
    ratio = "–" if line["ratio"] is None else f"{line['ratio']:{',.0f' if line['ratio'] >= 100 else '.2g'}}×"
    remarks = "; ".join(text for text in (line["check"], line["note"]) if text)
    return [line["what"], quantity(line["ours"], line["unit"]), other, ratio, remarks]


HEADER = ["what", "ours", "the other", "ratio", "remarks"]


def page(results: dict, gpu: dict | None = None) -> str:
    """A MyST page with one table for each benchmark.

    Parameters
    ----------
    results : dict
        What `load` returns.
    gpu : dict, optional
        What `load` returns of ``GPU_RESULTS``; where there is nothing, the page says so.

    Returns
    -------
    str
        Markdown. Ratios above 1 mean that this project is faster (or smaller).
    """
    parts = [
        "# Benchmarks",
        "Each line does the same work twice in one run on one machine, turn by turn, and keeps the shortest time of "
        "each. Ratios above 1 say how many times faster (or smaller) this project is. All inputs are simulated.",
    ]
    for name, section in results.items():
        gpu = f", {section['gpu']}" if section["gpu"] else ""
        versions = ", ".join(f"{package} {number}" for package, number in section["versions"].items())
        lines = [HEADER, ["---"] * len(HEADER), *(cells(line) for line in section["rows"])]
        table = "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)
        threads = "1 thread" if section["threads"] == 1 else f"{section['threads']} threads"
        where = f"{section['processor']}, {section['cores']} cores, {threads}{gpu}"
        when = f"{section['date'][:10]}, load before {section['load_before']}; Python {section['python']}, {versions}."
        if section.get("unfinished"):
            when += " It was stopped before its end: rows are missing."
        parts += [f"## {name.replace('_', ' ').capitalize()}", f"{where}; {when}", table]
    return "\n\n".join([*parts, *on_a_card(gpu or {})]) + "\n"


def on_a_card(found: dict) -> list[str]:
    """What a GPU is worth beside the processor of the same machine, as a section of the page.

    Parameters
    ----------
    found : dict
        From ``benchmarks.gpu.run``; empty where no card has been measured.
    """
    head = "## On a GPU"
    if not found.get("gpu"):
        return [head, "No GPU has been measured yet. `make bench-gpu` does so on a machine that has one."]
    by_device = {where: {row["name"]: row for row in rows} for where, rows in found["rows"].items()}
    lines = [[f"what, on {found['gpu']}", "GPU", "processor", "ratio", "remarks"], ["---"] * 5]
    lines += [_card_cells(name, by_device) for name in by_device["gpu"]]
    table = "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)
    where = f"{found['gpu']} beside {found['processor']}, {found['cores']} cores; {found['date'][:10]}"
    return [head, f"{where}. Ratios say how many times faster the card is; sizes are those of the papers.", table]


def _card_cells(name: str, by_device: dict) -> list[str]:
    """A job's line of the table: what failed or was not reached says so."""
    card, other = by_device["gpu"][name], by_device.get("cpu", {}).get(name, {})
    if "failed" in card:
        return [name, "failed", "–", "–", card["failed"]]
    ratio = f"{other['seconds'] / card['seconds']:.2g}×" if "seconds" in other else "–"
    remarks = [card["note"]] if card["note"] else []
    if card.get("products"):
        busy = f", which is busy {100 * card['busy']:.0f} % of the time" if card.get("busy") else ""
        remarks.append(f"matrix products are {100 * card['products']:.0f} % of the card's time{busy}")
    if card.get("whole"):
        words, count = card["whole"]
        remarks.append(f"{words}, extrapolated: {quantity(count * card['seconds'], 's')}")
    theirs = quantity(other.get("seconds"), "s") if "failed" not in other else "failed"
    return [card["what"], quantity(card["seconds"], "s"), theirs, ratio, "; ".join(remarks)]
