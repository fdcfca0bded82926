"""Reads the stream of events where it is at hand: what departments said, with the instants at which it was stored."""

import base64
from collections.abc import AsyncIterator
from datetime import datetime

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import NotFoundError

from services.reporting.domain.bulletin import Document, instant
from services.reporting.domain.bulletin_events import StoredMessage, recorded
from shared import bus
from shared.jetstream import ask
from shared.subjects import EVENTS, event_subject

_SILENT_SECONDS = 10.0


def stored_at(timestamp: str) -> datetime:
    """A timestamp of the server, which has nanoseconds, cut to the microsecond, as the instants of events are."""
    whole, _, rest = timestamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{rest[:6]:0<6}+00:00")


async def correcting(connection: Client, district: str, fact: Document, ended: datetime) -> Document:
    """The event because of which a fact no longer counts since `ended`; id and event are None when it is not at hand.

    A city has no events of its own, and then knows only since when, and whose doing it was.
    """
    unit = fact["source"].rsplit("/", 1)[-1]
    said = [message async for message in _under(connection, event_subject(district, unit, fact["project"], "*"))]
    found = [one for one in recorded(said, district) if one.corrects == fact["id"] and one.recorded_at == ended]
    by = found[0].event if found else None
    return {
        "source": fact["source"],
        "id": by.id if by else None,
        "event": by.name if by else None,
        "recorded_at": instant(ended),
    }


async def events_of(connection: Client, district: str) -> list[StoredMessage]:
    """All that the stream holds of a district, in its order. Raises a NATS error when the stream is missing."""
    stream, subject = connection.jetstream(), f"events.{district}.>"
    held = (await stream.stream_info(EVENTS.name, subjects_filter=subject)).state.subjects or {}
    reading = await stream.subscribe(subject, stream=EVENTS.name, ordered_consumer=True)
    found = []
    try:
        for _ in range(sum(held.values())):
            message = await reading.next_msg(_SILENT_SECONDS)
            found.append(StoredMessage(message.subject, message.data, bus.recorded_at(message)))
    except NatsTimeoutError:
        raise TimeoutError(f"stream {EVENTS.name} stopped after {len(found)} events: try again") from None
    finally:
        await reading.unsubscribe()
    return found


async def _under(connection: Client, subject: str) -> AsyncIterator[StoredMessage]:
    """What is held under a subject with wildcards, one after the other; nothing where there is no such stream."""
    sequence = 1
    while True:
        try:
            asked = {"seq": sequence, "next_by_subj": subject}
            message = (await ask(connection, f"STREAM.MSG.GET.{EVENTS.name}", asked))["message"]
        except NotFoundError:
            return
        sequence = message["seq"] + 1
        payload = base64.b64decode(message.get("data", ""))
        yield StoredMessage(message["subject"], payload, stored_at(message["time"]))
