"""Sends events as a department does, and waits for what the ledger says to each."""

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias
from uuid import uuid4

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.envelope import Refusal, judge_alone
from shared.partitions import behind_sequence
from shared.streams import connect
from shared.subjects import LEDGER_OF_EVENTS, refusal_subject
from shared.tasks import end

Progress: TypeAlias = Callable[[int, int], None]
"""`progress(stored, judged)`, called as both grow."""

_WINDOW = 200
_POLL_SECONDS = 0.1
LISTENING_SECONDS: Final = 3.0
"""How long refusals are listened for when the ledger may not be asked how far it is."""
ANSWER_SECONDS: Final = 10.0
"""How long the bus is waited for before what it has not answered to is sent once more."""
PAUSES: Final = (0.0, 1.0, 3.0, 6.0)
"""Seconds before each attempt: while the servers of a cluster choose a leader, nobody takes a message."""
_NO_STREAM: Final = b'{"error": {"code": 503, "description": "no stream takes events: has \'luodi provision\' run?"}}'
# The client puts what the server says into lower case.
_DENIED: Final = re.compile(r'permissions violation for (?:publish|subscription) to "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Draft:
    """A message ready to be sent; `place` is where its author finds it, such as `line 3`."""

    place: str
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """What is not on record, with the refusal's code and sentence; `sent` when it was stored on the bus."""

    place: str
    code: str
    reason: str
    sent: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of the messages.

    `uncertain`: the bus never answered, so they may be stored or not. `unsent`: they are not stored. `lost` says why in
    both cases. Of `unanswered` ones, stored on the bus, the ledger's judgement is not known; `unheard` is what the
    server does not let this user know, for which reason it is not.
    """

    stored: int = 0
    refused: list[Refused] = field(default_factory=list)
    uncertain: int = 0
    unsent: int = 0
    lost: str = ""
    unanswered: int = 0
    unheard: Sequence[str] = ()

    @property
    def recorded(self) -> int:
        """How many are known to be on record."""
        return self.stored - self.unanswered - sum(one.sent for one in self.refused)


def read_lines(lines: Iterable[bytes]) -> tuple[list[Draft], list[Refused]]:
    """The events of JSON lines, each with its number from 1, and why others are none; blank lines are nothing."""
    drafts: list[Draft] = []
    refused: list[Refused] = []
    for number, line in enumerate(lines, 1):
        if not (payload := line.strip()):
            continue
        read = judge_alone(payload)
        if isinstance(read, Refusal):
            refused.append(Refused(f"line {number}", read.code, read.reason))
        else:
            drafts.append(Draft(f"line {number}", read[0], payload))
    return drafts, refused


async def send(nats_url: str, drafts: Sequence[Draft], *, seconds: float, progress: Progress) -> Outcome:
    """Store each on the bus, in order, then wait up to `seconds` for the ledger to take all of them in.

    Raises OSError or a NATS error when the server cannot be reached; when it is lost on the way, the outcome says so.
    To send all again is always safe.
    """
    denials = Denials()
    async with connection_of_a_department(nats_url, "luodi-publish", denials) as connection:
        refusals = await listen(connection, (draft.subject for draft in drafts))
        sending = _Sending(connection, denials, progress)
        outcome, sent = await sending.store(drafts)
        if sent:
            outcome.unanswered = await wait(connection, max(sent), len(sent), seconds, denials, progress)
            outcome.refused += [
                Refused(sent[said["stream_sequence"]].place, said["code"], said["reason"], sent=True)
                for said in refusals
                if said["stream_sequence"] in sent
            ]
        if outcome.stored and denials.unheard:
            outcome.unheard = sorted(denials.unheard)
            outcome.unanswered = outcome.stored - sum(one.sent for one in outcome.refused)
    return outcome


class Denials:
    """What the server says that this user may not do; a message that it turns away gets no other answer."""

    def __init__(self) -> None:
        self.unheard: set[str] = set()
        self.may_not_ask = asyncio.Event()
        self._waiting: dict[str, list[asyncio.Future[Msg]]] = defaultdict(list)

    def expect(self, subject: str, stored: asyncio.Future[Msg]) -> None:
        """Let this wait for its answer fail when the subject is denied."""
        self._waiting[subject.lower()].append(stored)

    def forget(self) -> None:
        """All that waited have their answers, or wait no longer."""
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
async def connection_of_a_department(nats_url: str, name: str, denials: Denials) -> AsyncIterator[Client]:
    """A connection that tells `denials` what its user may not do."""
    connection = await connect(nats_url, name, heard=denials.hear)
    try:
        yield connection
    finally:
        await connection.close()


async def listen(connection: Client, subjects: Iterable[str]) -> list[dict[str, Any]]:
    """Refusals of what these units publish, as they are told, from now on: a department may hear its own only.

    The ledger tells before it acknowledges, so none is missed.
    """
    heard: list[dict[str, Any]] = []

    async def hear(message: Msg) -> None:
        heard.append(orjson.loads(message.data))

    for district, unit in sorted({tuple(subject.split(".")[1:3]) for subject in subjects}):
        await connection.subscribe(refusal_subject(district, unit), cb=hear)
    await connection.flush()
    return heard


class _Sending:
    """One run of sending; a message sent again in it is known to the stream by its number, and stored once."""

    def __init__(self, connection: Client, denials: Denials, progress: Progress) -> None:
        self._connection = connection
        self._denials = denials
        self._progress = progress
        # Of this run only: under an id that lasts, what was refused and is sent again would be dropped unheard.
        self._run = uuid4().hex
        # Not the client's own publish_async: an answer that is an error never reaches its caller.
        self._inbox = connection.new_inbox()
        self._answers: dict[int, asyncio.Future[Msg]] = {}
        self._sent: dict[int, Draft] = {}
        self._outcome = Outcome()
        self._doubtful: set[int] = set()

    async def store(self, drafts: Sequence[Draft]) -> tuple[Outcome, Mapping[int, Draft]]:
        """The outcome so far, and what is stored by its stream sequence."""
        await self._connection.subscribe(f"{self._inbox}.*", cb=self._hear)
        outcome, numbered = self._outcome, enumerate(drafts)
        left: Sequence[tuple[int, Draft]] = ()
        while not left and (window := list(islice(numbered, _WINDOW))):
            left = await self._store(window)
            outcome.stored = len(self._sent)
            outcome.lost = outcome.lost if left else ""
            self._progress(outcome.stored, 0)
        outcome.uncertain = sum(number in self._doubtful for number, _ in left)
        outcome.unsent = len(left) - outcome.uncertain + sum(1 for _ in numbered)
        return outcome, self._sent

    async def _store(self, window: Sequence[tuple[int, Draft]]) -> Sequence[tuple[int, Draft]]:
        """Try until all are settled, or it is not worth while any more; returns what is not."""
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                await self._attempt(window)
            except (OSError, NatsError) as error:
                self._outcome.lost = str(error) or type(error).__name__
                self._doubtful.update(self._answers)
                return window
            if not (window := [one for one in window if not self._settled(*one)]):
                return ()
        return window

    async def _attempt(self, window: Sequence[tuple[int, Draft]]) -> None:
        for number, draft in window:
            self._answers[number] = answer = asyncio.get_running_loop().create_future()
            self._denials.expect(draft.subject, answer)
            headers = {"Nats-Msg-Id": f"{self._run}-{number}"}
            await self._connection.publish(draft.subject, draft.payload, f"{self._inbox}.{number}", headers)
        await asyncio.wait([self._answers[number] for number, _ in window], timeout=ANSWER_SECONDS)
        self._denials.forget()

    async def _hear(self, message: Msg) -> None:
        answer = self._answers.get(int(message.subject.rpartition(".")[2]))
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _settled(self, number: int, draft: Draft) -> bool:
        answer = self._answers.pop(number)
        if not answer.done():
            self._doubtful.add(number)
            self._outcome.lost = f"no answer within {ANSWER_SECONDS:g} seconds"
            return False
        if answer.exception() is not None:
            said = f"the server does not let this user publish to {draft.subject}"
            self._outcome.refused.append(Refused(draft.place, "not-allowed", said))
            return True
        # Without content: nobody is there who would answer.
        told = orjson.loads(answer.result().data or _NO_STREAM)
        if (error := told.get("error")) is None:
            self._sent[told["seq"]] = draft
            return True
        if error["code"] < 500:
            said = f"the bus says: {error['description']}"
            self._outcome.refused.append(Refused(draft.place, "not-stored", said))
            return True
        self._outcome.lost = error["description"]
        return False


async def wait(  # noqa: PLR0913, PLR0917 - each is another thing, and there are two callers
    connection: Client, last: int, total: int, seconds: float, denials: Denials, progress: Progress
) -> int:
    """Wait until the ledger has taken in all up to a sequence, `total` messages; returns how many it has not.

    When it may not be asked that, listen a little for refusals.
    """
    stream = connection.jetstream(timeout=5)
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
        # A server that is lost meanwhile leaves the answer open, no more.
        with contextlib.suppress(TimeoutError, NatsError, OSError):
            asking.result()
    progress(total, total - left)
    return left


async def _listening(denied: asyncio.Event) -> None:
    await denied.wait()
    await asyncio.sleep(LISTENING_SECONDS)
