"""What stands in the way of a seal, and what must not: servers away, two at once, a small server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
import pytest_asyncio
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.reporting.collector import Collector
from services.reporting.domain.bulletin import SealError, instant
from services.reporting.sealer import NotPublishedError, Order, Sealer, publish
from shared import clock, streams
from shared.database import Pool, make_pool
from shared.subjects import EVENTS, LEDGER_OF_EVENTS, REPORTING_OF_LEDGER, REPORTS, bulletin_subject
from tests.bulletin_documents import TEXT
from tests.integration.small_nats import SmallNats
from tests.reporting_records import DISTRICT, delivered, funds, project, subject, superseded

AUGUST = Order(DISTRICT, date(2026, 8, 31), "示范区", seconds=5.0)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as opened:
        yield opened


async def records(pool: Pool, *of: dict[str, Any]) -> None:
    """Have the tables hold some records, as if they had been read from the stream."""
    taker = Collector(pool, clock.system, CollectorRegistry())
    await taker.take([delivered(record, number) for number, record in enumerate(of, 1)])


async def test_an_event_that_the_ledger_has_not_recorded_stops_the_seal(client: Client, pool: Pool) -> None:
    await records(pool, project("P-1", [funds("2026-03-01", "1.00", "f-1")]))
    await client.jetstream().publish(f"events.{DISTRICT}.finance.P-1.started", b"{}")
    desk = Sealer(client, pool, TEXT, REPORTING_OF_LEDGER)
    with pytest.raises(SealError, match="The ledger has yet to record events up to 1 of EVENTS, 1 behind"):
        await desk.seal(Order(DISTRICT, date(2026, 8, 31), "示范区", seconds=0.2))
    assert await pool.fetchval("select count(*) from reporting.bulletin") == 0


async def test_the_seal_waits_and_says_so_until_what_was_stored_before_is_counted(client: Client, pool: Pool) -> None:
    early = project("P-1", [funds("2026-03-01", "1.00", "f-1")])
    await records(pool, early)
    stream, told = client.jetstream(), asyncio.Queue[str]()
    await stream.publish(f"events.{DISTRICT}.finance.P-1.funds-arrived", b"{}")
    ledger, reporting = [
        await stream.pull_subscribe_bind(one.name, one.stream) for one in (LEDGER_OF_EVENTS, REPORTING_OF_LEDGER)
    ]
    sealing = asyncio.create_task(Sealer(client, pool, TEXT, REPORTING_OF_LEDGER, told.put_nowait).seal(AUGUST))
    assert await told.get() == "Waiting for the ledger to record 1 of the events stored before."
    # The ledger now records the event: it publishes the record before it acknowledges.
    late = project("P-1", [*early["facts"], funds("2026-03-02", "2.00", "f-2")], name="后到项目")
    await stream.publish(subject(late), orjson.dumps(late))
    [event] = await ledger.fetch(1)
    await event.ack_sync()
    assert await told.get() == "Waiting for reporting to count 1 of the ledger's records."
    assert not sealing.done()
    await records(pool, late)
    [message] = await reporting.fetch(1)
    await message.ack_sync()
    sealed = await sealing
    assert [one["id"] for one in sealed["facts"]] == ["f-1", "f-2"]
    assert told.empty()


async def test_a_district_of_which_nothing_has_arrived_has_no_bulletin(client: Client, pool: Pool) -> None:
    with pytest.raises(SealError, match=f"No record of district {DISTRICT} has arrived"):
        await Sealer(client, pool, TEXT, REPORTING_OF_LEDGER).seal(AUGUST)


async def test_two_who_seal_at_once_get_two_numbers(client: Client, pool: Pool) -> None:
    await records(pool, project("P-1", [funds("2026-03-01", "1.00", "f-1")]))
    desk = Sealer(client, pool, TEXT, REPORTING_OF_LEDGER)
    orders = (Order(DISTRICT, date(2026, 8, 31), "示范区", reason=reason) for reason in ("甲", "乙"))
    sealed = await asyncio.gather(*(desk.seal(order) for order in orders))
    assert {one["number"] for one in sealed} == {"2026-08-1", "2026-08-2"}
    assert {one["restated"]["since"] for one in sealed} == {None, "2026-08-1"}


async def test_a_bulletin_that_could_not_be_published_is_published_later(
    provisioned: str, client: Client, pool: Pool
) -> None:
    await records(pool, project("P-1", [funds("2026-03-01", "1.00", "f-1")]))
    await client.jetstream().delete_stream(REPORTS.name)
    with pytest.raises(NotPublishedError) as raised:
        await Sealer(client, pool, TEXT, REPORTING_OF_LEDGER).seal(AUGUST)
    assert raised.value.args[0] == "2026-08-1"
    await streams.provision(provisioned)
    assert await publish(client, pool, DISTRICT) == ["2026-08-1"]
    assert await publish(client, pool, DISTRICT) == []


async def test_the_events_that_corrected_are_named_from_the_records_alone(client: Client, pool: Pool) -> None:
    # As at a city, which has no events.
    await client.jetstream().delete_stream(EVENTS.name)
    wrong, twice, unclear = (funds("2026-03-01", f"{number}.00", f"f-{number}") for number in (1, 2, 3))
    await records(pool, project("P-1", [wrong, twice, unclear]))
    desk = Sealer(client, pool, TEXT, REPORTING_OF_LEDGER)
    since = datetime.fromisoformat((await desk.seal(AUGUST))["known_by"]) + timedelta(microseconds=1)
    right = funds("2026-03-01", "1.50", "f-4", recorded=since)
    ended = [
        superseded(wrong, since) | {"superseded_by": "f-4"},
        superseded(twice, since) | {"superseded_by": "v-1"},
        superseded(unclear, since),
    ]
    await records(pool, project("P-1", [*ended, right]))
    again = await desk.seal(replace(AUGUST, reason="更正"))
    told = {one["id"]: (one["change"], one["by"]["id"], one["by"]["event"]) for one in again["restated"]["facts"]}
    assert told == {
        "f-1": ("replaced", "f-4", "funds-arrived"),
        "f-2": ("voided", "v-1", "voided"),
        "f-3": ("replaced", None, None),
    }
    assert {one["by"]["recorded_at"] for one in again["restated"]["facts"]} == {instant(since)}


async def test_a_bulletin_larger_than_a_message_is_published_without_its_facts(tmp_path: Path, pool: Pool) -> None:
    server = SmallNats(tmp_path / "small", durable=False)
    await server.start()
    try:
        await streams.provision(server.url)
        connection = await nats.connect(server.url)
        await records(pool, project("P-1", [funds("2026-03-01", "1.00", f"f-{number}") for number in range(300)]))
        sealed = await Sealer(connection, pool, TEXT, REPORTING_OF_LEDGER).seal(AUGUST)
        message = await connection.jetstream().get_last_msg(REPORTS.name, bulletin_subject(DISTRICT, "2026-08-1"))
        assert orjson.loads(message.data or b"") == sealed | {"facts": None}
        await connection.close()
    finally:
        await server.stop()
