"""Makes the LEDGER stream say what the rows say, after a rebuild or when the stream was lost."""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg
from nats.aio.client import Client

from services.ledger import published
from services.ledger.domain.buckets import bucket
from services.ledger.domain.slices import Slice
from services.ledger.slicing import Walk, all_of
from services.ledger.tables import HOURS, TABLES
from shared.database import Connection, Pool
from shared.publishing import Outgoing, Publisher
from shared.sql import queries_beside
from shared.subjects import LEDGER, quarantine_subject

SQL = queries_beside(__file__)

# Recorders that need a bucket of these keys wait until they are published.
_AT_ONCE: Final = 200


class Announcer:
    """Publishes the records that are noted as unpublished. The pool must have as many connections as the walk."""

    def __init__(self, pool: Pool, connection: Client, walk: Walk) -> None:
        self._pool = pool
        self._connection = connection
        self._stream = connection.jetstream(timeout=10)
        self._publish = Publisher(connection)
        self._walk = walk
        self.published = 0
        self.withdrawn = 0

    async def look_for_lacking(self) -> None:
        """Note as unpublished what the stream lacks or has otherwise; publish at once how many messages are parked."""
        on_stream = await published.hashes_on_stream(self._connection, self._walk.district)

        async def compare(connection: Connection, part: Slice) -> None:
            expected = await published.expected(connection, part)
            for table in TABLES:
                lacking = Slice.of(
                    one.key
                    for subject, one in expected.items()
                    if one.table is table and on_stream.get(subject) != one.hash
                )
                await connection.execute(SQL["note"], table.name, lacking.districts, lacking.subjects)

        await self._walk.over(self._pool, "comparing with LEDGER", compare)
        for district in await published.districts_parking(self._pool, on_stream, self._walk.district):
            await self._announce_parked(district)

    async def _announce_parked(self, district: str) -> None:
        subject = quarantine_subject(district)
        async with self._pool.acquire() as connection, published.parked(connection, district) as message:
            if message is None:
                await self._withdraw([subject])
            elif message != await published.last_message(self._stream, subject):
                await self._publish([Outgoing(subject, message)])
                self.published += 1

    async def announce(self) -> None:
        """Publish what is noted; withdraw what has no row any more. Killed in between, the rest stays noted."""
        noted = await self._pool.fetch(SQL["noted"], timeout=HOURS)
        # Each connection has buckets of its own: else it would wait for the others at every step.
        shares: list[list[asyncpg.Record]] = [[] for _ in range(self._walk.connections)]
        for row in noted:
            shares[bucket(row["district"], row["subject"]) % len(shares)].append(row)

        async def worker(share: Sequence[asyncpg.Record]) -> None:
            async with self._pool.acquire() as connection:
                for start in range(0, len(share), _AT_ONCE):
                    await self._announce_some(connection, share[start : start + _AT_ONCE])
                    self._walk.progress("publishing", self.published + self.withdrawn, len(noted))

        self._walk.progress("publishing", 0, len(noted))
        await all_of(worker(share) for share in shares)

    async def _announce_some(self, connection: Connection, noted: Sequence[asyncpg.Record]) -> None:
        part = Slice.of({(row["district"], row["subject"]) for row in noted})
        async with published.held_still(connection, part):
            messages = await published.expected_messages(connection, part)
            await self._publish([Outgoing(subject, message) for subject, (_, message) in messages.items()])
            noted_subjects = [_address(row) for row in noted]
            await self._withdraw([subject for subject in noted_subjects if subject not in messages])
        self.published += len(messages)
        await connection.execute(SQL["done"], *map(list, zip(*noted, strict=True)))

    async def _withdraw(self, subjects: Iterable[str]) -> None:
        for subject in subjects:
            if await published.last_message(self._stream, subject) is not None:
                await self._stream.purge_stream(LEDGER.name, subject=subject)
                self.withdrawn += 1


def _address(row: asyncpg.Record) -> str:
    return next(table for table in TABLES if table.name == row["name"]).address(row["district"], row["subject"])
