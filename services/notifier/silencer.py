"""Begins, lists and ends silences; the sweeper does what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.domain.silences import Silence
from shared.database import Connection
from shared.sql import queries_beside

SQL = queries_beside(__file__)

MATCHERS = ("district", "project", "rule", "unit", "official")


@dataclass(frozen=True, slots=True)
class Wish:
    """A silence that somebody asks for. `matcher`: what of MATCHERS must agree, at least one."""

    matcher: Mapping[str, str]
    reason: str
    who: str
    until: datetime


class UnknownSilenceError(Exception):
    """No silence under way begins with this id, or several do."""


class Silencer:
    """Silences in the notifier's database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, wish: Wish, now: datetime) -> UUID:
        """Begin a silence; returns its id."""
        parts = [wish.matcher.get(name) for name in MATCHERS]
        found: UUID = await self._connection.fetchval(SQL["add"], *parts, wish.reason, wish.who, now, wish.until)
        return found

    async def list(self, now: datetime, *, also_past: bool) -> Sequence[Silence]:
        """Silences, the one that ends next first."""
        return [Silence(**row) for row in await self._connection.fetch(SQL["list"], now, also_past)]

    async def end(self, beginning: str, now: datetime) -> UUID:
        """End the one silence under way whose id begins so. Raises UnknownSilenceError."""
        async with self._connection.transaction():
            ended = await self._connection.fetch(SQL["end"], beginning, now)
            if len(ended) != 1:
                raise UnknownSilenceError
        found: UUID = ended[0]["id"]
        return found
