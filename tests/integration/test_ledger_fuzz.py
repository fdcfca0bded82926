"""Whatever is asked of the ledger over HTTP: no server error, and every answer as its description says."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared.database import make_pool
from tests.integration.test_ledger_api import MIDNIGHT, outreach, planned, record, target_set
from tests.waiting import until

_EXAMPLES = int(os.environ.get("LUODI_TEST_FUZZ", "12"))
"""Cases an operation; the default keeps the suite short, a longer run is for whoever changed the interface."""

_CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
]
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
    service = build(LedgerSettings(nats_url=provisioned, database_url=database_url))
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_config=None, access_log=False))
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def test_nothing_that_is_asked_ends_in_an_error_of_the_server(address: str) -> None:
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    asked = [one for one in operations if one.path.startswith("/v1/") and one.method.upper() == "GET"]
    assert len(asked) == 6
    for operation in asked:
        await asyncio.to_thread(_fuzz, operation, address)


def _fuzz(operation: Any, address: str) -> None:
    @given(operation.as_strategy(), st.booleans())
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, known: bool) -> None:
        # Otherwise hardly any question would get as far as an answer.
        if known:
            said = case.path_parameters or {}
            said |= {name: one for name, one in _KNOWN.items() if name in said}
        case.validate_response(case.call(base_url=address, timeout=20), checks=_CHECKS)

    ask()


async def test_the_page_after_what_no_event_and_no_message_can_be_is_refused(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as http:
        for path, after in (
            ("/v1/districts/500101/projects/P-1/events", "/500101/investment a\x00b"),
            ("/v1/quarantine", f"2026-09-01T00:00:00+00:00,{2**63}"),
            ("/v1/quarantine", "0001-01-01T00:00:00+14:00,1"),
        ):
            answer = await http.get(path, params={"after": after})
            assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "after"])
