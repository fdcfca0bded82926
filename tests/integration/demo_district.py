"""The demo year in a ledger and a reporting service, once for all tests of a file, with real servers."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import nats
import orjson
from fastapi import FastAPI
from nats.aio.client import Client

import services.ledger.app
import services.reporting.app
from deploy.demo.year import district_year
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from services.ledger.settings import LedgerSettings
from services.reporting.settings import ReportingSettings
from shared import database, streams
from shared.database import Pool
from shared.partitions import behind_sequence
from shared.publishing import Outgoing, publish_all
from shared.subjects import LEDGER_OF_EVENTS, Consumer
from tests.databases import drop
from tests.waiting import PATIENCE, until

DISTRICT = "500101"
NAME = "示范区"


@dataclass(frozen=True, slots=True)
class District:
    """A running district: its addresses, a connection of a department's, and two of its services as HTTP."""

    nats_url: str
    database_url: str
    connection: Client
    pool: Pool
    ledger: httpx.AsyncClient
    reporting: httpx.AsyncClient

    async def say(self, unit: str, subject: str, event_id: str, name: str, data: dict[str, Any], **more: Any) -> None:
        """Publish an event."""
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/{DISTRICT}/{unit}",
            "type": f"luodi.{name}.v1",
            "subject": subject,
            "data": data,
            **more,
        }
        payload = orjson.dumps(event)
        await self.connection.jetstream().publish(f"events.{DISTRICT}.{unit}.{subject}.{name}", payload)

    async def get(self, path: str, **params: str) -> httpx.Response:
        """What the reporting service answers."""
        return await self.reporting.get(f"/v1/districts/{DISTRICT}{path}", params=params)

    @property
    def settings(self) -> ReportingSettings:
        """As the commands of reporting have them."""
        return ReportingSettings(
            nats_url=self.nats_url, database_url=self.database_url, district_names={DISTRICT: NAME}
        )

    async def counted(self, *consumers: Consumer) -> None:
        """Return when the ledger has recorded, and the consumers have read, what is stored by now."""
        stream = self.connection.jetstream()
        for consumer in (LEDGER_OF_EVENTS, *consumers):
            last = (await stream.stream_info(consumer.stream)).state.last_seq

            async def past(consumer: Consumer = consumer, last: int = last) -> bool:
                return await behind_sequence(stream, consumer, last) == 0

            await until(past, PATIENCE)


@contextlib.asynccontextmanager
async def demo_district(
    postgres: Postgres, template: str, through: date, server: Nats | None = None
) -> AsyncIterator[District]:
    """The demo's district with what its departments sent through a day; on a NATS of its own unless one is given."""
    with tempfile.TemporaryDirectory(prefix="luodi-test-") as folder:
        server = server or Nats(Path(folder), durable=False)
        await server.start()
        try:
            await streams.provision(server.url)
            async with copied(postgres.url, template) as database_url, _served(server.url, database_url) as district:
                year = district_year(DISTRICT, 2026, 2026, through)
                messages: Sequence[Outgoing] = [Outgoing(one.subject, one.payload) for one in year]
                await publish_all(district.connection, messages)
                yield district
        finally:
            await server.stop()


@contextlib.asynccontextmanager
async def copied(url: str, template: str) -> AsyncIterator[str]:
    """A fresh database with the schema of every service."""
    name = f"test_{uuid4().hex}"
    await _execute(url, f"create database {name} template {template} strategy file_copy")
    yield url.rpartition("/")[0] + f"/{name}"
    await drop(url, name)


@contextlib.asynccontextmanager
async def answering(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A service with its connections open, asked without a port."""
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://luodi") as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def _served(nats_url: str, database_url: str) -> AsyncIterator[District]:
    settings = ReportingSettings(nats_url=nats_url, database_url=database_url, district_names={DISTRICT: NAME})
    connection = await nats.connect(nats_url)
    try:
        async with (
            answering(
                services.ledger.app.build(LedgerSettings(nats_url=nats_url, database_url=database_url))
            ) as ledger,
            answering(services.reporting.app.build(settings)) as reporting,
            database.make_pool(database_url, "luodi-test") as pool,
        ):
            yield District(nats_url, database_url, connection, pool, ledger, reporting)
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
