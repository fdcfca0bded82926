"""The ledger's work divided by project, so that several processes do not wait for each other's projects.

The stream EVENTS stays as departments write it. Beside it stands a work queue that mirrors it: the same sequence
numbers and instants, and before each subject the number of a partition. How many there are is written in EVENTS'
metadata.
"""

import asyncio
import contextlib
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.jetstream import Config, ask, changed, put_consumer, put_stream, restored, withheld
from shared.rollcall import RollCall
from shared.subjects import (
    EVENTS,
    LEDGER_OF_EVENTS,
    OF_A_PROJECT,
    PARTITIONS,
    Consumer,
    partition_subject,
    partitions_stream,
    parts,
)
from shared.tasks import end

_KEY: Final = "luodi.partitions"
MOST: Final = 64
LOOK_SECONDS = 5.0
"""How often a process looks whether something is kept from it: by a changed consumer, or in the partitions' queue."""
# The server hears of a stream that it copies every second.
_SILENT_NANOSECONDS: Final = 5_000_000_000


class Readers:
    """The consumers behind a consumer of the table: itself, or one a partition.

    Several processes share the partitions: each is read by one of them, and by another soon after that one has ended.
    """

    def __init__(self, connection: Client) -> None:
        self._connection = connection
        self._roll_call: RollCall | None = None
        self._found: tuple[Consumer, ...] = ()

    async def find(self, consumer: Consumer) -> tuple[Consumer, ...]:
        """What to read in order to get all that `consumer` should get; made again where somebody deleted or changed it.

        Raises a NATS error when a stream is missing, or when this connection may not ask for it.
        """
        whole, *divided = parts(consumer, await self._count(consumer))
        if not divided:
            self._roll_call = None
            self._found = (await restored(self._connection, whole),)
            return self._found
        self._roll_call = self._roll_call or RollCall(self._connection, consumer)
        await self._roll_call.join()
        # What is in no partition is little, and not worth sharing: so everybody always has something to read.
        share = self._roll_call.share(divided)
        self._found = tuple([await restored(self._connection, part) for part in (whole, *share)])
        return self._found

    async def stay(self) -> None:
        """Returns when what `find` returned is no longer what this process should read; mends the queue meanwhile."""
        moved = asyncio.create_task(self._roll_call.stay() if self._roll_call else _for_ever())
        left: int | None = None
        try:
            while not (await asyncio.wait({moved}, timeout=LOOK_SECONDS))[0]:
                with contextlib.suppress(NatsError, TimeoutError):
                    if any([await changed(self._connection, one) for one in self._found]):
                        return
                    if self._roll_call:
                        left = await _mend(self._connection, await self._count(LEDGER_OF_EVENTS), left)
            moved.result()
        finally:
            await end([moved])

    async def withheld(self, consumer: Consumer) -> str | None:
        """None when nothing is kept from the readers of `consumer`, otherwise a sentence; raises as `find` does."""
        count = await self._count(consumer)
        for part in parts(consumer, count):
            if sentence := await withheld(self._connection, part):
                return sentence
        return await self._not_copied(partitions_stream(count)) if count > 1 else None

    async def _not_copied(self, queue: str) -> str | None:
        # After EVENTS has lost its leader, the server takes up to half a minute to notice that its copying has stopped.
        active = (await ask(self._connection, f"STREAM.INFO.{queue}"))["mirror"]["active"]
        if 0 <= active <= _SILENT_NANOSECONDS:
            return None
        return (
            f"NATS is not copying {EVENTS.name} into {queue}; once {EVENTS.name} has a leader, it will within a minute"
        )

    async def _count(self, consumer: Consumer) -> int:
        if consumer != LEDGER_OF_EVENTS:
            return 1
        return _count((await ask(self._connection, f"STREAM.INFO.{EVENTS.name}"))["config"])


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def divide(connection: Client, count: int | None, *, replay: bool = False) -> list[str]:
    """Divide the ledger's work into so many partitions, or see to it that the present ones are whole.

    What the ledger has not acknowledged is handed out again under the new number, perhaps together with some that it
    has; so nothing is lost, also when this is interrupted: then it is to be repeated. With `replay`, everything is
    handed out again. Running ledgers follow by themselves. Returns a line for what it touched.
    """
    now = _count((await ask(connection, f"STREAM.INFO.{EVENTS.name}"))["config"])
    count = now if count is None else count
    start = 1 if replay else await _first_unacknowledged(connection, now)
    if replay:
        with contextlib.suppress(NotFoundError):
            await ask(connection, f"STREAM.DELETE.{partitions_stream(count)}")
    if count > 1:
        await _put_partitions(connection, count, start)
    else:
        await put_consumer(connection, LEDGER_OF_EVENTS, anew=replay)
    if count != now:
        if count == 1:
            await ask(connection, _of_ledger("RESET"), {"seq": start})
        await _write_count(connection, count)
        if now == 1:
            # Its readers are told so; they come back, look, and find the partitions.
            with contextlib.suppress(NotFoundError):
                await ask(connection, _of_ledger("DELETE"))
    for consumer in parts(LEDGER_OF_EVENTS, count):
        await put_consumer(connection, consumer, anew=replay and count > 1)
    await _sweep(connection, count)
    return [f"{count} partitions of {EVENTS.name} for its consumer {LEDGER_OF_EVENTS.name}"] if count > 1 else []


async def behind(stream: JetStreamContext, consumer: Consumer) -> int | None:
    """How many messages a consumer has not acknowledged yet; None when there is no such stream or consumer here."""
    try:
        count = await _count_seen(stream, consumer)
        info = await stream.consumer_info(consumer.stream, consumer.name, timeout=2.0)
        left: int = (info.num_pending or 0) + (info.num_ack_pending or 0)
        if count > 1:
            state = (await stream.stream_info(partitions_stream(count))).state
            left += state.messages + max(0, await _last_of_a_project(stream) - state.last_seq)
    except NotFoundError:
        return None
    return left


async def behind_sequence(stream: JetStreamContext, consumer: Consumer, sequence: int) -> int:
    """How far a consumer's unbroken row of acknowledgements is behind an event of the stream; 0 when it is past it."""
    return max(0, sequence - await acknowledged(stream, consumer))


async def acknowledged(stream: JetStreamContext, consumer: Consumer) -> int:
    """The sequence up to which a consumer has acknowledged all; where there are partitions, all that is of a project.

    0 when it has acknowledged nothing.
    """
    if (count := await _count_seen(stream, consumer)) > 1:
        info = await stream.stream_info(partitions_stream(count))
        start = (info.config.mirror.opt_start_seq if info.config.mirror else None) or 1
        return max(start - 1, min(info.state.first_seq - 1, info.state.last_seq))
    info_of_consumer = await stream.consumer_info(consumer.stream, consumer.name, timeout=2.0)
    return info_of_consumer.ack_floor.stream_seq if info_of_consumer.ack_floor else 0


async def _count_seen(stream: JetStreamContext, consumer: Consumer) -> int:
    if consumer != LEDGER_OF_EVENTS:
        return 1
    return _count({"metadata": (await stream.stream_info(EVENTS.name)).config.metadata})


async def _last_of_a_project(stream: JetStreamContext) -> int:
    try:
        return (await stream.get_last_msg(EVENTS.name, OF_A_PROJECT)).seq or 0
    except NotFoundError:
        return 0


async def _put_partitions(connection: Client, count: int, start: int) -> None:
    """The work queue, from a sequence on. One that an interrupted change left holds all that was not acknowledged."""
    name, events = partitions_stream(count), (await ask(connection, f"STREAM.INFO.{EVENTS.name}"))["config"]
    copied = {"src": OF_A_PROJECT, "dest": partition_subject(count)}
    wanted: Config = {
        "name": name,
        "description": f"{EVENTS.purpose}, in {count} partitions, until the ledger has it",
        "storage": "file",
        "retention": "workqueue",
        "allow_direct": True,
    }
    # What a crash takes from the queue is copied again: to wait for the disk at each message, as EVENTS does, would
    # only make it slower than its readers. The server does so for a stream on one server, and for ever.
    unsynced = {"persist_mode": "async"} if events["num_replicas"] == 1 else {}
    try:
        existing = (await ask(connection, f"STREAM.INFO.{name}"))["config"]
        if existing.get("persist_mode") == "async" and not unsynced:
            await ask(connection, f"STREAM.DELETE.{name}")
            raise NotFoundError
    except NotFoundError:
        wanted |= unsynced
        wanted["mirror"] = {"name": EVENTS.name, "opt_start_seq": start, "subject_transforms": [copied]}
    await put_stream(connection, wanted, events["num_replicas"])


async def _mend(connection: Client, count: int, left: int | None) -> int | None:
    """Have the queue's consumers deliver what they passed over; returns from where they seem to have, to ask again.

    A server that is killed may lose the end of the queue. It copies that again, and the queue keeps it until it is
    acknowledged; but consumers that had been past it never go back by themselves. As a consumer counts what it has to
    deliver a moment late, only what is found a second time, as `left`, is delivered again.
    """
    if count == 1:
        return None
    _, *divided = parts(LEDGER_OF_EVENTS, count)
    infos = [await ask(connection, f"CONSUMER.INFO.{one.stream}.{one.name}") for one in divided]
    state = (await ask(connection, f"STREAM.INFO.{partitions_stream(count)}"))["state"]
    if state["messages"] <= sum(info["num_pending"] + info["num_ack_pending"] for info in infos):
        return None
    if state["first_seq"] == left:
        for one in divided:
            await ask(connection, f"CONSUMER.RESET.{one.stream}.{one.name}", {"seq": left})
    first: int = state["first_seq"]
    return first


async def _first_unacknowledged(connection: Client, count: int) -> int:
    """The sequence below which the ledger has acknowledged everything; 1 when that cannot be known."""
    with contextlib.suppress(NotFoundError):
        if count > 1:
            # Acknowledged is gone from here; when all is gone, the first is the one that comes next.
            queue = await ask(connection, f"STREAM.INFO.{partitions_stream(count)}")
            first = max(1, int(queue["config"]["mirror"]["opt_start_seq"]), int(queue["state"]["first_seq"]))
            rest = await ask(connection, _of_ledger("INFO"))
            all_acknowledged = not rest["num_pending"] and not rest["num_ack_pending"]
            return first if all_acknowledged else min(first, int(rest["ack_floor"]["stream_seq"]) + 1)
        return int((await ask(connection, _of_ledger("INFO")))["ack_floor"]["stream_seq"]) + 1
    return 1


async def _write_count(connection: Client, count: int) -> None:
    config = (await ask(connection, f"STREAM.INFO.{EVENTS.name}"))["config"]
    config["metadata"] = {**(config.get("metadata") or {}), _KEY: str(count)}
    await ask(connection, f"STREAM.UPDATE.{EVENTS.name}", config)


async def _sweep(connection: Client, count: int) -> None:
    """Remove the queues of other numbers; whoever still reads one is told, and comes here."""
    for name in (await ask(connection, "STREAM.NAMES"))["streams"] or ():
        if name.startswith(PARTITIONS) and name != partitions_stream(count):
            await ask(connection, f"STREAM.DELETE.{name}")


def _of_ledger(what: str) -> str:
    return f"CONSUMER.{what}.{LEDGER_OF_EVENTS.stream}.{LEDGER_OF_EVENTS.name}"


def _count(config: Config) -> int:
    return int((config.get("metadata") or {}).get(_KEY, 1))
