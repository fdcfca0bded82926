"""Whether a district's figures hold everything that was ever published, and if not, what is missing."""

from dataclasses import dataclass
from typing import Literal

from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared import bus
from shared.database import Pool
from shared.sql import queries_beside
from shared.subjects import EVENTS, LEDGER_OF_EVENTS, REPORTING_OF_LEDGER

SQL = queries_beside(__file__)

Code = Literal["events-parked", "events-not-consumed", "records-not-consumed", "records-unread", "bus-unreachable"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason why figures may lack something; `count` is how many messages, where that is known."""

    code: Code
    detail: str
    count: int | None = None


class Completeness:
    """Asks the bus and the tables. Ask before reading the figures: then what they say holds for these figures."""

    def __init__(self, broker: NatsBroker, pool: Pool) -> None:
        self._broker = broker
        self._pool = pool

    async def gaps(self, district: str) -> list[Gap]:
        """What the district's figures lack; empty when they hold all that was stored before the call."""
        return await self._on_the_bus() + await self._in_the_tables(district)

    async def _on_the_bus(self) -> list[Gap]:
        # The ledger before us: it acknowledges an event only when its record is stored, so what it has finished is
        # already counted among what we have yet to read.
        try:
            if not (self._broker.running and self._broker.connection.is_connected):
                raise NatsError
            stream = self._broker.connection.jetstream()
            found = [await _events(stream), await _records(stream)]
        except (NatsError, TimeoutError, OSError):
            detail = "NATS does not answer, so events may have been published that are not counted yet."
            return [Gap("bus-unreachable", detail)]
        return [gap for gap in found if gap]

    async def _in_the_tables(self, district: str) -> list[Gap]:
        row = await self._pool.fetchrow(SQL["gaps"], district)
        assert row is not None  # noqa: S101 - a select without from has one row
        gaps = []
        if parked := row["parked"]:
            detail = (
                f"{parked} refused messages are parked at the ledger: retry or discard them with 'luodi quarantine'."
            )
            gaps.append(Gap("events-parked", detail, parked))
        if unread := row["unread"]:
            detail = (
                f"{unread} of the ledger's records cannot be read here: see table reporting.unread for the reasons."
            )
            gaps.append(Gap("records-unread", detail, unread))
        return gaps


async def _events(stream: JetStreamContext) -> Gap | None:
    waiting = await bus.behind(stream, LEDGER_OF_EVENTS)
    if waiting is None and await _exists(stream, EVENTS.name):
        return Gap("events-not-consumed", "The ledger has no consumer on stream EVENTS: run 'luodi provision'.")
    # A city reads its districts' ledgers and has no events of its own.
    if not waiting:
        return None
    return Gap("events-not-consumed", f"The ledger has yet to record {waiting} published events.", waiting)


async def _records(stream: JetStreamContext) -> Gap | None:
    waiting = await bus.behind(stream, REPORTING_OF_LEDGER)
    if waiting is None:
        return Gap("records-not-consumed", "Reporting has no consumer on stream LEDGER: run 'luodi provision'.")
    if not waiting:
        return None
    return Gap("records-not-consumed", f"Reporting has yet to read {waiting} of the ledger's records.", waiting)


async def _exists(stream: JetStreamContext, name: str) -> bool:
    try:
        await stream.stream_info(name)
    except NotFoundError:
        return False
    return True
