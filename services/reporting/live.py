"""Tells open pages when figures changed, by server-sent events: one look at the database for all of them."""

import asyncio
from collections.abc import AsyncIterator

from services.reporting.desk import Desk

_LOOK_SECONDS = 0.5
_BREATH_SECONDS = 15.0


class Live:
    """Who listens hears of a change of its district within a second."""

    def __init__(self, desk: Desk, ending: asyncio.Event) -> None:
        self._desk = desk
        self._ending = ending
        self._beats: dict[str, int] = {}
        self._listeners = 0
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Look while somebody listens, until cancelled. Raises when the database is away."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._listeners:
                beats = await self._desk.beats()
                if beats != self._beats or self._ending.is_set():
                    self._beats = beats
                    async with self._changed:
                        self._changed.notify_all()

    async def listen(self, district: str | None) -> AsyncIterator[str]:
        """The stream of one page: an event a change of the district (None: of any), a comment while nothing happens.

        It ends when the service ends; the page then asks again by itself.
        """
        self._listeners += 1
        try:
            seen = _of(await self._desk.beats(), district)
            yield f"retry: 2000\nid: {seen}\nevent: here\ndata: {seen}\n\n"
            while not self._ending.is_set():
                now = await self._after(district, seen)
                yield ": nothing new\n\n" if now == seen else f"id: {now}\nevent: changed\ndata: {now}\n\n"
                seen = now
        finally:
            self._listeners -= 1

    async def _after(self, district: str | None, seen: int) -> int:
        def changed() -> bool:
            return self._ending.is_set() or _of(self._beats, district) not in {seen, 0}

        try:
            async with asyncio.timeout(_BREATH_SECONDS), self._changed:
                await self._changed.wait_for(changed)
        except TimeoutError:
            return seen
        return _of(self._beats, district) or seen


def _of(beats: dict[str, int], district: str | None) -> int:
    """A number that grows with every change."""
    return sum(beats.values()) if district is None else beats.get(district, 0)
