"""Reads what an auditor holds, a bulletin and events, and proves the one from itself and from the others."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from services.reporting import archive
from services.reporting.domain.bulletin import Document
from services.reporting.domain.bulletin_events import StoredMessage, recorded, unlike_events
from services.reporting.domain.bulletin_proof import NotABulletinError, discrepancies
from shared import streams
from shared.envelope import Event, digest, judge
from shared.subjects import event_subject

_ATTRIBUTES = ("id", "source", "type", "subject", "time", "replaces", "data")


class NotEventsError(ValueError):
    """The file holds something else than events; the message names the line."""


def read_bulletin(file: Path) -> Document:
    """The bulletin in a file. Raises NotABulletinError, and OSError when the file cannot be read."""
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise NotABulletinError(f"{file}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise NotABulletinError(f"{file}: not a bulletin")
    return found


def differing(document: Document, events: Sequence[StoredMessage] | None = None) -> list[str]:
    """Everything in a bulletin that cannot be computed again, a line each; with events, from these too.

    Raises NotABulletinError.
    """
    found = discrepancies(document)
    if events is not None:
        found += unlike_events(document, recorded(events, document["district"]))
    return found


async def events_on_the_bus(nats_url: str, district: str) -> list[StoredMessage]:
    """The events of a district from the stream. Raises a NATS error, OSError or TimeoutError."""
    connection = await streams.connect(nats_url, "luodi-recompute")
    try:
        return await archive.events_of(connection, district)
    finally:
        await connection.close()


def read_events(file: Path) -> list[StoredMessage]:
    """The events in a file, as the ledger serves them: JSON, one a line, or lists of them.

    Raises NotEventsError, and OSError when the file cannot be read.
    """
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if line.strip():
            found += [_message(event, f"{file}, line {number}") for event in _events(line, f"{file}, line {number}")]
    # Of several copies the one stored first counts; a file may have them in any order.
    return sorted(found, key=lambda message: message.recorded_at)


def _events(line: bytes, where: str) -> Iterator[dict[str, Any]]:
    try:
        read = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotEventsError(f"{where}: not JSON: {error}") from error
    for event in read if isinstance(read, list) else [read]:
        if not isinstance(event, dict):
            raise NotEventsError(f"{where}: not an event")
        yield event


def _message(event: dict[str, Any], where: str) -> StoredMessage:
    """An event as the bus had it. Its digest, where the file has one, must be that of its content."""
    try:
        _, district, unit = event["source"].split("/")
        name = event["type"].split(".")[1]
        recorded_at = datetime.fromisoformat(event["recorded_at"])
        envelope = {"specversion": "1.0"} | {key: event[key] for key in _ATTRIBUTES if event.get(key) is not None}
        subject = event_subject(district, unit, event["subject"], name)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise NotEventsError(
            f"{where}: not an event as the ledger serves it: {type(error).__name__} {error}"
        ) from error
    if recorded_at.tzinfo is None:
        raise NotEventsError(f"{where}: recorded_at has no offset")
    message = StoredMessage(subject, orjson.dumps(envelope), recorded_at)
    verdict = judge(message.subject, message.payload)
    if not isinstance(verdict, Event):
        raise NotEventsError(f"{where}: {verdict.reason}")
    if event.get("digest") not in (None, digest(verdict).hex()):
        raise NotEventsError(f"{where}: the digest is {event['digest']}, the content's is {digest(verdict).hex()}")
    return message
