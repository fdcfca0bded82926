"""How fast the notifier sends what is due at one instant: from the due cases to the last message at its receiver."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import orjson
import psutil

from deploy.local.ports import any_free
from deploy.local.process import Command, Process
from shared import database
from tests.benchmarks.house import House
from tests.benchmarks.lap import Lap, Track, timed

_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_HEADER = "name,role,unit,webhook,webhook_secret"
_POLICY = """
version = 1
[hours]
days = "every"
from = 00:00:00
until = 23:59:59
[[rules]]
id = "milestone-overdue"
[[rules.ladder]]
who = ["unit-contact"]
answer_within = 2
"""
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"


class Receiver(asyncio.Protocol):
    """Takes every POST at once and counts it. As little as an HTTP server can be: it is not what is measured."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A sender is there."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """A request, or part of one."""
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) if end else 0
        if end and len(rest) >= length:
            self._buffer = rest[length:]
            type(self).taken += 1
            self._transport.write(_ANSWER)


async def deliver(house: House, messages: int, track: Track) -> Lap:
    """As many cases fall due while nobody is in the directory; then everybody is, each with a message of their own."""
    Receiver.taken = 0
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=512)
    async with server:
        port = server.sockets[0].getsockname()[1]
        (house.folder / "policy.toml").write_text(_POLICY, encoding="utf-8")
        async with _notifier(house, [_HEADER]):
            await _open_cases(house, messages)
        hook = f"http://127.0.0.1:{port}/hook,bench"
        people = [f"contact-{number},unit-contact,unit-{number},{hook}" for number in range(messages)]
        async with _notifier(house, [_HEADER, *people]) as running:

            async def position() -> int:
                return Receiver.taken

            return await timed(house, [psutil.Process(running.pid)], messages, position, track)


async def _open_cases(house: House, count: int) -> None:
    for number in range(count):
        record = {
            "district": "500101",
            "project": f"P-{number}",
            "revision": 1,
            "stage": "signed",
            "lead_unit": f"unit-{number}",
            "milestones": {"started": {"due": "2026-08-31", "on": None}},
        }
        await house.connection.publish(f"ledger.500101.project.P-{number}", orjson.dumps(record))
    async with database.make_pool(house.database_url, "bench", size=1) as pool:
        while await pool.fetchval("select count(*) from notifier.escalation_case") < count:  # noqa: ASYNC110 - see below
            await asyncio.sleep(_LOOK_SECONDS)


@contextlib.asynccontextmanager
async def _notifier(house: House, directory: list[str]) -> AsyncIterator[Process]:
    file, port = house.folder / "directory.csv", any_free()
    file.write_text("\n".join(directory), encoding="utf-8")
    environment = {
        **os.environ,
        "LUODI_NATS_URL": house.nats_url,
        "LUODI_DATABASE_URL": house.database_url,
        "LUODI_PORT": str(port),
        "LUODI_POLICY": str(house.folder / "policy.toml"),
        "LUODI_DIRECTORY": str(file),
        "LUODI_WEBHOOK_SECRETS": '{"bench": "secret"}',
        "LUODI_SETTLE_SECONDS": "0",
        "LUODI_GROUP_WAIT_SECONDS": "0",
        "LUODI_LOG_LEVEL": "error",
    }
    log = Path(house.folder / "notifier.log")
    running = await Process.start(
        Command("notifier", [sys.executable, "-m", "services.notifier", "run"], log, environment)
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(_READY_SECONDS):
            while not await _is_up(client, port):  # noqa: ASYNC110 - a process tells nobody that it listens
                await asyncio.sleep(_LOOK_SECONDS)
        yield running
    finally:
        await running.stop()


async def _is_up(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/livez")).status_code == 200
    except httpx.HTTPError:
        return False
