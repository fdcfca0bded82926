"""Sends events from a file as a department would, and waits for what the ledger says to each."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import PubAck

from shared.bus import behind_sequence
from shared.envelope import Event, Refusal, judge
from shared.streams import connect
from shared.subjects import LEDGER_OF_EVENTS, event_subject, refusal_subject

_WINDOW = 200
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not on record, with the refusal's code and sentence; `sent` when the ledger refused it."""

    line: int
    code: str
    reason: str
    sent: bool


@dataclass(slots=True)
class Outcome:
    """What became of a file; `unanswered` events are stored on the bus, but the ledger has not judged them yet."""

    published: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    unanswered: int = 0


def read_line(line: bytes) -> tuple[str, Event] | Refusal:
    """The NATS subject on which a line's event belongs, and the event; or why it cannot be published."""
    try:
        envelope = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Refusal("not-json", f"the line is not JSON: {error}")
    try:
        district, unit = str(envelope["source"]).strip("/").split("/")
        name = str(envelope["type"]).removeprefix("luodi.").rpartition(".")[0]
        subject = event_subject(district, unit, str(envelope["subject"]), name)
    except (ValueError, KeyError, TypeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        return Refusal("not-cloudevent", f"cannot tell whose event this is: {missing}")
    verdict = judge(subject, line)
    return verdict if isinstance(verdict, Refusal) else (subject, verdict)


async def publish_lines(
    nats_url: str, lines: Iterable[bytes], *, seconds: float, progress: Callable[[int, int], None]
) -> Outcome:
    """Publish each line's event in order, then wait up to `seconds` for the ledger to take all of them in.

    `progress(published, judged)` is called as both grow. Lines that cannot be events are refused here and not sent.
    Raises OSError or a NATS error when the server is away; what was published by then stays published, and publishing
    the file again is safe.
    """
    outcome = Outcome()
    events: list[tuple[int, str, Event, bytes]] = []
    for number, line in enumerate(lines, 1):
        read = read_line(line) if line.strip() else None
        if isinstance(read, Refusal):
            outcome.refused.append(RefusedLine(number, read.code, read.reason, sent=False))
        elif read is not None:
            events.append((number, *read, line.strip()))
    async with _connection(nats_url) as connection:
        refusals = await _listen(connection, {(event.district, event.unit) for _, _, event, _ in events})
        sent = await _send(connection, events, outcome, progress)
        if sent:
            outcome.unanswered = await _wait(connection, max(sent), seconds, len(sent), progress)
            outcome.refused += [
                RefusedLine(sent[said["stream_sequence"]], said["code"], said["reason"], sent=True)
                for said in refusals
                if said["stream_sequence"] in sent
            ]
    outcome.refused.sort(key=lambda refused: refused.line)
    return outcome


@contextlib.asynccontextmanager
async def _connection(nats_url: str) -> AsyncIterator[Client]:
    connection = await connect(nats_url, "luodi-publish")
    try:
        yield connection
    finally:
        await connection.close()


async def _listen(connection: Client, units: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Refusals of these (district, unit) as they are told, from now on: a department may hear its own only.

    The ledger tells before it acknowledges, so none is missed.
    """
    heard: list[dict[str, Any]] = []

    async def hear(message: Msg) -> None:
        heard.append(orjson.loads(message.data))

    for district, unit in units:
        await connection.subscribe(refusal_subject(district, unit), cb=hear)
    await connection.flush()
    return heard


async def _send(
    connection: Client,
    events: Sequence[tuple[int, str, Event, bytes]],
    outcome: Outcome,
    progress: Callable[[int, int], None],
) -> dict[int, int]:
    """Publish in order; returns stream sequence → line number."""
    stream = connection.jetstream(timeout=10)
    sent: dict[int, int] = {}
    waiting: list[tuple[int, asyncio.Future[PubAck]]] = []

    async def settle() -> None:
        for number, stored in waiting:
            sent[(await asyncio.wait_for(stored, 10)).seq] = number
        waiting.clear()
        outcome.published = len(sent)
        progress(len(sent), 0)

    for number, subject, _, payload in events:
        waiting.append((number, await stream.publish_async(subject, payload)))
        if len(waiting) >= _WINDOW:
            await settle()
    await settle()
    return sent


async def _wait(connection: Client, last: int, seconds: float, total: int, progress: Callable[[int, int], None]) -> int:
    """Wait until the ledger has taken in everything up to a sequence; returns how many it has not."""
    stream = connection.jetstream(timeout=5)
    left = total
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while left := min(total, await behind_sequence(stream, LEDGER_OF_EVENTS, last)):
                progress(total, total - left)
                await asyncio.sleep(_POLL_SECONDS)
    progress(total, total - left)
    return left
