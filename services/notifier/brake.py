"""The brake: holds sending back when this database may not be the one that sent before, until an operator says go."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.notifier.metrics import Metrics
from services.notifier.rounds import RunOnce
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# The id of the newest announcement of ours that the bus holds; None when there is none. Raises while the bus is away.
NewestAnnouncement = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Paused:
    """Since when nothing is sent, and why: a sentence in English."""

    at: datetime
    why: str


class Brake:
    """Decides whether anything may be sent.

    A database that was restored, copied or made anew would send again what the other one has sent. What tells: the
    bus holds an announcement that this database never made; the database is another one than last time; nothing ran
    for longer than `silence`; or the row that we wrote a moment ago is older again.
    """

    def __init__(self, pool: Pool, newest: NewestAnnouncement, silence: timedelta, metrics: Metrics) -> None:
        self._pool = pool
        self._newest = newest
        self._silence = silence
        self._metrics = metrics
        self._ticked: datetime | None = None
        self._log = structlog.get_logger().bind(part="brake")

    def holding(self, run_once: RunOnce) -> RunOnce:
        """The rounds of a part, which find nothing to do while sending is paused."""

        async def once(now: datetime) -> int:
            return await run_once(now) if await self.released() else 0

        return once

    async def released(self) -> bool:
        """Whether sending may go on; not before this process has looked at what it starts on."""
        return self._ticked is not None and await self.paused() is None

    async def paused(self) -> Paused | None:
        """Since when sending is paused, and why."""
        row = await self._pool.fetchrow(SQL["installation"])
        return Paused(row["paused_at"], row["paused_why"]) if row and row["paused_at"] else None

    async def run_once(self, now: datetime) -> int:
        """Look at what we start on, and note that something runs; there is never more to do at once."""
        if self._ticked is None:
            try:
                await self._examine(now)
            except ConnectionError:
                # The bus is one of the witnesses: until it is there, nothing is sent. Readiness tells that it is away.
                return 0
        before = await self._pool.fetchval(SQL["tick"], now)
        if self._ticked is not None and (before is None or before < self._ticked):
            await self.pause("the database went back in time while this process ran: it was restored", now)
        self._ticked = max(now, before or now)
        self._metrics.paused.set(await self.paused() is not None)
        return 0

    async def pause(self, why: str, now: datetime, judged: str | None = None) -> None:
        """Stop sending, for a reason that an operator reads."""
        await self._pool.execute(SQL["pause"], now, why, judged)
        self._log.error("sending is paused until 'luodi notifier resume'", why=why)

    async def _examine(self, now: datetime) -> None:
        newest = await self._newest()
        row = await self._pool.fetchrow(SQL["installation"])
        if row is None:
            raise LookupError("notifier.installation has lost its row")
        if newest and newest != row["judged"] and not await self._pool.fetchval(SQL["announced"], newest):
            await self.pause(f"the bus holds {newest}, which this database never announced", now, newest)
        elif row["database"] not in (None, row["this_database"]):
            await self.pause("this is another database than last time: restored from a dump, or a copy", now)
        elif row["last_tick"] is not None and now - row["last_tick"] > self._silence:
            await self.pause(f"nothing ran since {row['last_tick']:%Y-%m-%d %H:%M} UTC", now)
        if row["database"] != row["this_database"]:
            await self._pool.execute(SQL["adopt"], row["this_database"])


async def resume(pool: Pool, now: datetime, *, discard: bool) -> int:
    """Let sending go on; with `discard`, without what waits. Returns how many messages were dropped."""
    async with pool.acquire() as connection, connection.transaction():
        dropped = await connection.fetchval(SQL["discard"]) if discard else 0
        await connection.execute(SQL["resume"], now)
    return int(dropped)
