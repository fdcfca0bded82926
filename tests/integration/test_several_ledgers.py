"""Several ledger processes on one stream: whichever dies or is suspended, nothing is lost and nothing counted twice."""

import signal
from dataclasses import replace

import pytest
from nats.aio.client import Client

from shared import streams
from shared.jetstream import put_consumer
from shared.subjects import LEDGER_OF_EVENTS, parts
from tests.integration.department import Department
from tests.integration.disturbed import assert_as_undisturbed
from tests.integration.ledger_processes import ledgers, talking
from tests.waiting import until

# What was on its way to a suspended process goes to another after this time, perhaps to the suspended one once more.
_ACK_WAIT_SECONDS = 1.5
_STARTED_SECONDS = 60.0


@pytest.mark.parametrize("partitions", [1, 3])
async def test_one_of_three_is_killed(provisioned: str, client: Client, database_url: str, partitions: int) -> None:
    department = await department_of(client, partitions)
    async with ledgers(3, provisioned, database_url) as [killed, *_]:
        await reading(client, 3, partitions)
        async with talking(department) as talk:
            await talk.more(100)
            await department.acknowledged()
            await talk.more(200)
            killed.kill()
            await talk.more(200)
        await department.acknowledged()
    await assert_as_undisturbed(department, database_url)


async def test_one_of_two_is_suspended_and_wakes_up(provisioned: str, client: Client, database_url: str) -> None:
    department = await department_of(client, 1)
    async with ledgers(2, provisioned, database_url) as [suspended, _]:
        await reading(client, 2, 1)
        async with talking(department) as talk:
            await talk.more(100)
            await department.acknowledged()
            suspended.send_signal(signal.SIGSTOP)
            await talk.more(200)
            await until(lambda: handed_out_again(client))
        # With events in hand that others have recorded meanwhile, and with later ones of the same projects.
        suspended.send_signal(signal.SIGCONT)
        await department.acknowledged()
    await assert_as_undisturbed(department, database_url)


async def test_the_number_of_partitions_changes_while_a_department_publishes(
    provisioned: str, client: Client, database_url: str
) -> None:
    department = await department_of(client, 1)
    async with ledgers(2, provisioned, database_url) as [killed, _]:
        await reading(client, 2, 1)
        async with talking(department) as talk:
            await talk.more(100)
            await department.acknowledged()
            for count in (2, 4, 1):
                await streams.provision(provisioned, partitions=count)
                await talk.more(200)
                if count == 4:
                    killed.kill()
                    await talk.more(100)
        await department.acknowledged()
    await assert_as_undisturbed(department, database_url)


async def department_of(client: Client, partitions: int) -> Department:
    """A department, and the bus divided into so many partitions."""
    assert client.connected_url
    await streams.provision(client.connected_url.geturl(), partitions=partitions)
    for part in parts(replace(LEDGER_OF_EVENTS, ack_wait=_ACK_WAIT_SECONDS), partitions):
        await put_consumer(client, part)
    return await Department.open(client)


async def handed_out_again(client: Client) -> bool:
    """Whether somebody has got what was on its way to another."""
    consumer = await client.jetstream().consumer_info(LEDGER_OF_EVENTS.stream, LEDGER_OF_EVENTS.name)
    return (consumer.num_redelivered or 0) > 0


async def reading(client: Client, processes: int, partitions: int) -> None:
    """Return when each of so many processes asks for events; of no partition, since they share those."""
    of_all, *_ = parts(LEDGER_OF_EVENTS, partitions)

    async def all_ask() -> bool:
        return ((await client.jetstream().consumer_info(of_all.stream, of_all.name)).num_waiting or 0) >= processes

    await until(all_ask, _STARTED_SECONDS)
