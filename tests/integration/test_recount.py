"""What is counted in Python to prove a bulletin is what Postgres counts for the figures, whatever the facts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import orjson
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.reporting import sealer
from services.reporting.collector import Collector
from services.reporting.domain import recount
from services.reporting.domain.bulletin import written
from services.reporting.domain.bulletin_proof import counts, fact_of
from services.reporting.domain.indicators import Definitions
from services.reporting.domain.progress import TargetFact
from services.reporting.domain.question import Question
from services.reporting.figures import Figures
from shared import clock
from shared.database import Pool, make_pool
from tests.integration.test_reporting_collector import AUGUST, DEFINITIONS, MORE, histories
from tests.reporting_records import DISTRICT, at, delivered

_DISTRICTS = (str(code) for code in count(500_200))


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as opened:
        yield opened


@given(histories(), st.sampled_from([at(251), at(252), at(253), at(254, 7), datetime(2027, 1, 1, tzinfo=UTC)]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_both_count_the_same_figures_rates_and_facts(
    pool: Pool, versions: list[dict[str, Any]], known_by: datetime
) -> None:
    district = next(_DISTRICTS)
    # The history is of the district 500101; each run has one of its own, and so needs no clean table.
    moved = orjson.loads(orjson.dumps(versions).replace(DISTRICT.encode(), district.encode()))
    for record in moved:
        for fact in record["facts"] if "project" in record else ():
            # As in the archive, where an id is of one event only.
            fact["id"] += f"-{record['project']}"
    taker = Collector(pool, clock.system, CollectorRegistry())
    await taker.take([delivered(record, number) for number, record in enumerate(moved, 1)])
    asked = Question(2026, AUGUST.through, known_by)
    for definitions in (DEFINITIONS, MORE):
        await _same(pool, definitions, district, asked)


async def _same(pool: Pool, definitions: Definitions, district: str, asked: Question) -> None:
    events = sorted(recount.asked_events(definitions))
    facts = await pool.fetch(sealer.SQL["facts"], district, events, asked.through, asked.known_by)
    rows = await pool.fetch(sealer.SQL["targets"], district, asked.year, asked.known_by)
    known, targets = [fact_of(written(dict(row))) for row in facts], [TargetFact(**row) for row in rows]
    figures = Figures(pool, definitions)
    assert recount.figures(definitions, known, targets, district, asked) == await figures.progress(district, asked)
    assert recount.rates(definitions, known, district, asked) == await figures.ratios(district, asked)
    listed = await figures.counted(district, asked)
    counted = counts(definitions, known, district, asked)
    for indicator in definitions.indicator:
        there = {(row["source"], row["id"]): row["counts"] or 0 for row in listed[indicator.code]}
        code = indicator.code
        assert there == {key: Decimal(found[code]) for key, found in counted.items() if code in found}
