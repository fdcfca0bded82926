"""`luodi simulate`: a district's invented year, into a file or onto the bus."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.demo.year import Publication, district_year
from services.ledger.department.sending import Denials, connection_of_a_department, listen, wait
from shared import clock
from shared.publishing import Outgoing, publish_all
from shared.settings import Settings
from shared.subjects import EVENTS

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
    timeout: Annotated[
        float, typer.Option(min=0, help="With --publish: seconds to wait for the ledger's answer; 0 does not ask.")
    ] = 60.0,
) -> None:
    """Invent a believable year of a district, the same for the same seed.

    About 80 projects and 1,700 events. The figures through 31 August are
    always the same: 84.8 of 105 亿元, 55.4 of 68 亿元, 10 of 10 projects,
    and 18 projects with 152.8 of 130 亿元. There are late projects,
    corrections, events sent twice, and a few that the ledger must refuse.

    Without --out and --publish the events go to standard output:

        luodi simulate --until 2026-08-31 | luodi publish -

    Of the messages, ten are sent twice, as by a system that is not sure: that
    changes nothing. Seven are wrong on purpose, one of each kind of mistake
    (cut off, a third decimal, an unknown field, another unit's subject, ...),
    and are refused; the right one is sent beside each, so nothing is missing.
    --publish prints a line for each refusal that the ledger tells. In a file
    the one under another unit's subject looks right, as a file has no
    subjects.

    Publishing the same year again, or a longer part of it, is safe: what is
    recorded already stays as it is.

    Exit 0: written, or stored on the bus, whatever was refused. 2: a wrong
    option, a file that cannot be written, or a server that cannot be reached.
    3: stored, but the ledger has not answered in time.

    With --publish, reads LUODI_NATS_URL.
    """
    if publish and out is not None:
        raise typer.BadParameter("choose one: --out FILE or --publish")
    last = until.date() if until else clock.business_day(clock.system())
    publications = _invented(district, seed, year, last)
    console = Console(stderr=True, highlight=False)
    left = _publish(publications, timeout, console) if publish else _write(publications, out or _STDOUT)
    done = "published" if publish else "written"
    console.print(f"{len(publications)} events of {district} in {year}, sent until {last}: {done}")
    if left:
        console.print(f"The ledger has not answered to {left} of them: is it running? They are recorded when it does.")
        raise typer.Exit(3)


def _invented(district: str, seed: int, year: int, until: date) -> Sequence[Publication]:
    try:
        return district_year(district, seed, year, until)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _write(publications: Sequence[Publication], out: str) -> int:
    lines = b"".join(each.payload + b"\n" for each in publications)
    try:
        if out == _STDOUT:
            sys.stdout.buffer.write(lines)
        else:
            Path(out).write_bytes(lines)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {out}: {error.strerror}") from error
    return 0


def _publish(publications: Sequence[Publication], seconds: float, console: Console) -> int:
    """Publish, and print what is refused; returns to how many the ledger has not answered."""
    columns = (TextColumn("simulated year: {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        try:
            refusals, left = asyncio.run(_send(Settings().nats_url, publications, seconds, bar))
        except (OSError, NatsError, TimeoutError) as error:
            why = error or type(error).__name__
            console.print(f"[red]Not published:[/] {why}: is NATS up at LUODI_NATS_URL, and has 'luodi provision' run?")
            raise typer.Exit(2) from error
    for said in refusals:
        typer.echo(f"{said['subject']}: {said['code']}: {said['reason']}")
    return left


async def _send(
    nats_url: str, publications: Sequence[Publication], seconds: float, bar: Progress
) -> tuple[list[dict[str, Any]], int]:
    task = bar.add_task("sent", total=len(publications))

    # Without a message id: what is sent twice must reach the ledger twice.
    def outgoing() -> Iterator[Outgoing]:
        for each in publications:
            yield Outgoing(each.subject, each.payload)
            bar.advance(task)

    denials = Denials()
    async with connection_of_a_department(nats_url, "luodi-simulate", denials) as connection:
        refusals = await listen(connection, (each.subject for each in publications)) if seconds else []
        await publish_all(connection, outgoing())
        if not seconds or not publications:
            return [], 0

        def judged(_: int, count: int) -> None:
            bar.update(task, description="judged", completed=count)

        last = (await connection.jetstream().stream_info(EVENTS.name)).state.last_seq
        return refusals, await wait(connection, last, len(publications), seconds, denials, judged)
