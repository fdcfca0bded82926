"""Percentages, the time line and lights, against figures that governments have published."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.reporting
from services.reporting.domain.indicators import Indicator, read_definitions
from services.reporting.domain.progress import (
    NOTHING,
    Progress,
    Tally,
    TargetFact,
    completion,
    elapsed,
    percent,
    plain,
    progress,
    rounded,
    target_in_force,
)
from services.reporting.domain.question import Question

PACKAGED = Path(services.reporting.__file__).with_name("indicators.toml")
DEFINITIONS = read_definitions(PACKAGED.read_text(encoding="utf-8"), PACKAGED.name)
AUGUST = date(2026, 8, 31)


def indicator(code: str) -> Indicator:
    found = DEFINITIONS.find(code)
    assert found is not None
    return found


def judged(code: str, yuan: str, projects: int, target: str | None, through: date = AUGUST) -> Progress:
    asked = Question(through.year, through, None)
    return progress(indicator(code), Tally(Decimal(yuan), projects), Decimal(target) if target else None, asked)


@pytest.mark.parametrize(
    ("code", "yuan", "projects", "target", "printed"),
    [
        ("funds-arrived", "8480000000.00", 41, "105", ("84.8", "105", "80.8", "14.1", "green")),
        ("funds-outside-province", "5540000000.00", 30, "68", ("55.4", "68", "81.5", "14.8", "green")),
        ("signed-major", "9000000000.00", 10, "10", ("10", "10", "100.0", "33.3", "green")),
        ("platform-signings", "15280000000.00", 18, "130.00", ("152.8", "130", "117.5", "50.9", "green")),
    ],
)
def test_the_published_january_to_august_comes_out_as_it_must(
    code: str, yuan: str, projects: int, target: str, printed: tuple[str, ...]
) -> None:
    line = judged(code, yuan, projects, target)
    assert (str(line.actual), str(line.target), str(line.completion_pct), str(line.lead_points), line.light) == printed
    assert line.projects == projects


@pytest.mark.parametrize(
    ("done", "target", "decimals", "printed"),
    [
        ("84.8", "105", 1, "80.8"),  # printed as 84.2 in the report that this project starts from
        ("55.4", "68", 1, "81.5"),
        ("152.8", "130", 1, "117.5"),
        ("881.4", "6793.18", 2, "12.97"),  # printed as 12.64
        ("291", "292", 2, "99.66"),  # printed as 99.65, cut off
        ("198", "292", 1, "67.8"),
        ("26", "31", 2, "83.87"),
        ("19", "31", 2, "61.29"),
        ("18.54", "202.02", 2, "9.18"),
    ],
)
def test_published_percentages_are_recomputed(done: str, target: str, decimals: int, printed: str) -> None:
    share = completion(Fraction(done), Fraction(target))
    assert share is not None
    assert str(percent(share, decimals)) == printed


def test_panzhihua_leads_its_time_line_by_as_many_points_as_it_published() -> None:
    share = completion(Fraction(412_678 + 176_031 + 416_427), Fraction(800_000))
    passed = elapsed(date(2006, 10, 31))
    assert share is not None
    assert (str(percent(share, 2)), str(percent(passed, 2))) == ("125.64", "83.33")
    assert str(percent(share - passed, 2)) == "42.31"


@pytest.mark.parametrize(
    ("day", "printed"),
    [
        (date(2026, 1, 1), "0.27"),
        (date(2026, 2, 28), "16.67"),
        (date(2024, 2, 28), "16.38"),
        (date(2026, 8, 15), "62.37"),
        (date(2026, 8, 31), "66.67"),
        (date(2026, 12, 31), "100.00"),
    ],
)
def test_the_time_line_is_full_months_and_the_part_of_a_month_by_days(day: date, printed: str) -> None:
    assert str(percent(elapsed(day), 2)) == printed


@given(st.dates(date(2024, 1, 1), date(2027, 12, 30)))
def test_the_time_line_grows_every_day_within_a_year(day: date) -> None:
    after = day + timedelta(days=1)
    assert 0 < elapsed(day) <= 1
    assert elapsed(after) > elapsed(day) or after.year > day.year


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (Fraction("84.75"), 1, "84.8"),
        (Fraction("84.7499999"), 1, "84.7"),
        (Fraction(-1, 20), 1, "-0.1"),
        (Fraction(-1, 21), 1, "0.0"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(0), 2, "0.00"),
    ],
)
def test_rounding_is_half_up_and_zero_has_no_sign(value: Fraction, decimals: int, printed: str) -> None:
    assert str(rounded(value, decimals)) == printed


@given(st.fractions(-1000, 1000), st.integers(0, 6))
def test_rounding_is_never_off_by_more_than_half_a_step(value: Fraction, decimals: int) -> None:
    assert abs(Fraction(rounded(value, decimals)) - value) <= Fraction(1, 2 * 10**decimals)


def test_the_percentage_comes_from_exact_amounts_and_not_from_the_printed_figure() -> None:
    line = judged("funds-arrived", "8475000000.00", 40, "105")
    assert (str(line.actual), str(line.completion_pct)) == ("84.8", "80.7")


def test_without_a_target_the_figure_stands_alone() -> None:
    line = judged("funds-arrived", "123456789.12", 3, None)
    assert (line.target, line.completion_pct, line.lead_points, line.light) == (None, None, None, None)
    assert (str(line.actual), str(line.amount)) == ("1.2", "123456789.12")


def test_a_target_of_nothing_has_no_percentage() -> None:
    line = judged("funds-arrived", "100.00", 1, "0")
    assert (str(line.target), line.completion_pct, line.light) == ("0", None, None)


def test_nothing_counted_is_zero_and_not_absent() -> None:
    line = progress(indicator("funds-arrived"), NOTHING, Decimal(105), Question(2026, AUGUST, None))
    assert (str(line.actual), str(line.amount), line.projects, line.light) == ("0.0", "0.00", 0, "red")
    assert str(line.lead_points) == "-66.7"


@pytest.mark.parametrize(
    ("yuan", "points", "light"),
    [
        ("7000000000.00", "0.0", "green"),
        ("6995000000.00", "0.0", "green"),  # -0.048 points: the light agrees with the figure that is printed
        ("6990000000.00", "-0.1", "yellow"),
        ("5950000000.00", "-10.0", "yellow"),
        ("5940000000.00", "-10.1", "red"),
    ],
)
def test_the_light_judges_the_lead_as_it_is_printed(yuan: str, points: str, light: str) -> None:
    line = judged("funds-arrived", yuan, 1, "105")
    assert (str(line.lead_points), line.light) == (points, light)


@given(st.decimals(-500, 500, places=1))
def test_every_lead_has_exactly_one_light(points: Decimal) -> None:
    assert indicator("funds-arrived").light.judge(points) in ("green", "yellow", "red")


@pytest.mark.parametrize(("given_as", "printed"), [("105.00", "105"), ("100", "100"), ("10.50", "10.5"), ("0.00", "0")])
def test_a_target_is_printed_plainly(given_as: str, printed: str) -> None:
    assert str(plain(Decimal(given_as))) == printed


def target(on: date, value: str, hour: int = 0) -> TargetFact:
    recorded = datetime(2026, 1, 10, hour, tzinfo=UTC)
    return TargetFact("funds-arrived", Decimal(value), "市招商局", on, recorded, "/500101/bureau", f"t-{value}")


def test_the_last_target_set_by_the_day_is_in_force() -> None:
    first, raised = target(date(2026, 1, 5), "100"), target(date(2026, 7, 1), "105")
    assert target_in_force([raised, first], AUGUST) == raised
    assert target_in_force([raised, first], date(2026, 6, 30)) == first


def test_before_any_target_was_set_the_earliest_holds_from_the_first_day_of_the_year() -> None:
    first, raised = target(date(2026, 3, 5), "100"), target(date(2026, 7, 1), "105")
    assert target_in_force([raised, first], date(2026, 1, 31)) == first
    assert target_in_force([], AUGUST) is None


def test_of_two_targets_set_on_one_day_the_one_recorded_later_holds() -> None:
    early, late = target(date(2026, 1, 5), "105", hour=1), target(date(2026, 1, 5), "100", hour=2)
    assert target_in_force([late, early], AUGUST) == late
