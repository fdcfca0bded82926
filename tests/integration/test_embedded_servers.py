"""The embedded servers are real, keep what they acknowledged, and end with whoever started them."""

from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js.api import StreamConfig

from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from deploy.local.process import ProcessError


async def test_each_test_gets_a_database_of_its_own(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("create table public.mark (n int)")
        assert await connection.fetchval("select current_database()") in database_url
        assert await connection.fetchval("show server_encoding") == "UTF8"
        assert await connection.fetchval("select datcollate from pg_database where datname = current_database()") == "C"
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
    finally:
        await connection.close()


async def test_postgres_keeps_what_it_committed_when_it_is_killed(server_path: Path) -> None:
    server = Postgres(server_path)
    await server.start()
    try:
        await _execute(server.url, "create table kept as select 7 as n")
        await server.kill()
        server.forget_earlier_run()
        await server.start()
        assert await _execute(server.url, "select n from kept") == 7
    finally:
        await server.stop()
    assert server.process.exit_code == 0


async def test_postgres_asks_for_the_password_even_on_loopback(postgres: Postgres) -> None:
    password = postgres.url.partition("luodi:")[2].partition("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url.replace(password, "guessed"))


async def test_nats_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path) -> None:
    server = Nats(tmp_path / "nats")
    await server.start()
    try:
        client = await nats.connect(server.url, allow_reconnect=False)
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name="S", subjects=["s.>"]))
        await stream.publish("s.1", b"kept")
        await client.close()
        await server.kill()
        await server.start()
        client = await nats.connect(server.url, allow_reconnect=False)
        assert (await client.jetstream().get_last_msg("S", "s.1")).data == b"kept"
        await client.close()
    finally:
        await server.stop()


async def test_a_taken_port_is_told_with_the_words_of_the_server(nats_server: Nats, tmp_path: Path) -> None:
    second = Nats(tmp_path / "second", port=int(nats_server.url.rpartition(":")[2]))
    with pytest.raises(ProcessError, match="address already in use"):
        await second.start()


async def _execute(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
