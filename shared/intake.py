"""Hands what arrives on a consumer to a handler, batch by batch, and acknowledges what was handled."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from itertools import chain

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.pull import ConsumerLost, Pull
from shared.subjects import Consumer

Handle = Callable[[Sequence[Msg]], Awaitable[None]]
Restore = Callable[[Client, Consumer], Awaitable[None]]
Key = Callable[[str], Hashable]


class Intake:
    """The batches of one consumer.

    A batch is acknowledged when `handle` returns. While `handle` raises, the same batch is tried again in place, with
    growing pauses: order is kept, and nothing is handed out twice. Meanwhile the server is told that everything in hand
    is being worked on, however long it takes. A consumer that was deleted is made again by `restore`.

    With several `lanes`, as many batches are handled at once. Messages whose subjects have the same `key` go into the
    same lane, so that the order among them is kept and no two batches touch the same thing.
    """

    def __init__(
        self, consumer: Consumer, handle: Handle, *, size: int = 500, lanes: int = 1, key: Key = lambda subject: None
    ) -> None:
        self.consumer = consumer
        self._size = size
        self._key = key
        self._log = structlog.get_logger().bind(consumer=consumer.name, stream=consumer.stream)
        self._lanes = [_Lane(handle, size, self._log) for _ in range(lanes)]
        self._trouble: str | None = "not consuming yet"

    async def check(self) -> str | None:
        """A readiness check: None while batches are taken in and handled, otherwise what is wrong."""
        return self._trouble or next((lane.trouble for lane in self._lanes if lane.trouble), None)

    async def run(self, connection: Client, restore: Restore) -> None:
        """Take in batches until cancelled."""
        pauses = growing_pauses()
        while True:
            try:
                await restore(connection, self.consumer)
                pull = Pull(connection, self.consumer, self._size * len(self._lanes))
                try:
                    async with pull:
                        self._trouble, pauses = None, growing_pauses()
                        await self._drain(pull)
                finally:
                    await self._give_back(pull)
            except Exception as error:
                pause = next(pauses)
                self._trouble = f"{error or type(error).__name__}: is NATS up, and has 'luodi provision' run?"
                known = isinstance(error, (ConsumerLost, NatsError, OSError))
                self._log.warning("not consuming, trying again", reason=self._trouble, pause=pause, exc_info=not known)
                await asyncio.sleep(pause)

    async def _drain(self, pull: Pull) -> None:
        tasks = [asyncio.create_task(part) for part in (*(lane.run() for lane in self._lanes), self._keep(pull))]
        try:
            while True:
                for message in await pull.batch():
                    lane = self._lanes[hash(self._key(message.subject)) % len(self._lanes)]
                    await lane.take(message)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, pull: Pull) -> None:
        """Tell the server, in time, that what is in hand is being worked on."""
        while True:
            await asyncio.sleep(self.consumer.ack_wait / 3)
            with contextlib.suppress(NatsError):
                for message in self._in_hand(pull):
                    await message.in_progress()

    async def _give_back(self, pull: Pull) -> None:
        """Let whoever comes next have what is in hand at once; after the pull has ended, or it would come back here."""
        with contextlib.suppress(NatsError):
            for message in self._in_hand(pull):
                await message.nak()
        for lane in self._lanes:
            lane.forget()

    def _in_hand(self, pull: Pull) -> list[Msg]:
        return [*chain(*(lane.in_hand for lane in self._lanes)), *pull.waiting]


class _Lane:
    """One batch after the other: whatever has arrived while the one before was handled."""

    def __init__(self, handle: Handle, size: int, log: structlog.typing.FilteringBoundLogger) -> None:
        self.trouble: str | None = None
        self._handle = handle
        self._size = size
        self._log = log
        self._waiting: deque[Msg] = deque()
        self._batch: list[Msg] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def in_hand(self) -> list[Msg]:
        return [*self._batch, *self._waiting]

    async def take(self, message: Msg) -> None:
        while len(self._waiting) >= 2 * self._size:
            self._room.clear()
            await self._room.wait()
        self._waiting.append(message)
        self._arrived.set()

    async def run(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            self._batch = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
            self._room.set()
            await self._until_handled()
            for message in self._batch:
                await message.ack()
            self._batch = []

    def forget(self) -> None:
        self._waiting.clear()
        self._batch = []

    async def _until_handled(self) -> None:
        for pause in growing_pauses():
            try:
                await self._handle(self._batch)
            except Exception as error:
                self.trouble = f"a batch cannot be handled: {error or type(error).__name__}"
                self._log.exception("batch failed, trying again", size=len(self._batch), pause=pause)
            else:
                self.trouble = None
                return
            await asyncio.sleep(pause)


def growing_pauses() -> Iterator[float]:
    """Seconds between attempts: 0.1, doubling up to 5."""
    pause = 0.1
    while True:
        yield pause
        pause = min(pause * 2, 5.0)
