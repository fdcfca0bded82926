"""A district's digest is what anybody computes who holds its events; the two other ways here use nothing of ours."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import nats
import pytest_asyncio
import rfc8785
from nats.aio.client import Client

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running
from tests.integration.department import Department, cloudevent, contract_signed, funds_arrived
from tests.integration.ledger_upkeep import Operator

CANONICAL = ("specversion", "id", "source", "type", "subject", "time", "replaces", "data")


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A running ledger, asked over HTTP."""
    settings = LedgerSettings(nats_url=provisioned, database_url=database_url)
    async with running(build(settings)) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
            yield http


@pytest_asyncio.fixture
async def department(client: Client, ledger: httpx.AsyncClient) -> Department:
    """A department whose events the ledger has recorded: corrected, doubled, reused, broken, of several kinds."""
    department = await Department.open(client)
    for number in range(5):
        await department.say(contract_signed(f"P-{number}", f"c{number}"))
        await department.say(funds_arrived(f"P-{number}", f"资金 {number}", f"{number + 1}0000000.00"))
    await department.say(funds_arrived("P-1", "f1-right", "7000000.00", replaces="资金 1"))
    await department.say(funds_arrived("P-2", "timed", "5.00", time="2026-08-31T01:30:00.250000Z"))
    await department.say(funds_arrived("P-10", "timed too", "5.00", time="2026-08-31T01:30:00Z"))
    await department.say(contract_signed("P-1", "c1"))
    await department.say(funds_arrived("P-3", "资金 3", "1.00"))
    await department.say_raw("events.500101.finance.P-4.funds-arrived", b"\xff not JSON")
    target = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": "105", "issued_by": "市政府"}
    await department.say(cloudevent("investment", "target-2026-funds-arrived", "t1", "target-set", target))
    trip = {"on": "2026-03-15", "city": "深圳", "led_by": "王建国"}
    await department.say(cloudevent("investment", "trip_1", "o1", "outreach-made", trip))
    await department.acknowledged()
    return department


@pytest_asyncio.fixture
async def operator(provisioned: str, database_url: str) -> Operator:
    return Operator(provisioned, database_url)


def event_digest(event: dict[str, Any]) -> bytes:
    kept = {name: event[name] for name in CANONICAL if event.get(name) is not None}
    return hashlib.sha256(rfc8785.dumps(kept)).digest()


def district_root(events: dict[str, list[tuple[Any, dict[str, Any]]]]) -> tuple[str, str]:
    """The lines and their hash, from each subject's events with the instants at which they were recorded."""
    lines = ""
    for subject in sorted(events):
        in_order = sorted(events[subject], key=lambda one: (one[0], one[1]["source"].encode(), one[1]["id"].encode()))
        lines += f"{subject} {hashlib.sha256(b''.join(event_digest(event) for _, event in in_order)).hexdigest()}\n"
    return lines, hashlib.sha256(lines.encode()).hexdigest()


async def events_on_stream(nats_url: str) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """What departments published, by subject: the first message of each identity, with its whole microsecond."""
    connection = await nats.connect(nats_url)
    stream = connection.jetstream()
    count = (await stream.stream_info("EVENTS")).state.messages
    reader = await stream.pull_subscribe("events.500101.>", stream="EVENTS")
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    known = set()
    while count:
        for message in await reader.fetch(count):
            count -= 1
            try:
                event = json.loads(message.data)
            except ValueError:
                continue
            if (event["source"], event["id"]) not in known:
                known.add((event["source"], event["id"]))
                nanoseconds = int(message.reply.split(".")[7])
                found.setdefault(event["subject"], []).append((nanoseconds // 1000, event))
    await connection.close()
    return found


async def test_an_outsider_who_holds_the_stream_computes_the_same_root(
    department: Department, operator: Operator
) -> None:
    lines, root = district_root(await events_on_stream(operator.nats_url))
    assert len(lines.splitlines()) == 8

    assert (await operator.run("digest", "500101", "--subjects")).out == lines
    assert (await operator.run("digest", "500101")).out == f"{root}\n"


async def test_an_outsider_who_asks_over_http_computes_the_same_root(
    department: Department, ledger: httpx.AsyncClient, operator: Operator
) -> None:
    events = {}
    for subject in [f"P-{number}" for number in (0, 1, 2, 3, 4, 10)] + ["target-2026-funds-arrived", "trip_1"]:
        answer = await ledger.get(f"/v1/districts/500101/projects/{subject}/events")
        served = [{"specversion": "1.0", **event} for event in answer.json()]
        events[subject] = [(datetime.fromisoformat(event["recorded_at"]), event) for event in served]
        for _, event in events[subject]:
            assert event_digest(event).hex() == event["digest"]

    _, root = district_root(events)
    assert (await operator.run("digest", "500101")).out == f"{root}\n"


# The same event as a department may write it, and its canonical form by hand. Only the second is what the page's recipe
# reads, so whoever has the first must bring the values to their form before; nothing here is computed by Luodi.
AS_WRITTEN = (
    '{"type": "luodi.funds-arrived.v1", "time": "2026-08-31T09:30:00.25+08:00", "datacontenttype": "application/json",'
    ' "data": {"origin": "440300", "note": null, "amount": 5, "nature": "fixed-assets", "on": "2026-08-30",'
    ' "evidence": {"sha256": "%s", "reference": "JZ-88121 \\u8d44", "kind": " bank-slip "},'
    ' "original": {"rate": 7.10, "currency": "USD", "amount": "0.7"}, "share": "50.00"},'
    ' "subject": "P-2026-017", "source": "/500101/finance", "id": "as written", "specversion": "1.0", "replaces": null}'
) % ("AB" * 32)
BY_HAND = (
    '{"data":{"amount":"5.00","evidence":{"kind":"bank-slip","reference":"JZ-88121 资","sha256":"%s"},'
    '"nature":"fixed-assets","on":"2026-08-30","origin":"440300",'
    '"original":{"amount":"0.7","currency":"USD","rate":"7.1"},"share":"50"},'
    '"id":"as written","source":"/500101/finance","specversion":"1.0","subject":"P-2026-017",'
    '"time":"2026-08-31T01:30:00.250000Z","type":"luodi.funds-arrived.v1"}'
) % ("ab" * 32)


async def test_an_event_in_any_other_form_has_the_digest_of_the_canonical_one_by_hand(
    client: Client, ledger: httpx.AsyncClient
) -> None:
    department = await Department.open(client)
    await department.say_raw("events.500101.finance.P-2026-017.funds-arrived", AS_WRITTEN.encode())
    record = await department.hear_record("P-2026-017", 1)
    by_hand = hashlib.sha256(BY_HAND.encode())

    assert rfc8785.dumps(json.loads(BY_HAND)) == BY_HAND.encode()
    [event] = (await ledger.get("/v1/districts/500101/projects/P-2026-017/events")).json()
    assert event["digest"] == by_hand.hexdigest()
    assert record["digest"] == hashlib.sha256(by_hand.digest()).hexdigest()


async def test_each_line_holds_the_digest_of_the_published_record(department: Department, operator: Operator) -> None:
    lines = (await operator.run("digest", "500101", "--subjects")).out.splitlines()
    by_subject = dict(line.split(" ") for line in lines)
    assert (await department.last_record("ledger.500101.project.P-1"))["digest"] == by_subject["P-1"]
    target = await department.last_record("ledger.500101.target.2026.funds-arrived")
    assert target["digest"] == by_subject["target-2026-funds-arrived"]


async def test_one_more_event_changes_the_root_and_the_past_keeps_its_own(
    department: Department, operator: Operator
) -> None:
    before = (await operator.run("digest", "500101")).out
    asked = datetime.now(UTC).isoformat(timespec="microseconds")
    await department.say(funds_arrived("P-1", "one more", "1.00"))
    await department.acknowledged()

    assert (await operator.run("digest", "500101")).out != before
    assert (await operator.run("digest", "500101", "--as-of", asked)).out == before


async def test_a_district_without_events_has_no_digest(department: Department, operator: Operator) -> None:
    ended = await operator.run("digest", "500102")
    assert (ended.code, ended.out) == (1, "")
    assert "Nothing was recorded for district 500102" in ended.err


async def test_what_cannot_be_asked_is_said_in_a_sentence(operator: Operator, database_url: str) -> None:
    no_district = await operator.run("digest", "chongqing")
    assert no_district.code == 2
    assert "no GB/T 2260 code" in no_district.err
    nobody = await Operator(operator.nats_url, "postgresql://luodi@127.0.0.1:1/luodi").run("digest", "500101")
    assert nobody.code == 2
    assert "Are Postgres" in nobody.err
