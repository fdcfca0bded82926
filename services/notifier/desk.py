"""What the pages and the API show of the cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifier.domain.cases import Case, sentences, silence_of
from services.notifier.domain.policy import Policy
from services.notifier.domain.silences import Silence
from services.notifier.registrar import as_it_reads
from services.notifier.silencer import Silencer
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
    """One case with all that was done about it; `late` in days.

    `silence` holds it up, if one does. `fault`: why it was set aside, or cannot be read.
    """

    case: Case
    name: str | None
    unit: str | None
    official: str | None
    text: str
    late: int
    silence: Silence | None
    fault: str | None
    deliveries: Sequence[Delivery]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Search:
    """Which cases: all that is given must agree. `state` is one of a case, or `paused`.

    `unit` and `official` lead the project; `told` is somebody who was told of the case. `after`: only what follows this
    case in the list.
    """

    district: str | None = None
    unit: str | None = None
    official: str | None = None
    told: str | None = None
    rule: str | None = None
    state: str | None = None
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """A page of the unresolved cases, the most pressing first, and what was resolved last.

    `counts` is by state, over all that the search finds whatever its state, and `paused` how many of them wait. `next`
    is the case after which the following page begins, None on the last one.
    """

    counts: Mapping[str, int]
    paused: int
    unresolved: Sequence[Entry]
    resolved: Sequence[Entry]
    next: UUID | None


class Desk:
    """Reads the register for people and programs."""

    def __init__(self, pool: Pool, policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def overview(self, now: datetime, limit: int, search: Search = Search()) -> Overview:
        """The newest state of the cases that a search finds; at most `limit` of them in full."""
        where = search.district, search.unit, search.official, search.told, search.rule
        counted = await self._pool.fetch(SQL["counts"], *where)
        rows = await self._pool.fetch(SQL["unresolved"], *where, search.state, search.after, limit + 1)
        # What is over is told beside the beginning of the list.
        over = [] if search.state or search.after else await self._pool.fetch(SQL["resolved"], *where, 20)
        silences = await self.silences(now)
        return Overview(
            counts={row["state"]: row["cases"] for row in counted},
            paused=sum(row["paused"] for row in counted),
            unresolved=await self._entries(rows[:limit], silences, now),
            resolved=await self._entries(over, silences, now),
            next=rows[limit - 1]["id"] if len(rows) > limit else None,
        )

    async def districts(self) -> Sequence[str]:
        """Where there are unresolved cases."""
        return [row["district"] for row in await self._pool.fetch(SQL["districts"])]

    async def silences(self, now: datetime) -> Sequence[Silence]:
        """Those that are not over, the one that ends next first."""
        async with self._pool.acquire() as connection:
            return await Silencer(connection).list(now, also_past=False)

    async def requeue(self, message: UUID, now: datetime) -> bool:
        """Send a message again that was given up; False when there is no such message, or it was not."""
        return await self._pool.fetchval(SQL["requeue"], message, now) is not None

    async def _entries(self, rows: Sequence[Any], silences: Sequence[Silence], now: datetime) -> list[Entry]:
        ids = [row["id"] for row in rows]
        deliveries: defaultdict[UUID, list[Delivery]] = defaultdict(list)
        for row in await self._pool.fetch(SQL["deliveries"], ids):
            deliveries[row["case_id"]].append(_delivery(row))
        answers: defaultdict[UUID, list[Answer]] = defaultdict(list)
        for row in await self._pool.fetch(SQL["acknowledgements"], ids):
            answers[row["case_id"]].append(Answer(row["who"], row["acknowledged_at"], row["until"]))
        return [self._entry(row, silences, deliveries[row["id"]], answers[row["id"]], now) for row in rows]

    def _entry(
        self,
        row: Any,
        silences: Sequence[Silence],
        deliveries: Sequence[Delivery],
        answers: Sequence[Answer],
        now: datetime,
    ) -> Entry:
        case, record, unreadable = as_it_reads(row)
        text, _ = sentences(record, (case.rule, case.matter), row["outcome_text"], self._policy, now)
        return Entry(
            case=case,
            name=record.name,
            unit=record.lead_unit,
            official=record.lead_official,
            text=text,
            late=max(0, (business_day(now) - case.due).days),
            silence=silence_of(case, record, silences, self._policy, now),
            fault=unreadable or row["set_aside_why"] or row["project_set_aside_why"],
            deliveries=deliveries,
            answers=answers,
        )


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
