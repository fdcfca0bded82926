"""Killed (-9) anywhere between fetching and acknowledging, then started again, the ledger lost and doubled nothing."""

import asyncio
import json
import os
import signal
import sys

import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from services.ledger.app import build
from services.ledger.settings import LedgerSettings
from shared.database import make_pool
from tests.integration import ledger_rows
from tests.integration.conftest import running
from tests.integration.department import Department, cloudevent, contract_signed, funds_arrived
from tests.integration.dying_ledger import STEPS


async def a_busy_morning(department: Department) -> None:
    """Events of several projects with a duplicate, a correction, a reused identity and a message that is none."""
    for number in range(8):
        await department.say(contract_signed(f"P-{number}", f"c{number}"))
        await department.say(funds_arrived(f"P-{number}", f"f{number}", f"{number + 1}0000000.00"))
    await department.say(contract_signed("P-1", "c1"))
    await department.say(funds_arrived("P-2", "f2-right", "7000000.00", replaces="f2"))
    await department.say(funds_arrived("P-3", "f3", "1.00"))
    await department.say_raw("events.500101.finance.P-4.funds-arrived", b"\xff not JSON")
    target = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": "105", "issued_by": "市政府"}
    await department.say(cloudevent("investment", "target-2026-funds-arrived", "t1", "target-set", target))


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_a_step_and_started_again_the_ledger_has_the_same_rows(
    step: str, provisioned: str, client: Client, database_url: str
) -> None:
    department = await Department.open(client)
    await soon_redelivered(client)
    await a_busy_morning(department)

    assert await run_dying_ledger(step, provisioned, database_url) == -signal.SIGKILL

    async with running(build(LedgerSettings(nats_url=provisioned, database_url=database_url))):
        await department.acknowledged()

    async with make_pool(database_url, "test") as pool:
        after_the_crash = await ledger_rows.rows(pool)
        undisturbed = ledger_rows.Published()
        await ledger_rows.wipe(pool)
        await ledger_rows.recorder(pool, undisturbed).record(await ledger_rows.everything_stored(client))
        assert after_the_crash == await ledger_rows.rows(pool)
        assert len(after_the_crash["event"]) == 18
        assert [row["code"] for row in after_the_crash["quarantine"]] == ["id-reused", "not-json"]
    for subject, record in undisturbed.last.items():
        assert await department.last_record(subject) == json.loads(record)


async def soon_redelivered(client: Client) -> None:
    """Half a second until what a killed ledger held is delivered again; a district's server waits longer."""
    config = ConsumerConfig(durable_name="ledger", ack_policy=AckPolicy.EXPLICIT, ack_wait=0.5, max_ack_pending=5000)
    await client.jetstream().add_consumer("EVENTS", config)


async def run_dying_ledger(step: str, nats_url: str, database_url: str) -> int:
    """Start the ledger as a process that dies at the step; returns how it ended."""
    environment = {**os.environ, "LUODI_NATS_URL": nats_url, "LUODI_DATABASE_URL": database_url, "LUODI_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.dying_ledger", step, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        return await asyncio.wait_for(process.wait(), 20)
    finally:
        if process.returncode is None:
            process.kill()
