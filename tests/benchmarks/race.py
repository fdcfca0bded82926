"""How fast a contestant takes in a full stream: from its release to its last acknowledgement."""

from functools import partial

import asyncpg

from tests.benchmarks.contestant import Contestant, acknowledged, release, started
from tests.benchmarks.house import House, Message
from tests.benchmarks.lap import Lap, Track, timed


class WrongError(Exception):
    """A contestant acknowledged events that it did not record, so that its speed means nothing."""


async def race(house: House, contestant: Contestant, last_message: Message, track: Track) -> Lap:
    """Let the contestant, for which `make_way` was called, take in what is in the stream and one more message.

    Raises WrongError when the archive does not hold what was acknowledged.
    """
    async with started(house, contestant) as processes:
        await release(house, contestant)
        # The server looks at a consumer that it let go on when the next message comes, or when it is asked anew.
        last = await house.store(iter([last_message]))
        lap = await timed(house, processes, last, partial(acknowledged, house, contestant, last), track)
        await _check(house, contestant, lap.events)
    return lap


async def _check(house: House, contestant: Contestant, acknowledged: int) -> None:
    connection = await asyncpg.connect(house.database_url)
    try:
        held = await connection.fetchval(f"select count(*) from {contestant.archive}")  # noqa: S608 - our own table's name
    finally:
        await connection.close()
    if held < acknowledged:
        raise WrongError(f"{contestant.durable} acknowledged {acknowledged} events and recorded {held}")
