"""Runs a part's round again and again, whatever one round comes to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.notifier.metrics import Metrics
from shared.clock import Clock

RunOnce = Callable[[datetime], Awaitable[int]]

_LONGEST_PAUSE_SECONDS = 30.0


async def keep_running(part: str, run_once: RunOnce, clock: Clock, tick_seconds: float, metrics: Metrics) -> None:
    """Run rounds until cancelled: at once again after one that found work, else after a tick.

    A round that fails is told in the log and tried again, with growing pauses while it goes on failing.
    """
    log = structlog.get_logger().bind(part=part)
    pause = tick_seconds
    while True:
        try:
            found = await run_once(clock())
        except Exception as error:
            metrics.failures.labels(part).inc()
            log.exception("round failed, trying again", pause=pause, error=str(error) or type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            continue
        pause = tick_seconds
        if not found:
            await asyncio.sleep(tick_seconds)
