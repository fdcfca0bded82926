"""The packaged rates, each by its value and by the months in which its projects joined, from facts counted by hand."""

from collections.abc import AsyncIterator
from datetime import date

import pytest_asyncio

from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure
from shared.database import Pool, make_pool
from tests.integration.test_reporting_collector import DEFINITIONS
from tests.integration.test_reporting_published import counted
from tests.reporting_records import DISTRICT, fact, funds, project, signed

PROJECTS = {
    "P-1": [
        signed("2026-02-10", "100.00", "s"),
        fact("site-fixed", "2026-03-01", "p"),
        funds("2026-04-01", "40.00", "f"),
        fact("commissioned", "2026-06-01", "c"),
    ],
    "P-2": [
        signed("2026-02-20", "300.00", "s"),
        fact("planned", "2026-04-01", "p"),
        fact("started", "2026-05-15", "b"),
        funds("2026-08-31", "60.00", "f"),
    ],
    "P-3": [signed("2026-03-05", "200.00", "s"), fact("at-capacity", "2026-08-31", "c")],
    "P-4": [signed("2026-03-15", "400.00", "s"), fact("terminated", "2026-07-01", "t", reason="x")],
    "P-5": [fact("intent-signed", "2026-04-01", "i")],
    "P-6": [fact("intent-signed", "2026-04-02", "i"), signed("2026-05-01", "9.00", "s", kind="framework")],
    "P-7": [
        fact("intent-signed", "2026-05-03", "i"),
        signed("2026-06-30", "1000.00", "s"),
        fact("terminated", "2026-08-01", "t", reason="x"),
    ],
    "P-8": [
        fact("intent-signed", "2025-11-01", "i"),
        signed("2026-07-01", "500.00", "s"),
        funds("2026-08-31", "10.00", "f"),
        fact("commissioned", "2026-09-01", "c"),
    ],
}


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as opened:
        yield opened


def told(one: RatioFigure) -> tuple[str, int, int, dict[str, str]]:
    """The rate, those above and below its line, and the rate of each month's cohort."""
    return str(one.pct), one.done, one.cohort, {f"{month.month:%m}": str(month.pct) for month in one.by_month}


async def test_each_packaged_rate_has_the_value_that_its_projects_give(pool: Pool) -> None:
    figures = await counted(pool, DEFINITIONS, [project(code, facts) for code, facts in PROJECTS.items()])
    rates = {one.code: one for one in await figures.ratios(DISTRICT, Question(2026, date(2026, 8, 31), None))}
    assert {code: told(one) for code, one in rates.items()} == {
        # P-1, P-2 and P-3 of the six with a contract.
        "start-rate": ("50.0", 3, 6, {"02": "100.0", "03": "50.0", "06": "0.0", "07": "0.0"}),
        # And P-8, whose funds have come.
        "performance-rate": ("66.7", 4, 6, {"02": "100.0", "03": "50.0", "06": "0.0", "07": "100.0"}),
        # 110 of 2500 yuan.
        "funds-rate": ("4.4", 3, 6, {"02": "25.0", "03": "0.0", "06": "0.0", "07": "2.0"}),
        # P-8 is commissioned on the day after.
        "production-rate": ("33.3", 2, 6, {"02": "50.0", "03": "50.0", "06": "0.0", "07": "0.0"}),
        # P-7: what P-6 signed is no contract, and P-8 came in last year.
        "intent-to-contract": ("33.3", 1, 3, {"04": "0.0", "05": "100.0"}),
    }
    assert {code: one.terminated for code, one in rates.items()} == dict.fromkeys(rates, 2) | {"intent-to-contract": 1}
