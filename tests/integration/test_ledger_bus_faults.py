"""NATS goes away, dies, loses its leader; its consumer is deleted or changed: the ledger has everything right."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client

from deploy.local.nats import Nats
from shared import partitions as parting
from shared import streams
from shared.jetstream import Config, ask
from tests.integration.disturbed import disturbed, frozen, outage


@pytest_asyncio.fixture
async def own_nats(tmp_path: Path) -> AsyncIterator[Nats]:
    """A NATS server for one test, provisioned; what it acknowledges is on the disk."""
    server = Nats(tmp_path / "nats")
    await server.start()
    await streams.provision(server.url)
    yield server
    await server.stop()


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


@pytest.mark.parametrize("partitions", [1, 2])
async def test_nats_is_killed_at_work_again_and_again(
    own_nats: Nats, database_url: str, partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "MEND_SECONDS", 0.5)
    await streams.provision(own_nats.url, partitions=partitions)
    async with disturbed(own_nats.url, database_url, partitions=partitions) as ledger:
        for _ in range(2):
            await ledger.say_at_once(projects=200)
            await own_nats.kill()
            await own_nats.start()
            await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def test_nats_freezes_and_goes_on(own_nats: Nats, database_url: str) -> None:
    async with disturbed(own_nats.url, database_url) as ledger:
        await ledger.say()
        with frozen(own_nats):
            await ledger.until_said("intake", "NATS has stopped answering")
            await outage()
        await ledger.until_ready()
        await ledger.say()
        await ledger.assert_as_undisturbed()


async def test_a_consumer_is_deleted_and_read_again(provisioned: str, database_url: str) -> None:
    async with disturbed(provisioned, database_url) as ledger:
        await ledger.say()
        await ledger.client.jetstream().delete_consumer("EVENTS", "ledger")
        await ledger.say()
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


CHANGES: dict[str, Config] = {
    "filter_subject": {"filter_subject": "events.500101.finance.>"},
    "max_deliver": {"max_deliver": 1},
    "ack_policy": {"ack_policy": "none"},
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_consumer_is_changed_and_put_right_by_provisioning(
    provisioned: str, database_url: str, what: str
) -> None:
    async with disturbed(provisioned, database_url) as ledger:
        await ledger.say()
        await change_consumer(ledger.client, CHANGES[what])
        await ledger.until_said("intake", f"has {what} {CHANGES[what][what]}")
        await ledger.say()
        await outage()
        assert "run 'luodi provision'" in await ledger.said_of("intake")
        await streams.provision(provisioned)
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def test_a_consumer_is_paused_and_goes_on(provisioned: str, database_url: str) -> None:
    async with disturbed(provisioned, database_url) as ledger:
        await ledger.say()
        await ask(ledger.client, "CONSUMER.PAUSE.EVENTS.ledger", {"pause_until": "2099-01-01T00:00:00Z"})
        await ledger.say()
        await ledger.until_said("intake", "is paused until 2099")
        await outage()
        await ask(ledger.client, "CONSUMER.PAUSE.EVENTS.ledger")
        await ledger.until_ready()
        await ledger.assert_as_undisturbed()


async def change_consumer(connection: Client, change: Config) -> None:
    """What an operator does with `nats consumer edit`, or by making another under its name."""
    config = (await ask(connection, "CONSUMER.INFO.EVENTS.ledger"))["config"]
    if "ack_policy" in change:
        await ask(connection, "CONSUMER.DELETE.EVENTS.ledger")
    await ask(connection, "CONSUMER.CREATE.EVENTS.ledger", {"stream_name": "EVENTS", "config": {**config, **change}})
