"""Makes the streams and consumers, from the one table in `shared/subjects.py`."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client

from shared.jetstream import put_consumer, put_stream, stream_config
from shared.partitions import divide
from shared.subjects import CONSUMERS, LEDGER_OF_EVENTS, STREAMS


async def _unheard(error: Exception) -> None:
    """What goes wrong is raised by the call that meets it."""


async def connect(
    nats_url: str,
    name: str,
    *,
    heard: Callable[[Exception], Awaitable[None]] = _unheard,
) -> Client:
    """A connection for a command: it fails within seconds when the server is away, and then says so by raising.

    `nats_url` may name several servers, separated by commas. `heard` gets what the server says by itself, such as that
    a subject is not permitted. Raises a NATS error or OSError.
    """
    return await nats.connect(
        servers(nats_url),
        name=name,
        connect_timeout=3,
        max_reconnect_attempts=1,
        reconnect_time_wait=0.2,
        error_cb=heard,
        inbox_prefix=inbox_prefix(nats_url),
    )


def servers(nats_url: str) -> list[str]:
    """The servers of a setting such as `nats://a:4222,nats://b:4222`."""
    return [part.strip() for part in nats_url.split(",") if part.strip()]


def without_passwords(nats_url: str) -> str:
    """The servers of a setting as they may be shown."""
    return ",".join(
        f"{(parts := urlsplit(one)).scheme}://{parts.netloc.rpartition('@')[2]}" for one in servers(nats_url)
    )


def inbox_prefix(nats_url: str) -> str:
    """Where answers come to: a user of the server's reads its own only, as deploy/nats/users.conf allows."""
    user = urlsplit(servers(nats_url)[0]).username
    return f"_INBOX_{user}" if user else "_INBOX"


async def provision(
    nats_url: str, *, replicas: int | None = None, partitions: int | None = None, replay: bool = False
) -> list[str]:
    """Make every stream and consumer, or bring its settings up to date; returns a line for each that it touched.

    `replicas` is on how many servers of a cluster each stream is kept, `partitions` into how many parts the ledger's
    work is divided; None leaves both as they are, 1 at first. With `replay`, each consumer begins again with the first
    message. Raises a NATS error, and may then be repeated.
    """
    done: list[str] = []
    connection = await connect(nats_url, "luodi-provision")
    try:
        for wanted in STREAMS:
            made = await put_stream(connection, stream_config(wanted), replicas)
            done.append(f"stream {wanted.name} {'made' if made else 'up to date'}")
        for consumer in CONSUMERS:
            if consumer != LEDGER_OF_EVENTS:
                await put_consumer(connection, consumer, anew=replay)
            done.append(f"consumer {consumer.stream}/{consumer.name}")
        done += await divide(connection, partitions, replay=replay)
    finally:
        await connection.close()
    return done
