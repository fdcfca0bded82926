"""One look for many who ask at the same time, none older than any of their questions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Calls `look` at most twice at once: who asks while a look is under way waits for the next one to begin.

    So every asker gets what was seen after it asked, and a thousand askers cost no more than a few.
    """

    def __init__(self, look: Callable[[], Awaitable[T]]) -> None:
        self._look = look
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """What a look says that began after this call. Raises what it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
        return await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[T] | None) -> T:
        if before is not None:
            await asyncio.wait({before})
        # From here on the look is under way: whoever asks now must get a later one.
        self._running, self._next = self._next, None
        return await self._look()
