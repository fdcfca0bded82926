"""Seals a bulletin: waits until all that was stored before is counted, freezes what is known, and publishes it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from services.reporting import archive
from services.reporting.domain.bulletin import Cover, Document, SealError, canonical, numbered, written
from services.reporting.domain.bulletin_changes import NOTHING_BEFORE, Key, missing, recounted, restated
from services.reporting.domain.bulletin_content import Found, asked_of, bulletin
from services.reporting.domain.bulletin_proof import discrepancies
from services.reporting.domain.indicators import read_definitions
from services.reporting.domain.landscape import ProjectThen
from services.reporting.domain.progress import TargetFact
from services.reporting.domain.recount import asked_events
from services.reporting.figures import Figures
from shared.clock import business_day
from shared.database import Connection, Pool
from shared.jetstream import ask
from shared.partitions import behind, behind_sequence
from shared.publishing import Outgoing, publish_all
from shared.sql import queries_beside
from shared.subjects import EVENTS, LEDGER, LEDGER_OF_EVENTS, REPORTS, Consumer, bulletin_subject

SQL = queries_beside(__file__)

_LOOK_SECONDS: Final = 0.1


class NotPublishedError(Exception):
    """A bulletin is sealed and could not be published; the arguments are its number and why not."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sealed. `reason` is needed for a month that was sealed before, `despite` when something is missing.

    `seconds` is how long to wait for what is under way.
    """

    district: str
    through: date
    district_name: str
    issuer: str | None = None
    reason: str | None = None
    despite: str | None = None
    seconds: float = 60.0


class Sealer:
    """Seals for any district; `definitions_text` is the file to freeze, `consumer` the one that feeds the tables.

    `tell` hears what is waited for, in a sentence.
    """

    def __init__(
        self,
        connection: Client,
        pool: Pool,
        definitions_text: str,
        consumer: Consumer,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._stream = connection.jetstream()
        self._pool = pool
        self._text = definitions_text
        self._definitions = read_definitions(definitions_text, "definitions")
        self._figures = Figures(pool, self._definitions)
        self._consumer = consumer
        self._tell = tell

    async def seal(self, order: Order) -> Document:
        """Seal, and publish what was sealed.

        Raises SealError, and then nothing has been sealed; NotPublishedError, and then it has, but nobody is told yet.
        """
        known_by = await self._counted(order)
        if order.through > business_day(known_by):
            raise SealError(f"{order.through} has not come yet: a bulletin is about what has happened.")
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["alone"], order.district)
            document = await self._document(connection, order, known_by)
            if wrong := discrepancies(document):
                # A record that was retried from quarantine meanwhile, or a fault of ours.
                raise SealError("\n".join(["The figures do not follow from their facts. Try again.", *wrong]))
            text = canonical(document).decode()
            row = (order.district, document["number"], order.through, known_by, document["root"], text)
            await connection.execute(SQL["insert"], *row)
        try:
            await publish(self._connection, self._pool, order.district)
        except (NatsError, OSError, TimeoutError) as error:
            raise NotPublishedError(document["number"], str(error) or type(error).__name__) from error
        return document

    async def _counted(self, order: Order) -> datetime:
        """Wait until everything stored by the returned instant is counted. Raises SealError when it is not in time."""
        instant, last = await self._moment()
        try:
            async with asyncio.timeout(order.seconds):
                if last is not None:
                    await self._past(LEDGER_OF_EVENTS, last, "the ledger to record {} of the events stored before")
                # After the ledger: it acknowledges an event only when its record is stored.
                written = (await self._info(LEDGER.name))["state"]["last_seq"]
                await self._past(self._consumer, written, "reporting to count {} of the ledger's records")
        except TimeoutError:
            raise SealError("\n".join(await self._behind(last, order.seconds))) from None
        except NotFoundError:
            raise SealError("A stream or a consumer is missing: run 'luodi provision', start the services.") from None
        return instant

    async def _moment(self) -> tuple[datetime, int | None]:
        """Now by the server's clock, which also stamps the events, and the last event stored by then.

        None where there are no events: a city reads its districts' records only.
        """
        try:
            instant = archive.stored_at((await self._info(EVENTS.name))["ts"])
            # Asked once more: whatever bears an earlier instant is stored by now.
            return instant, (await self._info(EVENTS.name))["state"]["last_seq"]
        except NotFoundError:
            return archive.stored_at((await self._info(LEDGER.name))["ts"]), None

    async def _info(self, stream: str) -> dict[str, Any]:
        return await ask(self._connection, f"STREAM.INFO.{stream}")

    async def _past(self, consumer: Consumer, sequence: int, waited_for: str) -> None:
        told = False
        while left := await behind_sequence(self._stream, consumer, sequence):
            if not told:
                self._tell(f"Waiting for {waited_for.format(left)}.")
                told = True
            # A consumer tells nobody that it has caught up.
            await asyncio.sleep(_LOOK_SECONDS)

    async def _behind(self, last: int | None, seconds: float) -> list[str]:
        said = [f"Not everything that was stored before is counted after {seconds:g} seconds; nothing is sealed."]
        if last is not None and (left := await behind_sequence(self._stream, LEDGER_OF_EVENTS, last)):
            said.append(f"The ledger has yet to record events up to {last} of EVENTS, {left} behind: is it running?")
        if waiting := await behind(self._stream, self._consumer):
            said.append(f"Reporting has yet to read {waiting} of the ledger's records: is it running?")
        return said

    async def _document(self, connection: Connection, order: Order, known_by: datetime) -> Document:
        if not await connection.fetchval(SQL["known_district"], order.district):
            raise SealError(f"No record of district {order.district} has arrived.")
        before = await connection.fetchval(SQL["previous"], order.district)
        asked = asked_of(self._definitions, order.through, known_by)
        cover = Cover(
            **{name: getattr(order, name) for name in ("district", "district_name", "through", "issuer", "despite")},
            number=await _number(connection, order),
            known_by=known_by,
            reason=order.reason,
            gaps=await _gaps(connection, order),
        )
        found = Found(
            definitions_text=self._text,
            definitions=self._definitions,
            indicators=await self._figures.progress(order.district, asked),
            ratios=await self._figures.ratios(order.district, asked),
            targets=await _targets(connection, order.district, asked.year, known_by),
            facts=await _facts(connection, order.district, asked_events(self._definitions), order.through, known_by),
            projects=await _projects(connection, order, known_by),
            restated=await self._restated(connection, order.district, before, known_by),
        )
        return bulletin(cover, found)

    async def _restated(
        self, connection: Connection, district: str, before_text: str | None, known_by: datetime
    ) -> Document:
        if before_text is None:
            return dict(NOTHING_BEFORE)
        before: Document = orjson.loads(before_text)
        events = asked_events(read_definitions(before["definitions"]["text"], "definitions"))
        facts = await _facts(connection, district, events, date.fromisoformat(before["through"]), known_by)
        targets = await _targets(connection, district, before["year"], known_by)
        now = recounted(before, facts, targets, known_by)
        found = await _corrections(connection, district, missing(before, now))
        return restated(before, now, found, self._text)


async def _corrections(connection: Connection, district: str, gone: Sequence[Document]) -> Mapping[Key, Document]:
    """The event that replaced or voided each of these facts, by the fact's key, from the facts alone."""
    sources, ids = [one["source"] for one in gone], [one["id"] for one in gone]
    return {
        (row["source"], row["id"]): {
            "source": row["source"],
            "id": row["by"],
            "event": row["event"],
            "recorded_at": written(row["recorded_at"]),
        }
        for row in await connection.fetch(SQL["corrections"], district, sources, ids)
    }


async def _number(connection: Connection, order: Order) -> str:
    """The next number of the month. Raises SealError when the month was sealed before and no reason is given."""
    sealed = [row["number"] for row in await connection.fetch(SQL["of_month"], order.district, order.through)]
    if sealed and not order.reason:
        raise SealError(
            f"{order.through:%Y-%m} has been sealed before, as {', '.join(sealed)}: say with --reason why it is again."
        )
    return numbered(order.through, len(sealed) + 1)


async def _gaps(connection: Connection, order: Order) -> list[dict[str, Any]]:
    """What has arrived and is not counted. Raises SealError when there is any, and no reason to seal all the same."""
    row = await connection.fetchrow(SQL["lacking"], order.district)
    assert row is not None  # noqa: S101 - a select without from has one row
    gaps = []
    if row["parked"]:
        detail = f"{row['parked']} refused messages are parked at the ledger: settle them with 'luodi quarantine'."
        gaps.append({"code": "events-parked", "count": row["parked"], "detail": detail})
    if row["unread"]:
        detail = f"{row['unread']} of the ledger's records cannot be read here: see table reporting.unread."
        gaps.append({"code": "records-unread", "count": row["unread"], "detail": detail})
    if gaps and not order.despite:
        lines = [gap["detail"] for gap in gaps]
        raise SealError("\n".join([*lines, "Or say with --despite why to seal all the same; it is printed."]))
    return gaps


async def _facts(
    connection: Connection, district: str, events: set[str], through: date, known_by: datetime
) -> list[Document]:
    rows = await connection.fetch(SQL["facts"], district, sorted(events), through, known_by)
    return [written(dict(row)) for row in rows]


async def _targets(connection: Connection, district: str, year: int, known_by: datetime) -> list[TargetFact]:
    return [TargetFact(**row) for row in await connection.fetch(SQL["targets"], district, year, known_by)]


async def _projects(connection: Connection, order: Order, known_by: datetime) -> list[ProjectThen]:
    rows = await connection.fetch(SQL["projects"], order.district, order.through, known_by)
    return [ProjectThen(**row) for row in rows]


async def publish(connection: Client, pool: Pool, district: str) -> list[str]:
    """Publish the district's bulletins that the stream does not hold; their numbers. Raises a NATS error."""
    stream, published = connection.jetstream(), []
    for row in await pool.fetch(SQL["all"], district):
        subject = bulletin_subject(district, row["number"])
        try:
            await stream.get_last_msg(REPORTS.name, subject)
        except NotFoundError:
            payload = _fitting(row["document"].encode(), connection.max_payload)
            await publish_all(connection, [Outgoing(subject, payload)])
            published.append(row["number"])
    return published


def _fitting(document: bytes, most: int) -> bytes:
    """The document as it can be published: whole, or without its facts when the server takes no message so large."""
    if len(document) <= most:
        return document
    return canonical(orjson.loads(document) | {"facts": None})
