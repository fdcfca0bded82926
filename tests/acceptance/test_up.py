"""`luodi up` as a person meets it: a process that is started, looked at over its addresses, stopped and killed."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import nats
import psutil
import pytest

from deploy.local.ports import hold
from deploy.local.stack import STANDARD_PORTS

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_PARTS = ["nats", "postgres", "ledger", "notifier", "reporting"]
_REGISTERED = {
    "specversion": "1.0",
    "id": "1",
    "source": "/500101/investment",
    "type": "luodi.registered.v1",
    "subject": "P-2026-001",
    "time": "2026-03-01T09:00:00+08:00",
    "data": {
        "on": "2026-03-01",
        "name": "智能装备产业园",
        "investor": {"name": "华南装备", "origin": "440300"},
        "industry": "C34",
        "channel": "own",
    },
}


class Stack:
    """A running `luodi up`, seen from outside."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._output = data.with_suffix(".out")
        with self._output.open("ab") as output:
            # By module, not by the installed command: it is the same front door, and runs from any checkout.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "up", "--data-dir", str(data), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def addresses(self) -> dict[str, str]:
        """The content of addresses.json, waited for."""
        file = self.data / "addresses.json"
        self.until(file.exists, _START_SECONDS)
        addresses: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return addresses

    def until(self, true: Callable[[], bool], seconds: float) -> None:
        """Look again and again until it is true; fails with what the stack said when it ends or time is up."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)


@pytest.fixture
def start(server_path: Path) -> Iterator[Callable[[], Stack]]:
    """Starts the stack, always over the same data; ends it with the test."""
    started: list[Stack] = []

    def run() -> Stack:
        started.append(Stack(server_path / "data"))
        return started[-1]

    yield run
    for stack in started:
        if stack.process.poll() is None:
            stack.stop()


# First in this file: other tests' stacks, which take the standard ports too, are not up yet.
def test_taken_ports_are_replaced_and_a_second_stack_on_the_same_data_is_refused(start: Callable[[], Stack]) -> None:
    port = STANDARD_PORTS["ledger"]
    with _taken(port):
        stack = start()
        addresses = stack.addresses()
    assert not addresses["ledger"].endswith(f":{port}")
    assert re.search(rf"port {port} is taken by .*: ledger takes \d+ instead", stack.said)
    second = start()
    assert second.process.wait(_STOP_SECONDS) == 1
    assert f"is in use by 'luodi up' (pid {stack.process.pid})" in stack.said
    assert httpx.get(f"{addresses['ledger']}/readyz", timeout=10).status_code == 200
    assert stack.stop(signal.SIGINT) == 0


def test_up_answers_mends_itself_leaves_nothing_when_killed_and_finds_its_data_again(
    start: Callable[[], Stack],
) -> None:
    stack = start()
    addresses = stack.addresses()
    assert list(addresses) == _PARTS
    for service in ("ledger", "notifier", "reporting"):
        assert httpx.get(f"{addresses[service]}/readyz", timeout=10).status_code == 200
        assert addresses[service] in stack.said
    asyncio.run(_publish(addresses["nats"]))
    stack.until(lambda: _project(addresses["ledger"]) is not None, 30)
    before = _project(addresses["ledger"])

    _child_running("services.ledger", stack).kill()
    stack.until(lambda: "✓ ledger is back" in stack.said, 60)
    assert "✗ ledger ended with SIGKILL" in stack.said
    assert _project(addresses["ledger"]) == before

    children = stack.children()
    assert len(children) >= len(_PARTS)
    stack.stop(signal.SIGKILL)
    psutil.wait_procs(children, timeout=30)
    assert not _alive(children), [process.cmdline() for process in _alive(children)]
    assert not (stack.data / "addresses.json").exists()

    again = start()
    assert _project(again.addresses()["ledger"]) == before
    children = again.children()
    assert again.stop(signal.SIGTERM) == 0
    assert not _alive(children)
    assert not (stack.data / "addresses.json").exists()


@contextmanager
def _taken(port: int) -> Iterator[None]:
    """Hold the port; when somebody has it, wait until they let go, as another test's stack does, or clearly stay."""
    deadline = time.monotonic() + _START_SECONDS
    with ExitStack() as held:
        while time.monotonic() < deadline:
            try:
                held.enter_context(hold(port))
                break
            except OSError:
                time.sleep(0.05)
        yield


def _child_running(module: str, stack: Stack) -> psutil.Process:
    return next(child for child in stack.children() if module in " ".join(child.cmdline()))


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    # An orphan that ended stays a zombie until the machine's first process takes notice.
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def _project(ledger: str) -> dict[str, Any] | None:
    try:
        answer = httpx.get(f"{ledger}/v1/districts/500101/projects/P-2026-001", timeout=10)
    except httpx.HTTPError:
        return None
    record: dict[str, Any] | None = answer.json() if answer.is_success else None
    return record


async def _publish(nats_url: str) -> None:
    client = await nats.connect(nats_url, allow_reconnect=False)
    try:
        body = json.dumps(_REGISTERED, ensure_ascii=False).encode()
        await client.jetstream().publish("events.500101.investment.P-2026-001.registered", body)
    finally:
        await client.close()
