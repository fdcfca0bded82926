"""Waiting in tests: for a condition that nobody signals, looked at often, and never for ever."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 20.0


async def until(condition: Callable[[], Awaitable[object]], seconds: float = PATIENCE) -> None:
    """Return once the condition holds; raises TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition lies in a server, which sends us no event
            await asyncio.sleep(0.01)
