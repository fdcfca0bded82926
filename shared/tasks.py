"""Tasks that go on until one of them fails or they are cancelled, and that do end then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterable

import structlog

_CANCELLED_SECONDS = 0.5


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
async def beside(*parts: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run these while the block runs; then end them. What one of them raises is logged, and ends that one alone."""
    running = [asyncio.create_task(part) for part in parts]
    for task in running:
        task.add_done_callback(_tell)
    try:
        yield
    finally:
        await end(running)


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("ended badly", error=str(error) or type(error).__name__, exc_info=error)
