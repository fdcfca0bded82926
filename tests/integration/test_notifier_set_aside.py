"""What cannot be handled is set aside, named and tried again; everything else goes on."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from services.notifier.channels.http import make_client
from services.notifier.domain.policy import read_policy
from services.notifier.sifter import sift
from shared import database
from tests.integration.notifier_office import POLICIES, Office, record
from tests.providers.loopback import Reply
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

SPOIL_RECORD = "update notifier.project set record = record - 'stage' where project = $1"
SPOIL_LADDER = """
update notifier.escalation_case set ladder = '[{"who": ["mayor"], "answer_within": 1}]' where project = $1
"""
ASIDE = """
select project from notifier.project where set_aside_at is not null
union all
select project from notifier.escalation_case where set_aside_at is not null
"""


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def told(office: Office) -> list[str]:
    """The projects of which the official's system was told."""
    return sorted(item["project"] for post in office.webhook.posts for item in post["items"])


async def aside(office: Office) -> list[str]:
    """The projects that are set aside, or a case of theirs."""
    return [row["project"] for row in await office.pool.fetch(ASIDE)]


def errors(logs: Sequence[Any]) -> list[tuple[str, str]]:
    """What was logged as an error, and of which project."""
    return [(each["event"], each["key"]) for each in logs if each["log_level"] == "error"]


async def test_a_record_that_no_longer_reads_costs_its_own_project_alone(office: Office) -> None:
    await office.hear(*(record(f"P-{n}", due="2026-09-02") for n in range(5)))
    await office.pool.execute(SPOIL_RECORD, "P-3")
    with capture_logs() as logs:
        await office.pass_days(1)
    assert sorted(await office.states()) == ["P-0", "P-1", "P-2", "P-4"]
    assert told(office) == ["P-0", "P-1", "P-2", "P-4"]
    assert set(errors(logs)) == {("a project is set aside", "500101/P-3")}
    assert "stage: Field required" in next(each["why"] for each in logs if each["log_level"] == "error")


async def test_a_new_record_brings_its_project_back(office: Office) -> None:
    await office.hear(record(due="2026-09-02"))
    await office.pool.execute(SPOIL_RECORD, "P-2026-017")
    await office.pass_days(1)
    assert await aside(office) == ["P-2026-017"]
    await office.hear(record(due="2026-09-02", revision=2))
    assert await aside(office) == []
    await office.work()
    assert await office.states() == {"P-2026-017": "open"}


async def test_a_case_whose_ladder_no_longer_reads_costs_itself_alone(office: Office) -> None:
    await office.work()
    await office.hear(*(record(f"P-{n}") for n in range(5)))
    await office.pool.execute(SPOIL_LADDER, "P-3")
    with capture_logs() as logs:
        await office.work()
    assert told(office) == ["P-0", "P-1", "P-2", "P-4"]
    assert await aside(office) == ["P-3"]
    assert errors(logs) == [("a case is set aside", "500101/P-3/milestone-overdue/started")]


async def test_a_record_that_no_longer_reads_in_a_message_on_its_way_is_told_of_once_it_does(office: Office) -> None:
    await office.work()
    await office.hear(*(record(f"P-{n}") for n in range(3)))
    for _ in range(3):
        office.webhook.next_replies.append(Reply(503, b"{}"))
    await office.work()
    assert told(office) == []
    spoilt = await office.pool.fetchval("select record from notifier.project where project = 'P-1'")
    await office.pool.execute(SPOIL_RECORD, "P-1")
    office.webhook.next_replies.clear()
    office.now += timedelta(minutes=10)
    with capture_logs() as logs:
        await office.work()
        await office.work()
    assert told(office) == ["P-0", "P-2"]
    assert await aside(office) == ["P-1"]
    assert errors(logs) == [("a case is set aside", "500101/P-1/milestone-overdue/started")]

    await office.pool.execute("update notifier.project set record = $1 where project = 'P-1'", spoilt)
    office.now += timedelta(hours=1)
    await office.work()
    assert told(office) == ["P-0", "P-1", "P-2"]
    assert await aside(office) == []


async def test_a_batch_from_the_ledger_is_taken_in_though_one_of_its_projects_cannot_be_looked_at(
    office: Office,
) -> None:
    await office.hear(record("P-1"), record("P-2"))
    await office.pool.execute(SPOIL_LADDER, "P-1")
    await office.hear(record("P-1", revision=2, on="2026-09-01"), record("P-2", revision=2, on="2026-09-01"))
    states = await office.pool.fetch("select project, state from notifier.escalation_case order by project")
    assert [tuple(row) for row in states] == [("P-1", "open"), ("P-2", "resolved")]
    assert await aside(office) == ["P-1"]
    assert await office.pool.fetchval("select revision from notifier.project where project = 'P-1'") == 2


async def test_what_is_set_aside_is_tried_again_after_an_hour_and_when_a_process_starts(office: Office) -> None:
    await office.work()
    await office.hear(record("P-1"), record("P-2"))
    ladder = await office.pool.fetchval("select ladder from notifier.escalation_case limit 1")
    await office.pool.execute(SPOIL_LADDER, "P-1")
    await office.work()
    for wait in (timedelta(minutes=59), timedelta(minutes=1)):
        assert await aside(office) == ["P-1"]
        office.now += wait
        with capture_logs() as logs:
            await office.work()
        # It still does not read, and is named once an hour.
        assert len(errors(logs)) == (wait == timedelta(minutes=1))
    await office.pool.execute("update notifier.escalation_case set ladder = $1", ladder)
    office.take_policy(office.policy)
    await office.work()
    assert await aside(office) == []
    assert told(office) == ["P-1", "P-2"]


async def test_another_policy_is_adopted_though_a_running_case_cannot_be_read(office: Office) -> None:
    await office.hear(record("P-1"), record("P-2"))
    await office.work()
    await office.pool.execute(SPOIL_LADDER, "P-1")
    text = (POLICIES / "at_once.toml").read_text(encoding="utf-8")
    office.take_policy(read_policy(text + "\n[acknowledgement]\nworking_days = 9\n"))
    await office.pass_days(3)
    rungs = await office.pool.fetch("select project, rung from notifier.escalation_case order by project")
    assert [tuple(row) for row in rungs] == [("P-1", 1), ("P-2", 2)]
    assert set(await aside(office)) == {"P-1"}


@pytest.mark.parametrize("error", [ConnectionResetError(), asyncpg.DeadlockDetectedError("two wait")])
async def test_what_is_no_rows_fault_is_laid_at_no_rows_door(office: Office, error: Exception) -> None:
    async def work(rows: Sequence[int]) -> None:
        raise error

    async with office.pool.acquire() as connection, connection.transaction():
        with pytest.raises(type(error)):
            await sift(connection, [1, 2], work)
