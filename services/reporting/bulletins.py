"""Sealed bulletins as they are kept: listed and shown, never changed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

import orjson

from services.reporting.cursors import CursorError, cursor, place
from services.reporting.domain.bulletin import Document
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)


class UnknownBulletinError(LookupError):
    """The district has no bulletin of this number; the arguments are the number and the district's code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A bulletin in a list."""

    number: str
    through: date
    known_by: datetime
    root: str


class Bulletins:
    """What was sealed for each district."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def list(self, district: str, limit: int, after: str | None = None) -> tuple[list[Entry], str | None]:
        """A district's, the newest first: `limit` of them behind a cursor, and the cursor of the next page, if any.

        Raises CursorError.
        """
        known_by, number = _read(after)
        rows = await self._pool.fetch(SQL["list"], district, known_by, number, limit + 1)
        found = [Entry(**row) for row in rows[:limit]]
        more = len(rows) > limit
        return found, cursor("bulletins", found[-1].known_by.isoformat(), found[-1].number) if more else None

    async def every(self, district: str) -> AsyncIterator[Entry]:
        """All of a district's, the newest first."""
        following: str | None = None
        while True:
            found, following = await self.list(district, 1_000, following)
            for one in found:
                yield one
            if following is None:
                return

    async def text(self, district: str, number: str) -> bytes:
        """The document letter by letter, as canonical JSON. Raises UnknownBulletinError."""
        found: str | None = await self._pool.fetchval(SQL["document"], district, number)
        if found is None:
            raise UnknownBulletinError(number, district)
        return found.encode()

    async def document(self, district: str, number: str) -> Document:
        """The document. Raises UnknownBulletinError."""
        found: Document = orjson.loads(await self.text(district, number))
        return found


def _read(after: str | None) -> tuple[datetime | None, str | None]:
    said = place(after, "bulletins", 2)
    if said is None:
        return None, None
    try:
        known_by = datetime.fromisoformat(said[0])
    except ValueError:
        raise CursorError from None
    if known_by.tzinfo is None or not 1900 <= known_by.year <= 9998:
        raise CursorError
    return known_by, said[1]
