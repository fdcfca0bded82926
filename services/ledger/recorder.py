"""Records what departments said: archive, fold, publish; the bus acknowledges when all of it is done."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import uuid4

import asyncpg
import orjson
import structlog
from nats.aio.msg import Msg

from services.ledger.domain import columns
from services.ledger.domain.batch import (
    Accepted,
    Key,
    Refused,
    Stored,
    by_keys,
    keys,
    parts,
    refuse,
    sort_out,
)
from services.ledger.domain.canary import canary
from services.ledger.locks import lock_projects, lock_quarantine, unlock
from services.ledger.metrics import Metrics
from shared.database import AWAY, Connection, Pool
from shared.delivery import place_and_instant
from shared.events import OutreachMade
from shared.publishing import Outgoing
from shared.sql import queries_beside
from shared.subjects import outreach_subject, project_subject, quarantine_subject, refusal_subject, target_subject

Publish = Callable[[Sequence[Outgoing]], Awaitable[None]]

SQL = queries_beside(__file__)

# What the data of one project can make Postgres say. Anything else is a fault of the house, and waits until mended.
POISON: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.CardinalityViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.RaiseError,
)

FOLD_SECONDS: Final = 10.0
"""How long the fold of a batch, or of the one project that is to blame, may take while the database is quick."""

AT_ONCE: Final = 500
"""How many projects are in one transaction, with all that a batch has of them."""

# A quick database folds a project of one event in less than this share of what any fold may take.
_QUICK: Final = 0.25
# The server ends a fold that takes too long; this much later it is the server that does not answer.
_NO_ANSWER_SECONDS: Final = 60.0


LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a message that NATS takes with the configuration that Luodi comes with."""

# What goes with a record's bytes: the number of its batch, and its place there.
_HEADERS: Final = 1_024


class RecordTooLarge(Exception):  # noqa: N818 - what would be, not an error of ours
    """A project's record would have more bytes than NATS takes in one message."""


class AllFoldsSlow(Exception):  # noqa: N818 - what happened, not an error of ours
    """The database is too slow for any project, so that no project is to blame."""


class Recorder:
    """Takes batches from the EVENTS stream to the archive, the projections and the LEDGER stream.

    A project whose fold takes longer than `fold_seconds`, alone and twice, has its events parked, and so has one whose
    record would have more bytes than a message may have, which `largest` says. So many messages are judged `at_once`,
    and so many projects recorded: then other batches, and whoever asks over HTTP, have a turn.
    """

    def __init__(  # noqa: PLR0913 - each is another thing, and has its name
        self,
        pool: Pool,
        publish: Publish,
        metrics: Metrics,
        *,
        fold_seconds: float = FOLD_SECONDS,
        at_once: int = AT_ONCE,
        largest: Callable[[], int] = lambda: LARGEST,
    ) -> None:
        self._pool = pool
        self._publish = publish
        self._metrics = metrics
        self._fold_seconds = fold_seconds
        self._at_once = at_once
        self._largest = largest
        self._log = structlog.get_logger().bind(part="recorder")

    async def handle(self, messages: Sequence[Msg]) -> None:
        """Record a batch as the bus delivers it; returns when the batch may be acknowledged."""
        with self._metrics.batch_seconds.time():
            await self.record([Stored(m.subject, m.data, *place_and_instant(m)) for m in messages])
        self._metrics.batch_size.observe(len(messages))

    async def record(self, batch: Sequence[Stored]) -> list[Refused]:
        """Archive the events of a batch, fold what they touch and publish the records that result.

        Safe to repeat with any part of the batch, in any order. Returns what was refused and is parked; all else is on
        record. Raises when Postgres or NATS is away; then nothing of the batch may be acknowledged.
        """
        accepted, refused = await self._sort_out(batch)
        aside = await self._record([], refused) if refused else []
        # Whole projects, so that each is folded once; and few at once, for a record holds all that was said of it.
        for part in by_keys(accepted, self._at_once):
            aside += await self._record(part, [])
        return aside

    async def _record(self, accepted: list[Accepted], refused: list[Refused]) -> list[Refused]:
        async with self._pool.acquire() as connection:
            try:
                await lock_projects(connection, keys(accepted))
                records, late = await self._fold(connection, accepted)
                told = await self._park(connection, refused + late)
                await self._publish(records + told)
            except BaseException:
                # A connection that broke has lost its locks already, and its error must not hide the first one.
                with contextlib.suppress(*AWAY):
                    await unlock(connection)
                raise
            # The locks lived as long as this session. When it has ended, somebody else may have published a later
            # record before ours: then this raises, and the batch is recorded again.
            if connection.is_closed():
                raise asyncpg.ConnectionDoesNotExistError("the session ended before its records were published")
            # The pool unlocks, as part of what it does to every connection that it takes back, or raises.
        self._count(accepted, refused + late, records)
        return refused + late

    async def _sort_out(self, batch: Sequence[Stored]) -> tuple[list[Accepted], list[Refused]]:
        accepted, refused = list[Accepted](), list[Refused]()
        for part in parts(batch, self._at_once):
            some_accepted, some_refused = sort_out(part)
            accepted += some_accepted
            refused += some_refused
            await asyncio.sleep(0)
        return accepted, refused

    async def _fold(
        self, connection: Connection, accepted: list[Accepted], *, alone: bool = False
    ) -> tuple[list[Outgoing], list[Refused]]:
        """Record in one transaction; when the data makes that fail, in several, down to the project that does it."""
        if not accepted:
            return [], []
        try:
            async with connection.transaction():
                return await self._write(connection, accepted, self._fold_seconds)
        except (*POISON, RecordTooLarge) as error:
            if (count := len(keys(accepted))) == 1:
                return [], self._unfoldable(accepted, f"could not be computed: {error}")
            smaller = by_keys(accepted, (count + 1) // 2)
        except asyncpg.QueryCanceledError:
            # Also before a project is tried alone: the database may be quick again when it has been.
            await self._blame_the_database(connection)
            if alone:
                return [], self._unfoldable(accepted, f"took longer than {self._fold_seconds:g} seconds to compute")
            # In halves, the limit would be waited for at each of them. Whoever was alone is tried again, too: the time
            # may have passed while the server was suspended.
            smaller, alone = by_keys(accepted, 1), True
        records, late = [], []
        for part in smaller:
            some_records, some_late = await self._fold(connection, part, alone=alone)
            records += some_records
            late += some_late
        return records, late

    def _unfoldable(self, accepted: Sequence[Accepted], what: str) -> list[Refused]:
        self._log.error("a project cannot be folded", key=keys(accepted)[0], reason=what)
        return [refuse(one, "fold-failed", f"the project's record {what}") for one in accepted]

    async def _blame_the_database(self, connection: Connection) -> None:
        """Raise AllFoldsSlow unless an event of nobody's project, of which nothing is kept, is recorded quickly."""
        transaction = connection.transaction()
        await transaction.start()
        try:
            await self._write(connection, [canary(uuid4().hex)], _QUICK * self._fold_seconds)
        except asyncpg.QueryCanceledError:
            raise AllFoldsSlow(
                f"a project's record took longer than {self._fold_seconds:g} seconds, and so would any other's"
            ) from None
        finally:
            await transaction.rollback()

    async def _write(
        self, connection: Connection, accepted: Sequence[Accepted], seconds: float
    ) -> tuple[list[Outgoing], list[Refused]]:
        """Archive and fold, within the caller's transaction; each fold may take so many seconds."""
        touched = keys(accepted)
        targets_touched = [key for key in touched if key[1].startswith("target-")]
        others_touched = [key for key in touched if not key[1].startswith("target-")]
        done = await connection.execute(SQL["insert_events"], *columns.of_events(accepted))
        all_new = int(done.rpartition(" ")[2]) == len(accepted)
        reused = [] if all_new else await connection.fetch(SQL["reused_identities"], *columns.of_identities(accepted))
        await connection.execute(SQL["limit"], f"{seconds * 1000:.0f}ms")
        projects = await self._folded(connection, "fold_projects", others_touched)
        trips_touched = _perhaps_trips(accepted, others_touched, projects)
        trips = await self._folded(connection, "fold_outreach", trips_touched)
        targets = await self._folded(connection, "fold_targets", targets_touched)
        records = [Outgoing(project_subject(row["district"], row["project"]), row["message"]) for row in projects]
        records += [
            Outgoing(target_subject(row["district"], row["year"], row["indicator"]), row["message"]) for row in targets
        ]
        records += [Outgoing(outreach_subject(row["district"], row["trip"]), row["message"]) for row in trips]
        self._check_sizes(records)
        return records, [_identity_reused(accepted[row["position"] - 1]) for row in reused]

    def _check_sizes(self, records: Sequence[Outgoing]) -> None:
        # Found only when it is published, it would be on record already, and its batch be tried again for ever.
        largest, room = max((len(one.payload) for one in records), default=0), self._largest() - _HEADERS
        if largest > room:
            raise RecordTooLarge(f"it would have {largest} bytes, and NATS takes {room} in a message")

    async def _folded(self, connection: Connection, query: str, touched: Sequence[Key]) -> list[asyncpg.Record]:
        if not touched:
            return []
        patience = self._fold_seconds + _NO_ANSWER_SECONDS
        return await connection.fetch(SQL[query], *columns.of_keys(touched), timeout=patience)

    async def _park(self, connection: Connection, refused: Sequence[Refused]) -> list[Outgoing]:
        """Keep refused messages whole; returns what to tell their senders and whoever adds up figures."""
        if not refused:
            return []
        districts = sorted({one.refusal.district for one in refused if one.refusal.district})
        await lock_quarantine(connection, districts)
        async with connection.transaction():
            await connection.execute(SQL["park"], *columns.of_refusals(refused))
            counts = await connection.fetch(SQL["parked"], districts)
        told = [tell(one) for one in refused if one.refusal.district and one.refusal.unit]
        return told + [Outgoing(quarantine_subject(row["district"]), orjson.dumps(dict(row))) for row in counts]

    def _count(self, accepted: Sequence[Accepted], refused: Sequence[Refused], records: Sequence[Outgoing]) -> None:
        self._metrics.recorded.inc(len(accepted))
        self._metrics.published.inc(len(records))
        for one in refused:
            self._metrics.refused.labels(one.refusal.code).inc()
            self._log.warning(
                "refused",
                subject=one.stored.subject,
                sequence=one.stored.sequence,
                code=one.refusal.code,
                reason=one.refusal.reason,
            )


def _perhaps_trips(
    accepted: Sequence[Accepted], touched: Sequence[Key], projects: Sequence[asyncpg.Record]
) -> list[Key]:
    """Of the touched keys those that are not known to be projects only: nearly always none."""
    made = {(one.event.district, one.event.subject) for one in accepted if type(one.event.data) is OutreachMade}
    only_projects = {(row["district"], row["project"]) for row in projects if not row["is_trip"]} - made
    return [key for key in touched if key not in only_projects]


def _identity_reused(one: Accepted) -> Refused:
    reason = (
        f"id: {one.event.source} has already sent {one.event.id!r} with other content; an event is never edited: "
        "send a new id, with 'replaces' when it corrects the earlier event"
    )
    return refuse(one, "id-reused", reason, "id")


def tell(one: Refused) -> Outgoing:
    """The refusal as its sender reads it; the message must come from a known district and unit."""
    refusal, stored = one.refusal, one.stored
    body = {
        "district": refusal.district,
        "unit": refusal.unit,
        "code": refusal.code,
        "reason": refusal.reason,
        "field": refusal.field,
        "subject": stored.subject,
        "source": refusal.source,
        "id": refusal.id,
        "stream_sequence": stored.sequence,
        "recorded_at": stored.recorded_at,
    }
    subject = refusal_subject(str(refusal.district), str(refusal.unit))
    return Outgoing(subject, orjson.dumps(body), message_id=f"refusal-{stored.sequence}")
