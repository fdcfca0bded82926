"""Runs a part's round again and again, whatever one round comes to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from services.notifier.metrics import Metrics
from shared.clock import Clock

RunOnce = Callable[[datetime], Awaitable[int]]

_LONGEST_PAUSE_SECONDS = 30.0
# Longer than one attempt to send may take.
_LAST_ROUND_SECONDS = 16.0


class Rounds:
    """Rounds of several parts, side by side, until they are stopped."""

    def __init__(self, parts: Mapping[str, RunOnce], clock: Clock, tick_seconds: float, metrics: Metrics) -> None:
        self._parts = parts
        self._clock = clock
        self._tick = tick_seconds
        self._metrics = metrics
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
        failures = 0
        while not self._stopping.is_set():
            try:
                found, failures = await run_once(self._clock()), 0
            except Exception as error:
                found, failures = 0, failures + 1
                self._metrics.failures.labels(part).inc()
                log.exception("round failed, trying again", failures=failures, error=str(error) or type(error).__name__)
            if not found:
                await self._pause(min(self._tick * 2 ** min(failures, 10), max(self._tick, _LONGEST_PAUSE_SECONDS)))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
