"""Killed at any step, and two at once: each rung of each case reaches each recipient once."""

import asyncio
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.notifier.channels.http import make_client
from services.notifier.domain.outcomes import Refused
from services.notifier.domain.record import Record
from services.notifier.sender import Answered
from shared import database
from tests.integration.notifier_office import CONTACT, OFFICIAL, Office, record
from tests.integration.notifier_victim import STEPS
from tests.providers.loopback import Reply
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom

ROOT = Path(__file__).parents[2]
UNDECIDABLE = {"after the webhook was called, before the record", "after WeCom was called, before the record"}
# The answer is in hand, but the commit that would keep it is not.
UNDECIDABLE |= {"after the answer is written, before the commit"}


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def by_person(wecom: FakeWecom) -> dict[str, list[str]]:
    """Member → the numbers of the messages that call them."""
    numbers: dict[str, list[str]] = {}
    for message in wecom.messages:
        (member,) = message["text"]["mentioned_list"]
        found = re.search(r"编号 (LD-\d+)", message["text"]["content"])
        assert found is not None
        numbers.setdefault(member, []).append(found[1])
    return numbers


@pytest.mark.parametrize("step", STEPS)
async def test_a_notifier_killed_at_any_step_tells_everybody_once(office: Office, database_url: str, step: str) -> None:
    base = office.webhook.url
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.notifier_victim", database_url, office.wecom.url, base, step),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await victim.communicate()
    assert victim.returncode == -signal.SIGKILL, said.decode()

    # The bus delivers again what was not acknowledged, and a new process takes up what the dead one left.
    await office.hear(record())
    await office.pass_days(1)

    numbers = by_person(office.wecom)
    assert set(numbers) == {"WangJianGuo", "MaChao"}
    arrivals = Counter({member: len(found) for member, found in numbers.items()})
    arrivals[OFFICIAL] = len(office.webhook.posts)
    assert len(office.webhook.messages) == 1
    assert all(len(set(found)) == 1 for found in numbers.values()), "a repetition keeps its number"
    assert sorted(arrivals.values()) == ([1, 1, 2] if step in UNDECIDABLE else [1, 1, 1])
    assert {each.recipient for each in (await office.overview()).unresolved[0].deliveries} == {OFFICIAL, CONTACT}
    # The stream of the one that was killed is gone with it; a repetition would carry the same id.
    assert office.events() == ([] if step == "after the announcement" else ["escalation-opened 1"])


async def test_two_notifiers_at_once_tell_everybody_once(office: Office, database_url: str) -> None:
    async with database.make_pool(database_url, "test") as pool, make_client() as client:
        other = Office(pool, office.wecom, office.webhook, client)
        backlog = [record(f"P-{number}", lead_unit="区财政局") for number in range(40)]
        both = office, other
        for _ in range(6):
            await asyncio.gather(*(each.hear(*backlog) for each in both))
            await asyncio.gather(*(each.work() for each in both))
            await asyncio.gather(*(each.work() for each in both))
            for each in both:
                each.now += timedelta(days=1)
    told = Counter(
        (post["notice"], item["project"], item["rung"]) for post in office.webhook.posts for item in post["items"]
    )
    assert len(told) == 40
    assert set(told.values()) == {1}
    assert len(await office.pool.fetch("select from notifier.escalation_case")) == 40
    assert await office.pool.fetchval("select count(*) from notifier.message where state <> 'sent'") == 0


async def test_a_message_that_is_answered_too_late_is_not_recorded_by_the_sender_that_lost_it(office: Office) -> None:
    await office.hear(record(lead_unit="区财政局"))
    office.webhook.next_replies.append(Reply(503))
    await office.work()
    [claimed], _ = await office.sender._claim(office.now + timedelta(minutes=1), None)
    # Its lease ends, another sender takes the message over and delivers it.
    office.now += timedelta(minutes=10)
    await office.work()
    office.now += timedelta(hours=1)
    await office.work()
    before = await office.overview()
    await office.sender._record([Answered(claimed.attempt, Refused("410"))], office.now)
    assert await office.overview() == before
    assert len(office.webhook.messages) == 1


async def test_a_burst_under_a_bots_limit_arrives_once_the_limit_allows(office: Office) -> None:
    office.wecom.per_minute = 1
    await office.hear(record())
    await office.work()
    assert len(office.wecom.messages) == 1
    office.wecom.per_minute = None
    office.now += timedelta(seconds=64)
    await office.work()
    assert len(office.wecom.messages) == 1
    office.now += timedelta(seconds=1)
    await office.work()
    assert len(office.wecom.messages) == 2


async def test_a_case_that_is_just_being_resolved_is_not_told_as_late(office: Office) -> None:
    await office.hear(record(lead_unit="区财政局"))
    await office.sweeper.run_once(office.now)
    await office.bundler.run_once(office.now)
    met = Record.model_validate(record(on="2026-09-01"))
    async with office.pool.acquire() as resolving:
        async with resolving.transaction():
            await office.registrar.look(resolving, [(met.district, met.project, met)], office.now)
            sending = asyncio.create_task(office.sender.run_once(office.now))
            async with asyncio.timeout(5):
                while not await office.pool.fetchval(_WAITING):  # noqa: ASYNC110 - a lock that is waited for signals nobody
                    await asyncio.sleep(0.01)
        await sending
    await office.work()
    assert (office.wecom.messages, office.webhook.posts) == ([], [])


_WAITING = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""
