"""Sweeps what time has brought: duties that began today, cases whose next rung is due, posts that changed hands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

import structlog

from services.notifier.announcer import Happened, announce
from services.notifier.domain.cases import Case, Change, Climb, Exhaust, Wait, fire, stands
from services.notifier.domain.directory import Directory, Nobody, Person
from services.notifier.domain.duties import Holds
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.domain.rules import Role, Rung
from services.notifier.domain.silences import Silence
from services.notifier.domain.successors import holders
from services.notifier.domain.timers import Clock, fires_at, next_news
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar, case_of
from services.notifier.sifter import Faulty, sift
from shared.clock import business_day
from shared.database import Connection, Pool
from shared.events import EscalationClimbed, EscalationOpened
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# What cannot be handled today may be on another day, or after somebody has mended it.
_SET_ASIDE_FOR: Final = timedelta(hours=1)
_MOST_AT_ONCE: Final = 1000

# Case, generation, rung, recipient, channel, digest, state, reason: a row of notifier.delivery.
_Told: TypeAlias = tuple[UUID, int, int, str, str, bool, str, str | None]


@dataclass(slots=True)
class _Swept:
    """What a batch of due cases comes to, to be written in one statement for each kind."""

    timers: list[tuple[UUID, datetime | None]] = field(default_factory=list)
    climbs: list[tuple[UUID, int, datetime, datetime, int]] = field(default_factory=list)
    exhausted: list[Case] = field(default_factory=list)
    told: list[_Told] = field(default_factory=list)
    nobody: list[tuple[Case, int, Role, str]] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Sweeper:
    """Fires timers. Any number of sweepers may run at once: what one holds, the others skip."""

    def __init__(
        self, pool: Pool, registrar: Registrar, policy: Policy, directory: Directory, metrics: Metrics
    ) -> None:
        self._pool = pool
        self._registrar = registrar
        self._policy = policy
        self._directory = directory
        self._metrics = metrics
        self._adopted = False
        self._introduced: date | None = None
        self._log = structlog.get_logger().bind(part="sweeper")

    async def run_once(self, now: datetime) -> int:
        """Do everything that is due at `now`; returns how many projects and cases that were."""
        await self._adopt(now)
        done = 0
        while True:
            # One question is all that an idle round costs.
            (agenda,) = await self._pool.fetch(SQL["agenda"], now, now - _SET_ASIDE_FOR)
            if agenda["again"]:
                await self._pool.execute(SQL["take_up_again"], now - _SET_ASIDE_FOR)
                continue
            found = await self._look_at_projects(now) if agenda["look"] else 0
            # With nobody in the directory every ladder would run out within a moment, unheard.
            if not found and agenda["fire"] and self._directory.people:
                found = await self._fire_cases(now)
            # Last, so that nobody is told of what is over, or twice of what is just told.
            if not found:
                await self._introduce(now)
                return done
            done += found

    async def _adopt(self, now: datetime) -> None:
        """At start take up again what was set aside; when the policy is another one than last time, look at everything.

        Ladders stay as they were when their cases opened. Timers are computed again: a year's holidays may be known.
        """
        if self._adopted:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["take_up_again"], now)
            if await connection.fetchval(SQL["adopt"], self._policy.fingerprint, now) is not None:
                await connection.execute(SQL["look_at_all"], now)
                rows = await connection.fetch(SQL["running_clocks"], now)

                async def work(some: Sequence[Any]) -> None:
                    timers = [(row["id"], self._timer(row)) for row in some]
                    await connection.execute(SQL["set_timers"], *_columns(timers, 2))

                await self._set_aside(connection, await sift(connection, rows, work), now)
                self._log.info("another policy: every project is looked at again", timers=len(rows))
        self._adopted = True

    def _timer(self, row: Any) -> datetime:
        ladder = [Rung.model_validate(rung) for rung in row["ladder"]]
        return fires_at(ladder, row["rung"], Clock(row["clock_from"], row["clock_days"]), self._policy)

    async def _look_at_projects(self, now: datetime) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            # A silence that begins or ends is a reason to look at what it is about.
            if turned := await connection.fetch(SQL["turn_silences"], now):
                places = [row["district"] for row in turned], [row["project"] for row in turned]
                await connection.execute(SQL["look_at_silenced"], now, *places)
            rows = await connection.fetch(SQL["projects_to_look_at"], now)
            kept = [(row["district"], row["project"], row["record"]) for row in rows]
            await self._registrar.look(connection, kept, now)
        return len(rows)

    async def _fire_cases(self, now: datetime) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["due_cases"], now)
            silences = await self._registrar.silences(connection, now) if rows else ()

            async def work(some: Sequence[Any]) -> None:
                swept = _Swept()
                for row in some:
                    self._fire(swept, case_of(row), Record.model_validate(row["record"]), silences, now)
                await self._write(connection, swept, now)
                self._tell(swept)

            await self._set_aside(connection, await sift(connection, rows, work), now)
        return len(rows)

    async def _introduce(self, now: datetime) -> None:
        """Once a day, tell those who took a post over of the open cases that its holder before was told of."""
        today, last = business_day(now), None
        if self._introduced == today or not self._directory.people:
            return
        while rows := await self._pool.fetch(SQL["told_of"], last, _MOST_AT_ONCE):
            async with self._pool.acquire() as connection, connection.transaction():
                await self._introduce_to(connection, rows, now)
            last = rows[-1]["id"]
        self._introduced = today

    async def _introduce_to(self, connection: Connection, rows: Sequence[Any], now: datetime) -> None:
        silences = await self._registrar.silences(connection, now)

        async def work(some: Sequence[Any]) -> None:
            told = [each for row in some for each in self._unheard(row, silences, now)]
            await connection.execute(SQL["tell"], *_columns(told, 8), now, next_news(now, self._policy))

        await self._set_aside(connection, await sift(connection, rows, work), now)

    def _unheard(self, row: Any, silences: Sequence[Silence], now: datetime) -> Iterator[_Told]:
        case, record = case_of(row), Record.model_validate(row["record"])
        found = stands(case, record, silences, self._policy, now)
        if isinstance(found, Holds):
            for rung, person in holders(case, found.duty, record, self._directory, business_day(now)).values():
                if person.name not in row["told"]:
                    yield from _told(case, rung, person, digest=self._policy.digest is not None)

    async def _set_aside(self, connection: Connection, faulty: Sequence[Faulty[Any]], now: datetime) -> None:
        for each in faulty:
            self._log.error("a case is set aside", key=each.row["dedup_key"], why=each.why)
        if faulty:
            ids = [each.row["id"] for each in faulty]
            await connection.execute(SQL["set_aside_cases"], ids, [each.why for each in faulty], now)

    def _fire(self, swept: _Swept, case: Case, record: Record, silences: Sequence[Silence], now: datetime) -> None:
        match fire(case, stands(case, record, silences, self._policy, now), self._policy, now):
            case Climb() as climb:
                self._climb(swept, climb, record, now)
            case Exhaust():
                swept.exhausted.append(case)
            case Wait(_, until):
                swept.timers.append((case.id, until))
            case None:
                swept.timers.append((case.id, None))
            case change:
                swept.changes.append(change)

    def _climb(self, swept: _Swept, climb: Climb, record: Record, now: datetime) -> None:
        case, today = climb.case, business_day(now)
        people = self._people(swept, climb, record, now)
        for person in people:
            swept.told.extend(_told(case, climb.rung, person, digest=climb.digest))
        # A rung that reaches nobody does not wait for an answer.
        next_at = climb.next_fire_at if people else now
        swept.climbs.append((case.id, climb.rung, next_at, climb.clock.since, climb.clock.working_days))
        kind = EscalationOpened if climb.rung == 1 else EscalationClimbed
        who = "、".join(person.name for person in people)[:200] or None
        data = kind(on=today, case=str(case.id), rule=case.rule, rung=climb.rung, who=who, note=climb.duty.text)
        swept.happened.append(Happened(case, data, case.generation))

    def _people(self, swept: _Swept, climb: Climb, record: Record, now: datetime) -> list[Person]:
        case, people = climb.case, dict[str, Person]()
        for role in climb.who:
            found = self._directory.holders(role, record, climb.duty.owed_by, business_day(now))
            if isinstance(found, Nobody):
                place = case.id, case.generation, climb.rung, found.whom, "none"
                swept.told.append((*place, False, "dead", found.why))
                swept.nobody.append((case, climb.rung, role, found.why))
            else:
                people.update({person.name: person for person in found})
        return list(people.values())

    async def _write(self, connection: Connection, swept: _Swept, now: datetime) -> None:
        if swept.timers:
            await connection.execute(SQL["set_timers"], *_columns(swept.timers, 2))
        if swept.exhausted:
            await connection.execute(SQL["exhaust"], [case.id for case in swept.exhausted])
        if swept.climbs:
            await connection.execute(SQL["climb"], *_columns(swept.climbs, 5))
            await connection.execute(SQL["tell"], *_columns(swept.told, 8), now, now)
        await self._registrar.apply(connection, swept.changes, now)
        await announce(connection, swept.happened, now)

    def _tell(self, swept: _Swept) -> None:
        for case in swept.exhausted:
            self._log.warning("nobody answered up to the last rung", case=str(case.id), key=case.key)
        for case, rung, role, why in swept.nobody:
            self._metrics.nobody.inc()
            self._log.error("a rung leads to nobody", case=case.key, rung=rung, role=role, why=why)


def _told(case: Case, rung: int, person: Person, *, digest: bool) -> Iterator[_Told]:
    for address in person.first:
        yield case.id, case.generation, rung, person.name, address.channel, digest, "waiting", None


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as columns, as many as `width` when there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
