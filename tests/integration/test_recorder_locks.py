"""The locks of a batch last until its records are published, and no longer; when they were lost, that is noticed."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import asyncpg
import orjson
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.ledger.domain.batch import Stored
from services.ledger.metrics import Metrics
from services.ledger.recorder import Recorder
from shared.bus import NotStored, Outgoing
from shared.database import Pool, make_pool
from tests.integration.department import funds_arrived
from tests.integration.ledger_rows import Published

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


def _arrived() -> Stored:
    event = funds_arrived("P-1", "1", "5000000.00")
    subject = "events.500101.finance.P-1.funds-arrived"
    return Stored(subject, orjson.dumps(event), 1, datetime(2026, 4, 2, tzinfo=UTC))


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

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await Recorder(pool, publish, _metrics()).record([_arrived()])

    published = Published()
    await Recorder(pool, published, _metrics()).record([_arrived()])
    assert list(published.last) == ["ledger.500101.project.P-1"]
