"""``python -m tests.mutants [WORD ...]``: whether the tests can fail.

Comes in: tests/mutants.yml, faults that must not go unnoticed: a file, a line of it, what to put in its place, and the
tests that should see it. Goes out: which faults were caught and by which test, as a table (tests/mutants.csv, kept row
by row), and the share of them; WORD takes only faults whose file or name holds it. Works on a copy; exit code 1 below
90 %, and where tests fail without any fault.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import sys
import tempfile
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "mutants.csv"
LEFT_OUT = {".git", ".venv", "runs", "_build", "build", "cache", "__pycache__", ".pytest_cache", ".ruff_cache"}
ENOUGH = 0.9
LONGEST = 600  # seconds; a fault that makes a test run for ever is caught
LIBRARIES = ("numpy", "pandas", "xarray", "scipy.stats", "sklearn.linear_model", "torch", "mne", "hypothesis")


def faults(words: list[str]) -> list[dict]:
    """Faults of tests/mutants.yml, all or those that hold one of some words; each with its file and tests."""
    groups = yaml.safe_load((ROOT / "tests" / "mutants.yml").read_text(encoding="utf-8"))
    every = [{"file": g["file"], "tests": shlex.split(g["tests"]), **fault} for g in groups for fault in g["faults"]]
    return [f for f in every if not words or any(w in f"{f['file']} {f['name']}" for w in words)]


def tested(folder: Path, tests: list[str]) -> str | None:
    """First test that fails in a copy of the project, None if none does."""
    log = folder / "mutants.log"
    child = get_context("fork").Process(target=_run, args=(folder, tests, log))  # a fork has the libraries already
    child.start()
    child.join(LONGEST)
    if child.is_alive():
        child.kill()
        return f"ran for more than {LONGEST} s"
    found = re.search(r"^(?:FAILED|ERROR) (?:\S*/)?(\S+)", log.read_text(encoding="utf-8"), re.MULTILINE)
    return (found[1] if found else f"pytest ended with {child.exitcode}") if child.exitcode else None


def _run(folder: Path, tests: list[str], log: Path) -> None:
    with log.open("w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(folder)
    os.environ["PYTHONPATH"] = sys.path[0] = str(folder)
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lib", "tests")]:
        del sys.modules[name]
    sys.exit(pytest.main(["-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *tests]))


def misplaced(chosen: list[dict]) -> list[str]:
    """Faults whose line is not in their file just once, or whose tests are not there."""
    out = []
    for fault in chosen:
        count = (ROOT / fault["file"]).read_text(encoding="utf-8").count(fault["old"])
        gone = [test for test in fault["tests"] if test.endswith(".py") and not (ROOT / test).exists()]
        if count != 1 or gone:
            out.append(f"{fault['file']}: {fault['name']}: line there {count} times, tests gone: {gone}")
    return out


def tried(folder: Path, fault: dict) -> str | None:
    """What caught a fault put into the copy, None if nothing did."""
    path = folder / fault["file"]
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(fault["old"], fault["new"]), encoding="utf-8")
    try:
        return tested(folder, fault["tests"])
    finally:
        path.write_text(before, encoding="utf-8")


def keep(row: dict) -> None:
    """Write what became of a fault to tests/mutants.csv, in the order of the list and in place of what was there."""
    known = {}
    if TABLE.exists():
        with TABLE.open(newline="", encoding="utf-8") as file:
            known = {(old["file"], old["fault"]): old for old in csv.DictReader(file)}
    known[row["file"], row["fault"]] = row
    rows = [known[place] for fault in faults([]) if (place := (fault["file"], fault["name"])) in known]
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, row, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main(words: list[str]) -> None:
    """Try faults and say what was caught."""
    chosen, caught = faults(words), 0
    if wrong := misplaced(chosen):
        sys.exit("\n".join(["Mend tests/mutants.yml:", *wrong]))
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in LIBRARIES:
        import_module(name)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(ROOT, copy, ignore=lambda _, names: LEFT_OUT & set(names))
        for tests in dict.fromkeys(tuple(fault["tests"]) for fault in chosen):
            print("without any fault:", *tests, flush=True)
            if failed := tested(copy, list(tests)):
                sys.exit(f"{failed} fails without any fault: mend that first.")
        for number, fault in enumerate(chosen, 1):
            by = tried(copy, fault) or ""
            caught += bool(by)
            keep({"file": fault["file"], "fault": fault["name"], "caught_by": by})
            print(f"{number}/{len(chosen)} {fault['file']}: {fault['name']}: {by or 'NOT CAUGHT'}", flush=True)
    print(f"{caught} of {len(chosen)} faults caught ({caught / max(len(chosen), 1):.0%})")
    sys.exit(caught < ENOUGH * len(chosen))


if __name__ == "__main__":
    main(sys.argv[1:])
