"""Runs a part's round again and again, whatever one round comes to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from services.notifier.metrics import Metrics
from shared.clock import Clock

RunOnce = Callable[[datetime], Awaitable[int]]

_LONGEST_PAUSE_SECONDS = 30.0
# Longer than one attempt to send may take.
_LAST_ROUND_SECONDS = 16.0
# Once or twice is a server that was restarted.
_BROKEN_AFTER: Final = 3


class Streaks:
    """Which parts have failed one time after another until now, how often and with what."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[int, str]] = {}

    def count(self, part: str, said: str | None) -> int:
        """Take down what came of a round, None when it worked; returns how many have failed one after another."""
        if said is None:
            self._failed.pop(part, None)
            return 0
        times = self._failed.get(part, (0, ""))[0] + 1
        self._failed[part] = times, said
        return times

    def broken(self) -> Mapping[str, str]:
        """The parts that keep failing, and with what."""
        return {part: said for part, (times, said) in self._failed.items() if times >= _BROKEN_AFTER}

    async def check(self) -> str | None:
        """For the service's readiness."""
        broken = self.broken()
        return "; ".join(f"{part} keeps failing: {said}" for part, said in broken.items()) or None


class Rounds:
    """Rounds of several parts, side by side, until they are stopped."""

    def __init__(
        self, parts: Mapping[str, RunOnce], clock: Clock, tick_seconds: float, metrics: Metrics, streaks: Streaks
    ) -> None:
        self._parts = parts
        self._clock = clock
        self._tick = tick_seconds
        self._metrics = metrics
        self._streaks = streaks
        self._stopping = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run while the context lasts.

        A round that is under way when it ends is waited for: a message that is just being sent would otherwise be in
        doubt, and sent again.
        """
        tasks = [asyncio.create_task(self._keep_running(part, once), name=part) for part, once in self._parts.items()]
        try:
            yield
        finally:
            self._stopping.set()
            _, late = await asyncio.wait(tasks, timeout=_LAST_ROUND_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, part: str, run_once: RunOnce) -> None:
        """At once again after a round that found work, else after a tick; after failures, with growing pauses."""
        log = structlog.get_logger().bind(part=part)
        while not self._stopping.is_set():
            try:
                found, failures = await run_once(self._clock()), self._streaks.count(part, None)
            except Exception as error:
                said = str(error) or type(error).__name__
                found, failures = 0, self._streaks.count(part, said)
                self._metrics.failures.labels(part).inc()
                log.exception("round failed, trying again", failures=failures, error=said)
            if not found:
                await self._pause(min(self._tick * 2 ** min(failures, 10), max(self._tick, _LONGEST_PAUSE_SECONDS)))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
