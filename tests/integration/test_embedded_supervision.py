"""What the embedded stack promises about its processes, its ports and its data directory, one piece at a time."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import account as accounts
from deploy.local import ports
from deploy.local.account import Account
from deploy.local.datadir import DataDirectoryError, hold
from deploy.local.process import Command, Process, ProcessError, run
from deploy.local.server import Server
from deploy.local.supervisor import GaveUpError, Supervisor

_SECONDS = 10.0


class Sleeper(Server):
    """A server that does nothing; from the second start on it fails at once when `breaks`."""

    name = "sleeper"

    def __init__(self, folder: Path, *, breaks: bool = False) -> None:
        self._log = folder / "log"
        self._breaks = breaks

    async def _command(self) -> Command:
        program = (
            "import sys; sys.exit('out of luck')" if self._breaks and self._process else "import time; time.sleep(60)"
        )
        return Command(self.name, [sys.executable, "-c", program], self._log)

    async def _missing(self, process: Process) -> str | None:
        return None


class Listener:
    """Remembers what the supervisor tells."""

    def __init__(self) -> None:
        self.deaths: list[str] = []
        self.back = asyncio.Event()

    def died(self, error: ProcessError, pause: float) -> None:
        self.deaths.append(str(error))

    def returned(self, name: str) -> None:
        self.back.set()


async def test_a_part_that_dies_is_named_and_started_again(tmp_path: Path) -> None:
    listener = Listener()
    supervisor = Supervisor(listener, first_pause=0.01)
    part = Sleeper(tmp_path)
    await supervisor.start(part)
    os.kill(part.process.pid, signal.SIGKILL)
    await asyncio.wait_for(listener.back.wait(), _SECONDS)
    assert part.process.exit_code is None
    assert listener.deaths[0].startswith("sleeper ended with SIGKILL")
    await supervisor.stop()
    assert part.process.exit_code is not None


async def test_a_part_that_dies_again_and_again_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    listener = Listener()
    supervisor = Supervisor(listener, first_pause=0.01)
    part = Sleeper(tmp_path, breaks=True)
    await supervisor.start(part)
    await part.kill()
    with pytest.raises(GaveUpError, match=r"(?s)sleeper failed 5 times within a minute.*out of luck"):
        await asyncio.wait_for(supervisor.until_failure(), _SECONDS)
    assert len(listener.deaths) == 4
    await supervisor.stop()


async def test_a_program_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process = await Process.start(Command("deaf", [sys.executable, "-c", program], tmp_path / "log"))
    async with asyncio.timeout(_SECONDS):
        while process.last_lines() != ["deaf"]:  # noqa: ASYNC110 - a log file tells nobody that it has grown
            await asyncio.sleep(0.01)
    await process.stop(grace=0.05)
    assert process.exit_code == -signal.SIGKILL


async def test_last_words_are_never_those_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("of yesterday\n", encoding="utf-8")
    with pytest.raises(ProcessError, match=r"ends with: nothing$"):
        await run(Command("mute", [sys.executable, "-c", "raise SystemExit(1)"], tmp_path / "log"))


async def test_a_command_that_fails_tells_its_exit_code_and_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"(?s)oracle ended with exit code 1; its log .*no answer today"):
        await run(
            Command("oracle", [sys.executable, "-c", "import sys; sys.exit('no answer today')"], tmp_path / "log")
        )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys, time
from pathlib import Path
from deploy.local.process import Command, Process
async def main():
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = await Process.start(Command("child", sleep, Path({str(tmp_path / "log")!r})))
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    child.wait(_SECONDS)
    assert _has_ended(child)


def test_a_second_stack_on_one_data_directory_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(DataDirectoryError, match=rf"in use by 'luodi up' \(pid {os.getpid()}\).*--data-dir"),
        hold(tmp_path),
    ):
        pass
    with hold(tmp_path):
        pass


def test_a_data_directory_stays_held_until_the_children_of_a_dead_stack_have_ended(tmp_path: Path) -> None:
    program = f"""
import os, subprocess, sys
from pathlib import Path
from deploy.local.datadir import hold
with hold(Path({str(tmp_path)!r})) as data:
    reader = [sys.executable, "-c", "input()"]
    child = subprocess.Popen(reader, stdin=0, stdout=subprocess.DEVNULL, pass_fds=[data.lock])
    print(child.pid, flush=True)
    os._exit(9)
"""
    stack = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert stack.stdin is not None
    assert stack.stdout is not None
    child = psutil.Process(int(stack.stdout.readline()))
    assert stack.wait() == 9
    with (tmp_path / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    stack.stdin.close()
    stack.stdout.close()
    with hold(tmp_path):
        assert _has_ended(child)


def test_a_data_directory_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryError, match="cannot be used"), hold(tmp_path / "file" / "data"):
        pass


def test_a_port_on_which_somebody_listens_is_taken_and_we_learn_by_whom() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        assert not ports.is_free(port)
        assert f"(pid {os.getpid()})" in ports.holder(port)
    assert ports.is_free(port)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens folders for another account")
def test_one_account_may_pass_through_a_closed_folder_and_nobody_else_gains(server_path: Path) -> None:
    account, other = Account("somebody", 54321, 54321), Account("other", 54322, 54322)
    inside = server_path / "closed" / "inside"
    inside.mkdir(parents=True)
    inside.parent.chmod(0o700)
    assert not _may_enter(inside, account)
    assert inside.parent in accounts.open_way(inside, account)
    assert _may_enter(inside, account)
    assert not _may_enter(inside, other)
    assert accounts.open_way(inside, account) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens folders for another account")
def test_a_folder_that_was_closed_again_is_opened_again(server_path: Path) -> None:
    account = Account("somebody", 54321, 54321)
    accounts.open_way(server_path / "inside", account)
    server_path.chmod(0o700)
    assert server_path in accounts.open_way(server_path / "inside", account)


def _has_ended(process: psutil.Process) -> bool:
    # An orphan that ended stays a zombie until the machine's first process takes notice.
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _may_enter(folder: Path, account: Account) -> bool:
    test = ["/usr/bin/test", "-x", str(folder)]
    return subprocess.run(test, user=account.uid, group=account.gid, extra_groups=[], check=False).returncode == 0
