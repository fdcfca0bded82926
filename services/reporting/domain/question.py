"""What is asked of the figures: a year, how far into it, and as known at which instant."""

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.reporting.domain.rules import CALENDAR
from shared.instants import read_instant

_A_DAY = timedelta(days=1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class QuestionError(ValueError):
    """A question that has no answer as it is put; the message says what is wrong and how to put it right."""


@dataclass(frozen=True, slots=True)
class Question:
    """Figures of a year up to `through`, in Asia/Shanghai, as known at `known_by` (None: as known now)."""

    year: int
    through: date
    known_by: datetime | None

    @property
    def first_day(self) -> date:
        """The first day that counts in a calendar year."""
        return date(self.year, 1, 1)

    def period(self, year_begins: str) -> tuple[date, date]:
        """The first and the last day that count in a year that begins so ("12-01") and ends in the asked year."""
        first = begin_of(self.year, year_begins)
        end = date(self.year, 12, 31) if first == self.first_day else begin_of(self.year + 1, year_begins) - _A_DAY
        return first, min(self.through, end)

    def month_ends(self, year_begins: str) -> list["Question"]:
        """The same at the end of each month of such a year until the asked day; none before the year's first day."""
        first, last = self.period(year_begins)
        ends = (_last_of_month(first, number) for number in range(12))
        return [replace(self, through=min(end, last)) for end in ends if end.replace(day=1) <= last]


def begin_of(year: int, year_begins: str) -> date:
    """The first day of a year that begins so ("12-01") and is named after the calendar year in which it ends."""
    month = int(year_begins[:2])
    return date(year if month == 1 else max(1, year - 1), month, 1)


def year_of(day: date, year_begins: str) -> int:
    """The year to which a day belongs, named after the calendar year in which it ends."""
    month = int(year_begins[:2])
    return day.year + int(month != 1 and day.month >= month)


def question(  # noqa: PLR0913, PLR0917 - the last two may be left out
    year: str | None,
    through: str | None,
    known_by: str | None,
    today: date,
    year_begins: str = CALENDAR,
    earliest: str | None = None,
) -> Question:
    """Read a question as it came in an address. Raises QuestionError.

    Without `through` it is today, or the last day of a year that is over; without `year` it is the one to which
    `through` belongs, where years begin as `year_begins`. `earliest` is the earliest beginning of a year among all that
    is asked, where those differ.
    """
    earliest = earliest or year_begins
    asked_year = None if not year else _year(year)
    day = _through(through, asked_year, today, earliest)
    if asked_year is None:
        asked_year = year_of(day, year_begins)
    if asked_year > 9998:
        raise QuestionError(f"year {asked_year} is beyond the calendar of this service: give an earlier one.")
    if not begin_of(asked_year, earliest) <= day <= date(asked_year, 12, 31):
        raise QuestionError(
            f"through {day} lies outside year {asked_year}: give a day of that year, or leave year out."
        )
    return Question(asked_year, day, None if not known_by else _instant(known_by))


def _last_of_month(day: date, later: int) -> date:
    """The last day of the month that is so many months after the day's."""
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _year(text: str) -> int:
    if not re.fullmatch(r"\d{4}", text, re.ASCII) or text == "0000":
        raise QuestionError(f"year {text!r} is not a year: give four digits, such as year=2026.")
    return int(text)


def _through(text: str | None, year: int | None, today: date, year_begins: str) -> date:
    if text:
        try:
            if not _DAY.fullmatch(text):
                raise ValueError(text)
            return date.fromisoformat(text)
        except ValueError:
            raise QuestionError(f"through {text!r} is not a date: give YYYY-MM-DD, such as 2026-08-31.") from None
    if year is None or begin_of(year, year_begins) <= today <= date(year, 12, 31):
        return today
    if year > today.year:
        raise QuestionError(f"year {year} has not begun: give through, such as through={year}-01-31.")
    return date(year, 12, 31)


def _instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError as error:
        raise QuestionError(f"known_by {error}") from None
