"""A three-node NATS cluster loses one server after the other, each in the middle of work; nothing else is lost."""

from pathlib import Path

from nats.errors import Error as NatsError

from shared import streams
from shared.jetstream import ask
from shared.subjects import LEDGER_OF_EVENTS, parts
from tests.integration.disturbed import Disturbed, disturbed, outage
from tests.integration.nats_cluster import Cluster, cluster
from tests.waiting import until

_ELECTED_SECONDS = 60.0
_PARTITIONS = 2


async def test_a_leader_dies_and_comes_back_and_then_another_dies(tmp_path: Path, database_url: str) -> None:
    read = parts(LEDGER_OF_EVENTS, _PARTITIONS)[-1]
    async with cluster(tmp_path) as servers:
        await provisioned(servers)
        async with disturbed(servers.url, database_url, partitions=_PARTITIONS) as ledger:
            await ledger.say()
            first = await servers.leader(ledger.client, read.stream, read.name)
            await first.kill()
            await ledger.until_ready(is_it=False)
            await outage()
            await said_again(ledger)
            await ledger.until_ready(seconds=_ELECTED_SECONDS)

            await first.start()
            await whole_again(ledger, read.stream)
            second = await servers.leader(ledger.client, "EVENTS")
            await second.kill()
            await said_again(ledger)
            await ledger.until_ready(seconds=_ELECTED_SECONDS)
            await ledger.department.acknowledged(seconds=_ELECTED_SECONDS)
            await ledger.assert_as_undisturbed()


async def said_again(ledger: Disturbed) -> None:
    """What a department does while nobody stores what it says."""

    async def said() -> bool:
        try:
            await ledger.say()
        except NatsError:
            return False
        return True

    await until(said, _ELECTED_SECONDS)


async def whole_again(ledger: Disturbed, *names: str) -> None:
    """Until the streams are as whole on each server as on their leader: then any one of them may be lost."""

    async def whole() -> bool:
        try:
            for name in (*names, "EVENTS", "LEDGER"):
                replicas = (await ask(ledger.client, f"STREAM.INFO.{name}"))["cluster"].get("replicas", ())
                if not all(one["current"] and not one.get("offline") for one in replicas):
                    return False
        except NatsError:
            return False
        return True

    await until(whole, _ELECTED_SECONDS)


async def provisioned(servers: Cluster) -> None:
    async def done() -> bool:
        try:
            await streams.provision(servers.url, replicas=3, partitions=_PARTITIONS)
        except NatsError:
            return False
        return True

    await until(done, _ELECTED_SECONDS)
