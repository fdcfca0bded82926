"""How soon reporting answers when it has a million facts, and how soon after an event its answer is another."""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import asyncpg
import orjson
import psutil

import services.reporting
from services.reporting.editions import read_editions
from shared.sql import queries_beside
from tests.benchmarks.asking import Answers, Asker, Wait, again, connected, each, wait
from tests.benchmarks.contestant import ledger, release, started
from tests.benchmarks.house import House
from tests.benchmarks.race import WrongError
from tests.benchmarks.reporting import reporting
from tests.benchmarks.workload import DISTRICT, message
from tests.waiting import until

SQL = queries_beside(__file__)
NOW, AS_OF, CHANGED, UNCHANGED = "as known now", "as known at an instant", "published → changed", "unchanged, with ETag"

_FACTS_A_PROJECT = 10
_BUILD_SECONDS = 600.0
_CONNECTIONS = 16
_CORES = 2
_CHANGE_SECONDS = 20.0
_PATH = f"/v1/districts/{DISTRICT}/progress"
_WHOLE_YEAR = f"{_PATH}?year=2026&through=2026-12-31"
_INDICATORS = Path(services.reporting.__file__).with_name("indicators.toml")


@dataclass(frozen=True, slots=True)
class Questions:
    """How many are asked: of figures now and as of an instant, of changes, and for how long whether it changed."""

    figures: int
    changes: int
    seconds: float


async def ask(house: House, facts: int, questions: Questions, tell: Callable[[str, int, int], None]) -> Answers:
    """Fill reporting's tables with so many facts of one district and ask. Raises WrongError when a figure is wrong."""
    tell("writing facts", 0, facts)
    funds = await _fill(house, facts // _FACTS_A_PROJECT)
    # The service hangs up on who asks nothing for a few seconds: connect when there is something to ask.
    async with reporting(house) as service:
        tell("adding up", 0, facts)
        await _added_up(house)
        waits = {}
        async with connected(service.port) as asker:
            if (said := await _amount(asker)) != funds:
                raise WrongError(f"the year's funds are {funds}, the answer says {said}")
            for name, targets in ((NOW, as_known_now(questions.figures)), (AS_OF, as_known_then(questions.figures))):
                tell(f"asking {name}", 0, questions.figures)
                waits[name] = await each(asker, targets)
        waits[CHANGED] = await _changes(house, service.port, questions.changes, tell)
        tell(f"asking {UNCHANGED}", 0, 1)
        _keep_to_cores([service.process.pid, house.postgres_pid, house.nats_pid])
        waits[UNCHANGED] = await again(service.port, _WHOLE_YEAR, _CONNECTIONS, questions.seconds)
    return Answers(waits, os.getloadavg()[0])


async def _fill(house: House, projects: int) -> Decimal:
    """By SQL, beside the collector; returns the sum that the year's first indicator must have."""
    connection = await asyncpg.connect(house.database_url, command_timeout=_BUILD_SECONDS)
    try:
        for query in ("put_facts", "put_projects"):
            await connection.execute(SQL[query], projects)
        for query in ("put_targets", "put_pulse"):
            await connection.execute(SQL[query])
        await connection.execute("vacuum analyze reporting.fact, reporting.project")
        return Decimal(await connection.fetchval(SQL["funds"]))
    finally:
        await connection.close()


async def _added_up(house: House) -> None:
    """Until the sums of every indicator are kept ready, as they are in a service that has taken the facts in itself."""
    wanted = len({one.key() for one in read_editions(_INDICATORS).in_force.indicator})
    connection = await asyncpg.connect(house.database_url, command_timeout=_BUILD_SECONDS)
    try:

        async def built() -> bool:
            return int(await connection.fetchval(SQL["count_rules"])) == wanted

        await until(built, _BUILD_SECONDS)
        await connection.execute("vacuum analyze reporting.rollup, reporting.change")
    finally:
        await connection.close()


def as_known_now(count: int) -> list[str]:
    """Each of another day, so that none is answered with a kept answer."""
    days = (date(2025, 1, 1) + timedelta(days=number % 730) for number in range(count))
    return [f"{_PATH}?year={day.year}&through={day}" for day in days]


def as_known_then(count: int) -> list[str]:
    """Each as of another instant of the year, at any hour."""
    pause = timedelta(days=300) / count
    instants = (datetime(2026, 1, 10, tzinfo=UTC) + pause * number for number in range(count))
    return [f"{_WHOLE_YEAR}&known_by={instant:%Y-%m-%dT%H:%M:%SZ}" for instant in instants]


async def _changes(house: House, port: int, count: int, tell: Callable[[str, int, int], None]) -> Wait:
    """Publish an arrival of funds, ask until the figure has grown by it, and so on; through the real ledger."""
    rng = random.Random(2028)  # noqa: S311 - the same work every time, not a secret
    taken = []
    contestant = ledger()
    async with started(house, contestant):
        await release(house, contestant)
        async with connected(port) as asker:
            before, begun = await _amount(asker), time.perf_counter()
            # The first warms up and is not counted.
            for number in range(count + 1):
                subject, payload = message(number, "funds-arrived", number, rng)
                before += Decimal(orjson.loads(payload)["data"]["amount"])
                published = time.perf_counter()
                await house.connection.publish(subject, payload)
                async with asyncio.timeout(_CHANGE_SECONDS):
                    while await _amount(asker) != before:
                        pass
                taken.append(time.perf_counter() - published)
                tell(f"asking {CHANGED}", number, count)
            return wait(taken[1:], time.perf_counter() - begun)


async def _amount(asker: Asker) -> Decimal:
    reply = await asker.get(_WHOLE_YEAR)
    if reply.status != 200:
        raise WrongError(f"{_WHOLE_YEAR} was answered with {reply.status}: {reply.body.decode()[:200]}")
    return Decimal(orjson.loads(reply.body)["indicators"][0]["amount"])


def _keep_to_cores(pids: Iterable[int]) -> None:
    """Let these processes and those that they began use two cores alone; where the system cannot, they use all."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))[:_CORES]
    for pid in pids:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children()):
            # A worker of Postgres may end meanwhile.
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                for thread in process.threads():
                    os.sched_setaffinity(thread.id, cores)
