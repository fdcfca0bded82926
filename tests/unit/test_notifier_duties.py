"""What is owed on a project, day by day."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.notifier
from services.notifier.domain.duties import (
    MILESTONES,
    Ended,
    Holds,
    Met,
    Paused,
    Withdrawn,
    duties,
    next_look,
    standing,
    zh_date,
)
from services.notifier.domain.ladder import midnight
from services.notifier.domain.policy import Policy, read_policy
from services.notifier.domain.record import Record, UnreadableRecordError, read_record

TODAY = date(2026, 9, 23)
PACKAGED = read_policy((Path(services.notifier.__file__).parent / "policy.toml").read_text(encoding="utf-8"))
OVERDUE = "milestone-overdue"
# One rule of the packaged policy alone, without a digest and without days by default.
POLICY = read_policy(
    """
version = 1
[[rules]]
id = "milestone-overdue"
[[rules.ladder]]
who = ["lead-official", "unit-contact"]
answer_within = 2
[[rules.ladder]]
who = ["unit-head"]
answer_within = 2
[[rules.ladder]]
who = ["district-head"]
answer_within = 3
"""
)


def project(stage: str = "signed", **milestones: tuple[str | None, str | None]) -> Record:
    """A record whose milestones are given as name=(due, on)."""
    document: dict[str, Any] = {
        "district": "500101",
        "project": "P-2026-017",
        "revision": 3,
        "name": "智能装备产业园",
        "stage": stage,
        "lead_official": "王建国 副区长",
        "lead_unit": "区经济信息委",
        "milestones": {name.replace("_", "-"): {"due": due, "on": on} for name, (due, on) in milestones.items()},
        "facts": [{"event": "signed"}],
    }
    return read_record(orjson.dumps(document))


def test_a_milestone_whose_day_has_passed_is_owed_by_the_lead_unit() -> None:
    (duty,) = duties(project(started=("2026-08-31", None)), POLICY, midnight(TODAY))
    assert duty.key == "500101/P-2026-017/milestone-overdue/started"
    assert (duty.rule, duty.owed_by) == ("milestone-overdue", "区经济信息委")
    assert (duty.due, duty.since) == (date(2026, 8, 31), midnight(date(2026, 9, 1)))
    assert duty.text == "原定8月31日前开工，已逾期23天，尚未收到开工信息。"


def test_on_its_last_day_nothing_is_owed_and_on_the_next_it_is() -> None:
    record = project(started=("2026-08-31", None))
    assert duties(record, POLICY, midnight(date(2026, 8, 31))) == []
    (duty,) = duties(record, POLICY, midnight(date(2026, 9, 1)))
    assert "已逾期1天" in duty.text


@pytest.mark.parametrize("on", ["2026-08-30", "2026-09-20"])
def test_a_milestone_that_was_reached_in_time_or_late_is_not_owed(on: str) -> None:
    record, day = project(started=("2026-08-31", on)), date.fromisoformat(on)
    assert duties(record, POLICY, midnight(TODAY)) == []
    assert standing(record, OVERDUE, "started", POLICY, midnight(TODAY)) == Met(day, f"已于{zh_date(day, TODAY)}开工")


def test_a_suspended_project_owes_nothing_and_its_duties_wait() -> None:
    record = project("suspended", started=("2026-08-31", None))
    assert duties(record, POLICY, midnight(TODAY)) == []
    assert standing(record, OVERDUE, "started", POLICY, midnight(TODAY)) == Paused()


def test_a_terminated_project_owes_nothing_any_more() -> None:
    record = project("terminated", started=("2026-08-31", None), completed=("2026-12-31", None))
    assert duties(record, POLICY, midnight(TODAY)) == []
    assert standing(record, OVERDUE, "started", POLICY, midnight(TODAY)) == Ended()
    assert next_look(record, POLICY, midnight(TODAY)) is None


@pytest.mark.parametrize("due", ["2026-09-23", "2026-12-31"])
def test_a_timetable_that_names_a_later_day_withdraws_the_duty(due: str) -> None:
    assert standing(project(started=(due, None)), OVERDUE, "started", POLICY, midnight(TODAY)) == Withdrawn(
        date.fromisoformat(due), f"时间表已调整，开工的新期限为{zh_date(date.fromisoformat(due), TODAY)}"
    )


def test_a_milestone_without_a_due_day_is_never_owed() -> None:
    assert standing(project(), OVERDUE, "started", POLICY, midnight(TODAY)) == Withdrawn(None, "时间表中已不再要求开工")


def test_the_milestone_late_for_longest_comes_first() -> None:
    record = project(completed=("2026-07-01", None), started=("2026-08-01", None), planned=("2026-06-01", None))
    assert [duty.matter for duty in duties(record, POLICY, midnight(TODAY))] == ["planned", "completed", "started"]


def test_a_policy_without_the_rule_finds_nothing() -> None:
    assert duties(project(started=("2026-08-31", None)), Policy(version=1), midnight(TODAY)) == []


def test_a_day_of_another_year_is_written_with_its_year() -> None:
    assert zh_date(date(2025, 12, 31), TODAY) == "2025年12月31日"


def test_the_next_look_is_on_the_day_after_the_next_due_day() -> None:
    record = project(planned=("2026-09-01", None), started=("2026-09-23", None), completed=("2026-12-31", None))
    assert next_look(record, POLICY, midnight(TODAY)) == midnight(date(2026, 9, 24))
    assert next_look(record, POLICY, midnight(date(2026, 9, 24))) == midnight(date(2027, 1, 1))
    assert next_look(record, POLICY, midnight(date(2027, 1, 1))) is None


DAYS = st.none() | st.dates(TODAY - timedelta(days=60), TODAY + timedelta(days=60))
TIMETABLES = st.dictionaries(
    st.sampled_from(sorted(MILESTONES)), st.fixed_dictionaries({"due": DAYS, "on": DAYS}), max_size=6
)


@given(milestones=TIMETABLES, stage=st.sampled_from(["signed", "suspended", "terminated"]))
def test_no_duty_begins_on_a_day_that_nobody_planned_to_look_at(milestones: dict[str, Any], stage: str) -> None:
    record = project(stage).model_copy(
        update={"milestones": Record.model_validate({**project().model_dump(), "milestones": milestones}).milestones}
    )
    for offset in range(70):
        today = TODAY + timedelta(days=offset)
        known = {duty.key for duty in duties(record, POLICY, midnight(today))}
        tomorrow = {duty.key for duty in duties(record, POLICY, midnight(today + timedelta(days=1)))}
        if tomorrow - known:
            assert next_look(record, POLICY, midnight(today)) == midnight(today + timedelta(days=1))


@given(milestones=TIMETABLES, stage=st.sampled_from(["signed", "suspended", "terminated"]))
def test_duties_and_standing_never_disagree(milestones: dict[str, Any], stage: str) -> None:
    record = Record.model_validate({**project(stage).model_dump(), "milestones": milestones})
    held = {duty.matter: duty for duty in duties(record, POLICY, midnight(TODAY))}
    for matter in MILESTONES:
        found = standing(record, OVERDUE, matter, POLICY, midnight(TODAY))
        assert (matter in held) == isinstance(found, Holds)


@pytest.mark.parametrize(
    ("payload", "field"), [(b"{", "message"), (b"[]", "message"), (b'{"district": "500101"}', "project")]
)
def test_what_is_not_a_record_is_refused_with_the_field_named(payload: bytes, field: str) -> None:
    with pytest.raises(UnreadableRecordError, match=f"^{field}: "):
        read_record(payload)
