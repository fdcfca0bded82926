"""Sends messages: claims one, looks again, tries once, and records what the provider said."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from services.notifier.channels.routes import Routes
from services.notifier.domain.ladder import next_opening
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.messages import Item, Letter, describe
from services.notifier.domain.outcomes import Outcome, Unclear, settle
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.metrics import Metrics
from shared.clock import business_day
from shared.database import Connection, Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# Longer than any attempt may last, so that two senders never try the same message at once.
LEASE: Final = timedelta(seconds=60)
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message; `number` counts from 1."""

    message: UUID
    number: int
    again: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this sender alone may send until the lease ends."""

    attempt: Attempt
    channel: str
    letter: Letter


class Sender:
    """Takes messages to their channels. Any number of senders may run at once."""

    def __init__(self, pool: Pool, routes: Routes, links: LinkMaker, policy: Policy, metrics: Metrics) -> None:
        self._pool = pool
        self._routes = routes
        self._links = links
        self._policy = policy
        self._metrics = metrics
        self._log = structlog.get_logger().bind(part="sender")

    async def run_once(self, now: datetime) -> int:
        """Send some of what is due at `now`, each once; returns how many messages were dealt with, 0 when none is left.

        A round ends well within a lease, so that `now` is good for all of it. Each attempt ends in a record, so that a
        crash leaves few in doubt.
        """
        await self._take_back(now)
        return sum(await asyncio.gather(*(self._send_one(now) for _ in range(_AT_ONCE))))

    async def _send_one(self, now: datetime) -> bool:
        claimed = await self._claim(now)
        if isinstance(claimed, Claimed):
            message, letter = claimed.attempt.message, claimed.letter
            await self._record(claimed, await self._routes.send(claimed.channel, message, letter, now), now)
        return bool(claimed)

    async def _claim(self, now: datetime) -> Claimed | bool:
        """The next message to send; True when one was dropped instead, False when there is none."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL["claim"], now)
            if row is None:
                return False
            await connection.fetch(SQL["lock_told"], row["id"])
            await connection.execute(SQL["drop_stale_items"], row["id"])
            await connection.execute(SQL["return_paused_items"], row["id"])
            items = await self._items(connection, row["id"], now)
            if not items:
                await connection.execute(SQL["nothing_left"], row["id"])
                return True
            await connection.execute(SQL["lease"], row["id"], now + LEASE)
        return Claimed(_attempt(row, 1), row["channel"], self._letter(row, items, now))

    async def _items(self, connection: Connection, message: UUID, now: datetime) -> list[Item]:
        told: dict[UUID, dict[str, Any]] = {}
        for row in await connection.fetch(SQL["told_before"], message):
            told.setdefault(row["case_id"], {})[row["recipient"]] = business_day(row["told_at"])
        rows = await connection.fetch(SQL["items"], message)
        return [_item(row, told.get(row["id"], {}), now) for row in rows]

    def _letter(self, row: Any, items: list[Item], now: datetime) -> Letter:
        group = self._routes.group(row["channel"])
        link = None
        if row["notice"] == "overdue":
            link = self._links.write(row["id"], row["recipient"], group=group, now=now)
        return Letter(
            notice=row["notice"],
            number=f"LD-{row['number']:06d}",
            recipient=row["recipient"],
            items=items,
            link=link,
            today=business_day(now),
            discreet=group,
            again=row["again"],
        )

    async def _record(self, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
        kind = type(outcome).__name__
        self._metrics.attempts.labels(claimed.channel, kind, outcome.code).inc()
        log = self._log.info if kind == "Sent" else self._log.warning
        log(kind, number=claimed.letter.number, channel=claimed.channel, code=outcome.code, said=outcome.said)
        async with self._pool.acquire() as connection, connection.transaction():
            await self._write(connection, claimed.attempt, outcome, now)

    async def _take_back(self, now: datetime) -> None:
        """Settle what a sender that is gone left behind."""
        async with self._pool.acquire() as connection, connection.transaction():
            for row in await connection.fetch(SQL["abandoned"], now):
                outcome = Unclear("abandoned", "the sender ended before it recorded the answer")
                await self._write(connection, _attempt(row), outcome, now)

    async def _write(self, connection: Connection, attempt: Attempt, outcome: Outcome, now: datetime) -> None:
        what = settle(outcome, attempt.number, attempt.again, now)
        # Nobody is woken by a message that failed in the evening.
        later = next_opening(what.next_attempt_at, self._policy.opening, self._policy.days)
        row = attempt.message, attempt.number, what.state, later, what.again, outcome.code, outcome.said
        if await connection.fetchval(SQL["record"], *row, now) is None or what.state == "waiting":
            return
        await connection.execute(SQL["close_items"], attempt.message, what.state)
        if what.state == "dead":
            await connection.fetch(SQL["lock_told"], attempt.message)
            await connection.execute(SQL["hasten"], attempt.message, now)


def _attempt(row: Any, ahead: int = 0) -> Attempt:
    return Attempt(row["id"], row["attempts"] + ahead, row["again"])


def _item(row: Any, told: Mapping[str, Any], now: datetime) -> Item:
    record, today = Record.model_validate(row["record"]), business_day(now)
    text, brief = describe(record, row["matter"], row["outcome"], row["outcome_day"], today)
    return Item(
        case=str(row["id"]),
        rule=row["rule"],
        rung=row["rung"],
        district=row["district"],
        project=row["project"],
        name=record.name,
        matter=row["matter"],
        due=row["due"],
        text=text,
        brief=brief,
        unit=record.lead_unit,
        official=record.lead_official,
        investor=record.investor.name if record.investor else None,
        told=told,
    )
