"""The servers of one measurement: fresh, durable, on the loopback address, and gone with it."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

from nats.aio.client import Client
from nats.js import JetStreamContext

import services
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from shared import database, streams
from shared.subjects import EVENTS

# The server takes at most 1,000 messages in one atomic batch.
_ATOMIC = 500
_ANSWER_SECONDS = 30.0

Message: TypeAlias = tuple[str, bytes]
"""A bus subject and what was published under it."""


@dataclass(frozen=True, slots=True)
class House:
    """A Postgres and a NATS in which Luodi is provisioned, and a connection to the latter; `folder` is for logs."""

    folder: Path
    nats_url: str
    database_url: str
    nats_pid: int
    postgres_pid: int
    connection: Client
    stream: JetStreamContext

    async def store(self, messages: Iterator[Message], tell: Callable[[int], None] = lambda done: None) -> int:
        """Store messages in the EVENTS stream; returns the sequence of the last one.

        `tell` hears how many there are so far. Each batch is stored whole or not at all, with one write to the disk.
        """
        last, done = 0, 0
        while batch := list(islice(messages, _ATOMIC)):
            last = await self._store(batch)
            done += len(batch)
            tell(done)
        return last

    async def _store(self, batch: list[Message]) -> int:
        name = uuid4().hex
        for number, (subject, payload) in enumerate(batch[:-1], 1):
            headers = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(number)}
            await self.connection.publish(subject, payload, headers=headers)
        headers = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(len(batch)), "Nats-Batch-Commit": "1"}
        subject, payload = batch[-1]
        stored = await self.stream.publish(
            subject, payload, headers=headers, stream=EVENTS.name, timeout=_ANSWER_SECONDS
        )
        return stored.seq


@contextlib.asynccontextmanager
async def opened(where: Path) -> AsyncIterator[House]:
    """Servers as Luodi ships them: what either acknowledges is on the disk. Their data lie below `where`."""
    with tempfile.TemporaryDirectory(prefix="house-", dir=where) as name:
        folder = Path(name)
        async with contextlib.AsyncExitStack() as stack:
            postgres = Postgres(folder / "postgres")
            stack.push_async_callback(postgres.stop)
            await postgres.start()
            nats = Nats(folder / "nats")
            stack.push_async_callback(nats.stop)
            await nats.start()
            await streams.provision(nats.url)
            for migrations in sorted(Path(services.__file__).parent.glob("*/migrations")):
                await database.provision(postgres.url, migrations.parent)
            connection = await streams.connect(nats.url, "luodi-bench")
            stack.push_async_callback(connection.close)
            yield House(
                folder,
                nats.url,
                postgres.url,
                nats.process.pid,
                postgres.process.pid,
                connection,
                connection.jetstream(timeout=_ANSWER_SECONDS),
            )
