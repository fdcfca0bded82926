"""One measurement of speed: a position watched until it is at its end, and what that cost the machine."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.benchmarks.house import House

_POLL_SECONDS = 0.02
_READ_SECONDS = 0.5
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

    def cost(self, part: str) -> float:
        """Microseconds of CPU an event, in one part: hardly changed by what else the machine does, unlike the rate."""
        return self.cores[part] / self.rate * 1e6


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
    meter = Meter(house, processes)
    before, begun = meter.read(), time.perf_counter()
    read_at = begun
    first = done = await position()
    while done < total and time.perf_counter() - begun < track.seconds:
        await asyncio.sleep(_POLL_SECONDS)
        done = await position()
        for mark in _MARKS:
            if done * 100 >= total * mark and (now := meter.memory()):
                memory.setdefault(str(mark), now)
        if time.perf_counter() - read_at > _READ_SECONDS:
            meter.read()
            read_at = time.perf_counter()
        track.tell(done)
    taken = time.perf_counter() - begun
    spent = meter.read()
    cores = {part: (spent[part] - before.get(part, 0.0)) / taken for part in spent}
    return Lap(done - first, taken, done >= total, cores, memory, os.getloadavg()[0])


class Meter:
    """The CPU and memory of the program that is measured, of Postgres and of NATS.

    What has ended counts with what was last read of it.
    """

    def __init__(self, house: House, processes: Sequence[psutil.Process]) -> None:
        self._processes = processes
        self._postgres = psutil.Process(house.postgres_pid)
        self._nats = psutil.Process(house.nats_pid)
        self._seconds: dict[str, dict[int, float]] = {"program": {}, "postgres": {}, "nats": {}}

    def read(self) -> dict[str, float]:
        """Seconds of CPU so far, by part."""
        parts = {
            "program": self._processes,
            "postgres": [self._postgres, *self._postgres.children()],
            "nats": [self._nats],
        }
        for name, members in parts.items():
            for one in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    self._seconds[name][one.pid] = times.user + times.system
        return {name: sum(seconds.values()) for name, seconds in self._seconds.items()}

    def memory(self) -> float:
        """The program's resident memory, in MB."""
        total = 0
        for one in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
        return total / 1e6
