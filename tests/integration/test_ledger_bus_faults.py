"""NATS goes away, dies, loses its leader; its consumer is deleted or changed: the ledger has everything right."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import repeat
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client

from deploy.local.nats import Nats
from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared import bus, intake, pull, streams
from shared import partitions as parting
from shared.jetstream import Config, ask, put_consumer
from tests.integration.conftest import running
from tests.integration.department import Department, contract_signed, funds_arrived
from tests.integration.disturbed import SOON_AGAIN, disturbed, frozen, outage
from tests.integration.silent_way import silenced
from tests.waiting import until

_SOON_SECONDS = 8.0


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
    monkeypatch.setattr(parting, "LOOK_SECONDS", 0.5)
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


@contextlib.asynccontextmanager
async def ready_ledger(nats_url: str, database_url: str) -> AsyncIterator[None]:
    """A ledger that nobody else uses the connection of."""
    app = build(LedgerSettings(nats_url=nats_url, database_url=database_url))
    transport = httpx.ASGITransport(app=app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:

        async def ready() -> bool:
            return (await http.get("/readyz")).is_success

        await until(ready)
        yield


async def test_a_ledger_ends_although_nats_is_frozen(
    own_nats: Nats, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_STOPPING_SECONDS", 0.2)
    monkeypatch.setattr(pull, "_LEAVING_SECONDS", 0.2)
    async with contextlib.AsyncExitStack() as process:
        await process.enter_async_context(ready_ledger(own_nats.url, database_url))
        with frozen(own_nats):
            # Not a timeout around it: what is cancelled there goes on all the same.
            ending = asyncio.create_task(process.aclose())
            ended, _ = await asyncio.wait({ending}, timeout=_SOON_SECONDS)
        await ending
        assert ended


async def test_nats_is_gone_without_a_farewell_and_is_found_again(
    provisioned: str, database_url: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_PING_SECONDS", 0.2)
    await put_consumer(client, SOON_AGAIN)
    department = await Department.open(client)
    async with silenced(provisioned) as way, ready_ledger(way.url, database_url):
        await department.say(contract_signed("P-1", "1"))
        await department.hear_record("P-1", 1)
        way.fall_silent()
        await department.say(funds_arrived("P-1", "2", "1.00"))
        await department.hear_record("P-1", 2)


async def test_a_consumer_is_deleted_and_read_again(
    provisioned: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Made again after a tenth of a second, nobody would notice that it was not ready.
    monkeypatch.setattr(intake, "growing_pauses", lambda: repeat(1.0))
    async with disturbed(provisioned, database_url) as ledger:
        await ledger.say()
        await ledger.client.jetstream().delete_consumer("EVENTS", "ledger")
        await ledger.until_said("intake", "Consumer Deleted")
        await ledger.say()
        await ledger.until_ready()
        await outage()
        await ledger.assert_as_undisturbed()


CHANGES: dict[str, Config] = {
    "filter_subject": {"filter_subject": "events.500101.finance.>"},
    "max_deliver": {"max_deliver": 1},
    "ack_policy": {"ack_policy": "none"},
    "headers_only": {"headers_only": True},
    "max_batch": {"max_batch": 10},
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_consumer_that_somebody_changed_is_made_anew_and_passes_over_nothing(
    provisioned: str, database_url: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "LOOK_SECONDS", 1.0)
    monkeypatch.setattr(intake, "growing_pauses", lambda: repeat(1.0))
    async with disturbed(provisioned, database_url) as ledger:
        await ledger.say()
        await ledger.department.acknowledged()
        await change_consumer(ledger.client, CHANGES[what])
        # An ack policy cannot be changed: whoever wants another deletes the consumer, and that is noticed at once.
        await ledger.until_said("intake", "Consumer Deleted" if what == "ack_policy" else "makes it anew")
        await ledger.say()
        await ledger.until_ready()
        await outage()
        assert (await consumer_config(ledger.client)).get(what) not in CHANGES[what].values()
        # What came without its body was parked, and was judged again whole.
        await ledger.assert_as_undisturbed(except_for=["quarantine"])


async def test_provisioning_makes_a_changed_consumer_anew_while_nobody_reads_it(
    provisioned: str, client: Client
) -> None:
    await change_consumer(client, CHANGES["filter_subject"])
    await client.jetstream().publish("events.500101.investment.P-1.started", b"{}")
    await streams.provision(provisioned)
    assert (await ask(client, "CONSUMER.INFO.EVENTS.ledger"))["num_pending"] == 1


async def test_a_partition_of_which_somebody_changed_the_consumer_is_read_whole(
    provisioned: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "LOOK_SECONDS", 1.0)
    await streams.provision(provisioned, partitions=2)
    async with disturbed(provisioned, database_url, partitions=2) as ledger:
        for part in ("0", "1"):
            filtered = {"filter_subject": f"{part}.events.500101.finance.>"}
            await change_consumer(ledger.client, filtered, "EVENTS_IN_2", f"ledger-{part}")
        await ledger.until_said("intake", "makes it anew")
        await ledger.say()
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


async def consumer_config(connection: Client, stream: str = "EVENTS", name: str = "ledger") -> Config:
    config: Config = (await ask(connection, f"CONSUMER.INFO.{stream}.{name}"))["config"]
    return config


async def change_consumer(connection: Client, change: Config, stream: str = "EVENTS", name: str = "ledger") -> None:
    """What an operator does with `nats consumer edit`, or by making another under its name."""
    config = await consumer_config(connection, stream, name)
    if "ack_policy" in change:
        await ask(connection, f"CONSUMER.DELETE.{stream}.{name}")
    body = {"stream_name": stream, "config": {**config, **change}}
    await ask(connection, f"CONSUMER.CREATE.{stream}.{name}", body)
