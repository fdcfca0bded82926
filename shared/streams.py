"""Makes the streams and consumers, from the one table in `shared/subjects.py`."""

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared.subjects import CONSUMERS, STREAMS, Consumer, Stream


async def connect(nats_url: str, name: str) -> Client:
    """A connection for a command: it fails within seconds when the server is away, and then says so by raising.

    `nats_url` may name several servers, separated by commas. Raises a NATS error or OSError.
    """

    async def unheard(error: Exception) -> None:
        """What goes wrong is raised by the call that meets it."""

    return await nats.connect(
        servers(nats_url),
        name=name,
        connect_timeout=3,
        max_reconnect_attempts=1,
        reconnect_time_wait=0.2,
        error_cb=unheard,
    )


def servers(nats_url: str) -> list[str]:
    """The servers of a setting such as `nats://a:4222,nats://b:4222`."""
    return [part.strip() for part in nats_url.split(",") if part.strip()]


async def provision(nats_url: str) -> list[str]:
    """Make every stream and consumer, or bring its settings up to date; returns a line for each that it touched."""
    done: list[str] = []
    connection = await connect(nats_url, "luodi-provision")
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


async def restore_consumer(connection: Client, consumer: Consumer) -> None:
    """Make a consumer again that somebody deleted; it begins at the start of the stream, which its reader survives.

    Raises a NATS error when the stream is missing, or when this connection may not make consumers.
    """
    stream = connection.jetstream(timeout=5)
    try:
        await stream.consumer_info(consumer.stream, consumer.name)
    except NotFoundError:
        await stream.add_consumer(consumer.stream, _consumer_config(consumer))


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
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=consumer.ack_wait,
        max_ack_pending=consumer.max_ack_pending,
        max_deliver=-1,
    )
