"""Hands what arrives on a consumer to a handler, batch by batch, and acknowledges what was handled."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from itertools import chain
from typing import Final, Protocol

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.delivery import delivered_again, stream_sequence
from shared.pull import ConsumerLost, Pull
from shared.subjects import Consumer
from shared.tasks import growing_pauses, together

Handle = Callable[[Sequence[Msg]], Awaitable[None]]
Key = Callable[[str], Hashable]

SLOW_SECONDS = 15.0
"""A batch that takes longer is told of by the readiness check."""

MOST_BYTES = 8 * 1024 * 1024
"""Of the messages of one batch: many large ones must find room in memory, too. The last may go beyond it."""

# Then another process may try what this one cannot do.
_GIVE_BACK_SECONDS: Final = 30.0
# What has not come back by then, another process has taken.
_TAKEN_SECONDS: Final = 5.0


class Readers(Protocol):
    """Where the consumers behind a consumer of the table are found; `shared.partitions.Readers`."""

    async def find(self, consumer: Consumer) -> tuple[Consumer, ...]:
        """Those to read, with the `ack_wait` that the server gives them."""

    async def stay(self) -> None:
        """Returns when others than those that `find` returned are to be read."""

    async def withheld(self, consumer: Consumer) -> str | None:
        """None when nothing is kept from them, otherwise a sentence."""


class _Moved(Exception):  # noqa: N818 - what happened, not an error of ours
    """Others are to be read than before."""


# Servers come and go: what is said of it is a sentence, not a traceback.
_EXPECTED: Final = (ConsumerLost, NatsError, OSError)


class Intake:
    """The batches of one consumer.

    A batch is acknowledged when `handle` returns. While `handle` raises, the same batch is tried again in place, with
    growing pauses: order is kept, and nothing is handed out twice. Meanwhile the server is told that everything in hand
    is being worked on, however long it takes. A batch that failed for half a minute goes back to the server, for
    whoever asks. A consumer that was deleted is made again.

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
        self._pulls: list[Pull] = []
        self._readers: Readers | None = None
        self._doubled = asyncio.Event()
        self._trouble: str | None = "not consuming yet"

    async def check(self) -> str | None:
        """A readiness check: None while batches are taken in and handled, otherwise what is wrong."""
        troubles = (self._trouble, *(pull.trouble for pull in self._pulls), *(lane.trouble for lane in self._lanes))
        said = next((trouble for trouble in troubles if trouble), None)
        if said or self._readers is None:
            return said
        try:
            return await self._readers.withheld(self.consumer)
        except (NatsError, OSError) as error:
            return f"consumer {self.consumer.name} cannot be looked at: {str(error) or type(error).__name__}"

    async def run(self, connection: Client, readers: Readers) -> None:
        """Take in batches until cancelled."""
        self._readers, pauses = readers, growing_pauses()
        while True:
            try:
                await self._take_in(connection, readers)
            except _Moved:
                self._log.info("a process came or went, or a consumer was changed: looking for what to read now")
            except Exception as error:
                if any(pull.answered for pull in self._pulls):
                    pauses = growing_pauses()
                pause = next(pauses)
                what = str(error) or type(error).__name__
                self._trouble = f"{what}: is NATS up, and has 'luodi provision' run?"
                known = isinstance(error, _EXPECTED)
                self._log.warning("not consuming, trying again", reason=self._trouble, pause=pause, exc_info=not known)
                await asyncio.sleep(pause)

    async def _take_in(self, connection: Client, readers: Readers) -> None:
        consumers = await readers.find(self.consumer)
        self._pulls = [Pull(connection, consumer, self._size * len(self._lanes)) for consumer in consumers]
        keep = self._keep(connection, min(consumer.ack_wait for consumer in consumers))
        self._trouble = None
        try:
            feeds = (self._feed(pull) for pull in self._pulls)
            await together(*(lane.run() for lane in self._lanes), *feeds, keep, _until_moved(readers))
        finally:
            await self._give_back()

    async def _feed(self, pull: Pull) -> None:
        async with pull:
            while True:
                batch = await pull.batch()
                while batch:
                    message = batch[0]
                    lane = self._lanes[hash(self._key(message.subject)) % len(self._lanes)]
                    if lane.holds(message):
                        # The server took it for forgotten.
                        self._doubled.set()
                    else:
                        await lane.room()
                        lane.put(message)
                    batch.popleft()

    async def _keep(self, connection: Client, ack_wait: float) -> None:
        """Tell the server, in time, that what is in hand is being worked on: nearly all is done long before."""
        before = set[int]()
        while True:
            # However much the server takes for forgotten, to tell of all that is in hand must not be all that is done.
            await asyncio.sleep(ack_wait / 20)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ack_wait / 5):
                    await self._doubled.wait()
            in_hand = self._in_hand()
            late = in_hand if self._doubled.is_set() else [message for message in in_hand if id(message) in before]
            self._doubled.clear()
            # Kept by the client while the server is away, this would fill its memory, and then nothing could be sent.
            if connection.is_connected:
                with contextlib.suppress(NatsError):
                    for message in late:
                        await message.in_progress()
            before = {id(message) for message in in_hand}

    async def _give_back(self) -> None:
        """Let whoever comes next have what is in hand at once; after the pulls' end, or it would come back here."""
        await _hand_back(chain(*(lane.in_hand for lane in self._lanes)))
        for lane in self._lanes:
            lane.forget()

    def _in_hand(self) -> list[Msg]:
        return [*chain(*(lane.in_hand for lane in self._lanes)), *chain(*(pull.waiting for pull in self._pulls))]


class _Lane:
    """One batch after the other: whatever has arrived while the one before was handled."""

    def __init__(self, handle: Handle, size: int, log: structlog.typing.FilteringBoundLogger) -> None:
        self._handle = handle
        self._size = size
        self._log = log
        self._waiting: deque[Msg] = deque()
        self._waiting_bytes = 0
        self._held = set[int]()
        self._batch: list[Msg] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._begun: float | None = None
        self._failed: str | None = None

    @property
    def trouble(self) -> str | None:
        if self._failed is not None or self._begun is None:
            return self._failed
        seconds = asyncio.get_running_loop().time() - self._begun
        return f"a batch has been at work for {seconds:.0f} seconds" if seconds > SLOW_SECONDS else None

    @property
    def in_hand(self) -> list[Msg]:
        return [*self._batch, *self._waiting]

    async def room(self) -> None:
        while len(self._waiting) >= 2 * self._size or self._waiting_bytes >= MOST_BYTES:
            self._room.clear()
            await self._room.wait()

    def holds(self, message: Msg) -> bool:
        """Whether it has come before and is still in hand."""
        return delivered_again(message) and stream_sequence(message) in self._held

    def put(self, message: Msg) -> None:
        self._held.add(stream_sequence(message))
        self._waiting.append(message)
        self._waiting_bytes += len(message.data)
        self._arrived.set()

    async def run(self) -> None:
        while True:
            while not self._waiting:
                await self._arrival()
            self._take()
            self._room.set()
            if await self._handled():
                for message in self._batch:
                    await message.ack()
            else:
                await _hand_back(self._batch)
            self._held.difference_update(map(stream_sequence, self._batch))
            self._batch = []

    async def _arrival(self) -> None:
        self._arrived.clear()
        try:
            async with asyncio.timeout(None if self._failed is None else _TAKEN_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            self._begun = self._failed = None

    def forget(self) -> None:
        self._begun = self._failed = None
        self._waiting.clear()
        self._waiting_bytes = 0
        self._held.clear()
        self._batch = []

    def _take(self) -> None:
        total = 0
        while self._waiting and len(self._batch) < self._size and total < MOST_BYTES:
            message = self._waiting.popleft()
            self._batch.append(message)
            total += len(message.data)
        self._waiting_bytes -= total

    async def _handled(self) -> bool:
        """Handle the batch; False when that has failed for so long that another may try."""
        loop, said = asyncio.get_running_loop(), ""
        self._begun = begun = loop.time()
        for pause in growing_pauses():
            try:
                await self._handle(self._batch)
            except Exception as error:
                self._failed = f"a batch cannot be handled: {str(error) or type(error).__name__}"
                # Where it failed is told once: an outage of hours would fill the log with the same.
                self._log.warning(
                    "batch failed, trying again",
                    size=len(self._batch),
                    pause=pause,
                    reason=self._failed,
                    exc_info=self._failed != said and not isinstance(error, _EXPECTED),
                )
                said = self._failed
            else:
                self._begun = self._failed = None
                return True
            if loop.time() - begun > _GIVE_BACK_SECONDS:
                break
            await asyncio.sleep(pause)
        return False


async def _hand_back(messages: Iterable[Msg]) -> None:
    with contextlib.suppress(NatsError):
        for message in messages:
            if not message.is_acked:
                await message.nak()


async def _until_moved(readers: Readers) -> None:
    await readers.stay()
    raise _Moved
