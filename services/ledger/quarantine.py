"""Reads the quarantine: which messages were refused, why, and what was done about each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, TypeVar

import asyncpg

from shared.database import Pool
from shared.sql import queries_beside
from shared.subjects import refusal_subject

SQL = queries_beside(__file__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a message stood: a stream that was made anew counts from 1 again, so the sequence alone may not do."""

    recorded_at: datetime
    stream_sequence: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A refused message without its bytes, with the latest reason against it; `closed_*` once it no longer waits."""

    stream_sequence: int
    recorded_at: datetime
    subject: str
    district: str | None
    unit: str | None
    source: str | None
    event_id: str | None
    code: str
    reason: str
    field: str | None
    closed_at: datetime | None
    closed_as: Literal["retried", "discarded"] | None
    closed_by: str | None
    closed_because: str | None

    @property
    def place(self) -> Place:
        return Place(self.recorded_at, self.stream_sequence)

    @property
    def told(self) -> str | None:
        """The bus subject on which its sender was told; None when the message does not prove who sent it."""
        return refusal_subject(self.district, self.unit) if self.district and self.unit else None


@dataclass(frozen=True, slots=True)
class Kept:
    """A refused message with its bytes."""

    parked: Parked
    raw: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did about a message: `refused` is a retry that failed, with the reason of that day."""

    done_at: datetime
    done_by: str
    did: Literal["retried", "refused", "discarded"]
    code: str | None
    reason: str | None
    field: str | None


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which messages: None does not ask. `since` is the first instant at which the stream stored them."""

    district: str | None = None
    unit: str | None = None
    code: str | None = None
    since: datetime | None = None
    closed: bool = False


class Quarantine:
    """Questions to the quarantine; none of them changes anything."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, sieve: Sieve, limit: int, after: Place | None = None) -> list[Parked]:
        """The messages that pass, oldest first, from behind a place on."""
        at = (after.recorded_at, after.stream_sequence) if after else (None, None)
        return [_read(Parked, row) for row in await self._pool.fetch(SQL["page"], *_asked(sieve), *at, limit)]

    async def tally(self, sieve: Sieve) -> dict[str, int]:
        """How many messages pass, by the code of what stands against them."""
        return {row["code"]: row["messages"] for row in await self._pool.fetch(SQL["tally"], *_asked(sieve))}

    async def places(self, sequences: Iterable[int]) -> dict[int, list[Place]]:
        """Where messages with these sequence numbers stood: for each none, one, or several places, oldest first."""
        found: dict[int, list[Place]] = {sequence: [] for sequence in sequences}
        for row in await self._pool.fetch(SQL["places"], list(found)):
            found[row["stream_sequence"]].append(_read(Place, row))
        return found

    async def kept(self, places: Sequence[Place]) -> list[Kept]:
        """The messages at these places with their bytes, in the order of the stream; missing where there is none."""
        columns = [place.stream_sequence for place in places], [place.recorded_at for place in places]
        return [Kept(_read(Parked, row), row["raw"]) for row in await self._pool.fetch(SQL["kept"], *columns)]

    async def history(self, place: Place) -> list[Entry]:
        """What was done about a message, oldest first."""
        rows = await self._pool.fetch(SQL["history"], place.stream_sequence, place.recorded_at)
        return [_read(Entry, row) for row in rows]


def _asked(sieve: Sieve) -> tuple[object, ...]:
    return sieve.district, sieve.unit, sieve.code, sieve.since, sieve.closed


def _read(kind: type[T], row: asyncpg.Record) -> T:
    return kind(**{field.name: row[field.name] for field in fields(kind)})  # type: ignore[arg-type] # each is a dataclass
