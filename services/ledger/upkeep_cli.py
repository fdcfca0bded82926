"""The commands that keep the ledger true: rebuild, verify, digest."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from services.ledger import digest as digests
from services.ledger.archive import END_OF_TIME
from services.ledger.rebuilder import Rebuilder, RebuildRefused, rebuild_needed
from services.ledger.slicing import Progress as Told
from services.ledger.slicing import Walk
from services.ledger.verifier import Verifier
from shared import streams
from shared.database import AWAY, Pool, make_pool
from shared.settings import Settings
from shared.subjects import DISTRICT

app = typer.Typer()

Connections = Annotated[int, typer.Option(min=1, max=64, help="How many connections to Postgres fold at once.")]
Slices = Annotated[int, typer.Option("--slice-events", min=1, help="About how many events one statement folds.")]

T = TypeVar("T")


@app.command()
def rebuild(
    connections: Connections = 4,
    events: Slices = 2_000,
    if_needed: Annotated[bool, typer.Option("--if-needed", help="Do nothing unless /readyz asks for it.")] = False,
    republish: Annotated[
        bool, typer.Option("--republish", help="Publish also what LEDGER lacks or has otherwise, as when it was lost.")
    ] = False,
) -> None:
    """Compute every record anew from the archive, and publish what changed.

    Live writes go on: recorders wait only while changed rows are swapped in,
    in one transaction. Killed at any point, every row is as it was, or all
    are new; run it again. Two at once are refused.

    Exit 0: done. 1: given up, nothing changed. 2: Postgres or NATS cannot be
    reached, or failed.

    Reads LUODI_NATS_URL and LUODI_DATABASE_URL.
    """
    console = Console(stderr=True, highlight=False)

    async def run(told: Told) -> None:
        async with _opened(connections + 1) as (pool, connection):
            if if_needed and not await rebuild_needed(pool):
                console.print("No rebuild is needed.")
                return
            began = time.monotonic()
            done = await Rebuilder(pool, connection, Walk(connections, events, progress=told)).rebuild(
                republish=republish
            )
            console.print(
                f"{done.changed} rows changed, {done.published} records published, {done.withdrawn} withdrawn, "
                f"in {time.monotonic() - began:.1f} s; recorders waited {done.waited:.2f} s"
            )

    try:
        _run(run, console)
    except RebuildRefused as refused:
        console.print(f"[red]Not rebuilt:[/] {refused}. Every row is as it was.")
        raise typer.Exit(1) from refused


@app.command()
def verify(
    district: Annotated[str | None, typer.Option(help="Only this district.")] = None,
    connections: Connections = 4,
    events: Slices = 2_000,
) -> None:
    """Fold the archive again; compare with every row and with LEDGER.

    Prints a line for each column that differs, and changes nothing. Right
    while live writes go on. What is found is mended by 'luodi ledger
    rebuild'.

    Exit 0: all is equal. 1: something differs. 2: Postgres or NATS cannot be
    reached, or failed.

    Reads LUODI_NATS_URL and LUODI_DATABASE_URL.
    """
    console = Console(stderr=True, highlight=False)
    if district is not None:
        _check(district)

    async def run(told: Told) -> int:
        async with _opened(connections + 1) as (pool, connection):
            found = 0
            async for difference in Verifier(pool, connection, Walk(connections, events, district, told)).differences():
                typer.echo(str(difference))
                found += 1
            return found

    found = _run(run, console)
    console.print(f"{found} differences" if found else "The rows and LEDGER are what the archive says.")
    if found:
        raise typer.Exit(1)


@app.command()
def digest(
    district: Annotated[str, typer.Argument(help="The district, as a GB/T 2260 code of six digits.")],
    subjects: Annotated[
        bool, typer.Option("--subjects", help="Print the lines that are hashed: each subject with its digest.")
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
            help="Only what was recorded by this instant, such as 2026-09-05T00:00:00+08:00.",
        ),
    ] = None,
) -> None:
    """Print one value over everything that was recorded for a district.

    Whoever holds the events can compute it: see docs/digest.md.

    Exit 0: printed. 1: nothing was recorded. 2: Postgres cannot be reached.

    Reads LUODI_DATABASE_URL.
    """
    console = Console(stderr=True, highlight=False)
    _check(district)
    instant = as_of or END_OF_TIME

    async def run() -> str | None:
        async with make_pool(Settings().database_url, "luodi-upkeep", size=1) as pool:
            if not subjects:
                return await digests.root(pool, district, instant)
            some = None
            async for some in digests.lines(pool, district, instant):
                typer.echo(some, nl=False)
            return some

    with _failures(console):
        result = asyncio.run(run())
    if result is None:
        console.print(f"Nothing was recorded for district {district}{' by then' if as_of else ''}.")
        raise typer.Exit(1)
    if not subjects:
        typer.echo(result)


def _check(district: str) -> None:
    if not DISTRICT.fullmatch(district):
        raise typer.BadParameter(f"{district} is no GB/T 2260 code of six digits")


@contextlib.asynccontextmanager
async def _opened(connections: int) -> AsyncIterator[tuple[Pool, Client]]:
    settings = Settings()
    async with make_pool(settings.database_url, "luodi-upkeep", size=connections) as pool:
        connection = await streams.connect(settings.nats_url, "luodi-upkeep")
        try:
            yield pool, connection
        finally:
            await connection.close()


def _run(command: Callable[[Told], Coroutine[Any, Any, T]], console: Console) -> T:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with _failures(console), Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(doing: str, done: int, total: int | None) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=None)
            bars.update(tasks[doing], completed=done, total=total)

        return asyncio.run(command(told))


@contextlib.contextmanager
def _failures(console: Console) -> Iterator[None]:
    """What went wrong with the servers, as a sentence and exit code 2."""
    try:
        yield
    except (*AWAY, NatsError) as error:
        console.print(f"[red]Failed:[/] {str(error) or type(error).__name__}")
        console.print("Are Postgres (LUODI_DATABASE_URL) and NATS (LUODI_NATS_URL) up, and has 'luodi provision' run?")
        raise typer.Exit(2) from error


class _Rate(ProgressColumn):
    """Events, or records, a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")
