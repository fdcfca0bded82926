"""Tasks that go on until one of them fails or they are cancelled, and that do end then, or go on whatever fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import Final

import structlog
from nats.errors import Error as NatsError

from shared.database import AWAY

_CANCELLED_SECONDS = 0.5
_LONGEST_PAUSE: Final = 5.0


async def together(*parts: Coroutine[object, object, None]) -> None:
    """Run all at once until all are done or one raises; then end the others, and raise what it raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        # Not gather: cancelled, it would cancel them once before `end` does, and so their cleaning up.
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await end(tasks)


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once is not always enough: before Python 3.12, asyncio.wait_for may swallow a cancellation (CPython issue 86296),
    and every request to NATS goes through it.
    """
    running = {task for task in tasks if not task.done()}
    cancelled = False
    while running:
        for task in running:
            task.cancel()
        try:
            _, running = await asyncio.wait(running, timeout=_CANCELLED_SECONDS)
        except asyncio.CancelledError:
            cancelled, running = True, {task for task in running if not task.done()}
    if cancelled:
        raise asyncio.CancelledError


@contextlib.asynccontextmanager
async def beside(*parts: Callable[[], Coroutine[object, object, None]]) -> AsyncIterator[None]:
    """Run these while the block runs, then end them. What one of them raises is logged, and that one run again."""
    running = [asyncio.create_task(_again_and_again(part)) for part in parts]
    try:
        yield
    finally:
        await end(running)


def growing_pauses() -> Iterator[float]:
    """Seconds between attempts: 0.1, doubling up to 5."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _again_and_again(part: Callable[[], Coroutine[object, object, None]]) -> None:
    loop, pauses = asyncio.get_running_loop(), growing_pauses()
    while True:
        begun = loop.time()
        try:
            return await part()
        except Exception as error:
            if loop.time() - begun > _LONGEST_PAUSE:
                pauses = growing_pauses()
            pause = next(pauses)
            structlog.get_logger().warning(
                "failed, trying again",
                part=part.__qualname__,
                reason=str(error) or type(error).__name__,
                pause=pause,
                # Servers come and go: what is said of it is a sentence, not a traceback.
                exc_info=not isinstance(error, (*AWAY, NatsError)),
            )
            await asyncio.sleep(pause)
