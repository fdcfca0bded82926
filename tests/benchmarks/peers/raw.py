"""Raw: fetch 500, validate, one insert, two upserts, acknowledge; without what makes the ledger right.

It decides nothing about identities, corrections or order, keeps no record of a project beyond two sums, takes no lock,
publishes nothing, and counts a redelivered event twice.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
import nats
import orjson
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingArrivedError

from shared.sql import queries_beside
from shared.subjects import EVENTS
from tests.benchmarks.peers import tables
from tests.benchmarks.peers.messages import EVENT, amounts

SQL = queries_beside(__file__)
_BATCH = 500


async def main() -> None:
    database = await asyncpg.connect(tables.database_url())
    await tables.make(database)
    connection = await nats.connect(tables.nats_url())
    subscription = await connection.jetstream().pull_subscribe_bind("raw", EVENTS.name)
    while True:
        try:
            messages = await subscription.fetch(_BATCH, timeout=5)
        except NothingArrivedError:
            continue
        events = [EVENT.validate_json(message.data) for message in messages]
        async with database.transaction():
            await database.execute(SQL["insert"], *_event_columns(messages, events))
            await database.execute(SQL["upsert_projects"], *_project_columns(events))
            await database.execute(SQL["upsert_months"], *_month_columns(events))
        for message in messages:
            await message.ack()


def _event_columns(messages: Sequence[Msg], events: Sequence[Any]) -> list[list[object]]:
    rows = [
        (
            event.source,
            event.id,
            event.subject,
            event.type,
            event.data.on,
            message.metadata.sequence.stream,
            event.time,
            orjson.dumps(orjson.loads(message.data)["data"]).decode(),
        )
        for message, event in zip(messages, events, strict=True)
    ]
    return _columns(rows)


def _project_columns(events: Sequence[Any]) -> list[list[object]]:
    count: Counter[str] = Counter()
    contract: dict[str, Decimal] = {}
    funds: dict[str, Decimal] = {}
    last: dict[str, date] = {}
    for event in events:
        signed, arrived = amounts(event)
        count[event.subject] += 1
        contract[event.subject] = contract.get(event.subject, Decimal(0)) + signed
        funds[event.subject] = funds.get(event.subject, Decimal(0)) + arrived
        last[event.subject] = max(last.get(event.subject, date.min), event.data.on)
    return _columns([(key, count[key], contract[key], funds[key], last[key]) for key in sorted(count)])


def _month_columns(events: Sequence[Any]) -> list[list[object]]:
    count: Counter[date] = Counter()
    funds: dict[date, Decimal] = {}
    for event in events:
        month = event.data.on.replace(day=1)
        count[month] += 1
        funds[month] = funds.get(month, Decimal(0)) + amounts(event)[1]
    return _columns([(key, count[key], funds[key]) for key in sorted(count)])


def _columns(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


if __name__ == "__main__":
    asyncio.run(main())
