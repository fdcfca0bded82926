"""The commands about bulletins: seal, list, show, compare, and compute again what one says."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import orjson
import typer
from nats.errors import Error as NatsError
from rich.console import Console

from services.reporting.bulletins import Bulletins, UnknownBulletinError
from services.reporting.documents.page import page_bytes
from services.reporting.documents.word import document_bytes
from services.reporting.documents.workbook import workbook_bytes
from services.reporting.domain.bulletin import Document, SealError
from services.reporting.domain.bulletin_changes import compared
from services.reporting.domain.bulletin_proof import NotABulletinError
from services.reporting.domain.indicators import DefinitionsError
from services.reporting.recompute import NotEventsError, differing, events_on_the_bus, read_bulletin, read_events
from services.reporting.sealer import NotPublishedError, Order, Sealer
from services.reporting.sealer import publish as publish_missing
from services.reporting.settings import ReportingSettings
from shared import database, streams
from shared.database import AWAY, Pool
from shared.subjects import DISTRICT

app = typer.Typer()

Answer = TypeVar("Answer")
Form = Literal["text", "json", "html", "docx", "xlsx"]
District = Annotated[
    str | None, typer.Option(help="The district, as a GB/T 2260 code; needed where there are several.")
]
Number = Annotated[str, typer.Argument(help="The bulletin's number, such as 2026-08-1.")]

_ON_THE_BUS = "nats"


@app.command()
def seal(  # noqa: PLR0913, PLR0917 - typer reads the options of a command from its parameters
    through: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day that counts.")],
    district: District = None,
    issuer: Annotated[str | None, typer.Option(help="Who issues it, as it is signed.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why a month is sealed again; it is printed.")] = None,
    despite: Annotated[str | None, typer.Option(help="Why to seal although messages are parked; printed, too.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for what is under way.")] = 60.0,
) -> None:
    """Freeze a numbered bulletin, which never changes, and publish it.

    Waits until all that was stored before is counted. Refused messages that nobody has settled, or a month that was
    sealed before, need a reason.

    Exit 0: sealed. 1: not sealed, for the reasons printed. 2: a server cannot be reached. 3: sealed, and not published.

    Reads LUODI_NATS_URL, LUODI_DATABASE_URL, LUODI_INDICATORS, LUODI_DISTRICT_NAMES.
    """
    settings = ReportingSettings()

    async def sealed() -> Document:
        text = settings.indicators.read_text(encoding="utf-8")
        connection = await streams.connect(settings.nats_url, "luodi-seal")
        try:
            async with database.make_pool(settings.database_url, "luodi-seal") as pool:
                code = await _district(pool, district)
                name = settings.district_names.get(code, code)
                order = Order(code, through.date(), name, issuer, reason, despite, timeout)
                desk = Sealer(connection, pool, text, settings.ledger_consumer, lambda said: typer.echo(said, err=True))
                return await desk.seal(order)
        finally:
            await connection.close()

    document = _done(sealed)
    typer.echo(
        f"Sealed and published: bulletin {document['number']} of {document['district']}, root {document['root']}"
    )
    for line in document["indicators"]:
        done = f"{line['completion_pct']} % of {line['target']}" if line["target"] else "no target"
        typer.echo(f"  {line['title']}  {line['actual']} {line['unit']}, {done}")
    if restated := document["restated"]["indicators"]:
        changed = ", ".join(f"{one['title']} {one['was']['actual']} → {one['now']['actual']}" for one in restated)
        typer.echo(f"Restated since {document['restated']['since']}: {changed}")


@app.command()
def bulletins(
    district: District = None,
    publish: Annotated[bool, typer.Option("--publish", help="First publish those that stream REPORTS lacks.")] = False,
) -> None:
    """List a district's sealed bulletins, the newest first."""

    async def listed(pool: Pool) -> list[str]:
        code = await _district(pool, district)
        if publish:
            connection = await streams.connect(ReportingSettings().nats_url, "luodi-bulletins")
            try:
                for number in await publish_missing(connection, pool, code):
                    typer.echo(f"Published {number}", err=True)
            finally:
                await connection.close()
        return [
            f"{one.number}  through {one.through}  sealed {one.known_by.isoformat()}  {one.root}"
            async for one in Bulletins(pool).every(code)
        ]

    typer.echo("\n".join(_with_tables(listed)) or "No bulletin has been sealed.")


@app.command()
def show(
    number: Number,
    district: District = None,
    form: Annotated[Form, typer.Option(help="text prints it; the others are files.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Print a bulletin, or write it as JSON, page, document or workbook; the same bytes each time."""

    async def shown(pool: Pool) -> bytes:
        code, kept = await _district(pool, district), Bulletins(pool)
        if form == "json":
            return await kept.text(code, number)
        return _rendered(await kept.document(code, number), form)

    content = _with_tables(shown)
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {out}: {error.strerror}") from error


@app.command()
def compare(number: Number, other: Number, district: District = None) -> None:
    """Print as JSON what differs between two bulletins: the figures of both, and the facts that count in one only."""

    async def both(pool: Pool) -> dict[str, Any]:
        code, kept = await _district(pool, district), Bulletins(pool)
        return compared(await kept.document(code, number), await kept.document(code, other))

    typer.echo(orjson.dumps(_with_tables(both), option=orjson.OPT_INDENT_2))


@app.command()
def recompute(
    bulletin: Annotated[Path, typer.Argument(help="A bulletin as JSON.", exists=True, dir_okay=False)],
    events: Annotated[
        str | None, typer.Option(help="Events as the ledger serves them, JSON lines; 'nats' reads the stream.")
    ] = None,
) -> None:
    """Compute everything that a bulletin says again: from its facts, and with --events from the events alone.

    Needs neither the service nor the database. Exit 0: all of it follows. 1: the lines printed do not. 2: a file that
    cannot be read, or a server that cannot be reached.
    """
    try:
        document = read_bulletin(bulletin)
        archive = None
        if events == _ON_THE_BUS:
            archive = asyncio.run(events_on_the_bus(ReportingSettings().nats_url, document["district"]))
        elif events is not None:
            archive = read_events(Path(events))
        lines = differing(document, archive)
    except (NotABulletinError, NotEventsError, KeyError, OSError, NatsError, TimeoutError) as error:
        _fail(2, str(error) or type(error).__name__)
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    by = f" and from {len(archive)} events" if archive is not None else ""
    typer.echo(f"Bulletin {document['number']} of {document['district']}: every figure follows from its facts{by}.")


def _rendered(document: Document, form: Form) -> bytes:
    if form == "text":
        return "\n".join(_lines(document)).encode() + b"\n"
    return {"html": page_bytes, "docx": document_bytes, "xlsx": workbook_bytes}[form](document)


def _lines(document: Document) -> Iterator[str]:
    report = document["report"]
    yield from (report["title"], f"第{document['number']}号", "", report["addressee"], report["opening"])
    for section in report["sections"]:
        yield from ("", section["heading"])
        for part in section["parts"]:
            if "table" in part:
                yield f"【{part['table']['caption']}】"
                yield from ("  ".join(row) for row in part["table"]["rows"])
            else:
                yield part.get("subheading") or part["paragraph"]
    yield from ("", *report["notes"], f"根摘要（SHA-256）：{document['root']}")


async def _district(pool: Pool, named: str | None) -> str:
    """The district that is meant; the only one when none is named. Raises SealError."""
    if named is not None:
        if not DISTRICT.fullmatch(named):
            raise SealError(f"{named!r} is no district: give its GB/T 2260 code, six digits.")
        return named
    found = [row["district"] for row in await pool.fetch("select distinct district from reporting.project order by 1")]
    if len(found) != 1:
        raise SealError(f"Say with --district which: {', '.join(found) or 'no record of any has arrived'}.")
    return str(found[0])


def _with_tables(work: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    async def opened() -> Answer:
        async with database.make_pool(ReportingSettings().database_url, "luodi-bulletins") as pool:
            return await work(pool)

    return _done(opened)


def _done(work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run a command's work; what stops it is told in a sentence."""

    async def awaited() -> Answer:
        return await work()

    try:
        return asyncio.run(awaited())
    except SealError as error:
        _fail(1, str(error))
    except NotPublishedError as error:
        number, why = error.args
        _fail(3, f"Sealed as {number}, but not published: {why}. 'luodi reporting bulletins --publish' does.")
    except UnknownBulletinError as error:
        _fail(1, f"District {error.args[1]} has no bulletin {error.args[0]}: 'luodi reporting bulletins' lists them.")
    except DefinitionsError as error:
        _fail(2, f"The indicators cannot be used:\n{error}")
    except (*AWAY, NatsError) as error:
        said = str(error) or type(error).__name__
        _fail(2, f"{said}: are the servers up, and are LUODI_NATS_URL and LUODI_DATABASE_URL right?")


def _fail(code: int, said: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(said, markup=False)
    raise typer.Exit(code)
