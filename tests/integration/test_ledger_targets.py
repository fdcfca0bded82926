"""A target keeps every value it had: one revised in July leaves what June's report was measured against."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest_asyncio

from services.ledger.domain.batch import Stored
from services.reporting.domain.progress import TargetFact, target_in_force
from services.reporting.records import Delivery, Read, read
from shared.database import Pool, make_pool
from shared.records import TargetRecord
from tests.integration import ledger_rows
from tests.integration.department import cloudevent

SUBJECT = "target-2026-funds-arrived"
ADDRESS = "ledger.500101.target.2026.funds-arrived"
HANDED_DOWN = datetime(2026, 1, 15, tzinfo=UTC)
REVISED = datetime(2026, 7, 10, tzinfo=UTC)
CORRECTED = datetime(2026, 7, 20, tzinfo=UTC)
JUNE = date(2026, 6, 30)
JULY = date(2026, 7, 31)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test", size=1) as pool:
        yield pool


def target_set(event_id: str, value: str, at: datetime, **more: Any) -> Stored:
    data = {
        "on": at.date().isoformat(),
        "year": 2026,
        "indicator": "funds-arrived",
        "value": value,
        "issued_by": "市政府",
    }
    event = cloudevent("investment", SUBJECT, event_id, "target-set", data, **more)
    return Stored(f"events.500101.investment.{SUBJECT}.target-set", json.dumps(event).encode(), int(event_id), at)


async def published(pool: Pool, *events: Stored) -> bytes:
    """What stands on LEDGER when these were recorded, the last first."""
    bus = ledger_rows.Published()
    for event in reversed(events):
        assert await ledger_rows.recorder(pool, bus).record([event]) == []
    TargetRecord.model_validate_json(bus.last[ADDRESS])
    return bus.last[ADDRESS]


def measured_against(message: bytes, through: date, known_by: datetime | None = None) -> Decimal:
    """The value in force by a day, as reporting reads it from the record."""
    seen = read(Delivery(ADDRESS, message, REVISED, 1))
    assert isinstance(seen, Read)
    facts = [
        TargetFact(
            *(fact["indicator"], Decimal(fact["value"]), fact["issued_by"], fact["happened_on"], fact["recorded_at"]),
            *(fact["source"], fact["id"]),
        )
        for fact in seen.target_facts
        if (known_by is None or fact["recorded_at"] <= known_by)
        and (fact["superseded_at"] is None or (known_by is not None and fact["superseded_at"] > known_by))
    ]
    found = target_in_force(facts, through)
    assert found is not None
    return found.value


async def test_a_target_revised_in_july_leaves_junes_as_it_was(pool: Pool) -> None:
    message = await published(pool, target_set("1", "105", HANDED_DOWN), target_set("2", "110", REVISED))
    assert measured_against(message, JUNE) == 105
    assert measured_against(message, JULY) == 110
    assert measured_against(message, JULY, known_by=HANDED_DOWN) == 105


async def test_a_target_that_was_corrected_is_still_known_as_it_was_by_then(pool: Pool) -> None:
    message = await published(
        pool, target_set("1", "150", HANDED_DOWN), target_set("2", "105", CORRECTED, replaces="1")
    )
    assert measured_against(message, JULY) == 105
    assert measured_against(message, JULY, known_by=REVISED) == 150


async def test_what_is_out_of_rule_with_a_target_is_named_also_when_nothing_else_is_known_of_it(pool: Pool) -> None:
    void = cloudevent(
        "investment", SUBJECT, "1", "voided", {"on": "2026-01-15", "event": "none-such", "reason": "误报"}
    )
    alone = Stored(f"events.500101.investment.{SUBJECT}.voided", json.dumps(void).encode(), 1, HANDED_DOWN)
    named = {
        "code": "corrects-nothing",
        "source": "/500101/investment",
        "event": "1",
        "text": "本单位在本目标下没有报送过 none-such，此项更正或作废没有生效，请核对编号",
    }
    record = json.loads(await published(pool, alone))
    assert (record["facts"], record["anomalies"]) == ([], [named])

    early = target_set("2", "105", REVISED - timedelta(days=30))
    record = json.loads(await published(pool, replace(early, recorded_at=HANDED_DOWN)))
    assert record["anomalies"] == [
        {**named, "code": "date-in-future", "event": "2", "text": "填报日期 2026-06-10 晚于报送日期"},
        named,
    ]


async def test_a_target_as_of_an_instant_is_what_was_on_record_then(pool: Pool) -> None:
    await published(pool, target_set("1", "105", HANDED_DOWN), target_set("2", "110", REVISED))
    for instant, values in ((HANDED_DOWN, ["105"]), (REVISED, ["105", "110"])):
        [facts] = await pool.fetch(
            "select facts from ledger.target_as_of(array['500101'], array[$1], $2)", SUBJECT, instant
        )
        assert [fact["data"]["value"] for fact in facts["facts"]] == values
