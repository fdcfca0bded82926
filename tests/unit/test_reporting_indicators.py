"""The indicators' file: what it says, and what is said of a mistake in it."""

from pathlib import Path

import pytest

import services.reporting
from services.reporting.domain.indicators import DefinitionsError, read_definitions

PACKAGED = Path(services.reporting.__file__).with_name("indicators.toml").read_text(encoding="utf-8")


def mistake(text: str) -> str:
    with pytest.raises(DefinitionsError) as told:
        read_definitions(text, "indicators.toml")
    return str(told.value)


def line_of(text: str, wanted: str) -> int:
    return text[: text.index(wanted)].count("\n") + 1


def test_the_packaged_file_defines_the_four_indicators_of_the_year() -> None:
    read = read_definitions(PACKAGED, "indicators.toml")
    assert read.definitions == "2026.1"
    assert [(one.code, one.title, one.unit) for one in read.indicator] == [
        ("funds-arrived", "招商引资到位资金", "亿元"),
        ("funds-outside-province", "引进省外到位资金", "亿元"),
        ("signed-major", "新签约投资5亿元及以上项目", "个"),
        ("platform-signings", "省级平台签约", "亿元"),
    ]


def test_an_indicator_is_found_by_its_code() -> None:
    read = read_definitions(PACKAGED, "indicators.toml")
    assert read.find("signed-major") == read.indicator[2]
    assert read.find("unheard-of") is None


@pytest.mark.parametrize(
    ("right", "wrong", "key", "said"),
    [
        ('measure = "projects"', 'measure = "cuont"', "indicator.3.measure", "'sum', 'projects' or 'facts'"),
        ('tiers = ["outside-province"]', 'teirs = ["outside-province"]', "indicator.2.filter.teirs", "not permitted"),
        ('platform_levels = ["provincial"]', 'platform_levels = ["province"]', "platform_levels.1", "'provincial'"),
        ('event = "funds-arrived"', 'event = "funds-arived"', "indicator.1.fact.event", "'funds-arrived'"),
        ('minimum = "500000000.00"', 'minimum = "-1"', "indicator.3.filter.minimum", "greater than or equal to 0"),
        ('minimum = "500000000.00"', 'minimum = "5亿"', "indicator.3.filter.minimum", "valid decimal"),
        ("decimals = 0", "decimals = -1", "indicator.3.rounding.decimals", "greater than or equal to 0"),
        ('terminated = "stays"', 'terminated = "goes"', "ratio.1.terminated", "'stays' or 'leaves'"),
        ('events = ["commissioned", "at', 'events = ["comissioned", "at', "ratio.4.done.events.1", "'commissioned'"),
        ('event = "intent-signed"', 'event = "intent-sgned"', "ratio.5.cohort.event", "'intent-signed'"),
        ('joined = "in-the-year"', 'joined = "then"', "ratio.1.cohort.joined", "'in-the-year' or 'ever'"),
        ('definitions = "2026.1"', "definitions = 2026", "definitions", "valid string"),
    ],
)
def test_an_error_names_the_line_and_the_key(right: str, wrong: str, key: str, said: str) -> None:
    text = PACKAGED.replace(right, wrong, 1)
    told = mistake(text)
    assert told.startswith(f"indicators.toml, line {line_of(text, wrong)}: ")
    assert key in told
    assert said in told


def test_a_missing_key_is_told_at_its_own_indicator() -> None:
    text = PACKAGED.replace('unit = "个"\n', "", 1)
    start = text.index('[[indicator]]\ncode = "signed-major"')
    assert mistake(text) == f"indicators.toml, line {text[:start].count(chr(10)) + 1}: indicator.3.unit: Field required"


def test_every_mistake_is_told_at_once() -> None:
    text = PACKAGED.replace('measure = "projects"', 'measure = "x"', 1).replace("decimals = 0", "decimals = 99")
    assert len(mistake(text).splitlines()) == 2


def test_a_text_that_is_not_toml_is_told_with_its_line() -> None:
    assert "line 2" in mistake('definitions = "1"\n[[indicator\n')


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('yellow = { from = "-10", below = "0" }', 'yellow = { from = "-10", below = "-5" }', "no light from -5 to 0"),
        (
            'yellow = { from = "-10", below = "0" }',
            'yellow = { from = "-10", below = "5" }',
            "yellow and green",
        ),
        ('yellow = { from = "-10", below = "0" }', 'yellow = { from = "0", below = "0" }', "yellow is empty"),
        ('red = { below = "-10" }', 'red = { from = "-99", below = "-10" }', "no light below -99, where red begins"),
        ('green = { from = "0" }', 'green = { from = "0", below = "900" }', "no light from 900 up, where green ends"),
        ('code = "funds-outside-province"', 'code = "funds-arrived"', "code given twice: funds-arrived"),
        ('unit = "个"', 'unit = "亿元"', "measure 'projects' cannot be counted in 亿元"),
        ('tiers = ["outside-province"]', 'platform_levels = ["provincial"]', "carries no platform_levels"),
        ('fact = { event = "funds-arrived" }', 'fact = { event = "started" }', "carries no amount, no tiers"),
        ('tiers = ["outside-province"]', "tiers = []", "at least 1 item"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(right: str, wrong: str, said: str) -> None:
    assert said in mistake(PACKAGED.replace(right, wrong, 1))


def test_a_rate_that_makes_no_sense_is_told_at_its_own_line() -> None:
    wrong = PACKAGED.replace('done = { events = ["funds-arrived"] }', 'done = { events = ["started"] }', 1)
    start = wrong.index('[[ratio]]\ncode = "funds-rate"')
    line = wrong[:start].count("\n") + 1
    assert mistake(wrong) == f"indicators.toml, line {line}: ratio.3: event 'started' carries no amount"


def test_a_file_without_indicators_is_refused() -> None:
    assert "indicator: " in mistake('definitions = "1"\nindicator = []\n')
