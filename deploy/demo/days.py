"""The days on which offices work, and the round dates that people write into timetables."""

from calendar import monthrange
from datetime import date, timedelta
from random import Random
from typing import Final

_WEEKEND: Final = 5


def end_of_month(day: date) -> date:
    """The last day of the month in which `day` lies."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def is_working(day: date) -> bool:
    """Monday to Friday, outside the long holidays; coarse, for the simulation only."""
    holidays = ((1, 1, 3), (2, 15, 23), (5, 1, 5), (10, 1, 7))
    return day.weekday() < _WEEKEND and not any(
        day.month == m and first <= day.day <= last for m, first, last in holidays
    )


def working_day(day: date) -> date:
    """`day` itself or the last working day before it, so that a deadline is never crossed."""
    while not is_working(day):
        day -= timedelta(days=1)
    return day


def round_date(day: date) -> date:
    """The next 15th or end of a month on or after `day`: what people write as a due date."""
    return day.replace(day=15) if day.day <= 15 else end_of_month(day)


def between(rng: Random, first: date, last: date) -> date:
    """A working day from `first` to `last`; `last` or shortly before it when there is none between."""
    day = working_day(first + timedelta(days=rng.randint(0, max((last - first).days, 0))))
    return day if day >= first else working_day(last)


def after(day: date, days: float) -> date:
    """The working day that lies about `days` days after `day`; before it for negative `days`."""
    return working_day(day + timedelta(days=round(days)))
