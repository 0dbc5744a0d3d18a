"""``python -m tests.commands [WORD ...]``: every run of a chapter that a page tells its reader to make is made.

Comes in: the pages of the book (README, CONTRIBUTING, book/, notebooks/) and the commands on them, which
book/test_pages.py parses. Goes out: a table of commands, seconds and exit codes, two run at a time, and of those that
were passed over, with the reason; WORD takes only commands that hold it. Exit code 1 where one fails. A run that is
there already and that nothing changed since is not repeated, as for any reader.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer

from lib import models, recordings
from lib.ground import MissingData
from lib.report import cli, runs, terminal

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "book").glob("*.md"))]
PAGES += sorted(str(p.relative_to(ROOT)) for p in (ROOT / "notebooks").glob("*.py"))
FORKED = ("my_question", "echo")
"""Made on the page itself, as files of one's own are; book/test_build.py and book/test_own_model.py do that."""
AT_ONCE = 2


def commands(page: str) -> Iterator[list[str]]:
    """Commands of a page: lines of its bash blocks, and inline code that begins with alike or make."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"^# ?", "", text, flags=re.M) if page.endswith(".py") else text
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.M | re.S)
    inline = re.findall(r"`((?:[A-Z_]+=\S+ )*(?:alike|make) [^`]+)`", text)
    for line in [line for block in blocks for line in block.splitlines()] + inline:
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def every() -> list[tuple[str, tuple[str, ...]]]:
    """Page and words of all commands."""
    return [(page, tuple(words)) for page in PAGES for words in commands(page)]


def parsed(words: tuple[str, ...] | list[str]) -> tuple[str, dict]:
    """Parse a command as the command line does, without ``alike``, and give its subcommand and values."""
    command, words, path = typer.main.get_command(cli.app), terminal.joined(list(words)), []
    while hasattr(command, "commands"):
        path.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    return " ".join(path), command.make_context("alike", words).params


def to_run(found: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Commands that run a chapter, each once."""
    return list(dict.fromkeys(words for _, words in found if words[:2] in (("alike", "run"), ("alike", "score"))))


def asked_for(words: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Chapter and parameters that a command gives."""
    path, asked = parsed(words[1:])
    given = dict(pair.split("=", 1) for pair in asked["parameter"] or [])
    return ("score", {"model": asked["model"]} | given) if path == "score" else (asked["chapter"], given)


def on_the_page(name: str) -> bool:
    """Whether a page makes what it names, or means any name."""
    return name in FORKED or ".py:" in name or name.isupper()


def lacking(words: tuple[str, ...]) -> str:
    """Why a command that runs a chapter can't be run here as it stands; empty where it can."""
    chapter, given = asked_for(words)
    made = [name for name in (chapter, *given.values()) if on_the_page(name)]
    if made:
        return f"{made[0]} is made, or stands for a name, on the page itself"
    values = runs.check_parameters(chapter, given)
    for name in runs._named(values, "recording"):
        for part in (name, recordings.card(name).get("sounds", name)):
            if recordings.check(part, content=False):
                return f"the recording {part} is not on this machine"
    for name in runs._named(values, "model"):
        try:
            models.load(name)
        except MissingData:
            return f"the weights of {name} are not on this machine"
    return ""


def executed(words: tuple[str, ...]) -> tuple[float, int, str]:
    """Run a command in the project: seconds, exit code, and the end of what it complained of."""
    started, command = time.perf_counter(), [sys.executable, "-m", "lib.report.cli", *words[1:]]
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return time.perf_counter() - started, done.returncode, done.stderr[-2000:]


def main(asked: list[str]) -> None:
    """Run the commands and say what became of them."""
    chosen = [words for words in to_run(every()) if not asked or any(word in shlex.join(words) for word in asked)]
    reasons = {words: lacking(words) for words in chosen}
    for words, reason in reasons.items():
        if reason:
            print(f"passed over: {shlex.join(words)}: {reason}", flush=True)
    chosen, failed = [words for words, reason in reasons.items() if not reason], 0
    print(f"{'seconds':>7} {'exit':>4} command", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for words, (seconds, code, complaint) in zip(chosen, pool.map(executed, chosen), strict=True):
            print(f"{seconds:7.0f} {code:4d} {shlex.join(words)}", flush=True)
            if code:
                failed += 1
                print(complaint, flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} commands ran, {len(reasons) - len(chosen)} passed over")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(sys.argv[1:])
