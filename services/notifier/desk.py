"""What the pages and the API show of the cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifier.domain.cases import Case, sentences
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.registrar import case_of
from shared.clock import business_day
from shared.database import Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who was told, how, and what came of it: `state` is waiting, sending, sent, uncertain, dead or superseded.

    `code` and `said` are the provider's; `next_attempt_at` is when it is tried next, while it waits.
    """

    message: UUID | None
    rung: int
    recipient: str
    channel: str
    notice: str
    state: str
    number: str | None
    attempts: int
    sent_at: datetime | None
    code: str | None
    said: str | None
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement, and until when it stops the climb."""

    who: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One case with all that was done about it; `late` in days."""

    case: Case
    name: str | None
    unit: str | None
    official: str | None
    text: str
    late: int
    deliveries: Sequence[Delivery]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Overview:
    """The unresolved cases, the most pressing first, and what was resolved last; `counts` is by state, over all."""

    counts: Mapping[str, int]
    unresolved: Sequence[Entry]
    resolved: Sequence[Entry]


class Desk:
    """Reads the register for people and programs."""

    def __init__(self, pool: Pool, policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def overview(self, now: datetime, limit: int) -> Overview:
        """The newest state of all cases; at most `limit` of them in full."""
        counts = {row["state"]: row["cases"] for row in await self._pool.fetch(SQL["counts"])}
        unresolved = await self._pool.fetch(SQL["unresolved"], limit)
        resolved = await self._pool.fetch(SQL["resolved"], 20)
        return Overview(counts, await self._entries(unresolved, now), await self._entries(resolved, now))

    async def requeue(self, message: UUID, now: datetime) -> bool:
        """Send a message again that was given up; False when there is no such message, or it was not."""
        return await self._pool.fetchval(SQL["requeue"], message, now) is not None

    async def _entries(self, rows: Sequence[Any], now: datetime) -> list[Entry]:
        ids = [row["id"] for row in rows]
        deliveries: defaultdict[UUID, list[Delivery]] = defaultdict(list)
        for row in await self._pool.fetch(SQL["deliveries"], ids):
            deliveries[row["case_id"]].append(_delivery(row))
        answers: defaultdict[UUID, list[Answer]] = defaultdict(list)
        for row in await self._pool.fetch(SQL["acknowledgements"], ids):
            answers[row["case_id"]].append(Answer(row["who"], row["acknowledged_at"], row["until"]))
        return [_entry(row, deliveries[row["id"]], answers[row["id"]], self._policy, now) for row in rows]


def _entry(row: Any, deliveries: Sequence[Delivery], answers: Sequence[Answer], policy: Policy, now: datetime) -> Entry:
    record, case = Record.model_validate(row["record"]), case_of(row)
    text, _ = sentences(record, (case.rule, case.matter), row["outcome_text"], policy, now)
    late = max(0, (business_day(now) - case.due).days)
    return Entry(case, record.name, record.lead_unit, record.lead_official, text, late, deliveries, answers)


def _delivery(row: Any) -> Delivery:
    return Delivery(
        message=row["message_id"],
        rung=row["rung"],
        recipient=row["recipient"],
        channel=row["channel"],
        notice=row["notice"],
        state=row["state"] if row["state"] != "placed" else row["message_state"],
        number=f"LD-{row['number']:06d}" if row["number"] else None,
        attempts=row["attempts"] or 0,
        sent_at=row["sent_at"],
        code=row["code"],
        said=row["said"] or row["reason"],
        next_attempt_at=row["next_attempt_at"] if row["message_state"] == "waiting" else None,
    )
