"""`luodi simulate`: a district's invented year, into a file or onto the bus."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.demo.year import Publication, district_year
from shared import bus, clock, streams
from shared.settings import Settings

_STDOUT = "-"


def simulate(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    district: Annotated[str, typer.Option(help="The district, as a GB/T 2260 code of six digits.")] = "500101",
    seed: Annotated[int, typer.Option(help="Another seed, another year with the same totals.")] = 2026,
    year: Annotated[int, typer.Option(min=2001, max=2198, help="The year; projects are carried over into it.")] = 2026,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], show_default="today", help="The last day (Asia/Shanghai) on which events were sent."
        ),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Write JSON lines to this file; - is standard output.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish to NATS at LUODI_NATS_URL instead.")] = False,
) -> None:
    """Invent a believable year of a district, the same for the same seed.

    About 80 projects and 1,700 events. The figures through 31 August are
    always the same: 84.8 of 105 亿元, 55.4 of 68 亿元, 10 of 10 projects,
    and 18 projects with 152.8 of 130 亿元. There are late projects,
    corrections, events sent twice, and a few that the ledger must refuse.

    Without --out and --publish the events go to standard output:

        luodi simulate --until 2026-08-31 | luodi publish -

    Such lines hold the events only. The few broken ones stand there as they
    are; the one that goes under another unit's subject looks, without its
    subject, like any repetition.

    Publishing the same year again, or a longer part of it, is safe: what is
    recorded already stays as it is.

    Exit 0: written, or stored on the bus. 2: a wrong option, a file that
    cannot be written, or a server that cannot be reached.
    """
    if publish and out is not None:
        raise typer.BadParameter("choose one: --out FILE or --publish")
    last = until.date() if until else clock.business_day(clock.system())
    publications = _invented(district, seed, year, last)
    console = Console(stderr=True, highlight=False)
    if publish:
        _publish(publications, console)
    else:
        _write(publications, out or _STDOUT)
    done = "published" if publish else "written"
    console.print(f"{len(publications)} events of {district} in {year}, sent until {last}: {done}")


def _invented(district: str, seed: int, year: int, until: date) -> Sequence[Publication]:
    try:
        return district_year(district, seed, year, until)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _write(publications: Sequence[Publication], out: str) -> None:
    lines = b"".join(each.payload + b"\n" for each in publications)
    if out == _STDOUT:
        sys.stdout.buffer.write(lines)
        return
    try:
        Path(out).write_bytes(lines)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {out}: {error.strerror}") from error


def _publish(publications: Sequence[Publication], console: Console) -> None:
    columns = (TextColumn("simulated year"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        try:
            asyncio.run(_send(Settings().nats_url, publications, bar))
        except (OSError, NatsError, TimeoutError) as error:
            why = error or type(error).__name__
            console.print(f"[red]Not published:[/] {why}: is NATS up at LUODI_NATS_URL, and has 'luodi provision' run?")
            raise typer.Exit(2) from error


async def _send(nats_url: str, publications: Sequence[Publication], bar: Progress) -> None:
    task = bar.add_task("sending", total=len(publications))

    # Without a message id: what is sent twice must reach the ledger twice.
    def outgoing() -> Iterator[bus.Outgoing]:
        for each in publications:
            yield bus.Outgoing(each.subject, each.payload)
            bar.advance(task)

    connection = await streams.connect(nats_url, "luodi-simulate")
    try:
        await bus.publish_all(connection, outgoing())
    finally:
        await connection.close()
