"""Several ledgers as a district would run them, each a process of its own, and a department that talks on and on."""

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterator

from tests.integration.department import Department, contract_signed, funds_arrived
from tests.waiting import PATIENCE

_PROJECTS = 40
_BREATH_SECONDS = 0.05
# A suspended process lets go of its projects soon.
_SETTINGS = {"LUODI_PORT": "0", "LUODI_STUCK_SECONDS": "1", "LUODI_LOG_LEVEL": "error"}


class Talk:
    """What a department says without a pause, about many projects in turn."""

    def __init__(self, department: Department) -> None:
        self._department = department
        self._said = 0
        self._more = asyncio.Condition()

    async def go_on(self) -> None:
        for number in itertools.count():
            project = f"P-{number % _PROJECTS}"
            if number < _PROJECTS:
                await self._department.say(contract_signed(project, f"e{number}"))
            else:
                await self._department.say(funds_arrived(project, f"e{number}", f"{number}.00"))
            if project == f"P-{_PROJECTS - 1}":
                await asyncio.sleep(_BREATH_SECONDS)
            async with self._more:
                self._said += 1
                self._more.notify_all()

    async def more(self, count: int) -> None:
        """Return when so many more events have been said."""
        enough = self._said + count
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: self._said >= enough)


@contextlib.asynccontextmanager
async def talking(department: Department) -> AsyncIterator[Talk]:
    talk = Talk(department)
    task = asyncio.create_task(talk.go_on())
    try:
        yield talk
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def ledgers(count: int, nats_url: str, database_url: str) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """So many processes of `luodi ledger run`; those that live at the end finish what is under way."""
    environment = {**os.environ, "LUODI_NATS_URL": nats_url, "LUODI_DATABASE_URL": database_url, **_SETTINGS}
    command = (sys.executable, "-m", "services.ledger", "run")
    processes = [await asyncio.create_subprocess_exec(*command, env=environment) for _ in range(count)]
    try:
        yield processes
        for process in processes:
            if process.returncode is None:
                process.terminate()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(process.wait() for process in processes))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
