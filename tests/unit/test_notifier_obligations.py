"""What each rule of the packaged policy finds on a project, and the sentences that people read of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.duties import (
    Duty,
    Ended,
    Holds,
    Met,
    Paused,
    Withdrawn,
    duties,
    next_look,
    standing,
    upcoming,
)
from services.notifier.domain.ladder import midnight
from services.notifier.domain.policy import read_policy
from services.notifier.domain.record import Record, UnreadableRecordError, read_record, read_report
from services.notifier.domain.rules import RuleId
from shared.clock import BUSINESS_ZONE
from tests.unit.test_notifier_duties import PACKAGED

TODAY = date(2026, 9, 23)


def project(**changes: Any) -> Record:
    """A claimed project under way, with nothing owed."""
    document: dict[str, Any] = {
        "district": "500101",
        "project": "P-2026-017",
        "revision": 3,
        "name": "智能装备产业园",
        "stage": "signed",
        "lead_official": "王建国 副区长",
        "lead_unit": "区经济信息委",
        "last_recorded_at": "2026-09-20T10:00:00+08:00",
    }
    return read_record(orjson.dumps(document | changes))


def fact(event: str, on: str, superseded_at: str | None = None) -> dict[str, Any]:
    return {"event": event, "on": on, "superseded_at": superseded_at, "data": {}}


def only(record: Record, today: date = TODAY) -> Duty:
    (duty,) = duties(record, PACKAGED, midnight(today))
    return duty


def ended(record: Record, rule: RuleId, matter: str) -> object:
    return standing(record, rule, matter, PACKAGED, midnight(TODAY))


def test_a_project_without_anything_owed_owes_nothing() -> None:
    assert duties(project(), PACKAGED, midnight(TODAY)) == []


INTENT = [fact("intent-signed", "2026-09-09")]


def test_an_intention_that_nobody_claims_is_owed_by_the_coordinator_after_so_many_working_days() -> None:
    record = project(stage="intent-signed", lead_official=None, lead_unit=None, facts=INTENT)
    assert duties(record, PACKAGED, midnight(date(2026, 9, 16))) == []
    duty = only(record, date(2026, 9, 17))
    assert (duty.rule, duty.owed_by, duty.due) == ("unclaimed", "区招商投资局", date(2026, 9, 16))
    assert duty.text == "9月9日签订意向，已8天无人挂包。请尽快明确挂包领导和牵头单位。"


def test_a_claim_ends_the_waiting_for_one() -> None:
    record = project(stage="intent-signed", facts=[*INTENT, fact("claimed", "2026-09-18")])
    assert ended(record, "unclaimed", "lead") == Met(date(2026, 9, 18), "已明确由王建国副区长挂包")


def test_an_intention_that_was_withdrawn_is_not_waited_for() -> None:
    gone = [fact("intent-signed", "2026-09-01", "2026-09-10T10:00:00+08:00")]
    record = project(stage="negotiating", lead_official=None, lead_unit=None, facts=gone)
    assert duties(record, PACKAGED, midnight(TODAY)) == []


def test_working_days_leave_out_holidays_and_count_the_days_worked_in_their_stead() -> None:
    # The week from 1 to 7 October is off, Saturday the 10th is worked, and so was Sunday the 20th of September.
    record = project(stage="intent-signed", lead_official=None, facts=[fact("intent-signed", "2026-09-29")])
    assert only(record, date(2026, 10, 31)).due == date(2026, 10, 12)


def test_a_deadline_in_a_year_whose_holidays_are_not_known_says_that_it_is_provisional() -> None:
    heard = "2026-12-30T10:00:00+08:00"
    facts = [fact("intent-signed", "2026-12-30")]
    record = project(stage="intent-signed", lead_official=None, facts=facts, last_recorded_at=heard)
    duty = only(record, date(2027, 1, 11))
    assert duty.provisional
    assert duty.brief.endswith("（期限暂定）")
    assert duty.text.endswith("期限跨入尚未公布放假安排的年份，为暂定。")


def test_a_milestone_is_told_of_a_week_ahead_and_by_another_rule_once_it_is_late() -> None:
    record = project(milestones={"started": {"due": "2026-09-30", "on": None}})
    assert duties(record, PACKAGED, midnight(date(2026, 9, 22))) == []
    soon = only(record, TODAY)
    assert soon.rule == "milestone-due-soon"
    assert soon.text == "应于9月30日前开工，还有7天。完成后请及时报送开工信息；不能按期的，请提前报告。"
    assert "今天到期" in only(record, date(2026, 9, 30)).text
    assert only(record, date(2026, 10, 1)).rule == "milestone-overdue"


def test_whoever_is_late_with_a_milestone_is_not_reminded_of_the_next_nor_asked_for_news() -> None:
    record = project(
        last_recorded_at="2026-01-05T10:00:00+08:00",
        milestones={"started": {"due": "2026-08-31", "on": None}, "completed": {"due": "2026-09-25", "on": None}},
    )
    duty = only(record)
    assert (duty.rule, duty.matter) == ("milestone-overdue", "started")


def test_while_a_milestone_is_late_those_after_it_are_not_pressed() -> None:
    late = {"started": {"due": "2026-08-31", "on": None}, "completed": {"due": "2026-09-15", "on": None}}
    assert only(project(milestones=late)).matter == "started"
    assert ended(project(milestones=late), "milestone-overdue", "completed") == Withdrawn(
        date(2026, 9, 15), "已并入前一里程碑的催办"
    )
    done = late | {"started": {"due": "2026-08-31", "on": "2026-09-20"}}
    assert only(project(milestones=done)).matter == "completed"


def test_without_a_timetable_a_step_is_due_so_many_days_after_the_one_before() -> None:
    record = project(milestones={"signed": {"due": None, "on": "2026-07-01"}})
    assert duties(record, PACKAGED, midnight(date(2026, 8, 30))) == []
    duty = only(record, date(2026, 9, 2))
    assert (duty.matter, duty.due) == ("site-fixed", date(2026, 8, 30))
    assert duty.text == ("签约后60天内应敲定选址（8月30日到期），已超3天，也未排定时间表。请抓紧推进，或补报时间表。")


def test_a_step_that_was_skipped_without_a_timetable_is_not_asked_for() -> None:
    reached = {"signed": {"due": None, "on": "2026-01-05"}, "planned": {"due": None, "on": "2026-09-01"}}
    assert duties(project(milestones=reached), PACKAGED, midnight(TODAY)) == []


def test_a_gate_waits_since_the_one_before_it_was_passed() -> None:
    record = project(stage="negotiating", gates={"preliminary": {"outcome": "passed", "on": "2026-09-01"}})
    assert duties(record, PACKAGED, midnight(date(2026, 9, 15))) == []
    duty = only(record, date(2026, 9, 16))
    assert (duty.rule, duty.matter, duty.owed_by) == ("gate-pending", "industry", "区经济信息委")
    assert duty.brief == "协议初审9月1日通过后，行业审查已15天未出结果"


def test_the_first_gate_waits_since_the_intention_was_signed() -> None:
    signed = {"stage": "intent-signed", "facts": [fact("intent-signed", "2026-08-03")]}
    # Thirty working days: six weeks without a holiday.
    assert duties(project(**signed), PACKAGED, midnight(date(2026, 9, 14))) == []
    duty = only(project(**signed), date(2026, 9, 15))
    assert (duty.rule, duty.matter, duty.due) == ("gate-pending", "preliminary", date(2026, 9, 14))
    assert duty.text == "8月3日签订意向后，协议初审已43天未出结果。请抓紧办理，并报送审查结果。"
    assert duty.owed_by == "区招商投资局"
    passed = {"preliminary": {"outcome": "passed", "on": "2026-09-21"}}
    assert ended(project(**signed, gates=passed), "gate-pending", "preliminary") == Met(
        date(2026, 9, 21), "协议初审已于9月21日通过"
    )


def test_a_gate_that_returned_the_agreement_waits_for_the_unit_that_reviews() -> None:
    gates = {
        "preliminary": {"outcome": "passed", "on": "2026-08-01"},
        "industry": {"outcome": "passed", "on": "2026-08-10"},
        "legal": {"outcome": "returned", "on": "2026-09-01"},
    }
    duty = only(project(stage="negotiating", gates=gates))
    assert (duty.matter, duty.owed_by) == ("legal", "区司法局")
    assert duty.brief == "法制审查9月1日退回补正，已22天未完成"
    passed = gates | {"legal": {"outcome": "passed", "on": "2026-09-22"}}
    assert ended(project(gates=passed), "gate-pending", "legal") == Met(date(2026, 9, 22), "法制审查已于9月22日通过")


@pytest.mark.parametrize(
    "changes",
    [
        {"gates": {"preliminary": {"outcome": "rejected", "on": "2026-08-01"}}},
        {
            "facts": [fact("intent-signed", "2026-07-01")],
            "milestones": {"signed": {"due": None, "on": "2026-09-20"}},
        },
        {
            "gates": {"preliminary": {"outcome": "passed", "on": "2026-08-01"}},
            "milestones": {"signed": {"due": None, "on": "2026-09-20"}},
        },
    ],
    ids=["rejected", "signed without the first", "signed without the next"],
)
def test_a_gate_is_not_waited_for_after_a_refusal_or_a_contract(changes: dict[str, Any]) -> None:
    assert duties(project(**changes), PACKAGED, midnight(TODAY)) == []


def test_a_project_of_which_nothing_was_heard_is_asked_for_news() -> None:
    record = project(last_recorded_at="2026-06-20T23:30:00+08:00")
    assert duties(record, PACKAGED, midnight(date(2026, 9, 18))) == []
    assert only(record, date(2026, 9, 19)).brief == "已91天没有任何进展报送（最近一次6月20日）"
    heard = project(last_recorded_at="2026-09-22T09:00:00+08:00")
    assert ended(heard, "no-event", "news") == Withdrawn(date(2026, 12, 21), "9月22日收到新的进展")


@pytest.mark.parametrize("stage", ["reserved", "at-capacity", "terminated"])
def test_nobody_is_asked_for_news_of_what_has_not_begun_or_is_over(stage: str) -> None:
    assert duties(project(stage=stage, last_recorded_at="2026-01-05T10:00:00+08:00"), PACKAGED, midnight(TODAY)) == []


def issue(**changes: Any) -> dict[str, Any]:
    whole = {"text": "用地指标不足", "urgency": "urgent", "owner_unit": "区规划自然资源局", "raised_on": "2026-09-14"}
    return {"issues": {"Q1": whole | changes}}


@pytest.mark.parametrize(
    ("urgency", "due"), [("at-once", "2026-09-15"), ("urgent", "2026-09-17"), ("special", "2026-09-29")]
)
def test_an_issue_is_late_after_the_hours_of_its_urgency(urgency: str, due: str) -> None:
    last = date.fromisoformat(due)
    assert duties(project(**issue(urgency=urgency)), PACKAGED, midnight(last)) == []
    assert only(project(**issue(urgency=urgency)), last + timedelta(days=1)).due == last


RAISED = datetime(2026, 9, 14, 9, 30, tzinfo=BUSINESS_ZONE)


@pytest.mark.parametrize(("urgency", "hours"), [("at-once", 24), ("urgent", 72), ("special", 360)])
def test_the_hours_of_an_issue_count_from_the_instant_at_which_it_was_recorded(urgency: str, hours: int) -> None:
    record = project(**issue(urgency=urgency, raised_at=RAISED.astimezone(UTC).isoformat()))
    late = RAISED + timedelta(hours=hours)
    assert duties(record, PACKAGED, late - timedelta(seconds=1)) == []
    assert next_look(record, PACKAGED, late - timedelta(seconds=1)) == late
    (duty,) = duties(record, PACKAGED, late)
    assert (duty.since, duty.due, duty.pressing) == (late, late.date(), urgency == "at-once")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (timedelta(minutes=59), "不足1小时"),
        (timedelta(hours=1), "1小时"),
        (timedelta(hours=23, minutes=59), "23小时"),
        (timedelta(days=1), "1天"),
        (timedelta(days=9), "9天"),
    ],
)
def test_how_long_an_issue_is_late_is_said_in_hours_and_then_in_days(late: timedelta, said: str) -> None:
    record = project(**issue(urgency="at-once", raised_at=RAISED.isoformat()))
    (duty,) = duties(record, PACKAGED, RAISED + timedelta(hours=24) + late)
    assert duty.brief == f"问题“用地指标不足”（立即办）应于9月15日9:30前解决，已超期{said}"


@pytest.mark.parametrize("raised_at", ["2026-09-15T09:30:00+08:00", "2026-09-13T23:59:59+08:00", None])
def test_an_issue_that_was_reported_on_another_day_has_the_whole_day(raised_at: str | None) -> None:
    record = project(**issue(urgency="at-once", raised_at=raised_at))
    assert only(record, date(2026, 9, 16)).due == date(2026, 9, 15)
    assert duties(record, PACKAGED, midnight(date(2026, 9, 16)) - timedelta(seconds=1)) == []


def test_an_issue_is_owed_by_the_unit_that_it_names_and_by_its_own_day() -> None:
    duty = only(project(**issue(due="2026-09-20")))
    assert (duty.rule, duty.matter, duty.owed_by) == ("issue-overdue", "Q1", "区规划自然资源局")
    assert duty.text == (
        "问题“用地指标不足”（加急办）应于9月20日前解决，已超期3天。"
        "9月14日提出，由区规划自然资源局负责，请尽快解决并报送办结情况。"
    )
    solved = project(**issue(resolved_on="2026-09-22"))
    assert ended(solved, "issue-overdue", "Q1") == Met(date(2026, 9, 22), "问题“用地指标不足”已于9月22日解决")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("用地指标不足。", "“用地指标不足”"),
        ("“三通一平”未完成；", "“‘三通一平’未完成”"),
        ("水电\n未通", "“水电 未通”"),
    ],
)
def test_what_a_department_wrote_is_quoted_as_people_quote(written: str, read: str) -> None:
    assert only(project(**issue(text=written))).brief.startswith(f"问题{read}（加急办）")


def test_a_deadline_that_was_put_off_is_said_to_be_another_one() -> None:
    put_off = project(**issue(due="2026-10-15"), pledges={"C1": {"clause": "租金", "due": "2026-10-15"}})
    assert ended(put_off, "issue-overdue", "Q1") == Withdrawn(
        date(2026, 10, 15), "问题“用地指标不足”的期限已调整为10月15日"
    )
    assert ended(put_off, "pledge-overdue", "C1") == Withdrawn(date(2026, 10, 15), "承诺“租金”的期限已调整为10月15日")


def test_an_issue_that_was_only_resolved_is_not_owed() -> None:
    assert (
        duties(project(issues={"Q1": {"raised_on": None, "resolved_on": "2026-09-01"}}), PACKAGED, midnight(TODAY))
        == []
    )


def test_a_promise_is_told_of_ahead_and_pressed_when_it_was_not_kept() -> None:
    record = project(pledges={"C1": {"clause": "标准厂房租金减半", "due": "2026-09-30", "kept_on": None}})
    assert only(record).brief == "对企业的承诺“标准厂房租金减半”应于9月30日前兑现，还有7天"
    late = only(record, date(2026, 10, 2))
    assert (late.rule, late.brief) == ("pledge-overdue", "对企业的承诺“标准厂房租金减半”应于9月30日前兑现，已逾期2天")
    kept = project(pledges={"C1": {"clause": "租金", "due": "2026-08-30", "kept_on": "2026-09-01"}})
    assert ended(kept, "pledge-overdue", "C1") == Met(date(2026, 9, 1), "承诺“租金”已于9月1日兑现")


def test_a_promise_without_a_day_is_never_late() -> None:
    assert duties(project(pledges={"C1": {"clause": "租金"}}), PACKAGED, midnight(TODAY)) == []


def report(elapsed_pct: str = "72.78", through: str = "2026-09-22", **figures: Any) -> bytes:
    """What reporting publishes of one indicator of 2026."""
    indicator = {"code": "funds-arrived", "title": "招商引资到位资金", "unit": "亿元", "actual": "42.0", **figures}
    document = {
        "district": "500101",
        "year": 2026,
        "through": through,
        "elapsed_pct": elapsed_pct,
        "revision": 7,
        "indicators": [indicator],
    }
    return orjson.dumps(document)


def test_a_figure_far_behind_the_time_that_has_passed_is_owed_by_the_coordinator() -> None:
    (record,) = read_report(report(target="105", completion_pct="40.0", lead_points="-32.8"))
    assert (record.project, record.name, record.revision) == ("target-2026-funds-arrived", "2026年招商引资到位资金", 7)
    duty = only(record)
    assert (duty.rule, duty.owed_by, duty.due) == ("indicator-behind", "区招商投资局", date(2026, 12, 31))
    assert duty.text == (
        "截至9月22日，完成年度目标的40.0%，比序时进度落后32.8个百分点（时间已过72.8%）。请分析原因，加快推进。"
    )
    assert duties(record, PACKAGED, midnight(date(2027, 1, 1))) == []
    assert next_look(record, PACKAGED, midnight(TODAY)) == midnight(date(2027, 1, 1))


def test_a_year_that_ends_before_the_calendars_is_over_when_all_of_it_has_passed() -> None:
    figures = {"target": "105", "completion_pct": "40.0", "lead_points": "-60.0"}
    (record,) = read_report(report(through="2026-11-30", elapsed_pct="100.00", **figures))
    assert len(duties(record, PACKAGED, midnight(date(2026, 11, 30)))) == 1
    assert duties(record, PACKAGED, midnight(date(2026, 12, 1))) == []


def test_a_half_is_rounded_up_as_in_the_bulletin() -> None:
    (record,) = read_report(report(elapsed_pct="66.25", completion_pct="40.0", lead_points="-26.25"))
    assert "落后26.3个百分点（时间已过66.3%）" in only(record).text


@pytest.mark.parametrize(
    ("lead_points", "opens", "keeps"),
    [("-15.1", True, True), ("-15", False, True), ("-12.1", False, True), ("-12", False, False), ("3.0", False, False)],
)
def test_a_figure_that_comes_back_across_the_line_keeps_its_case_for_some_points(
    lead_points: str, opens: bool, keeps: bool
) -> None:
    (record,) = read_report(report(target="105", completion_pct="57.7", lead_points=lead_points))
    assert bool(duties(record, PACKAGED, midnight(TODAY))) is opens
    assert isinstance(ended(record, "indicator-behind", "funds-arrived"), Holds) is keeps


@pytest.mark.parametrize(
    "figures",
    [
        {"target": "105", "completion_pct": "60.0", "lead_points": "-15.0"},
        {"target": None, "completion_pct": None, "lead_points": None},
    ],
    ids=["a little behind", "without a target"],
)
def test_a_figure_near_its_time_or_without_a_target_is_not_owed(figures: dict[str, Any]) -> None:
    (record,) = read_report(report(**figures))
    assert duties(record, PACKAGED, midnight(TODAY)) == []


def test_a_report_that_is_none_is_refused_with_the_field_named() -> None:
    with pytest.raises(UnreadableRecordError, match=r"^district: "):
        read_report(b'{"year": 2026}')


EVERYTHING = {
    "last_recorded_at": "2026-01-05T10:00:00+08:00",
    "facts": INTENT,
    "milestones": {"started": {"due": "2026-08-31", "on": None}, "completed": {"due": "2026-09-25", "on": None}},
    "gates": {"preliminary": {"outcome": "returned", "on": "2026-08-01"}},
    "issues": {"Q1": {"text": "缺地", "urgency": "at-once", "raised_on": "2026-09-01"}},
    "pledges": {"C1": {"due": "2026-09-01"}, "C2": {"due": "2026-09-30"}},
}


def test_the_most_urgent_is_first() -> None:
    found = [(duty.rule, duty.matter) for duty in duties(project(**EVERYTHING), PACKAGED, midnight(TODAY))]
    assert found == [
        ("issue-overdue", "Q1"),
        ("milestone-overdue", "started"),
        ("pledge-overdue", "C1"),
        ("gate-pending", "preliminary"),
        ("pledge-due-soon", "C2"),
    ]


def test_every_duty_of_a_suspended_project_waits_and_of_a_terminated_one_ends() -> None:
    for duty in duties(project(**EVERYTHING), PACKAGED, midnight(TODAY)):
        assert ended(project(**EVERYTHING, stage="suspended"), duty.rule, duty.matter) == Paused()
        assert ended(project(**EVERYTHING, stage="terminated"), duty.rule, duty.matter) == Ended()


def test_a_rule_that_the_policy_dropped_is_not_pressed_any_more() -> None:
    found = standing(project(**EVERYTHING), "issue-overdue", "Q1", read_policy("version = 1"), midnight(TODAY))
    assert found == Withdrawn(None, "已不再按此项催办")


DAYS = st.none() | st.dates(TODAY - timedelta(days=120), TODAY + timedelta(days=60))
_TEXTS = st.sampled_from(["用地指标不足", "x" * 200, ""])
RECORDS = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["negotiating", "signed", "started", "suspended", "terminated", "at-capacity"]),
        "lead_official": st.sampled_from([None, "王建国 副区长"]),
        "lead_unit": st.sampled_from([None, "区经济信息委"]),
        "intent_signed_on": DAYS,
        "last_recorded_at": st.none() | st.just("2026-06-20T10:00:00+08:00"),
        "milestones": st.dictionaries(
            st.sampled_from(["signed", "site-fixed", "started", "completed"]),
            st.fixed_dictionaries({"due": DAYS, "on": DAYS}),
        ),
        "gates": st.dictionaries(
            st.sampled_from(["preliminary", "industry", "legal"]),
            st.fixed_dictionaries(
                {"outcome": st.sampled_from(["passed", "returned", "rejected"]), "on": DAYS.filter(bool)}
            ),
        ),
        "issues": st.dictionaries(
            st.sampled_from(["Q1", "Q2"]),
            st.fixed_dictionaries(
                {
                    "text": _TEXTS,
                    "urgency": st.sampled_from([None, "at-once", "urgent", "special"]),
                    "due": DAYS,
                    "raised_on": DAYS,
                    "resolved_on": DAYS,
                }
            ),
        ),
        "pledges": st.dictionaries(
            st.sampled_from(["C1", "C2"]), st.fixed_dictionaries({"clause": _TEXTS, "due": DAYS, "kept_on": DAYS})
        ),
    }
).map(lambda changes: Record.model_validate({"district": "500101", "project": "P-1", "revision": 1, **changes}))


@given(record=RECORDS, offset=st.integers(0, 90))
def test_every_duty_holds_alone_has_a_key_of_its_own_and_says_something(record: Record, offset: int) -> None:
    today = TODAY + timedelta(days=offset)
    found = duties(record, PACKAGED, midnight(today))
    assert len({duty.key for duty in found}) == len(found)
    for duty in found:
        assert standing(record, duty.rule, duty.matter, PACKAGED, midnight(today)) == Holds(duty)
        assert duty.rule in get_args(RuleId)
        assert duty.since <= midnight(today)
        assert duty.owed_by
        assert duty.text.startswith(duty.brief)
        assert duty.text.endswith("。")
        assert "None" not in duty.text


@given(record=RECORDS, offset=st.integers(0, 90))
def test_no_duty_begins_or_ends_on_a_day_that_nobody_planned_to_look_at(record: Record, offset: int) -> None:
    today = TODAY + timedelta(days=offset)
    tomorrow = today + timedelta(days=1)
    before = {duty.key for duty in duties(record, PACKAGED, midnight(today))}
    after = {duty.key for duty in duties(record, PACKAGED, midnight(tomorrow))}
    if before != after:
        assert next_look(record, PACKAGED, midnight(today)) == midnight(tomorrow)


def with_hours(record: Record, hour: int) -> Record:
    """The record whose issues were recorded at an hour of the day on which they were raised."""
    at = timedelta(hours=hour, minutes=7)
    issues = {
        name: each.model_copy(update={"raised_at": midnight(each.raised_on) + at if each.raised_on else None})
        for name, each in record.issues.items()
    }
    return record.model_copy(update={"issues": issues})


@given(
    record=st.builds(with_hours, RECORDS, st.integers(0, 23)), hours=st.integers(0, 90 * 24), later=st.integers(1, 48)
)
def test_no_duty_begins_or_ends_at_an_instant_that_nobody_planned_to_look_at(
    record: Record, hours: int, later: int
) -> None:
    now = midnight(TODAY) + timedelta(hours=hours)
    then = now + timedelta(hours=later)
    before, held = duties(record, PACKAGED, now), duties(record, PACKAGED, then)
    assert all(standing(record, duty.rule, duty.matter, PACKAGED, now) == Holds(duty) for duty in before)
    if {duty.key for duty in before} != {duty.key for duty in held}:
        look = next_look(record, PACKAGED, now)
        assert look is not None
        assert now < look <= then


@given(record=RECORDS)
def test_what_is_to_come_is_not_owed_yet_and_the_next_look_is_not_after_it(record: Record) -> None:
    held = {(duty.rule, duty.matter) for duty in duties(record, PACKAGED, midnight(TODAY))}
    for each in upcoming(record, PACKAGED, midnight(TODAY)):
        assert (each.rule, each.matter) not in held
        look = next_look(record, PACKAGED, midnight(TODAY))
        assert look is not None
        assert midnight(TODAY) < look <= each.since
