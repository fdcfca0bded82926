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
from shared.subjects import EVENTS, LEDGER_OF_EVENTS
from tests.benchmarks.house import House

_READY_SECONDS = 60.0
_PAUSE = timedelta(hours=1)
_RETRY_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Contestant:
    """`python -m <module>`, in so many processes, on one durable consumer of the EVENTS stream.

    `consumer` is None when Luodi's own provisioning makes it. `archive` is the table that holds every event afterwards,
    with columns district, source and id. `publishes` is whether its records go to the LEDGER stream.
    """

    module: Sequence[str]
    durable: str
    archive: str
    consumer: ConsumerConfig | None = None
    processes: int = 1
    publishes: bool = False


def ledger(processes: int = 1) -> Contestant:
    """The real service, started as an administrator starts it."""
    return Contestant(
        ("services.ledger", "run"), LEDGER_OF_EVENTS.name, "ledger.event", processes=processes, publishes=True
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


@contextlib.asynccontextmanager
async def started(house: House, contestant: Contestant) -> AsyncIterator[list[psutil.Process]]:
    """The contestant's processes, each of which asks for messages and gets none until `release`."""
    if contestant.consumer is not None:
        await house.stream.add_consumer(EVENTS.name, contestant.consumer)
    until = (datetime.now(UTC) + _PAUSE).strftime("%Y-%m-%dT%H:%M:%SZ")
    await house.stream.pause_consumer(EVENTS.name, contestant.durable, until)
    async with contextlib.AsyncExitStack() as stack:
        children = []
        for number in range(contestant.processes):
            child = await Process.start(_command(house, contestant, number))
            stack.push_async_callback(child.stop)
            children.append(child)
        async with asyncio.timeout(_READY_SECONDS):
            while not _asks(await look(house, contestant), contestant.processes):
                for child in children:
                    child.check_running()
                await asyncio.sleep(_RETRY_SECONDS)
        yield [psutil.Process(child.pid) for child in children]


async def release(house: House, contestant: Contestant) -> None:
    """Let the server hand out messages."""
    await house.stream.resume_consumer(EVENTS.name, contestant.durable)


async def look(house: House, contestant: Contestant) -> ConsumerInfo:
    """How far the contestant's consumer is."""
    info: ConsumerInfo = await house.stream.consumer_info(EVENTS.name, contestant.durable)
    return info


def _asks(info: ConsumerInfo, processes: int) -> bool:
    return bool(info.push_bound) or (info.num_waiting or 0) >= processes


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
