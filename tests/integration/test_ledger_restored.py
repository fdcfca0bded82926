"""An older Postgres restored beside a newer NATS: the ledger says that events are missing, and a replay brings them."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from shared import streams
from tests.integration.department import contract_signed
from tests.integration.disturbed import disturbed


async def backup(database_url: str) -> str:
    """A copy of the database as it is now; nobody may be connected to it."""
    parts = urlsplit(database_url)
    copy = f"{parts.path[1:]}_backup"
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), ssl=False)
    try:
        await connection.execute(f"create database {copy} template {parts.path[1:]}")
    finally:
        await connection.close()
    return urlunsplit(parts._replace(path=f"/{copy}"))


@pytest.mark.parametrize("partitions", [1, 2])
async def test_what_a_restored_database_lacks_is_told_and_brought_by_a_replay(
    provisioned: str, database_url: str, partitions: int
) -> None:
    await streams.provision(provisioned, partitions=partitions)
    async with disturbed(provisioned, database_url, partitions=partitions) as ledger:
        await ledger.department.say(contract_signed("P-0", "old"))
        await ledger.say()
        await ledger.department.acknowledged()
    restored = await backup(database_url)
    async with disturbed(provisioned, database_url, partitions=partitions) as ledger:
        await ledger.say()
        # What was published last is in the restored database, too.
        await ledger.department.say(contract_signed("P-0", "old"))
        await ledger.department.acknowledged()
    async with disturbed(provisioned, restored, partitions=partitions, ready=False) as ledger:
        await ledger.until_said("archive", "run 'luodi provision --replay'")
        await ledger.department.say(contract_signed("P-9", "new"))
        await ledger.until_said("archive", "was acknowledged and is not in this archive")
        await streams.provision(provisioned, replay=True)
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()
