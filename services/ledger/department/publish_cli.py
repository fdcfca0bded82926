"""`luodi publish`, which speaks to the ledger as a department does."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from services.ledger.department.sending import LISTENING_SECONDS, Outcome, Refused, read_lines
from services.ledger.department.telling import UNREACHABLE, exit_code, send_showing_progress


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines, one CloudEvent a line; - reads standard input.")],
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the ledger's answer.")] = 60.0,
) -> None:
    """Publish events from a file and print a line for each one that was refused.

    Each event goes to events.<district>.<unit>.<subject>.<name>, as its
    source, subject and type say. Publishing a file again is safe: what is
    already recorded stays as it is.

        luodi publish events.jsonl

        luodi simulate --until 2026-03-31 | luodi publish -

    Exit 0: all recorded. 1: some were refused. 2: the file or the server
    cannot be reached, or not everything could be sent. 3: nothing was
    refused as far as is known, but the bus has not answered to all, or the
    ledger not in time, or this user may not ask it.

    Reads LUODI_NATS_URL.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    drafts, refused = read_lines(_lines(file, console))
    outcome = send_showing_progress(drafts, timeout, console)
    if isinstance(outcome, str):
        _list(refused)
        console.print(f"[red]Not published:[/] {escape(outcome)}: is NATS up at LUODI_NATS_URL?")
        raise typer.Exit(UNREACHABLE)
    refused += outcome.refused
    _list(refused)
    _sum_up(outcome, len(refused), console)
    raise typer.Exit(exit_code(outcome, refused=bool(refused)))


def _lines(file: str, console: Console) -> list[bytes]:
    if file == "-":
        return sys.stdin.buffer.readlines()
    try:
        with Path(file).open("rb") as lines:
            return lines.readlines()
    except OSError as error:
        console.print(f"[red]Cannot be read:[/] {escape(file)}: {error.strerror}")
        raise typer.Exit(UNREACHABLE) from error


def _list(refused: Sequence[Refused]) -> None:
    """In the order of the file's lines, whoever refused them."""
    for one in sorted(refused, key=lambda one: int(one.place.removeprefix("line "))):
        typer.echo(f"{one.place}: {one.code}: {one.reason}")


def _sum_up(outcome: Outcome, refused: int, console: Console) -> None:
    console.print(f"{outcome.recorded} recorded, {refused} refused, {outcome.unanswered} not answered yet")
    if outcome.uncertain:
        console.print(f"{outcome.uncertain} uncertain: {outcome.lost}; they may be stored or not. Publish them again.")
    if outcome.unsent:
        console.print(f"[red]{outcome.unsent} not sent:[/] {outcome.lost}. Publish the file again.")
    if outcome.unheard:
        console.print(
            f"They are stored on the bus. More is not known: NATS does not let this user know "
            f"{' and '.join(outcome.unheard)}. Refusals were listened for during {LISTENING_SECONDS:.0f} s."
        )
    elif outcome.unanswered:
        console.print("The ledger has not answered: is it running? What is stored on the bus is recorded when it does.")
