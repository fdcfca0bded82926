"""Since when an issue is open: neither saying it again nor correcting it sets its clock back."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from services.ledger.domain.batch import Stored
from shared.database import make_pool
from tests.integration import ledger_rows
from tests.integration.department import cloudevent

DAY_BY_DAY = [datetime(2026, 5, day, 2, tzinfo=UTC) for day in range(1, 31)]
Said = tuple[int, dict[str, Any]]
Given = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


def raised(event_id: str, on: str, **more: Any) -> dict[str, Any]:
    text = more.pop("text", "断电")
    issue = {"issue": "a", "category": "other", "urgency": "at-once", "owner_unit": "供电局", "text": text}
    return cloudevent("investment", "P-1", event_id, "issue-raised", {"on": on, **issue}, **more)


def resolved(event_id: str, on: str, **more: Any) -> dict[str, Any]:
    data = {"on": on, "issue": "a", "text": f"{event_id} 已送电"}
    return cloudevent("investment", "P-1", event_id, "issue-resolved", data, **more)


@pytest_asyncio.fixture
async def given(database_url: str) -> AsyncIterator[Given]:
    """Record events, each on a day of May and at an hour of its own, and return what the record says of the issue."""
    async with make_pool(database_url, "test", size=1) as pool:

        async def record(*said: Said) -> dict[str, Any]:
            await ledger_rows.wipe(pool)
            published = ledger_rows.Published()
            messages = [
                Stored(
                    f"events.500101.investment.P-1.{event['type'].split('.')[1]}",
                    json.dumps(event).encode(),
                    number,
                    DAY_BY_DAY[day - 1].replace(minute=number),
                )
                for number, (day, event) in enumerate(said, 1)
            ]
            assert await ledger_rows.recorder(pool, published).record(messages) == []
            issue: dict[str, Any] = json.loads(published.last["ledger.500101.project.P-1"])["issues"]["a"]
            return {name: issue[name] for name in ("raised_on", "raised_at", "resolved_on")}

        yield record


def at(day: int, number: int) -> str:
    return f"2026-05-{day:02}T02:{number:02}:00+00:00"


async def test_an_open_issue_that_is_raised_again_is_as_old_as_before(given: Given) -> None:
    issue = await given((1, raised("1", "2026-05-01")), (2, raised("2", "2026-05-02")), (3, raised("3", "2026-05-03")))
    assert issue == {"raised_on": "2026-05-01", "raised_at": at(1, 1), "resolved_on": None}


async def test_an_issue_that_is_corrected_day_by_day_is_as_old_as_before(given: Given) -> None:
    issue = await given(
        (1, raised("1", "2026-05-01")),
        (2, raised("2", "2026-05-02", replaces="1")),
        (3, raised("3", "2026-05-03", replaces="2")),
    )
    assert issue == {"raised_on": "2026-05-01", "raised_at": at(1, 1), "resolved_on": None}


async def test_an_earlier_day_is_taken_from_a_correction_and_a_withdrawn_raise_counts_no_more(given: Given) -> None:
    issue = await given((3, raised("1", "2026-05-03")), (4, raised("2", "2026-05-02", replaces="1")))
    assert issue == {"raised_on": "2026-05-02", "raised_at": at(3, 1), "resolved_on": None}
    void = cloudevent("investment", "P-1", "2", "voided", {"on": "2026-05-04", "event": "1", "reason": "误报"})
    issue = await given((3, raised("1", "2026-05-03")), (4, void), (5, raised("3", "2026-05-05")))
    assert issue == {"raised_on": "2026-05-05", "raised_at": at(5, 3), "resolved_on": None}


async def test_the_clock_of_an_issue_that_comes_back_begins_anew(given: Given) -> None:
    issue = await given(
        (1, raised("1", "2026-05-01")),
        (2, resolved("2", "2026-05-02")),
        (5, raised("3", "2026-05-05")),
        (6, raised("4", "2026-05-06")),
    )
    assert issue == {"raised_on": "2026-05-05", "raised_at": at(5, 3), "resolved_on": None}
    # Also when the department writes it as a correction of the first time.
    issue = await given(
        (1, raised("1", "2026-05-01")), (2, resolved("2", "2026-05-02")), (5, raised("3", "2026-05-05", replaces="1"))
    )
    assert issue == {"raised_on": "2026-05-05", "raised_at": at(5, 3), "resolved_on": None}


async def test_an_issue_that_comes_back_on_the_day_of_its_end_is_open(given: Given) -> None:
    issue = await given(
        (2, raised("1", "2026-05-01")), (2, resolved("2", "2026-05-02")), (2, raised("3", "2026-05-02"))
    )
    assert issue == {"raised_on": "2026-05-02", "raised_at": at(2, 3), "resolved_on": None}


async def test_a_correction_of_its_wording_does_not_open_an_issue_again(given: Given) -> None:
    issue = await given(
        (1, raised("1", "2026-05-01")),
        (1, resolved("2", "2026-05-01")),
        (3, raised("3", "2026-05-01", replaces="1", text="停水")),
    )
    assert issue == {"raised_on": "2026-05-01", "raised_at": at(1, 1), "resolved_on": "2026-05-01"}


async def test_an_issue_of_one_day_has_ended_also_when_its_end_was_reported_first(given: Given) -> None:
    issue = await given((2, resolved("1", "2026-05-01")), (2, raised("2", "2026-05-01")))
    assert issue == {"raised_on": "2026-05-01", "raised_at": at(2, 2), "resolved_on": "2026-05-01"}


async def test_an_issue_ended_when_its_end_was_first_reported(given: Given) -> None:
    issue = await given(
        (1, raised("1", "2026-05-01")), (2, resolved("2", "2026-05-02")), (5, resolved("3", "2026-05-05"))
    )
    assert issue == {"raised_on": "2026-05-01", "raised_at": at(1, 1), "resolved_on": "2026-05-02"}
