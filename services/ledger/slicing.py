"""Walks over every key of the ledger, slice by slice, on several connections at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final

from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice, Unfoldable
from services.ledger.recorder import POISON
from services.ledger.tables import HOURS, in_all_tables
from shared.database import Connection, Pool
from shared.sql import queries_beside

_TEXTS = queries_beside(__file__)
SQL: Final = {
    "end_of_range": _TEXTS["end_of_range"].replace("{ends}", in_all_tables(_TEXTS["ends"])),
    "keys": _TEXTS["keys"].replace("{rows}", in_all_tables(_TEXTS["rows"])),
    **{name: _TEXTS[name] for name in ("events", "for_large_sorts")},
}
# Before every key, and, in the order of the bytes, after every key.
_FIRST: Final = ""
_LAST: Final = "\U0010ffff"

Work = Callable[[Connection, Slice], Awaitable[None]]
Progress = Callable[[str, int, int | None], None]


def _silent(doing: str, done: int, total: int | None) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How to walk: on how many connections, about how many events a slice, one district or all (None).

    `progress(doing, done, in all)` is called as it goes; in all None while nobody knows.
    """

    connections: int = 4
    events: int = 2_000
    district: str | None = None
    progress: Progress = _silent

    async def over(self, pool: Pool, doing: str, work: Work) -> list[Unfoldable]:
        """Hand every key to `work`, in slices; a key that is new since the beginning may be left out.

        Returns the keys on which `work` failed by their own data; any other error is raised.
        """
        total = None if self.district else await pool.fetchval(SQL["events"])
        self.progress(doing, 0, total)
        ranges, failed, done = _Ranges(self.events, self.district), list[Unfoldable](), 0

        async def worker() -> None:
            nonlocal done
            async with pool.acquire() as connection:
                await connection.execute(SQL["for_large_sorts"])
                while borders := await ranges.next(connection):
                    part, events = await _keys(connection, *borders)
                    failed.extend(await _narrowed(connection, part, work))
                    done += events
                    self.progress(doing, done, max(total, done) if total else None)

        await all_of(worker() for _ in range(self.connections))
        self.progress(doing, done, done)
        return failed


class _Ranges:
    """Cuts all keys, in order, into ranges (after one key, up to another), for whoever asks next.

    Only where a range ends is looked for in turn; its keys are listed by who has it, while others list theirs.
    """

    def __init__(self, events: int, district: str | None) -> None:
        self._events = events
        self._turn = asyncio.Lock()
        self._after: Key | None = (district or _FIRST, _FIRST)
        self._end: Key = (district or _LAST, _LAST)

    async def next(self, connection: Connection) -> tuple[Key, Key] | None:
        """The next range; None when there is none any more."""
        async with self._turn:
            if (after := self._after) is None:
                return None
            found = await connection.fetchrow(SQL["end_of_range"], *after, *self._end, self._events, timeout=HOURS)
            self._after = (found["district"], found["subject"]) if found else None
            return after, self._after or self._end


async def _keys(connection: Connection, after: Key, to: Key) -> tuple[Slice, int]:
    """The keys of a range, and how many events they have."""
    rows = await connection.fetch(SQL["keys"], *after, *to, timeout=HOURS)
    part = Slice([row["district"] for row in rows], [row["subject"] for row in rows])
    return part, sum(row["events"] for row in rows)


async def all_of(workers: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all until they end; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker)
    except* Exception as errors:
        raise errors.exceptions[0] from None


async def _narrowed(connection: Connection, part: Slice, work: Work) -> list[Unfoldable]:
    """Do the work; when the data makes that fail, in halves, down to the keys that do it."""
    try:
        await work(connection, part)
    except POISON as error:
        if len(part.keys) == 1:
            return [Unfoldable(*part.keys[0], str(error).partition("\n")[0])]
        return [one for half in part.halves() for one in await _narrowed(connection, half, work)]
    return []
