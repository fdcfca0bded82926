"""The tables of the peers: an archive, a row for each project, a row for each month."""

import os

import asyncpg

from shared.sql import queries_beside

SQL = queries_beside(__file__)


async def make(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the peers' tables in an empty database."""
    await connection.execute(SQL["make"])


def nats_url() -> str:
    """Where the measurement says that NATS is."""
    return os.environ["LUODI_NATS_URL"]


def database_url() -> str:
    """Where the measurement says that Postgres is."""
    return os.environ["LUODI_DATABASE_URL"]
