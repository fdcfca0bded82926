"""Takes answers (签收): what a link's message told of, and who answers for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifier.announcer import Happened, announce
from services.notifier.domain.cases import Case, may_acknowledge, sentences, silence_of
from services.notifier.domain.links import Link
from services.notifier.domain.messages import reticent
from services.notifier.domain.policy import Policy
from services.notifier.domain.silences import Silence
from services.notifier.domain.timers import answer_by
from services.notifier.registrar import as_it_reads
from services.notifier.silencer import Silencer
from shared.clock import business_day
from shared.database import Connection, Pool
from shared.events import EscalationAcknowledged
from shared.sql import queries_beside

SQL = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who answers: the name given, and where the answer came from."""

    who: str
    address: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One case of a message as it stands now. `answerable`: this link may still answer for it."""

    case: Case
    name: str | None
    unit: str | None
    official: str | None
    text: str
    answerable: bool
    answered_by: str | None
    answered_at: datetime | None
    answered_until: datetime | None
    silence: Silence | None


class Acknowledger:
    """Shows and takes answers by link."""

    def __init__(self, pool: Pool, policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def told(self, link: Link, now: datetime) -> list[Told]:
        """What the link's message told of, or its person, the one late for longest first; empty for one long gone."""
        group = link.action == "acknowledge-by-name"
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(SQL["told"], await _deliveries(connection, link, now))
            silences = await Silencer(connection).list(now, also_past=False)
        return [_told(row, silences, self._policy, now, group=group) for row in rows]

    async def answer(
        self, link: Link, chosen: Collection[UUID] | None, visitor: Visitor, now: datetime
    ) -> Sequence[UUID]:
        """Acknowledge the chosen cases of the link's message (None: all); returns those for which this counted.

        A case that is resolved, that somebody has answered already, or that this link has answered before, is left
        as it is.
        """
        counted: list[UUID] = []
        async with self._pool.acquire() as connection, connection.transaction():
            for row in await connection.fetch(SQL["lock_cases"], await _deliveries(connection, link, now)):
                case, *_ = as_it_reads(row)
                if (chosen is None or case.id in chosen) and may_acknowledge(case):
                    place = case.id, row["told_generation"], link.recipient
                    if await self._answer(connection, case, place, visitor, now):
                        counted.append(case.id)
        return counted

    async def _answer(
        self, connection: Connection, case: Case, place: tuple[UUID, int, str], visitor: Visitor, now: datetime
    ) -> bool:
        until = answer_by(self._policy, now)
        row = *place, visitor.who, now, until, visitor.address, visitor.user_agent
        if await connection.fetchval(SQL["acknowledge"], *row) is None:
            return False
        await connection.execute(SQL["stop_climb"], case.id, until, now)
        data = EscalationAcknowledged(
            on=business_day(now), case=str(case.id), rule=case.rule, rung=case.rung, who=visitor.who
        )
        await announce(connection, [Happened(case, data, case.generation)], now)
        return True


async def _deliveries(connection: Connection, link: Link, now: datetime) -> list[int]:
    if link.message is None:
        return [row["id"] for row in await connection.fetch(SQL["of_person"], link.recipient, now)]
    return [row["id"] for row in await connection.fetch(SQL["of_message"], link.message)]


def _told(row: Any, silences: Sequence[Silence], policy: Policy, now: datetime, *, group: bool) -> Told:
    case, record, _ = as_it_reads(row)
    name, text = record.name, sentences(record, (case.rule, case.matter), row["outcome_text"], policy, now)[0]
    if group:
        # Whoever reads the group reads the page behind its link.
        investor = record.investor.name if record.investor else None
        name, text = name and reticent(name, investor), reticent(text, investor)
    return Told(
        case=case,
        name=name,
        unit=record.lead_unit,
        official=record.lead_official,
        text=text,
        answerable=may_acknowledge(case) and row["own_at"] is None,
        answered_by=row["answered_by"],
        answered_at=row["answered_at"],
        answered_until=row["answered_until"],
        silence=silence_of(case, record, silences, policy, now),
    )
