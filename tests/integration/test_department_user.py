"""A department's own user on the bus, as operators set it up: it is heard, and kept to what is its own."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest
import pytest_asyncio

import deploy
from services.ledger.app import build
from services.ledger.department import sending
from services.ledger.department.sending import Outcome, read_lines, send
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running
from tests.integration.department import contract_signed, funds_arrived
from tests.integration.deployed_nats import DeployedNats
from tests.waiting import PATIENCE, until

EVENTS_PAGE = (Path(deploy.__file__).parents[1] / "docs" / "events.md").read_text(encoding="utf-8")
PROJECT = "P-2026-017"


@pytest_asyncio.fixture
async def ledger(bus: DeployedNats, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    app = build(LedgerSettings(nats_url=bus.url_of("luodi"), database_url=database_url))
    transport = httpx.ASGITransport(app=app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        yield http


async def publish_as(url: str, *events: dict[str, Any]) -> Outcome:
    lines = [json.dumps(event).encode() for event in events]
    drafts, refused = read_lines(lines)
    assert not refused
    return await send(url, drafts, seconds=PATIENCE, progress=lambda _, __: None)


async def publish_as_finance(bus: DeployedNats, *events: dict[str, Any]) -> Outcome:
    return await publish_as(bus.url_of("finance"), *events)


async def test_what_a_department_publishes_as_its_own_user_is_recorded(
    bus: DeployedNats, ledger: httpx.AsyncClient
) -> None:
    outcome = await publish_as_finance(bus, funds_arrived(PROJECT, "1", "120000000.00"))
    assert (outcome.stored, outcome.refused) == (1, [])

    async def recorded() -> bool:
        said = await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")
        return said.is_success and said.json()["funds_arrived"] == "120000000.00"

    await until(recorded)


async def test_the_program_on_the_page_about_events_works_as_it_stands(
    bus: DeployedNats, ledger: httpx.AsyncClient
) -> None:
    [program] = re.findall(r"## Publish one\n.*?^```python\n(.*?)^```$", EVENTS_PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own documentation, which readers run too
    stored = await names["publish"](funds_arrived(PROJECT, "1", "120000000.00"), bus.url_of("finance"))
    assert (stored.stream, stored.seq) == ("EVENTS", 1)


async def test_a_department_that_may_not_ask_the_ledger_is_told_so_and_not_that_all_is_recorded(
    bus: DeployedNats, ledger: httpx.AsyncClient
) -> None:
    outcome = await publish_as_finance(bus, funds_arrived(PROJECT, "1", "1.00"), funds_arrived(PROJECT, "2", "2.00"))
    assert outcome.unanswered == 2
    assert outcome.unheard == ["how far the ledger is"]


async def test_a_department_hears_its_refusals_also_when_it_may_not_ask(
    bus: DeployedNats, ledger: httpx.AsyncClient
) -> None:
    first = await publish_as_finance(bus, funds_arrived(PROJECT, "1", "1.00"))
    assert first.refused == []
    again = await publish_as_finance(bus, funds_arrived(PROJECT, "1", "3.00"), funds_arrived(PROJECT, "2", "2.00"))
    assert [(one.place, one.code, one.sent) for one in again.refused] == [("line 1", "id-reused", True)]
    assert again.unanswered == 1


async def test_what_a_department_may_not_say_is_refused_line_by_line_and_the_rest_is_published(
    bus: DeployedNats, ledger: httpx.AsyncClient
) -> None:
    foreign = contract_signed(PROJECT, "s1")
    async with asyncio.timeout(PATIENCE):
        outcome = await publish_as_finance(bus, foreign, funds_arrived(PROJECT, "1", "1.00"), foreign | {"id": "s2"})
    assert [(one.place, one.code, one.sent) for one in outcome.refused] == [
        ("line 1", "not-allowed", False),
        ("line 3", "not-allowed", False),
    ]
    assert f"events.500101.investment.{PROJECT}.signed" in outcome.refused[0].reason
    assert outcome.stored == 1


async def test_a_user_with_every_right_hears_that_all_is_recorded(bus: DeployedNats, ledger: httpx.AsyncClient) -> None:
    events = (contract_signed(PROJECT, "s1"), funds_arrived(PROJECT, "1", "1.00"))
    outcome = await publish_as(bus.url_of("luodi"), *events)
    assert (outcome.stored, outcome.unanswered, outcome.unheard) == (2, 0, ())


@pytest.mark.parametrize("subject", ["refusals.500101.investment", "_INBOX_investment.>", "events.>", "ledger.>"])
async def test_a_department_cannot_listen_to_others(bus: DeployedNats, subject: str) -> None:
    heard: list[str] = []

    async def hear(error: Exception) -> None:
        heard.append(str(error))

    connection = await nats.connect(bus.url_of("finance"), inbox_prefix="_INBOX_finance", error_cb=hear)
    await connection.subscribe(subject)

    async def refused() -> bool:
        return bool(heard)

    await until(refused)
    await connection.close()
    assert [f'to "{subject.lower()}"' in one for one in heard] == [True]


@pytest.fixture(autouse=True)
def _listen_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LISTENING_SECONDS", 0.5)
