"""Runs the ledger's upkeep commands as an operator does, and fills a ledger for them to work on."""

import asyncio
import contextlib
import json
import os
import pty
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.ledger.domain.batch import Stored
from services.ledger.metrics import Metrics
from services.ledger.recorder import Recorder
from shared.database import Pool
from shared.publishing import Publisher
from tests.integration.department import cloudevent, contract_signed, funds_arrived

START = datetime(2026, 9, 1, tzinfo=UTC)
_SECONDS = 60.0
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a shell on the ledger's host."""

    nats_url: str
    database_url: str

    async def run(self, *words: object, module: str = "services.ledger") -> Ended:
        """`luodi ledger <words>`, from its start to its end; `module` may be another program to run."""
        process = await self._start(module, words, PIPE)
        try:
            out, err = await asyncio.wait_for(process.communicate(), _SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def watch(self, *words: object) -> tuple[int, str]:
        """The same at a terminal: its exit code, and everything that was to be seen there meanwhile."""
        ours, terminal = pty.openpty()
        try:
            process = await self._start("services.ledger", words, terminal)
        finally:
            os.close(terminal)
        seen = await asyncio.to_thread(_until_closed, ours)
        return await process.wait(), _CONTROLS.sub("", seen)

    async def _start(self, module: str, words: Sequence[object], into: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *map(str, words)),
            env={
                **os.environ,
                "LUODI_NATS_URL": self.nats_url,
                "LUODI_DATABASE_URL": self.database_url,
                "COLUMNS": "200",
                "TERM": "xterm",
            },
            stdout=into,
            stderr=into,
        )


def _until_closed(terminal: int) -> str:
    """What is written to a terminal by the programs on its other side, to the last of them."""
    # A terminal that nobody has open any more is an error to read, on Linux.
    with open(terminal, "rb", buffering=0) as written, contextlib.suppress(OSError):
        seen = bytearray()
        while part := written.read(4096):
            seen += part
    return seen.decode()


def stored(events: Iterable[dict[str, Any]], first: int = 1) -> list[Stored]:
    """Events as the stream would hand them out, one a second."""
    return [
        Stored(
            f"events.500101.{event['source'].split('/')[2]}.{event['subject']}.{event['type'].split('.')[1]}",
            json.dumps(event).encode(),
            number,
            START + timedelta(seconds=number),
        )
        for number, event in enumerate(events, first)
    ]


def some_projects(count: int) -> list[dict[str, Any]]:
    """A contract, money and a correction for each project, and a target."""
    events = [
        event
        for number in range(count)
        for event in (
            contract_signed(f"P-{number}", f"c{number}"),
            funds_arrived(f"P-{number}", f"f{number}", f"{number + 1}0000000.00"),
            funds_arrived(f"P-{number}", f"r{number}", f"{number + 2}0000000.00", replaces=f"f{number}"),
        )
    ]
    target = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": "105", "issued_by": "市政府"}
    return [*events, cloudevent("investment", "target-2026-funds-arrived", "t1", "target-set", target)]


async def refused(pool: Pool, connection: Client, number: int = 100) -> None:
    """Have a message refused and parked, as the service does, without the service."""
    message = Stored("events.500101.finance.P-1.signed", b"{", number, START + timedelta(seconds=number))
    await Recorder(pool, Publisher(connection), Metrics(CollectorRegistry())).record([message])


async def recorded(pool: Pool, connection: Client, events: list[dict[str, Any]], first: int = 1) -> None:
    """Record and publish events as the service does, without the service."""
    recorder = Recorder(pool, Publisher(connection), Metrics(CollectorRegistry()))
    await recorder.record(stored(events, first))
