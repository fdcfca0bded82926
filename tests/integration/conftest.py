"""A provisioned bus, and services running inside the test's own event loop."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.client import Client

from shared import streams
from tests.integration.deployed_nats import DeployedNats


@pytest_asyncio.fixture
async def provisioned(nats_url: str) -> str:
    """The address of a NATS server that has every stream and consumer."""
    await streams.provision(nats_url)
    return nats_url


@pytest_asyncio.fixture
async def client(provisioned: str) -> AsyncIterator[Client]:
    """A plain connection, such as a department's."""
    connection = await nats.connect(provisioned)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def bus(tmp_path: Path) -> AsyncIterator[DeployedNats]:
    """A server with the configuration and the users that an installation begins with, provisioned."""
    server = DeployedNats(tmp_path / "nats")
    await server.start()
    await streams.provision(server.url_of("luodi"))
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """A service with its connections open, without a port."""
    async with app.router.lifespan_context(app):
        yield app
