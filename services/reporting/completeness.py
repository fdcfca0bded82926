"""Whether a district's figures hold everything that was ever published, and if not, what is missing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from services.reporting.once import Shared
from shared.database import Pool
from shared.jetstream import ask
from shared.partitions import behind, behind_sequence
from shared.sql import queries_beside
from shared.subjects import EVENTS, LEDGER_OF_EVENTS, REPORTING_OF_LEDGER, Consumer

SQL = queries_beside(__file__)

Code = Literal["events-parked", "events-not-consumed", "records-not-consumed", "records-unread", "bus-unreachable"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason why figures may lack something; `count` is how many messages, where that is known."""

    code: Code
    detail: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Gaps:
    """What figures lack: on the bus, which is common to all districts, and in each district's tables.

    `beats`: every district of which anything has arrived, with a number that grows with whatever may change an answer.
    """

    common: tuple[Gap, ...]
    own: Mapping[str, tuple[Gap, ...]]
    beats: Mapping[str, int]

    def of(self, district: str) -> list[Gap]:
        """The gaps of one district."""
        return [*self.common, *self.own.get(district, ())]


class Completeness:
    """Asks the bus and the tables. Ask before reading the figures: then what they say holds for these figures."""

    def __init__(self, broker: NatsBroker, pool: Pool, consumer: Consumer = REPORTING_OF_LEDGER) -> None:
        self._broker = broker
        self._pool = pool
        self._consumer = consumer
        self._looking = Shared(self._look)

    async def gaps(self) -> Gaps:
        """What the figures lack; a district without gaps holds all that was stored before the call."""
        return await self._looking()

    async def _look(self) -> Gaps:
        common = await self._on_the_bus()
        rows = await self._pool.fetch(SQL["gaps"])
        return Gaps(
            common,
            {row["district"]: _in_the_tables(row["parked"], row["unread"]) for row in rows},
            {row["district"]: row["beat"] for row in rows},
        )

    async def _on_the_bus(self) -> tuple[Gap, ...]:
        # The ledger before us: it acknowledges an event only when its record is stored, so what it has finished is
        # already counted among what we have yet to read.
        try:
            if not (self._broker.running and self._broker.connection.is_connected):
                raise NatsError
            connection = self._broker.connection
            found = [await _events(connection), await _records(connection, self._consumer)]
        except (NatsError, TimeoutError, OSError):
            detail = "NATS does not answer, so events may have been published that are not counted yet."
            return (Gap("bus-unreachable", detail),)
        return tuple(gap for gap in found if gap)


def _in_the_tables(parked: int, unread: int) -> tuple[Gap, ...]:
    gaps = []
    if parked:
        detail = f"{parked} refused messages are parked at the ledger: retry or discard them with 'luodi quarantine'."
        gaps.append(Gap("events-parked", detail, parked))
    if unread:
        detail = f"{unread} of the ledger's records cannot be read here: see table reporting.unread for the reasons."
        gaps.append(Gap("records-unread", detail, unread))
    return tuple(gaps)


async def _events(connection: Client) -> Gap | None:
    try:
        waiting = await _waiting(connection, LEDGER_OF_EVENTS)
    except NotFoundError:
        # A city reads its districts' ledgers and has no events of its own.
        if not await _exists(connection, EVENTS.name):
            return None
        return Gap("events-not-consumed", "The ledger has no consumer on stream EVENTS: run 'luodi provision'.")
    if not waiting:
        return None
    return Gap("events-not-consumed", f"The ledger has yet to record {waiting} published events.", waiting)


async def _records(connection: Client, consumer: Consumer) -> Gap | None:
    try:
        waiting = await _waiting(connection, consumer)
    except NotFoundError:
        return Gap("records-not-consumed", "Reporting has no consumer on stream LEDGER: run 'luodi provision'.")
    if not waiting:
        return None
    return Gap("records-not-consumed", f"Reporting has yet to read {waiting} of the ledger's records.", waiting)


async def _waiting(connection: Client, consumer: Consumer) -> int:
    """How many messages are not acknowledged; 0 only when everything stored before the call is. Raises NotFoundError.

    Sequences decide: the server counts what is pending a moment late. The number is for people.
    """
    # At once, for neither needs the other: what was acknowledged up to the end of the stream stays so.
    stored, read = await asyncio.gather(
        ask(connection, f"STREAM.INFO.{consumer.stream}"),
        ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}"),
    )
    last, any_left = stored["state"]["last_seq"], stored["state"]["messages"]
    if not any_left or (read["ack_floor"]["stream_seq"] >= last and not _is_a_part(read["config"])):
        return 0
    stream = connection.jetstream()
    if not await behind_sequence(stream, consumer, last):
        return 0
    return max(1, await behind(stream, consumer) or 0)


def _is_a_part(config: Mapping[str, Any]) -> bool:
    """Whether a consumer gets some of its stream only, because others get the rest."""
    return "filter_subject" in config or "filter_subjects" in config


async def _exists(connection: Client, name: str) -> bool:
    try:
        await ask(connection, f"STREAM.INFO.{name}")
    except NotFoundError:
        return False
    return True
