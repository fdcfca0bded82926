"""NATS: the connection, and messages in and out."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from uuid import uuid4

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import PubAck

from shared.delivery import recorded_at, stream_sequence
from shared.harmless import harden
from shared.intake import Intake
from shared.partitions import Readers, acknowledged, behind, behind_sequence
from shared.streams import servers, without_passwords
from shared.subjects import STREAMS, Consumer
from shared.tasks import end

__all__ = [
    "NotStored",
    "Outgoing",
    "Publisher",
    "acknowledged",
    "behind",
    "behind_sequence",
    "connected",
    "make_broker",
    "pending",
    "publish_all",
    "publisher",
    "recorded_at",
    "running",
    "stream_sequence",
]

_STORED_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_CONNECTING_SECONDS = 2.0
_PART = 500
_WORTH_A_BATCH = 10
_ATOMIC = frozenset(stream.subjects[0].partition(".")[0] for stream in STREAMS if stream.atomic)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish and have stored; `message_id` lets the stream drop a repetition of it."""

    subject: str
    payload: bytes
    message_id: str | None = None


def make_broker(nats_url: str, name: str) -> NatsBroker:
    """A broker that reconnects for ever; a connection that is closed for good ends the process.

    A service without its connection is of no use, and its supervisor starts it afresh; going on would leave a process
    that looks alive and consumes nothing.
    """
    log, shown = structlog.get_logger().bind(part="nats"), without_passwords(nats_url)

    async def closed() -> None:
        if broker_is_open():
            log.error("connection closed for good, ending the process", server=shown)
            os._exit(1)

    async def disconnected() -> None:
        if broker_is_open():
            log.warning("connection lost, reconnecting", server=shown)

    async def reconnected() -> None:
        log.info("connection is back", server=shown)

    async def failed(error: Exception) -> None:
        log.warning("connection error", error=str(error) or type(error).__name__)

    broker = NatsBroker(
        servers(nats_url),
        name=name,
        max_reconnect_attempts=-1,
        closed_cb=closed,
        disconnected_cb=disconnected,
        reconnected_cb=reconnected,
        error_cb=failed,
        logger=None,
    )

    def broker_is_open() -> bool:
        return broker.running

    return broker


@contextlib.asynccontextmanager
async def running(broker: NatsBroker, *intakes: Intake) -> AsyncIterator[NatsBroker]:
    """Connect in the background, then let the intakes run; stop them in good order.

    The service answers HTTP meanwhile, so that `/readyz` can say what is missing. A server that is away is tried again
    until it is there.
    """
    connecting = asyncio.create_task(broker.start())
    consuming = asyncio.create_task(_consume(connecting, broker, intakes))
    try:
        yield broker
    finally:
        # A connection that is cancelled half-way leaves its socket behind: let it come up or fail first.
        await asyncio.wait({connecting}, timeout=_CONNECTING_SECONDS)
        await _end(consuming)
        await _end(connecting)
        with contextlib.suppress(NatsError):
            await broker.stop()


async def connected(broker: NatsBroker) -> str | None:
    """A readiness check: None while the server answers, otherwise a sentence."""
    if broker.running and await broker.ping(timeout=2.0):
        return None
    return "not connected to NATS: is the server up, and is LUODI_NATS_URL right?"


async def pending(broker: NatsBroker, consumer: Consumer) -> int | None:
    """How many messages a consumer has not acknowledged yet; None while nobody can say. Raises a NATS error."""
    return await behind(broker.connection.jetstream(), consumer) if broker.running else None


def publisher(broker: NatsBroker) -> Callable[[Iterable[Outgoing]], Awaitable[None]]:
    """A `Publisher` on the broker's connection, which need not be open yet."""
    inner: Publisher | None = None

    async def publish(messages: Iterable[Outgoing]) -> None:
        nonlocal inner
        inner = inner or Publisher(broker.connection)
        await inner(messages)

    return publish


class NotStored(NatsError):  # noqa: N818 - what happened, not an error of ours
    """NATS has not said that a message is stored; it may be all the same."""


class Publisher:
    """Publishes in order, and returns when the server has stored every message.

    Raises when one was not stored; that never means that none was: the caller publishes all again.
    """

    def __init__(self, connection: Client) -> None:
        self._connection = connection
        self._stream = connection.jetstream(timeout=_STORED_SECONDS)

    async def __call__(self, messages: Iterable[Outgoing]) -> None:
        for kind, run in groupby(messages, key=lambda one: (one.message_id is None, one.subject.partition(".")[0])):
            for part in _parts(run, _PART):
                # One write to disk for all of them instead of one each; for a few it is not worth its ceremony. A
                # message with an id goes by itself: one that is known already would have its whole batch refused.
                if kind[0] and kind[1] in _ATOMIC and len(part) >= _WORTH_A_BATCH:
                    await self._publish_atomically(part)
                else:
                    await self._publish_each(part)

    async def _publish_each(self, messages: Sequence[Outgoing]) -> None:
        async with self._stored() as stored:
            for message in messages:
                headers = {"Nats-Msg-Id": message.message_id} if message.message_id else None
                stored.append(await self._stream.publish_async(message.subject, message.payload, headers=headers))

    async def _publish_atomically(self, messages: Sequence[Outgoing]) -> None:
        batch = uuid4().hex
        *most, last = (
            (message, {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(place)})
            for place, message in enumerate(messages, 1)
        )
        async with self._stored() as stored:
            for message, headers in most:
                await self._connection.publish(message.subject, message.payload, headers=headers)
            message, headers = last
            headers["Nats-Batch-Commit"] = "1"
            stored.append(await self._stream.publish_async(message.subject, message.payload, headers=headers))

    @contextlib.asynccontextmanager
    async def _stored(self) -> AsyncIterator[list[asyncio.Future[PubAck]]]:
        """Waits for what is put into the list, as long as the connection lasts: an answer does not outlive it."""
        if not self._connection.is_connected:
            # Kept by the client, messages would be sent when the server is back, perhaps after later ones of others.
            raise NotStored("there is no connection to NATS")
        connections, stored = self._connection.stats["reconnects"], list[asyncio.Future[PubAck]]()
        try:
            yield stored
            waiting: set[asyncio.Future[PubAck]] = set(stored)
            async with asyncio.timeout(_STORED_SECONDS):
                while waiting:
                    _, waiting = await asyncio.wait(waiting, timeout=_LOOK_SECONDS)
                    if waiting and connections != self._connection.stats["reconnects"]:
                        raise NotStored("the connection to NATS was lost before it had stored all messages")
        except TimeoutError:
            raise NotStored(f"NATS has not stored all messages within {_STORED_SECONDS:.0f} seconds") from None
        finally:
            for one in stored:
                one.cancel()
        errors = [error for one in stored if (error := one.exception()) is not None]
        if errors:
            raise errors[0]


async def publish_all(connection: Client, messages: Iterable[Outgoing]) -> None:
    """Publish once on a connection that has no `Publisher` yet."""
    await Publisher(connection)(messages)


async def _consume(connecting: asyncio.Task[None], broker: NatsBroker, intakes: Sequence[Intake]) -> None:
    await asyncio.shield(connecting)
    harden(broker.connection)
    await asyncio.gather(*(intake.run(broker.connection, Readers(broker.connection)) for intake in intakes))


async def _end(task: asyncio.Task[None]) -> None:
    await end([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("ended badly", error=str(error) or type(error).__name__)


def _parts(messages: Iterable[Outgoing], size: int) -> Iterator[tuple[Outgoing, ...]]:
    rest = iter(messages)
    while part := tuple(islice(rest, size)):
        yield part
