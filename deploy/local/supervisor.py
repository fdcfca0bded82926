"""Watches the parts of a stack, starts again what dies, and gives up on what dies again and again."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from deploy.local.process import ProcessError, describe_exit
from deploy.local.server import Server

_DEATHS, _WITHIN_SECONDS = 5, 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0


class Witness(Protocol):
    """Who is told what happens to a part."""

    def died(self, error: ProcessError, pause: float) -> None: ...

    def returned(self, name: str) -> None: ...


class GaveUpError(Exception):
    """A part died again and again; the message says which, and the last of its log."""


class Supervisor:
    """The running parts, in the order in which they were started."""

    def __init__(self, witness: Witness, *, first_pause: float = _FIRST_PAUSE) -> None:
        self._witness = witness
        self._first_pause = first_pause
        self._parts: list[Server] = []
        self._watches: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, part: Server) -> None:
        """Start a part, wait until it is ready, and watch it from then on; raises ProcessError when it fails."""
        self._parts.append(part)
        try:
            await part.start()
        except ProcessError:
            self._parts.remove(part)
            raise
        self._watches.append(asyncio.create_task(self._watch(part)))

    async def until_failure(self) -> None:
        """Return never; raises GaveUpError when a part cannot be kept alive."""
        await asyncio.shield(self._failure)

    async def stop(self, *groups: Sequence[str]) -> None:
        """Stop everything: the named groups in this order, each group at once, then the rest, last started first."""
        await self._unwatch()
        for group in groups:
            await asyncio.gather(*(part.stop() for part in self._parts if part.name in group))
        for part in reversed(self._parts):
            await part.stop()

    async def kill(self) -> None:
        """End everything at once."""
        await asyncio.gather(*(part.kill() for part in self._parts))

    async def _unwatch(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        self._watches.clear()
        # A failure that comes together with the stop has no one left to tell.
        self._failure.cancel()

    async def _watch(self, part: Server) -> None:
        try:
            await self._keep_alive(part)
        except GaveUpError as error:
            if not self._failure.done():
                self._failure.set_exception(error)

    async def _keep_alive(self, part: Server) -> None:
        deaths: list[float] = []
        while True:
            code = await part.process.wait()
            error: ProcessError | None = part.process.failure(f"ended with {describe_exit(code)}")
            while error is not None:
                now = time.monotonic()
                deaths = [*(death for death in deaths if now - death < _WITHIN_SECONDS), now]
                if len(deaths) == _DEATHS:
                    raise GaveUpError(f"{part.name} failed {_DEATHS} times within a minute. The last time: {error}")
                pause = min(self._first_pause * 2 ** (len(deaths) - 1), _LONGEST_PAUSE)
                self._witness.died(error, pause)
                await asyncio.sleep(pause)
                error = await _try_start(part)
            self._witness.returned(part.name)


async def _try_start(part: Server) -> ProcessError | None:
    try:
        await part.start()
    except ProcessError as error:
        return error
    return None
