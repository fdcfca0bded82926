"""Reads the stream of events where it is at hand: what departments said, with the instants at which it was stored."""

from datetime import datetime

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError

from services.reporting.domain.bulletin_events import StoredMessage
from shared.delivery import recorded_at
from shared.subjects import EVENTS

_SILENT_SECONDS = 10.0


def stored_at(timestamp: str) -> datetime:
    """A timestamp of the server, which has nanoseconds, cut to the microsecond, as the instants of events are."""
    whole, _, rest = timestamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{rest[:6]:0<6}+00:00")


async def events_of(connection: Client, district: str) -> list[StoredMessage]:
    """All that the stream holds of a district, in its order. Raises a NATS error when the stream is missing."""
    stream, subject = connection.jetstream(), f"events.{district}.>"
    held = (await stream.stream_info(EVENTS.name, subjects_filter=subject)).state.subjects or {}
    reading = await stream.subscribe(subject, stream=EVENTS.name, ordered_consumer=True)
    found = []
    try:
        for _ in range(sum(held.values())):
            message = await reading.next_msg(_SILENT_SECONDS)
            found.append(StoredMessage(message.subject, message.data, recorded_at(message)))
    except NatsTimeoutError:
        raise TimeoutError(f"stream {EVENTS.name} stopped after {len(found)} events: try again") from None
    finally:
        await reading.unsubscribe()
    return found
