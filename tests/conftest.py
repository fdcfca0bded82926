"""Real servers for tests: one Postgres a test process with a fresh database a test, and a fresh NATS a test."""

import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

import services
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from shared import database
from tests.databases import drop

_TEMPLATE = "luodi_template"
_PLAIN: Final[list[structlog.typing.Processor]] = [
    structlog.stdlib.add_log_level,
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
]

# A machine that is busy with something else must not fail a property test.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The gate judges a change by the same examples each time: what it finds, the change did. New ones are looked for with
# `make test ARGS='--hypothesis-profile explore'`.
settings.register_profile("gate", settings.get_profile("explore"), derandomize=True)
settings.load_profile("gate")


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A test's logs go where they went before: services and commands send those of their whole process elsewhere."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    # As in a service. By default a traceback is drawn with every variable, which takes half a second.
    structlog.configure(processors=_PLAIN)
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    """The test process's Postgres. Shared: a test that stops or kills a server starts one of its own."""
    with tempfile.TemporaryDirectory(prefix="luodi-test-") as folder:
        server = Postgres(Path(folder), durable=False)
        await server.start()
        yield server
        await server.stop()


@pytest.fixture
def server_path() -> Iterator[Path]:
    """A folder for a Postgres of the test's own.

    Not `tmp_path`: under root, Postgres runs as another account, and every start of pytest closes the folder above all
    `tmp_path`s to other accounts.
    """
    with tempfile.TemporaryDirectory(prefix="luodi-test-") as folder:
        yield Path(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template_database(postgres: Postgres) -> str:
    """The name of a database with the schema of every service, to be copied."""
    await _execute(postgres.url, f"create database {_TEMPLATE}")
    for service in _services_with_a_schema():
        await database.provision(_with_name(postgres.url, _TEMPLATE), service)
    return _TEMPLATE


@pytest_asyncio.fixture
async def database_url(postgres: Postgres, template_database: str) -> AsyncIterator[str]:
    """A fresh database for one test, as `luodi provision` leaves it."""
    name = f"test_{uuid4().hex}"
    await _execute(postgres.url, f"create database {name} template {template_database} strategy file_copy")
    yield _with_name(postgres.url, name)
    await drop(postgres.url, name)


@pytest_asyncio.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[Nats]:
    """A fresh NATS server for one test, without streams; it may be stopped, killed and started again."""
    server = Nats(tmp_path / "nats", durable=False)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def nats_url(nats_server: Nats) -> str:
    """The address of the test's own NATS server."""
    return nats_server.url


def _services_with_a_schema() -> list[Path]:
    folder = Path(services.__file__).parent
    return sorted({file.parent.parent for file in folder.glob("*/migrations/*.sql")})


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, ssl=False)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
