"""Sends messages: claims some, looks again, tries each once, and records what the providers said."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from services.notifier.channels.routes import Routes
from services.notifier.domain.cases import sentences
from services.notifier.domain.duties import urgency
from services.notifier.domain.kinds import subject
from services.notifier.domain.letters import Heard, Item, Letter, Others
from services.notifier.domain.links import LinkMaker
from services.notifier.domain.outcomes import NOBODY_THERE, Outcome, TryLater, Unclear, settle
from services.notifier.domain.pacing import Bucket, Pace, reserve
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.domain.timers import tried_again
from services.notifier.metrics import Metrics
from services.notifier.sifter import POISON, why
from shared.clock import business_day
from shared.database import AWAY, Connection, Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# Longer than any attempt and its record may last, so that two senders never try the same message at once.
LEASE: Final = timedelta(seconds=120)
_BATCH: Final = 64
# An answer in hand outlives a database that is away: lost, it would make a message go out twice.
_RECORD_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message; `number` counts from 1. `pace` is that of the bot it goes through, if there is one."""

    message: UUID
    number: int
    again: bool
    channel: str
    digest: bool
    pace: Pace | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this sender alone may send until the lease ends."""

    attempt: Attempt
    letter: Letter


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an attempt."""

    attempt: Attempt
    outcome: Outcome


class Sender:
    """Takes messages to their channels. Any number of senders may run at once."""

    def __init__(self, pool: Pool, routes: Routes, links: LinkMaker, policy: Policy, metrics: Metrics) -> None:
        self._pool = pool
        self._routes = routes
        self._links = links
        self._policy = policy
        self._metrics = metrics
        self._log = structlog.get_logger().bind(part="sender")

    async def run_once(self, now: datetime, channel: str | None = None) -> int:
        """Send some of what is due at `now`, each once; returns how many messages were dealt with, 0 when none is left.

        `channel`: only what goes over this one, so that a slow provider holds up nobody else's messages. A round ends
        well within a lease, so that `now` is good for all of it.
        """
        await self._take_back(now, channel)
        claimed, dealt_with = await self._claim(now, channel)
        trying = {asyncio.create_task(self._try(each, now)) for each in claimed}
        try:
            while trying:
                # What is answered while others are recorded is recorded with the next.
                done, trying = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
                await self._record([task.result() for task in done], now)
        finally:
            for task in trying:
                task.cancel()
        return dealt_with

    async def _try(self, claimed: Claimed, now: datetime) -> Answered:
        attempt, letter = claimed.attempt, claimed.letter
        outcome = await self._routes.send(attempt.channel, attempt.message, letter, now)
        kind = type(outcome).__name__
        self._metrics.attempts.labels(attempt.channel, kind, outcome.code).inc()
        log = self._log.info if kind == "Sent" else self._log.warning
        log(kind, number=letter.number, channel=attempt.channel, code=outcome.code, said=outcome.said)
        return Answered(attempt, outcome)

    async def _claim(self, now: datetime, channel: str | None) -> tuple[list[Claimed], int]:
        """The next messages to send, and how many were dealt with: dropped or put off as well."""
        async with self._pool.acquire() as connection, connection.transaction():
            later = self._opens(now, digest=False), self._opens(now, digest=True)
            if max(later) > now:
                await connection.execute(SQL["put_off"], now, channel, *later)
            rows = await connection.fetch(SQL["claim"], now, channel, _BATCH)
            if not rows:
                return [], 0
            ids = [row["id"] for row in rows]
            for query in ("lock_told", "drop_stale_items", "return_paused_items"):
                await connection.fetch(SQL[query], ids)
            items = await self._items(connection, ids, now)
            others = {row["message_id"]: _others(row) for row in await connection.fetch(SQL["told_earlier"], ids)}
            await connection.execute(SQL["nothing_left"], [each for each in ids if each not in items])
            ready = await self._in_turn(connection, [row for row in rows if row["id"] in items], now)
            await connection.execute(SQL["lease"], [row["id"] for row, _ in ready], now + LEASE)
        return [
            Claimed(
                _attempt(row, pace, ahead=1), self._letter(row, items[row["id"]], others.get(row["id"], Others()), now)
            )
            for row, pace in ready
        ], len(rows)

    async def _in_turn(
        self, connection: Connection, rows: Sequence[Any], now: datetime
    ) -> list[tuple[Any, Pace | None]]:
        """Those whose bot takes them now; the others are put off until it does."""
        paces = [self._routes.pace(row["channel"], row["recipient"], now) for row in rows]
        buckets = await self._buckets(connection, sorted({pace.key for pace in paces if pace}))
        ready: list[tuple[Any, Pace | None]] = []
        put_off: list[tuple[UUID, datetime, datetime | None]] = []
        for row, pace in zip(rows, paces, strict=True):
            if pace is None or (row["slot_at"] is not None and buckets[pace.key].blocked_until <= now):
                ready.append((row, pace))
                continue
            slot, buckets[pace.key] = reserve(pace, buckets[pace.key], now)
            if slot <= now:
                ready.append((row, pace))
                continue
            at = self._opens(slot, digest=row["notice"] == "digest")
            put_off.append((row["id"], at, slot if at == slot else None))
        if put_off:
            await connection.execute(SQL["postpone"], *map(list, zip(*put_off, strict=True)))
        if buckets:
            await connection.execute(SQL["book"], list(buckets), [each.booked_until for each in buckets.values()])
        return ready

    def _opens(self, at: datetime, *, digest: bool) -> datetime:
        return tried_again(at, self._policy, digest=digest)

    async def _buckets(self, connection: Connection, keys: Sequence[str]) -> dict[str, Bucket]:
        if not keys:
            return {}
        await connection.execute(SQL["make_buckets"], keys)
        rows = await connection.fetch(SQL["lock_buckets"], keys)
        return {row["key"]: Bucket(row["booked_until"], row["blocked_until"]) for row in rows}

    async def _items(self, connection: Connection, messages: Sequence[UUID], now: datetime) -> dict[UUID, list[Item]]:
        told: defaultdict[tuple[UUID, UUID], dict[str, Heard]] = defaultdict(dict)
        for row in await connection.fetch(SQL["told_before"], messages):
            heard = Heard(business_day(row["told_at"]), row["answered"])
            told[row["message_id"], row["case_id"]][row["recipient"]] = heard
        items: defaultdict[UUID, list[Item]] = defaultdict(list)
        faulty: dict[UUID, str] = {}
        for row in await connection.fetch(SQL["items"], messages):
            try:
                items[row["message_id"]].append(self._item(row, told[row["message_id"], row["id"]], now))
            except POISON as error:
                faulty[row["id"]] = why(error)
                self._log.error("a case is set aside", key=row["dedup_key"], why=faulty[row["id"]])
        if faulty:
            await connection.execute(SQL["set_aside_items"], messages, list(faulty), list(faulty.values()), now)
        return dict(items)

    def _item(self, row: Any, told: Mapping[str, Heard], now: datetime) -> Item:
        record, what = Record.model_validate(row["record"]), (row["rule"], row["matter"])
        text, brief = sentences(record, what, row["outcome_text"], self._policy, now)
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
            subject=subject(record, *what),
            unit=record.lead_unit,
            official=record.lead_official,
            investor=record.investor.name if record.investor else None,
            told=told,
            urgency=urgency(record, *what, self._policy, now),
            outcome=row["outcome"],
        )

    def _letter(self, row: Any, items: list[Item], others: Others, now: datetime) -> Letter:
        group, most = self._routes.group(row["channel"]), self._policy.most
        link = None
        # What is over and stands here whole needs nothing more.
        if row["notice"] != "resolved" or len(items) > most:
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
            most=most,
            others=others,
        )

    async def _record(self, answered: Sequence[Answered], now: datetime) -> None:
        for pause in (*_RECORD_PAUSES, None):
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    return await self._write(connection, answered, now)
            except AWAY as error:
                if pause is None:
                    raise
                self._log.warning("answers cannot be recorded, trying again", error=type(error).__name__)
                await asyncio.sleep(pause)
        return None

    async def _take_back(self, now: datetime, channel: str | None) -> None:
        """Settle what a sender that is gone left behind."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["abandoned"], now, channel, _BATCH)
            if rows:
                outcome = Unclear("abandoned", "the sender ended before it recorded the answer")
                await self._write(connection, [Answered(_attempt(row), outcome) for row in rows], now)

    async def _write(self, connection: Connection, answered: Sequence[Answered], now: datetime) -> None:
        written = await connection.fetch(SQL["record"], *self._columns(answered, now), now)
        await connection.execute(SQL["close_items"], [row["id"] for row in written if row["state"] != "waiting"])
        if lost := [row for row in written if row["state"] in ("dead", "uncertain")]:
            await self._turn_elsewhere(connection, lost, now)
        for each in answered:
            if each.attempt.pace and isinstance(each.outcome, TryLater) and each.outcome.blocks:
                await connection.execute(SQL["block"], each.attempt.pace.key, now + each.outcome.after)

    def _columns(self, answered: Sequence[Answered], now: datetime) -> list[list[Any]]:
        rows = []
        for each in answered:
            attempt, outcome = each.attempt, each.outcome
            what = settle(outcome, attempt.number, attempt.again, now)
            # Nobody is woken by a message that failed in the evening.
            later = self._opens(what.next_attempt_at, digest=attempt.digest)
            rows.append((attempt.message, attempt.number, what.state, later, what.again, outcome.code, outcome.said))
        return [list(column) for column in zip(*rows, strict=True)]

    async def _turn_elsewhere(self, connection: Connection, lost: Sequence[Any], now: datetime) -> None:
        """Tell on the next channel what one may not have told; a rung that can reach nobody does not wait."""
        ids = [row["id"] for row in lost]
        await connection.fetch(SQL["lock_told"], ids)
        ways = [(row["id"], self._routes.after(row["channel"], row["recipient"], now)) for row in lost]
        following = [(message, channel) for message, channel in ways if channel is not None]
        await connection.execute(
            SQL["take_next_channel"], [each for each, _ in following], [channel for _, channel in following], now
        )
        await connection.execute(SQL["hasten"], ids, now, list(NOBODY_THERE))


def _attempt(row: Any, pace: Pace | None = None, ahead: int = 0) -> Attempt:
    return Attempt(row["id"], row["attempts"] + ahead, row["again"], row["channel"], row["notice"] == "digest", pace)


def _others(row: Any) -> Others:
    return Others(row["others"], row["answered"], row["exhausted"])
