"""The data directory of a stack: who holds it, where its logs are, at which addresses its parts answer."""

import contextlib
import fcntl
import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT_DIRECTORY = Path(__file__).parents[2] / ".luodi"

_LEFTOVER_SECONDS = 60.0
_RETRY_SECONDS = 0.1


class DataDirectoryError(Exception):
    """The data directory cannot be used; the message says why and what to do."""


class DataDirectory:
    """A directory that this process holds alone; `lock` is the descriptor that keeps it so.

    Children inherit `lock`: the directory stays held until the last of them has ended, also when we die before them.
    Two servers on one store would destroy it, and nats-server does not notice the other.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.lock = lock

    def log(self, part: str) -> Path:
        return self.path / "logs" / f"{part}.log"

    def secret(self, name: str) -> str:
        """A random text made once for this directory and kept, for its owner only."""
        file = self.path / name
        if not file.exists():
            new = file.with_suffix(".new")
            new.unlink(missing_ok=True)
            new.touch(mode=0o600)
            new.write_text(secrets.token_urlsafe(32), encoding="ascii")
            new.replace(file)
        return file.read_text(encoding="ascii")

    def write_addresses(self, addresses: Mapping[str, str]) -> None:
        """Say where the parts answer: name → URL, readable by its owner only, since one holds a password."""
        new = self.addresses.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(json.dumps(addresses, indent=2) + "\n", encoding="utf-8")
        new.replace(self.addresses)

    def forget_addresses(self) -> None:
        """Remove what an earlier run wrote, or this one: no file means not ready."""
        self.addresses.unlink(missing_ok=True)

    @property
    def addresses(self) -> Path:
        return self.path / "addresses.json"


@contextlib.contextmanager
def hold(path: Path) -> Iterator[DataDirectory]:
    """Hold the directory, made when absent, until the block ends; raises DataDirectoryError when another one has it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataDirectoryError(
            f"the data directory {path} cannot be used: {error.strerror}; choose another with --data-dir"
        ) from error
    try:
        _take(lock, path)
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        data = DataDirectory(path, lock)
        with _addresses_end_with_us(data):
            yield data
    finally:
        os.close(lock)


@contextlib.contextmanager
def _addresses_end_with_us(data: DataDirectory) -> Iterator[None]:
    """Have the addresses removed when we end, also by `kill -9`: whoever waits for the file must never meet an old one.

    A shell reads from a pipe that only we hold open. It holds the lock until it is done, so that it cannot remove what
    the next stack writes.
    """
    data.forget_addresses()
    watch = ["/bin/sh", "-c", 'cat; rm -f -- "$0"', str(data.addresses)]
    with subprocess.Popen(
        watch, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, pass_fds=[data.lock]
    ):
        yield


def _take(lock: int, path: Path) -> None:
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = _holder(lock)
        if _is_running(holder):
            raise DataDirectoryError(
                f"the data directory {path} is in use by 'luodi up' (pid {holder}): "
                f"stop that one first (kill {holder}), or choose another directory with --data-dir"
            )
        # Its holder is gone; the servers it started are ending and hold the directory a little longer.
        if time.monotonic() > deadline:
            raise DataDirectoryError(
                f"the data directory {path} is still in use by servers of an earlier 'luodi up' (pid {holder}, which "
                f"has ended): stop them, or choose another directory with --data-dir"
            )
        time.sleep(_RETRY_SECONDS)


def _holder(lock: int) -> int:
    text = os.pread(lock, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else 0


def _is_running(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
