"""From a milestone that is late to the message that it is resolved, over real Postgres and fake providers."""

import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
import pytest_asyncio

from services.notifier.channels.http import make_client
from services.notifier.domain.directory import read_directory
from services.notifier.domain.ladder import next_opening
from services.notifier.domain.links import ExpiredLinkError
from shared import database
from tests.integration.notifier_office import (
    CONTACT,
    OFFICIAL,
    POLICY,
    START,
    Office,
    directory_of,
    record,
)
from tests.providers.loopback import Reply
from tests.providers.webhook import fake_webhook
from tests.providers.wecom import FakeWecom, fake_wecom


@pytest_asyncio.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    with fake_wecom() as wecom, fake_webhook() as webhook:
        async with database.make_pool(database_url, "test") as pool, make_client() as client:
            yield Office(pool, wecom, webhook, client)


def told(wecom: FakeWecom) -> list[str]:
    """The members whom each message to the group calls, in order."""
    called: list[str] = []
    for message in wecom.messages:
        in_text = message.get("text", {}).get("mentioned_list", [])
        called += in_text or re.findall(r"<@(\w+)>", message.get("markdown", {}).get("content", ""))
    return called


async def test_a_late_milestone_is_pushed_to_the_lead_official_over_both_channels(office: Office) -> None:
    await office.hear(record())
    await office.work()
    assert sorted(told(office.wecom)) == ["MaChao", "WangJianGuo"]
    (post,) = office.webhook.posts
    assert (post["recipient"], post["notice"]) == (OFFICIAL, "overdue")
    (item,) = post["items"]
    assert (item["project"], item["milestone"], item["due"]) == ("P-2026-017", "started", "2026-08-31")
    assert "原定8月31日前开工，已逾期2天" in post["text"]
    assert office.events() == ["escalation-opened 1"]


async def test_nothing_is_sent_twice_however_often_anybody_looks(office: Office) -> None:
    for revision in range(1, 4):
        await office.hear(record(revision=revision), record(revision=revision))
        await office.work()
        await office.work()
    assert len(office.wecom.messages) == 2
    assert len(office.webhook.posts) == 1


async def test_an_unanswered_case_climbs_to_the_last_rung_and_is_exhausted(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.pass_days(14)
    assert told(office.wecom)[2:] == ["QianJin", "SunLiXin"]
    assert len(office.webhook.posts) == 1
    assert await office.states() == {"P-2026-017": "exhausted"}
    assert office.events() == ["escalation-opened 1", "escalation-climbed 2", "escalation-climbed 3"]
    assert "此前已通知：王建国副区长（9月2日）" in office.wecom.texts()[2]


async def test_rungs_fire_in_working_days_and_working_hours(office: Office) -> None:
    # Friday, 17:00 in Shanghai: two working days later it is Tuesday.
    office.now = START + timedelta(days=2, hours=7)
    await office.hear(record())
    await office.work()
    await office.pass_days(4 - 1 / 24)
    assert len(told(office.wecom)) == 2
    await office.pass_days(1 / 24)
    assert told(office.wecom)[2:] == ["QianJin"]


async def test_a_milestone_becomes_late_by_the_passing_of_a_day_and_is_told_in_the_morning(office: Office) -> None:
    await office.hear(record(due="2026-09-02"))
    await office.work()
    assert (await office.overview()).counts == {}
    office.now = START.replace(hour=16, minute=1)
    await office.work()
    assert (await office.overview()).counts == {"open": 1}
    assert office.wecom.messages == []
    await office.pass_days(9 / 24)
    assert sorted(told(office.wecom)) == ["MaChao", "WangJianGuo"]


async def test_an_acknowledgement_stops_the_climb_for_its_days_and_then_it_goes_on(office: Office) -> None:
    await office.hear(record())
    await office.work()
    assert len(await office.answer(office.webhook.posts[0]["acknowledge"])) == 1
    assert await office.states() == {"P-2026-017": "acknowledged"}
    # Five working days after a Wednesday is the next Wednesday.
    await office.pass_days(7 - 1 / 24)
    assert len(told(office.wecom)) == 2
    await office.pass_days(1 / 24)
    assert told(office.wecom)[2:] == ["QianJin"]
    assert office.events() == ["escalation-opened 1", "escalation-acknowledged 1", "escalation-climbed 2"]


async def test_a_link_answers_once(office: Office) -> None:
    await office.hear(record())
    await office.work()
    address = office.webhook.posts[0]["acknowledge"]
    assert len(await office.answer(address)) == 1
    assert await office.answer(address) == []
    await office.pass_days(8)
    assert await office.states() == {"P-2026-017": "open"}
    assert await office.answer(address) == []
    assert await office.states() == {"P-2026-017": "open"}


async def test_an_answer_holds_back_what_is_still_queued(office: Office) -> None:
    office.wecom.next_replies.extend([-1, -1])
    await office.hear(record())
    await office.work()
    await office.answer(office.webhook.posts[0]["acknowledge"])
    await office.pass_days(1)
    assert office.wecom.messages == []
    assert {each.state for each in (await office.overview()).unresolved[0].deliveries} == {"sent", "superseded"}


async def test_the_milestones_event_resolves_the_case_and_those_told_are_told(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.pass_days(2)
    before = len(office.wecom.messages)
    await office.hear(record(revision=2, on="2026-09-03", stage="started"))
    await office.work()
    after = office.wecom.texts()[before:]
    assert len(after) == 3
    assert all("【落地办结】智能装备产业园（P-2026-017）" in text for text in after)
    assert all("已于9月3日开工，此前的催办到此结束。" in text for text in after)
    assert {text.splitlines()[1].partition("：")[0] for text in after} == {"王建国副区长", CONTACT, "钱进主任"}
    assert office.webhook.posts[-1]["notice"] == "resolved"
    assert office.webhook.posts[-1]["acknowledge"] is None
    assert await office.states() == {"P-2026-017": "resolved"}
    assert office.events()[-1] == "escalation-resolved 2"
    await office.pass_days(10)
    assert len(office.wecom.messages) == before + 3


async def test_what_is_settled_before_anybody_was_told_stays_unsaid(office: Office) -> None:
    office = Office(office.pool, office.wecom, office.webhook, office.client, settle=timedelta(minutes=1))
    await office.hear(record())
    await office.work()
    await office.hear(record(revision=2, on="2026-08-30"))
    office.now += timedelta(hours=1)
    await office.work()
    assert (office.wecom.messages, office.webhook.posts, office.published) == ([], [], [])


async def test_the_records_that_our_own_events_bring_back_open_nothing(office: Office) -> None:
    await office.hear(record())
    await office.work()
    for revision in range(2, 6):
        await office.hear(record(revision=revision))
        await office.work()
    await office.hear(record(revision=6, on="2026-09-02"))
    await office.work()
    for revision in range(7, 10):
        await office.hear(record(revision=revision, on="2026-09-02"))
        await office.work()
    assert office.events() == ["escalation-opened 1", "escalation-resolved 1"]


async def test_an_older_record_that_comes_late_changes_nothing(office: Office) -> None:
    await office.hear(record(revision=5, on="2026-08-30"))
    await office.hear(record(revision=4))
    await office.work()
    assert (await office.overview()).counts == {}


async def test_of_two_records_with_one_revision_the_later_message_counts(office: Office) -> None:
    await office.hear(record(revision=5), record(revision=5, on="2026-08-30"))
    await office.hear(record(revision=5))
    assert (await office.overview()).counts == {"open": 1}


async def test_a_message_of_the_ledger_that_is_no_record_costs_itself_alone(office: Office) -> None:
    broken = record("P-2", milestones="none")
    await office.hear(broken, record("P-1"))
    assert (await office.overview()).counts == {"open": 1}


async def test_a_suspended_project_stops_the_clock_of_its_case(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.hear(record(revision=2, stage="suspended"))
    await office.pass_days(9)
    assert len(told(office.wecom)) == 2
    assert (await office.overview()).unresolved[0].case.paused_at is not None
    # A Friday; two working days were left, so the next rung fires on Tuesday.
    await office.hear(record(revision=3))
    await office.pass_days(4 - 1 / 24)
    assert len(told(office.wecom)) == 2
    await office.pass_days(1 / 24)
    assert told(office.wecom)[2:] == ["QianJin"]


@pytest.mark.parametrize("paused_first", [True, False])
async def test_an_answer_stops_the_climb_for_its_days_not_counting_those_of_a_suspension(
    office: Office, paused_first: bool
) -> None:
    await office.hear(record())
    await office.work()
    link = office.webhook.posts[0]["acknowledge"]
    if not paused_first:
        await office.answer(link)
    # A Wednesday; it goes on on the Friday of the week after.
    await office.hear(record(revision=2, stage="suspended"))
    await office.pass_days(5)
    if paused_first:
        await office.answer(link)
    await office.pass_days(4)
    await office.hear(record(revision=3))
    [case] = (await office.overview()).unresolved
    assert case.case.state == "acknowledged"
    # Five working days of the answer, all of them left: the Friday after.
    assert case.case.next_fire_at == office.now + timedelta(days=7)
    assert [each.until for each in case.answers] == [case.case.next_fire_at]
    await office.pass_days(7 - 1 / 24)
    assert len(told(office.wecom)) == 2
    await office.pass_days(1 / 24)
    assert told(office.wecom)[2:] == ["QianJin"]


async def test_a_message_that_waits_when_the_project_is_suspended_goes_out_when_it_goes_on(office: Office) -> None:
    office.wecom.next_replies.extend([-1, -1])
    await office.hear(record())
    await office.work()
    await office.hear(record(revision=2, stage="suspended"))
    await office.pass_days(1)
    assert office.wecom.messages == []
    await office.hear(record(revision=3))
    await office.pass_days(1 / 24)
    assert sorted(told(office.wecom)) == ["MaChao", "WangJianGuo"]


async def test_a_terminated_project_ends_its_cases(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.hear(record(revision=2, stage="terminated"))
    await office.work()
    assert "项目已终止" in office.wecom.texts()[-1]
    assert await office.states() == {"P-2026-017": "resolved"}


async def test_a_timetable_that_gives_more_time_ends_the_case_and_a_new_delay_opens_another(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.hear(record(revision=2, due="2026-09-10"))
    await office.work()
    assert "时间表已调整，开工的新期限为9月10日" in office.wecom.texts()[-1]
    sent = len(office.wecom.messages)
    await office.pass_days(9)
    assert len(office.wecom.messages) == sent + 2
    assert "原定9月10日前开工，已逾期1天" in office.wecom.texts()[-1]


async def test_a_backlog_becomes_one_message_a_person(office: Office) -> None:
    office = Office(office.pool, office.wecom, office.webhook, office.client, settle=timedelta(minutes=1))
    # Read in three batches, half a minute apart.
    for batch in range(3):
        await office.hear(*(record(f"P-{batch}-{each}", due="2026-03-31") for each in range(20)))
        await office.work()
        office.now += timedelta(seconds=30)
    await office.pass_days(1 / 24)
    assert sorted(told(office.wecom)) == ["MaChao", "WangJianGuo"]
    (post,) = office.webhook.posts
    assert len(post["items"]) == 60
    assert all("有60项需您推动" in text and "……另有50项，见链接。" in text for text in office.wecom.texts())
    assert len(await office.answer(post["acknowledge"])) == 60


async def test_a_person_whom_the_directory_does_not_know_is_listed_and_the_next_rung_fires(office: Office) -> None:
    await office.hear(record(lead_official="赵六 副区长", lead_unit="区财政局"))
    office.take_directory(
        read_directory("name,role,unit,wecom_userid,wecom_bot\n钱进 主任,unit-head,区财政局,QianJin,leaders\n".encode())
    )
    await office.work()
    assert told(office.wecom) == ["QianJin"]
    (entry,) = (await office.overview()).unresolved
    dead = {each.recipient: each.said for each in entry.deliveries if each.state == "dead"}
    assert dead == {"赵六 副区长": "通讯录中没有此人", "区财政局单位联络员": "通讯录中没有区财政局的单位联络员"}
    assert entry.case.rung == 2


async def test_a_message_goes_to_the_address_of_the_day_on_which_it_is_sent(office: Office) -> None:
    later = f"{OFFICIAL},official,,WangJG,leaders,2026-09-04,\n"
    until_then = f"{OFFICIAL},official,,WangJianGuo,leaders,,2026-09-03\n"
    header = "name,role,unit,wecom_userid,wecom_bot,from,until\n"
    for lines in (later + until_then, until_then + later):
        office.take_directory(read_directory((header + lines).encode()))
        await office.hear(record(f"P-{office.sequence}", lead_unit=None))
        await office.work()
    assert told(office.wecom) == ["WangJianGuo", "WangJianGuo"]
    await office.pass_days(2)
    await office.hear(record("P-3", lead_unit=None))
    await office.work()
    assert told(office.wecom)[-1] == "WangJG"


async def test_with_nobody_in_the_directory_cases_wait(office: Office) -> None:
    office.take_directory(read_directory(b"name,role\n"))
    await office.hear(record())
    await office.work()
    assert (await office.overview()).unresolved[0].case.rung == 0
    office.take_directory(directory_of(office.wecom, office.webhook))
    await office.work()
    assert sorted(told(office.wecom)) == ["MaChao", "WangJianGuo"]


@pytest.mark.parametrize("attempt", range(5))
async def test_when_nobody_of_a_rung_can_be_reached_the_next_rung_fires_at_once(office: Office, attempt: int) -> None:
    """Several times over, since the three refusals are recorded side by side."""
    office.wecom.next_replies.extend([81013, 81013])
    office.webhook.next_replies.append(Reply(410))
    await office.hear(record())
    await office.work()
    assert {each.state for each in (await office.overview()).unresolved[0].deliveries} == {"dead"}
    await office.work()
    assert told(office.wecom) == ["QianJin"]


async def test_a_wrong_key_takes_no_case_up_its_ladder_before_its_time(office: Office) -> None:
    """What refuses everybody says nothing of anybody: the head of the district is not told for it, let alone missed."""
    office.webhook.next_replies.append(Reply(410))
    office.wecom.next_replies.extend([93000] * 9)
    await office.hear(record())
    for _ in range(5):
        await office.work()
    (entry,) = (await office.overview()).unresolved
    assert (entry.case.state, entry.case.rung) == ("open", 1)
    # Mended by an operator, it goes on in its time.
    office.wecom.next_replies.clear()
    await office.pass_days(1.9)
    assert office.wecom.messages == []
    await office.pass_days(0.2)
    assert told(office.wecom) == ["QianJin"]


async def test_whatever_a_provider_says_what_became_of_the_message_is_recorded(office: Office) -> None:
    office.webhook.next_replies.append(Reply(410, b"gone\x00\x1b[31m\xff"))
    await office.hear(record())
    await office.work()
    (dead,) = await office.pool.fetch("select code, said from notifier.message where state = 'dead'")
    assert (dead["code"], dead["said"]) == ("410", "gone  [31m\ufffd")
    assert len(office.wecom.messages) == 2


async def test_while_one_message_of_a_rung_has_arrived_the_climb_waits(office: Office) -> None:
    office.wecom.next_replies.extend([81013, 81013])
    await office.hear(record())
    await office.work()
    await office.work()
    assert office.wecom.messages == []
    assert len(office.webhook.posts) == 1


async def test_a_provider_that_is_away_gets_the_message_when_it_is_back(office: Office) -> None:
    office.webhook.next_replies.extend([Reply(503)] * 4)
    await office.hear(record())
    await office.work()
    assert office.webhook.posts == []
    for _ in range(8):
        office.now += timedelta(minutes=1)
        await office.work()
    assert len(office.webhook.posts) == 1
    numbers = {request.headers["luodi-delivery"] for request in office.webhook.requests}
    assert len(numbers) == 1


async def test_a_bot_that_may_have_taken_a_message_gets_it_once_more_under_the_same_number(office: Office) -> None:
    office.wecom.take_all_but_answer = Reply(hang_up=True)
    await office.hear(record(lead_unit="区财政局"))
    await office.work()
    await office.pass_days(1)
    first, second = office.wecom.texts()
    number = re.search(r"编号 (LD-\d+)$", first)
    assert number is not None
    assert second.endswith(f"编号 {number[1]}（第2次发送，如已收到请忽略）")
    states = {each.channel: each.state for each in (await office.overview()).unresolved[0].deliveries}
    assert states["wecom-bot"] == "uncertain"


async def test_no_message_to_the_group_names_the_investor_or_an_amount(office: Office) -> None:
    await office.hear(record(name="华创智能科技有限公司总部（投资5亿元）"))
    await office.work()
    assert office.wecom.messages
    for text in office.wecom.texts():
        assert "华创" not in text
        assert "5亿" not in text


async def test_a_case_names_the_whole_of_its_history(office: Office) -> None:
    await office.hear(record())
    await office.work()
    await office.answer(office.webhook.posts[0]["acknowledge"])
    (entry,) = (await office.overview()).unresolved
    assert [(each.rung, each.recipient, each.channel, each.code) for each in entry.deliveries] == [
        (1, OFFICIAL, "webhook", "200"),
        (1, OFFICIAL, "wecom-bot", "0"),
        (1, CONTACT, "wecom-bot", "0"),
    ]
    assert [each.who for each in entry.answers] == [OFFICIAL]


@pytest.mark.parametrize("webhook_first", [True, False])
async def test_one_answer_counts_for_every_channel_of_a_person(office: Office, webhook_first: bool) -> None:
    await office.hear(record(lead_unit="区财政局"))
    await office.work()
    group = re.search(r"http://\S+", office.wecom.texts()[0])
    assert group is not None
    addresses = [office.webhook.posts[0]["acknowledge"], group[0]]
    first, second = addresses if webhook_first else reversed(addresses)
    assert len(await office.answer(first)) == 1
    assert await office.answer(second) == []


async def test_nobody_is_woken_by_a_message_that_failed_in_the_evening(office: Office) -> None:
    # 18:10 in Shanghai; the last message of the day goes out by 18:20.
    office.now = START + timedelta(hours=8, minutes=10)
    office.webhook.next_replies.extend([Reply(503)] * 7)
    await office.hear(record())
    await office.work()
    await office.pass_days(14 / 24)
    assert office.webhook.posts == []
    await office.pass_days(1 / 24)
    assert len(office.webhook.posts) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_each_rung_reaches_each_recipient_once(office: Office, seed: int) -> None:
    """Records, answers, refusals and days in any order: the rows keep what was promised."""
    chance = Random(seed)  # noqa: S311 - repeatable on purpose
    # A gateway that fails has passed the message on, or has not: the provider may take what it says nothing of.
    replies: list[int | Reply] = [-1, 45009, 93000, Reply(502), Reply(503)]
    for revision in range(1, 41):
        match chance.choice(["record", "record", "answer", "day", "days", "trouble"]):
            case "record":
                await office.hear(
                    record(
                        f"P-{chance.randint(1, 3)}",
                        revision=revision,
                        due=chance.choice(["2026-08-31", "2026-08-20", "2026-09-05", "2027-01-31", None]),
                        on=chance.choice([None, None, None, "2026-09-01"]),
                        stage=chance.choice(["signed", "signed", "signed", "suspended", "terminated"]),
                        lead_official=chance.choice([OFFICIAL, OFFICIAL, "赵六 副区长"]),
                    )
                )
            case "answer" if office.webhook.posts:
                address = chance.choice(office.webhook.posts)["acknowledge"]
                if address:
                    with contextlib.suppress(ExpiredLinkError):
                        await office.answer(address)
            case "day":
                await office.pass_days(chance.random())
            case "days":
                await office.pass_days(chance.randint(1, 9))
            case "trouble":
                office.wecom.next_replies.extend(chance.choices(replies, k=chance.randint(1, 4)))
                office.webhook.next_replies.extend([Reply(chance.choice([410, 429, 500]))])
                # Taken, and the answer lost, as long as the trouble lasts.
                office.wecom.take_all_but_answer = chance.choice([None, None, Reply(hang_up=True), Reply(504)])
        await office.work()
    assert await office.pool.fetch(_MORE_THAN_ONE_CASE) == []
    assert await office.pool.fetch(_TOLD_TWICE) == []
    assert await office.pool.fetch(_UNTOLD_END) == []
    assert await office.pool.fetch(_STUCK, office.now) == []
    assert len({post["number"] for post in office.webhook.posts}) == len(office.webhook.posts)
    # What the group has read is what the rows say: each message once, and a second time only where that is said.
    first, second = read_in_group(office.wecom)
    assert set(first.values()) | set(second.values()) <= {1}
    rows = {f"LD-{row['number']:06d}": row for row in await office.pool.fetch(_TO_GROUP)}
    assert {number for number, row in rows.items() if row["state"] == "sent"} <= first.keys() | second.keys()
    assert all(rows[number]["sent_at"] or rows[number]["again"] for number in first.keys() | second.keys())
    assert all(rows[number]["again"] for number in second)
    for row in rows.values():
        if row["sent_at"]:
            assert next_opening(row["sent_at"], POLICY.opening, POLICY.days) == row["sent_at"]


def read_in_group(wecom: FakeWecom) -> tuple[Counter[str], Counter[str]]:
    """How often each number came into the group: as a first message, and as a second."""
    found = [re.search(r"编号 (LD-\d+)(（第2次)?", str(message)) for message in wecom.messages]
    numbers = [(each[1], each[2] is not None) for each in found if each]
    assert len(numbers) == len(wecom.messages)
    return Counter(number for number, again in numbers if not again), Counter(
        number for number, again in numbers if again
    )


_TO_GROUP = "select number, state, again, sent_at from notifier.message where channel = 'wecom-bot'"
_MORE_THAN_ONE_CASE = """
select dedup_key from notifier.escalation_case where state <> 'resolved' group by dedup_key having count(*) > 1
"""
_TOLD_TWICE = """
select case_id, rung, recipient, channel
from notifier.delivery
where state in ('sent', 'uncertain') and notice = 'overdue'
group by case_id, rung, recipient, channel
having count(*) > 1
"""
# Whoever was told of a case that is over was told that it is, or is about to be.
_UNTOLD_END = """
select case_id, recipient, channel
from notifier.delivery as told
join notifier.escalation_case on escalation_case.id = told.case_id
where told.notice = 'overdue' and told.state = 'sent' and escalation_case.state = 'resolved' and not exists (
    select from notifier.delivery as ended
    where (ended.case_id, ended.recipient, ended.channel) = (told.case_id, told.recipient, told.channel)
      and ended.notice = 'resolved'
)
"""
# An open case that nothing will ever move again.
_STUCK = """
select dedup_key
from notifier.escalation_case
where state in ('open', 'acknowledged') and paused_at is null and (next_fire_at is null or next_fire_at <= $1)
"""
