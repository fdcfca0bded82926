"""Hands what arrives on a consumer to a handler, batch by batch, and acknowledges what was handled."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.pull import ConsumerLost, Pull
from shared.subjects import Consumer

Handle = Callable[[Sequence[Msg]], Awaitable[None]]
Restore = Callable[[Client, Consumer], Awaitable[None]]


class Intake:
    """The batches of one consumer, one after the other.

    A batch is acknowledged when `handle` returns. While `handle` raises, the same batch is tried again in place, with
    growing pauses: order is kept, and nothing is handed out twice. Meanwhile the server is told that everything in hand
    is being worked on, however long it takes. A consumer that was deleted is made again by `restore`.
    """

    def __init__(self, consumer: Consumer, handle: Handle, *, size: int = 500) -> None:
        self.consumer = consumer
        self._handle = handle
        self._size = size
        self._trouble: str | None = "not consuming yet"
        self._log = structlog.get_logger().bind(consumer=consumer.name, stream=consumer.stream)

    async def check(self) -> str | None:
        """A readiness check: None while batches are taken in and handled, otherwise what is wrong."""
        return self._trouble

    async def run(self, connection: Client, restore: Restore) -> None:
        """Take in batches until cancelled."""
        pauses = growing_pauses()
        while True:
            try:
                await restore(connection, self.consumer)
                async with Pull(connection, self.consumer, self._size) as pull:
                    self._trouble, pauses = None, growing_pauses()
                    await self._drain(pull)
            except Exception as error:
                pause = next(pauses)
                self._trouble = f"{error or type(error).__name__}: is NATS up, and has 'luodi provision' run?"
                known = isinstance(error, (ConsumerLost, NatsError, OSError))
                self._log.warning("not consuming, trying again", reason=self._trouble, pause=pause, exc_info=not known)
                await asyncio.sleep(pause)

    async def _drain(self, pull: Pull) -> None:
        batch: list[Msg] = []
        keeping = asyncio.create_task(self._keep(lambda: (*batch, *pull.waiting)))
        try:
            while True:
                batch = await pull.batch()
                await self._until_handled(batch)
                for message in batch:
                    await message.ack()
                batch = []
        finally:
            keeping.cancel()
            # Whoever comes next gets them at once instead of after the server's patience.
            with contextlib.suppress(NatsError):
                for message in (*batch, *pull.waiting):
                    await message.nak()

    async def _until_handled(self, batch: Sequence[Msg]) -> None:
        for pause in growing_pauses():
            try:
                await self._handle(batch)
            except Exception as error:
                self._trouble = f"a batch cannot be handled: {error or type(error).__name__}"
                self._log.exception("batch failed, trying again", size=len(batch), pause=pause)
            else:
                self._trouble = None
                return
            await asyncio.sleep(pause)

    async def _keep(self, in_hand: Callable[[], Sequence[Msg]]) -> None:
        """Tell the server, in time, that what is in hand is being worked on."""
        while True:
            await asyncio.sleep(self.consumer.ack_wait / 3)
            with contextlib.suppress(NatsError):
                for message in in_hand():
                    await message.in_progress()


def growing_pauses() -> Iterator[float]:
    """Seconds between attempts: 0.1, doubling up to 5."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, 5.0)
