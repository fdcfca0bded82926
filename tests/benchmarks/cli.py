"""The command of the benchmark: `python -m tests.benchmarks`, which `make bench` runs."""

import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.process import ProcessError
from tests.benchmarks import machine, results, tables
from tests.benchmarks.house import opened
from tests.benchmarks.lap import Lap
from tests.benchmarks.latency import Delay
from tests.benchmarks.measurements import FULL, QUICK, Measurement, measurements
from tests.benchmarks.race import WrongError

_FOLDER = Path(".luodi-bench")


def bench(  # noqa: PLR0913, PLR0917 - a command's options are its parameters
    only: Annotated[list[str] | None, typer.Option(help="Measure this row only; may be given several times.")] = None,
    runs: Annotated[int | None, typer.Option(min=1, help="Rounds; 3, or 1 with --quick.")] = None,
    quick: Annotated[bool, typer.Option(help="A smoke run: everything, on very little work.")] = False,
    events: Annotated[int | None, typer.Option(min=100, help="Events of a lap; 100,000.")] = None,
    processes: Annotated[str | None, typer.Option(help="Numbers of ledger processes, such as 2,4.")] = None,
    output: Annotated[Path, typer.Option(help="Where the JSON goes.")] = _FOLDER / "results.json",
    folder: Annotated[Path, typer.Option(help="Where the servers' data lie: the disk that is measured.")] = _FOLDER,
    names: Annotated[bool, typer.Option("--list", help="Print the names of all rows.")] = False,
) -> None:
    """Measure the ledger beside others that take in the same events, on this machine, in this run.

    Every measurement has a Postgres and a NATS of its own, with the settings that Luodi ships (both on disk and
    synchronous), and fresh processes. The rows are measured in turn, round by round, so that what the machine does
    besides meets all of them.
    """
    sizes = QUICK if quick else FULL
    if events:
        sizes = replace(sizes, events=events)
    if processes:
        sizes = replace(sizes, processes=[int(count) for count in processes.split(",")])
    every = measurements(sizes)
    if names:
        for one in every.values():
            typer.echo(f"{one.name:18} {one.title}")
        return
    if unknown := set(only or ()) - set(every):
        raise typer.BadParameter(f"no row is named {', '.join(sorted(unknown))}; the rows are {', '.join(every)}")
    rows = [one for one in every.values() if not only or one.name in only]
    console = Console()
    _prepare(folder)
    described = machine.describe(folder)
    rounds: list[dict[str, Lap | Delay]] = []
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_measure(rows, runs or (1 if quick else 3), folder, rounds))
    except (ProcessError, WrongError) as error:
        Console(stderr=True).print(f"[red]Not measured:[/] {error}", highlight=False)
        raise typer.Exit(1) from error
    tables.show(console, rows, rounds, described)
    _write(output, results.document(rows, rounds, described, shlex.join(sys.argv)))
    console.print(f"All of it as JSON: {output}", highlight=False)


async def _measure(rows: Sequence[Measurement], runs: int, folder: Path, rounds: list[dict[str, Lap | Delay]]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        whole = bars.add_task("rows", total=runs * len(rows))
        for number in range(1, runs + 1):
            done: dict[str, Lap | Delay] = {}
            for row in rows:
                current = bars.add_task(row.title, total=None)

                def tell(what: str, done: int, total: int, row: Measurement = row, task: Any = current) -> None:
                    bars.update(task, description=f"{row.title}: {what}", completed=done, total=total)

                async with opened(folder) as house:
                    done[row.name] = await row.run(house, tell)
                bars.remove_task(current)
                bars.advance(whole)
                bars.console.print(f"round {number}  {row.title:40} {_short(done[row.name])}", highlight=False)
            rounds.append(done)


def _short(result: Lap | Delay) -> str:
    if isinstance(result, Lap):
        return f"{result.rate:>9,.0f} events/s"
    return f"{result.row.p50 or float('nan'):>9,.1f} ms to the row (p50)"


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if folder == _FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _write(output: Path, document: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Run the command line."""
    typer.run(bench)
