"""What the command line says and reads: lines, complaints, progress of a run, and parameters in all their spellings.

Comes in: words that the user typed, and what a command has to tell. Goes out: words as the command's parser takes them,
and lines, tables and bars on the terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from lib.ground import WrongUse

if TYPE_CHECKING:
    from lib.report.runs import Run


def say(text: str) -> None:
    """One line or more for the user, as they are."""
    typer.echo(text)


def complain(text: str) -> None:
    """What is wrong, on the error channel, red on a terminal."""
    typer.secho(text, err=True, fg="red")


def console() -> Any:
    """Terminal for tables and bars; made when needed, since it takes as long to load as most commands to run."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@contextmanager
def progress(name: str) -> Iterator:
    """Show cells done, current heading and elapsed time: a live bar on a terminal, one line per heading elsewhere."""
    if not sys.stdout.isatty():
        yield _lines(name)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("[bold]{task.description}"), BarColumn(20), MofNCompleteColumn(), TextColumn("cells"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[heading]}"), console=console()) as bar:
        task = bar.add_task(name, heading="", total=None)
        yield lambda done, total, heading: bar.update(task, completed=done, total=total, heading=heading)


def _lines(name: str):
    start, last = time.perf_counter(), None

    def progress(done: int, total: int, heading: str) -> None:
        nonlocal last
        if heading and heading != last:
            say(f"{name}  {done:3d}/{total} cells  {time.perf_counter() - start:5.0f} s  {heading}")
            last = heading

    return progress


def tell(name: str, run: Run) -> None:
    """Say where a run is, or what went wrong in it and where."""
    facts = run.manifest
    if run.succeeded:
        say(f"{name}: {'done' if run.fresh else 'nothing changed since'} {run.folder}")
        return
    complain(f"{name} {facts['status']} in {facts['cell']}\n{facts['error']}")
    complain(f"The notebook with the error is kept: {run.notebook}")


def joined(words: list[str]) -> list[str]:
    """Make every way to give a parameter into ``-p NAME=VALUE``.

    The options of typer take one value. Here ``-p NAME VALUE``, ``-p NAME=VALUE``, ``-pNAME VALUE`` and
    ``--parameter=NAME VALUE`` are the same, and VALUE may begin with a hyphen.
    """
    joined, rest = [], iter(words)
    for word in rest:
        attached = _attached(word)
        if attached is None:
            joined.append(word)
            continue
        name = attached or next(rest, "")
        value = "" if "=" in name else next(rest, None)
        if not name.partition("=")[0] or value is None:
            raise WrongUse(f"{word} needs a name and a value: -p {name.partition('=')[0] or 'NAME'} VALUE")
        joined += ["-p", name if "=" in name else f"{name}={value}"]
    return joined


def _attached(word: str) -> str | None:
    """What follows the option within the same word; None if the word is another option or no option."""
    if word.startswith("--parameter=") or word == "--parameter":
        return word.removeprefix("--parameter").removeprefix("=")
    return word.removeprefix("-p").removeprefix("=") if word.startswith("-p") else None
