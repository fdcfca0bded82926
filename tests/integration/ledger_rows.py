"""The ledger's tables as values, to compare what two histories of delivery left in them."""

import contextlib
from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from prometheus_client import CollectorRegistry

from services.ledger.domain.batch import Stored
from services.ledger.metrics import Metrics
from services.ledger.recorder import AT_ONCE, Recorder
from shared.database import Pool
from shared.delivery import recorded_at, stream_sequence
from shared.publishing import Outgoing
from tests.waiting import until

TABLES = {
    "event": "district, source, id",
    "project": "district, project",
    "outreach": "district, trip",
    "target": "district, year, indicator",
    "quarantine": "recorded_at, stream_sequence",
}


class Published:
    """A bus that keeps the last message of each subject, as the LEDGER stream does."""

    def __init__(self) -> None:
        self.last: dict[str, bytes] = {}

    async def __call__(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if message.subject.startswith("ledger."):
                self.last[message.subject] = message.payload


def recorder(pool: Pool, published: Published, at_once: int = AT_ONCE) -> Recorder:
    return Recorder(pool, published, Metrics(CollectorRegistry()), at_once=at_once)


async def rows(pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Every row of the ledger, by table."""
    return {
        table: [dict(row) for row in await pool.fetch(f"select * from ledger.{table} order by {key}")]  # noqa: S608 - our own table names
        for table, key in TABLES.items()
    }


async def wipe(pool: Pool) -> None:
    """Empty the ledger, its append-only archive included: only the tables' owner can, and only so."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table ledger.event disable trigger append_only")
        await connection.execute(f"truncate {', '.join(f'ledger.{table}' for table in TABLES)}")
        await connection.execute("alter table ledger.event enable trigger append_only")


async def everything_stored(connection: Client) -> list[Stored]:
    """All messages of the EVENTS stream, as a consumer of its own would get them."""
    stream = connection.jetstream()
    count = (await stream.stream_info("EVENTS")).state.messages
    readers: list[JetStreamContext.PullSubscription] = []
    messages: list[Msg] = []

    async def all_read() -> bool:
        # A cluster that has just lost a server answers late.
        with contextlib.suppress(NatsError):
            if not readers:
                config = ConsumerConfig(ack_policy=AckPolicy.NONE, max_ack_pending=-1)
                readers.append(await stream.pull_subscribe("events.>", stream="EVENTS", config=config))
            if len(messages) < count:
                messages.extend(await readers[0].fetch(count - len(messages)))
        return len(messages) == count

    await until(all_read)
    for reader in readers:
        await reader.unsubscribe()
    return [Stored(m.subject, m.data, stream_sequence(m), recorded_at(m)) for m in messages]
