"""A walk hands out every key once, whatever the length of its slices: also long histories, and rows without events."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from nats.aio.client import Client

from services.ledger.domain.batch import Key
from services.ledger.domain.slices import Slice
from services.ledger.slicing import Walk
from shared.database import Connection, Pool, make_pool
from tests.integration.department import funds_arrived
from tests.integration.ledger_upkeep import recorded, some_projects

STRAY_ROWS = """
    insert into ledger.project
    select (jsonb_populate_record(record, jsonb_build_object('project', 'Q-' || number, 'district', place.code))).*
    from ledger.project as record
    cross join generate_series(1, 9) as number
    cross join (values ('500101'), ('500102')) as place (code)
    where record.project = 'P-0'
"""
RECORDED = {("500101", f"P-{number}") for number in range(7)} | {("500101", "target-2026-funds-arrived")}
STRAY = {(district, f"Q-{number}") for district in ("500101", "500102") for number in range(1, 10)}


@pytest_asyncio.fixture
async def pool(database_url: str, client: Client) -> AsyncIterator[Pool]:
    """A ledger with a long history, and with rows of two districts that have no events."""
    async with make_pool(database_url, "test", size=3) as pool:
        await recorded(pool, client, some_projects(7))
        await recorded(pool, client, [funds_arrived("P-3", f"more-{number}", "1.00") for number in range(20)], first=50)
        await pool.execute(STRAY_ROWS)
        yield pool


async def handed_out(pool: Pool, walk: Walk) -> list[Key]:
    keys: list[Key] = []

    async def keep(connection: Connection, part: Slice) -> None:
        keys.extend(part.keys)

    assert await walk.over(pool, "walking", keep) == []
    return keys


@pytest.mark.parametrize("events", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("connections", [1, 3])
async def test_every_key_is_handed_out_once(pool: Pool, events: int, connections: int) -> None:
    assert sorted(await handed_out(pool, Walk(connections, events))) == sorted(RECORDED | STRAY)


async def test_of_one_district_no_other_is_handed_out(pool: Pool) -> None:
    assert await handed_out(pool, Walk(1, 2, "500102")) == sorted(key for key in STRAY if key[0] == "500102")
    assert await handed_out(pool, Walk(1, 2, "500103")) == []


@pytest.mark.parametrize("district", [None, "500101"])
async def test_progress_ends_where_it_said_that_it_would(pool: Pool, district: str | None) -> None:
    told: list[tuple[str, int, int | None]] = []
    await handed_out(pool, Walk(2, 3, district, lambda *said: told.append(said)))
    assert told[0][:2] == ("walking", 0)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert all(total is None or done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2]
