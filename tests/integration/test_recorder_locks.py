"""The locks of a batch last until its records are published, and no longer; when they were lost, that is noticed."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import asyncpg
import orjson
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.ledger.domain.batch import Stored
from services.ledger.domain.buckets import BUCKETS
from services.ledger.locks import lock_projects
from services.ledger.metrics import Metrics
from services.ledger.recorder import Recorder
from shared.database import AWAY, Pool, make_pool
from shared.publishing import NotStored, Outgoing
from tests.integration.department import funds_arrived
from tests.integration.ledger_rows import Published
from tests.integration.lingering_postgres import lingering
from tests.waiting import PATIENCE

_LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"
_END_SESSIONS = """
    select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and application_name = 'recorder'
"""


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "recorder", size=2, plan_once=True) as opened:
        yield opened


@pytest_asyncio.fixture
async def beside(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


def _arrived(number: int = 1) -> Stored:
    event = funds_arrived(f"P-{number}", str(number), "5000000.00")
    subject = f"events.500101.finance.P-{number}.funds-arrived"
    return Stored(subject, orjson.dumps(event), number, datetime(2026, 4, 2, tzinfo=UTC))


def _refused(number: int) -> Stored:
    return Stored(f"events.50010{number % 4}.finance.P-1.signed", b"{", number, datetime(2026, 4, 2, tzinfo=UTC))


def _metrics() -> Metrics:
    return Metrics(CollectorRegistry())


async def test_the_project_is_locked_while_its_record_is_published_and_free_afterwards(
    pool: Pool, beside: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    while_publishing = []

    async def publish(messages: Sequence[Outgoing]) -> None:
        while_publishing.append(await beside.fetchval(_LOCKS))

    await Recorder(pool, publish, _metrics()).record([_arrived()])

    assert while_publishing == [1]
    assert await beside.fetchval(_LOCKS) == 0


async def test_the_project_is_free_after_a_record_could_not_be_published(
    pool: Pool, beside: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def publish(messages: Sequence[Outgoing]) -> None:
        raise NotStored("the server is away")

    with pytest.raises(NotStored):
        await Recorder(pool, publish, _metrics()).record([_arrived()])

    assert await beside.fetchval(_LOCKS) == 0


async def test_a_batch_whose_locks_were_lost_while_it_was_published_is_not_done(
    pool: Pool, beside: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async def publish(messages: Sequence[Outgoing]) -> None:
        await beside.execute(_END_SESSIONS)

    with pytest.raises(AWAY):
        await Recorder(pool, publish, _metrics()).record([_arrived()])

    published = Published()
    await Recorder(pool, published, _metrics()).record([_arrived()])
    assert list(published.last) == ["ledger.500101.project.P-1"]


async def test_a_batch_whose_session_was_ended_and_not_yet_closed_is_not_done(
    database_url: str, beside: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with lingering(database_url) as way, make_pool(way.url, "recorder", size=1) as pool:

        async def publish(messages: Sequence[Outgoing]) -> None:
            await beside.execute(_END_SESSIONS)
            await way.parted.wait()
            # When this has come, so has what came before it.
            await beside.execute("select 1")

        with pytest.raises(asyncpg.InternalClientError):
            await Recorder(pool, publish, _metrics()).record([_arrived()])

        way.hang_up.set()
        published = Published()
        await Recorder(pool, published, _metrics()).record([_arrived()])
        assert list(published.last) == ["ledger.500101.project.P-1"]


async def test_any_number_of_projects_takes_a_quarter_of_the_locks_that_postgres_has_by_default(
    beside: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    room = await beside.fetchval(
        "select current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int"
    )
    assert room == 6_400, "the ledger is to be right on a Postgres that nobody configured"
    await lock_projects(beside, [("500101", f"P-{number}") for number in range(3 * room)])
    assert await beside.fetchval(_LOCKS) == BUCKETS <= 0.27 * room


async def test_many_who_record_and_park_at_once_in_any_order_never_wait_in_a_circle(database_url: str) -> None:
    chance = random.Random(5)  # noqa: S311 - the same orders each time
    everything = [_arrived(number) for number in range(1, 121)] + [_refused(number) for number in range(200, 208)]
    batches = [chance.sample(everything, len(everything) * 2 // 3) for _ in range(10)]
    async with (
        make_pool(database_url, "recorder", size=len(batches), plan_once=True) as pool,
        asyncio.timeout(PATIENCE),
    ):
        published = Published()
        await asyncio.gather(*(Recorder(pool, published, _metrics()).record(batch) for batch in batches))
        assert await pool.fetchval("select count(*) from ledger.project") == 120
        assert await pool.fetchval("select count(*) from ledger.quarantine") == 8
