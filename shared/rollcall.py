"""Processes that read one partitioned consumer tell each other that they are there, and share its partitions.

Nothing that is recorded depends on it: two processes that read the same partition only wait for each other.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, TypeVar
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.subjects import Consumer, roll_call

NEW, HERE, STILL_HERE, GONE = b"new", b"here", b"still here", b"gone"
"""What is said: at first, in answer to that, from time to time, and at last."""

_EVERY_SECONDS: Final = 1.0
_ABSENT_AFTER: Final = 4
_ANSWER_SECONDS: Final = 0.3

T = TypeVar("T")


class Attendance:
    """Who is there, as `me` hears it.

    Absent is who said nothing while our own regular words came back to us several times. Time does not tell: of a
    process that is busy, or cut off, everybody would be absent, though their words are on the way to it.
    """

    def __init__(self, me: str) -> None:
        self._me = me
        self._silent_for: dict[str, int] = {}

    def hear(self, who: str, said: bytes) -> None:
        """Somebody's word, perhaps our own, in the order in which the server passed them on."""
        if who != self._me:
            self._silent_for[who] = 0
            if said == GONE:
                del self._silent_for[who]
        elif said == STILL_HERE:
            self._silent_for = {
                other: times + 1 for other, times in self._silent_for.items() if times + 1 < _ABSENT_AFTER
            }

    def members(self) -> list[str]:
        """Everybody, in an order that all agree on."""
        return sorted({self._me, *self._silent_for})


class RollCall:
    """The processes that read `consumer`, as this one hears of them."""

    def __init__(self, connection: Client, consumer: Consumer) -> None:
        self._connection = connection
        self._subject = roll_call(consumer)
        self._me = uuid4().hex
        self._attendance = Attendance(self._me)
        self._sharing: list[str] = []
        self._subscribed = False
        self._news = asyncio.Event()

    async def join(self) -> None:
        """Hear of the others, and let them hear of this one. Raises a NATS error."""
        if not self._subscribed:
            await self._connection.subscribe(f"{self._subject}.*", cb=self._hear)
            self._subscribed = True
        await self._say(NEW)
        await asyncio.sleep(_ANSWER_SECONDS)

    def share(self, things: Sequence[T]) -> tuple[T, ...]:
        """Those of the things that are this process's, when all share them evenly."""
        self._sharing = self._attendance.members()
        return tuple(things[self._sharing.index(self._me) :: len(self._sharing)])

    async def stay(self) -> None:
        """Let the others hear of this one; returns when somebody came or went since `share`."""
        try:
            while self._attendance.members() == self._sharing:
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY_SECONDS):
                        await self._news.wait()
                await self._say(STILL_HERE)
        except asyncio.CancelledError:
            with contextlib.suppress(NatsError):
                await self._say(GONE)
            raise

    async def _say(self, what: bytes) -> None:
        # Kept by the client while the server is away, it would be said long after it was true.
        if self._connection.is_connected:
            await self._connection.publish(f"{self._subject}.{self._me}", what)

    async def _hear(self, message: Msg) -> None:
        who = message.subject.rpartition(".")[2]
        self._attendance.hear(who, message.data)
        if message.data == NEW and who != self._me:
            await self._say(HERE)
        if self._attendance.members() != self._sharing:
            self._news.set()
