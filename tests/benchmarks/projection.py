"""How fast the `eventsourcing` package archives and projects events, and how fast it projects what it has archived."""

import contextlib
import importlib.util
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import psutil
from nats.js.api import AckPolicy, ConsumerConfig

from deploy.local.process import Command, Process, run
from tests.benchmarks.contestant import Contestant, release, started
from tests.benchmarks.house import House, Message
from tests.benchmarks.lap import Lap, Track, timed
from tests.benchmarks.workload import Work
from tests.waiting import until

_MODULE = "tests.benchmarks.peers.eventsourced"
_STORE_SECONDS = 600.0
_START_SECONDS = 60.0
_POSITION = "select coalesce(max(notification_id), 0) from registering_tracking where application_name = 'Projects'"

TAKING_IN = Contestant(
    (_MODULE, "take-in"),
    "eventsourcing",
    "projects_events",
    ConsumerConfig(durable_name="eventsourcing", ack_policy=AckPolicy.EXPLICIT, max_ack_pending=5_000),
)


def is_installed() -> bool:
    """Whether the package is here; `make bench` installs it."""
    return importlib.util.find_spec("eventsourcing") is not None


async def take_in(house: House, last_message: Message, track: Track) -> Lap:
    """Let it archive what is in the stream and one more message, and project it; `make_way` was called for it."""
    async with _projecting(house) as (child, position), started(house, TAKING_IN) as processes:

        async def made() -> bool:
            return await position() is not None

        await until(made, _START_SECONDS)
        await release(house, TAKING_IN)
        last = await house.store(iter([last_message]))
        return await timed(house, [*processes, child], last, _or_none_yet(position), track)


async def project(house: House, work: Work, track: Track) -> Lap:
    """Store the work in the package's own archive, then measure its projection from its first event on."""
    await run(_command(house, "store", str(work.events), str(work.projects)), _STORE_SECONDS)
    async with _projecting(house) as (child, position):

        async def begun() -> bool:
            return bool(await position())

        await until(begun, _START_SECONDS)
        return await timed(house, [child], work.events, _or_none_yet(position), track)


@contextlib.asynccontextmanager
async def _projecting(house: House) -> AsyncIterator[tuple[psutil.Process, Callable[[], Awaitable[int | None]]]]:
    """The process that projects, and how to ask how many events it has projected: None while it has no tables."""
    connection = await asyncpg.connect(house.database_url)
    child = await Process.start(_command(house, "project"))

    async def position() -> int | None:
        child.check_running()
        made = await connection.fetchval("select to_regclass('registering_tracking')")
        return int(await connection.fetchval(_POSITION)) if made else None

    try:
        yield psutil.Process(child.pid), position
    finally:
        await child.stop()
        await connection.close()


def _or_none_yet(position: Callable[[], Awaitable[int | None]]) -> Callable[[], Awaitable[int]]:
    async def found() -> int:
        return await position() or 0

    return found


def _command(house: House, *arguments: str) -> Command:
    environment = {**os.environ, "LUODI_DATABASE_URL": house.database_url}
    return Command(
        "eventsourcing",
        [sys.executable, "-m", _MODULE, *arguments],
        house.folder / f"eventsourcing-{arguments[0]}.log",
        environment,
    )
