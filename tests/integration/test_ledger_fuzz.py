"""Whatever is asked of the ledger over HTTP: no server error, and every answer as its description says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared.database import make_pool
from tests.integration.described import GENERATED, about, ask, description, listening
from tests.integration.test_ledger_api import MIDNIGHT, outreach, planned, record, target_set

_KNOWN = {
    "district": "500101",
    "project": "P-1",
    "trip": "TRIP-1",
    "year": 2026,
    "indicator": "funds-arrived",
    "sequence": 4,
}


@pytest_asyncio.fixture
async def address(provisioned: str, database_url: str) -> AsyncIterator[str]:
    """Where the service listens, with a little in it."""
    async with make_pool(database_url, "test", size=1) as pool:
        await record(pool, planned("1"), outreach("2", "深圳"), target_set("3", "105"), b"{", b"\xff", at=MIDNIGHT)
    async with listening(build(LedgerSettings(nats_url=provisioned, database_url=database_url))) as url:
        yield url


async def test_nothing_that_is_asked_ends_in_an_error_of_the_server(address: str) -> None:
    schema = await description(address)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    asked = [one for one in operations if one.path.startswith("/v1/") and one.method.upper() == "GET"]
    assert len(asked) == 6
    for operation in asked:
        await asyncio.to_thread(_fuzz, operation, address)


def _fuzz(operation: Any, address: str) -> None:
    @given(operation.as_strategy(), st.booleans())
    @GENERATED
    def asked(case: Any, known: bool) -> None:
        if known:
            about(case, _KNOWN)
        ask(case, address)

    asked()


async def test_the_page_after_what_no_event_and_no_message_can_be_is_refused(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        for path, after in (
            ("/v1/districts/500101/projects/P-1/events", "/500101/investment a\x00b"),
            ("/v1/quarantine", f"2026-09-01T00:00:00+00:00,{2**63}"),
            ("/v1/quarantine", "0001-01-01T00:00:00+14:00,1"),
        ):
            answer = await http.get(path, params={"after": after})
            assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "after"])
