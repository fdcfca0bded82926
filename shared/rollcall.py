"""Processes that read one partitioned consumer tell each other that they are there, and share its partitions.

Nothing that is recorded depends on it: two processes that read the same partition only wait for each other.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final, TypeVar
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.subjects import Consumer, roll_call

_EVERY_SECONDS: Final = 1.0
_ABSENT_SECONDS: Final = 4 * _EVERY_SECONDS
_ANSWER_SECONDS: Final = 0.3
_NEW, _HERE, _GONE = b"new", b"here", b"gone"

T = TypeVar("T")


class RollCall:
    """The processes that read `consumer`, as this one hears of them."""

    def __init__(self, connection: Client, consumer: Consumer) -> None:
        self._connection = connection
        self._subject = roll_call(consumer)
        self._me = uuid4().hex
        self._heard: dict[str, float] = {}
        self._sharing: list[str] = []
        self._subscribed = False
        self._news = asyncio.Event()

    async def join(self) -> None:
        """Hear of the others, and let them hear of this one. Raises a NATS error."""
        if not self._subscribed:
            await self._connection.subscribe(f"{self._subject}.*", cb=self._hear)
            self._subscribed = True
        await self._say(_NEW)
        await asyncio.sleep(_ANSWER_SECONDS)

    def share(self, things: Sequence[T]) -> tuple[T, ...]:
        """Those of the things that are this process's, when all share them evenly."""
        self._sharing = self._members()
        return tuple(things[self._sharing.index(self._me) :: len(self._sharing)])

    async def stay(self) -> None:
        """Let the others hear of this one; returns when somebody came or went since `share`."""
        try:
            while self._members() == self._sharing:
                await self._say(_HERE)
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY_SECONDS):
                        await self._news.wait()
                if not self._connection.is_connected:
                    # Nobody can be heard: that says nothing about the others.
                    self._heard = dict.fromkeys(self._heard, time.monotonic())
        except asyncio.CancelledError:
            with contextlib.suppress(NatsError):
                await self._say(_GONE)
            raise

    def _members(self) -> list[str]:
        since = time.monotonic() - _ABSENT_SECONDS
        return sorted({self._me, *(who for who, heard in self._heard.items() if heard > since)})

    async def _say(self, what: bytes) -> None:
        # Kept by the client while the server is away, it would be said long after it was true.
        if self._connection.is_connected:
            await self._connection.publish(f"{self._subject}.{self._me}", what)

    async def _hear(self, message: Msg) -> None:
        who = message.subject.rpartition(".")[2]
        if who == self._me:
            return
        known = who in self._members()
        if message.data == _GONE:
            self._heard.pop(who, None)
        else:
            self._heard[who] = time.monotonic()
        if message.data == _NEW:
            await self._say(_HERE)
        if known != (who in self._heard):
            self._news.set()
