"""NATS: the connection, the streams, and batches in and out."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import nats
import structlog
from faststream import AckPolicy, Context
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy as ConsumerAckPolicy,
)
from nats.js.api import (
    ConsumerConfig,
    ConsumerInfo,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from shared.subjects import CONSUMERS, STREAMS, Consumer, Stream

Handle = Callable[[Sequence[Msg]], Awaitable[None]]

_ACKNOWLEDGED_SECONDS = 10.0
_WINDOW = 500
_LINGER_SECONDS = 0.05
_TOKENS, _STREAM_SEQUENCE, _TIME = 9, 5, 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish and have stored; `message_id` lets the stream drop a repetition of it."""

    subject: str
    payload: bytes
    message_id: str | None = None


def servers(nats_url: str) -> list[str]:
    """The servers of a setting such as `nats://a:4222,nats://b:4222`."""
    return [part.strip() for part in nats_url.split(",") if part.strip()]


def make_broker(nats_url: str, name: str) -> NatsBroker:
    """A broker that reconnects for ever; a connection that is closed for good ends the process.

    A service without its connection is of no use, and its supervisor starts it afresh; going on would leave a process
    that looks alive and consumes nothing.
    """
    log = structlog.get_logger().bind(part="nats")

    async def closed() -> None:
        if broker_is_open():
            log.error("connection closed for good, ending the process", server=nats_url)
            os._exit(1)

    async def disconnected() -> None:
        if broker_is_open():
            log.warning("connection lost, reconnecting", server=nats_url)

    async def reconnected() -> None:
        log.info("connection is back", server=nats_url)

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
async def running(broker: NatsBroker) -> AsyncIterator[NatsBroker]:
    """Start the broker and its subscribers in the background, and stop them in good order.

    The service answers HTTP meanwhile, so that `/readyz` can say what is missing. A server that is away, or streams
    that nobody made yet, are tried again until they are there.
    """
    starting = asyncio.create_task(_start(broker))
    try:
        yield broker
    finally:
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        with contextlib.suppress(NatsError):
            await broker.stop()


async def connected(broker: NatsBroker) -> str | None:
    """A readiness check: None while the server answers, otherwise a sentence."""
    if broker.running and await broker.ping(timeout=2.0):
        return None
    return "not connected to NATS, or its streams are missing: is the server up, and has 'luodi provision' run?"


def subscribe_batches(broker: NatsBroker, consumer: Consumer, handle: Handle, size: int = 500) -> None:
    """Hand what has arrived on a consumer to `handle`, batch by batch, one after the other.

    A batch is acknowledged when `handle` returns. While `handle` raises, the same batch is tried again in place, with
    growing pauses, and the server is told that it is being worked on: order is kept and nothing is handed out twice.
    """
    log = structlog.get_logger().bind(consumer=consumer.name, stream=consumer.stream)

    # Messages are judged one by one by `handle`; a decoder that refuses one would lose its whole batch.
    async def undecoded(message: Any) -> None:
        return None

    @broker.subscriber(
        stream=JStream(consumer.stream, declare=False),
        durable=consumer.name,
        config=_consumer_config(consumer),
        pull_sub=PullSub(batch_size=size, timeout=_LINGER_SECONDS, batch=True),
        ack_policy=AckPolicy.MANUAL,
        decoder=undecoded,
        title=f"{consumer.stream}:{consumer.name}",
    )
    async def on_batch(batch: Annotated[NatsBatchMessage, Context("message")]) -> None:
        messages = batch.raw_message
        pauses = _pauses()
        while True:
            try:
                await handle(messages)
                break
            except Exception as error:
                pause = next(pauses)
                log.exception("batch failed, trying again", size=len(messages), pause=pause, error=str(error))
            await asyncio.sleep(pause)
            for message in messages:
                await message.in_progress()
        for message in messages:
            await message.ack()


def recorded_at(message: Msg) -> datetime:
    """The instant at which the stream stored a message, in UTC, cut to whole microseconds.

    Cut, not rounded, and from the integer nanoseconds: whoever reads the same message computes the same value.
    """
    return _EPOCH + timedelta(microseconds=int(_ack_token(message, _TIME)) // 1_000)


def stream_sequence(message: Msg) -> int:
    """The message's sequence number in its stream."""
    return int(_ack_token(message, _STREAM_SEQUENCE))


def publisher(broker: NatsBroker) -> Callable[[Iterable[Outgoing]], Awaitable[None]]:
    """`publish_all` on the broker's connection, which need not be open yet."""
    context: JetStreamContext | None = None

    async def publish(messages: Iterable[Outgoing]) -> None:
        nonlocal context
        context = context or broker.connection.jetstream()
        await publish_all(context, messages)

    return publish


async def publish_all(stream: JetStreamContext, messages: Iterable[Outgoing]) -> None:
    """Publish in order and return when the server has stored every message; raises when one was not stored.

    A raise never means that none was stored: the caller publishes all again.
    """
    window: list[asyncio.Future[Any]] = []
    for message in messages:
        headers = {"Nats-Msg-Id": message.message_id} if message.message_id else None
        window.append(await stream.publish_async(message.subject, message.payload, headers=headers))
        if len(window) == _WINDOW:
            await _stored(window)
            window = []
    await _stored(window)


async def provision(nats_url: str) -> list[str]:
    """Make every stream and consumer, or bring its settings up to date; returns a line for each that it touched."""
    done: list[str] = []
    connection = await nats.connect(servers(nats_url), connect_timeout=5, allow_reconnect=False)
    try:
        stream = connection.jetstream(timeout=10)
        for wanted in STREAMS:
            done.append(await _provision_stream(stream, wanted))
        for consumer in CONSUMERS:
            await stream.add_consumer(consumer.stream, _consumer_config(consumer))
            done.append(f"consumer {consumer.stream}/{consumer.name}")
    finally:
        await connection.close()
    return done


async def behind(stream: JetStreamContext, consumer: Consumer) -> int | None:
    """How many messages a consumer has not acknowledged yet; None when there is no such stream or consumer here."""
    try:
        info: ConsumerInfo = await stream.consumer_info(consumer.stream, consumer.name, timeout=2.0)
    except NotFoundError:
        return None
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def behind_sequence(stream: JetStreamContext, consumer: Consumer, sequence: int) -> int:
    """How far a consumer's unbroken row of acknowledgements is behind a message of the stream; 0 when it is past it."""
    info: ConsumerInfo = await stream.consumer_info(consumer.stream, consumer.name, timeout=2.0)
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    return max(0, sequence - floor)


async def _start(broker: NatsBroker) -> None:
    log = structlog.get_logger().bind(part="nats")
    for pause in _pauses():
        try:
            await broker.start()
            return
        except (NatsError, OSError) as error:
            log.warning("cannot start consuming, trying again: has 'luodi provision' run?", error=str(error))
        await asyncio.sleep(pause)


async def _provision_stream(stream: JetStreamContext, wanted: Stream) -> str:
    config = StreamConfig(
        name=wanted.name,
        description=wanted.purpose,
        subjects=list(wanted.subjects),
        storage=StorageType.FILE,
        max_msgs_per_subject=1 if wanted.last_only else -1,
        max_age=wanted.days * 86_400.0 if wanted.days else 0,
        duplicate_window=120,
        allow_direct=True,
        allow_atomic=wanted.atomic,
        deny_delete=not wanted.last_only and wanted.days is None,
    )
    try:
        await stream.stream_info(wanted.name)
    except NotFoundError:
        await stream.add_stream(config)
        return f"stream {wanted.name} made"
    await stream.update_stream(config)
    return f"stream {wanted.name} up to date"


def _consumer_config(consumer: Consumer) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=consumer.name,
        ack_policy=ConsumerAckPolicy.EXPLICIT,
        ack_wait=consumer.ack_wait,
        max_ack_pending=consumer.max_ack_pending,
        max_deliver=-1,
    )


async def _stored(acknowledgements: Sequence[asyncio.Future[Any]]) -> None:
    async with asyncio.timeout(_ACKNOWLEDGED_SECONDS):
        await asyncio.gather(*acknowledgements)


def _pauses() -> Iterator[float]:
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, 5.0)


def _ack_token(message: Msg, place: int) -> str:
    # $JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>; servers with
    # domains put <domain>.<account> before the stream and may append a token.
    tokens = message.reply.split(".")
    return tokens[place + 2 if len(tokens) > _TOKENS else place]
