"""Digests, silences, cases that come back, a policy or a calendar that changes: on real Postgres, by a moved clock."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest_asyncio

from services.notifier.channels.http import make_client
from services.notifier.domain.cases import Case
from services.notifier.domain.directory import WECOM_BOT, read_directory
from services.notifier.domain.policy import read_policy
from services.notifier.silencer import Silencer, Wish
from services.notifier.watcher import Arrived
from shared import database
from shared.clock import BUSINESS_ZONE
from tests.integration.notifier_office import POLICIES, START, Office, record
from tests.integration.notifier_year import Post, Told
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import fake_wecom

MORNINGS = (POLICIES / "mornings.toml").read_text(encoding="utf-8")
PEOPLE = """\
name,role,unit,wecom_bot,from,until
王建国 副区长,official,,bot,,
马超,unit-contact,区经济信息委,bot,,
钱进,unit-head,区经济信息委,bot,,2026-09-06
何平,unit-head,区经济信息委,bot,2026-09-07,
谢文静,unit-contact,区规划自然资源局,bot,,
蒋思远,unit-contact,区招商投资局,bot,,
潘海涛,unit-head,区招商投资局,bot,,
"""
# Late since the day before START; a second one late for longer.
FRESH, OLDER = "2026-09-01", "2026-08-31"


class Mornings(Office):
    """An office whose messages are kept as their readers see them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.post = Post()
        self.channels = {WECOM_BOT: self.post}
        self.directory = read_directory(PEOPLE.encode())
        self.take_policy(read_policy(MORNINGS))

    def told(self) -> list[Told]:
        """What was sent since anybody asked."""
        told, self.post.told = self.post.told, []
        return told

    def recipients(self) -> list[str]:
        """Who was written to since anybody asked."""
        return [each.recipient for each in self.told()]

    async def until(self, text: str) -> None:
        """Let time pass until a moment in Shanghai."""
        await self.pass_days(
            (datetime.fromisoformat(text).replace(tzinfo=BUSINESS_ZONE) - self.now) / timedelta(days=1)
        )

    async def cases(self) -> list[Case]:
        """The unresolved cases."""
        return [each.case for each in (await self.overview()).unresolved]

    async def silence(self, until: str, **matcher: str) -> str:
        """Somebody decides not to press something; returns the silence's id."""
        end = datetime.fromisoformat(until).replace(tzinfo=BUSINESS_ZONE)
        async with self.pool.acquire() as connection:
            wish = Wish(matcher, "等上级批复", "周文斌 区委副书记", end)
            added = str(await Silencer(connection).add(wish, self.now))
        await self.work()
        return added


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Mornings]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Mornings(pool, wecom, webhook, client)


def moved(revision: int, **changes: Any) -> dict[str, Any]:
    return record(revision=revision, due=FRESH, **changes)


async def test_a_morning_brings_each_person_one_message_with_the_most_urgent_first(office: Mornings) -> None:
    issue = {"text": "缺用地指标", "urgency": "at-once", "owner_unit": "区经济信息委", "raised_on": "2026-08-30"}
    await office.hear(
        record("P-1", due="2026-09-08"), record("P-2", due=OLDER), record("P-3", due=None, issues={"Q1": issue})
    )
    await office.work()
    assert office.told() == []
    await office.until("2026-09-03 08:45")
    (digest,) = office.told()
    assert (digest.recipient, digest.notice, digest.items) == ("马超", "digest", 3)
    assert digest.text.splitlines()[:4] == [
        "【落地晨报】马超：9月3日，有3项需您推动",
        "1. 智能装备产业园（P-3）：问题“缺用地指标”（立即办）应于8月31日前解决，已超期3天",
        "2. 智能装备产业园（P-2）：原定8月31日前开工，已逾期3天",
        "3. 智能装备产业园（P-1）：应于9月8日前开工，还有5天",
    ]


async def test_a_digest_is_capped_and_its_link_leads_to_all_of_it(office: Mornings) -> None:
    await office.hear(*(record(f"P-{each}", due=FRESH) for each in range(5)))
    await office.until("2026-09-03 09:00")
    (digest,) = office.told()
    assert "……另有2项，见链接。" in digest.text
    link = office.links.read(office.post.links[0].rpartition("/")[2], office.now)
    assert len(await office.acknowledger.told(link, office.now)) == 5


async def test_higher_rungs_are_told_at_once_and_by_whoever_is_in_the_post_that_day(office: Mornings) -> None:
    await office.hear(record(due=FRESH))
    await office.until("2026-09-06 23:00")
    assert office.recipients() == ["马超"]
    # Thursday's digest, two working days, and the head of the unit has changed over the week-end.
    await office.until("2026-09-07 12:00")
    (told,) = office.told()
    assert (told.recipient, told.notice) == ("何平", "overdue")


async def test_whoever_takes_a_project_over_hears_the_next_morning_of_what_was_told_before(office: Mornings) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-07 12:00")
    await office.until("2026-09-09 12:00")
    assert [each.recipient for each in office.told()] == ["马超", "何平", "王建国 副区长"]
    # Another official, and another unit with nobody at its head in the directory.
    people = f"{PEOPLE}李红梅 副区长,official,,bot,,\n"
    office.take_directory(read_directory(people.encode()))
    await office.hear(moved(2, lead_official="李红梅 副区长", lead_unit="区规划自然资源局"))
    await office.work()
    await office.until("2026-09-09 23:00")
    assert office.told() == []
    await office.until("2026-09-10 12:00")
    told = office.told()
    assert sorted((each.recipient, each.notice) for each in told) == [("李红梅 副区长", "digest"), ("谢文静", "digest")]
    (official,) = (each for each in told if each.recipient == "李红梅 副区长")
    assert "原定9月1日前开工，已逾期9天，此前已通知马超、何平" in official.text
    # Once, and the climb goes on as it would have.
    await office.until("2026-09-30 12:00")
    assert office.told() == []
    assert (await office.states())["P-2026-017"] == "exhausted"


async def test_whoever_comes_into_a_post_on_a_day_hears_of_what_its_holder_left(office: Mornings) -> None:
    await office.hear(moved(1))
    office.take_directory(
        read_directory(PEOPLE.replace("2026-09-06", "2026-09-13").replace("2026-09-07", "2026-09-14").encode())
    )
    await office.until("2026-09-11 12:00")
    assert [each.recipient for each in office.told()] == ["马超", "钱进", "王建国 副区长"]
    await office.until("2026-09-14 00:01")
    await office.until("2026-09-14 12:00")
    (taken_over,) = office.told()
    assert (taken_over.recipient, taken_over.notice) == ("何平", "digest")
    await office.hear(moved(2, on="2026-09-14"))
    await office.until("2026-09-15 12:00")
    assert set(office.recipients()) == {"王建国 副区长", "何平", "钱进", "马超"}


async def test_what_ended_is_told_the_next_morning_beside_what_is_new(office: Mornings) -> None:
    await office.hear(record(due=FRESH))
    await office.until("2026-09-03 12:00")
    office.told()
    await office.hear(record(revision=2, due=FRESH, on="2026-09-02"), record("P-2", due="2026-09-03"))
    await office.until("2026-09-04 12:00")
    (digest,) = office.told()
    assert "有1项需您推动" in digest.text
    assert "另有1项催办已办结：\n· 智能装备产业园（P-2026-017）：已于9月2日开工" in digest.text


async def test_the_end_of_a_reminder_is_told_nobody(office: Mornings) -> None:
    await office.hear(record(due="2026-09-08"))
    await office.until("2026-09-03 12:00")
    assert office.recipients() == ["马超"]
    await office.hear(record(revision=2, due="2026-09-08", on="2026-09-03"))
    await office.until("2026-09-07 12:00")
    assert office.told() == []
    assert office.events() == ["escalation-opened 1", "escalation-resolved 1"]


async def test_an_issue_is_taken_to_the_unit_that_owns_it(office: Mornings) -> None:
    issue = {"text": "缺地", "urgency": "urgent", "owner_unit": "区规划自然资源局", "raised_on": "2026-08-20"}
    await office.hear(record(due=None, issues={"Q1": issue}))
    await office.until("2026-09-03 12:00")
    assert office.recipients() == ["谢文静"]


def hourly(raised_at: str, urgency: str) -> dict[str, Any]:
    """A project with an issue that was recorded at a moment in Shanghai."""
    at = datetime.fromisoformat(raised_at).replace(tzinfo=BUSINESS_ZONE)
    issue = {"text": "断电", "urgency": urgency, "raised_on": raised_at[:10], "raised_at": at.isoformat()}
    return record(f"P-{urgency}", due=None, issues={"Q1": issue})


async def test_an_issue_that_takes_hours_is_told_at_that_hour_and_one_that_takes_days_in_the_morning(
    office: Mornings,
) -> None:
    await office.hear(hourly("2026-09-02T09:50", "at-once"), hourly("2026-09-02T09:55", "urgent"))
    await office.until("2026-09-03 09:49")
    assert office.told() == []
    await office.until("2026-09-03 09:51")
    (told,) = office.told()
    assert (told.recipient, told.notice, f"{told.at.astimezone(BUSINESS_ZONE):%H:%M}") == ("马超", "overdue", "09:50")
    assert "问题“断电”（立即办）应于9月3日9:50前解决，已超期不足1小时。" in told.text
    # 72 hours end on a Saturday.
    await office.until("2026-09-07 12:00")
    (digest,) = office.told()
    assert (digest.notice, f"{digest.at.astimezone(BUSINESS_ZONE):%m-%d %H:%M}") == ("digest", "09-07 08:40")
    assert "问题“断电”（加急办）应于9月5日9:55前解决，已超期2天" in digest.text


async def test_an_issue_that_is_late_by_night_is_told_when_people_are_at_work(office: Mornings) -> None:
    await office.until("2026-09-02 23:00")
    await office.hear(hourly("2026-09-02T22:50", "at-once"))
    await office.until("2026-09-04 08:34")
    assert office.told() == []
    await office.until("2026-09-04 08:36")
    (told,) = office.told()
    assert "应于9月3日22:50前解决，已超期9小时" in told.text


async def test_a_duty_that_ends_and_begins_again_at_once_is_one_case_and_nobody_hears_of_it(office: Mornings) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-03 12:00")
    office.told()
    (before,) = await office.cases()
    await office.hear(moved(2, on="2026-09-02"))
    await office.work()
    assert await office.cases() == []
    # The report was voided a minute later.
    office.now += timedelta(minutes=1)
    await office.hear(moved(3))
    (after,) = await office.cases()
    assert (after.id, after.rung, after.state) == (before.id, 1, "open")
    await office.until("2026-09-06 12:00")
    assert office.told() == []
    await office.until("2026-09-07 18:00")
    assert office.recipients() == ["何平"]
    assert office.events() == [
        "escalation-opened 1",
        "escalation-resolved 1",
        "escalation-opened 1",
        "escalation-climbed 2",
    ]


async def test_a_case_that_ends_and_begins_again_every_day_climbs_as_if_it_never_had(office: Mornings) -> None:
    await office.hear(moved(1))
    for revision in range(2, 12, 2):
        # Reported in the afternoon, voided in the night.
        await office.until(f"2026-09-{2 + revision // 2:02} 16:00")
        await office.hear(moved(revision, on="2026-09-02"))
        await office.work()
        await office.until(f"2026-09-{2 + revision // 2:02} 23:00")
        await office.hear(moved(revision + 1))
    assert [each.recipient for each in office.told()] == ["马超", "何平"]
    (case,) = await office.cases()
    assert case.rung == 2


async def test_an_answer_counts_also_when_its_case_ended_for_a_moment(office: Mornings) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-03 12:00")
    (before,) = await office.cases()
    await office.answer(office.post.links[0])
    (answered,) = await office.cases()
    for revision in (2, 4):
        await office.hear(moved(revision, on="2026-09-02"))
        await office.hear(moved(revision + 1))
        (after,) = await office.cases()
        assert (after.id, after.state, after.next_fire_at) == (before.id, "acknowledged", answered.next_fire_at)


async def test_whoever_was_told_that_it_is_over_hears_again_when_it_is_not(office: Mornings) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-03 12:00")
    (before,) = await office.cases()
    await office.hear(moved(2, on="2026-09-02"))
    await office.until("2026-09-04 12:00")
    office.told()
    await office.hear(moved(3))
    (after,) = await office.cases()
    assert (after.id, after.rung) == (before.id, 0)
    await office.until("2026-09-07 12:00")
    (again,) = office.told()
    assert (again.recipient, again.notice) == ("马超", "digest")


async def test_what_comes_back_after_more_than_those_days_is_a_new_case(office: Mornings) -> None:
    await office.hear(moved(1))
    await office.until("2026-09-03 12:00")
    (before,) = await office.cases()
    await office.hear(moved(2, on="2026-09-02"))
    await office.until("2026-09-07 12:00")
    await office.hear(moved(3))
    (after,) = await office.cases()
    assert after.id != before.id


async def test_a_silence_stops_the_clock_and_lets_it_go_on_with_what_was_left(office: Mornings) -> None:
    await office.hear(record(due=FRESH))
    await office.until("2026-09-03 12:00")
    office.told()
    # One of two working days has gone by; a week of silence; one is left.
    await office.until("2026-09-04 12:00")
    await office.silence("2026-09-11T12:00", project="P-2026-017")
    await office.until("2026-09-11 11:00")
    assert office.told() == []
    (case,) = await office.cases()
    assert case.paused_at is not None
    await office.until("2026-09-13 23:00")
    assert office.told() == []
    await office.until("2026-09-14 18:00")
    assert office.recipients() == ["何平"]


async def test_a_silence_holds_back_what_waits_and_opens_nothing_and_may_be_ended(office: Mornings) -> None:
    await office.hear(record("P-1", due=FRESH))
    silence = await office.silence("2026-12-31T12:00", unit="区经济信息委", rule="milestone-overdue")
    await office.hear(record("P-2", due=FRESH), record("P-3", due="2026-09-08"))
    await office.until("2026-09-03 12:00")
    (digest,) = office.told()
    assert "应于9月8日前开工" in digest.text
    assert digest.items == 1
    async with office.pool.acquire() as connection:
        await Silencer(connection).end(silence[:8], office.now)
    await office.work()
    await office.until("2026-09-04 12:00")
    (digest,) = office.told()
    assert digest.items == 2


async def test_another_policy_is_followed_from_the_next_start_and_running_cases_keep_their_ladder(
    office: Mornings,
) -> None:
    issue = {"text": "缺地", "urgency": "urgent", "raised_on": "2026-08-20"}
    without_issues = MORNINGS[: MORNINGS.index('[[rules]]\nid = "issue-overdue"')]
    office.take_policy(read_policy(without_issues))
    await office.hear(record(due=FRESH, issues={"Q1": issue}))
    await office.until("2026-09-03 12:00")
    assert [case.rule for case in await office.cases()] == ["milestone-overdue"]
    office.take_policy(read_policy(MORNINGS.replace('who = ["unit-head"]', 'who = ["lead-official"]')))
    await office.work()
    assert sorted(case.rule for case in await office.cases()) == ["issue-overdue", "milestone-overdue"]
    office.told()
    await office.until("2026-09-07 18:00")
    assert [each.recipient for each in office.told() if each.notice == "overdue"] == ["何平"]


async def test_when_a_years_holidays_become_known_the_timers_are_computed_by_them(office: Mornings) -> None:
    office.now = datetime(2026, 12, 30, 9, tzinfo=BUSINESS_ZONE)
    await office.hear(record(due="2026-12-29"))
    await office.until("2026-12-31 12:00")
    # Two working days after the 31st of December, guessed: the 4th and the 5th of January; the 1st is off by law.
    (case,) = await office.cases()
    assert case.next_fire_at is not None
    assert case.next_fire_at.astimezone(BUSINESS_ZONE).date().isoformat() == "2027-01-05"
    office.take_policy(read_policy(f"{MORNINGS}\n[calendar]\nyears = [2027]\nholidays = [2027-01-01, 2027-01-04]"))
    await office.work()
    (case,) = await office.cases()
    assert case.next_fire_at is not None
    assert case.next_fire_at.astimezone(BUSINESS_ZONE).date().isoformat() == "2027-01-06"


def reports(*points: str, since: int = 1) -> Iterator[Arrived]:
    for revision, lead in enumerate(points, start=since):
        document = {
            "district": "500101",
            "year": 2026,
            "through": "2026-09-01",
            "elapsed_pct": "66.94",
            "revision": revision,
            "indicators": [
                {
                    "code": "funds-arrived",
                    "title": "招商引资到位资金",
                    "completion_pct": "40.0",
                    "lead_points": lead,
                    "target": "105",
                }
            ],
        }
        yield Arrived("report.500101.progress.2026", orjson.dumps(document), revision)


async def test_an_indicator_behind_its_time_is_told_the_coordinator_and_ends_when_it_is_not(office: Mornings) -> None:
    behind, ahead = reports("-26.9", "-9.0")
    await office.watcher.take([behind])
    await office.until("2026-09-03 12:00")
    told = office.told()
    assert sorted(each.recipient for each in told) == ["潘海涛", "蒋思远"]
    assert "2026年招商引资到位资金：完成年度目标的40.0%，比序时进度落后26.9个百分点" in told[0].text
    assert office.published[0]["subject"] == "target-2026-funds-arrived"
    # An older report, delivered late, changes nothing.
    await office.watcher.take([ahead])
    await office.watcher.take([behind])
    assert await office.cases() == []


async def test_an_indicator_that_goes_to_and_fro_across_the_line_for_weeks_is_one_case(office: Mornings) -> None:
    seen, told = set[str](), list[Told]()
    for day in range(28):
        lead = ("-15.4", "-14.2", "-12.6", "-15.1", "-13.9", "-16.2", "-12.1")[day % 7]
        await office.watcher.take(list(reports(lead, since=day + 1)))
        await office.pass_days(1)
        seen |= {str(case.id) for case in await office.cases()}
        assert len(await office.cases()) == 1
        told += office.told()
    assert len(seen) == 1
    # The one rung of its ladder, once.
    assert sorted(each.recipient for each in told) == ["潘海涛", "蒋思远"]
    assert office.events() == ["escalation-opened 1"]
    await office.watcher.take(list(reports("-11.9", since=29)))
    await office.pass_days(1)
    assert await office.cases() == []
    assert office.events()[-1] == "escalation-resolved 1"
    await office.watcher.take(list(reports("-14.9", since=30)))
    await office.pass_days(10)
    assert await office.cases() == []


async def test_more_cases_than_one_sweep_takes_are_still_one_digest(office: Mornings) -> None:
    await office.hear(*(record(f"P-{each}", due=FRESH) for each in range(1_100)))
    assert office.now == START
    await office.until("2026-09-03 12:00")
    (digest,) = office.told()
    assert digest.items == 1_100
    assert "有1100项需您推动" in digest.text
