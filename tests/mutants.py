"""``python -m tests.mutants [WORD ...]``: whether the tests can fail.

Comes in: tests/mutants.yml, faults that must not go unnoticed: a file, a line of it, what to put in its place, and the
tests that should see it. Goes out: which faults were caught, by which test, and the share of them; without WORD, which
takes only faults whose file or name holds it, also as tests/mutants.csv. Works on a copy; exit code 1 below 90 %.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {".git", ".venv", "runs", "_build", "build", "cache", "__pycache__", ".pytest_cache", ".ruff_cache"}
ENOUGH = 0.9
LONGEST = 600  # seconds; a fault that makes a test run for ever is caught


def faults(words: list[str]) -> list[dict]:
    """Faults of tests/mutants.yml, all or those that hold one of some words; each with its file and tests."""
    groups = yaml.safe_load((ROOT / "tests" / "mutants.yml").read_text(encoding="utf-8"))
    every = [{"file": g["file"], "tests": shlex.split(g["tests"]), **fault} for g in groups for fault in g["faults"]]
    return [f for f in every if not words or any(w in f"{f['file']} {f['name']}" for w in words)]


def tested(folder: Path, tests: list[str]) -> str | None:
    """First test that fails in a copy of the project, None if none does."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        return f"ran for more than {LONGEST} s"
    found = re.search(r"^(?:FAILED|ERROR) (?:\S*/)?(\S+)", done.stdout, re.MULTILINE)
    return (found[1] if found else f"pytest ended with {done.returncode}") if done.returncode else None


def tried(folder: Path, fault: dict) -> str | None:
    """What caught a fault put into the copy, None if nothing did; SystemExit where its line is not there just once."""
    path = folder / fault["file"]
    before = path.read_text(encoding="utf-8")
    if before.count(fault["old"]) != 1:
        sys.exit(f"{fault['file']} holds {fault['old']!r} {before.count(fault['old'])} times: mend tests/mutants.yml.")
    path.write_text(before.replace(fault["old"], fault["new"]), encoding="utf-8")
    try:
        return tested(folder, fault["tests"])
    finally:
        path.write_text(before, encoding="utf-8")


def main(words: list[str]) -> None:
    """Try every fault and say what was caught."""
    chosen, rows = faults(words), []
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(ROOT, copy, ignore=lambda _, names: LEFT_OUT & set(names))
        for tests in dict.fromkeys(tuple(fault["tests"]) for fault in chosen):
            if failed := tested(copy, list(tests)):
                sys.exit(f"{failed} fails without any fault: mend that first.")
        for number, fault in enumerate(chosen, 1):
            by = tried(copy, fault)
            rows.append({"file": fault["file"], "fault": fault["name"], "caught_by": by or ""})
            print(f"{number}/{len(chosen)} {fault['file']}: {fault['name']}: {by or 'NOT CAUGHT'}", flush=True)
    caught = sum(bool(row["caught_by"]) for row in rows)
    print(f"{caught} of {len(rows)} faults caught ({caught / max(len(rows), 1):.0%})")
    if not words:
        with (ROOT / "tests" / "mutants.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0], lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
    sys.exit(caught < ENOUGH * len(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
