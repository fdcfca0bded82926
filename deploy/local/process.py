"""One child process: its log file, its own session, and an end that comes with ours."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deploy.local.account import Account

_TETHER = Path(__file__).with_name("tether.py")
_LOG_BYTES = 10_000_000
_TAIL_BYTES = 16_384
_LEAVE_SECONDS = 5.0


class ProcessError(Exception):
    """A process ended, was not ready in time, or cannot be started at all.

    The message names it, and its exit code and last log lines where it has any.
    """


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and how it is to end.

    `stop` is the signal of an orderly end, `orphan` the one that the kernel sends when we die ourselves. `keep_open`
    are descriptors that the child inherits, such as the lock of the data directory. Without a `log`, it writes where
    we write.
    """

    name: str
    argv: Sequence[str | Path]
    log: Path | None
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    account: Account | None = None
    stop: signal.Signals = signal.SIGTERM
    orphan: signal.Signals = signal.SIGKILL
    keep_open: Sequence[int] = field(default=())


class Process:
    """A running or ended child; start it once, then make another."""

    def __init__(self, command: Command, child: asyncio.subprocess.Process, log_begins: int) -> None:
        self._command = command
        self._child = child
        self._log_begins = log_begins

    @classmethod
    async def start(cls, command: Command) -> "Process":
        """Start the program with its output appended to the log; returns when it exists, not when it is ready."""
        account = f"{command.account.uid}:{command.account.gid}" if command.account else "-"
        with _open_log(command.log) if command.log else contextlib.nullcontext() as log:
            begins = log.tell() if log else 0
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", _TETHER, str(os.getpid()), str(int(command.orphan)), account),
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=command.directory,
                env=command.environment,
                pass_fds=tuple(command.keep_open),
                # A Ctrl-C in the terminal reaches the whole foreground group: only we may get it, to stop in order.
                start_new_session=True,
            )
        return cls(command, child, begins)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._child.returncode

    async def wait(self) -> int:
        """Wait until it has ended; returns the exit code."""
        return await self._child.wait()

    async def stop(self, grace: float = 20.0) -> None:
        """Ask it to end in good order; kill it when it has not ended after `grace` seconds."""
        if self.exit_code is not None:
            return
        self._child.send_signal(self._command.stop)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once, with every process of its session that did not leave its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.wait()

    def last_lines(self, count: int = 12) -> list[str]:
        """The last lines that it has written to its log, oldest first."""
        return _tail(self._command.log, self._log_begins, count) if self._command.log else []

    def failure(self, what: str) -> ProcessError:
        """The error that tells `what` went wrong, with where to read more."""
        if self._command.log is None:
            return ProcessError(f"{self._command.name} {what}")
        lines = "".join(f"\n    {line}" for line in self.last_lines()) or " nothing"
        return ProcessError(f"{self._command.name} {what}; its log {self._command.log} ends with:{lines}")

    def check_running(self) -> None:
        """Raise ProcessError when it has ended."""
        if self.exit_code is not None:
            raise self.failure(f"ended with {describe_exit(self.exit_code)}")


async def run(command: Command, seconds: float = 120.0) -> None:
    """Run a program to its end; raises ProcessError when it fails or takes longer."""
    process = await Process.start(command)
    try:
        async with asyncio.timeout(seconds):
            code = await process.wait()
    except TimeoutError:
        raise process.failure(f"did not end within {seconds:.0f} seconds") from None
    finally:
        # Also when we are cancelled: whoever awaits this leaves no program behind, and no terminal without its cursor.
        await process.stop(_LEAVE_SECONDS)
    if code != 0:
        raise process.failure(f"ended with {describe_exit(code)}")


def describe_exit(code: int) -> str:
    """`exit code 3`, or the name of the signal that ended the process."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _open_log(log: Path) -> BinaryIO:
    # Rotated at start only: enough for a stack on one desk, and nothing can be lost while it runs.
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")


def _tail(log: Path, begins: int, count: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(begins, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-count:]
