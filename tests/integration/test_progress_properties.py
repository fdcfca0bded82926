"""From the events to the answer: no order, repetition or batch of delivery changes what reporting says of a year."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.ledger.domain.batch import Stored
from services.ledger.metrics import Metrics
from services.ledger.recorder import Recorder
from services.reporting.app import build
from services.reporting.settings import ReportingSettings
from shared.database import Pool, make_pool
from shared.publishing import Publisher
from shared.subjects import REPORTING_OF_LEDGER
from tests.integration.department import Department
from tests.integration.ledger_histories import ABOUT_FIGURES, START, deliveries
from tests.integration.reporting_service import served

_RUNS = itertools.count()
QUESTIONS = [
    {"year": "2026", "through": through, **known_by}
    for through in ("2026-04-30", "2026-08-31")
    for known_by in ({}, {"known_by": (START + timedelta(microseconds=2)).isoformat()})
]


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test", size=2) as pool:
        yield pool


@pytest_asyncio.fixture
async def department(client: Client) -> Department:
    return await Department.open(client)


@pytest_asyncio.fixture
async def reporting(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served(build(ReportingSettings(nats_url=provisioned, database_url=database_url))) as client:
        yield client


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries(ABOUT_FIGURES, at_least=6))
async def test_any_order_any_repetition_and_any_batches_of_events_give_the_same_progress(
    pool: Pool,
    client: Client,
    department: Department,
    reporting: httpx.AsyncClient,
    delivered: tuple[list[Stored], list[list[Stored]]],
) -> None:
    messages, batches = delivered

    async def progress(*history: list[Stored]) -> list[str]:
        """What reporting says of a district of its own, whose name is taken out again."""
        run = next(_RUNS)
        district = str(510_100 + run)
        ledger = Recorder(pool, Publisher(client), Metrics(CollectorRegistry()))
        for batch in history:
            await ledger.record([moved(one, district, run) for one in batch])
        await department.acknowledged(REPORTING_OF_LEDGER)
        answers = [await reporting.get(f"/v1/districts/{district}/progress", params=question) for question in QUESTIONS]
        return [answer.text.replace(district, "500101") for answer in answers]

    in_order = await progress(messages)
    assert await progress(*batches) == in_order


def moved(message: Stored, district: str, run: int) -> Stored:
    """The same message of another district, elsewhere on the stream."""
    return replace(
        message,
        subject=message.subject.replace("500101", district),
        payload=message.payload.replace(b"/500101/", f"/{district}/".encode()),
        sequence=message.sequence + 1000 * run,
    )
