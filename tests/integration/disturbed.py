"""A ledger whose servers a test takes away, and what must come of it all the same."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import nats

import services
from deploy.local.server import Server
from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared import database
from shared.jetstream import put_consumer
from shared.publishing import Outgoing, publish_all
from shared.subjects import LEDGER_OF_EVENTS, parts
from tests.integration import ledger_rows
from tests.integration.department import Department, contract_signed, funds_arrived
from tests.waiting import PATIENCE, until

LEDGER_HOME = Path(services.__file__).parent / "ledger"

# A loop that spins uses a whole processor; a ledger that waits, with its test beside it, about a twentieth.
_IDLE_SHARE = 0.5
_OUTAGE_SECONDS = 1.0
# What was acknowledged to a server that died is delivered again; a district's server waits longer before it does so.
SOON_AGAIN = replace(LEDGER_OF_EVENTS, ack_wait=1.5)


class Disturbed:
    """A running ledger with what a test asks of it: what it says of itself, and whether it has everything right."""

    def __init__(self, department: Department, database_url: str, http: httpx.AsyncClient) -> None:
        self.department = department
        self.client = department.connection
        self._database_url = database_url
        self._http = http

    async def say(self, projects: int = 4) -> None:
        """Two more events for each of some projects."""
        for number in range(projects):
            await self.department.say(contract_signed(f"P-{number}", uuid4().hex))
            await self.department.say(funds_arrived(f"P-{number}", uuid4().hex, "1000000.00"))

    async def say_at_once(self, projects: int) -> None:
        """An event for each of so many projects, in one batch."""
        events = [contract_signed(f"P-{number}", uuid4().hex) for number in range(projects)]
        subject = "events.500101.investment.{}.signed"
        await publish_all(
            self.client, [Outgoing(subject.format(one["subject"]), json.dumps(one).encode()) for one in events]
        )

    async def said_of(self, check: str) -> str:
        """The sentence of a readiness check, now."""
        sentence: str = (await self._http.get("/readyz")).json()["checks"][check]
        return sentence

    async def until_said(self, check: str, words: str) -> None:
        """Wait until the ledger says so of itself, and with that is not ready."""

        async def said() -> bool:
            answer = await self._http.get("/readyz")
            return words in answer.json()["checks"][check] and answer.status_code == 503

        await until(said)

    async def until_ready(self, *, is_it: bool = True, seconds: float = PATIENCE) -> None:
        """Wait until the ledger calls itself ready, or until it does not."""

        async def so() -> bool:
            return ((await self._http.get("/readyz")).status_code == 200) is is_it

        await until(so, seconds)

    async def assert_as_undisturbed(self, *, except_for: Collection[str] = ()) -> None:
        """`assert_as_undisturbed` of this ledger."""
        await assert_as_undisturbed(self.department, self._database_url, except_for=except_for)


async def assert_as_undisturbed(department: Department, database_url: str, *, except_for: Collection[str] = ()) -> None:
    """The rows, and the last message of every subject, are those of a ledger to which nothing happened.

    Waits until all that the stream holds is acknowledged. Some tables may be `except_for`. Leaves the rows of a ledger
    to which nothing happened.
    """
    await department.acknowledged()
    async with database.make_pool(database_url, "test") as pool:
        disturbed, undisturbed = await ledger_rows.rows(pool), ledger_rows.Published()
        await ledger_rows.wipe(pool)
        stored = await ledger_rows.everything_stored(department.connection)
        await ledger_rows.recorder(pool, undisturbed).record(stored)
        expected = await ledger_rows.rows(pool)
    assert disturbed["event"]
    for table in expected.keys() - except_for:
        assert disturbed[table] == expected[table]
    for subject, record in undisturbed.last.items():
        assert await department.last_record(subject) == json.loads(record)


@contextlib.asynccontextmanager
async def disturbed(
    nats_url: str, database_url: str, *, partitions: int = 1, ready: bool = True, **more: Any
) -> AsyncIterator[Disturbed]:
    """A ledger in the test's own process, with `more` settings, which is waited for to be `ready`."""
    read = LedgerSettings(nats_url=nats_url, database_url=database_url, **more)
    async with contextlib.AsyncExitStack() as stack:
        app = build(read)
        transport = httpx.ASGITransport(app=app)
        client = await nats.connect(
            nats_url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_unheard
        )
        stack.push_async_callback(client.close)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://ledger"))
        for part in parts(SOON_AGAIN, partitions):
            await put_consumer(client, part)
        ledger = Disturbed(await Department.open(client), database_url, http)
        await stack.enter_async_context(app.router.lifespan_context(app))
        if ready:
            await ledger.until_ready()
        yield ledger


async def outage() -> None:
    """Let an outage last, and find that the ledger waits it out at its ease."""
    with at_ease():
        await asyncio.sleep(_OUTAGE_SECONDS)


def all_processes(server: Server) -> list[int]:
    """The pids of a server and of its children, as they are now."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


@contextlib.contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The server with all its processes is suspended: its connections stay, and nobody answers on them."""
    processes = all_processes(server)
    try:
        for one in processes:
            os.kill(one, signal.SIGSTOP)
        yield
    finally:
        for one in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@contextlib.contextmanager
def at_ease() -> Iterator[None]:
    """This process uses little processor time meanwhile."""
    begun, used = time.monotonic(), time.process_time()
    yield
    share = (time.process_time() - used) / (time.monotonic() - begun)
    assert share < _IDLE_SHARE, f"{share:.0%} of a processor"


async def _unheard(error: Exception) -> None:
    """The department's connection breaks with the ledger's; what it cannot publish is raised to the test."""
