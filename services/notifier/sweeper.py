"""Sweeps what time has brought: duties that began today, and cases whose next rung is due."""

from datetime import datetime
from typing import assert_never

import structlog

from services.notifier.announcer import announce
from services.notifier.domain.cases import Case, Climb, Exhaust, Move, Open, Pause, Resolve, Resume, Wait, fire
from services.notifier.domain.directory import Directory, Nobody, Person
from services.notifier.domain.duties import Holds, standing
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.metrics import Metrics
from services.notifier.registrar import Registrar, case_of
from shared.clock import business_day
from shared.database import Connection, Pool
from shared.events import EscalationClimbed, EscalationOpened
from shared.sql import queries_beside

SQL = queries_beside(__file__)


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
        self._log = structlog.get_logger().bind(part="sweeper")

    async def run_once(self, now: datetime) -> int:
        """Do everything that is due at `now`; returns how many projects and cases that were."""
        done = 0
        while found := await self._look_at_projects(now):
            done += found
        # With nobody in the directory every ladder would run out within a moment, unheard.
        while self._directory.people and (found := await self._fire_cases(now)):
            done += found
        await self._measure(now)
        return done

    async def _look_at_projects(self, now: datetime) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["projects_to_look_at"], business_day(now))
            await self._registrar.look(connection, [Record.model_validate(row["record"]) for row in rows], now)
        return len(rows)

    async def _fire_cases(self, now: datetime) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["due_cases"], now)
            for row in rows:
                await self._fire(connection, case_of(row), Record.model_validate(row["record"]), now)
        return len(rows)

    async def _fire(self, connection: Connection, case: Case, record: Record, now: datetime) -> None:
        found = standing(record, case.matter, business_day(now))
        match fire(case, found, self._policy, now):
            case Climb() as climb:
                await self._climb(connection, climb, record, now, found.duty.text if isinstance(found, Holds) else "")
            case Exhaust():
                await connection.execute(SQL["exhaust"], case.id)
                self._log.warning("nobody answered up to the last rung", case=str(case.id), key=case.key)
            case Wait(_, until):
                await connection.execute(SQL["wait"], case.id, until)
            case Open() | Resolve() | Pause() | Resume() | Move() as change:
                await self._registrar.apply(connection, change, now)
            case None:
                await connection.execute(SQL["wait"], case.id, None)
            case never:
                assert_never(never)

    async def _climb(self, connection: Connection, climb: Climb, record: Record, now: datetime, note: str) -> None:
        case = climb.case
        people = await self._people(connection, climb, record, now)
        for person in people:
            for address in person.first:
                place = case.id, case.generation, climb.rung, person.name, address.channel
                await connection.execute(SQL["tell"], *place, now)
        # A rung that reaches nobody does not wait for an answer.
        await connection.execute(SQL["climb"], case.id, climb.rung, climb.next_fire_at if people else now)
        kind = EscalationOpened if climb.rung == 1 else EscalationClimbed
        who = "、".join(person.name for person in people)[:200] or None
        today = business_day(now)
        data = kind(on=today, case=str(case.id), rule=case.rule, rung=climb.rung, who=who, note=note or None)
        await announce(connection, case, data, now)

    async def _people(self, connection: Connection, climb: Climb, record: Record, now: datetime) -> list[Person]:
        people: dict[str, Person] = {}
        for role in climb.who:
            found = self._directory.holders(role, record)
            if isinstance(found, Nobody):
                place = climb.case.id, climb.case.generation, climb.rung, found.whom
                await connection.execute(SQL["found_nobody"], *place, now, found.why)
                self._metrics.nobody.inc()
                self._log.error(
                    "a rung leads to nobody", case=climb.case.key, rung=climb.rung, role=role, why=found.why
                )
            else:
                people.update({person.name: person for person in found})
        return list(people.values())

    async def _measure(self, now: datetime) -> None:
        for gauge, query in ((self._metrics.cases, "cases_by_state"), (self._metrics.messages, "messages_by_state")):
            gauge.clear()
            for state, count in await self._pool.fetch(SQL[query]):
                gauge.labels(state).set(count)
        oldest = await self._pool.fetchval(SQL["oldest_timer"])
        self._metrics.lateness.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
