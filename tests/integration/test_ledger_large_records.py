"""One project's record outgrows what NATS takes in a message: that project stands still, and no other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from shared import streams
from tests.integration.department import cloudevent
from tests.integration.disturbed import disturbed
from tests.integration.small_nats import SmallNats


@pytest_asyncio.fixture
async def small(tmp_path: Path) -> AsyncIterator[str]:
    server = SmallNats(tmp_path / "small", durable=False)
    await server.start()
    await streams.provision(server.url)
    yield server.url
    await server.stop()


def verbose(number: int) -> dict[str, Any]:
    return cloudevent("investment", "P-0", f"v{number}", "started", {"on": "2026-03-01", "note": "\u66f0" * 4_000})


async def test_a_record_that_no_message_can_hold_parks_the_events_that_make_it_so_and_holds_up_nobody(
    small: str, database_url: str
) -> None:
    async with disturbed(small, database_url) as ledger:
        for number in range(7):
            await ledger.department.say(verbose(number))
        await ledger.say(projects=2)
        refusal = await ledger.department.hear_refusal()
        assert refusal["code"] == "fold-failed"
        assert "and NATS takes 64512 in a message" in refusal["reason"]
        await ledger.department.acknowledged()
        await ledger.until_ready()
        assert (await ledger.department.last_record("ledger.500101.project.P-1"))["revision"] == 2
