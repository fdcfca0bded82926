"""Whatever kept a message back, it goes out when people are at work, and a morning has one digest."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from services.notifier.channels.http import make_client
from shared import database
from shared.clock import BUSINESS_ZONE
from tests.integration.notifier_office import OFFICIAL, Office, record
from tests.integration.test_notifier_mornings import FRESH, Mornings, moved, office  # noqa: F401 - a fixture
from tests.providers.loopback import Reply
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

EVENING = 12 / 24


@pytest_asyncio.fixture
async def at_once(database_url: str) -> AsyncIterator[Office]:
    """An office that sends at once, at ten in the morning of a Wednesday."""
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def clock(at: Office) -> str:
    """The day and time in Shanghai."""
    return f"{at.now.astimezone(BUSINESS_ZONE):%m-%d %H:%M}"


async def until_posted(at: Office) -> str:
    """Let time pass until the first message to the webhook; returns when that was."""
    for _ in range(200):
        if at.webhook.posts:
            return clock(at)
        await at.pass_days(5 / (24 * 60))
    return "never"


async def test_what_an_outage_kept_until_the_night_goes_out_in_the_morning(at_once: Office) -> None:
    await at_once.hear(record())
    await at_once.sweeper.run_once(at_once.now)
    await at_once.bundler.run_once(at_once.now)
    at_once.now = at_once.now.replace(hour=15)
    await at_once.work()
    assert (clock(at_once), at_once.webhook.posts, at_once.wecom.messages) == ("09-02 23:00", [], [])
    assert "09-03 08:35" <= await until_posted(at_once) <= "09-03 08:40"


async def test_what_ended_while_nothing_ran_is_not_told_by_a_sender_that_comes_before_the_sweeper(
    office: Mornings,  # noqa: F811 - the fixture
) -> None:
    """A reminder of the last morning in time, bundled and not sent; on the next day it is none any more."""
    await office.hear(record(due="2026-09-03"))
    await office.until("2026-09-03 08:39")
    office.now += timedelta(minutes=1)
    await office.sweeper.run_once(office.now)
    assert await office.bundler.run_once(office.now) == 1
    office.now += timedelta(days=1)
    await office.sender.run_once(office.now)
    assert office.told() == []
    await office.work()
    (late,) = office.told()
    assert "：原定9月3日前开工，已逾期1天" in late.text


async def test_what_was_not_even_bundled_before_an_outage_goes_out_in_the_morning(at_once: Office) -> None:
    await at_once.hear(record())
    await at_once.sweeper.run_once(at_once.now)
    at_once.now = at_once.now.replace(hour=15)
    await at_once.work()
    assert at_once.webhook.posts == []
    assert "09-03 08:35" <= await until_posted(at_once) <= "09-03 08:40"
    assert [each["recipient"] for each in at_once.webhook.posts] == [OFFICIAL]


async def test_a_project_that_goes_on_late_in_the_evening_wakes_nobody(at_once: Office) -> None:
    at_once.webhook.next_replies.append(Reply(503))
    await at_once.hear(record())
    await at_once.work()
    await at_once.hear(record(revision=2, stage="suspended"))
    await at_once.pass_days(EVENING)
    await at_once.hear(record(revision=3))
    await at_once.work()
    assert (clock(at_once), at_once.webhook.posts) == ("09-02 22:00", [])
    assert "09-03 08:35" <= await until_posted(at_once) <= "09-03 08:40"


async def test_a_message_requeued_by_hand_at_night_waits_for_the_morning(at_once: Office) -> None:
    at_once.webhook.next_replies.append(Reply(410))
    await at_once.hear(record())
    await at_once.work()
    await at_once.pass_days(EVENING)
    dead = await at_once.pool.fetchval("select id from notifier.message where state = 'dead'")
    assert await at_once.desk.requeue(dead, at_once.now)
    await at_once.work()
    assert at_once.webhook.posts == []
    assert "09-03 08:35" <= await until_posted(at_once) <= "09-03 08:40"


async def test_nothing_waits_longer_than_it_must_when_it_may_go_out(at_once: Office) -> None:
    await at_once.hear(record())
    await at_once.sweeper.run_once(at_once.now)
    at_once.now = at_once.now.replace(hour=10, minute=20)
    await at_once.work()
    assert (clock(at_once), len(at_once.webhook.posts)) == ("09-02 18:20", 1)


async def test_a_silence_that_ends_at_midnight_is_heard_of_in_the_mornings_digest(
    office: Mornings,  # noqa: F811 - the fixture imported above
) -> None:
    await office.hear(record("P-1", due=FRESH), record("P-2", due="2026-09-04"))
    # The rung has fired, and before anything is sent somebody decides to wait.
    await office.until("2026-09-03 08:39")
    office.now = office.now.replace(minute=40)
    await office.sweeper.run_once(office.now)
    await office.silence("2026-09-05T00:00", project="P-1")
    # The other one's reminder.
    assert [each.items for each in office.told()] == [1]
    await office.until("2026-09-07 12:00")
    told = office.told()
    assert [(f"{each.at.astimezone(BUSINESS_ZONE):%m-%d %H:%M}", each.items) for each in told] == [("09-07 08:40", 2)]


@pytest.mark.parametrize("goes_on", ["2026-09-03 10:00", "2026-09-03 21:00"])
async def test_what_comes_after_the_mornings_digest_waits_for_the_next(
    office: Mornings,  # noqa: F811
    goes_on: str,
) -> None:
    await office.hear(record("P-1", due=FRESH), record("P-2", due=FRESH))
    await office.until("2026-09-03 08:39")
    office.now = office.now.replace(minute=40)
    await office.sweeper.run_once(office.now)
    await office.hear(record("P-1", due=FRESH, revision=2, stage="suspended"))
    await office.work()
    await office.until(goes_on)
    assert [each.items for each in office.told()] == [1]
    await office.hear(record("P-1", due=FRESH, revision=3))
    await office.work()
    await office.until("2026-09-04 12:00")
    told = office.told()
    assert [(f"{each.at.astimezone(BUSINESS_ZONE):%m-%d %H:%M}", each.items) for each in told] == [("09-04 08:40", 1)]


async def test_a_digest_that_could_not_go_out_is_one_with_the_next_mornings(
    office: Mornings,  # noqa: F811
) -> None:
    await office.hear(record("P-1", due=FRESH), record("P-2", due="2026-09-03"))
    await office.until("2026-09-03 08:39")
    office.now = office.now.replace(minute=40)
    await office.sweeper.run_once(office.now)
    await office.bundler.run_once(office.now)
    # The sender is away until the night.
    office.now = office.now.replace(hour=15)
    await office.work()
    assert office.told() == []
    await office.until("2026-09-04 12:00")
    told = office.told()
    assert [(f"{each.at.astimezone(BUSINESS_ZONE):%m-%d %H:%M}", each.items) for each in told] == [("09-04 08:40", 2)]


async def test_a_digest_that_could_not_go_out_goes_out_also_when_nothing_is_new(
    office: Mornings,  # noqa: F811
) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-03 08:39")
    office.now = office.now.replace(minute=40)
    await office.sweeper.run_once(office.now)
    await office.bundler.run_once(office.now)
    office.now = office.now.replace(hour=15)
    await office.work()
    await office.until("2026-09-04 12:00")
    (digest,) = office.told()
    assert "08:40" <= f"{digest.at.astimezone(BUSINESS_ZONE):%H:%M}" <= "08:45"
