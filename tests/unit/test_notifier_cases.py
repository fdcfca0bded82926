"""What happens to a case."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.notifier.domain.cases import (
    Case,
    Climb,
    Exhaust,
    Move,
    Open,
    Pause,
    Register,
    Resolve,
    Resume,
    State,
    Timing,
    Wait,
    fire,
    may_acknowledge,
    review,
    stands,
)
from services.notifier.domain.policy import Policy, Rung
from services.notifier.domain.record import Record
from services.notifier.domain.timers import Clock, answer_by
from tests.unit.test_notifier_duties import OVERDUE, POLICY, project

# Wednesday, 10:00 in Shanghai.
NOW = datetime(2026, 9, 9, 2, 0, tzinfo=UTC)
NIGHT = datetime(2026, 9, 9, 15, 0, tzinfo=UTC)
MORNING = datetime(2026, 9, 10, 0, 35, tzinfo=UTC)
TIMING = Timing(settle=timedelta(minutes=1), catch_up_days=7)
LATE = project(started=("2026-08-31", None))
FRESH = project(started=("2026-09-08", None))


def case(
    state: State = "open", rung: int = 0, next_fire_at: datetime | None = NOW, paused_at: datetime | None = None
) -> Case:
    return Case(
        id=UUID(int=1),
        district="500101",
        project="P-2026-017",
        key="500101/P-2026-017/milestone-overdue/started",
        rule=OVERDUE,
        matter="started",
        due=date(2026, 8, 31),
        state=state,
        generation=1,
        rung=rung,
        ladder=POLICY.rules[0].ladder,
        opened_at=NOW,
        next_fire_at=next_fire_at,
        paused_at=paused_at,
    )


def fired(subject: Case, record: Record = LATE, now: datetime = NOW, policy: Policy = POLICY) -> object:
    return fire(subject, stands(subject, record, (), policy, now), policy, now)


def test_a_duty_without_a_case_opens_one_whose_first_rung_fires_once_it_has_settled() -> None:
    (change,) = review(FRESH, Register(), POLICY, TIMING, NOW)
    assert isinstance(change, Open)
    assert change.fire_at == NOW + timedelta(minutes=1)
    assert change.ladder == POLICY.rules[0].ladder
    assert not change.catch_up


def test_what_was_late_long_before_anybody_looked_is_caught_up_with() -> None:
    (change,) = review(LATE, Register(), POLICY, TIMING, NOW)
    assert isinstance(change, Open)
    assert change.catch_up


def test_a_case_that_opens_at_night_waits_for_the_morning() -> None:
    (change,) = review(FRESH, Register(), POLICY, TIMING, NIGHT)
    assert isinstance(change, Open)
    assert change.fire_at == MORNING


def test_a_duty_that_has_a_case_changes_nothing() -> None:
    assert review(LATE, Register([case()]), POLICY, TIMING, NOW) == []


def test_the_event_of_the_milestone_resolves_the_case() -> None:
    record = project(started=("2026-08-31", "2026-09-05"))
    assert review(record, Register([case()]), POLICY, TIMING, NOW) == [
        Resolve(case(), "met", date(2026, 9, 5), "已于9月5日开工")
    ]


def test_a_later_due_day_resolves_the_case() -> None:
    record = project(started=("2026-12-31", None))
    assert review(record, Register([case()]), POLICY, TIMING, NOW) == [
        Resolve(case(), "withdrawn", date(2026, 12, 31), "时间表已调整，开工的新期限为12月31日")
    ]


def test_a_later_due_day_that_has_passed_as_well_moves_the_case() -> None:
    assert review(FRESH, Register([case()]), POLICY, TIMING, NOW) == [Move(case(), date(2026, 9, 8))]


def test_termination_resolves_the_case() -> None:
    record = project("terminated", started=("2026-08-31", None))
    assert review(record, Register([case()]), POLICY, TIMING, NOW) == [Resolve(case(), "ended", None, "项目已终止")]


def test_suspension_stops_the_clock_once() -> None:
    record = project("suspended", started=("2026-08-31", None))
    assert review(record, Register([case()]), POLICY, TIMING, NOW) == [Pause(case())]
    assert review(record, Register([case(paused_at=NOW)]), POLICY, TIMING, NOW) == []


def test_when_the_project_goes_on_the_case_has_the_time_it_had_left() -> None:
    # Paused on a Wednesday with two working days to go, resumed on the Monday after.
    waiting = case(rung=1, next_fire_at=NOW + timedelta(days=2), paused_at=NOW)
    monday = NOW + timedelta(days=5)
    (change,) = review(LATE, Register([waiting]), POLICY, TIMING, monday)
    assert change == Resume(waiting, monday + timedelta(days=2), Clock(monday, 2))


def test_an_exhausted_case_that_was_paused_stays_exhausted() -> None:
    waiting = case("exhausted", rung=3, next_fire_at=None, paused_at=NOW)
    assert review(LATE, Register([waiting]), POLICY, TIMING, NOW) == [Resume(waiting, None, None)]


def test_a_due_case_climbs_rung_by_rung_until_it_is_exhausted() -> None:
    first = fired(case())
    assert isinstance(first, Climb)
    assert (first.rung, first.who) == (1, ("lead-official", "unit-contact"))
    assert first.next_fire_at == NOW + timedelta(days=2)
    assert not first.digest
    second = fired(case(rung=1))
    assert isinstance(second, Climb)
    assert (second.rung, second.who) == (2, ("unit-head",))
    third = fired(case(rung=2))
    assert isinstance(third, Climb)
    assert (third.rung, third.who) == (3, ("district-head",))
    assert fired(case(rung=3)) == Exhaust(case(rung=3))


def test_an_acknowledgement_that_ran_out_lets_the_climb_go_on() -> None:
    climb = fired(case("acknowledged", rung=1))
    assert isinstance(climb, Climb)
    assert climb.rung == 2


def test_a_case_keeps_the_ladder_it_opened_with() -> None:
    shorter = POLICY.model_copy(
        update={"rules": (POLICY.rules[0].model_copy(update={"ladder": (Rung(who=("unit-head",), answer_within=1),)}),)}
    )
    climb = fired(case(rung=1), policy=shorter)
    assert isinstance(climb, Climb)
    assert climb.rung == 2


def test_a_timer_that_fires_at_night_waits_for_the_morning() -> None:
    assert fired(case(), now=NIGHT) == Wait(case(), MORNING)


def test_a_timer_looks_again_and_finds_the_milestone_reached() -> None:
    record = project(started=("2026-08-31", "2026-09-09"))
    assert fired(case(), record) == Resolve(case(), "met", date(2026, 9, 9), "已于9月9日开工")


def test_a_timer_looks_again_and_finds_the_project_suspended() -> None:
    record = project("suspended", started=("2026-08-31", None))
    assert fired(case(), record) == Pause(case())


def test_an_acknowledgement_holds_for_the_policys_working_days() -> None:
    # Wednesday and Wednesday.
    assert answer_by(POLICY, NOW) == datetime(2026, 9, 16, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "may"), [("open", True), ("exhausted", True), ("acknowledged", False), ("resolved", False)]
)
def test_only_what_nobody_answered_may_be_acknowledged(state: State, may: bool) -> None:
    assert may_acknowledge(case(state, rung=1)) is may
    assert not may_acknowledge(case(state))
