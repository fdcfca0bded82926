"""Figures that governments have published, computed from facts by definitions as data."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.reporting.collector import Collector
from services.reporting.domain.indicators import Definitions, read_definitions
from services.reporting.domain.question import Question
from services.reporting.figures import Figures
from services.reporting.rollups import Rollups
from shared import clock
from shared.database import Pool, make_pool
from tests.reporting_records import delivered, fact, funds, project, signed, target

_LIGHT = (
    'light = { by = "lead-points", green = { from = 0 }, yellow = { from = -10, below = 0 }, red = { below = -10 } }'
)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as opened:
        yield opened


async def counted(pool: Pool, definitions: Definitions, records: Iterable[dict[str, Any]]) -> Figures:
    """The figures once these records have been taken in."""
    await Rollups(pool, [definitions]).build()
    taker = Collector(pool, clock.system, CollectorRegistry())
    await taker.take([delivered(record, number) for number, record in enumerate(records, 1)])
    return Figures(pool, definitions)


def funds_indicator(code: str, unit: str, decimals: int, fits: str, percent_decimals: int = 1) -> str:
    return f"""
[[indicator]]
code = "{code}"
title = "{code}"
fact = {{ event = "funds-arrived" }}
filter = {{ {fits} }}
measure = "sum"
unit = "{unit}"
rounding = {{ mode = "half-up", decimals = {decimals}, percent_decimals = {percent_decimals} }}
{_LIGHT}
"""


async def test_sichuan_2012_new_projects_and_those_carried_over_make_the_total(pool: Pool) -> None:
    text = 'definitions = "sichuan"\n' + "".join(
        funds_indicator(code, "亿元", 2, fits)
        for code, fits in (("new", 'projects = "new"'), ("carried-over", 'projects = "carried-over"'), ("total", ""))
    )
    paid = {"P-1": ("2012-03-01", "200000000000.00"), "P-2": ("2012-09-30", "647000000.00")}
    over = {"P-3": ("2011-05-01", "516193000000.00"), "P-4": ("2009-12-31", "1000000.00")}
    records = [
        project(code, [signed(day, "1.00", "s"), funds("2012-10-31", amount, "f")])
        for code, (day, amount) in (paid | over).items()
    ]
    figures = await counted(pool, read_definitions(text, "sichuan.toml"), records)
    lines = await figures.progress("500101", Question(2012, date(2012, 10, 31), None))
    assert [str(line.actual) for line in lines] == ["2006.47", "5161.94", "7168.41"]
    assert lines[0].amount + lines[1].amount == lines[2].amount


async def test_panzhihua_2006_tiers_add_up_and_lead_the_time_line(pool: Pool) -> None:
    tiers = ("outside-province", "outside-city", "outside-district")
    text = 'definitions = "panzhihua"\n' + "".join(
        funds_indicator(code, "万元", 0, f"tiers = {list(found)}", percent_decimals=2)
        for code, found in (*((one, (one,)) for one in tiers), ("total", tiers))
    )
    origins = {"440300": "4126780000.00", "510100": "1760310000.00", "510402": "4164270000.00"}
    here = "510411"
    arrived = [
        funds("2006-06-30", amount, f"f-{origin}", origin, source=f"/{here}/finance")
        for origin, amount in origins.items()
    ]
    records = [
        project("P-1", arrived, district=here),
        # The target is not published: 1,005,136 / 125.64 % lies between 799,980 and 800,045, so it was 80亿元.
        target("total", ("2006-01-05", "800000"), district=here, year=2006),
    ]
    figures = await counted(pool, read_definitions(text, "panzhihua.toml"), records)
    lines = await figures.progress(here, Question(2006, date(2006, 10, 31), None))
    assert [str(line.actual) for line in lines] == ["412678", "176031", "416427", "1005136"]
    assert [str(one) for one in (lines[3].completion_pct, lines[3].elapsed_pct, lines[3].lead_points)] == [
        *("125.64", "83.33", "42.31")
    ]


def rate(code: str, events: str, measure: str, decimals: int, terminated: str = "stays") -> str:
    return f"""
[[ratio]]
code = "{code}"
title = "{code}"
cohort = {{ event = "signed", kinds = ["contract"], joined = "in-the-year" }}
done = {{ events = [{events}] }}
measure = "{measure}"
terminated = "{terminated}"
rounding = {{ mode = "half-up", decimals = {decimals} }}
"""


BEGUN = '"started", "completed", "commissioned", "at-capacity"'
PERFORMING = f'"site-fixed", "planned", {BEGUN}'


def cohort(total: int, performing: int, begun: int) -> list[list[dict[str, Any]]]:
    """The facts of so many signed projects, of which some are at a site and some of those have begun."""
    return [
        [signed("2018-05-01", "1.00", "s")]
        + ([fact("site-fixed", "2018-06-01", "p")] if number < performing else [])
        + ([fact("started", "2018-07-01", "b")] if number < begun else [])
        for number in range(total)
    ]


async def test_yaan_2018_performance_start_and_funds_rates(pool: Pool) -> None:
    text = f"""definitions = "yaan"
{funds_indicator("x", "亿元", 1, "")}
{rate("performance", PERFORMING, "projects", 2)}
{rate("start", BEGUN, "projects", 2)}
{rate("funds", '"funds-arrived"', "amount", 2)}
{rate("start-of-those-left", BEGUN, "projects", 2, "leaves")}
"""
    every = cohort(31, 26, 19)
    every[0][0] = signed("2018-05-01", "20199999970.00", "s")
    every[0].append(funds("2018-12-01", "1854000000.00", "f"))
    # 202.02 in all, though 30 of the contracts are tokens.
    every[1][0] = signed("2018-05-01", "2000001.00", "s")
    every[30].append(fact("terminated", "2018-11-01", "t", reason="x"))
    records = [project(f"P-{number}", facts) for number, facts in enumerate(every)]
    figures = await counted(pool, read_definitions(text, "yaan.toml"), records)
    rates = await figures.ratios("500101", Question(2018, date(2018, 12, 31), None))
    assert [str(one.pct) for one in rates] == ["83.87", "61.29", "9.18", "63.33"]
    assert rates[2].cohort_amount == Decimal("20202000000.00")
    assert [(one.done, one.cohort, one.terminated) for one in rates[1:2]] == [(19, 31, 1)]
    before = await figures.ratios("500101", Question(2018, date(2018, 6, 30), None))
    assert [str(one.pct) for one in before[:2]] == ["83.87", "0.00"]


async def test_weinan_2010_counts_paperwork_as_performance(pool: Pool) -> None:
    text = f"""definitions = "weinan"
{funds_indicator("x", "亿元", 1, "")}
{rate("start", BEGUN, "projects", 1)}
{rate("performance", PERFORMING, "projects", 2)}
"""
    records = [project(f"P-{number}", facts) for number, facts in enumerate(cohort(292, 291, 198))]
    figures = await counted(pool, read_definitions(text, "weinan.toml"), records)
    rates = await figures.ratios("500101", Question(2018, date(2018, 12, 31), None))
    # The second was published as 99.65, cut off and not rounded.
    assert [str(one.pct) for one in rates] == ["67.8", "99.66"]


async def test_a_year_from_december_to_november_has_its_own_time_line(pool: Pool) -> None:
    text = f"""definitions = "yinzhou"
{funds_indicator("x", "亿元", 1, "")}year_begins = "12-01"
"""
    days = ["2025-11-30", "2025-12-01", "2026-11-30", "2026-12-01"]
    arrived = [funds(day, f"{10**number}00000000.00", day) for number, day in enumerate(days)]
    figures = await counted(
        pool, read_definitions(text, "yinzhou.toml"), [project("P-1", arrived), target("x", ("2026-01-05", "110"))]
    )
    asked = [Question(2026, day, None) for day in (date(2025, 12, 31), date(2026, 8, 31), date(2026, 12, 31))]
    [[december], [august], [whole]] = await figures.series("500101", asked)
    assert [str(line.actual) for line in (december, august, whole)] == ["10.0", "10.0", "110.0"]
    assert [str(line.elapsed_pct) for line in (december, august, whole)] == ["8.33", "75.00", "100.00"]
    assert [str(line.lead_points) for line in (december, august, whole)] == ["0.8", "-65.9", "0.0"]
