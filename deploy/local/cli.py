"""`luodi up`: the embedded stack in one command."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.account import AccountError
from deploy.local.datadir import DEFAULT_DIRECTORY, DataDirectory, DataDirectoryError, hold
from deploy.local.process import ProcessError
from deploy.local.screen import Screen
from deploy.local.stack import Stack
from deploy.local.supervisor import GaveUpError, Supervisor

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FAILURES = (ProcessError, GaveUpError, AccountError, OSError)


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty ledger with a simulated district year.")] = False,
    data_dir: Annotated[
        Path, typer.Option(help="Where everything is kept.", file_okay=False, resolve_path=True)
    ] = DEFAULT_DIRECTORY,
) -> None:
    """Run Postgres, NATS and the three services on this machine until Ctrl-C.

    Once all is ready their addresses are shown, and stand in addresses.json in the data directory.
    """
    screen = Screen()
    try:
        with hold(data_dir) as data:
            code = asyncio.run(_until_stopped(data, screen, with_demo=demo))
    except DataDirectoryError as error:
        screen.failed(str(error))
        code = 1
    except KeyboardInterrupt:
        # Only while waiting for the data directory; after that Ctrl-C is taken by the stack.
        code = 0
    raise typer.Exit(code)


async def _until_stopped(data: DataDirectory, screen: Screen, *, with_demo: bool) -> int:
    """Run the stack until a signal or a failure; returns the exit code."""
    stop = asyncio.Event()
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor(screen)
    stack = Stack(data, supervisor, screen, with_demo=with_demo)
    life = asyncio.create_task(_live(stack, supervisor))
    try:
        await _first(life, stop)
        failure = life.exception() if life.done() else None
        if isinstance(failure, _FAILURES):
            screen.failed(str(failure))
        elif failure is not None:
            raise failure
        return 1 if failure else 0
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await life
        await _stop(stack, supervisor, screen, stop)


async def _live(stack: Stack, supervisor: Supervisor) -> None:
    """Bring the stack up and keep it alive; ends only by an error, the first that happened."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.until_failure())
            group.create_task(stack.bring_up())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _stop(stack: Stack, supervisor: Supervisor, screen: Screen, again: asyncio.Event) -> None:
    screen.stopping()
    again.clear()
    stopping = asyncio.create_task(stack.stop())
    await _first(stopping, again)
    if not stopping.done():
        await supervisor.kill()
    await stopping
    screen.stopped()


async def _first(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait for the task to end or the event to be set."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
