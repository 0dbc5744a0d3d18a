"""``python -m benchmarks [--only NAME] [--threads N]``: measure, print, keep."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmarks import frame
from lib.ground import WrongUse


def main(
    only: Annotated[list[str] | None, typer.Option(help="Run this benchmark alone (may be repeated).")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for everybody; default: each library's own.")
    ] = None,
):
    """Run the benchmarks and write benchmarks/results.json."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    try:
        for name in only or frame.names():
            measured = frame.measure(name, threads)
            frame.save({**frame.load(), name: measured})
            table = Table(*frame.HEADER, title=name, show_lines=True)
            for line in measured["rows"]:
                table.add_row(*frame.cells(line))
            console.print(table)
    except WrongUse as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
