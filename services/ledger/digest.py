"""A district's digest: one value over everything that was recorded for it."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from services.ledger.archive import END_OF_TIME
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

_HOURS: Final = 86_400.0


async def lines(pool: Pool, district: str, as_of: datetime = END_OF_TIME) -> AsyncIterator[str]:
    """`<subject> <digest>` with a line feed, for every project, target and other entity, by its bytes.

    Computed from what the archive recorded by `as_of`. Nothing for a district of which nothing was recorded.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(SQL["subjects"], district, as_of, prefetch=1000, timeout=_HOURS):
            yield f"{row['subject']} {row['digest']}\n"


async def root(pool: Pool, district: str, as_of: datetime = END_OF_TIME) -> str | None:
    """SHA-256 over the lines, in hex; None when nothing was recorded."""
    hasher, some = hashlib.sha256(), False
    async for line in lines(pool, district, as_of):
        hasher.update(line.encode())
        some = True
    return hasher.hexdigest() if some else None
