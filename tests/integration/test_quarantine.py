"""What was refused is looked at, recorded after a repair, or set aside; all of it stays on record."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from services.reporting.app import build as build_reporting
from services.reporting.settings import ReportingSettings
from shared.database import make_pool
from shared.subjects import REPORTING_OF_LEDGER
from tests.integration import ledger_rows
from tests.integration.conftest import running
from tests.integration.department import Department, contract_signed, funds_arrived
from tests.integration.dying_retry import STEPS
from tests.integration.quarantine_operator import Operator, newer_funds_arrived, upgraded
from tests.integration.test_harmless import speak_raw

PROJECT = "P-2026-017"
UNDER_FINANCE = f"events.500101.finance.{PROJECT}.funds-arrived"


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A running ledger, asked over HTTP."""
    app = build(LedgerSettings(nats_url=provisioned, database_url=database_url))
    transport = httpx.ASGITransport(app=app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        yield http


@pytest_asyncio.fixture
async def department(client: Client, ledger: httpx.AsyncClient) -> Department:
    return await Department.open(client)


@pytest.fixture
def operator(provisioned: str, database_url: str) -> Operator:
    return Operator(provisioned, database_url)


async def parked_count(department: Department) -> int:
    """What the LEDGER stream says of the district, for whoever adds up figures."""
    count: int = (await department.last_record("ledger.500101.quarantine"))["parked"]
    return count


# Looking


async def test_the_list_says_when_who_and_why_and_filters(department: Department, operator: Operator) -> None:
    await department.say(newer_funds_arrived(PROJECT, "1", "1000.00"))
    await department.say_raw(f"events.500101.housing.{PROJECT}.started", b"{")
    await department.say_raw(f"events.500202.housing.{PROJECT}.started", b"{")
    await department.acknowledged()

    everything = await operator.types("list")
    for word in ("500101/finance", "unknown-version", 'only "luodi.funds-arrived.v1" is known', "500202/housing"):
        assert word in everything
    assert "3 waiting: 2 not-json, 1 unknown-version." in everything

    async def listed(*words: str) -> list[int]:
        return [one["stream_sequence"] for one in json.loads(await operator.types("list", "--json", *words))]

    assert await listed() == [1, 2, 3]
    assert await listed("--district", "500202") == [3]
    assert await listed("--unit", "housing") == [2, 3]
    assert await listed("--code", "not-json", "--district", "500101") == [2]
    assert await listed("--since", "1h") == [1, 2, 3]
    assert await listed("--since", "2999-01-01") == []
    assert await listed("--limit", "2") == [1, 2]
    assert "The oldest 1 are shown; --limit 3 shows all." in await operator.types("list", "--limit", 1)
    assert await operator.types("list", "--unit", "police") == "Nothing waits that you asked for.\n"


async def test_one_message_is_shown_with_its_reason_who_was_told_and_its_content(
    department: Department, operator: Operator
) -> None:
    event = newer_funds_arrived(PROJECT, "2026-000183", "120000000.00", note="首笔")
    sequence = await department.say(event)
    await department.acknowledged()
    shown = await operator.types("show", sequence)
    for words in (
        f"subject   {UNDER_FINANCE}",
        "sender    500101/finance",
        "claims    source /500101/finance, id 2026-000183",
        "code      not-cloudevent",
        "why       note: is not an attribute of this envelope",
        "field     note",
        "told      refusals.500101.finance was told",
        '    "amount": "120000000.00"',
    ):
        assert words in shown
    assert (await operator.runs("show", sequence, "--raw")).stdout_bytes == json.dumps(event).encode()
    assert "No refused message has the sequence number 99." in await operator.types("show", 99, code=1)


@pytest.mark.parametrize(
    "payload",
    [b"\x1b[2J\x1b]0;owned\x07", bytes(range(256)), '{"id": "\\u202e\x9b31m"}'.encode(), b"\x00", b"", b"[" * 100_000],
    ids=["escapes", "every byte", "turned round", "NUL", "nothing", "deep"],
)
async def test_hostile_bytes_are_shown_without_harm_and_kept_exactly(
    provisioned: str, department: Department, operator: Operator, payload: bytes
) -> None:
    await speak_raw(provisioned, b"events.500101.finance.\x1b[31m\xff.signed", payload)
    await department.acknowledged()
    for command in (("list",), ("list", "--closed"), ("list", "--json"), ("show", 1), ("retry", 1)):
        shown = await operator.types(*command, code=1 if command[0] == "retry" else 0)
        assert all(character.isprintable() for character in shown if character != "\n")
    assert (await operator.runs("show", 1, "--raw")).stdout_bytes == payload


async def test_http_answers_page_by_page_and_one_message_whole(
    ledger: httpx.AsyncClient, department: Department
) -> None:
    for _ in range(5):
        await department.say_raw(UNDER_FINANCE, b"\xff{")
    await department.acknowledged()
    sequences, page = [], httpx.URL("/v1/quarantine?unit=finance&code=not-json&limit=2")
    while True:
        answer = await ledger.get(page)
        sequences.append([one["stream_sequence"] for one in answer.json()])
        if "next" not in answer.links:
            break
        page = httpx.URL(answer.links["next"]["url"])
    assert sequences == [[1, 2], [3, 4], [5]]

    one = (await ledger.get("/v1/quarantine/3")).json()
    assert (one["parked"]["code"], one["told"], one["text"], one["base64"]) == (
        "not-json",
        "refusals.500101.finance",
        None,
        "/3s=",
    )
    assert (await ledger.get("/v1/quarantine/99")).status_code == 404
    assert (await ledger.get("/v1/quarantine", params={"distrct": "500101"})).status_code == 422
    assert (await ledger.get("/v1/quarantine", params={"after": "----------------------,1"})).status_code == 422
    assert (await ledger.delete("/v1/quarantine/3")).status_code == 405


# Retrying


async def test_an_event_is_recorded_after_an_upgrade_as_of_when_it_was_published(
    ledger: httpx.AsyncClient, department: Department, operator: Operator
) -> None:
    await department.say(contract_signed(PROJECT, "1"))
    sequence = await department.say(newer_funds_arrived(PROJECT, "2", "120000000.00"))
    await department.say(contract_signed("P-other", "3"))
    later = (await department.hear_record("P-other", 1))["facts"][0]["recorded_at"]
    await department.acknowledged()
    as_known_later = f"/v1/districts/500101/projects/{PROJECT}?as_of={later.replace('+', '%2B')}"
    assert (await ledger.get(as_known_later)).json()["funds_arrived"] == "0.00"
    parked = (await ledger.get(f"/v1/quarantine/{sequence}")).json()["parked"]
    assert await parked_count(department) == 1

    with upgraded():
        assert "recorded  funds-arrived" in await operator.types("retry", "--code", "unknown-version", "--by", "李明")

    record = await department.hear_record(PROJECT, 2)
    assert record["funds_arrived"] == "120000000.00"
    [_, event] = (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}/events")).json()
    assert (event["type"], event["stream_sequence"]) == ("luodi.funds-arrived.v2", sequence)
    assert event["recorded_at"] == parked["recorded_at"]
    assert (await ledger.get(as_known_later)).json()["funds_arrived"] == "120000000.00"

    assert await parked_count(department) == 0
    assert (await ledger.get("/v1/quarantine")).json() == []
    [closed] = (await ledger.get("/v1/quarantine", params={"closed": True})).json()
    assert (closed["closed_as"], closed["closed_by"], closed["code"]) == ("retried", "李明", "unknown-version")


async def test_a_retry_again_changes_nothing(
    ledger: httpx.AsyncClient, department: Department, operator: Operator
) -> None:
    sequence = await department.say(newer_funds_arrived(PROJECT, "2", "120000000.00"))
    await department.acknowledged()
    with upgraded():
        await operator.types("retry", sequence)
        before = (await ledger.get(f"/v1/quarantine/{sequence}")).json()
        assert "already-recorded" in await operator.types("retry", sequence)
    assert (await ledger.get(f"/v1/quarantine/{sequence}")).json() == before
    assert len(before["history"]) == 1


async def test_what_is_refused_still_stays_and_its_sender_hears_only_a_new_reason(
    ledger: httpx.AsyncClient, department: Department, operator: Operator
) -> None:
    sequence = await department.say(newer_funds_arrived(PROJECT, "1", "not money"))
    assert (await department.hear_refusal())["code"] == "unknown-version"
    assert "0 settled, 1 not." in await operator.types("retry", sequence, code=1)
    with upgraded():
        assert "data.amount" in await operator.types("retry", sequence, code=1)

    heard = await department.hear_refusal()
    assert (heard["code"], heard["field"], heard["stream_sequence"]) == ("invalid-data", "data.amount", sequence)
    [parked] = (await ledger.get("/v1/quarantine", params={"code": "invalid-data"})).json()
    assert parked["reason"] == heard["reason"]
    assert await parked_count(department) == 1
    history = (await ledger.get(f"/v1/quarantine/{sequence}")).json()["history"]
    assert [(entry["did"], entry["code"]) for entry in history] == [
        ("refused", "unknown-version"),
        ("refused", "invalid-data"),
    ]


async def test_a_reused_id_stays_refused(ledger: httpx.AsyncClient, department: Department, operator: Operator) -> None:
    await department.say(contract_signed(PROJECT, "1"))
    first = await department.hear_record(PROJECT, 1)
    sequence = await department.say(contract_signed(PROJECT, "1", amount="900000000.00"))
    await department.acknowledged()
    assert "id-reused" in await operator.types("retry", sequence, code=1)
    assert (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")).json() == first


async def test_what_failed_in_the_fold_is_recorded_after_the_repair(
    department: Department, operator: Operator, database_url: str
) -> None:
    async with make_pool(database_url, "test", size=1) as pool:
        await pool.execute("alter table ledger.project add constraint broken check (project <> 'P-broken')")
        # Twice the same fact under two ids: nobody was asked to send anything again, so both are meant.
        for number in range(2):
            await department.say(funds_arrived("P-broken", str(number), "1000.00"))
        await department.acknowledged()
        assert "could not be computed" in await operator.types("retry", 1, 2, code=1)
        await pool.execute("alter table ledger.project drop constraint broken")
    assert "2 settled, 0 not." in await operator.types("retry", "--code", "fold-failed")
    assert (await department.hear_record("P-broken", 2))["funds_arrived"] == "2000.00"


async def test_what_was_sent_again_meanwhile_is_not_counted_twice_unless_told_so(
    department: Department, operator: Operator
) -> None:
    for event_id in ("1", "2"):
        await department.say(newer_funds_arrived(PROJECT, event_id, "1000.00"))
    await department.acknowledged()
    with upgraded():
        await department.say(newer_funds_arrived(PROJECT, "3", "1000.00"))
        await department.hear_record(PROJECT, 1)
        assert "1  sent-again  its sender has said the same under id 3" in await operator.types("retry", 1, 2, code=1)
        assert await parked_count(department) == 2
        assert "2 settled" in await operator.types("retry", 1, 2, "--anyway")
    assert (await department.hear_record(PROJECT, 3))["funds_arrived"] == "3000.00"


async def test_the_same_said_twice_among_what_waits_is_recorded_once(
    department: Department, operator: Operator
) -> None:
    for event_id in ("1", "2", "1"):
        await department.say(newer_funds_arrived(PROJECT, event_id, "1000.00"))
    await department.acknowledged()
    with upgraded():
        said = await operator.types("retry", "--code", "unknown-version", code=1)
    assert "1  recorded" in said
    assert "2  sent-again  its sender has said the same under id 1" in said
    assert "3  recorded" in said
    assert (await department.hear_record(PROJECT, 1))["funds_arrived"] == "1000.00"


@pytest.mark.parametrize("step", STEPS)
async def test_a_retry_killed_half_way_is_harmless_and_the_next_one_ends_it(
    step: str, department: Department, operator: Operator, ledger: httpx.AsyncClient
) -> None:
    sequence = await department.say(newer_funds_arrived(PROJECT, "1", "1000.00"))
    await department.acknowledged()
    assert await run_dying_retry(operator, step, sequence) == -signal.SIGKILL
    assert (await department.last_record(f"ledger.500101.project.{PROJECT}"))["revision"] == 1
    assert await parked_count(department) == 1
    with upgraded():
        assert "on record and counts" in await operator.types("discard", sequence, "--reason", "no", code=1)
        await operator.types("retry", sequence)
    assert await parked_count(department) == 0
    assert (await department.last_record(f"ledger.500101.project.{PROJECT}"))["revision"] == 1
    history = (await ledger.get(f"/v1/quarantine/{sequence}")).json()["history"]
    assert [entry["did"] for entry in history] == ["retried"]


async def test_a_retry_of_all_publishes_what_a_killed_one_did_not(department: Department, operator: Operator) -> None:
    await department.say(newer_funds_arrived(PROJECT, "1", "1000.00"))
    await department.acknowledged()
    assert await run_dying_retry(operator, "closed", 1) == -signal.SIGKILL
    assert "0 settled, 0 not." in await operator.types("retry", "--code", "unknown-version")
    assert await parked_count(department) == 0


async def test_retried_by_two_while_the_ledger_runs_the_rows_are_those_of_an_undisturbed_ledger(
    department: Department, operator: Operator, client: Client, database_url: str
) -> None:
    for number in range(250):
        await department.say(newer_funds_arrived(f"P-{number % 5}", f"early-{number}", f"{number}.00"))
    await department.acknowledged()

    async def publish() -> None:
        for number in range(100):
            await department.say(contract_signed(f"P-{number % 5}", f"signed-{number}", amount=f"{number}.00"))
            await department.say(newer_funds_arrived(f"P-{number % 5}", f"late-{number}", f"{number}.50"))
        await department.acknowledged()

    with upgraded():
        command = ("retry", "--code", "unknown-version")
        await asyncio.gather(publish(), in_a_process(operator, *command), in_a_process(operator, *command))
        async with make_pool(database_url, "test") as pool:
            disturbed = await ledger_rows.rows(pool)
            undisturbed = ledger_rows.Published()
            await ledger_rows.wipe(pool)
            await ledger_rows.recorder(pool, undisturbed).record(await ledger_rows.everything_stored(client))
            expected = await ledger_rows.rows(pool)
    assert expected["quarantine"] == []
    assert {row["closed_as"] for row in disturbed["quarantine"]} == {"retried"}
    assert {**disturbed, "quarantine": []} == expected
    assert await parked_count(department) == 0
    for subject, record in undisturbed.last.items():
        assert await department.last_record(subject) == json.loads(record)


# Setting aside


async def test_what_is_discarded_waits_no_longer_and_is_kept_whole(
    ledger: httpx.AsyncClient, department: Department, operator: Operator
) -> None:
    payload = b"\xff broken"
    sequence = await department.say_raw(UNDER_FINANCE, payload)
    await department.acknowledged()
    await operator.types("discard", sequence, "--reason", "已用 2026-000190 重报", "--by", "李明")

    assert await parked_count(department) == 0
    assert (await ledger.get("/v1/quarantine")).json() == []
    assert "discarded by 李明" in await operator.types("list", "--closed")
    assert "已用 2026-000190 重报" in await operator.types("show", sequence)
    assert (await operator.runs("show", sequence, "--raw")).stdout_bytes == payload
    assert "already-discarded" in await operator.types("discard", sequence, "--reason", "again")


async def test_what_was_discarded_can_be_recorded_after_all_and_both_stay_on_record(
    ledger: httpx.AsyncClient, department: Department, operator: Operator
) -> None:
    sequence = await department.say(newer_funds_arrived(PROJECT, "1", "1000.00"))
    await department.acknowledged()
    await operator.types("discard", "--code", "unknown-version", "--reason", "误会", "--by", "李明")
    with upgraded():
        assert "0 settled, 0 not." in await operator.types("retry", "--code", "unknown-version")
        await operator.types("retry", sequence, "--by", "王芳")
        assert "on-record" in await operator.types("discard", sequence, "--reason", "no", code=1)
    history = (await ledger.get(f"/v1/quarantine/{sequence}")).json()["history"]
    assert [(entry["did"], entry["done_by"], entry["reason"]) for entry in history] == [
        ("discarded", "李明", "误会"),
        ("retried", "王芳", None),
    ]
    assert (await department.hear_record(PROJECT, 1))["funds_arrived"] == "1000.00"


async def test_figures_are_complete_again_once_everything_is_settled(
    department: Department, operator: Operator
) -> None:
    await department.say(newer_funds_arrived(PROJECT, "1", "120000000.00"))
    await department.say_raw(UNDER_FINANCE, b"{")
    await department.acknowledged()
    settings = ReportingSettings(nats_url=operator.nats_url, database_url=operator.database_url)
    app = build_reporting(settings, clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))
    transport = httpx.ASGITransport(app=app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://reporting") as reporting:

        async def progress() -> dict[str, Any]:
            await department.acknowledged(REPORTING_OF_LEDGER)
            answer = await reporting.get("/v1/districts/500101/progress?year=2026&through=2026-08-31")
            body: dict[str, Any] = answer.json()
            return body

        before = await progress()
        assert (before["complete"], before["incomplete"][0]["code"]) == (False, "events-parked")
        with upgraded():
            await operator.types("retry", "--code", "unknown-version")
        assert (await progress())["complete"] is False
        await operator.types("discard", "--code", "not-json", "--reason", "a test of the sender's")
        after = await progress()
        assert after["complete"] is True
        assert after["indicators"][0]["amount"] == "120000000.00"


# What holds whatever is typed


async def test_the_database_itself_refuses_to_forget(
    department: Department, operator: Operator, database_url: str
) -> None:
    await department.say_raw(UNDER_FINANCE, b"{")
    await department.acknowledged()
    await operator.types("discard", 1, "--reason", "no")
    async with make_pool(database_url, "test", size=1) as pool:
        for statement in (
            "delete from ledger.quarantine",
            "update ledger.quarantine set raw = ''",
            "update ledger.quarantine_history set done_by = 'nobody'",
            "delete from ledger.quarantine_history",
            "truncate ledger.quarantine_history",
        ):
            with pytest.raises(asyncpg.RaiseError, match="keeps everything"):
                await pool.execute(statement)


async def test_a_number_that_stands_twice_needs_its_instant(
    ledger: httpx.AsyncClient, department: Department, operator: Operator, database_url: str
) -> None:
    await department.say_raw(UNDER_FINANCE, b"{")
    await department.acknowledged()
    async with make_pool(database_url, "test", size=1) as pool:
        # As after a stream that was made anew: it counts from 1 again.
        await pool.execute(
            "insert into ledger.quarantine select stream_sequence, $1, subject, district, unit, source, event_id, "
            "code, reason, field, '[' from ledger.quarantine",
            datetime(2025, 1, 1, tzinfo=UTC),
        )
    for command in (("show", 1), ("retry", 1), ("discard", 1, "--reason", "no")):
        said = await operator.types(*command, code=2)
        assert "2 messages have the sequence number 1" in said
        assert "1@2025-01-01T00:00:00+00:00" in said
    answer = await ledger.get("/v1/quarantine/1")
    assert answer.status_code == 409
    one = await ledger.get("/v1/quarantine/1", params={"recorded_at": "2025-01-01T00:00:00Z"})
    assert one.json()["text"] == "["
    await operator.types("discard", "1@2025-01-01T00:00:00Z", "--reason", "the old stream's")
    assert await parked_count(department) == 1
    assert len(json.loads(await operator.types("list", "--json"))) == 1


async def test_a_number_that_no_message_has_is_told_and_the_others_are_settled(
    department: Department, operator: Operator
) -> None:
    await department.say_raw(UNDER_FINANCE, b"{")
    await department.acknowledged()
    said = await operator.types("discard", 1, 99, "--reason", "no", code=1)
    assert "1  discarded" in said
    assert "99  not-found" in said


@pytest.mark.parametrize(
    "words",
    [
        ("retry",),
        ("retry", "x"),
        ("retry", "1", "--code", "not-json"),
        ("retry", "1", "--district", "500101"),
        ("retry", "--code", "no-such-code"),
        ("discard", "1"),
        ("discard", "1", "--reason", " "),
        ("discard", "1", "--reason", "\x1b[31m"),
        ("list", "--district", "5001"),
        ("list", "--since", "yesterday"),
    ],
    ids=" ".join,
)
async def test_what_cannot_be_meant_is_refused_with_2(words: tuple[str, ...], operator: Operator) -> None:
    await operator.types(*words, code=2)


async def test_a_server_that_is_away_is_named_with_2(database_url: str, nats_url: str) -> None:
    said = await Operator("nats://127.0.0.1:9", database_url).types("retry", 1, code=2)
    assert "is NATS up at LUODI_NATS_URL?" in said
    said = await Operator(nats_url, "postgresql://luodi@127.0.0.1:9/luodi").types("list", code=2)
    assert "is Postgres up at LUODI_DATABASE_URL?" in said


async def run_dying_retry(operator: Operator, step: str, sequence: int) -> int:
    """Start a retry as a process that dies at the step; returns how it ended."""
    return await _process(operator, step, "retry", str(sequence))


async def in_a_process(operator: Operator, *words: str) -> None:
    """Type a command in a process of its own, after the upgrade."""
    assert await _process(operator, "-", *words) == 0


async def _process(operator: Operator, *words: str) -> int:
    environment = {**os.environ, "LUODI_NATS_URL": operator.nats_url, "LUODI_DATABASE_URL": operator.database_url}
    command = (sys.executable, "-m", "tests.integration.dying_retry", *words)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
