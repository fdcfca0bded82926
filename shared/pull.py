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

from shared.subjects import Consumer

_EXPIRES_SECONDS: Final = 30.0
_HEARTBEAT_SECONDS: Final = 1.0
_MISSED_SECONDS: Final = 2.5 * _HEARTBEAT_SECONDS
_NANOSECONDS: Final = 1_000_000_000
# What ends a request and nothing more: it was served, it expired, or another server will answer the next one.
_REQUEST_ENDED: Final = ("404", "408", "409")
_CONSUMER_ENDED: Final = ("Consumer Deleted", "Consumer is push based")


class ConsumerLost(Exception):  # noqa: N818 - what happened, not an error of ours
    """The consumer is gone, or nobody answers for it."""


class Pull:
    """What a consumer has, batch by batch; one reader at a time. Enter it with `async with`.

    The server is always asked for the next messages before the last ones are used up. A request that the server forgot,
    because it restarted or the connection broke, is noticed by its missing heartbeats and made again.
    """

    def __init__(self, connection: Client, consumer: Consumer, size: int) -> None:
        self._connection = connection
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        self._consumer = consumer
        self._size = size
        self._inbox = connection.new_inbox()
        self._arrived: deque[Msg] = deque()
        self._owed: dict[str, int] = {}
        self._requests = 0
        self._heard = time.monotonic()
        self._lost: str | None = None
        self._news = asyncio.Event()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._connection.subscribe(f"{self._inbox}.*", cb=self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A connection that is down forgets the subscription by itself.
        with contextlib.suppress(Exception):
            if self._subscription is not None:
                await self._subscription.unsubscribe()

    @property
    def waiting(self) -> tuple[Msg, ...]:
        """Messages that have arrived and are not handed out yet."""
        return tuple(self._arrived)

    async def batch(self) -> list[Msg]:
        """At least one message, at most `size`: whatever has arrived. Raises ConsumerLost."""
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
        taken = [self._arrived.popleft() for _ in range(min(self._size, len(self._arrived)))]
        await self._ask()
        return taken

    async def _ask(self) -> None:
        """Have up to two batches on their way or here, and ask anew when one of them is used up."""
        room = 2 * self._size - len(self._arrived) - sum(self._owed.values())
        if room < self._size:
            return
        self._requests += 1
        token = str(self._requests)
        if not self._owed:
            self._heard = time.monotonic()
        self._owed[token] = room
        request = {
            "batch": room,
            "expires": int(_EXPIRES_SECONDS * _NANOSECONDS),
            "idle_heartbeat": int(_HEARTBEAT_SECONDS * _NANOSECONDS),
        }
        await self._connection.publish(self._next, orjson.dumps(request), reply=f"{self._inbox}.{token}")

    async def _hear(self, message: Msg) -> None:
        self._heard = time.monotonic()
        status = message.headers.get("Status") if message.headers and not message.reply else None
        if status is None:
            self._arrived.append(message)
            self._settle()
        elif status != "100":
            self._end(message.subject.rpartition(".")[2], status, (message.headers or {}).get("Description", ""))
        else:
            return
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
        if status not in _REQUEST_ENDED or description in _CONSUMER_ENDED:
            what = description or ("nobody answers" if status == "503" else f"status {status}")
            self._lost = f"consumer {self._consumer.name} of stream {self._consumer.stream}: {what}"
