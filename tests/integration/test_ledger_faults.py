"""Servers go away, come back, lose their leader or their disk: the ledger says so, waits, and has everything right."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from shared import database, streams
from tests.integration.disturbed import LEDGER_HOME, disturbed, outage


@pytest_asyncio.fixture
async def own_postgres(server_path: Path) -> AsyncIterator[Postgres]:
    """A Postgres for one test, which may stop and kill it; what it acknowledges is on the disk."""
    server = Postgres(server_path)
    await server.start()
    await database.provision(server.url, LEDGER_HOME)
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def own_nats(tmp_path: Path) -> AsyncIterator[Nats]:
    """A NATS server for one test, provisioned; what it acknowledges is on the disk."""
    server = Nats(tmp_path / "nats")
    await server.start()
    await streams.provision(server.url)
    yield server
    await server.stop()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_postgres_goes_and_comes_back(own_postgres: Postgres, provisioned: str, how: str) -> None:
    async with disturbed(provisioned, own_postgres.url) as ledger:
        await ledger.say()
        await (own_postgres.stop() if how == "stopped" else own_postgres.kill())
        await ledger.say()
        await ledger.until_said("intake", "a batch cannot be handled")
        assert "Connect call failed" in await ledger.said_of("postgres")
        await outage()
        await own_postgres.start()
        await ledger.until_ready()
        await ledger.say()
        await ledger.assert_as_undisturbed()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_nats_goes_and_comes_back(own_nats: Nats, database_url: str, how: str) -> None:
    async with disturbed(own_nats.url, database_url) as ledger:
        await ledger.say()
        await (own_nats.stop() if how == "stopped" else own_nats.kill())
        await ledger.until_said("nats", "not connected")
        await outage()
        await own_nats.start()
        await ledger.until_ready()
        await ledger.say()
        await ledger.assert_as_undisturbed()
