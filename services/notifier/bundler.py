"""Bundles what waits for one person into one message, so that nobody hears ten times at once."""

from datetime import datetime, timedelta
from typing import Final

from services.notifier.domain.ladder import midnight
from services.notifier.domain.policy import Policy
from services.notifier.domain.timers import goes_out, next_digest
from shared.clock import business_day
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# So long a morning's digest waits for a sweep that does not come to its end.
_LONGEST_WAIT: Final = timedelta(minutes=5)


class Bundler:
    """Makes messages of waiting deliveries. `wait`: how long the first of a bundle waits for others to join it."""

    def __init__(self, pool: Pool, wait: timedelta, policy: Policy) -> None:
        self._pool = pool
        self._wait = wait
        self._policy = policy

    async def run_once(self, now: datetime) -> int:
        """Bundle what is ripe; returns how many deliveries that were (0 while another bundler is at work).

        What fell due while nobody is to hear waits until somebody may, and a digest for the next when a person has had
        one today: a person gets one a day.
        """
        policy, today = self._policy, midnight(business_day(now))
        later = goes_out(now, policy, digest=False), goes_out(now, policy, digest=True), next_digest(now, policy)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL["only_one"]):
                return 0
            await connection.execute(SQL["drop_stale"])
            await connection.execute(SQL["put_off"], now, today, *later)
            status = await connection.execute(SQL["bundle"], now, now - self._wait, now - _LONGEST_WAIT, today)
        return int(status.rpartition(" ")[2])
