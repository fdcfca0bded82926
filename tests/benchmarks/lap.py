"""One measurement of speed: a position watched until it is at its end, and what that cost the machine."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.benchmarks.house import House

_POLL_SECONDS = 0.02
_MARKS = (10, 50, 100)


@dataclass(frozen=True, slots=True)
class Lap:
    """`events` in `seconds`, how many cores each part kept busy, and the memory of the processes.

    `whole` is False when the time was up before the work was done: the rate is that of its first part. `memory` is in
    MB at 10, 50 and 100 % of the events. `load` is the machine's load average at the end.
    """

    events: int
    seconds: float
    whole: bool = True
    cores: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    load: float = 0.0

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


@dataclass(frozen=True, slots=True)
class Track:
    """How many seconds a measurement may take, and who hears how many events are done."""

    seconds: float
    tell: Callable[[int], None]


async def timed(
    house: House, processes: Sequence[psutil.Process], total: int, position: Callable[[], Awaitable[int]], track: Track
) -> Lap:
    """Watch a position from now until it reaches `total`, or until the track's time is up."""
    memory: dict[str, float] = {}
    before = _cpu(house, processes)
    begun = time.perf_counter()
    first = done = await position()
    while done < total and time.perf_counter() - begun < track.seconds:
        await asyncio.sleep(_POLL_SECONDS)
        done = await position()
        for mark in _MARKS:
            if done * 100 >= total * mark:
                memory.setdefault(str(mark), sum(one.memory_info().rss for one in processes) / 1e6)
        track.tell(done)
    taken = time.perf_counter() - begun
    spent = _cpu(house, processes)
    cores = {part: (spent[part] - before[part]) / taken for part in spent}
    return Lap(done - first, taken, done >= total, cores, memory, os.getloadavg()[0])


def _cpu(house: House, processes: Sequence[psutil.Process]) -> dict[str, float]:
    """Seconds of CPU so far, by part."""
    postgres = psutil.Process(house.postgres_pid)
    parts = {
        "program": processes,
        "postgres": [postgres, *postgres.children()],
        "nats": [psutil.Process(house.nats_pid)],
    }
    return {name: sum(map(_seconds, members)) for name, members in parts.items()}


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        # A worker of Postgres that ended between being listed and being asked.
        return 0.0
    return float(times.user + times.system)
