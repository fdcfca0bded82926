"""Folds everything again and compares: with the rows, and with what stands on the LEDGER stream."""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
from nats.aio.client import Client

from services.ledger import published
from services.ledger.comparing import around_comparison
from services.ledger.domain.batch import Key
from services.ledger.domain.difference import Difference, between_messages, instead
from services.ledger.domain.slices import Slice
from services.ledger.slicing import Walk
from services.ledger.tables import Table, ask_each_table, key_of
from shared.database import Connection, Pool
from shared.sql import queries_beside
from shared.subjects import LEDGER, quarantine_subject

SQL = around_comparison(queries_beside(__file__))

# Recorders that need one of these keys wait until they are compared again.
_AT_ONCE: Final = 100


class Verifier:
    """One verification; it changes nothing. The pool must have one connection more than the walk."""

    def __init__(self, pool: Pool, connection: Client, walk: Walk) -> None:
        self._pool = pool
        self._connection = connection
        self._stream = connection.jetstream(timeout=10)
        self._walk = walk
        self._on_stream: dict[str, bytes] = {}
        self._suspects: set[Key] = set()

    async def differences(self) -> AsyncIterator[Difference]:
        """Whatever is not as the archive says, in order of the keys. Raises Postgres and NATS errors.

        What looks different is compared again while no recorder can be at work on it.
        """
        self._on_stream = await published.hashes_on_stream(self._connection, self._walk.district)
        failed = await self._walk.over(self._pool, "comparing", self._suspect)
        for one in failed:
            yield Difference(one.district, one.subject, "fold", None, f"fails: {one.reason}")
        # What is left has no row; what cannot be folded cannot be compared.
        self._suspects |= {key for subject in self._on_stream if (key := key_of(subject))}
        self._suspects -= {(one.district, one.subject) for one in failed}
        for part in Slice.of(self._suspects).parts(_AT_ONCE):
            async with self._pool.acquire() as connection, published.held_still(connection, part):
                found = [*await self._in_rows(connection, part), *await self._in_stream(connection, part)]
            for difference in sorted(found, key=str):
                yield difference
        for district in await published.districts_parking(self._pool, self._on_stream, self._walk.district):
            for difference in await self._in_quarantine(district):
                yield difference

    async def _suspect(self, connection: Connection, part: Slice) -> None:
        for subject, expected in (await published.expected(connection, part)).items():
            if self._on_stream.pop(subject, None) != expected.hash or expected.row_differs:
                self._suspects.add(expected.key)

    async def _in_rows(self, connection: Connection, part: Slice) -> list[Difference]:
        return [_in_row(table, row) for table, row in await ask_each_table(connection, SQL, "differences", part)]

    async def _in_stream(self, connection: Connection, part: Slice) -> list[Difference]:
        found: list[Difference] = []
        strays = {subject: key for subject in self._on_stream if (key := key_of(subject)) in part.keys}
        for subject, (key, message) in (await published.expected_messages(connection, part)).items():
            strays.pop(subject, None)
            found += _in_message(key, await published.last_message(self._stream, subject), message)
        for subject, key in strays.items():
            if await published.last_message(self._stream, subject) is not None:
                found.append(Difference(*key, LEDGER.name, None, "a message without events"))
        return found

    async def _in_quarantine(self, district: str) -> list[Difference]:
        key = district, "quarantine"
        async with self._pool.acquire() as connection, published.parked(connection, district) as should_be:
            is_now = await published.last_message(self._stream, quarantine_subject(district))
        if should_be is not None:
            return _in_message(key, is_now, should_be)
        return [] if is_now is None else [Difference(*key, LEDGER.name, None, "a message without refusals")]


def _in_row(table: Table, row: asyncpg.Record) -> Difference:
    if row["needless"]:
        said = "a row without events"
    elif row["missing"]:
        said = "no row"
    elif row["column_name"] is None:
        said = "the same text, stored otherwise"
    else:
        said = instead(row["is_now"], row["should_be"])
    return Difference(row["district"], row["subject"], table.name, row["column_name"], said)


def _in_message(key: Key, is_now: bytes | None, should_be: bytes) -> list[Difference]:
    if is_now is None:
        return [Difference(*key, LEDGER.name, None, "no message")]
    return [Difference(*key, LEDGER.name, field, said) for field, said in between_messages(is_now, should_be)]
