"""What to do with a batch of stored messages, decided without touching anything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeVar

from shared.envelope import Code, Event, Refusal, judge

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as the stream holds it; `recorded_at` is the instant at which the stream stored it."""

    subject: str
    payload: bytes
    sequence: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that is an event, with the event."""

    stored: Stored
    event: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is kept aside, with the reason."""

    stored: Stored
    refusal: Refusal


Key = tuple[str, str]


def sort_out(batch: Iterable[Stored]) -> tuple[list[Accepted], list[Refused]]:
    """Judge each message alone: one bad message costs itself only."""
    accepted: list[Accepted] = []
    refused: list[Refused] = []
    for stored in batch:
        verdict = judge(stored.subject, stored.payload)
        if isinstance(verdict, Refusal):
            refused.append(Refused(stored, verdict))
        else:
            accepted.append(Accepted(stored, verdict))
    return accepted, refused


def keys(accepted: Iterable[Accepted]) -> list[Key]:
    """The (district, subject) pairs that a batch touches, each once, sorted."""
    return sorted({(one.event.district, one.event.subject) for one in accepted})


def parts(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The same items in the same order, in parts of at most so many."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def by_keys(accepted: Iterable[Accepted], most: int) -> list[list[Accepted]]:
    """The batch in parts of at most so many keys, each key with all of its events, in the order in which they came."""
    of_key: dict[Key, list[Accepted]] = {}
    for one in accepted:
        of_key.setdefault((one.event.district, one.event.subject), []).append(one)
    return [list(chain.from_iterable(some)) for some in parts(list(of_key.values()), most)]


def refuse(accepted: Accepted, code: Code, reason: str, field: str | None = None) -> Refused:
    """An event that reads well and still cannot be recorded."""
    event = accepted.event
    return Refused(accepted.stored, Refusal(code, reason, field, event.district, event.unit, event.source, event.id))
