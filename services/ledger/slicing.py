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
    "next_slice": _TEXTS["next_slice"].replace("{rows}", in_all_tables(_TEXTS["rows"])),
    **{name: _TEXTS[name] for name in ("events", "for_large_sorts")},
}

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
        keys, failed, done = _Keys(self.events, self.district), list[Unfoldable](), 0

        async def worker() -> None:
            nonlocal done
            async with pool.acquire() as connection:
                await connection.execute(SQL["for_large_sorts"])
                while found := await keys.next(connection):
                    part, events = found
                    failed.extend(await _narrowed(connection, part, work))
                    done += events
                    self.progress(doing, done, max(total, done) if total else None)

        await all_of(worker() for _ in range(self.connections))
        self.progress(doing, done, done)
        return failed


class _Keys:
    """Hands out every key once, in order, to whoever asks next; each slice is looked for when it is wanted."""

    def __init__(self, events: int, district: str | None) -> None:
        self._events = events
        self._district = district
        self._turn = asyncio.Lock()
        self._last: Key | None = ("", "")

    async def next(self, connection: Connection) -> tuple[Slice, int] | None:
        """The next slice and about how many events it has; None when there is none any more."""
        async with self._turn:
            if self._last is None:
                return None
            rows = await connection.fetch(SQL["next_slice"], *self._last, self._district, self._events, timeout=HOURS)
            self._last = (rows[-1]["district"], rows[-1]["subject"]) if rows else None
        if not rows:
            return None
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
