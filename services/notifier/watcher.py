"""Watches the ledger and the reports: keeps each newest record and brings its cases in line with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from nats.aio.msg import Msg

from services.notifier.domain.record import Record, UnreadableRecordError, read_record, read_report
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar
from shared.clock import Clock
from shared.database import Pool
from shared.delivery import stream_sequence
from shared.sql import queries_beside

SQL = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the LEDGER or of the REPORTS stream."""

    subject: str
    payload: bytes
    sequence: int


class Watcher:
    """Takes batches from the streams to the records kept here, and to the cases."""

    def __init__(self, pool: Pool, registrar: Registrar, metrics: Metrics, clock: Clock) -> None:
        self._pool = pool
        self._registrar = registrar
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger().bind(part="watcher")

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Take in a batch as the bus delivers it; returns when the batch may be acknowledged."""
        await self.take([Arrived(m.subject, m.data, stream_sequence(m)) for m in messages])

    async def take(self, batch: Sequence[Arrived]) -> None:
        """Take in messages in one transaction. Safe to repeat with any part of them, in any order."""
        newest = self._newest(batch)
        if not newest:
            return
        columns = (
            [district for district, _ in newest],
            [project for _, project in newest],
            [record.revision for record, _ in newest.values()],
            [sequence for _, sequence in newest.values()],
            [record.model_dump(mode="json", exclude_none=True) for record, _ in newest.values()],
        )
        async with self._pool.acquire() as connection, connection.transaction():
            changed = await connection.fetch(SQL["keep_records"], *columns)
            keys = [(row["district"], row["project"]) for row in changed]
            await self._registrar.look(connection, [(*key, newest[key][0]) for key in keys], self._clock())

    def _newest(self, batch: Sequence[Arrived]) -> dict[tuple[str, str], tuple[Record, int]]:
        newest: dict[tuple[str, str], tuple[Record, int]] = {}
        for message in batch:
            for record in self._read(message):
                key = record.district, record.project
                kept = newest.get(key)
                if kept is None or (record.revision, message.sequence) > (kept[0].revision, kept[1]):
                    newest[key] = record, message.sequence
        return newest

    def _read(self, message: Arrived) -> Sequence[Record]:
        try:
            match message.subject.split("."):
                case ["ledger", _, "project", _]:
                    return [read_record(message.payload)]
                case ["report", _, "progress", _]:
                    return read_report(message.payload)
        except UnreadableRecordError as error:
            self._metrics.unreadable.inc()
            self._log.error("a record cannot be read", subject=message.subject, error=str(error))
        return ()
