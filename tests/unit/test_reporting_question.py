"""What may be asked, and what is said of a question that has no answer."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.reporting.domain.question import Question, QuestionError, question

TODAY = date(2026, 11, 24)


def test_nothing_said_means_this_year_until_today() -> None:
    assert question(None, None, None, TODAY) == Question(2026, TODAY, None)


def test_the_year_follows_from_the_day() -> None:
    assert question(None, "2025-08-31", None, TODAY).year == 2025


def test_a_year_that_is_over_is_asked_as_a_whole() -> None:
    assert question("2025", None, None, TODAY) == Question(2025, date(2025, 12, 31), None)


def test_a_field_left_empty_in_a_form_counts_as_not_given() -> None:
    assert question("", "2026-08-31", "", TODAY) == Question(2026, date(2026, 8, 31), None)


def test_an_instant_keeps_its_offset() -> None:
    asked = question("2026", "2026-08-31", "2026-09-05T00:00:00+08:00", TODAY)
    assert asked.known_by == datetime(2026, 9, 4, 16, tzinfo=UTC)
    assert asked.known_by is not None
    assert asked.known_by.utcoffset() == timedelta(hours=8)


def test_a_plus_sign_that_the_address_turned_into_a_space_is_understood() -> None:
    assert question(None, None, "2026-09-05T00:00:00 08:00", TODAY).known_by == datetime(2026, 9, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "through", "known_by", "said"),
    [
        ("2026", "2025-08-31", None, "lies outside year 2026"),
        ("2027", None, None, "has not begun"),
        ("26", None, None, "is not a year"),
        ("０２６０", None, None, "is not a year"),
        (None, "2026-02-30", None, "is not a date"),
        (None, "31.8.2026", None, "is not a date"),
        (None, "20260831", None, "is not a date"),
        (None, None, "2026-09-05T00:00:00", "2026-09-05T00:00:00+08:00"),
        (None, None, "2026-09-05", "2026-09-05T00:00:00+08:00"),
        (None, None, "yesterday", "is not an instant"),
        (None, None, "9999-12-31T23:59:59-14:00", "lies outside the years"),
        (None, None, "0001-01-01T00:00:00+14:00", "lies outside the years"),
        (None, "9999-12-31", None, "beyond the calendar"),
    ],
)
def test_a_question_without_an_answer_is_refused_with_the_remedy(
    year: str | None, through: str | None, known_by: str | None, said: str
) -> None:
    with pytest.raises(QuestionError) as told:
        question(year, through, known_by, TODAY)
    assert said in str(told.value)


def test_the_months_of_a_year_end_one_after_the_other_until_the_asked_day() -> None:
    def ends(through: date, begins: str) -> list[date]:
        return [one.through for one in Question(2026, through, None).month_ends(begins)]

    assert ends(date(2026, 3, 10), "01-01") == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 10)]
    assert ends(date(2026, 1, 31), "12-01") == [date(2025, 12, 31), date(2026, 1, 31)]
    assert ends(date(2026, 12, 24), "12-01")[-1] == date(2026, 11, 30)
    assert ends(date(2025, 12, 24), "01-01") == []


@pytest.mark.parametrize(
    ("year", "through", "last"),
    [
        ("2026", "2025-12-15", date(2025, 12, 15)),
        ("2026", "2026-12-31", date(2026, 11, 30)),
        ("2027", None, TODAY),
        (None, "2026-11-30", date(2026, 11, 30)),
    ],
)
def test_a_year_that_begins_in_december_is_named_after_the_next(
    year: str | None, through: str | None, last: date
) -> None:
    asked = question(year, through, None, date(2026, 12, 5) if year == "2027" else TODAY, "12-01")
    first, end = asked.period("12-01")
    assert (first.month, first.day, first.year) == (12, 1, asked.year - 1)
    assert end == (date(2026, 12, 5) if year == "2027" else last)
