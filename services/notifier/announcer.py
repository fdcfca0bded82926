"""Puts what happens to a case on the record: events for the EVENTS stream, by way of a table."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from faststream.nats import NatsBroker
from nats.js.errors import NotFoundError

from services.notifier.domain.cases import Case
from shared.database import Connection, Pool
from shared.envelope import Event, to_cloudevent
from shared.events import Escalation
from shared.publishing import Outgoing
from shared.sql import queries_beside
from shared.subjects import EVENTS, event_subject

SQL = queries_beside(__file__)
UNIT: Final = "notifier"
Publish = Callable[[Iterable[Outgoing]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a case, under the generation in which it did."""

    case: Case
    data: Escalation
    generation: int


async def announce(connection: Connection, happened: Sequence[Happened], now: datetime) -> None:
    """Record, in the caller's transaction, what happened to cases.

    An event's id follows from the case, its generation and the rung, so a decision that is taken twice is one event.
    """
    if not happened:
        return
    events = [_event(each, now) for each in happened]
    await connection.execute(
        SQL["announce"],
        [f"{event.source}#{event.id}" for event in events],
        [
            event_subject(event.district, UNIT, event.subject, each.data.NAME)
            for event, each in zip(events, happened, strict=True)
        ],
        [to_cloudevent(event) for event in events],
        now,
    )


async def newest_on_bus(broker: NatsBroker) -> str | None:
    """The id of the newest announcement that the EVENTS stream holds. Raises while the bus is away."""
    if not broker.running:
        raise ConnectionError("not connected to NATS")
    stream = broker.connection.jetstream()
    try:
        message = await stream.get_last_msg(EVENTS.name, event_subject("*", UNIT, "*", "*"))
        document = orjson.loads(message.data or b"")
        return f"{document['source']}#{document['id']}"
    except (NotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
        # What is no announcement of ours says nothing about this database.
        return None


def _event(each: Happened, now: datetime) -> Event:
    case = each.case
    event_id = f"{case.id}-{each.data.NAME}-{each.generation}-{each.data.rung}"
    return Event(case.district, UNIT, case.project, event_id, each.data, now)


class Announcer:
    """Publishes what was recorded, until the stream has it."""

    def __init__(self, pool: Pool, publish: Publish) -> None:
        self._pool = pool
        self._publish = publish

    async def run_once(self, now: datetime) -> int:
        """Publish everything not yet published; returns how many."""
        rows = await self._pool.fetch(SQL["unpublished"])
        if rows:
            await self._publish(
                Outgoing(row["subject"], orjson.dumps(row["payload"]), message_id=row["id"]) for row in rows
            )
            await self._pool.execute(SQL["mark_published"], [row["id"] for row in rows], now)
        return len(rows)
