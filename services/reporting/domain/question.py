"""What is asked of the figures: a year, how far into it, and as known at which instant."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLUS_LOST = re.compile(r"(T.*) (\d{2}:?\d{2})$")


class QuestionError(ValueError):
    """A question that has no answer as it is put; the message says what is wrong and how to put it right."""


@dataclass(frozen=True, slots=True)
class Question:
    """Figures from 1 January to `through`, in Asia/Shanghai, as known at `known_by` (None: as known now)."""

    year: int
    through: date
    known_by: datetime | None

    @property
    def first_day(self) -> date:
        """The first day that counts."""
        return date(self.year, 1, 1)

    @property
    def whole_months(self) -> bool:
        """Whether the question ends with the last day of a month."""
        return self.through.day == calendar.monthrange(self.through.year, self.through.month)[1]


def question(year: str | None, through: str | None, known_by: str | None, today: date) -> Question:
    """Read a question as it came in an address. Raises QuestionError.

    Without `through` it is today, or the last day of a year that is over; without `year` it is that of `through`.
    """
    asked_year = None if not year else _year(year)
    day = _through(through, asked_year, today)
    if asked_year is not None and day.year != asked_year:
        raise QuestionError(
            f"through {day} lies outside year {asked_year}: give a day of that year, or leave year out."
        )
    return Question(day.year, day, None if not known_by else _instant(known_by))


def _year(text: str) -> int:
    if not re.fullmatch(r"\d{4}", text, re.ASCII) or text == "0000":
        raise QuestionError(f"year {text!r} is not a year: give four digits, such as year=2026.")
    return int(text)


def _through(text: str | None, year: int | None, today: date) -> date:
    if text:
        try:
            if not _DAY.fullmatch(text):
                raise ValueError(text)
            return date.fromisoformat(text)
        except ValueError:
            raise QuestionError(f"through {text!r} is not a date: give YYYY-MM-DD, such as 2026-08-31.") from None
    if year is None or year == today.year:
        return today
    if year > today.year:
        raise QuestionError(f"year {year} has not begun: give through, such as through={year}-01-31.")
    return date(year, 12, 31)


def _instant(text: str) -> datetime:
    # An unescaped + in an address arrives as a space, and every offset of our own zone has one.
    try:
        instant = datetime.fromisoformat(_PLUS_LOST.sub(r"\1+\2", text))
    except ValueError:
        raise QuestionError(
            f"known_by {text!r} is not an instant: give it as 2026-09-05T00:00:00+08:00 (+ may be written %2B)."
        ) from None
    if instant.tzinfo is None:
        raise QuestionError(
            f"known_by {text!r} names no time zone, so no instant: append the offset, such as {text}+08:00."
            if "T" in text
            else f"known_by {text!r} is a day and not an instant: give the time too, such as {text}T00:00:00+08:00."
        )
    return instant
