"""One look for many who ask at the same time, none older than any of their questions; one answer while it holds."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Calls `look` at most twice at once: who asks while a look is under way waits for the next one to begin.

    So every asker gets what was seen after it asked, and a thousand askers cost no more than a few.
    """

    def __init__(self, look: Callable[[], Coroutine[Any, Any, T]]) -> None:
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


class Kept(Generic[T]):
    """The answers to the latest `most` questions, each as long as it holds, and made once for all who ask meanwhile."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[object, asyncio.Task[T]]] = OrderedDict()

    async def __call__(self, question: Hashable, seen: object, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `make` makes, or made for this question when an equal thing was `seen`. Raises what it raises.

        What was seen must be older than the call, and answers to the same question must be equal while it is.
        """
        found = self._kept.get(question)
        if found is None or found[0] != seen:
            found = self._kept[question] = (seen, asyncio.create_task(make()))
        self._kept.move_to_end(question)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        try:
            # One who asked may go away; the others wait on.
            return await asyncio.shield(found[1])
        except Exception:
            if self._kept.get(question) is found:
                self.forget(question)
            raise

    def forget(self, question: Hashable) -> None:
        """Make the answer anew when it is asked again."""
        self._kept.pop(question, None)
