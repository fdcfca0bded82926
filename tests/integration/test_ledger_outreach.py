"""A trip to investors is on record like a project: live, corrected, as of an instant, rebuilt, in the digest."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.client import Client

from services.ledger import digest
from services.ledger.api import routes
from services.ledger.archive import Archive
from services.ledger.rebuilder import Rebuilder
from services.ledger.slicing import Walk
from services.ledger.verifier import Verifier
from shared.database import Pool, make_pool
from shared.records import OutreachRecord
from tests.integration.department import cloudevent, contract_signed
from tests.integration.ledger_upkeep import START, recorded

TRIP = "TRIP-2026-08"
ADDRESS = f"ledger.500101.outreach.{TRIP}"
SMALL = Walk(connections=2, events=3)


def outreach(event_id: str, city: str, on: str = "2026-03-04", **more: Any) -> dict[str, Any]:
    data = {"on": on, "city": city, "led_by": "李明", "met": ["某公司"], "projects": ["P-1"]}
    return cloudevent("investment", TRIP, event_id, "outreach-made", data, **more)


def void(event_id: str, voided: str) -> dict[str, Any]:
    data = {"on": "2026-03-05", "event": voided, "reason": "误报"}
    return cloudevent("investment", TRIP, event_id, "voided", data)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as pool:
        yield pool


async def published(client: Client) -> dict[str, Any]:
    message = (await client.jetstream().get_last_msg("LEDGER", ADDRESS)).data or b""
    OutreachRecord.model_validate_json(message)
    record: dict[str, Any] = json.loads(message)
    return record


async def differences(pool: Pool, client: Client) -> list[str]:
    return [str(one) async for one in Verifier(pool, client, SMALL).differences()]


async def test_a_trip_is_published_with_where_it_went_and_whom_it_met(pool: Pool, client: Client) -> None:
    await recorded(pool, client, [outreach("1", "深圳")])
    record = await published(client)
    [fact] = record.pop("facts")
    assert fact["superseded_at"] is None
    record.pop("digest")
    assert record == {
        "district": "500101",
        "trip": TRIP,
        "revision": 1,
        "on": "2026-03-04",
        "city": "深圳",
        "led_by": "李明",
        "met": ["某公司"],
        "projects": ["P-1"],
        "anomalies": [],
    }
    assert await pool.fetchval("select count(*) from ledger.project") == 0


async def test_a_corrected_trip_says_what_the_correction_says(pool: Pool, client: Client) -> None:
    # The correction arrives first.
    await recorded(pool, client, [outreach("2", "昆明", on="2026-03-01", replaces="1"), outreach("1", "深圳")])
    record = await published(client)
    assert (record["city"], record["on"], len(record["facts"])) == ("昆明", "2026-03-01", 2)


async def test_a_withdrawn_trip_keeps_its_reports_and_says_nothing_else(pool: Pool, client: Client) -> None:
    await recorded(pool, client, [outreach("1", "深圳"), void("2", "1")])
    record = await published(client)
    assert (record["on"], record["city"], record["met"], record["revision"]) == (None, None, [], 2)
    assert record["facts"][0]["superseded_at"] == (START + timedelta(seconds=2)).isoformat()
    assert record["facts"][0]["superseded_by"] == "2"


async def test_what_is_out_of_rule_with_a_trip_is_named(pool: Pool, client: Client) -> None:
    await recorded(
        pool,
        client,
        [
            outreach("1", "深圳"),
            outreach("2", "昆明", replaces="1"),
            outreach("3", "成都", replaces="1"),
            outreach("4", "上海", on="2026-09-02"),
            void("5", "none-such"),
        ],
    )
    assert (await published(client))["anomalies"] == [
        named("date-in-future", "4", "填报日期 2026-09-02 晚于报送日期"),
        named("corrected-twice", "3", "报送 1 此前已由 2 更正或作废，本次再次更正或作废，请核对是否重复计入"),
        named(
            "corrects-nothing", "5", "本单位在本次外出招商下没有报送过 none-such，此项更正或作废没有生效，请核对编号"
        ),
    ]
    await recorded(pool, client, [void("6", "3"), void("7", "4"), void("8", "5")], first=6)
    assert (await published(client))["anomalies"] == []


def named(code: str, event: str, text: str) -> dict[str, Any]:
    return {"code": code, "source": "/500101/investment", "event": event, "text": text}


async def test_a_trip_is_served_as_it_was_known_at_an_instant(pool: Pool, client: Client) -> None:
    await recorded(pool, client, [outreach("1", "深圳"), outreach("2", "昆明", replaces="1")])
    app = FastAPI()
    app.include_router(routes(Archive(pool)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ledger") as http:

        async def ask(trip: str, second: int | None = None) -> httpx.Response:
            params = {} if second is None else {"as_of": (START + timedelta(seconds=second)).isoformat()}
            return await http.get(f"/v1/districts/500101/outreach/{trip}", params=params)

        assert (await ask(TRIP)).json() == await published(client)
        assert (await ask(TRIP, 1)).json()["city"] == "深圳"
        unknown = await ask(TRIP, 0)
        assert unknown.status_code == 404
        assert unknown.json()["detail"].startswith(f"no trip {TRIP} of district 500101 was recorded by 2026-09-01")
        assert (await ask("P-1")).status_code == 404


async def test_rebuild_and_verify_cover_trips(pool: Pool, client: Client) -> None:
    await recorded(pool, client, [contract_signed("P-1", "c"), outreach("1", "深圳")])
    right = await pool.fetch("select * from ledger.outreach")
    assert await differences(pool, client) == []

    await pool.execute("update ledger.outreach set city = '北京'")
    assert await differences(pool, client) == [f"500101/{TRIP}: outreach.city: 北京 instead of 深圳"]
    assert (await Rebuilder(pool, client, SMALL).rebuild()).changed == 1
    assert await pool.fetch("select * from ledger.outreach") == right

    await client.jetstream().purge_stream("LEDGER", subject=ADDRESS)
    assert await differences(pool, client) == [f"500101/{TRIP}: LEDGER: no message"]
    again = await Rebuilder(pool, client, SMALL).rebuild(republish=True)
    assert (again.changed, again.published, again.withdrawn) == (0, 1, 0)
    assert await differences(pool, client) == []


async def test_a_subject_may_be_a_project_and_a_trip_and_both_records_count_its_events(
    pool: Pool, client: Client
) -> None:
    await recorded(pool, client, [outreach("1", "深圳")])
    await recorded(pool, client, [contract_signed(TRIP, "2")], first=2)
    assert (await published(client))["revision"] == 2
    assert await pool.fetchval("select revision from ledger.project") == 2
    assert await differences(pool, client) == []


async def test_a_trip_has_its_line_in_the_digest(pool: Pool, client: Client) -> None:
    await recorded(pool, client, [contract_signed("P-1", "c"), outreach("1", "深圳")])
    lines = [line async for line in digest.lines(pool, "500101")]
    assert [line.split()[0] for line in lines] == ["P-1", TRIP]
    assert lines[1].split()[1] == (await published(client))["digest"]
