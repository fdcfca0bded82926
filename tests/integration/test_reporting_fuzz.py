"""Whatever is asked of the HTTP interface: no server error, and every answer as its description says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import nats
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from services.reporting.app import build
from services.reporting.settings import ReportingSettings
from shared import streams
from shared.database import make_pool
from tests.integration.described import GENERATED, about, ask, description, listening
from tests.integration.example_answers import fill
from tests.reporting_records import DISTRICT


@pytest_asyncio.fixture
async def address(nats_url: str, database_url: str) -> AsyncIterator[str]:
    """Where the service listens, with a little in it."""
    await streams.provision(nats_url)
    service = build(
        ReportingSettings(nats_url=nats_url, database_url=database_url),
        clock=lambda: datetime(2026, 11, 24, 4, tzinfo=UTC),
    )
    async with (
        listening(service) as url,
        httpx.AsyncClient(base_url=url) as client,
        make_pool(database_url, "test") as pool,
    ):
        connection = await nats.connect(nats_url)
        await fill(connection.jetstream(), pool, client)
        await connection.close()
        yield url


_KNOWN = {"district": DISTRICT, "number": "2026-08-1", "other": "2026-08-2", "project": "P-7", "code": "funds-arrived"}


async def test_nothing_that_is_asked_ends_in_an_error_of_the_server(address: str) -> None:
    schema = await description(address)
    assert schema.raw_schema["openapi"].startswith("3.1")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == sum(len(methods) for methods in schema.raw_schema["paths"].values())
    for operation in operations:
        # What is posted is a report to be checked: that has its own test.
        if operation.path.startswith("/v1/") and operation.method.upper() == "GET":
            await asyncio.to_thread(_fuzz, operation, address)


def _fuzz(operation: Any, address: str) -> None:
    @given(operation.as_strategy(), st.booleans(), st.sampled_from(["2026-08-31", None]))
    @GENERATED
    def asked(case: Any, known: bool, through: str | None) -> None:
        if known:
            about(case, _KNOWN)
        if through and case.query is not None:
            case.query = {key: value for key, value in case.query.items() if key != "year"} | {"through": through}
        ask(case, address)

    asked()
