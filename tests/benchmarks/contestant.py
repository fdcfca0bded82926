"""A program that takes in the EVENTS stream, and its processes during one measurement."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo

from deploy.local.process import Command, Process
from shared import partitions, streams
from shared.subjects import EVENTS, LEDGER_OF_EVENTS, Consumer, parts
from tests.benchmarks.house import House

_READY_SECONDS = 60.0
_PAUSE = timedelta(hours=1)
_RETRY_SECONDS = 0.02
_SHARING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Contestant:
    """`python -m <module>`, in so many processes, on one durable consumer of the EVENTS stream.

    `consumer` is None when Luodi's own provisioning makes it, in so many `partitions`. `archive` is the table that
    holds every event afterwards, with columns district, source and id. `publishes` is whether its records go to the
    LEDGER stream.
    """

    module: Sequence[str]
    durable: str
    archive: str
    consumer: ConsumerConfig | None = None
    processes: int = 1
    partitions: int = 1
    publishes: bool = False

    @property
    def consumers(self) -> Sequence[Consumer]:
        """The consumers that it reads."""
        if self.consumer is not None:
            return (Consumer(EVENTS.name, self.durable),)
        return parts(LEDGER_OF_EVENTS, self.partitions)


def ledger(processes: int = 1, partitions: int = 1) -> Contestant:
    """The real service, started as an administrator starts it."""
    return Contestant(
        ("services.ledger", "run"),
        LEDGER_OF_EVENTS.name,
        "ledger.event",
        processes=processes,
        partitions=partitions,
        publishes=True,
    )


RAW = Contestant(
    ("tests.benchmarks.peers.raw",),
    "raw",
    "peer.event",
    ConsumerConfig(durable_name="raw", ack_policy=AckPolicy.EXPLICIT, max_ack_pending=5_000),
)
PER_MESSAGE = Contestant(
    ("tests.benchmarks.peers.per_message",),
    "per-message",
    "peer.event",
    ConsumerConfig(durable_name="per-message", ack_policy=AckPolicy.EXPLICIT, deliver_subject="deliver.per-message"),
)


async def make_way(house: House, contestant: Contestant) -> None:
    """Make what the contestant reads from, before there are events."""
    if contestant.consumer is not None:
        await house.stream.add_consumer(EVENTS.name, contestant.consumer)
    else:
        await streams.provision(house.nats_url, partitions=contestant.partitions)


@contextlib.asynccontextmanager
async def started(house: House, contestant: Contestant) -> AsyncIterator[list[psutil.Process]]:
    """The contestant's processes, which ask for messages and get none until `release`."""
    until = (datetime.now(UTC) + _PAUSE).strftime("%Y-%m-%dT%H:%M:%SZ")
    for consumer in contestant.consumers:
        await house.stream.pause_consumer(consumer.stream, consumer.name, until)
    async with contextlib.AsyncExitStack() as stack:
        children = []
        for number in range(contestant.processes):
            child = await Process.start(_command(house, contestant, number))
            stack.push_async_callback(child.stop)
            children.append(child)
        async with asyncio.timeout(_READY_SECONDS):
            while not await _asks(house, contestant):
                for child in children:
                    child.check_running()
                await asyncio.sleep(_RETRY_SECONDS)
        if contestant.partitions > 1:
            # Those that came first give up partitions for those that came last, which no consumer shows.
            await asyncio.sleep(_SHARING_SECONDS)
        yield [psutil.Process(child.pid) for child in children]


async def release(house: House, contestant: Contestant) -> None:
    """Let the server hand out messages."""
    for consumer in contestant.consumers:
        await house.stream.resume_consumer(consumer.stream, consumer.name)


async def acknowledged(house: House, contestant: Contestant, sequence: int) -> int:
    """The sequence up to which, towards this one, the contestant has acknowledged every event."""
    if contestant.partitions > 1:
        return sequence - await partitions.behind_sequence(house.stream, LEDGER_OF_EVENTS, sequence)
    info: ConsumerInfo = await house.stream.consumer_info(EVENTS.name, contestant.durable)
    return info.ack_floor.stream_seq if info.ack_floor else 0


async def _asks(house: House, contestant: Contestant) -> bool:
    """Whether every process asks for messages of what is not divided, and somebody for those of each partition."""
    for consumer in contestant.consumers:
        info = await house.stream.consumer_info(consumer.stream, consumer.name)
        wanted = contestant.processes if consumer.part is None else 1
        if not info.push_bound and (info.num_waiting or 0) < wanted:
            return False
    return True


def _command(house: House, contestant: Contestant, number: int) -> Command:
    name = f"{contestant.durable}-{number}"
    environment = {
        **os.environ,
        "LUODI_NATS_URL": house.nats_url,
        "LUODI_DATABASE_URL": house.database_url,
        "LUODI_HOST": "127.0.0.1",
        "LUODI_PORT": "0",
    }
    return Command(name, [sys.executable, "-m", *contestant.module], house.folder / f"{name}.log", environment)
