"""Whatever is asked of the HTTP interface: no server error, and every answer as its description says."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import nats
import pytest_asyncio
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from services.reporting.app import build
from services.reporting.settings import ReportingSettings
from shared import streams
from shared.database import make_pool
from tests.integration.example_answers import fill
from tests.reporting_records import DISTRICT
from tests.waiting import until

_EXAMPLES = int(os.environ.get("LUODI_TEST_FUZZ", "12"))
"""Cases an operation; the default keeps the suite short, a longer run is for whoever changed the interface."""

_CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.response_schema_conformance,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
]


@pytest_asyncio.fixture
async def address(nats_url: str, database_url: str) -> AsyncIterator[str]:
    """Where the service listens, with a little in it."""
    await streams.provision(nats_url)
    service = build(
        ReportingSettings(nats_url=nats_url, database_url=database_url),
        clock=lambda: datetime(2026, 11, 24, 4, tzinfo=UTC),
    )
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_config=None, access_log=False))
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = await nats.connect(nats_url)
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        make_pool(database_url, "test") as pool,
    ):
        await fill(connection.jetstream(), pool, client)
    await connection.close()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


_KNOWN = {"district": DISTRICT, "number": "2026-08-1", "other": "2026-08-2", "project": "P-7", "code": "funds-arrived"}


async def test_nothing_that_is_asked_ends_in_an_error_of_the_server(address: str) -> None:
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{address}/openapi.json")
    assert schema.raw_schema["openapi"].startswith("3.1")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == sum(len(methods) for methods in schema.raw_schema["paths"].values())
    for operation in operations:
        # What is posted is a report to be checked: that has its own test.
        if operation.path.startswith("/v1/") and operation.method.upper() == "GET":
            await asyncio.to_thread(_fuzz, operation, address)


def _fuzz(operation: Any, address: str) -> None:
    @given(operation.as_strategy(), st.booleans(), st.sampled_from(["2026-08-31", None]))
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, known: bool, through: str | None) -> None:
        # Otherwise hardly any question would get as far as an answer.
        if known:
            said = case.path_parameters or {}
            said |= {name: one for name, one in _KNOWN.items() if name in said}
        if through and case.query is not None:
            case.query = {key: value for key, value in case.query.items() if key != "year"} | {"through": through}
        case.validate_response(case.call(base_url=address, timeout=20), checks=_CHECKS)

    ask()
