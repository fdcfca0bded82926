"""Messages of a JetStream consumer as they arrive: overlapping pull requests, delivered to a callback."""

import asyncio
import contextlib
import time
from collections import deque
from types import TracebackType
from typing import Final, Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.subjects import Consumer

# For so long messages may go to a process that is suspended, until the server does not hear from it any more.
_EXPIRES_SECONDS: Final = 10.0
_LEAVING_SECONDS: Final = 2.0
_HEARTBEAT_SECONDS: Final = 1.0
_MISSED_SECONDS: Final = 2.5 * _HEARTBEAT_SECONDS
# Of one request: however large its messages are, they have to find room in memory.
_MOST_BYTES: Final = 16 * 1024 * 1024
_NANOSECONDS: Final = 1_000_000_000
_HEARTBEAT: Final = "100"
_EXPIRED: Final = "408"
# What ends a request and nothing more: it was served, it expired, or another server will answer the next one.
_REQUEST_ENDED: Final = ("404", _EXPIRED, "409")
# Unless it says one of these: the next request would be answered in the same way, at once and for ever.
_FOR_GOOD: Final = ("Consumer Deleted", "Consumer is push based", "Exceeded ")


class ConsumerLost(Exception):  # noqa: N818 - what happened, not an error of ours
    """The consumer is gone, or nobody answers for it."""


class Pull:
    """What a consumer has, batch by batch; one reader at a time. Enter it with `async with`.

    The server is always asked for the next messages before the last ones are used up. A request that the server forgot,
    because it restarted or the connection broke, is noticed by its missing heartbeats and made again. What was not
    taken out of a batch by the end goes back to the server, for whoever asks next. Messages of a partition have the
    subject under which they were published.
    """

    def __init__(self, connection: Client, consumer: Consumer, size: int) -> None:
        self._connection = connection
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        self._consumer = consumer
        self._size = size
        self._inbox = connection.new_inbox()
        self._arrived: deque[Msg] = deque()
        self._handed: deque[Msg] = deque()
        self._owed: dict[str, int] = {}
        self._requests = 0
        self._reconnects = _reconnects(connection)
        self._heard = time.monotonic()
        self._unanswered: float | None = None
        self._answered = False
        self._lost: str | None = None
        self._news = asyncio.Event()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._connection.subscribe(f"{self._inbox}.*", cb=self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leaving, until = asyncio.create_task(self._leave()), time.monotonic() + _LEAVING_SECONDS
        # Cancelled as well, it would break the connection: the client cannot take the answer to a flush given up.
        while not leaving.done() and time.monotonic() < until:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({leaving}, timeout=_LEAVING_SECONDS)

    @property
    def waiting(self) -> tuple[Msg, ...]:
        """Messages that have arrived and that nobody has taken."""
        return (*self._handed, *self._arrived)

    @property
    def answered(self) -> bool:
        """Whether the server has sent a message or a heartbeat, so that the consumer is known to be served."""
        return self._answered

    @property
    def trouble(self) -> str | None:
        """None while the server answers what it is asked, otherwise a sentence."""
        if self._unanswered is None or time.monotonic() - self._unanswered <= _MISSED_SECONDS:
            return None
        return f"consumer {self._consumer.name} of stream {self._consumer.stream}: NATS has stopped answering for it"

    async def batch(self) -> deque[Msg]:
        """At least one message, at most `size`: whatever has arrived. Raises ConsumerLost.

        Take messages out of it as they come into other hands: what is in it still counts as waiting.
        """
        while not self._arrived:
            await self._ask()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_SECONDS):
                    await self._news.wait()
            if self._lost is not None:
                raise ConsumerLost(self._lost)
            if time.monotonic() - self._heard > _MISSED_SECONDS:
                self._owed.clear()
        self._handed = deque(self._arrived.popleft() for _ in range(min(self._size, len(self._arrived))))
        await self._ask()
        return self._handed

    async def _leave(self) -> None:
        with contextlib.suppress(NatsError, TimeoutError):
            if self._subscription is not None and self._connection.is_connected:
                # What is on its way has to arrive, or nobody could give it back.
                await self._subscription.drain()  # type: ignore[no-untyped-call] # the client's, which returns None
            elif self._subscription is not None:
                # A connection that is down forgets the subscription by itself, and the server what it had sent.
                await self._subscription.unsubscribe()
            for message in self.waiting:
                await message.nak()

    async def _ask(self) -> None:
        """Have up to two batches on their way or here, and ask anew when one of them is used up."""
        if not self._connection.is_connected:
            # Kept by the client, a request made now would go out beside those that are made once the server is back.
            return
        if self._reconnects != _reconnects(self._connection):
            self._reconnects = _reconnects(self._connection)
            self._owed.clear()
        room = 2 * self._size - len(self._arrived) - sum(self._owed.values())
        if room < self._size:
            return
        self._requests += 1
        token = str(self._requests)
        if not self._owed:
            self._heard = time.monotonic()
        self._unanswered = self._unanswered or time.monotonic()
        self._owed[token] = room
        request = {
            "batch": room,
            # A message that is larger than the whole request would never come.
            "max_bytes": max(_MOST_BYTES, 2 * self._connection.max_payload),
            "expires": int(_EXPIRES_SECONDS * _NANOSECONDS),
            "idle_heartbeat": int(_HEARTBEAT_SECONDS * _NANOSECONDS),
        }
        await self._connection.publish(self._next, orjson.dumps(request), reply=f"{self._inbox}.{token}")

    async def _hear(self, message: Msg) -> None:
        status = message.headers.get("Status") if message.headers and not message.reply else None
        if status not in (None, _HEARTBEAT):
            self._end(message.subject.rpartition(".")[2], str(status), (message.headers or {}).get("Description", ""))
            return
        self._heard, self._unanswered, self._answered = time.monotonic(), None, True
        if status is None:
            if self._consumer.part is not None:
                message.subject = message.subject.partition(".")[2]
            self._arrived.append(message)
            self._settle()
            self._news.set()

    def _settle(self) -> None:
        # A message does not say which request it answers; the server serves the oldest first.
        for token, owed in self._owed.items():
            if owed > 1:
                self._owed[token] = owed - 1
            else:
                del self._owed[token]
            return

    def _end(self, token: str, status: str, description: str) -> None:
        self._owed.pop(token, None)
        if status not in _REQUEST_ENDED or description.startswith(_FOR_GOOD):
            what = description or ("nobody answers" if status == "503" else f"status {status}")
            self._lost = f"consumer {self._consumer.name} of stream {self._consumer.stream}: {what}"
        # Any other end comes when the server changes: to ask again at once would be answered in the same way.
        if status == _EXPIRED or self._lost is not None:
            self._news.set()


def _reconnects(connection: Client) -> int:
    return int(connection.stats["reconnects"])
