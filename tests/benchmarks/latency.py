"""How long an event takes from being published to being stored, to being a row, and to being in a record."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import orjson
from nats.js.api import PubAck

from shared.subjects import parse_event_subject
from tests.benchmarks.contestant import Contestant, make_way, release, started
from tests.benchmarks.house import House, Message
from tests.benchmarks.lap import Track
from tests.benchmarks.sightings import Sightings, watching_records, watching_rows
from tests.benchmarks.workload import Work

_STRAGGLERS_SECONDS = 20.0
_PER_PROJECT = 10


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds since publishing; None when so many were not seen in time."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Delay:
    """What became of `events` published at `rate` a second: stored in the stream, seen as a row, seen as a record.

    `unseen` is how many were not seen within twenty seconds of the last one. `load` is the machine's load average.
    """

    events: int
    rate: float
    stored: Percentiles
    row: Percentiles
    record: Percentiles | None
    unseen: int
    load: float


async def delay(house: House, contestant: Contestant, rate: int, track: Track) -> Delay:
    """Publish one by one at an even pace, and watch; the first second warms up and is not counted."""
    count = int(rate * (track.seconds + 1)) // _PER_PROJECT * _PER_PROJECT
    messages = list(Work(count, count // _PER_PROJECT).messages())
    seen = Sightings()
    await make_way(house, contestant)
    async with (
        started(house, contestant),
        watching_records(house, seen),
        watching_rows(house, contestant.archive, seen),
    ):
        await release(house, contestant)
        begun = time.perf_counter()
        published, stored = await _publish(house, messages, rate, seen, track)
        took = time.perf_counter() - begun
        if not contestant.publishes:
            seen.records_awaited.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STRAGGLERS_SECONDS):
                while seen.rows_awaited or seen.records_awaited:  # noqa: ASYNC110 - two watchers empty them, who have no event in common
                    await asyncio.sleep(0.05)
        unseen = len(seen.rows_awaited) + len(seen.records_awaited)
    counted = range(rate, count)
    percentiles = partial(_percentiles, published, counted)
    record = percentiles(seen.record) if contestant.publishes else None
    return Delay(
        len(counted), count / took, percentiles(stored), percentiles(seen.row), record, unseen, os.getloadavg()[0]
    )


async def _publish(
    house: House, messages: Sequence[Message], rate: int, seen: Sightings, track: Track
) -> tuple[dict[int, float], dict[int, float]]:
    """Publish at an even pace; returns when each was published and when each was stored."""
    revisions: Counter[str] = Counter()
    published: dict[int, float] = {}
    stored: dict[int, float] = {}
    acknowledgements: list[asyncio.Future[PubAck]] = []
    begun = time.perf_counter()
    for number, (subject, payload) in enumerate(messages):
        document, address = orjson.loads(payload), parse_event_subject(subject)
        assert address is not None
        revisions[address.subject] += 1
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        seen.rows_awaited[document["source"], document["id"]] = number
        seen.records_awaited[address.subject, revisions[address.subject]] = number
        published[number] = time.perf_counter()
        acknowledgement = await house.stream.publish_async(subject, payload)
        acknowledgement.add_done_callback(partial(_note, stored, number))
        acknowledgements.append(acknowledgement)
        track.tell(number + 1)
    await asyncio.gather(*acknowledgements)
    return published, stored


def _note(stored: dict[int, float], number: int, _: "asyncio.Future[PubAck]") -> None:
    stored[number] = time.perf_counter()


def _percentiles(begun: Mapping[int, float], counted: Iterable[int], ended: Mapping[int, float]) -> Percentiles:
    # What was not seen comes last: to leave it out would reward losing the slowest.
    taken = sorted(ended.get(number, float("inf")) - begun[number] for number in counted)

    def at(part: float) -> float | None:
        value = taken[min(len(taken) - 1, int(part * len(taken)))] * 1000
        return None if value == float("inf") else value

    return Percentiles(at(0.5), at(0.99))
