"""How fast `luodi ledger rebuild` computes every record anew from an archive of many events."""

import os
import sys

import psutil

from deploy.local.process import Command, Process, describe_exit
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Track, timed


async def rebuild(house: House, events: int, track: Track) -> Lap:
    """Run the command as an administrator does, from its start to its end."""
    environment = {**os.environ, "LUODI_NATS_URL": house.nats_url, "LUODI_DATABASE_URL": house.database_url}
    argv = [sys.executable, "-m", "services.cli", "ledger", "rebuild"]
    child = await Process.start(Command("rebuild", argv, house.folder / "rebuild.log", environment))

    async def position() -> int:
        return 0 if child.exit_code is None else events

    try:
        lap = await timed(house, [psutil.Process(child.pid)], events, position, track)
    finally:
        await child.stop()
    if lap.whole and child.exit_code:
        raise child.failure(f"ended with {describe_exit(child.exit_code)}")
    return lap
