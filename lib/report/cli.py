"""The command ``alike``: run a chapter, build the book, look after recordings and models.

Comes in: what the user typed. Goes out: run folders, the built book, tables on the terminal, and an exit code:
0 done, 1 a run failed or data are missing, 2 wrong use.
"""

from __future__ import annotations

import errno
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lib.ground import DamagedData, MissingData, WrongUse, unknown
from lib.report import terminal

if TYPE_CHECKING:
    from rich.table import Table

SETTINGS = {"help_option_names": ["-h", "--help"]}
FAMILY = {"no_args_is_help": True, "context_settings": SETTINGS}
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__, **FAMILY)
data_app = typer.Typer(help="Recordings: what is known, fetch one, check one.", **FAMILY)
models_app = typer.Typer(help="Models: what is known, fetch one, check one.", **FAMILY)
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


@app.command()
def run(
    chapter: str,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME VALUE", help="Change a parameter; may be given several times."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Run again even if nothing changed.")] = False,
) -> None:
    """Execute a chapter with its parameters changed; the results go to a folder of their own under runs/.

    A list is given as one,two or as JSON: -p listeners 4,8. `alike chapters NAME` shows what a chapter takes.
    """
    from lib.report import runs

    given = dict(pair.split("=", 1) for pair in parameter or [])
    with terminal.progress(chapter) as progress:
        done = runs.run(chapter, given, force=force, progress=progress)
    terminal.tell(chapter, done)
    raise typer.Exit(0 if done.succeeded else 1)


@app.command()
def score(
    model: str,
    recording: Annotated[
        str | None, typer.Option(help="Sounds and brains. Default: natsound165 if it is here, else pocket-sounds.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", metavar="NAME VALUE", help="Of the score chapter.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Score again even if nothing changed.")] = False,
) -> None:
    """How brain-like a model is: its r² of auditory cortex, beside its untrained twin, filters and other brains.

    MODEL is a name of the roster or of its repository, untrained:NAME:SEED, FILE.py:FUNCTION, or a checkpoint's folder.
    """
    from lib import recordings
    from lib.report import generated, runs

    here = [name for name in recordings.names() if not recordings.check(name, content=False)]
    heard = recording or ("natsound165" if "natsound165" in here else "pocket-sounds")
    others = [name for name in here if recordings.card(name).get("sounds") == heard]
    given = {"recording": heard, "model": model, "electrodes": others[0] if others else ""}
    given |= dict(pair.split("=", 1) for pair in parameter or [])
    with terminal.progress("score") as progress:
        done = runs.run("score", given, force=force, progress=progress)
    if done.succeeded:
        terminal.say("\n".join(["", *generated.score_lines(done), ""]))
    terminal.tell("score", done)
    raise typer.Exit(0 if done.succeeded else 1)


@app.command("chapters")
def chapters_list(chapter: Annotated[str | None, typer.Argument(help="Show what this one takes.")] = None) -> None:
    """Every chapter there is, or the parameters of one with their defaults."""
    from lib.report import runs

    if chapter:
        for parameter in runs.parameters(chapter).values():
            terminal.say(str(parameter))
        return
    for name in runs.chapters():
        terminal.say(f"{name:<16} {runs.title(name)}")


@app.command("check")
def chapter_check(chapter: str) -> None:
    """Whether a chapter can be read: lengths of its cells, and what is not as the house wants it."""
    from statistics import median

    from lib.report import check, runs

    found = check.source_problems(chapter)
    for kind, lengths in check.cells(chapter).items():
        facts = f"median {median(lengths):g} lines, longest {max(lengths)}" if lengths else "none"
        terminal.say(f"{len(lengths):4d} cells of {kind}: {facts}")
    latest = runs.of_this_source(chapter)[-1:]
    terminal.say(f"     run looked at: {latest[0].folder.name if latest else 'none, as there is none of this source'}")
    found += [problem for run in latest for problem in check.run_problems(run)]
    for problem in found:
        terminal.say(f"  {problem}")
    terminal.say(f"{chapter}: {len(found)} problem{'s' * (len(found) != 1)}.")
    raise typer.Exit(1 if found else 0)


@app.command("runs")
def runs_list(chapter: Annotated[str | None, typer.Argument(help="Only runs of this chapter.")] = None) -> None:
    """Every run under runs/, latest last: when, how long, how it ended, and which parameters were changed."""
    from lib.report import runs

    if chapter:
        runs.source(chapter)
    found = runs.all_runs(chapter)
    for one in found:
        facts = one.manifest
        changed = " ".join(f"{name}={value}" for name, value in runs.changed(facts).items())
        when = facts["started"][:16].replace("T", " ")
        terminal.say(f"{one.folder.name}  {when}  {facts['seconds']:6.0f} s  {facts['status']}  {changed}".rstrip())
    terminal.say(f"{len(found)} run{'s' * (len(found) != 1)}.")


@app.command()
def book(
    edition: Annotated[str, typer.Option(help="Which edition, a file in book/editions/.")] = "pocket",
    force: Annotated[bool, typer.Option(help="Run every chapter again.")] = False,
    strict: Annotated[bool, typer.Option(help="A warning while building is an error.")] = False,
) -> None:
    """Run what is stale, place the chapters, make the pages that come from results, and build the site."""
    from lib.report import check, editions, notebooks, runs, site

    def run_page(page: editions.Page) -> runs.Run:
        with terminal.progress(page.name) as progress:
            done = runs.run(page.chapter, page.parameters, force=force, progress=progress)
        terminal.tell(page.name, done)
        return done

    chosen = editions.load(edition)
    done = editions.run_pages(chosen, run_page)
    if not all(run.succeeded for run in done.values()):
        raise typer.Exit(1)
    outside = [f"{name}: {notebooks.outside_warning(run)}" for name, run in done.items() if run.manifest["outside"]]
    unread = [f"{name}: {problem}" for name, run in done.items() for problem in check.run_problems(run)]
    for problem in (*outside, *unread):
        terminal.complain(problem)
    if (outside or unread) and strict:
        raise typer.Exit(1)
    editions.place(chosen, done)
    if code := editions.build(strict=strict):
        terminal.complain("The site could not be built; the messages above say why.")
        raise typer.Exit(code)
    found = site.problems(editions.SITE)
    for problem in found:
        terminal.complain(problem)
    if found and strict:
        raise typer.Exit(1)
    terminal.say(f"The {chosen.title} is built: {editions.SITE / 'index.html'}")


@data_app.command("list")
def data_list() -> None:
    """Every recording: what it is, its licence, and whether it is on this machine."""
    from rich.table import Table

    from lib import recordings

    table = Table("recording", "what it is", "licence", "here")
    for name in recordings.names():
        card = recordings.card(name)
        here = "made when needed" if card["simulated"] else ("no" if recordings.check(name, content=False) else "yes")
        table.add_row(name, card["title"], card["licence"], here)
    terminal.console().print(table)


@data_app.command("fetch")
def data_fetch(name: str) -> None:
    """Download a recording, verify it, and put it under data/cache."""
    from lib import recordings

    terminal.say(f"{name} is at {recordings.fetch(name)}")


@data_app.command("check")
def data_check(name: str) -> None:
    """Compare every file of a recording with what its publisher published."""
    from lib import recordings

    problems = recordings.check(name)
    for problem in problems:
        terminal.complain(problem)
    terminal.say(f"{name}: {len(problems)} problem{'s' * (len(problems) != 1)}.")
    raise typer.Exit(1 if problems else 0)


@models_app.command("list")
def models_list(
    family: Annotated[str | None, typer.Option(help="Only models of this family.")] = None,
    status: Annotated[str | None, typer.Option(help="Only models with this status.")] = None,
) -> None:
    """Every model of the roster, whether it runs, and if not, why."""
    from lib.models import cards

    roster = cards.cards()
    for column, wanted in (("family", family), ("status", status)):
        known = {facts[column] for facts in roster}
        if wanted is not None and wanted not in known:
            raise unknown(column, wanted, known)
        roster = [facts for facts in roster if wanted in (None, facts[column])]
    width = max(len(facts["name"]) for facts in roster)
    for group in dict.fromkeys(facts["family"] for facts in roster):
        terminal.say(f"\n{group}")
        for facts in roster:
            if facts["family"] == group:
                terminal.say(_model_line(facts, width))
    wide = min(shutil.get_terminal_size().columns, 120)
    reasons = [f"{facts['name']}: {facts['reason']}." for facts in roster if facts.get("reason")]
    reasons = [textwrap.fill(reason, wide, subsequent_indent="  ") for reason in reasons]
    terminal.say("\n".join(["", *reasons, *[""] * bool(reasons)]) + _counted([facts["status"] for facts in roster]))


def _model_line(facts: dict[str, Any], width: int) -> str:
    """One model in less than 80 columns; where there are more, its title too."""
    size = f"{facts['size_mb']} MB" if facts.get("size_mb") else ""
    shape = f"{facts.get('layers', '')!s:>3} × {facts.get('width', '')!s:<5}"
    line = f"{facts['name']:<{width}} {shape} {size:>8} {facts['status']}"
    return f"{line:<{width + 46}}{facts['title']}" if shutil.get_terminal_size().columns >= width + 86 else line


def _counted(statuses: list[str]) -> str:
    counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    return f"{len(statuses)} models: " + ", ".join(f"{count} {status}" for status, count in counts.items())


@models_app.command("fetch")
def models_fetch(name: str) -> None:
    """Download the weights of a model: safetensors, where its publisher offers them."""
    from lib import models
    from lib.models.loaders import checkpoints

    terminal.say(f"{name} is at {checkpoints.fetch(models.card(name))}")


@models_app.command("train")
def models_train(name: str) -> None:
    """Train one of the book's own small models, or go on where its training was interrupted."""
    from lib.training import diets, recipes, zoo

    recipe = recipes.recipe(name)
    folder = zoo.train(recipe, [diets.collect(diet) for diet in recipe.diets])
    terminal.say(f"{name} is at {folder}")


@models_app.command("check")
def models_check(name: str) -> None:
    """Load a model, let it hear a click and a sentence, and tell what is wrong if anything is."""
    from lib import models

    models.card(models.original(name))  # a wrong name is refused before torch is imported
    from lib.models.check import check

    checked = check(name, _sentence())
    terminal.say(f"{name}\n" + "\n".join(f"  {what}: {found}" for what, found in checked.facts.items()))
    if len(checked.layers):
        terminal.console().print(_layer_table(checked.layers))
    for problem in checked.problems:
        terminal.complain(problem)
    count = len(checked.problems)
    terminal.say(f"{name}: {count} problem{'s' * (count != 1)}.")
    raise typer.Exit(1 if count else 0)


def _layer_table(layers) -> Table:
    from rich.table import Table

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


def main() -> None:
    """Run the command line; errors a user can mend are told in words, without a traceback."""
    try:
        app(terminal.joined(sys.argv[1:]))
    except (WrongUse, MissingData, DamagedData) as error:
        terminal.complain(str(error))
        sys.exit(2 if isinstance(error, WrongUse) else 1)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        place = f"{error.filename}: " if error.filename else ""
        terminal.complain(
            f"{place}{error.strerror}. Nothing could be written there: free space, or the right to write, is needed."
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
