"""Finds events that the bus will not deliver again and the archive does not have, as when an older one was restored."""

import asyncio
import base64
import contextlib
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from services.ledger.domain.batch import Stored
from shared.database import Pool
from shared.envelope import judge
from shared.jetstream import ask
from shared.partitions import acknowledged
from shared.sql import queries_beside
from shared.subjects import EVENTS, LEDGER_OF_EVENTS, parse_event_subject

SQL = queries_beside(__file__)

_LOOK_SECONDS: Final = 10.0


class Gaps:
    """Looks for acknowledged events in the archive: the last one, and ever fewer of the earlier ones.

    So it finds that an archive ends too early, also when an old event was published again last. A gap in its middle it
    finds by chance only.
    """

    def __init__(self, pool: Pool, broker: NatsBroker) -> None:
        self._pool = pool
        self._broker = broker
        self._fine_at: float | None = None

    async def check(self) -> str | None:
        """A readiness check: None while nothing is missing, otherwise a sentence; it looks every ten seconds."""
        if self._fine_at is not None and time.monotonic() - self._fine_at < _LOOK_SECONDS:
            return None
        # That there is no connection is said by another check.
        if not self._broker.running or not self._broker.connection.is_connected:
            return None
        missing = await self._missing(self._broker.connection)
        if missing is None:
            self._fine_at = time.monotonic()
            return None
        return (
            f"event {missing} of stream {EVENTS.name} was acknowledged and is not in this archive, which may have been "
            "restored from an older one: run 'luodi provision --replay'"
        )

    async def _missing(self, connection: Client) -> int | None:
        """The sequence of an event that is lacking."""
        try:
            last = await acknowledged(connection.jetstream(), LEDGER_OF_EVENTS)
        except NotFoundError:
            return None
        found = await asyncio.gather(*(_stored(connection, sequence) for sequence in _some(last)))
        messages = [message for message in found if message is not None]
        columns = [list(column) for column in zip(*map(_identity, messages), strict=True)] if messages else [[]] * 5
        lacking: int | None = await self._pool.fetchval(SQL["lacking"], *columns)
        return lacking


def _some(last: int) -> Iterator[int]:
    step = 0
    while step < last:
        yield last - step
        step = 2 * step or 1


async def _stored(connection: Client, sequence: int) -> Stored | None:
    """A message of the stream; None when it is not there or names no project, so that nobody vouches for it."""
    with contextlib.suppress(NotFoundError, ValueError):
        message = (await ask(connection, f"STREAM.MSG.GET.{EVENTS.name}", {"seq": sequence}))["message"]
        if parse_event_subject(message["subject"]) is not None:
            instant = datetime.fromisoformat(message["time"])
            return Stored(message["subject"], base64.b64decode(message.get("data", "")), sequence, instant)
    return None


def _identity(message: Stored) -> tuple[object, ...]:
    said = judge(message.subject, message.payload)
    return said.district, said.source, said.id, message.sequence, message.recorded_at
