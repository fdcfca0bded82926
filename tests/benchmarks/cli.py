"""The command of the benchmark: `python -m tests.benchmarks`, which `make bench` runs."""

import asyncio
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from tests.benchmarks import machine, results, tables
from tests.benchmarks.measurements import FULL, QUICK, measurements
from tests.benchmarks.rounds import Session

_FOLDER = Path(".luodi-bench")


def bench(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    only: Annotated[list[str] | None, typer.Option(help="Measure this row only; may be given several times.")] = None,
    runs: Annotated[int | None, typer.Option(min=1, help="Rounds; 3, or 1 with --quick.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smoke run: everything, on very little work.")] = False,
    events: Annotated[int | None, typer.Option(min=100, help="Events of a lap; 100,000.")] = None,
    processes: Annotated[str | None, typer.Option(help="Numbers of ledger processes; 2,4.")] = None,
    output: Annotated[Path, typer.Option(help="Where the JSON goes.")] = _FOLDER / "results.json",
    folder: Annotated[Path, typer.Option(help="Where the servers' data lie: the disk that is measured.")] = _FOLDER,
    names: Annotated[bool, typer.Option("--list", help="Print the names of all rows.")] = False,
) -> None:
    """Measure the ledger beside others that take in the same events, on this machine, in this run.

    Every measurement has a Postgres and a NATS of its own, with the settings that Luodi ships (both on disk and
    synchronous), and fresh processes. The rows are measured in turn, round by round, so that what the machine does
    besides meets all of them. Ctrl-C shows what was measured until then.

    Exit 0: all measured. 1: some rows could not be.
    """
    sizes = QUICK if quick else FULL
    sizes = replace(sizes, events=events or sizes.events)
    if processes:
        sizes = replace(sizes, processes=[int(count) for count in processes.split(",")])
    every = measurements(sizes)
    if names:
        for one in every.values():
            typer.echo(f"{one.name:18} {one.title}")
        return
    if unknown := set(only or ()) - set(every):
        raise typer.BadParameter(f"no row is named {', '.join(sorted(unknown))}; the rows are {', '.join(every)}")
    session = Session([one for one in every.values() if not only or one.name in only], folder)
    _prepare(folder)
    described = machine.describe(folder)
    console = Console(highlight=False)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(session.measure(runs or (1 if quick else 3)))
    except KeyboardInterrupt:
        console.print("Stopped; this was measured until then.")
    tables.show(console, session.rows, session.rounds, described)
    output.parent.mkdir(parents=True, exist_ok=True)
    document = results.document(session.rows, session.rounds, described, shlex.join(sys.argv))
    output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(f"All of it as JSON: {output}")
    if session.failed:
        raise typer.Exit(1)


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if folder == _FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def main() -> None:
    """Run the command line."""
    typer.run(bench)
