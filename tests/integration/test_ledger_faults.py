"""Postgres goes away, dies, or has no room left: the ledger says so, waits, and has everything right."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.postgres import Postgres
from shared import database
from shared.subjects import LEDGER_OF_EVENTS
from tests.integration.disturbed import LEDGER_HOME, all_processes, disturbed, frozen, outage
from tests.waiting import PATIENCE, until

_MOUNT = ("/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=200m,mode=0755", "luodi-test")
_PAGE = 4096

_WAL_FILE = 16 * 1024 * 1024
_MANY_EVENTS = """
insert into ledger.event
    (district, source, id, subject, name, version, "on", recorded_at, stream_sequence, digest, data)
select
    '999999', '/999999/luodi', number::text, 'P-1', 'started', 1, now(), now(), number, sha256(''),
    jsonb_build_object('note', repeat('x', 1000))
from generate_series(1, 20000) as number
"""


@pytest_asyncio.fixture
async def own_postgres(server_path: Path) -> AsyncIterator[Postgres]:
    """A Postgres for one test, which may stop and kill it; what it acknowledges is on the disk."""
    server = Postgres(server_path)
    await server.start()
    await database.provision(server.url, LEDGER_HOME)
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


async def test_postgres_freezes_and_goes_on(own_postgres: Postgres, provisioned: str) -> None:
    async with disturbed(provisioned, own_postgres.url) as ledger:
        await ledger.say()
        with frozen(own_postgres):
            await ledger.say()
            await ledger.until_said("postgres", "no answer within 3 seconds")
            await outage()
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def test_a_ledger_ends_although_postgres_is_frozen_in_the_midst_of_a_batch(
    own_postgres: Postgres, provisioned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CLOSING_SECONDS", 0.2)
    async with contextlib.AsyncExitStack() as process:
        ledger = await process.enter_async_context(disturbed(provisioned, own_postgres.url))
        stream = ledger.client.jetstream()

        async def at_work() -> bool:
            return bool((await stream.consumer_info(LEDGER_OF_EVENTS.stream, LEDGER_OF_EVENTS.name)).num_ack_pending)

        with frozen(own_postgres):
            await ledger.say()
            await until(at_work)
            async with asyncio.timeout(PATIENCE):
                await process.aclose()


@pytest.fixture
def small_disk(server_path: Path) -> Iterator[Path]:
    """A file system of its own, which a test may fill."""
    if os.geteuid() != 0 or subprocess.run([*_MOUNT, server_path], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system, and not on every machine; a limit on files stands in for it")
    yield server_path
    subprocess.run(["/usr/bin/env", "umount", server_path], check=True)


async def test_postgres_has_no_room_left_and_gets_some(small_disk: Path, provisioned: str) -> None:
    server = Postgres(small_disk)
    await server.start()
    try:
        await database.provision(server.url, LEDGER_HOME)
        async with disturbed(provisioned, server.url) as ledger:
            await ledger.say()
            await ledger.department.acknowledged()
            with _filled(small_disk):
                await ledger.say(projects=40)
                await ledger.until_said("intake", "No space left on device")
                await outage()
            await ledger.until_ready()
            await ledger.assert_as_undisturbed()
    finally:
        await server.stop()


@contextlib.contextmanager
def _filled(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(_PAGE))
        yield
    finally:
        ballast.unlink()


# Nobody but root has a small disk to fill. Anybody may forbid a program to write further into a file, and Postgres then
# meets the same refusal at the same place: where it makes a table longer.
async def test_postgres_may_make_no_table_longer_and_then_may(own_postgres: Postgres, provisioned: str) -> None:
    await lengthen_the_archive(own_postgres.url)
    async with disturbed(provisioned, own_postgres.url) as ledger:
        with no_longer_than(own_postgres, _WAL_FILE):
            await ledger.say(projects=40)
            await ledger.until_said("intake", "File too large")
            await outage()
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def lengthen_the_archive(url: str) -> None:
    """Let the archive's file be longer than one of Postgres' log, which may then still be written; it holds nothing."""
    connection = await asyncpg.connect(url, ssl=False)
    try:
        await connection.execute("alter table ledger.event set (autovacuum_enabled = off)")
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(_MANY_EVENTS)
        await transaction.rollback()
        assert await connection.fetchval("select pg_relation_size('ledger.event')") > _WAL_FILE
    finally:
        await connection.close()


@contextlib.contextmanager
def no_longer_than(server: Postgres, size: int) -> Iterator[None]:
    """The server's processes cannot write into any file beyond this size."""
    try:
        limit_files(server, str(size))
        yield
    finally:
        limit_files(server, "unlimited")


def limit_files(server: Postgres, size: str) -> None:
    for pid in all_processes(server):
        # As its own user: not even root may, where a container keeps that from it. It may have ended meanwhile.
        with contextlib.suppress(FileNotFoundError):
            owner = Path(f"/proc/{pid}").stat()
            limit = ("/usr/bin/env", "prlimit", "--pid", str(pid), f"--fsize={size}:")
            done = subprocess.run(limit, user=owner.st_uid, group=owner.st_gid, capture_output=True, check=False)
            assert done.returncode == 0 or not Path(f"/proc/{pid}").exists(), done.stderr
