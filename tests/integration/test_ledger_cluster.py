"""A three-node NATS cluster loses the leader of what the ledger reads, in the middle of work; nothing else is lost."""

from pathlib import Path

from nats.errors import Error as NatsError

from shared import streams
from tests.integration.disturbed import disturbed
from tests.integration.nats_cluster import Cluster, cluster
from tests.waiting import until

_ELECTED_SECONDS = 60.0


async def test_the_leader_dies_and_another_takes_over(tmp_path: Path, database_url: str) -> None:
    async with cluster(tmp_path) as servers:
        await provisioned(servers)
        async with disturbed(servers.url, database_url) as ledger:
            await ledger.say()
            leader = await servers.leader(ledger.client, "EVENTS", "ledger")
            await leader.kill()
            await ledger.until_ready(is_it=False)

            async def said_again() -> bool:
                try:
                    await ledger.say()
                except NatsError:
                    return False
                return True

            await until(said_again, _ELECTED_SECONDS)
            await ledger.until_ready()
            await ledger.assert_as_undisturbed()


async def provisioned(servers: Cluster) -> None:
    async def done() -> bool:
        try:
            await streams.provision(servers.url, replicas=3)
        except NatsError:
            return False
        return True

    await until(done, _ELECTED_SECONDS)
