"""Postgres: the pool, the schema of a service, and whether both are as they should be."""

import asyncio
import contextlib
import os
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import orjson
import structlog

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


UNREACHABLE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # Between the server's farewell and its hanging up.
    asyncpg.InternalClientError,
)
"""What any query raises when the server is away, or goes."""

AWAY: Final = (*UNREACHABLE, asyncpg.PostgresError)
"""The same, and what a server says that is not as it should be: of use where waiting or the operator mends it."""


class SchemaError(Exception):
    """A service's schema could not be brought up to date; the message is what the migration tool said."""


# A client whose machine is gone is noticed within a minute, by default only after two hours; its locks last as long.
_NOTICE_THE_DEAD = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
    "client_connection_check_interval": "5s",
}


# To plan the fold of a project takes four times as long as to fold one, and the plan is the same each time.
_PLAN_ONCE = {"plan_cache_mode": "force_generic_plan", "jit": "off"}


def make_pool(
    url: str, application: str, *, size: int = 10, stuck_seconds: float | None = None, plan_once: bool = False
) -> Pool:
    """A pool to enter with `async with`; it connects when first used, so that a service starts while Postgres is away.

    Its connections speak UTC and read jsonb as Python values. A session in which nothing happens for `stuck_seconds` is
    ended by the server, with the locks that it holds: a process that is suspended holds up others no longer. With
    `plan_once` a connection plans each query once, for any parameters: for few queries, asked all the time. Call it
    inside the running event loop.
    """
    settings = {"application_name": application, "timezone": "UTC", **_NOTICE_THE_DEAD}
    settings |= _PLAN_ONCE if plan_once else {}
    # A connection that nobody uses is closed here, well before the server would do it while somebody takes it.
    unused_seconds = 300.0
    if stuck_seconds is not None:
        stuck = f"{int(stuck_seconds * 1000)}ms"
        settings |= {"idle_session_timeout": stuck, "idle_in_transaction_session_timeout": stuck}
        unused_seconds = min(unused_seconds, stuck_seconds / 2)
    return asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        init=prepare,
        command_timeout=60,
        max_inactive_connection_lifetime=unused_seconds,
        server_settings=settings,
    )


CLOSING_SECONDS = 5.0
"""How long a service that ends waits for Postgres."""


@contextlib.asynccontextmanager
async def opened(pool: Pool) -> AsyncIterator[None]:
    """Enter a service's pool. At the end a server that does not answer is left alone: the pool would wait for ever."""
    await pool
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await pool.close()
        except TimeoutError:
            structlog.get_logger().warning("Postgres does not answer: its connections were broken off")


async def prepare(connection: Connection) -> None:
    """Teach one connection jsonb: Python values in and out, by way of orjson."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


async def provision(url: str, service: Path) -> None:
    """Bring the schema of the service in this folder up to date; safe to repeat, also at the same time.

    The schema is named as the folder. First its `migrations/` (each runs once, in the order of their names), then
    every file of its `projections/` (each runs every time: what it defines is replaced as a whole).
    """
    await _migrate(url, service.name, service / "migrations")
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext($1))", f"provision {service.name}")
            for file in sorted((service / "projections").glob("*.sql")):
                await connection.execute(file.read_text(encoding="utf-8"))
    finally:
        await connection.close()


async def missing_migrations(pool: Pool, service: Path) -> str | None:
    """None when every migration of the service has run, otherwise a sentence with the remedy."""
    wanted = {file.name.partition("_")[0] for file in (service / "migrations").glob("*.sql")}
    try:
        rows = await pool.fetch(f"select version from {service.name}.schema_migrations")  # noqa: S608 - our folder's name
    except asyncpg.UndefinedTableError:
        rows = []
    absent = sorted(wanted - {row["version"] for row in rows})
    return f"schema {service.name} lacks migration {absent[0]}: run 'luodi provision'" if absent else None


async def _migrate(url: str, schema: str, migrations: Path) -> None:
    tool = Path(sysconfig.get_path("scripts")) / "dbmate"
    process = await asyncio.create_subprocess_exec(
        tool,
        *("--no-dump-schema", "--migration-lock"),
        *("--migrations-dir", migrations, "--migrations-table", f"{schema}.schema_migrations"),
        "migrate",
        env={**os.environ, "DATABASE_URL": _explicit_sslmode(url)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise SchemaError(f"schema {schema}: {said.decode(errors='replace').strip()}")


def _explicit_sslmode(url: str) -> str:
    # The migration tool demands TLS unless told otherwise; the pool tries TLS and does without. Keep one behaviour.
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query.setdefault("sslmode", "prefer")
    return urlunsplit(parts._replace(scheme="postgres", query=urlencode(query)))
