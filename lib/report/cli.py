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
from rich.table import Column, Table

from lib.ground import DamagedData, MissingData, WrongUse, unknown

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
data_app = typer.Typer(no_args_is_help=True, help="Recordings: what is known, fetch one, check one.")
models_app = typer.Typer(no_args_is_help=True, help="Models: what is known, fetch one, check one.")
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
        here = "made when needed" if card["simulated"] else ("no" if recordings.check(name, content=False) else "yes")
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
def models_list(
    family: Annotated[str | None, typer.Option(help="Only models of this family.")] = None,
    status: Annotated[str | None, typer.Option(help="Only models with this status.")] = None,
) -> None:
    """Every model of the roster, whether it runs, and if not, why."""
    from lib import models

    roster = models.roster()
    for column, wanted in (("family", family), ("status", status)):
        if wanted is not None and wanted not in set(roster[column]):
            raise unknown(column, wanted, set(roster[column]))
        roster = roster if wanted is None else roster[roster[column] == wanted]
    model = Column("model", no_wrap=True, overflow="fold")
    table = Table(model, "what it is", "family", "layers", "units", "MB", "status")
    for row in roster.to_dict("records"):
        told = f"{row['status']}: {row['reason']}" if row["reason"] else row["status"]
        table.add_row(*(str(row[key]) for key in ("name", "title", "family", "layers", "width", "size_mb")), told)
    console.print(table)
    counts = roster["status"].value_counts()
    console.print(f"{len(roster)} models: " + ", ".join(f"{count} {status}" for status, count in counts.items()))


@models_app.command("fetch")
def models_fetch(name: str) -> None:
    """Download the weights of a model: safetensors, where its publisher offers them."""
    from lib import models
    from lib.models.loaders import checkpoints

    console.print(f"{name} is at {checkpoints.fetch(models.card(name))}")


@models_app.command("train")
def models_train(name: str) -> None:
    """Train one of the book's own small models, or go on where its training was interrupted."""
    from lib.training import diets, recipes, zoo

    recipe = recipes.recipe(name)
    folder = zoo.train(recipe, [diets.collect(diet) for diet in recipe.diets])
    console.print(f"{name} is at {folder}")


@models_app.command("check")
def models_check(name: str) -> None:
    """Load a model, let it hear a click and a sentence, and tell what is wrong if anything is."""
    from lib.models.check import check

    checked = check(name, _sentence())
    console.print(f"{name}\n" + "\n".join(f"  {what}: {found}" for what, found in checked.facts.items()), markup=False)
    if len(checked.layers):
        console.print(_layer_table(checked.layers))
    for problem in checked.problems:
        errors.print(problem, style="red", markup=False)
    count = len(checked.problems)
    console.print(f"{name}: {count} problem{'s' * (count != 1)}.", markup=False)
    raise typer.Exit(1 if count else 0)


def _layer_table(layers) -> Table:
    shown = {"click": lambda seconds: f"{1000 * seconds:+.0f} ms"}
    table = Table("layer", *layers.columns)
    for layer, row in layers.iterrows():
        table.add_row(str(layer), *(shown.get(key, "{:g}".format)(value) for key, value in row.items()))
    return table


def _sentence() -> tuple:
    """First sentence of the pocket story, spoken now, and its rate."""
    from lib.recordings.pocket.story import narrator
    from lib.recordings.pocket.story import text as story

    return narrator.say(story.sentences()["text"].iloc[0]).samples, narrator.RATE


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
