"""Processes that read a divided consumer share its partitions, and take over those of one that has gone."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.ledger.domain.buckets import bucket
from shared import bus, partitions, streams
from shared.intake import Intake
from shared.jetstream import ask
from shared.partitions import behind_sequence
from shared.publishing import Outgoing, publish_all
from shared.subjects import LEDGER_OF_EVENTS, partitions_stream, parts
from tests.waiting import until

_PROJECTS = 40


class Reader:
    """Remembers the projects of which it was handed events, each time."""

    def __init__(self) -> None:
        self.projects: list[str] = []

    async def __call__(self, messages: Sequence[Msg]) -> None:
        self.projects += [message.subject.split(".")[3] for message in messages]

    @contextlib.asynccontextmanager
    async def at_work(self, nats_url: str) -> AsyncIterator[None]:
        intake = Intake(LEDGER_OF_EVENTS, self)
        async with bus.running(bus.make_broker(nats_url, "test"), intake):

            async def takes_in() -> bool:
                return await intake.check() is None

            await until(takes_in)
            yield


async def _publish(client: Client) -> None:
    await publish_all(client, [Outgoing(f"events.500101.a.P-{one}.started", b"{}") for one in range(_PROJECTS)])


async def _all_handed_out(*readers: Reader, times: int) -> None:
    async def handed_out() -> bool:
        return sum(len(reader.projects) for reader in readers) >= times * _PROJECTS

    await until(handed_out)


async def test_two_processes_share_the_projects_and_one_takes_over_from_the_other(
    provisioned: str, client: Client
) -> None:
    await streams.provision(provisioned, partitions=4)
    one, other = Reader(), Reader()
    async with one.at_work(provisioned):
        async with other.at_work(provisioned):

            async def shared() -> bool:
                one.projects.clear()
                other.projects.clear()
                await _publish(client)
                await _all_handed_out(one, other, times=1)
                return bool(one.projects and other.projects) and not set(one.projects) & set(other.projects)

            await until(shared)
        one.projects.clear()
        await _publish(client)
        await _all_handed_out(one, times=1)

    assert set(one.projects) == {f"P-{number}" for number in range(_PROJECTS)}


async def test_more_processes_than_partitions_do_no_harm(provisioned: str, client: Client) -> None:
    await streams.provision(provisioned, partitions=2)
    readers = [Reader() for _ in range(3)]
    async with contextlib.AsyncExitStack() as stack:
        for reader in readers:
            await stack.enter_async_context(reader.at_work(provisioned))
        await _publish(client)
        await _all_handed_out(*readers, times=1)

    everything = [project for reader in readers for project in reader.projects]
    assert set(everything) == {f"P-{number}" for number in range(_PROJECTS)}


async def test_what_consumers_have_passed_over_in_the_queue_is_handed_out_all_the_same(
    provisioned: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOOK_SECONDS", 0.2)
    await streams.provision(provisioned, partitions=2)
    await _publish(client)
    # As after a server that was killed: it copies anew what it lost, and its consumers had been further.
    for part in parts(LEDGER_OF_EVENTS, 2)[1:]:
        await ask(client, f"CONSUMER.RESET.{part.stream}.{part.name}", {"seq": _PROJECTS + 1})

    reader = Reader()
    async with reader.at_work(provisioned):
        await _all_handed_out(reader, times=1)

        async def nothing_left() -> bool:
            return await behind_sequence(client.jetstream(), LEDGER_OF_EVENTS, _PROJECTS) == 0

        await until(nothing_left)


async def test_readiness_says_that_nothing_is_copied_into_the_partitions(provisioned: str, client: Client) -> None:
    await streams.provision(provisioned, partitions=2)
    queue = partitions_stream(2)
    config = (await ask(client, f"STREAM.INFO.{queue}"))["config"]
    await ask(client, f"STREAM.DELETE.{queue}")
    await ask(client, f"STREAM.CREATE.{queue}", {**config, "mirror": {"name": "NOWHERE"}})
    intake = Intake(LEDGER_OF_EVENTS, Reader())
    async with bus.running(bus.make_broker(provisioned, "test"), intake):

        async def told() -> bool:
            return f"NATS is not copying EVENTS into {queue}" in str(await intake.check())

        await until(told)


async def test_what_names_no_project_is_not_passed_over_when_there_are_no_partitions_any_more(
    provisioned: str, client: Client
) -> None:
    await streams.provision(provisioned, partitions=2)
    await publish_all(client, [Outgoing("events.500101.a.nameless", b"{}")])
    await _publish(client)
    for part in parts(LEDGER_OF_EVENTS, 2)[1:]:
        pull = await client.jetstream().pull_subscribe_bind(part.name, part.stream)
        for message in await pull.fetch(_PROJECTS, timeout=1):
            await message.ack_sync()
    await streams.provision(provisioned, partitions=1)

    reader = Reader()
    async with reader.at_work(provisioned):

        async def handed_out() -> bool:
            return "nameless" in reader.projects

        await until(handed_out)


async def test_the_queue_is_copied_as_fast_as_its_source_is_written(provisioned: str, client: Client) -> None:
    # Measured with a wait for the disk at each copied message: a quarter of the speed of the ledger that reads them.
    await streams.provision(provisioned, partitions=2)
    await streams.provision(provisioned)

    config = (await ask(client, f"STREAM.INFO.{partitions_stream(2)}"))["config"]
    assert config["persist_mode"] == "async"


@pytest.mark.parametrize("count", [2, 5, 8])
async def test_two_partitions_have_no_lock_in_common(provisioned: str, client: Client, count: int) -> None:
    stream = client.jetstream()
    await streams.provision(provisioned, partitions=count)
    await _publish(client)

    async def copied() -> bool:
        return (await stream.stream_info(partitions_stream(count))).state.messages == _PROJECTS

    await until(copied)
    for sequence in range(1, _PROJECTS + 1):
        subject = (await stream.get_msg(partitions_stream(count), sequence)).subject
        partition, _, district, _, project, _ = str(subject).split(".")
        assert bucket(district, project) % count == int(partition)
