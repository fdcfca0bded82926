"""NATS: the broker that holds a service's connection, and what runs on it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.harmless import harden
from shared.intake import Intake
from shared.partitions import Readers, behind
from shared.publishing import Outgoing, Publisher
from shared.streams import servers, without_passwords
from shared.subjects import Consumer
from shared.tasks import end

# A server whose machine is gone is noticed when it has not answered three times; by default that takes six minutes.
_PING_SECONDS = 10
_CONNECTING_SECONDS = 2.0
_STOPPING_SECONDS = 5.0


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
        ping_interval=_PING_SECONDS,
        closed_cb=closed,
        disconnected_cb=disconnected,
        reconnected_cb=reconnected,
        error_cb=failed,
        logger=None,
    )

    # FastStream raises what it takes for final, such as a wrong password, out of the client's own attempts to connect:
    # they end unheard, and for ever, though it may be the server whose configuration is put right.
    broker._connection_kwargs["error_cb"] = failed

    def broker_is_open() -> bool:
        return broker.running

    return broker


@contextlib.asynccontextmanager
async def running(broker: NatsBroker, *intakes: Intake) -> AsyncIterator[NatsBroker]:
    """Connect in the background, then let the intakes run; stop them in good order.

    The service answers HTTP meanwhile, so that `/readyz` can say what is missing. A server that is away, or lets nobody
    in, is tried again until it is there.
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
        # A server that does not answer would be waited for at each of several steps.
        stopping = asyncio.create_task(_stop(broker))
        await asyncio.wait({stopping}, timeout=_STOPPING_SECONDS)
        await _end(stopping)


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


async def _consume(connecting: asyncio.Task[None], broker: NatsBroker, intakes: Sequence[Intake]) -> None:
    await asyncio.shield(connecting)
    harden(broker.connection)
    _leave_lost_ones_at_once(broker.connection)
    await asyncio.gather(*(intake.run(broker.connection, Readers(broker.connection)) for intake in intakes))


def _leave_lost_ones_at_once(connection: Client) -> None:
    """Have what was not sent on a lost connection dropped: the client would wait until a dead machine has taken it."""
    transport = connection._transport
    assert transport is not None  # noqa: S101 - a connection that came up has one, and keeps it
    close: Callable[[], object] = transport.close

    def leave() -> None:
        writer = getattr(transport, "_io_writer", None)
        if connection.is_reconnecting and writer is not None:
            writer.transport.abort()
        close()

    transport.close = leave  # type: ignore[method-assign] # the client has no hook of its own


async def _stop(broker: NatsBroker) -> None:
    with contextlib.suppress(NatsError):
        await broker.stop()


async def _end(task: asyncio.Task[None]) -> None:
    await end([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("ended badly", error=str(error) or type(error).__name__)
