"""Postgres goes away, dies, or has no room left: the ledger says so, waits, and has everything right."""

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.postgres import Postgres
from shared import database
from tests.integration.disturbed import LEDGER_HOME, disturbed, frozen, outage

_MOUNT = ("/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=200m,mode=0755", "luodi-test")
_PAGE = 4096


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


@pytest.fixture
def small_disk(server_path: Path) -> Iterator[Path]:
    """A file system of its own, which a test may fill."""
    if os.geteuid() != 0 or subprocess.run([*_MOUNT, server_path], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system, and not on every machine")
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
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(_PAGE))
    yield
    ballast.unlink()
