"""Reads the archive: a project, a trip or a target as of any instant, and its events."""

from datetime import UTC, datetime
from typing import Final

import asyncpg

from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# The driver sends this value as 'infinity'.
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


Identity = tuple[str, str]
"""An event's source and id."""


class UnknownEventError(LookupError):
    """No such event was recorded about the entity."""


class Archive:
    """Questions to the archive; none of them changes anything."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def project(self, district: str, project: str, as_of: datetime = END_OF_TIME) -> str | None:
        """The project's record as JSON, as it was known at an instant; None when nothing was known of it."""
        message: str | None = await self._pool.fetchval(SQL["project_as_of"], district, project, as_of)
        return message

    async def trip(self, district: str, trip: str, as_of: datetime = END_OF_TIME) -> str | None:
        """The trip's record as JSON, as it was known at an instant; None when nothing was known of it."""
        message: str | None = await self._pool.fetchval(SQL["outreach_as_of"], district, trip, as_of)
        return message

    async def target(self, district: str, year: int, indicator: str, as_of: datetime = END_OF_TIME) -> str | None:
        """The target's record as JSON, as it was known at an instant; None when nothing was known of it."""
        subject = f"target-{year}-{indicator}"
        message: str | None = await self._pool.fetchval(SQL["target_as_of"], district, subject, as_of)
        return message

    async def events(
        self, district: str, subject: str, limit: int, after: Identity | None = None
    ) -> list[asyncpg.Record]:
        """At most `limit` events of a project or another entity, in the order of its digest, from the first or `after`.

        Raises UnknownEventError when `after` is none of its events.
        """
        identity = after or (None, None)
        if after and not await self._pool.fetchval(SQL["is_event_of"], district, subject, *after):
            raise UnknownEventError(" ".join(after))
        return await self._pool.fetch(SQL["events_of"], district, subject, *identity, limit)
