"""How fast the notifier's sweeper is among many open cases: when none is due, and when many are at one instant."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import orjson
import psutil
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

import services.notifier
from services.notifier.domain.cases import Timing
from services.notifier.domain.directory import read_directory
from services.notifier.domain.policy import read_policy
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from services.notifier.sweeper import Sweeper
from services.notifier.watcher import Arrived, Watcher
from shared import database
from shared.sql import queries_beside
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Meter, Track
from tests.benchmarks.race import WrongError
from tests.benchmarks.workload import DISTRICT

SQL = queries_beside(__file__)
ORIGINALS: Final = 100
"""So many cases are opened by the watcher, each of a unit of its own; the others are copies of them."""
IDLE_ROUNDS: Final = 100
"""So many rounds are measured when none is due: each alone is too short."""
_COPY_SECONDS: Final = 600.0
# A Tuesday, ten in the morning in Shanghai: a rung may fire at once. What is opened now waits for tomorrow's digest.
_NOW: Final = datetime(2026, 9, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Sweep:
    sweeper: Sweeper
    meter: Meter

    async def lap(self, rounds: int, fired: int, events: int, track: Track) -> Lap:
        """So many rounds one after the other, in which so many cases fire. Raises WrongError when others do."""
        before, begun, done = self.meter.read(), time.perf_counter(), 0
        async with asyncio.timeout(track.seconds):
            for number in range(1, rounds + 1):
                done += await self.sweeper.run_once(_NOW)
                track.tell(events * number // rounds)
        taken, spent = time.perf_counter() - begun, self.meter.read()
        if done != fired:
            raise WrongError(f"{done} cases and projects were swept, and {fired} cases were due")
        cores = {part: (spent[part] - before.get(part, 0.0)) / taken for part in spent}
        return Lap(events, taken, cores=cores, load=os.getloadavg()[0])


async def sweep_idle(house: House, opened: int, track: Track) -> Lap:
    """Rounds among so many open cases of which none is due: an event of the lap is a round."""
    async with _sweeping(house, opened) as sweep:
        return await sweep.lap(IDLE_ROUNDS, 0, IDLE_ROUNDS, track)


async def sweep_due(house: House, opened: int, due: int, track: Track) -> Lap:
    """One round among so many open cases, `due` of which are due at its instant; its seconds are the last one's lag."""
    async with _sweeping(house, opened) as sweep:
        await _change(house, "let_fall_due", _NOW, due)
        return await sweep.lap(1, due, due, track)


@contextlib.asynccontextmanager
async def _sweeping(house: House, opened: int) -> AsyncIterator[_Sweep]:
    """The sweeper as the service makes it, with the policy as shipped, and so many open cases (rounded to hundreds)."""
    policy = read_policy((Path(services.notifier.__file__).parent / "policy.toml").read_text(encoding="utf-8"))
    metrics, registrar = Metrics(CollectorRegistry()), Registrar(policy, Timing(timedelta(), 7))
    with capture_logs():
        async with database.make_pool(house.database_url, "luodi-bench") as pool:
            sweeper = Sweeper(pool, registrar, policy, read_directory(_directory().encode()), metrics)
            # A new policy makes it look at every project again: once, while there is none.
            await sweeper.run_once(_NOW)
            await Watcher(pool, registrar, metrics, lambda: _NOW).take([_arrived(n) for n in range(ORIGINALS)])
            for query in ("copy_projects", "copy_cases"):
                await _change(house, query, opened // ORIGINALS - 1)
            yield _Sweep(sweeper, Meter(house, [psutil.Process()]))


def _directory() -> str:
    contacts = [f"contact-{number},unit-contact,unit-{number},bench" for number in range(ORIGINALS)]
    return "\n".join(["name,role,unit,wecom_bot", *contacts])


def _arrived(number: int) -> Arrived:
    record = {
        "district": DISTRICT,
        "project": f"P-{number}",
        "revision": 1,
        "name": "智能装备产业园",
        "stage": "signed",
        "lead_unit": f"unit-{number}",
        "last_recorded_at": "2026-08-30T10:00:00+08:00",
        "milestones": {"started": {"due": "2026-08-31", "on": None}, "completed": {"due": "2027-06-30", "on": None}},
    }
    return Arrived(f"ledger.{DISTRICT}.project.P-{number}", orjson.dumps(record), number + 1)


async def _change(house: House, query: str, *arguments: object) -> None:
    connection = await asyncpg.connect(house.database_url, command_timeout=_COPY_SECONDS)
    try:
        await connection.execute(SQL[query], *arguments)
        await connection.execute("vacuum analyze notifier.project, notifier.escalation_case")
    finally:
        await connection.close()
