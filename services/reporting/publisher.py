"""Publishes each year's progress whenever it changes, for the city and for whoever watches a target."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import date

import orjson

from services.reporting.answers import ProgressAnswer, progress_answer
from services.reporting.desk import Desk
from services.reporting.domain.question import year_of
from shared.database import Connection, Pool
from shared.publishing import Outgoing
from shared.sql import queries_beside
from shared.subjects import progress_subject

SQL = queries_beside(__file__)

_LOOK_SECONDS = 1.0


class Publisher:
    """Puts on `report.<district>.progress.<year>` what the API answers about the year, with a revision that grows.

    Of several processes one does it. After a restart everything is published once more, under its old revision where
    nothing changed: so a stream that was lost is filled again.
    """

    def __init__(self, desk: Desk, pool: Pool, publish: Callable[[Iterable[Outgoing]], Awaitable[None]]) -> None:
        self._desk = desk
        self._pool = pool
        self._publish = publish
        # What was seen of each district when it was last published whole: nothing else may have changed since.
        self._settled: dict[str, tuple[int, date]] = {}
        self._published: set[tuple[str, int]] = set()

    async def run(self) -> None:
        """Look every second, until cancelled. Raises when the database or NATS is away."""
        while True:
            async with self._pool.acquire() as connection:
                # The session that has the lock is the publisher; it is held as long as this one lasts.
                if await connection.fetchval(SQL["own"]):
                    while True:
                        await self.look(connection)
                        await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.sleep(_LOOK_SECONDS * 10)

    async def look(self, connection: Connection) -> None:
        """Publish what changed since the last look. Raises when NATS has not stored it."""
        today = self._desk.today()
        for district, beat in (await self._desk.beats()).items():
            now = (beat, today)
            if self._settled.get(district) == now:
                continue
            latest = year_of(today, self._desk.definitions.earliest_beginning)
            years = [one["year"] for one in await connection.fetch(SQL["years"], district, latest)]
            answers = [await self._year(connection, district, year) for year in years]
            # Incomplete figures become complete without a change in the tables.
            if all(answer.complete for answer in answers):
                self._settled[district] = now

    async def _year(self, connection: Connection, district: str, year: int) -> ProgressAnswer:
        asked = self._desk.question(str(year), None, None)
        answer = progress_answer(await self._desk.report(district, asked))
        said = answer.model_dump(mode="json")
        digest = hashlib.sha256(orjson.dumps(said)).digest()
        async with connection.transaction():
            before = await connection.fetchrow(SQL["published"], district, year)
            changed = before is None or before["digest"] != digest
            if changed or (district, year) not in self._published:
                revision = (before["revision"] if before else 0) + changed
                payload = orjson.dumps(said | {"revision": revision})
                # Published before it is written down: a crash in between publishes the same revision again.
                await self._publish([Outgoing(progress_subject(district, year), payload)])
                await connection.execute(SQL["put_published"], district, year, revision, digest)
        self._published.add((district, year))
        return answer
