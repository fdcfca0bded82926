"""The ledger over HTTP: records as they were known, instants as people paste them, long histories in pages."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI

from services.ledger.api import routes
from services.ledger.archive import Archive
from services.ledger.domain.batch import Stored
from services.ledger.quarantine import Quarantine
from services.ledger.quarantine_api import quarantine_routes
from shared.database import Pool, make_pool
from tests.integration import ledger_rows
from tests.integration.department import cloudevent

MIDNIGHT = datetime(2026, 9, 4, 16, tzinfo=UTC)
# What a person pastes, with the + that the address turns into a space.
PASTED = "2026-09-05T00:00:00+08:00"
TARGET = "target-2026-funds-arrived"


def target_set(event_id: str, value: str) -> dict[str, Any]:
    data = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": value, "issued_by": "市政府"}
    return cloudevent("investment", TARGET, event_id, "target-set", data)


def planned(event_id: str, unit: str = "investment") -> dict[str, Any]:
    return cloudevent(unit, "P-1", event_id, "planned", {"on": "2026-03-01"})


def outreach(event_id: str, city: str, **more: Any) -> dict[str, Any]:
    data = {"on": "2026-03-04", "city": city, "led_by": "李明"}
    return cloudevent("investment", "TRIP-1", event_id, "outreach-made", data, **more)


async def record(pool: Pool, *events: dict[str, Any] | bytes, at: datetime, first: int = 1) -> None:
    """Record events, each a second after the other; bytes are a message that is refused."""
    messages = []
    for number, event in enumerate(events, first):
        instant = at + timedelta(seconds=number - first)
        if isinstance(event, bytes):
            messages.append(Stored("events.500101.finance.P-1.signed", event, number, instant))
        else:
            unit, name = event["source"].split("/")[2], event["type"].split(".")[1]
            subject = f"events.500101.{unit}.{event['subject']}.{name}"
            messages.append(Stored(subject, json.dumps(event).encode(), number, instant))
    await ledger_rows.recorder(pool, ledger_rows.Published()).record(messages)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test", size=1) as pool:
        yield pool


@pytest_asyncio.fixture
async def http(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(Archive(pool)))
    app.include_router(quarantine_routes(Quarantine(pool)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ledger") as http:
        yield http


async def test_an_instant_pasted_unescaped_is_understood_wherever_one_is_asked_for(
    pool: Pool, http: httpx.AsyncClient
) -> None:
    events = (planned("1"), outreach("2", "深圳"), target_set("3", "105"))
    await record(pool, *events, b"{", at=MIDNIGHT - timedelta(seconds=4))
    await record(pool, planned("5"), outreach("6", "昆明"), target_set("7", "110"), b"{", at=MIDNIGHT, first=5)

    async def ask(path: str) -> Any:
        answer = await http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    district = "/v1/districts/500101"
    assert (await ask(f"{district}/projects/P-1?as_of=2026-09-04T23:59:59+08:00"))["revision"] == 1
    assert (await ask(f"{district}/outreach/TRIP-1?as_of=2026-09-04T23:59:59+08:00"))["city"] == "深圳"
    values = [
        [fact["data"]["value"] for fact in (await ask(f"{district}/targets/2026/funds-arrived{when}"))["facts"]]
        for when in ("?as_of=2026-09-04T23:59:59+08:00", "")
    ]
    assert values == [["105"], ["105", "110"]]
    assert [one["stream_sequence"] for one in await ask(f"/v1/quarantine?since={PASTED}")] == [8]
    assert (await ask("/v1/quarantine/8?recorded_at=2026-09-05T00:00:03+08:00"))["text"] == "{"


async def test_what_is_no_instant_is_refused_with_the_form_that_one_has(http: httpx.AsyncClient) -> None:
    for wrong, said in (
        ("yesterday", "is not an instant: give it as 2026-09-05T00:00:00+08:00"),
        ("2026-09-05", "is a day and not an instant"),
        ("2026-09-05T00:00:00", "names no time zone"),
        ("9999-12-31T23:59:59-08:00", "lies outside the years 1900 to 9998"),
    ):
        answer = await http.get("/v1/districts/500101/projects/P-1", params={"as_of": wrong})
        assert answer.status_code == 422
        assert said in answer.json()["detail"][0]["msg"]


async def test_a_target_that_nobody_set_is_told_so_plainly(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/districts/500101/targets/2026/funds-arrived")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no target funds-arrived of 2026 of district 500101 was recorded"


async def test_every_event_of_a_project_is_served_in_pages_in_the_order_of_its_digest(
    pool: Pool, http: httpx.AsyncClient
) -> None:
    # Several at one instant, from two sources, with ids that an address must escape.
    ids = ["一 & 2", "b/c", "a?=#", "d+e", "f"]
    for unit in ("investment", "finance"):
        for number, event_id in enumerate(ids):
            await record(pool, planned(event_id, unit), at=MIDNIGHT + timedelta(seconds=number // 2), first=number + 1)
    events = "/v1/districts/500101/projects/P-1/events"
    whole = await http.get(events)
    assert "link" not in whole.headers
    in_order = sorted(whole.json(), key=lambda one: (one["recorded_at"], one["source"], one["id"].encode()))
    assert (whole.json(), len(in_order)) == (in_order, 10)

    found, page = [], await http.get(events, params={"limit": 3})
    while page.links:
        assert len(page.json()) == 3
        found += page.json()
        page = await http.get(page.links["next"]["url"])
    assert found + page.json() == in_order


async def test_a_page_after_an_event_of_another_project_is_none(pool: Pool, http: httpx.AsyncClient) -> None:
    await record(pool, planned("1"), outreach("2", "深圳"), at=MIDNIGHT)
    for after in ("/500101/investment 2", "/500101/finance 1", "1"):
        answer = await http.get("/v1/districts/500101/projects/P-1/events", params={"after": after})
        assert answer.status_code == 422
    last = await http.get("/v1/districts/500101/projects/P-1/events", params={"after": "/500101/investment 1"})
    assert (last.status_code, last.json()) == (200, [])


async def test_a_lone_void_makes_no_project_and_is_found_among_the_events(pool: Pool, http: httpx.AsyncClient) -> None:
    void = cloudevent("investment", "P-1", "1", "voided", {"on": "2026-03-01", "event": "x", "reason": "误报"})
    await record(pool, void, at=MIDNIGHT)
    nothing = await http.get("/v1/districts/500101/projects/P-1")
    assert nothing.status_code == 404
    assert nothing.json()["detail"].startswith("no event that says anything of project P-1")
    [event] = (await http.get("/v1/districts/500101/projects/P-1/events")).json()
    assert event["type"] == "luodi.voided.v1"
