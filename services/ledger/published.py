"""What stands on the LEDGER stream, beside what the events fold to."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from services.ledger import recorder, warden
from services.ledger.comparing import around_comparison
from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice
from services.ledger.locks import lock_projects, lock_quarantine, unlock
from services.ledger.tables import Table, ask_each_table
from shared.database import Connection, Pool
from shared.delivery import stream_sequence
from shared.pull import Pull
from shared.sql import queries_beside
from shared.subjects import LEDGER, Consumer, quarantine_subject

SQL = around_comparison(queries_beside(__file__))

_BATCH: Final = 1_000
_FORGOTTEN_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 5.0


async def hashes_on_stream(connection: Client, district: str | None) -> dict[str, bytes]:
    """SHA-256 of the last message under each subject, by subject.

    Of one district, or of all (None). Raises a NATS error.
    """
    stream = connection.jetstream(timeout=10)
    last = (await stream.stream_info(LEDGER.name)).state.last_seq
    consumer = Consumer(LEDGER.name, f"reader-{uuid4().hex}")
    config = ConsumerConfig(
        name=consumer.name,
        ack_policy=AckPolicy.NONE,
        filter_subject=f"ledger.{district or '*'}.>",
        inactive_threshold=_FORGOTTEN_SECONDS,
        mem_storage=True,
    )
    pending = (await stream.add_consumer(LEDGER.name, config)).num_pending
    found: dict[str, bytes] = {}
    async with Pull(connection, consumer, _BATCH) as pull:
        while pending:
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    batch = await pull.batch()
            except TimeoutError:
                # What was waiting for us may have been removed.
                pending = (await stream.consumer_info(LEDGER.name, consumer.name)).num_pending
                continue
            found.update((message.subject, hashlib.sha256(message.data).digest()) for message in batch)
            # A message that is replaced while we read comes again at the end: do not run after it for ever.
            pending = batch[-1].metadata.num_pending if stream_sequence(batch[-1]) < last else 0
    await stream.delete_consumer(LEDGER.name, consumer.name)
    return found


async def last_message(stream: JetStreamContext, subject: str) -> bytes | None:
    """What stands under a subject of the LEDGER stream, from its leader; None for nothing."""
    try:
        return (await stream.get_last_msg(LEDGER.name, subject)).data or b""
    except NotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the events of a key fold to in one table: the SHA-256 of its message, None when there shall be none."""

    table: Table
    key: Key
    hash: bytes | None
    row_differs: bool


async def expected(connection: Connection, part: Slice) -> dict[str, Expected]:
    """What the rows and the messages of these keys should be, by bus subject."""
    return {
        table.address(*key): Expected(table, key, row["hash"], row["differs"])
        for table, row in await ask_each_table(connection, SQL, "hashes", part)
        for key in [(row["district"], row["subject"])]
    }


async def expected_messages(connection: Connection, part: Slice) -> dict[str, tuple[Key, bytes]]:
    """What should stand on the stream for these keys: bus subject → key and message."""
    return {
        table.address(*key): (key, row["message"].encode())
        for table, row in await ask_each_table(connection, SQL, "messages", part)
        for key in [(row["district"], row["subject"])]
    }


async def districts_parking(pool: Pool, on_stream: Collection[str], district: str | None) -> list[str]:
    """Districts of which a message was ever refused, or of which a subject on the stream says so."""
    refused = {row["district"] for row in await pool.fetch(warden.SQL["districts"], district)}
    named = {subject.split(".")[1] for subject in on_stream}
    return sorted(refused | {one for one in named if quarantine_subject(one) in on_stream})


@contextlib.asynccontextmanager
async def parked(connection: Connection, district: str) -> AsyncIterator[bytes | None]:
    """What should stand on the stream of a district's parked messages, while nobody parks or closes one.

    None for nothing: none was ever refused.
    """
    async with _unlocked_after(connection):
        await lock_quarantine(connection, [district])
        rows = await connection.fetch(recorder.SQL["parked"], [district])
        yield orjson.dumps(dict(rows[0])) if rows else None


@contextlib.asynccontextmanager
async def held_still(connection: Connection, part: Slice) -> AsyncIterator[None]:
    """Hold these keys as a recorder does: nobody is between writing their rows and publishing them."""
    async with _unlocked_after(connection):
        await lock_projects(connection, part.keys)
        yield


@contextlib.asynccontextmanager
async def _unlocked_after(connection: Connection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if not connection.is_closed():
            await unlock(connection)
