"""When the next rung of a ladder fires, in working days and working hours."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from shared.clock import BUSINESS_ZONE

_DAY = timedelta(days=1)


class Calendar(Protocol):
    """Which days people work on."""

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day."""

    def knows(self, day: date) -> bool:
        """Whether the official calendar of this day's year is known; if not, it is a guess."""


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Monday to Friday, save public holidays, and the weekend days worked in their stead (调休)."""

    holidays: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether people work on this day."""
        return day in self.worked or (day.weekday() < 5 and day not in self.holidays)

    def knows(self, day: date) -> bool:
        """Whether the holidays of this day's year were given."""
        return day.year in self.years


@dataclass(frozen=True, slots=True)
class Hours:
    """When messages may go out, by the clock in Asia/Shanghai; `start` is before `end`."""

    start: time
    end: time
    every_day: bool = False

    def open_on(self, day: date, calendar: Calendar) -> bool:
        """Whether messages go out on this day at all."""
        return self.every_day or calendar.is_working_day(day)


def next_opening(at: datetime, hours: Hours, calendar: Calendar) -> datetime:
    """The first instant, not before `at`, at which a message may go out."""
    local = at.astimezone(BUSINESS_ZONE)
    day, begins = local.date(), local.time()
    if hours.open_on(day, calendar) and begins <= hours.end:
        return at if begins >= hours.start else _at(day, hours.start)
    day += _DAY
    while not hours.open_on(day, calendar):
        day += _DAY
    return _at(day, hours.start)


def next_morning(at: datetime, clock: time, hours: Hours, calendar: Calendar) -> datetime:
    """The first instant, not before `at`, at which the day's one message goes out: at `clock`, on a day with hours."""
    local = at.astimezone(BUSINESS_ZONE)
    day = local.date() if local.time() <= clock else local.date() + _DAY
    while not hours.open_on(day, calendar):
        day += _DAY
    return max(at, _at(day, clock))


def after_working_days(at: datetime, days: int, calendar: Calendar) -> datetime:
    """The same time of day, `days` working days later; the days between that nobody works on are not counted."""
    local = at.astimezone(BUSINESS_ZONE)
    return _at(working_day_after(local.date(), days, calendar), local.time())


def working_day_after(day: date, days: int, calendar: Calendar) -> date:
    """The day that many working days after a day."""
    while days > 0:
        day += _DAY
        days -= calendar.is_working_day(day)
    return day


def working_days_between(start: datetime, end: datetime, calendar: Calendar) -> int:
    """How many working days lie after the day of `start`, up to and including the day of `end`; never negative."""
    day, last = start.astimezone(BUSINESS_ZONE).date(), end.astimezone(BUSINESS_ZONE).date()
    count = 0
    while day < last:
        day += _DAY
        count += calendar.is_working_day(day)
    return count


def midnight(day: date) -> datetime:
    """The instant at which a day begins."""
    return _at(day, time())


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=BUSINESS_ZONE)
