"""`luodi publish`, which speaks to the ledger as a department does."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.ledger.publishing import LISTENING_SECONDS, Outcome, publish_lines
from shared.settings import Settings


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines, one CloudEvent a line; - reads standard input.")],
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the ledger's answer.")] = 60.0,
) -> None:
    """Publish events from a file and print a line for each one that was refused.

    Each event goes to events.<district>.<unit>.<subject>.<name>, as its source, subject and type say. Publishing a file
    again is safe: what is already recorded stays as it is.

    Exit 0: all recorded. 1: some were refused. 2: the file or the server cannot be reached. 3: stored on the bus, but
    the ledger has not answered in time, or this user may not ask it.

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
    if outcome.unheard:
        console.print(
            f"They are stored on the bus. More is not known: NATS does not let this user know "
            f"{' and '.join(outcome.unheard)}. Refusals were listened for during {LISTENING_SECONDS:.0f} s."
        )
    elif outcome.unanswered:
        console.print("The ledger has not answered: is it running? What is stored on the bus is recorded when it does.")
    if outcome.refused:
        raise typer.Exit(1)
    if outcome.unanswered:
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
