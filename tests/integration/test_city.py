"""The city computes again: a second reporting service, on a database of its own, from the same records."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
import pytest_asyncio

import services.reporting.app
from deploy.local.postgres import Postgres
from services.reporting.settings import ReportingSettings
from tests.integration.demo_district import DISTRICT, NAME, District, answering, copied, demo_district
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

CITY = "city"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def district(postgres: Postgres, template_database: str) -> AsyncIterator[District]:
    async with demo_district(postgres, template_database, date(2026, 6, 30)) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(postgres: Postgres, template_database: str, district: District) -> AsyncIterator[httpx.AsyncClient]:
    """A reporting service that begins when the district's records are there already."""
    async with copied(postgres.url, template_database) as database_url:
        settings = ReportingSettings(
            nats_url=district.nats_url, database_url=database_url, consumer=CITY, district_names={DISTRICT: NAME}
        )
        await district.counted(district.settings.ledger_consumer)
        async with answering(services.reporting.app.build(settings)) as client:
            async with asyncio.timeout(PATIENCE):
                while (await client.get("/readyz")).json()["checks"]["intake"] != "ok":
                    pass
            await district.counted(settings.ledger_consumer)
            yield client


@pytest.mark.parametrize("path", ["/progress", "/indicators/funds-arrived/facts", "/indicators/signed-major/facts"])
async def test_the_city_gives_the_same_bytes(district: District, city: httpx.AsyncClient, path: str) -> None:
    asked = {"year": "2026", "through": "2026-06-30"}
    at_the_district = await district.get(path, **asked)
    at_the_city = await city.get(f"/v1/districts/{DISTRICT}{path}", params=asked)
    assert at_the_district.status_code == 200
    assert at_the_city.content == at_the_district.content
    assert at_the_city.json()["incomplete"] == at_the_district.json()["incomplete"]
