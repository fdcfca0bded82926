"""Walks over every key of the ledger, slice by slice, on several connections at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final

from services.ledger.domain.slices import Slice, Unfoldable
from services.ledger.recorder import POISON
from services.ledger.tables import HOURS, in_all_tables
from shared.database import Connection, Pool
from shared.sql import queries_beside

_TEXTS = queries_beside(__file__)
SQL: Final = {
    "slices": _TEXTS["slices"].replace("{rows}", in_all_tables(_TEXTS["rows"])),
    "for_large_sorts": _TEXTS["for_large_sorts"],
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
        self.progress(doing, 0, None)
        slices = await pool.fetch(SQL["slices"], self.district, self.events, timeout=HOURS)
        total, done = sum(row["events"] for row in slices), 0
        waiting, failed = iter(slices), list[Unfoldable]()

        async def worker() -> None:
            nonlocal done
            async with pool.acquire() as connection:
                await connection.execute(SQL["for_large_sorts"])
                for district, subjects, events in waiting:
                    part = Slice([district] * len(subjects), subjects)
                    failed.extend(await _narrowed(connection, part, work))
                    done += events
                    self.progress(doing, done, total)

        await all_of(worker() for _ in range(self.connections))
        return failed


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
