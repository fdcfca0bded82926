"""`luodi publish` as an integrator types it: each line has its answer, and what may be stored is not called lost."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from typer.testing import CliRunner, Result

from deploy.demo.year import dispatches
from deploy.local.nats import Nats
from services.cli import app
from services.ledger.app import build
from services.ledger.department import sending
from services.ledger.department.sending import Outcome, read_lines, send
from services.ledger.settings import LedgerSettings
from shared.jetstream import put_stream
from tests.integration.conftest import running
from tests.integration.department import contract_signed, funds_arrived
from tests.waiting import until

PROJECT = "P-2026-017"
NOBODY = "nats://127.0.0.1:1"
GOOD = funds_arrived(PROJECT, "1", "120000000.00")
WRONG = funds_arrived(PROJECT, "2", "1.234")


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    service = build(LedgerSettings(nats_url=provisioned, database_url=database_url))
    transport = httpx.ASGITransport(app=service)
    async with running(service), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        yield http


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


async def types(nats_url: str, *words: str, given: bytes | None = None, command: str = "publish") -> Result:
    def run() -> Result:
        return CliRunner().invoke(app, [command, *words], input=given, env={"LUODI_NATS_URL": nats_url})

    return await asyncio.to_thread(run)


def told(said: Result) -> list[str]:
    """What it printed of lines; the ledger beside it logs into the same output."""
    return [line for line in said.stdout.splitlines() if line.startswith("line ")]


@pytest.mark.usefixtures("ledger")
async def test_what_comes_through_standard_input_is_recorded_and_blank_lines_are_nothing(provisioned: str) -> None:
    said = await types(provisioned, "-", given=b"\n" + lines(GOOD) + b"  \n" + lines(contract_signed(PROJECT, "s")))
    assert (said.exit_code, said.stdout) == (0, "")
    assert "2 recorded, 0 refused, 0 not answered yet" in said.stderr


@pytest.mark.usefixtures("ledger")
async def test_each_refusal_has_its_line_whether_found_here_or_by_the_ledger(provisioned: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(lines(GOOD) + b"\n" + lines(WRONG, funds_arrived(PROJECT, "1", "7.00"), GOOD))
    said = await types(provisioned, str(file))
    assert said.exit_code == 1
    assert [line.split(": ")[:2] for line in told(said)] == [
        ["line 3", "invalid-data"],
        ["line 4", "id-reused"],
    ]
    assert "2 recorded, 2 refused, 0 not answered yet" in said.stderr


@pytest.mark.usefixtures("ledger")
async def test_what_was_refused_is_refused_again_when_it_is_published_again(provisioned: str) -> None:
    for _ in range(2):
        said = await types(provisioned, "-", given=lines(GOOD, funds_arrived(PROJECT, "1", "7.00")))
        assert (said.exit_code, [line[:18] for line in told(said)]) == (1, ["line 2: id-reused:"])


@pytest.mark.usefixtures("ledger")
async def test_a_pipe_is_read_like_a_file(provisioned: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, lines(GOOD))
    os.close(writing)
    said = await types(provisioned, f"/dev/fd/{reading}")
    os.close(reading)
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize(("name", "why"), [("absent.jsonl", "No such file"), (".", "Is a directory")])
async def test_a_file_that_cannot_be_read_is_named(name: str, why: str) -> None:
    said = await types(NOBODY, name)
    assert said.exit_code == 2
    assert f"{name}: {why}" in said.stderr


async def test_what_is_refused_here_is_told_also_when_the_server_is_away() -> None:
    said = await types(NOBODY, "-", given=lines(WRONG, GOOD))
    assert said.exit_code == 2
    assert said.stdout.startswith("line 1: invalid-data: data.amount: ")
    assert "Not published:" in said.stderr


async def test_nobody_is_asked_when_there_is_nothing_to_send() -> None:
    assert (await types(NOBODY, "-", given=lines(WRONG))).exit_code == 1
    assert (await types(NOBODY, "-", given=b"\n")).exit_code == 0


async def test_without_a_ledger_they_are_stored_and_not_answered(provisioned: str) -> None:
    said = await types(provisioned, "-", "--timeout", "0.2", given=lines(GOOD))
    assert said.exit_code == 3
    assert "0 recorded, 0 refused, 1 not answered yet" in said.stderr


# What the bus does not answer


async def outcome_of(nats_url: str, *events: dict[str, Any]) -> Outcome:
    drafts, _ = read_lines(json.dumps(event).encode() for event in events)
    return await send(nats_url, drafts, seconds=0.1, progress=lambda _, __: None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(sending, "PAUSES", (0.0, 0.05, 0.05))


@pytest_asyncio.fixture
async def mute_bus(nats_url: str) -> AsyncIterator[list[Msg]]:
    """A bus that takes events and answers to none; returns what it got."""
    connection = await nats.connect(nats_url)
    got: list[Msg] = []

    async def take(message: Msg) -> None:
        got.append(message)

    await connection.subscribe("events.>", cb=take)
    await connection.flush()
    yield got
    await connection.close()


@pytest.mark.usefixtures("impatient")
async def test_what_the_bus_does_not_answer_to_is_sent_again_under_the_same_id_and_then_uncertain(
    nats_url: str, mute_bus: list[Msg]
) -> None:
    outcome = await outcome_of(nats_url, GOOD, funds_arrived(PROJECT, "2", "2.00"))
    assert (outcome.stored, outcome.uncertain, outcome.unsent, outcome.refused) == (0, 2, 0, [])
    ids = [(message.headers or {})["Nats-Msg-Id"] for message in mute_bus]
    assert ids == ids[:2] * 3
    assert len(set(ids)) == 2


@pytest.mark.usefixtures("impatient", "mute_bus")
async def test_the_summary_says_how_many_are_uncertain(nats_url: str) -> None:
    said = await types(nats_url, "-", given=lines(GOOD))
    assert said.exit_code == 3
    assert "1 uncertain: no answer within 0.2 seconds; they may be stored or not. Publish them again." in said.stderr


@pytest.mark.usefixtures("impatient")
async def test_what_was_under_way_when_the_server_went_is_uncertain_and_the_rest_is_not_sent(
    nats_server: Nats, mute_bus: list[Msg], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_WINDOW", 1)
    sent = asyncio.create_task(outcome_of(nats_server.url, GOOD, funds_arrived(PROJECT, "2", "2.00")))

    async def taken() -> bool:
        return bool(mute_bus)

    await until(taken)
    await nats_server.stop()
    outcome = await sent
    assert (outcome.stored, outcome.uncertain, outcome.unsent) == (0, 1, 1)


async def test_what_is_sent_again_in_doubt_is_stored_once(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(sending, "PAUSES", (0.0, 0.1, 0.1))
    outcome = await outcome_of(provisioned, GOOD, GOOD)
    assert (outcome.stored, outcome.uncertain) == (0, 2)
    assert (await client.jetstream().stream_info("EVENTS")).state.messages == 2


@pytest.mark.usefixtures("impatient")
async def test_where_no_stream_takes_events_they_are_known_not_to_be_sent(nats_url: str) -> None:
    said = await types(nats_url, "-", given=lines(GOOD))
    assert said.exit_code == 2
    assert "1 not sent: no stream takes events: has 'luodi provision' run?" in said.stderr


async def test_what_the_stream_turns_away_is_refused_in_its_own_words(provisioned: str, client: Client) -> None:
    await put_stream(client, {"name": "EVENTS", "max_msg_size": 10})
    outcome = await outcome_of(provisioned, GOOD)
    assert [(one.place, one.code, one.reason) for one in outcome.refused] == [
        ("line 1", "not-stored", "the bus says: message size exceeds maximum allowed")
    ]


# An invented year


@pytest.mark.usefixtures("ledger")
async def test_each_refusal_that_an_invented_year_is_made_to_get_has_its_line(provisioned: str) -> None:
    made = [one for one in dispatches("500101", 2026) if one.refused and one.sent.date() <= date(2026, 2, 28)]
    said = await types(provisioned, "--publish", "--until", "2026-02-28", command="simulate")
    assert said.exit_code == 0, said.output
    lines = [line.split(": ")[:2] for line in said.stdout.splitlines() if line.startswith("events.")]
    assert lines == [[one.publication.subject, one.refused] for one in made] != []


async def test_an_invented_year_says_when_no_ledger_answers(provisioned: str) -> None:
    year = ("--publish", "--until", "2026-01-05", "--timeout")
    said = await types(provisioned, *year, "0.1", command="simulate")
    assert (said.exit_code, said.stdout) == (3, "")
    assert "The ledger has not answered" in said.stderr
    assert (await types(provisioned, *year, "0", command="simulate")).exit_code == 0
