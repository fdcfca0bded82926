"""Whoever publishes hears that all is stored, or at once why something is not."""

import asyncio
import contextlib

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared import bus
from shared.publishing import NotStored, Outgoing, Publisher
from tests.integration.silent_way import silenced
from tests.waiting import PATIENCE, until

_SUBJECT = "ledger.500101.project.P-1"


@pytest.mark.parametrize("count", [1, 25, 600])
async def test_what_is_published_is_stored_in_its_order_when_the_call_returns(client: Client, count: int) -> None:
    await Publisher(client)([Outgoing(f"{_SUBJECT}{n}", str(n).encode()) for n in range(count)])
    stream = client.jetstream()
    assert (await stream.stream_info("LEDGER")).state.messages == count
    assert (await stream.get_msg("LEDGER", count)).data == str(count - 1).encode()


async def test_several_at_once_hear_each_of_its_own(client: Client) -> None:
    publish = Publisher(client)
    told = await asyncio.gather(
        publish([Outgoing(_SUBJECT, b"1")]),
        publish([Outgoing("nobody.takes.this", b"2")]),
        publish([Outgoing(f"{_SUBJECT}{n}", b"3") for n in range(30)]),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [type(None), NotStored, type(None)]
    assert (await client.jetstream().stream_info("LEDGER")).state.messages == 31


@pytest.mark.parametrize("count", [1, 25])
async def test_what_the_server_refuses_is_told_at_once_in_its_words(client: Client, count: int) -> None:
    stream = client.jetstream()
    config = (await stream.stream_info("LEDGER")).config
    await stream.update_stream(config, max_msg_size=1_000)
    publish = Publisher(client)
    # Much less than for how long an answer is waited for.
    async with asyncio.timeout(PATIENCE / 10):
        with pytest.raises(NotStored, match=r"NATS has not stored a message: (message size exceeds|batch publish)"):
            await publish([Outgoing(_SUBJECT, bytes(2_000))] * count)
    await publish([Outgoing(_SUBJECT, bytes(10))] * count)


async def test_without_a_stream_the_remedy_is_named(client: Client) -> None:
    await client.jetstream().delete_stream("LEDGER")
    with pytest.raises(NotStored, match="no stream takes it: has 'luodi provision' run"):
        await Publisher(client)([Outgoing(_SUBJECT, b"{}")])


async def test_what_a_server_that_is_gone_never_took_keeps_nobody_from_connecting_again(
    provisioned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_PING_SECONDS", 0.2)

    async def fill_every_buffer() -> None:
        with contextlib.suppress(NatsError):
            for _ in range(60):
                await broker.connection.publish("x", bytes(1_000_000))

    async def connected() -> bool:
        return await bus.connected(broker) is None

    async def connected_again() -> bool:
        return broker.connection.stats["reconnects"] == 1

    async with silenced(provisioned) as way, bus.running(bus.make_broker(way.url, "test")) as broker:
        await until(connected)
        way.fall_silent()
        filling = asyncio.create_task(fill_every_buffer())
        await until(connected_again)
        await filling
