"""Working days and working hours."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.ladder import (
    Hours,
    Weekdays,
    after_working_days,
    next_morning,
    next_opening,
    working_days_between,
)
from shared.clock import BUSINESS_ZONE

# In 2026 the National Day holiday takes 1 to 7 October; Saturday the 10th is worked in its stead.
CALENDAR = Weekdays(
    holidays=frozenset(date(2026, 10, day) for day in (1, 2, 5, 6, 7)),
    worked=frozenset([date(2026, 10, 10)]),
    years=frozenset([2026]),
)
HOURS = Hours(time(8, 35), time(18, 20))


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BUSINESS_ZONE)


@pytest.mark.parametrize(
    ("begins", "opens"),
    [
        (at(9, 23, 10), at(9, 23, 10)),
        (at(9, 23, 8, 0), at(9, 23, 8, 35)),
        (at(9, 23, 18, 20), at(9, 23, 18, 20)),
        (at(9, 23, 23, 0), at(9, 24, 8, 35)),
        (at(9, 25, 19, 0), at(9, 28, 8, 35)),
        (at(9, 30, 20, 0), at(10, 8, 8, 35)),
        (at(10, 9, 20, 0), at(10, 10, 8, 35)),
    ],
    ids=["open", "early", "last minute", "night", "weekend", "holiday", "worked Saturday"],
)
def test_a_message_waits_for_the_next_working_hour(begins: datetime, opens: datetime) -> None:
    assert next_opening(begins, HOURS, CALENDAR) == opens


def test_a_district_may_send_on_every_day() -> None:
    every_day = Hours(time(0, 0), time(23, 59), every_day=True)
    assert next_opening(at(10, 3, 3), every_day, CALENDAR) == at(10, 3, 3)


@pytest.mark.parametrize(
    ("begins", "days", "ends"),
    [
        (at(9, 21), 2, at(9, 23)),
        (at(9, 25), 1, at(9, 28)),
        (at(9, 30), 1, at(10, 8)),
        (at(10, 8), 3, at(10, 12)),
        (at(9, 26), 1, at(9, 28)),
        (at(9, 26), 0, at(9, 26)),
    ],
    ids=["in the week", "over a weekend", "over a holiday", "worked Saturday", "from a Saturday", "none"],
)
def test_only_days_on_which_people_work_are_counted(begins: datetime, days: int, ends: datetime) -> None:
    assert after_working_days(begins, days, CALENDAR) == ends


INSTANTS = st.integers(0, 330 * 24 * 60).map(lambda minutes: at(1, 1, 0) + timedelta(minutes=minutes))


@given(begins=INSTANTS, days=st.integers(0, 40))
def test_counting_back_gives_the_days_that_were_added(begins: datetime, days: int) -> None:
    assert working_days_between(begins, after_working_days(begins, days, CALENDAR), CALENDAR) == days


@given(begins=INSTANTS)
def test_an_opening_is_never_in_the_past_and_is_open_itself(begins: datetime) -> None:
    opens = next_opening(begins, HOURS, CALENDAR)
    assert begins <= opens <= begins + timedelta(days=12)
    assert next_opening(opens, HOURS, CALENDAR) == opens


def test_between_an_instant_and_an_earlier_one_lie_no_days() -> None:
    assert working_days_between(at(9, 23), at(9, 1), CALENDAR) == 0


def test_a_year_whose_holidays_were_not_given_is_a_guess() -> None:
    assert CALENDAR.knows(date(2026, 12, 31))
    assert not CALENDAR.knows(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("begins", "comes"),
    [
        (at(9, 23, 0, 1), at(9, 23, 8, 40)),
        (at(9, 23, 8, 41), at(9, 24, 8, 40)),
        (at(9, 30, 12), at(10, 8, 8, 40)),
        (at(10, 9, 12), at(10, 10, 8, 40)),
    ],
    ids=["before it", "just missed", "before a holiday", "before a worked Saturday"],
)
def test_a_digest_comes_on_the_next_working_morning(begins: datetime, comes: datetime) -> None:
    assert next_morning(begins, time(8, 40), HOURS, CALENDAR) == comes


@given(begins=INSTANTS)
def test_a_digest_is_never_before_its_time_and_stays_when_it_is_due(begins: datetime) -> None:
    comes = next_morning(begins, time(8, 40), HOURS, CALENDAR)
    assert comes >= begins
    assert CALENDAR.is_working_day(comes.date())
    assert comes.time() == time(8, 40)
    assert next_morning(comes, time(8, 40), HOURS, CALENDAR) == comes
