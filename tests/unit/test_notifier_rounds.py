"""Rounds that go on whatever one of them comes to."""

import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from services.notifier.metrics import Metrics
from services.notifier.rounds import Rounds, Streaks

NOW = datetime(2026, 9, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


async def test_a_round_that_found_work_is_followed_by_another_at_once(registry: CollectorRegistry) -> None:
    left, done = [3, 2, 1, 0], asyncio.Event()

    async def run_once(now: datetime) -> int:
        found = left.pop(0)
        if not left:
            done.set()
            left.append(0)
        return found

    rounds = Rounds({"part": run_once}, lambda: NOW, 3600, Metrics(registry), Streaks())
    async with asyncio.timeout(5), rounds.running():
        await done.wait()


async def test_a_round_that_fails_is_counted_and_the_next_one_runs(registry: CollectorRegistry) -> None:
    seen: list[datetime] = []
    done = asyncio.Event()

    async def run_once(now: datetime) -> int:
        seen.append(now)
        if len(seen) == 1:
            raise OSError("the database is away")
        done.set()
        return 0

    rounds = Rounds({"part": run_once}, lambda: NOW, 0.001, Metrics(registry), Streaks())
    async with asyncio.timeout(5), rounds.running():
        await done.wait()
    assert registry.get_sample_value("luodi_notifier_round_failures_total", {"part": "part"}) == 1
    assert set(seen) == {NOW}


async def test_one_part_that_fails_does_not_hold_up_another(registry: CollectorRegistry) -> None:
    done = asyncio.Event()

    async def failing(now: datetime) -> int:
        raise RuntimeError("broken")

    async def working(now: datetime) -> int:
        done.set()
        return 0

    rounds = Rounds({"failing": failing, "working": working}, lambda: NOW, 0.001, Metrics(registry), Streaks())
    async with asyncio.timeout(5), rounds.running():
        await done.wait()


async def test_a_round_under_way_is_finished_when_the_service_stops(registry: CollectorRegistry) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    recorded: list[str] = []

    async def run_once(now: datetime) -> int:
        begun.set()
        await may_end.wait()
        recorded.append("the provider's answer")
        return 1

    rounds = Rounds({"part": run_once}, lambda: NOW, 3600, Metrics(registry), Streaks())
    async with asyncio.timeout(5), rounds.running():
        await begun.wait()
        asyncio.get_running_loop().call_later(0.01, may_end.set)
    assert recorded == ["the provider's answer"]


async def test_a_part_that_keeps_failing_is_named_until_it_works(registry: CollectorRegistry) -> None:
    streaks, broken = Streaks(), list[tuple[str, ...]]()
    done = asyncio.Event()

    async def run_once(now: datetime) -> int:
        broken.append(tuple(streaks.broken()))
        if len(broken) <= 4:
            raise RuntimeError("a row that cannot be read")
        if len(broken) == 6:
            done.set()
        return 0

    rounds = Rounds({"sweeper": run_once}, lambda: NOW, 0.001, Metrics(registry), streaks)
    with capture_logs():
        async with asyncio.timeout(5), rounds.running():
            await done.wait()
    assert broken[:6] == [(), (), (), ("sweeper",), ("sweeper",), ()]
    assert await streaks.check() is None


async def test_readiness_says_which_part_keeps_failing_and_with_what() -> None:
    streaks = Streaks()
    for _ in range(3):
        streaks.count("sweeper", "a row that cannot be read")
    streaks.count("bundler", "the database was away")
    assert await streaks.check() == "sweeper keeps failing: a row that cannot be read"
