"""Sealed bulletins as they are kept: listed and shown, never changed."""

from dataclasses import dataclass
from datetime import date, datetime

import orjson

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

    async def list(self, district: str, limit: int = 1_000) -> list[Entry]:
        """The newest `limit` of a district, the newest first."""
        return [Entry(**row) for row in await self._pool.fetch(SQL["list"], district, limit)]

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
