"""Events over HTTP: what a department posts comes to stand in the ledger as if it had been published on the bus."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client

from deploy.local.nats import Nats
from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running
from tests.integration.department import Department, contract_signed, funds_arrived
from tests.integration.described import GENERATED, ask, description, opened
from tests.waiting import until

ONE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
PROJECT = "P-2026-017"
FINANCE = {"authorization": "Bearer the-finance-token", "content-type": ONE}
FINANCE_BATCH = FINANCE | {"content-type": BATCH}


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"500101/finance {hashlib.sha256(b'the-finance-token').hexdigest()}\n")
    settings = LedgerSettings(nats_url=provisioned, database_url=database_url, entrance_tokens=tokens)
    async with running(build(settings)) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:

            async def ready() -> bool:
                return (await http.get("/readyz")).is_success

            await until(ready)
            yield http


@pytest_asyncio.fixture
async def department(client: Client) -> Department:
    return await Department.open(client)


async def post(ledger: httpx.AsyncClient, content: object, headers: dict[str, str], **asked: Any) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return await ledger.post("/v1/events", content=body, headers=headers, params=asked)


def statuses(said: httpx.Response) -> list[tuple[str, str | None, str | None]]:
    return [(one["status"], one["id"], one["code"]) for one in said.json()["events"]]


async def test_an_event_that_is_posted_stands_in_its_project(ledger: httpx.AsyncClient, department: Department) -> None:
    said = await post(ledger, funds_arrived(PROJECT, "1", "120000000.00"), FINANCE)
    assert (said.status_code, statuses(said)) == (202, [("stored", "1", None)])
    assert (await department.hear_record(PROJECT, 1))["funds_arrived"] == "120000000.00"


async def test_posting_again_changes_nothing_and_other_content_under_the_id_is_refused_as_on_the_bus(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    for amount in ("120000000.00", "120000000.00", "130000000.00"):
        assert (await post(ledger, funds_arrived(PROJECT, "1", amount), FINANCE)).status_code == 202

    async def refused() -> bool:
        parked = (await ledger.get("/v1/quarantine")).json()
        return [one["code"] for one in parked] == ["id-reused"]

    await until(refused)
    record = (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")).json()
    assert (record["revision"], record["funds_arrived"]) == (1, "120000000.00")


async def test_each_event_of_a_batch_is_judged_alone(ledger: httpx.AsyncClient, department: Department) -> None:
    batch: list[object] = [funds_arrived(PROJECT, str(number), "1000000.00") for number in range(1, 13)]
    batch += [funds_arrived(PROJECT, "13", "lots"), contract_signed(PROJECT, "14"), 7, {"source": "/500101/finance"}]
    said = await post(ledger, batch, FINANCE_BATCH)
    assert said.status_code == 207
    assert statuses(said)[:12] == [("stored", str(number), None) for number in range(1, 13)]
    assert statuses(said)[12:] == [
        ("refused", "13", "invalid-data"),
        ("refused", "14", "not-yours"),
        ("refused", None, "not-cloudevent"),
        ("refused", None, "not-cloudevent"),
    ]
    assert said.json()["events"][13]["reason"] == (
        'source: must be "/500101/finance", for which the token speaks, but is "/500101/investment"'
    )
    assert (await department.hear_record(PROJECT, 12))["funds_arrived"] == "12000000.00"
    assert (await ledger.get("/v1/quarantine")).json() == []


async def test_a_number_that_nobody_can_read_costs_its_own_event_only(ledger: httpx.AsyncClient) -> None:
    good, bad = (funds_arrived(PROJECT, number, "1.00") for number in "12")
    batch = json.dumps([good, bad | {"data": {"amount": 7}}]).replace(": 7", f": {'7' * 5_000}")
    said = await post(ledger, batch.encode(), FINANCE_BATCH)
    assert (said.status_code, statuses(said)) == (207, [("stored", "1", None), ("refused", None, "not-json")])


async def test_a_dry_run_judges_and_publishes_nothing(ledger: httpx.AsyncClient, client: Client) -> None:
    good, bad = funds_arrived(PROJECT, "1", "1.00"), funds_arrived(PROJECT, "2", "lots")
    said = await post(ledger, [good, bad], FINANCE_BATCH, dry_run=1)
    assert (said.status_code, statuses(said)) == (207, [("judged", "1", None), ("refused", "2", "invalid-data")])
    assert (await post(ledger, good, FINANCE, dry_run="1")).status_code == 200
    assert (await post(ledger, bad, FINANCE, dry_run="1")).status_code == 422
    assert (await post(ledger, good, FINANCE, dryrun="1")).status_code == 422
    assert (await client.jetstream().stream_info("EVENTS")).state.messages == 0


async def test_the_bytes_that_were_posted_are_the_bytes_on_the_bus(ledger: httpx.AsyncClient, client: Client) -> None:
    said = funds_arrived(PROJECT, "1", "1.00")
    said["data"]["note"] = "到账"
    event = json.dumps(said, indent=3, ensure_ascii=False).encode()
    assert (await post(ledger, b" [\n" + event + b" ] ", FINANCE_BATCH)).status_code == 202
    [message] = [await client.jetstream().get_msg("EVENTS", 1)]
    assert (message.subject, message.data) == (f"events.500101.finance.{PROJECT}.funds-arrived", event)


async def test_what_is_no_request_is_told_with_the_remedy(ledger: httpx.AsyncClient) -> None:
    event = funds_arrived(PROJECT, "1", "1.00")
    for content, headers, status, detail in [
        (event, {"content-type": ONE}, 401, "Authorization: Bearer"),
        (event, FINANCE | {"authorization": "Basic eDp5"}, 401, "Authorization: Bearer"),
        (event, FINANCE | {"authorization": "Bearer wrong"}, 401, "not known"),
        (event, FINANCE | {"content-type": "text/plain"}, 415, ONE),
        (event, FINANCE_BATCH, 400, "it must begin with ["),
        (b"[1 2]", FINANCE_BATCH, 400, "a comma or ] is missing at character 3"),
        (b"[1,]", FINANCE_BATCH, 400, "an event is missing"),
        (b"[1] x", FINANCE_BATCH, 400, "something follows"),
        (b"[" * 100_000, FINANCE_BATCH, 400, "not a JSON array"),
        (b"\xff", FINANCE_BATCH, 400, "not a JSON array"),
        ([1] * 1001, FINANCE_BATCH, 413, "at most 1000 events"),
        (b" " * 8_000_001, FINANCE, 413, "at most 8000000 bytes"),
    ]:
        said = await post(ledger, content, headers)
        assert (said.status_code, detail in said.json()["detail"]) == (status, True), (said.status_code, said.text)
        assert (status == 401) == ("www-authenticate" in said.headers)
    broken = await post(ledger, b"{", FINANCE)
    assert (broken.status_code, statuses(broken)) == (422, [("refused", None, "not-json")])


async def test_whatever_is_posted_the_answer_is_one_that_the_description_names(ledger: httpx.AsyncClient) -> None:
    async with opened(ledger) as url:
        await asyncio.to_thread(_fuzz, (await description(url))["/v1/events"]["POST"], url)


def _fuzz(operation: Any, url: str) -> None:
    @given(operation.as_strategy(), st.booleans())
    @settings(GENERATED, max_examples=20, phases=list(Phase))
    def asked(case: Any, known: bool) -> None:
        ask(case, url, headers={"authorization": FINANCE["authorization"]} if known else {})

    asked()


async def test_without_tokens_no_events_are_taken(provisioned: str, database_url: str) -> None:
    async with running(build(LedgerSettings(nats_url=provisioned, database_url=database_url))) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
            said = await post(http, funds_arrived(PROJECT, "1", "1.00"), FINANCE)
    assert (said.status_code, "LUODI_ENTRANCE_TOKENS is not set" in said.json()["detail"]) == (503, True)


async def test_while_the_bus_is_away_nothing_is_called_stored(ledger: httpx.AsyncClient, nats_server: Nats) -> None:
    await nats_server.stop()
    said = await post(ledger, funds_arrived(PROJECT, "1", "1.00"), FINANCE)
    assert (said.status_code, "not connected to NATS" in said.json()["detail"]) == (503, True)
