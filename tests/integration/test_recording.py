"""What a department publishes comes to stand in the ledger, once, whole, or is refused with a reason."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest_asyncio
from nats.aio.client import Client

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running
from tests.integration.department import Department, cloudevent, contract_signed, funds_arrived
from tests.labels import strays
from tests.waiting import until

PROJECT = "P-2026-017"


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A running ledger, asked over HTTP."""
    settings = LedgerSettings(nats_url=provisioned, database_url=database_url)
    async with running(build(settings)) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
            yield http


@pytest_asyncio.fixture
async def department(client: Client) -> Department:
    return await Department.open(client)


async def test_a_published_event_stands_in_the_project_and_in_its_events(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    await department.say(contract_signed(PROJECT, "1"))
    heard = await department.hear_record(PROJECT, 1)

    record = (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")).json()
    assert record == heard
    assert record["stage"] == "signed"
    assert record["contract_amount"] == "600000000.00"
    assert record["facts"][0]["source"] == "/500101/investment"

    [event] = (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}/events")).json()
    assert event["type"] == "luodi.signed.v1"
    assert event["data"] == {"on": "2026-03-01", "kind": "contract", "amount": "600000000.00"}
    assert instant(event["recorded_at"]) == instant(record["facts"][0]["recorded_at"])


def instant(text: str) -> datetime:
    """JSON writes the same instant with more or fewer zeros."""
    return datetime.fromisoformat(text)


async def test_the_same_event_again_changes_nothing(ledger: httpx.AsyncClient, department: Department) -> None:
    await department.say(contract_signed(PROJECT, "1"))
    first = await department.hear_record(PROJECT, 1)
    await department.say(contract_signed(PROJECT, "1"))
    assert await department.hear_record(PROJECT, 1) == first
    assert (await ledger.get("/v1/quarantine")).json() == []


async def test_other_content_under_a_known_identity_is_refused_and_the_first_stays(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    await department.say(contract_signed(PROJECT, "1"))
    first = await department.hear_record(PROJECT, 1)
    sequence = await department.say(contract_signed(PROJECT, "1", amount="900000000.00"))

    refusal = await department.hear_refusal()
    assert refusal["code"] == "id-reused"
    assert refusal["stream_sequence"] == sequence
    assert refusal["id"] == "1"
    assert (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")).json() == first
    assert [parked["code"] for parked in (await ledger.get("/v1/quarantine")).json()] == ["id-reused"]


async def test_a_malformed_message_is_kept_whole_its_sender_told_and_the_others_go_on(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    broken = b'{"specversion": "1.0", "id": '
    sequence = await department.say_raw(f"events.500101.finance.{PROJECT}.funds-arrived", broken)
    await department.say(contract_signed(PROJECT, "1"))

    refusal = await department.hear_refusal()
    assert (refusal["code"], refusal["unit"], refusal["stream_sequence"]) == ("not-json", "finance", sequence)
    await department.hear_record(PROJECT, 1)
    stored = await department.connection.jetstream().get_msg("EVENTS", sequence)
    assert stored.data == broken
    [parked] = (await ledger.get("/v1/quarantine", params={"district": "500101"})).json()
    assert parked["reason"] == refusal["reason"]
    assert (await department.last_record("ledger.500101.quarantine"))["parked"] == 1


async def test_a_unit_that_speaks_for_another_is_refused(ledger: httpx.AsyncClient, department: Department) -> None:
    event = funds_arrived(PROJECT, "1", "1000.00")
    await department.say_raw(f"events.500101.housing.{PROJECT}.funds-arrived", json.dumps(event).encode())
    refusal = await department.hear_refusal()
    assert (refusal["code"], refusal["unit"], refusal["field"]) == ("not-yours", "housing", "source")


async def test_what_is_counted_of_the_ledger_names_no_project_and_no_unit_whatever_they_send(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    await department.say_raw(f"events.500101.housing.{PROJECT}.demolished", b"{}")
    await department.say_raw(f"events.{PROJECT}", b"{}")
    await department.say(contract_signed(PROJECT, "1"))
    await department.hear_record(PROJECT, 1)

    async def dealt_with() -> bool:
        return 'luodi_pending{stream="EVENTS"} 0.0' in (await ledger.get("/metrics")).text

    await until(dealt_with)
    said = (await ledger.get("/metrics")).text
    assert 'luodi_ledger_events_refused_total{code="bad-subject"} 1.0' in said
    assert 'luodi_ready{check="intake"} 1.0' in said
    assert strays(said) == []
    assert PROJECT not in said
    assert "housing" not in said


async def test_an_event_counts_until_it_is_replaced_and_the_past_stays_as_it_was_known(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    await department.say(funds_arrived(PROJECT, "1", "884000000.00"))
    before = await department.hear_record(PROJECT, 1)
    await department.say(funds_arrived(PROJECT, "2", "848000000.00", replaces="1"))
    after = await department.hear_record(PROJECT, 2)

    assert before["funds_arrived"] == "884000000.00"
    assert after["funds_arrived"] == "848000000.00"
    wrong, right = after["facts"]
    assert wrong["superseded_at"] == right["recorded_at"]
    assert (wrong["superseded_by"], right["superseded_by"]) == ("2", None)
    as_known_then = await ledger.get(
        f"/v1/districts/500101/projects/{PROJECT}", params={"as_of": before["facts"][0]["recorded_at"]}
    )
    assert as_known_then.json() == before


async def test_a_correction_that_arrives_first_corrects_all_the_same(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    await department.say(funds_arrived(PROJECT, "2", "848000000.00", replaces="1"))
    alone = await department.hear_record(PROJECT, 1)
    assert [anomaly["code"] for anomaly in alone["anomalies"]] == ["corrects-nothing", "funds-before-signing"]
    await department.say(funds_arrived(PROJECT, "1", "884000000.00"))
    assert (await department.hear_record(PROJECT, 2))["funds_arrived"] == "848000000.00"


async def test_a_target_is_published_with_its_history(ledger: httpx.AsyncClient, department: Department) -> None:
    for event_id, value, on in (("1", "105", "2026-01-15"), ("2", "110", "2026-07-01")):
        data = {"on": on, "year": 2026, "indicator": "funds-arrived", "value": value, "issued_by": "市招商局"}
        await department.say(cloudevent("investment", "target-2026-funds-arrived", event_id, "target-set", data))
    await department.acknowledged()
    target = await department.last_record("ledger.500101.target.2026.funds-arrived")
    assert (target["year"], target["indicator"], target["revision"]) == (2026, "funds-arrived", 2)
    assert [fact["data"]["value"] for fact in target["facts"]] == ["105", "110"]


async def test_a_project_whose_fold_fails_is_parked_and_the_others_go_on(
    ledger: httpx.AsyncClient, department: Department, database_url: str
) -> None:
    # More digits than a sum of amounts may have: each event is right by itself, their sum does not fit.
    for number in range(12):
        await department.say(funds_arrived("P-poison", str(number), "999999999999999.99"))
    await department.say(contract_signed(PROJECT, "1"))
    await department.hear_record(PROJECT, 1)
    await department.acknowledged()
    parked = (await ledger.get("/v1/quarantine")).json()
    assert {row["code"] for row in parked} == {"fold-failed"}
    assert {row["source"] for row in parked} == {"/500101/finance"}


async def test_an_unknown_project_is_told_so_plainly(ledger: httpx.AsyncClient) -> None:
    answer = await ledger.get("/v1/districts/500101/projects/P-none")
    assert answer.status_code == 404
    assert "P-none" in answer.json()["detail"]


async def test_readiness_names_what_is_missing(ledger: httpx.AsyncClient) -> None:
    answer = (await ledger.get("/readyz")).json()
    assert set(answer["checks"]) == {"postgres", "nats", "intake", "rebuild", "archive"}
