"""The projects themselves: the list that can be searched and paged through, and one project with its course."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from services.reporting.cursors import CursorError, cursor, place
from services.reporting.domain.question import Question
from services.reporting.domain.timeline import Entry, timeline
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

Sort = Literal["project", "name", "contract_amount", "funds_arrived", "last_recorded_at", "overdue"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which projects, in which order (amounts, instants and days overdue downwards), and after which cursor."""

    stage: str | None = None
    cluster: str | None = None
    lead_unit: str | None = None
    lead_official: str | None = None
    search: str | None = None
    late: bool | None = None
    sort: Sort = "project"
    cursor: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, and the cursor of the next one (None: this is the last)."""

    projects: Sequence[Mapping[str, Any]]
    following: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One project: the ledger's record of it, its facts, and its course in order."""

    record: Mapping[str, Any]
    facts: Sequence[Mapping[str, Any]]
    entries: Sequence[Entry]


async def listed(pool: Pool, district: str, asked: Question, wanted: Wanted, today: date) -> Listed:
    """A page of a district's projects, as they stood. Raises CursorError."""
    rank, word, project = _read(wanted)
    scope = (district, asked.through, asked.known_by, asked.known_by is None and asked.through >= today)
    fitting = (wanted.stage, wanted.cluster, wanted.lead_unit, wanted.lead_official, wanted.search, wanted.late)
    rows = await pool.fetch(SQL["listed"], *scope, *fitting, wanted.sort, rank, word, project, wanted.limit + 1)
    page = [dict(row) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return Listed(page, None)
    last = page[-1]
    return Listed(page, cursor(wanted.sort, str(last["rank"]), last["word"], last["project"]))


async def story(pool: Pool, district: str, project: str) -> Story | None:
    """One project, or None when nothing of it has arrived."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        found = await connection.fetchrow(SQL["project"], district, project)
        if found is None:
            return None
        facts = [dict(row) for row in await connection.fetch(SQL["facts"], district, project)]
    return Story(found["record"], facts, timeline(found["record"], facts))


def _read(wanted: Wanted) -> tuple[Decimal | None, str | None, str | None]:
    said = place(wanted.cursor, wanted.sort, 3)
    if said is None:
        return None, None, None
    rank, word, project = said
    try:
        number = Decimal(rank)
    except InvalidOperation:
        raise CursorError from None
    if not number.is_finite() or abs(number.adjusted()) >= 100:
        raise CursorError
    return number, word, project
