"""The ledger's commands, and `luodi publish`, which speaks to it as a department does."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.ledger.app import build
from services.ledger.publishing import Outcome, publish_lines
from services.ledger.settings import LedgerSettings
from services.ledger.upkeep_cli import app as upkeep
from shared.settings import Settings
from shared.web import serve

app = typer.Typer(help="What is true of each project.", no_args_is_help=True)
app.add_typer(upkeep)


@app.callback()
def ledger() -> None:
    """What is true of each project: archives events, folds them into records, publishes the records."""


@app.command()
def run() -> None:
    """Run the service until Ctrl-C. Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_HOST, LUODI_PORT (8081)."""
    settings = LedgerSettings()
    serve(lambda: build(settings), settings)


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines, one CloudEvent a line; - reads standard input.")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the ledger's answer.")] = 60.0,
) -> None:
    """Publish events from a file and print a line for each one that was refused.

    Each event goes to events.<district>.<unit>.<subject>.<name>, as its source, subject and type say. Publishing a file
    again is safe: what is already recorded stays as it is.

    Exit 0: all recorded. 1: some were refused. 2: the file or the server cannot be reached. 3: stored on the bus, but
    the ledger has not answered in time.

    Reads LUODI_NATS_URL.
    """
    console = Console(stderr=True, highlight=False)
    if file != "-" and not Path(file).is_file():
        console.print(f"[red]No such file:[/] {file}")
        raise typer.Exit(2)
    lines = sys.stdin.buffer.readlines() if file == "-" else Path(file).read_bytes().splitlines()
    try:
        outcome = _publish(lines, timeout, console)
    except (OSError, NatsError, TimeoutError) as error:
        console.print(f"[red]Not published:[/] {str(error) or type(error).__name__}: is NATS up at LUODI_NATS_URL?")
        raise typer.Exit(2) from error
    for one in outcome.refused:
        typer.echo(f"line {one.line}: {one.code}: {one.reason}")
    recorded = outcome.published - outcome.unanswered - sum(1 for one in outcome.refused if one.sent)
    console.print(f"{recorded} recorded, {len(outcome.refused)} refused, {outcome.unanswered} not answered yet")
    if outcome.refused:
        raise typer.Exit(1)
    if outcome.unanswered:
        console.print("The ledger has not answered: is it running? What is stored on the bus is recorded when it does.")
        raise typer.Exit(3)


def _publish(lines: list[bytes], seconds: float, console: Console) -> Outcome:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        sending = bars.add_task("published", total=len(lines))
        judging = bars.add_task("judged", total=len(lines))

        def progress(published: int, judged: int) -> None:
            bars.update(sending, completed=published)
            bars.update(judging, completed=judged, total=published or len(lines))

        return asyncio.run(publish_lines(Settings().nats_url, lines, seconds=seconds, progress=progress))
