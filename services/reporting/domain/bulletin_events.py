"""Proves a bulletin's facts from the events alone: folds the archive's events to facts, and compares."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.reporting.domain.bulletin import Document, instant, written
from services.reporting.domain.bulletin_proof import facts, question, targets
from services.reporting.domain.indicators import Definitions, DefinitionsError, read_definitions
from services.reporting.domain.progress import TargetFact
from services.reporting.domain.recount import Fact, asked_events
from shared.envelope import Event, Refusal, judge
from shared.events import TargetSet, Voided


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as the stream EVENTS holds it; `recorded_at` is the stream's timestamp, cut to microseconds."""

    subject: str
    payload: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with the instant at which it was recorded."""

    event: Event
    recorded_at: datetime

    @property
    def corrects(self) -> str | None:
        """The id of the event that this one replaces or voids."""
        return self.event.data.event if isinstance(self.event.data, Voided) else self.event.replaces


def recorded(messages: Iterable[StoredMessage], district: str) -> list[Recorded]:
    """The events of a district that the ledger records: judged, and of each identity the one stored first.

    `messages` in the order of the stream.
    """
    found: dict[tuple[str, str], Recorded] = {}
    for message in messages:
        verdict = judge(message.subject, message.payload)
        if not isinstance(verdict, Refusal) and verdict.district == district:
            found.setdefault((verdict.source, verdict.id), Recorded(verdict, message.recorded_at))
    return list(found.values())


def superseded(events: Sequence[Recorded]) -> dict[tuple[str, str, str], datetime]:
    """(source, subject, id) of each event that was replaced or voided → the instant from which it no longer counts."""
    found: dict[tuple[str, str, str], datetime] = {}
    for one in events:
        if one.corrects is not None:
            key = (one.event.source, one.event.subject, one.corrects)
            found[key] = min(one.recorded_at, found.get(key, one.recorded_at))
    return found


def known_facts(events: Sequence[Recorded], by: datetime) -> list[Fact]:
    """The projects' events that count at an instant, as facts."""
    ended = superseded([one for one in events if one.recorded_at <= by])
    every = (
        Fact(
            project=one.event.subject,
            source=one.event.source,
            id=one.event.id,
            event=one.event.name,
            on=one.event.data.on,
            recorded_at=one.recorded_at,
            superseded_at=ended.get((one.event.source, one.event.subject, one.event.id)),
            data=one.event.data.document(),
        )
        for one in events
    )
    return [fact for fact in every if fact.known(by)]


def unlike_events(document: Document, events: Sequence[Recorded]) -> list[str]:
    """Where the bulletin's facts and targets are not what the events give, a sentence each; empty when they are."""
    try:
        definitions = read_definitions(document["definitions"]["text"], "definitions")
    except DefinitionsError as error:
        return [f"definitions: {error}"]
    return [*_unlike_facts(document, definitions, events), *_unlike_targets(document, events)]


def _unlike_facts(document: Document, definitions: Definitions, events: Sequence[Recorded]) -> Iterator[str]:
    asked, wanted = question(document), asked_events(definitions)
    assert asked.known_by is not None  # noqa: S101 - a bulletin has an instant
    held = {(one.source, one.id): one for one in facts(document)}
    given = {
        (one.source, one.id): one
        for one in known_facts(events, asked.known_by)
        if one.event in wanted and (one.on <= asked.through or one.event == "registered")
    }
    ended = superseded([one for one in events if one.recorded_at <= asked.known_by])
    archive = {(one.event.source, one.event.id): one for one in events}
    for key in sorted(given.keys() | held.keys()):
        if key not in held:
            yield f"fact {key[0]} {key[1]}: in the archive since {instant(given[key].recorded_at)}, not in the bulletin"
        elif key not in given:
            yield f"fact {key[0]} {key[1]}: {_why_not(archive.get(key), ended, asked.known_by)}"
        else:
            yield from _unlike(f"fact {key[0]} {key[1]}", held[key], given[key])


def _why_not(one: Recorded | None, ended: dict[tuple[str, str, str], datetime], by: datetime) -> str:
    """Why an event that the bulletin lists gives no fact."""
    if one is None:
        return "not in the archive"
    if one.recorded_at > by:
        return f"recorded at {instant(one.recorded_at)}, after the bulletin was sealed"
    if (end := ended.get((one.event.source, one.event.subject, one.event.id))) is not None:
        return f"replaced or voided at {instant(end)}, before the bulletin was sealed"
    return "of an event or a day that the bulletin does not ask for"


def _unlike(name: str, held: Fact | TargetFact, given: Fact | TargetFact) -> Iterator[str]:
    for key in held.__slots__:
        said, found = written(getattr(held, key)), written(getattr(given, key))
        if key == "data":
            yield from _unlike_data(name, said, found)
        elif said != found:
            yield f"{name}: {key}: the bulletin says {said}, the archive {found}"


def _unlike_data(name: str, said: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for key in sorted(said.keys() | found.keys()):
        if said.get(key) != found.get(key):
            yield f"{name}: data.{key}: the bulletin says {said.get(key)}, the archive {found.get(key)}"


def _unlike_targets(document: Document, events: Sequence[Recorded]) -> Iterator[str]:
    by = question(document).known_by
    assert by is not None  # noqa: S101 - a bulletin has an instant
    held = {(one.source, one.id): one for one in targets(document)}
    given = {
        (one.source, one.id): _target(one)
        for one in known_facts(events, by)
        if one.event == TargetSet.NAME and one.data["year"] == document["year"]
    }
    for key in sorted(given.keys() | held.keys()):
        if key not in held or key not in given:
            yield f"target {key[0]} {key[1]}: not in the {'bulletin' if key not in held else 'archive'}"
        else:
            yield from _unlike(f"target {key[0]} {key[1]}", held[key], given[key])


def _target(fact: Fact) -> TargetFact:
    data = fact.data
    value, issued_by = Decimal(data["value"]), data.get("issued_by")
    return TargetFact(data["indicator"], value, issued_by, fact.on, fact.recorded_at, fact.source, fact.id)
