"""Lights: every value has one, whatever the rule measures."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.reporting import wording
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.lights import LightRule
from services.reporting.domain.progress import Tally, progress
from services.reporting.domain.question import Question

SANYA: dict[str, object] = {
    "by": "percent-of-line",
    "green": {"from": 100},
    "yellow": {"from": 50, "below": 100},
    "red": {"below": 50},
}
YINCHUAN: dict[str, object] = {
    "by": "lead-points",
    "green": {"from": 0},
    "yellow": {"from": -30, "below": -10},
    "red": {"below": -30},
}


def test_yinchuans_rule_as_published_has_a_gap_and_is_refused() -> None:
    with pytest.raises(ValidationError, match="no light from -10 to 0, between yellow and green"):
        LightRule.model_validate(YINCHUAN)


_BANDS = st.fixed_dictionaries(
    {}, optional={"from": st.integers(-50, 50).map(Decimal), "below": st.integers(-50, 50).map(Decimal)}
)


@given(_BANDS, _BANDS, _BANDS, st.decimals(-60, 60, places=1))
def test_a_rule_is_refused_or_gives_every_value_exactly_one_light(
    green: dict[str, Decimal], yellow: dict[str, Decimal], red: dict[str, Decimal], value: Decimal
) -> None:
    try:
        rule = LightRule.model_validate({"by": "lead-points", "green": green, "yellow": yellow, "red": red})
    except ValidationError:
        bands = [(band.get("from", Decimal(-99)), band.get("below", Decimal(99))) for band in (green, yellow, red)]
        tenths = [Decimal(number) / 10 for number in range(-610, 611)]
        # The other way round: what is refused does leave some value with no light or with two, or has an empty band.
        assert any(start >= below for start, below in bands) or any(
            sum(start <= one < below for start, below in bands) != 1 for one in tenths
        )
        return
    assert [light for light, band in rule.bands() if value in band] == [rule.judge(value)]


def indicator(rule: dict[str, object]) -> Indicator:
    return Indicator.model_validate(
        {
            "code": "x",
            "title": "x",
            "fact": {"event": "funds-arrived"},
            "measure": "sum",
            "unit": "亿元",
            "rounding": {"mode": "half-up", "decimals": 1},
            "light": rule,
        }
    )


@pytest.mark.parametrize(("done", "light"), [("50", "green"), ("49.9", "yellow"), ("25", "yellow"), ("24.9", "red")])
def test_a_part_of_the_line_is_not_a_number_of_points(done: str, light: str) -> None:
    asked = Question(2026, date(2026, 6, 30), None)
    line = progress(indicator(SANYA), Tally(Decimal(done) * 100_000_000, 1), Decimal(100), asked)
    assert (line.completion_pct, line.light) == (Decimal(f"{Decimal(done):.1f}"), light)


def test_either_rule_is_said_in_words_of_the_field() -> None:
    assert (
        wording.light_rule(LightRule.model_validate(SANYA))
        == "绿灯：达到或超过序时；黄灯：达到序时的 50% 及以上；红灯：更为落后。"
    )
