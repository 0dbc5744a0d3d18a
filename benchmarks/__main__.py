"""``python -m benchmarks [NAME]... [--threads N]``: measure, print, keep; all of it takes less than ten minutes."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from benchmarks import frame
from lib.ground import WrongUse


def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these.", show_default=False)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for everybody; default: each library's own.")
    ] = None,
):
    """Run the benchmarks and write benchmarks/results.json, row by row."""
    start = time.perf_counter()
    try:
        for name in frame.known(names):
            for line in frame.measure(name, threads, say=typer.echo):
                what, ours, other, ratio, remarks = frame.cells(line)
                typer.echo(f"    {what}\n      ours {ours}; {other}; {ratio}  ({remarks})")
    except WrongUse as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from error
    typer.echo(f"{frame.RESULTS} is written; {frame.quantity(time.perf_counter() - start, 's')} in all.")


if __name__ == "__main__":
    typer.run(main)
