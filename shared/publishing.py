"""Publishes messages to JetStream, and returns when they are stored."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby, islice
from uuid import uuid4

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.subjects import STREAMS

_STORED_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_NO_STREAM = {"description": "no stream takes it: has 'luodi provision' run?"}
_PART = 500
_WORTH_A_BATCH = 10
_ATOMIC = frozenset(stream.subjects[0].partition(".")[0] for stream in STREAMS if stream.atomic)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish and have stored; `message_id` lets the stream drop a repetition of it."""

    subject: str
    payload: bytes
    message_id: str | None = None


class NotStored(NatsError):  # noqa: N818 - what happened, not an error of ours
    """NATS has not said that a message is stored; it may be all the same."""


class Publisher:
    """Publishes in order, and returns when the server has stored every message.

    Raises when one was not stored; that never means that none was: the caller publishes all again.
    """

    def __init__(self, connection: Client) -> None:
        self._connection = connection
        self._inbox = connection.new_inbox()
        self._heard: dict[str, asyncio.Future[None]] = {}
        self._listening = False
        self._numbers = count()

    async def __call__(self, messages: Iterable[Outgoing]) -> None:
        for kind, run in groupby(messages, key=lambda one: (one.message_id is None, one.subject.partition(".")[0])):
            for part in _parts(run, _PART):
                # One write to disk for all of them instead of one each; for a few it is not worth its ceremony. A
                # message with an id goes by itself: one that is known already would have its whole batch refused.
                if kind[0] and kind[1] in _ATOMIC and len(part) >= _WORTH_A_BATCH:
                    await self._publish_atomically(part)
                else:
                    await self._publish_each(part)

    async def _publish_each(self, messages: Sequence[Outgoing]) -> None:
        async with self._stored() as stored:
            for message in messages:
                headers = {"Nats-Msg-Id": message.message_id} if message.message_id else None
                await self._publish(message, headers, self._expect(stored))

    async def _publish_atomically(self, messages: Sequence[Outgoing]) -> None:
        batch = uuid4().hex
        *most, last = (
            (message, {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(place)})
            for place, message in enumerate(messages, 1)
        )
        async with self._stored() as stored:
            for message, headers in most:
                await self._publish(message, headers)
            message, headers = last
            await self._publish(message, headers | {"Nats-Batch-Commit": "1"}, self._expect(stored))

    async def _publish(self, message: Outgoing, headers: dict[str, str] | None, reply: str = "") -> None:
        await self._connection.publish(message.subject, message.payload, reply, headers)

    def _expect(self, stored: dict[str, asyncio.Future[None]]) -> str:
        # A reply subject of our own: what the client's publish_async is told of an error never reaches its caller.
        reply = f"{self._inbox}.{next(self._numbers)}"
        stored[reply] = self._heard[reply] = asyncio.get_running_loop().create_future()
        return reply

    async def _hear(self, message: Msg) -> None:
        answer = self._heard.pop(message.subject, None)
        if answer is None or answer.done():
            return
        # Without content: nobody is there who would answer.
        error = orjson.loads(message.data).get("error") if message.data else _NO_STREAM
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(NotStored(f"NATS has not stored a message: {error['description']}"))

    @contextlib.asynccontextmanager
    async def _stored(self) -> AsyncIterator[dict[str, asyncio.Future[None]]]:
        """Waits for what is put in, by its reply subject, as long as the connection lasts: no answer outlives it."""
        if not self._connection.is_connected:
            # Kept by the client, messages would be sent when the server is back, perhaps after later ones of others.
            raise NotStored("there is no connection to NATS")
        if not self._listening:
            await self._connection.subscribe(f"{self._inbox}.*", cb=self._hear)
            self._listening = True
        connections, stored = self._connection.stats["reconnects"], dict[str, asyncio.Future[None]]()
        try:
            yield stored
            waiting = set(stored.values())
            async with asyncio.timeout(_STORED_SECONDS):
                while waiting:
                    _, waiting = await asyncio.wait(waiting, timeout=_LOOK_SECONDS)
                    if waiting and connections != self._connection.stats["reconnects"]:
                        raise NotStored("the connection to NATS was lost before it had stored all messages")
        except TimeoutError:
            raise NotStored(f"NATS has not stored all messages within {_STORED_SECONDS:.0f} seconds") from None
        finally:
            for reply, one in stored.items():
                one.cancel()
                self._heard.pop(reply, None)
        errors = [error for one in stored.values() if (error := one.exception()) is not None]
        if errors:
            raise errors[0]


async def publish_all(connection: Client, messages: Iterable[Outgoing]) -> None:
    """Publish once on a connection that has no `Publisher` yet."""
    await Publisher(connection)(messages)


def _parts(messages: Iterable[Outgoing], size: int) -> Iterator[tuple[Outgoing, ...]]:
    rest = iter(messages)
    while part := tuple(islice(rest, size)):
        yield part
