"""How fast the projection of the `eventsourcing` package takes in events that it has archived before."""

import importlib.util
import os
import sys

import asyncpg
import psutil

from deploy.local.process import Command, Process, run
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Track, timed
from tests.benchmarks.workload import Work
from tests.waiting import until

_MODULE = "tests.benchmarks.peers.eventsourced"
_STORE_SECONDS = 600.0
_POSITION = "select coalesce(max(notification_id), 0) from registering_tracking where application_name = 'Projects'"


def is_installed() -> bool:
    """Whether the package is here; `make bench` installs it."""
    return importlib.util.find_spec("eventsourcing") is not None


async def project(house: House, work: Work, track: Track) -> Lap:
    """Store the work in the package's own archive, then measure its projection from its first event on."""
    await run(_command(house, "store", str(work.events), str(work.projects)), _STORE_SECONDS)
    connection = await asyncpg.connect(house.database_url)
    child = await Process.start(_command(house, "project"))
    try:

        async def position() -> int:
            child.check_running()
            return int(await connection.fetchval(_POSITION))

        async def begun() -> bool:
            child.check_running()
            return (
                bool(await connection.fetchval("select to_regclass('registering_tracking')")) and await position() > 0
            )

        await until(begun, 60.0)
        return await timed(house, [psutil.Process(child.pid)], work.events, position, track)
    finally:
        await child.stop()
        await connection.close()


def _command(house: House, *arguments: str) -> Command:
    environment = {**os.environ, "LUODI_DATABASE_URL": house.database_url}
    return Command(
        "eventsourcing",
        [sys.executable, "-m", _MODULE, *arguments],
        house.folder / f"eventsourcing-{arguments[0]}.log",
        environment,
    )
