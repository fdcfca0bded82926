"""Per message: a FastStream handler as tutorials show it, with one transaction an event."""

import asyncio
import logging

import asyncpg
from faststream import FastStream
from faststream.nats import JStream, NatsBroker, NatsMessage

from shared.sql import queries_beside
from shared.subjects import EVENTS
from tests.benchmarks.peers import tables
from tests.benchmarks.peers.messages import Event, amounts

SQL = queries_beside(__file__)


async def main() -> None:
    pool = await asyncpg.create_pool(tables.database_url())
    async with pool.acquire() as connection:
        await connection.execute(tables.SQL["make"])
    broker = NatsBroker(tables.nats_url())

    @broker.subscriber("events.>", stream=JStream(EVENTS.name, declare=False), durable="per-message")
    async def handle(event: Event, message: NatsMessage) -> None:
        contract, funds = amounts(event)
        sequence = message.raw_message.metadata.sequence.stream
        month = event.data.on.replace(day=1)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                SQL["insert"],
                *(event.source, event.id, event.subject, event.type, event.data.on, sequence, event.time),
                event.data.model_dump_json(),
            )
            await connection.execute(SQL["upsert_project"], event.subject, contract, funds, event.data.on)
            await connection.execute(SQL["upsert_month"], month, funds)

    await FastStream(broker).run(log_level=logging.WARNING)


if __name__ == "__main__":
    asyncio.run(main())
