"""Takes the ledger's records into the tables, batch by batch: each replaces what was known of its project or target."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import structlog
from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry, Counter, Histogram

from services.reporting import rollups
from services.reporting.records import Delivery, Read, Unread, read
from shared.clock import Clock
from shared.database import Connection, Pool
from shared.delivery import recorded_at, stream_sequence
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# What a single record's content may raise; anything else is the database's trouble and the batch is tried again.
_UNUSABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.CardinalityViolationError,
    asyncpg.ProgramLimitExceededError,
)


class Collector:
    """The handler of LEDGER's batches. Safe to run beside others, and to be given anything twice or in any order."""

    def __init__(self, pool: Pool, clock: Clock, registry: CollectorRegistry) -> None:
        self._pool = pool
        self._clock = clock
        self._log = structlog.get_logger().bind(part="collector")
        self._records = Counter("luodi_reporting_records", "Records read from LEDGER", ["outcome"], registry=registry)
        self._facts = Counter("luodi_reporting_facts", "Facts written", registry=registry)
        self._apply_seconds = Histogram(
            "luodi_reporting_apply_seconds", "Time to take one batch into the tables", registry=registry
        )
        self._age_seconds = Histogram(
            "luodi_reporting_record_age_seconds",
            "From the storing of a record to its counting",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600),
            registry=registry,
        )

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Take a batch of messages; raises when it must be tried again, and then has taken nothing of it."""
        await self.take(
            Delivery(message.subject, message.data, recorded_at(message), stream_sequence(message))
            for message in messages
        )

    async def take(self, deliveries: Iterable[Delivery]) -> None:
        """Take what was delivered. A message that cannot be used is kept aside, and costs itself alone."""
        begun = time.monotonic()
        seen = [read(delivery) for delivery in deliveries]
        refused = [one for one in seen if isinstance(one, Unread)]
        refused += await self._apply_or_halve([one for one in seen if isinstance(one, Read)])
        await self._keep(refused)
        self._apply_seconds.observe(time.monotonic() - begun)
        for one in seen:
            self._age_seconds.observe(max(0.0, (self._clock() - one.delivery.stored_at).total_seconds()))

    async def unread(self) -> int:
        """How many records could not be read."""
        return int(await self._pool.fetchval(SQL["count_unread"]))

    async def _apply_or_halve(self, records: Sequence[Read]) -> list[Unread]:
        """Apply all in one transaction; what the database cannot hold is found by halving, and returned."""
        if not records:
            return []
        try:
            await self._apply(records)
        except _UNUSABLE as error:
            if len(records) == 1:
                return [Unread(records[0].delivery, records[0].district, f"cannot be stored: {error}")]
            middle = len(records) // 2
            return await self._apply_or_halve(records[:middle]) + await self._apply_or_halve(records[middle:])
        return []

    async def _apply(self, records: Sequence[Read]) -> None:
        newest = {one.delivery.subject: one for one in sorted(records, key=_age)}
        async with self._pool.acquire() as connection, connection.transaction():
            await rollups.hold(connection)
            taken = await _advance(connection, list(newest.values()))
            fresh = [newest[subject] for subject in taken]
            facts = await _put_projects(connection, fresh)
            await _put_targets(connection, fresh)
            await _put_quarantine(connection, fresh)
            await connection.execute(SQL["forget_unread"], *_columns(fresh, "subject", "stored_at", "sequence"))
            await rollups.renew(connection, _projects(fresh))
            await rollups.beat(connection, (one.district for one in fresh))
        self._facts.inc(facts)
        self._records.labels("applied").inc(len(fresh))
        self._records.labels("older").inc(len(records) - len(fresh))

    async def _keep(self, refused: Sequence[Unread]) -> None:
        for one in refused:
            self._log.warning(
                "record cannot be read", subject=one.delivery.subject, sequence=one.delivery.sequence, reason=one.reason
            )
            await self._pool.execute(
                SQL["keep_unread"],
                *(one.delivery.subject, one.district, one.delivery.stored_at, one.delivery.sequence),
                *(one.reason, one.delivery.payload),
            )
        await rollups.beat(self._pool, (one.district for one in refused if one.district))
        self._records.labels("unread").inc(len(refused))


def _age(one: Read) -> tuple[Any, ...]:
    return (one.revision, one.delivery.stored_at, one.delivery.sequence)


def _columns(records: Sequence[Read], *names: str) -> list[list[Any]]:
    return [[getattr(one.delivery, name) for one in records] for name in names]


async def _advance(connection: Connection, records: Sequence[Read]) -> list[str]:
    subjects, stored_at, sequences = _columns(records, "subject", "stored_at", "sequence")
    revisions = [one.revision for one in records]
    return [row["subject"] for row in await connection.fetch(SQL["advance"], subjects, revisions, stored_at, sequences)]


def _projects(records: Iterable[Read]) -> list[tuple[str, str]]:
    return [(one.district, one.project["project"]) for one in records if one.project is not None]


async def _put_projects(connection: Connection, records: Sequence[Read]) -> int:
    projects = [one.project for one in records if one.project is not None]
    if not projects:
        return 0
    keys = [{"district": project["district"], "project": project["project"]} for project in projects]
    facts = [fact for one in records for fact in one.facts]
    await connection.execute(SQL["drop_projects"], keys)
    await connection.execute(SQL["put_projects"], projects)
    await connection.execute(SQL["drop_facts"], keys)
    await connection.execute(SQL["put_facts"], facts)
    return len(facts)


async def _put_targets(connection: Connection, records: Sequence[Read]) -> None:
    targets = [one.target for one in records if one.target is not None]
    if targets:
        await connection.execute(SQL["drop_target_facts"], targets)
        await connection.execute(SQL["put_target_facts"], [fact for one in records for fact in one.target_facts])


async def _put_quarantine(connection: Connection, records: Sequence[Read]) -> None:
    parked = {one.district: one.parked for one in records if one.parked is not None}
    if parked:
        await connection.execute(SQL["put_quarantine"], list(parked), list(parked.values()))
