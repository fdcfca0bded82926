"""The demo: a simulated district year, published once into an empty ledger and waited for until it is taken in."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from nats.js import JetStreamContext

from deploy.demo.plan import DEMO
from deploy.demo.year import Publication, district_year
from deploy.local.process import Command, run
from deploy.local.screen import Screen
from shared import clock, streams
from shared.partitions import behind
from shared.subjects import CONSUMERS, EVENTS, Consumer

DISTRICT, YEAR, SEED = "500101", 2026, 2026
# The code is a real district's, the figures are not: no real name over invented officials.
DISTRICT_NAMES = {DISTRICT: "示范区"}
THROUGH = DEMO.settled_on(YEAR)
_SIMULATE_SECONDS = 600.0
_DIGEST_SECONDS = 300.0
_LOOK_SECONDS = 0.1


def simulate() -> list[str]:
    """The module, with its arguments, that publishes the year."""
    # Through today, as if the district had been on Luodi all year; never less than what the figures are promised for.
    until = max(THROUGH, clock.business_day(clock.system()))
    year = ["--year", str(YEAR), "--seed", str(SEED), "--until", until.isoformat()]
    # The stack waits for the ledger itself, and says what it waits for.
    return ["services.cli", "simulate", "--publish", "--timeout", "0", "--district", DISTRICT, *year]


async def play(nats_url: str, command: Command, screen: Screen) -> None:
    """Publish the year where it is not there yet, and wait until the services have taken in all that is there."""
    connection = await streams.connect(nats_url, "luodi-up")
    try:
        stream = connection.jetstream()
        if await wants_the_year(stream, district_year(DISTRICT, SEED, YEAR, THROUGH)):
            # Into our terminal instead of its log: its progress is worth seeing.
            await run(replace(command, log=None), _SIMULATE_SECONDS)
        with screen.step("events taken in"):
            await _until_digested(stream, screen)
    finally:
        await connection.close()


async def wants_the_year(stream: JetStreamContext, year: Sequence[Publication]) -> bool:
    """Whether the stream is empty, or holds a year that was interrupted while it was published.

    A stream that begins otherwise is somebody's own ledger, and stays theirs.
    """
    held = (await stream.stream_info(EVENTS.name)).state
    if held.messages == 0:
        return True
    first = await stream.get_msg(EVENTS.name, held.first_seq)
    return held.messages < len(year) and first.data == year[0].payload


def pages(addresses: Mapping[str, str]) -> Mapping[str, str]:
    """What to open first: title → URL."""
    query = urlencode({"year": YEAR, "through": THROUGH.isoformat()})
    return {
        "Wall chart 挂图作战": f"{addresses['reporting']}/districts/{DISTRICT}?{query}",
        "Progress as JSON": f"{addresses['reporting']}/v1/districts/{DISTRICT}/progress?{query}",
    }


async def _until_digested(stream: JetStreamContext, screen: Screen) -> None:
    # In this order: the ledger publishes before it acknowledges, so once it is through, all it has to say is in LEDGER.
    try:
        async with asyncio.timeout(_DIGEST_SECONDS):
            for consumer in sorted(CONSUMERS, key=lambda consumer: consumer.stream != EVENTS.name):
                await _until_through(stream, consumer)
    except TimeoutError:
        screen.notice(f"{consumer.name} has not taken in every event yet: its log says why")


async def _until_through(stream: JetStreamContext, consumer: Consumer) -> None:
    while await behind(stream, consumer):  # noqa: ASYNC110 - a consumer tells nobody that it has caught up
        await asyncio.sleep(_LOOK_SECONDS)
