"""The command ``alike``: run a chapter, build the book, look after recordings and models.

Comes in: what the user typed. Goes out: run folders, the built book, tables on the terminal, and an exit code:
0 done, 1 a run failed or data are missing, 2 wrong use.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lib.ground import DamagedData, MissingData, WrongUse

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
data_app = typer.Typer(no_args_is_help=True, help="Recordings: what is known, fetch one, check one.")
models_app = typer.Typer(no_args_is_help=True, help="Models: what is known.")
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command()
def run(
    chapter: str,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME VALUE", help="Change a parameter; may be given several times."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Run again even if nothing changed.")] = False,
) -> None:
    """Execute a chapter with its parameters changed; the results go to a folder of their own under runs/."""
    from lib.report import runs

    given = dict(pair.split("=", 1) for pair in parameter or [])
    with _progress(chapter) as progress:
        done = runs.run(chapter, given, force=force, progress=progress)
    _tell(chapter, done)
    raise typer.Exit(0 if done.succeeded else 1)


@app.command()
def book(
    edition: Annotated[str, typer.Option(help="Which edition, a file in book/editions/.")] = "pocket",
    force: Annotated[bool, typer.Option(help="Run every chapter again.")] = False,
    strict: Annotated[bool, typer.Option(help="A warning while building is an error.")] = False,
) -> None:
    """Run what is stale, place the chapters, make the pages that come from results, and build the site."""
    from lib.report import editions, runs, site

    def run_page(page: editions.Page) -> runs.Run:
        with _progress(page.name) as progress:
            done = runs.run(page.chapter, page.parameters, force=force, progress=progress)
        _tell(page.name, done)
        return done

    chosen = editions.load(edition)
    done = editions.run_pages(chosen, run_page)
    if not all(run.succeeded for run in done.values()):
        raise typer.Exit(1)
    editions.place(chosen, done)
    if code := editions.build(strict=strict):
        errors.print("The site could not be built; the messages above say why.", style="red")
        raise typer.Exit(code)
    found = site.problems(editions.SITE)
    for problem in found:
        errors.print(problem, markup=False)
    if found and strict:
        raise typer.Exit(1)
    console.print(f"The {chosen.title} is built: {editions.SITE / 'index.html'}")


@data_app.command("list")
def data_list() -> None:
    """Every recording: what it is, its licence, and whether it is on this machine."""
    from lib import recordings

    table = Table("recording", "what it is", "licence", "here")
    for name in recordings.names():
        card = recordings.card(name)
        here = "made when needed" if card["simulated"] else ("no" if recordings.check(name) else "yes")
        table.add_row(name, card["title"], card["licence"], here)
    console.print(table)


@data_app.command("fetch")
def data_fetch(name: str) -> None:
    """Download a recording, verify it, and put it under data/cache."""
    from lib import recordings

    console.print(f"{name} is at {recordings.fetch(name)}")


@data_app.command("check")
def data_check(name: str) -> None:
    """Compare every file of a recording with what its publisher published."""
    from lib import recordings

    problems = recordings.check(name)
    for problem in problems:
        errors.print(problem)
    console.print(f"{name}: {len(problems)} problem{'s' * (len(problems) != 1)}.")
    raise typer.Exit(1 if problems else 0)


@models_app.command("list")
def models_list() -> None:
    """Every model of the roster and whether it runs."""
    from lib import models

    shown = ["title", "family", "status"]
    table = Table("model", *shown)
    for name, row in models.roster().set_index("name")[shown].iterrows():
        table.add_row(str(name), *map(str, row))
    console.print(table)


@contextmanager
def _progress(name: str) -> Iterator:
    """Show cells done, current heading and elapsed time: a live bar on a terminal, one line per heading elsewhere."""
    if not console.is_terminal:
        yield _lines(name)
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(20), MofNCompleteColumn(), TextColumn("cells"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[heading]}"), console=console) as bar:
        task = bar.add_task(name, heading="", total=None)
        yield lambda done, total, heading: bar.update(task, completed=done, total=total, heading=heading)


def _lines(name: str):
    start, last = time.perf_counter(), None

    def progress(done: int, total: int, heading: str) -> None:
        nonlocal last
        if heading and heading != last:
            console.print(f"{name}  {done:3d}/{total} cells  {time.perf_counter() - start:5.0f} s  {heading}")
            last = heading

    return progress


def _tell(name: str, run) -> None:
    if run.succeeded:
        console.print(f"{name}: {'done' if run.fresh else 'nothing changed since'} {run.folder}")
    else:
        errors.print(f"{name} {run.manifest['status']}: {run.manifest['error']}", style="red", markup=False)
        errors.print(f"The notebook with the error is kept: {run.notebook}", markup=False)


def _joined(words: list[str]) -> list[str]:
    """Make ``-p NAME VALUE`` into ``-p NAME=VALUE``: typer's options take one value, and VALUE may begin with -."""
    joined, rest = [], iter(words)
    for word in rest:
        joined.append(word)
        if word in ("-p", "--parameter"):
            name = next(rest, "")
            joined.append(name if "=" in name else f"{name}={next(rest, '')}")
    return joined


def main() -> None:
    """Run the command line; errors a user can mend are told in words, without a traceback."""
    try:
        app(_joined(sys.argv[1:]))
    except (WrongUse, MissingData, DamagedData) as error:
        errors.print(str(error), style="red", markup=False)
        sys.exit(2 if isinstance(error, WrongUse) else 1)


if __name__ == "__main__":
    main()
