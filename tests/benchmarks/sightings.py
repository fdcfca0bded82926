"""Sees what has become of events: which of them a reader of Postgres and a consumer of the LEDGER stream are shown."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import orjson
from nats.aio.msg import Msg
from nats.js.api import DeliverPolicy

from shared import streams
from shared.sql import queries_beside
from shared.subjects import LEDGER
from tests.benchmarks.house import House
from tests.benchmarks.workload import DISTRICT

SQL = queries_beside(__file__)
_LOOK_SECONDS = 0.001


@dataclass
class Sightings:
    """Event number → the instant at which it was seen, and what is still awaited.

    A row is awaited by its (source, id); a record by its (project, revision), as it shows so many of the project's
    events.
    """

    row: dict[int, float] = field(default_factory=dict)
    record: dict[int, float] = field(default_factory=dict)
    rows_awaited: dict[tuple[str, str], int] = field(default_factory=dict)
    records_awaited: dict[tuple[str, int], int] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def watching_records(house: House, seen: Sightings) -> AsyncIterator[None]:
    """Note when a consumer of the LEDGER stream gets the first record that shows an event."""
    shown: Counter[str] = Counter()

    async def hear(message: Msg) -> None:
        now = time.perf_counter()
        record = orjson.loads(message.data)
        project, revision = record["project"], record["revision"]
        for one in range(shown[project] + 1, revision + 1):
            if (number := seen.records_awaited.pop((project, one), None)) is not None:
                seen.record[number] = now
        shown[project] = max(shown[project], revision)

    # A connection of its own: what comes must not wait behind the acknowledgements of what we publish.
    connection = await streams.connect(house.nats_url, "luodi-bench-records")
    try:
        await connection.jetstream().subscribe(
            f"ledger.{DISTRICT}.project.*",
            stream=LEDGER.name,
            cb=hear,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.NEW,
        )
        yield
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def watching_rows(house: House, archive: str, seen: Sightings) -> AsyncIterator[None]:
    """Note when an event's row in the table `archive` can be read, by asking every millisecond for those awaited."""
    connection = await asyncpg.connect(house.database_url)
    # The tables are too new to have statistics: whatever they hold, the few asked for are looked up.
    await connection.execute("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off")
    asking = SQL["rows_seen"].replace("{archive}", archive)

    async def look() -> None:
        while True:
            if awaited := list(seen.rows_awaited):
                sources, ids = zip(*awaited, strict=True)
                rows = await connection.fetch(asking, sources, ids, DISTRICT)
                now = time.perf_counter()
                for row in rows:
                    seen.row[seen.rows_awaited.pop((row["source"], row["id"]))] = now
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        await connection.close()
