"""Computes every row anew from the archive while live writes go on, and swaps in those that differ."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import asyncpg
from nats.aio.client import Client

from services.ledger import staging
from services.ledger.announcer import Announcer
from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice
from services.ledger.slicing import Walk
from shared.database import AWAY, Connection, Pool
from shared.sql import queries_beside
from shared.tasks import growing_pauses

SQL = queries_beside(__file__)

_ATTEMPTS = 8

T = TypeVar("T")


class RebuildRefused(Exception):  # noqa: N818 - a decision, not a fault
    """The rebuild was given up, and every row is as it was; the message says why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did; recorders `waited` for so many seconds."""

    changed: int
    published: int
    withdrawn: int
    waited: float


async def rebuild_needed(pool: Pool) -> str | None:
    """A readiness check: None while every row is what the folds of now compute, and is published."""
    [(other_folds, interrupted)] = await pool.fetch(SQL["needed"])
    if other_folds:
        return "rebuild needed: the folds are not those that the rows were built with: run 'luodi ledger rebuild'"
    if interrupted:
        return "rebuild needed: the last one ended before it had published every change: run 'luodi ledger rebuild'"
    return None


class Rebuilder:
    """One rebuild. The pool must have one connection more than the walk."""

    def __init__(self, pool: Pool, connection: Client, walk: Walk) -> None:
        self._pool = pool
        self._walk = walk
        self._announcer = Announcer(pool, connection, walk)

    async def rebuild(self, *, republish: bool = False) -> Rebuilt:
        """Fold everything, compare, swap in what differs in one transaction, publish it.

        With `republish`, publish also what the LEDGER stream lacks or has otherwise. Killed before the end of the swap,
        it leaves every row as it was; after it, the next rebuild publishes the rest. Raises RebuildRefused, and
        Postgres and NATS errors.
        """
        async with self._alone() as main:
            folds = await self._while_still(main, lambda: main.fetchval(SQL["folds"]))
            await self._fold()
            changed = await staging.size(main)
            waited = await self._swap(main, folds)
            if republish:
                await self._announcer.look_for_lacking()
            await self._announcer.announce()
        return Rebuilt(changed, self._announcer.published, self._announcer.withdrawn, waited)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as main:
            await main.execute(SQL["wait_briefly"])
            try:
                await main.execute(SQL["alone"])
            except asyncpg.LockNotAvailableError:
                raise RebuildRefused("another rebuild is under way") from None
            await staging.clear(main)
            await staging.make(main)
            try:
                yield main
            finally:
                # What cannot be cleared now is cleared by the next rebuild, and must not hide why this one ended.
                with contextlib.suppress(*AWAY):
                    await staging.clear(main)
                    await main.execute(SQL["not_alone_any_more"])

    async def _fold(self) -> None:
        miscounted: list[Key] = []

        async def fold(connection: Connection, part: Slice) -> None:
            miscounted.extend(await staging.put_aside(connection, part))

        failed = await self._walk.over(self._pool, "folding", fold)
        if failed:
            first = min(failed, key=lambda one: (one.district, one.subject))
            raise RebuildRefused(
                f"{len(failed)} cannot be folded, the first is {first.district}/{first.subject}: {first.reason}"
            )
        if miscounted:
            first_key = "/".join(min(miscounted))
            raise RebuildRefused(f"{len(miscounted)} would not account for every event, the first is {first_key}")

    async def _swap(self, main: Connection, folds: bytes) -> float:
        async def swap() -> float:
            began = time.monotonic()
            if await main.fetchval(SQL["folds"]) != folds:
                raise RebuildRefused("the folds were changed by 'luodi provision' meanwhile")
            await staging.swap(main)
            await main.execute(SQL["built"], folds)
            return time.monotonic() - began

        return await self._while_still(main, swap, beforehand=staging.note)

    async def _while_still(
        self,
        main: Connection,
        act: Callable[[], Awaitable[T]],
        *,
        beforehand: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> T:
        """Do something in a transaction during which no recorder is at work; `beforehand` they still are."""
        for pause in islice(growing_pauses(), _ATTEMPTS):
            with contextlib.suppress(asyncpg.LockNotAvailableError):
                async with main.transaction(isolation="read_committed"):
                    if beforehand:
                        await beforehand(main)
                    await main.execute(SQL["stand_still"])
                    return await act()
            await asyncio.sleep(pause)
        raise RebuildRefused("something has been writing to the archive, or maintaining it, for long")
