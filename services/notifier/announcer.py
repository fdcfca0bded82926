"""Puts what happens to a case on the record: events for the EVENTS stream, by way of a table."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final

import orjson

from services.notifier.domain.cases import Case
from shared.bus import Outgoing
from shared.database import Connection, Pool
from shared.envelope import Event, to_cloudevent
from shared.events import Escalation
from shared.sql import queries_beside
from shared.subjects import event_subject

SQL = queries_beside(__file__)
UNIT: Final = "notifier"
Publish = Callable[[Iterable[Outgoing]], Awaitable[None]]


async def announce(connection: Connection, case: Case, data: Escalation, now: datetime) -> None:
    """Record, in the caller's transaction, what happened to a case.

    The event's id follows from the case, its generation and the rung, so a decision that is taken twice is one event.
    """
    event = Event(case.district, UNIT, case.project, f"{case.id}-{data.NAME}-{case.generation}-{data.rung}", data, now)
    subject = event_subject(case.district, UNIT, case.project, data.NAME)
    await connection.execute(SQL["announce"], f"{event.source}#{event.id}", subject, to_cloudevent(event), now)


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
