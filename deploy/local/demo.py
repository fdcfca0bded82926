"""The demo: a simulated district year, published once into an empty ledger and waited for until it is taken in."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import nats
from nats.js import JetStreamContext

from deploy.local.process import Command, run
from deploy.local.screen import Screen
from shared import bus
from shared.subjects import CONSUMERS, EVENTS, Consumer

DISTRICT, YEAR, THROUGH, SEED = "500101", 2026, "2026-08-31", 2026
SIMULATE = ["services.cli", "simulate", "--district", DISTRICT, "--seed", str(SEED), "--publish"]

_SIMULATE_SECONDS = 600.0
_DIGEST_SECONDS = 300.0
_LOOK_SECONDS = 0.1


async def play(nats_url: str, simulate: Command, screen: Screen) -> None:
    """Publish the year when no event is there yet, and wait until the services have taken in all that is there."""
    connection = await nats.connect(bus.servers(nats_url))
    try:
        stream = connection.jetstream()
        if (await stream.stream_info(EVENTS.name)).state.messages == 0:
            # Into our terminal instead of its log: its progress is worth seeing.
            await run(replace(simulate, log=None), _SIMULATE_SECONDS)
        with screen.step("events taken in"):
            await _until_digested(stream, screen)
    finally:
        await connection.close()


def pages(addresses: Mapping[str, str]) -> Mapping[str, str]:
    """What to open first: title → URL."""
    query = urlencode({"year": YEAR, "through": THROUGH})
    return {
        "Wall chart 挂图作战": f"{addresses['reporting']}/?{query}",
        "Progress, as JSON": f"{addresses['reporting']}/v1/districts/{DISTRICT}/progress?{query}",
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
    while await bus.behind(stream, consumer):  # noqa: ASYNC110 - a consumer tells nobody that it has caught up
        await asyncio.sleep(_LOOK_SECONDS)
