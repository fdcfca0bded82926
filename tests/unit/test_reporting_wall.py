"""The wall chart's lengths and words."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import services.reporting
from services.reporting import wall, wording
from services.reporting.answers import progress_answer
from services.reporting.board import Board
from services.reporting.completeness import Gap
from services.reporting.desk import Report
from services.reporting.domain.indicators import read_definitions
from services.reporting.domain.progress import Tally, elapsed, percent, progress
from services.reporting.domain.question import Question

TEXT = Path(services.reporting.__file__).with_name("indicators.toml").read_text(encoding="utf-8")
[FUNDS, *_] = read_definitions(TEXT, "indicators.toml").indicator
AUGUST = Question(2026, date(2026, 8, 31), None)


def row(yuan: str, target: str | None) -> wall.Row:
    line = progress(FUNDS, Tally(Decimal(yuan), 3), Decimal(target) if target else None, AUGUST)
    report = Report("500101", AUGUST, "1", percent(elapsed(AUGUST.through), 2), [], [line])
    [only] = wall.rows(report)
    return only


def test_a_bar_below_target_ends_before_the_target_mark() -> None:
    bar = row("8480000000", "105")
    assert (str(bar.done), bar.over == 0, bar.cut) == ("64.64", True, False)
    assert wall.at(Decimal(100)) == 80


def test_a_bar_beyond_target_goes_on_in_another_pattern() -> None:
    bar = row("15280000000", "130")
    assert (str(bar.done), str(bar.over), bar.cut) == ("80.00", "14.00", False)


def test_an_indicator_of_another_year_is_drawn_against_its_own_line_of_time() -> None:
    other = FUNDS.model_copy(update={"year_begins": "12-01"})
    lines = [progress(one, Tally(Decimal(1), 1), Decimal(1), AUGUST) for one in (FUNDS, other)]
    mixed = Report("500101", AUGUST, "1", percent(elapsed(AUGUST.through), 2), [], lines)
    assert [one.line_at for one in wall.rows(mixed)] == [wall.at(Decimal("66.67")), wall.at(Decimal(75))]
    assert wall.line_of_time(mixed) == Decimal("66.67")
    assert wall.line_of_time(replace(mixed, indicators=lines[1:])) == Decimal(75)


def test_an_answer_says_an_indicators_own_line_of_time_only_where_it_is_not_the_headings() -> None:
    other = FUNDS.model_copy(update={"code": "other", "year_begins": "12-01"})
    lines = [progress(one, Tally(Decimal(1), 1), Decimal(1), AUGUST) for one in (FUNDS, other)]
    answer = progress_answer(Report("500101", AUGUST, "1", percent(elapsed(AUGUST.through), 2), [], lines))
    said = {one["code"]: one.get("elapsed_pct") for one in answer.model_dump(mode="json")["indicators"]}
    assert said == {"funds-arrived": None, "other": "75.00"}


def test_a_bar_too_long_for_the_track_is_cut_and_says_so() -> None:
    bar = row("20000000000", "100")
    assert (str(bar.done), str(bar.over), bar.cut) == ("80.00", "20.00", True)


def test_without_a_target_there_is_no_bar_and_no_light() -> None:
    bar = row("20000000000", None)
    assert (bar.done == 0, bar.light, bar.lead) == (True, "", "未下达目标")


@pytest.mark.parametrize(
    ("yuan", "lead", "light"),
    [
        ("8480000000", "超序时 14.1 个百分点", "绿灯"),
        ("7000000000", "与序时持平", "绿灯"),
        ("6500000000", "欠序时 4.8 个百分点", "黄灯"),
        ("1050000000", "欠序时 56.7 个百分点", "红灯"),
    ],
)
def test_the_lead_is_said_in_the_terms_of_the_field(yuan: str, lead: str, light: str) -> None:
    bar = row(yuan, "105")
    assert (bar.lead, bar.light) == (lead, light)


@pytest.mark.parametrize(
    ("through", "said"),
    [
        (date(2026, 8, 31), "2026年1—8月"),
        (date(2026, 1, 31), "2026年1月"),
        (date(2026, 8, 15), "2026年1月1日—8月15日"),
        (date(2026, 12, 31), "2026年1—12月"),
    ],
)
def test_a_period_is_named_as_reports_name_it(through: date, said: str) -> None:
    assert wording.period(Question(2026, through, None), "01-01") == said


def test_what_is_missing_is_said_in_chinese() -> None:
    assert wording.gap(Gap("events-parked", "…", 3)) == "部门上报的数据中有 3 条有误，未予入账，已退回报送单位更正"
    assert wording.gap(Gap("records-not-consumed", "…")) == "台账更新的接收通道尚未建立"
    assert "中断" in wording.gap(Gap("bus-unreachable", "…"))


def test_the_light_rule_is_said_from_its_thresholds() -> None:
    rule = FUNDS.light
    assert wording.light_rule(rule) == "绿灯：达到或超过序时；黄灯：欠序时不超过 10 个百分点；红灯：更为落后。"


def test_amounts_are_said_in_the_unit_that_fits() -> None:
    assert wording.money(Decimal("8480000000")) == "84.80亿元"
    assert wording.money(Decimal("63190000")) == "6,319万元"
    assert wording.money(None) == "—"
    assert wording.exact_wan(Decimal("63190012.34")) == "6,319.001234"


def test_an_instant_is_said_in_beijing_time() -> None:
    assert wording.instant(datetime(2026, 9, 4, 16, 5, tzinfo=UTC)) == "2026年9月5日0时05分"


def test_stages_share_one_scale_with_those_that_stand_aside() -> None:
    board = Board({"signed": Tally(Decimal(100_000_000), 4), "suspended": Tally(Decimal(0), 8)}, [], 0, [])
    steps = {step.name: step for step in wall.steps(board, wording.STAGES)}
    assert (steps["签约"].projects, str(steps["签约"].share), steps["签约"].amount) == (4, "50", "1.00亿元")
    assert steps["开工"].projects == 0
    assert len(steps) == 11
    assert wall.steps(board, wording.ASIDE)[0].share == 100


def test_an_empty_board_has_no_bars() -> None:
    assert {step.share for step in wall.steps(Board({}, [], 0, []), wording.STAGES)} == {0}


def test_months_that_have_not_begun_are_not_offered() -> None:
    months = wall.months(AUGUST, "01-01", date(2026, 9, 1))
    assert [month.name for month in months if month.begun][-1] == "9月"
    assert [month.name for month in months if month.chosen] == ["8月"]
