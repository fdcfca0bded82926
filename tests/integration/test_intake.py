"""Batches arrive in order, whole and once in hand, whatever happens to the server, the consumer or the handler."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.local.nats import Nats
from shared import bus, pull, streams
from shared import intake as intakes
from shared.delivery import recorded_at, stream_sequence
from shared.intake import Handle, Intake
from shared.jetstream import put_consumer
from shared.publishing import Outgoing, publish_all
from shared.subjects import LEDGER_OF_EVENTS
from tests.waiting import PATIENCE, until


class Seen:
    """A handler that remembers the sequences it was given, and lets a test wait for one."""

    def __init__(self, failures: int = 0) -> None:
        self.sequences: list[int] = []
        self.sizes: list[int] = []
        self.delivered_again = 0
        self._failures = failures
        self._more = asyncio.Condition()

    async def __call__(self, messages: Sequence[Msg]) -> None:
        if self._failures:
            self._failures -= 1
            raise OSError("the database is away")
        self.sizes.append(len(messages))
        self.delivered_again += sum(message.metadata.num_delivered > 1 for message in messages)
        self.sequences += [stream_sequence(message) for message in messages]
        async with self._more:
            self._more.notify_all()

    async def everything_to(self, last: int) -> None:
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: set(range(1, last + 1)) <= set(self.sequences))


@contextlib.asynccontextmanager
async def taking_in(nats_url: str, handle: Handle, size: int = 500) -> AsyncIterator[Intake]:
    intake = Intake(LEDGER_OF_EVENTS, handle, size=size)
    async with bus.running(bus.make_broker(nats_url, "test"), intake):
        yield intake


async def publish(client: Client, count: int) -> None:
    await publish_all(client, [Outgoing("events.500101.a.P-1.started", b"{}") for _ in range(count)])


async def test_everything_arrives_in_order_and_no_batch_is_larger_than_asked(provisioned: str, client: Client) -> None:
    seen = Seen()
    await publish(client, 2_000)
    async with taking_in(provisioned, seen, size=300):
        await seen.everything_to(2_000)
    assert seen.sequences == list(range(1, 2_001))
    assert max(seen.sizes) <= 300


async def test_messages_too_large_to_be_held_together_come_in_smaller_batches(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intakes, "MOST_BYTES", 600_000)
    monkeypatch.setattr(pull, "_MOST_BYTES", 600_000)
    seen, go_on = Seen(), asyncio.Event()

    async def held_up(messages: Sequence[Msg]) -> None:
        await go_on.wait()
        await seen(messages)

    async def has_many() -> bool:
        return len(intake._in_hand()) >= 8

    for _ in range(6):
        await publish_all(client, [Outgoing("events.500101.a.P-1.started", bytes(250_000)) for _ in range(6)])
    async with taking_in(provisioned, held_up) as intake:
        await until(has_many)
        go_on.set()
        await seen.everything_to(36)
    assert seen.sequences == list(range(1, 37))
    assert max(seen.sizes) == 3


async def test_a_single_message_does_not_wait_for_others(provisioned: str, client: Client) -> None:
    seen = Seen()
    async with taking_in(provisioned, seen):
        await publish(client, 1)
        await seen.everything_to(1)
        await publish(client, 1)
        await seen.everything_to(2)
    assert seen.sizes == [1, 1]


async def test_messages_that_trickle_in_are_delivered_once_each(provisioned: str, client: Client) -> None:
    seen = Seen()
    async with taking_in(provisioned, seen):
        for number in range(1, 301):
            await publish(client, 1)
            await seen.everything_to(number)
    assert seen.delivered_again == 0


async def test_a_batch_that_fails_is_tried_again_in_place(provisioned: str, client: Client) -> None:
    seen = Seen(failures=2)
    await publish(client, 10)
    async with taking_in(provisioned, seen) as intake:
        await seen.everything_to(10)
        assert await intake.check() is None
    assert seen.sequences == list(range(1, 11))
    assert seen.delivered_again == 0


async def test_what_cannot_be_handled_goes_back_alone_while_other_lanes_go_on(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intakes, "_GIVE_BACK_SECONDS", 0.2)
    seen, go_on, deliveries = Seen(), asyncio.Event(), list[int]()

    async def handle(messages: Sequence[Msg]) -> None:
        if "P-0" in messages[0].subject:
            deliveries.append(messages[0].metadata.num_delivered)
            raise OSError("this one cannot be recorded")
        await go_on.wait()
        await seen(messages)

    async def given_back() -> bool:
        return max(deliveries, default=0) > 2

    for subject in ("events.500101.a.P-1.started", "events.500101.a.P-0.started"):
        await publish_all(client, [Outgoing(subject, b"{}")])
    intake = Intake(LEDGER_OF_EVENTS, handle, lanes=2, key=lambda subject: int("P-0" in subject))
    async with bus.running(bus.make_broker(provisioned, "test"), intake):
        await until(given_back)
        assert "this one cannot be recorded" in str(await intake.check())
        go_on.set()
        await seen.everything_to(1)
    assert seen.sequences == [1]
    assert seen.delivered_again == 0


async def test_what_one_process_could_not_handle_is_no_trouble_of_its_once_another_has_done_so(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intakes, "_GIVE_BACK_SECONDS", 0.1)
    monkeypatch.setattr(intakes, "_TAKEN_SECONDS", 0.1)

    async def fails(messages: Sequence[Msg]) -> None:
        raise OSError("this process is cut off")

    async def told() -> bool:
        return "this process is cut off" in (await unable.check() or "")

    async def fine() -> bool:
        return await unable.check() is None

    seen = Seen()
    await publish(client, 1)
    async with taking_in(provisioned, fails) as unable:
        await until(told)
        async with taking_in(provisioned, seen):
            await seen.everything_to(1)
            await until(fine)


async def test_readiness_tells_that_a_batch_cannot_be_handled(provisioned: str, client: Client) -> None:
    async def fails(messages: Sequence[Msg]) -> None:
        raise OSError("the database is away")

    await publish(client, 1)

    async def told() -> bool:
        return "the database is away" in (await intake.check() or "")

    async with taking_in(provisioned, fails) as intake:
        await until(told)


async def test_what_was_in_hand_at_a_stop_is_delivered_to_the_next_at_once(provisioned: str, client: Client) -> None:
    held = asyncio.Event()

    async def never_ends(messages: Sequence[Msg]) -> None:
        held.set()
        await asyncio.Event().wait()

    await publish(client, 5)
    async with taking_in(provisioned, never_ends):
        await asyncio.wait_for(held.wait(), PATIENCE)
    seen = Seen()
    async with taking_in(provisioned, seen), asyncio.timeout(LEDGER_OF_EVENTS.ack_wait / 2):
        await seen.everything_to(5)


async def test_to_know_what_comes_again_nobody_looks_through_all_that_is_in_hand(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, plain = 0, stream_sequence

    def counted(message: Msg) -> int:
        nonlocal looked
        looked += 1
        return plain(message)

    async def never_ends(messages: Sequence[Msg]) -> None:
        await asyncio.Event().wait()

    async def has_all() -> bool:
        return len(intake._in_hand()) >= 1_000

    await publish(client, 1_000)
    async with taking_in(provisioned, never_ends) as intake:
        await until(has_all)
    monkeypatch.setattr(intakes, "stream_sequence", counted)
    seen = Seen()
    async with taking_in(provisioned, seen):
        await seen.everything_to(1_000)
    assert seen.delivered_again == 1_000
    # When it comes, when it is asked for, and when it is done.
    assert looked <= 3 * 1_000


async def test_what_was_on_its_way_at_a_stop_is_delivered_to_the_next_at_once(provisioned: str, client: Client) -> None:
    seen = Seen()
    await publish(client, 4_000)
    async with asyncio.timeout(LEDGER_OF_EVENTS.ack_wait / 2):
        for first in range(1, 1_000, 100):
            async with taking_in(provisioned, seen, size=100):
                await seen.everything_to(first)
        async with taking_in(provisioned, seen):
            await seen.everything_to(4_000)


async def test_what_the_server_took_for_forgotten_is_handled_once_and_told_of_without_haste(
    provisioned: str, client: Client
) -> None:
    """Told of without end, the acknowledgements filled the memory, and nothing else had its turn."""
    seen, held, go_on = Seen(), asyncio.Event(), asyncio.Event()

    async def hold_up(messages: Sequence[Msg]) -> None:
        if not held.is_set():
            # The whole process, as a suspended machine does: it cannot say that it is at work.
            time.sleep(2 * soon.ack_wait)  # noqa: ASYNC251 - the point of this test
            held.set()
        await go_on.wait()
        await seen(messages)

    soon = replace(LEDGER_OF_EVENTS, ack_wait=0.5)
    await put_consumer(client, soon)
    told = await client.subscribe("$JS.ACK.EVENTS.ledger.>")
    await publish(client, 5)
    async with taking_in(provisioned, hold_up):
        await asyncio.wait_for(held.wait(), PATIENCE)
        await asyncio.sleep(2 * soon.ack_wait)
        assert told.pending_msgs < 100
        go_on.set()
        await seen.everything_to(5)
        await publish(client, 1)
        await seen.everything_to(6)
    assert seen.sequences == [1, 2, 3, 4, 5, 6]


async def test_a_deleted_consumer_is_made_again_and_nothing_is_missed(provisioned: str, client: Client) -> None:
    seen = Seen()
    async with taking_in(provisioned, seen) as intake:
        await publish(client, 3)
        await seen.everything_to(3)
        await client.jetstream().delete_consumer("EVENTS", "ledger")
        await publish(client, 3)
        await seen.everything_to(6)
        assert await intake.check() is None


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_server_that_went_away_and_came_back_goes_on_where_it_was(nats_server: Nats, how: str) -> None:
    await streams.provision(nats_server.url)
    seen = Seen()
    async with taking_in(nats_server.url, seen):
        await publish_from(nats_server.url, 3)
        await seen.everything_to(3)
        await (nats_server.stop() if how == "stopped" else nats_server.kill())
        await nats_server.start()
        await publish_from(nats_server.url, 3)
        await seen.everything_to(6)


async def test_streams_that_nobody_made_yet_are_waited_for(nats_url: str) -> None:
    async def told() -> bool:
        return "luodi provision" in (await intake.check() or "")

    seen = Seen()
    async with taking_in(nats_url, seen) as intake:
        await until(told)
        await streams.provision(nats_url)
        await publish_from(nats_url, 1)
        await seen.everything_to(1)


async def test_recorded_at_is_the_streams_own_instant_cut_to_microseconds(provisioned: str, client: Client) -> None:
    messages: list[Msg] = []

    async def keep(batch: Sequence[Msg]) -> None:
        messages.extend(batch)

    async def all_kept() -> bool:
        return len(messages) >= 50

    await publish(client, 50)
    async with taking_in(provisioned, keep):
        await until(all_kept)
    for message in messages:
        nanoseconds = int(message.reply.split(".")[7])
        instant = recorded_at(message)
        assert instant.tzinfo is UTC
        whole = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
        assert instant == whole.replace(microsecond=nanoseconds % 1_000_000_000 // 1_000)


async def publish_from(nats_url: str, count: int) -> None:
    connection = await nats.connect(nats_url)
    try:
        await publish(connection, count)
    finally:
        await connection.close()
