"""A server that runs as one child process at a time: started until it is ready, stopped, killed, started again."""

import asyncio
from abc import ABC, abstractmethod

from deploy.local.process import Command, Process

_RETRY_SECONDS = 0.02


class Server(ABC):
    """What the parts of the stack have in common; each knows its command, and how to tell that it is ready."""

    name: str
    ready_seconds = 60.0
    stop_seconds = 20.0
    _process: Process | None = None

    @property
    def process(self) -> Process:
        """The running process, or the one that ran last; raises before the first start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process

    async def start(self) -> None:
        """Start it and return when it is ready; raises ProcessError when it ends before, or takes too long."""
        self._process = process = await Process.start(await self._command())
        missing: str | None = None
        try:
            async with asyncio.timeout(self.ready_seconds):
                while missing := await self._missing(process):
                    process.check_running()
                    await asyncio.sleep(_RETRY_SECONDS)
                await self._complete()
        except TimeoutError:
            await self.kill()
            raise process.failure(f"was not ready within {self.ready_seconds:.0f} seconds: {missing}") from None
        # Another program may have taken the port first and answer in its place.
        process.check_running()

    async def stop(self) -> None:
        """Stop in good order; nothing happens when it does not run."""
        if self._process is not None:
            await self._process.stop(self.stop_seconds)

    async def kill(self) -> None:
        """Stop as a power failure would; nothing happens when it does not run."""
        if self._process is not None:
            await self._process.kill()

    @abstractmethod
    async def _command(self) -> Command:
        """Prepare what the process needs, and say how to run it."""

    @abstractmethod
    async def _missing(self, process: Process) -> str | None:
        """What is missing for this process to be ready; None when nothing is."""

    async def _complete(self) -> None:
        """What is left to do once it is ready."""
        return
