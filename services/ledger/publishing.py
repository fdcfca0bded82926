"""Sends events from a file as a department would, and waits for what the ledger says to each."""

import asyncio
import contextlib
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import PubAck

from shared.envelope import Event, Refusal, judge
from shared.partitions import behind_sequence
from shared.streams import connect
from shared.subjects import LEDGER_OF_EVENTS, event_subject, refusal_subject
from shared.tasks import end

_WINDOW = 200
_POLL_SECONDS = 0.1
LISTENING_SECONDS: Final = 3.0
"""How long refusals are listened for when the ledger may not be asked how far it is."""
# The client puts what the server says into lower case.
_DENIED: Final = re.compile(r'permissions violation for (?:publish|subscription) to "([^"]+)"')


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not on record, with the refusal's code and sentence; `sent` when it was stored on the bus."""

    line: int
    code: str
    reason: str
    sent: bool


@dataclass(slots=True)
class Outcome:
    """What became of a file; of `unanswered` events, stored on the bus, the ledger's judgement is not known.

    `unheard` is what the server does not let this user know, for which reason it is not known.
    """

    published: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    unanswered: int = 0
    unheard: Sequence[str] = ()


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
    units = {(event.district, event.unit) for _, _, event, _ in events}
    denials = _Denials()
    async with _connection(nats_url, denials) as connection:
        refusals = await _listen(connection, units)
        sent = await _send(connection, events, denials, outcome, progress)
        if sent:
            outcome.unanswered = await _wait(connection, sent, seconds, denials, progress)
            outcome.refused += [
                RefusedLine(sent[said["stream_sequence"]], said["code"], said["reason"], sent=True)
                for said in refusals
                if said["stream_sequence"] in sent
            ]
        if outcome.published and denials.unheard:
            outcome.unheard = sorted(denials.unheard)
            outcome.unanswered = outcome.published - sum(one.sent for one in outcome.refused)
    outcome.refused.sort(key=lambda refused: refused.line)
    return outcome


class _Denials:
    """What the server says that this user may not do; a message that it turns away gets no other answer."""

    def __init__(self) -> None:
        self.unheard: set[str] = set()
        self.may_not_ask = asyncio.Event()
        self._waiting: dict[str, list[asyncio.Future[PubAck]]] = defaultdict(list)

    def expect(self, subject: str, stored: asyncio.Future[PubAck]) -> None:
        """Let this wait for its answer fail when the subject is denied."""
        self._waiting[subject.lower()].append(stored)

    def forget(self) -> None:
        """All that waited have their answers."""
        self._waiting.clear()

    async def hear(self, error: Exception) -> None:
        """What the connection hears from the server."""
        if not (denied := _DENIED.search(str(error))):
            return
        subject = denied[1]
        for stored in self._waiting.pop(subject, ()):
            if not stored.done():
                stored.set_exception(PermissionError(subject))
        if subject.startswith("$js.api."):
            self.unheard.add("how far the ledger is")
            self.may_not_ask.set()
        elif subject.startswith("refusals."):
            self.unheard.add(f"what is told on {subject}")


@contextlib.asynccontextmanager
async def _connection(nats_url: str, denials: _Denials) -> AsyncIterator[Client]:
    connection = await connect(nats_url, "luodi-publish", heard=denials.hear)
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
    denials: _Denials,
    outcome: Outcome,
    progress: Callable[[int, int], None],
) -> dict[int, int]:
    """Publish in order; returns stream sequence → line number."""
    stream = connection.jetstream(timeout=10)
    sent: dict[int, int] = {}
    waiting: list[tuple[int, str, asyncio.Future[PubAck]]] = []

    async def settle() -> None:
        for number, subject, stored in waiting:
            try:
                sent[(await asyncio.wait_for(stored, 10)).seq] = number
            except PermissionError:
                said = f"the server does not let this user publish to {subject}"
                outcome.refused.append(RefusedLine(number, "not-allowed", said, sent=False))
        waiting.clear()
        denials.forget()
        outcome.published = len(sent)
        progress(len(sent), 0)

    for number, subject, _, payload in events:
        stored = await stream.publish_async(subject, payload)
        denials.expect(subject, stored)
        waiting.append((number, subject, stored))
        if len(waiting) >= _WINDOW:
            await settle()
    await settle()
    return sent


async def _wait(
    connection: Client,
    sent: Mapping[int, int],
    seconds: float,
    denials: _Denials,
    progress: Callable[[int, int], None],
) -> int:
    """Wait until the ledger has taken in everything that was sent; returns how many it has not.

    When it may not be asked that, listen a little for refusals.
    """
    stream = connection.jetstream(timeout=5)
    last, total = max(sent), len(sent)
    left = total

    async def ask() -> None:
        nonlocal left
        while left := min(total, await behind_sequence(stream, LEDGER_OF_EVENTS, last)):
            progress(total, total - left)
            await asyncio.sleep(_POLL_SECONDS)

    asking = asyncio.create_task(ask())
    denied = asyncio.create_task(_listening(denials.may_not_ask))
    done, _ = await asyncio.wait({asking, denied}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    await end([asking, denied])
    if asking in done:
        with contextlib.suppress(TimeoutError):
            asking.result()
    progress(total, total - left)
    return left


async def _listening(denied: asyncio.Event) -> None:
    await denied.wait()
    await asyncio.sleep(LISTENING_SECONDS)
