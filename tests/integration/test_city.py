"""The city computes again: a second reporting service, on a database of its own, from the same records."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import nats
import pytest
import pytest_asyncio

import services.reporting.app
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres
from services.reporting.settings import ReportingSettings
from shared import streams
from shared.partitions import behind_sequence
from shared.subjects import LEDGER, Consumer
from tests.integration.demo_district import DISTRICT, NAME, District, answering, copied, demo_district
from tests.integration.linked_nats import CityNats, DistrictNats, source_ledger
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

JUNE = {"year": "2026", "through": "2026-06-30"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncIterator[tuple[DistrictNats, CityNats]]:
    """A district's NATS, to be started, and the city's, which it connects to."""
    with tempfile.TemporaryDirectory(prefix="luodi-test-") as folder:
        port = any_free()
        city = CityNats(Path(folder) / "city", port)
        await city.start()
        yield DistrictNats(Path(folder) / "district", port), city
        await city.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def district(
    postgres: Postgres, template_database: str, servers: tuple[DistrictNats, CityNats]
) -> AsyncIterator[District]:
    async with demo_district(postgres, template_database, date(2026, 6, 30), servers[0]) as found:
        await found.counted(found.settings.ledger_consumer)
        yield found


@contextlib.asynccontextmanager
async def recomputing(nats_url: str, database_url: str, consumer: str) -> AsyncIterator[httpx.AsyncClient]:
    """A reporting service that has read all that the stream holds."""
    settings = ReportingSettings(
        nats_url=nats_url, database_url=database_url, consumer=consumer, district_names={DISTRICT: NAME}
    )
    async with answering(services.reporting.app.build(settings)) as client:
        async with asyncio.timeout(PATIENCE):
            while (await client.get("/readyz")).json()["checks"]["intake"] != "ok":
                pass
        await _read(nats_url, settings.ledger_consumer)
        yield client


async def _read(nats_url: str, consumer: Consumer) -> None:
    connection = await nats.connect(nats_url)
    stream = connection.jetstream()
    last = (await stream.stream_info(consumer.stream)).state.last_seq

    async def past() -> bool:
        return await behind_sequence(stream, consumer, last) == 0

    await until(past, PATIENCE)
    await connection.close()


async def same_bytes(district: District, city: httpx.AsyncClient) -> None:
    for path in ("/progress", "/indicators/funds-arrived/facts", "/indicators/signed-major/facts"):
        at_the_district = await district.get(path, **JUNE)
        at_the_city = await city.get(f"/v1/districts/{DISTRICT}{path}", params=JUNE)
        assert at_the_district.status_code == 200
        assert at_the_city.content == at_the_district.content


async def test_a_second_reader_of_the_same_stream_gives_the_same_bytes(
    postgres: Postgres, template_database: str, district: District
) -> None:
    async with (
        copied(postgres.url, template_database) as database_url,
        recomputing(district.nats_url, database_url, "city") as city,
    ):
        await same_bytes(district, city)


async def test_a_city_that_sources_the_stream_over_a_leaf_node_gives_the_same_bytes(
    postgres: Postgres, template_database: str, district: District, servers: tuple[DistrictNats, CityNats]
) -> None:
    url = servers[1].url
    await streams.provision(url)
    await source_ledger(url)
    held = (await district.connection.jetstream().stream_info(LEDGER.name)).state.messages
    connection = await nats.connect(url)

    async def taken_over() -> bool:
        return (await connection.jetstream().stream_info(LEDGER.name)).state.messages == held

    await until(taken_over, PATIENCE)
    await connection.close()
    # An upgrade at the city leaves the source as the operator set it.
    await streams.provision(url)
    async with (
        copied(postgres.url, template_database) as database_url,
        recomputing(url, database_url, "reporting") as city,
    ):
        await same_bytes(district, city)
