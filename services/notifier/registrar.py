"""Keeps the register of cases: brings the rows in line with what the projects' records say."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
import structlog
from pydantic import ValidationError

from services.notifier.announcer import Happened, announce
from services.notifier.domain.cases import (
    Case,
    Change,
    Move,
    Open,
    Past,
    Pause,
    Register,
    Reopen,
    Resolve,
    Resume,
    Timing,
    closing,
    review,
)
from services.notifier.domain.duties import next_look
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record, what_is_wrong
from services.notifier.domain.rules import Rung
from services.notifier.domain.silences import Silence
from services.notifier.domain.timers import Clock, next_news
from services.notifier.sifter import sift
from shared.clock import business_day
from shared.database import Connection
from shared.events import EscalationOpened, EscalationResolved
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# However long a backlog takes to read, its digest does not wait longer than this many times the settling time.
_LONGEST_HOLD: Final = 10
_Key = tuple[str, str]
# District, project and record; a Record, or the document that is kept of it.
Kept = tuple[str, str, Any]
_T = TypeVar("_T")


class Registrar:
    """Opens, reopens, pauses, moves and resolves cases, in the caller's transaction."""

    def __init__(self, policy: Policy, timing: Timing) -> None:
        self._policy = policy
        self._timing = timing
        self._log = structlog.get_logger().bind(part="registrar")

    async def look(self, connection: Connection, projects: Sequence[Kept], now: datetime) -> None:
        """Bring the cases of these projects in line with their records.

        A project for which that cannot be done is set aside. The caller holds the locks of the projects' rows.
        """

        async def work(some: Sequence[Kept]) -> None:
            await self._look(connection, [Record.model_validate(record) for *_, record in some], now)

        faulty = await sift(connection, projects, work)
        for each in faulty:
            self._log.error("a project is set aside", key="/".join(each.row[:2]), why=each.why)
        if faulty:
            keys = [each.row[0] for each in faulty], [each.row[1] for each in faulty]
            await connection.execute(SQL["set_aside_projects"], *keys, [each.why for each in faulty], now)

    async def _look(self, connection: Connection, records: Sequence[Record], now: datetime) -> None:
        keys = [record.district for record in records], [record.project for record in records]
        registers = await self._registers(connection, keys, now)
        changes: list[Change] = []
        for record in records:
            register = registers(record)
            changes += review(record, register, self._policy, self._timing, now)
        await self.apply(connection, changes, now)
        if any(isinstance(change, Open) and change.catch_up for change in changes):
            settle = self._timing.settle
            await connection.execute(SQL["hold_catch_up"], now + settle, settle * _LONGEST_HOLD)
        looks = [next_look(record, self._policy, now) for record in records]
        await connection.execute(SQL["plan_look"], *keys, looks)

    async def apply(self, connection: Connection, changes: Sequence[Change], now: datetime) -> None:
        """Write changes to the register, each kind in one statement."""
        if opened := _of(changes, Open):
            await connection.execute(SQL["open_cases"], *_opened(opened), now)
        if reopened := _of(changes, Reopen):
            await self._reopen(connection, reopened, now)
        if resolved := _of(changes, Resolve):
            await self._resolve(connection, resolved, now)
        if paused := _of(changes, Pause):
            await connection.execute(SQL["pause_cases"], [each.case.id for each in paused], now)
        if resumed := _of(changes, Resume):
            ids, at = [each.case.id for each in resumed], [each.fire_at for each in resumed]
            await connection.execute(SQL["resume_cases"], ids, at, *_clocks([each.clock for each in resumed]))
        if moved := _of(changes, Move):
            await connection.execute(SQL["move_cases"], [each.case.id for each in moved], [each.due for each in moved])

    async def silences(self, connection: Connection, now: datetime) -> list[Silence]:
        """The silences under way."""
        return [Silence(**row) for row in await connection.fetch(SQL["silences"], now)]

    async def _registers(
        self, connection: Connection, keys: tuple[list[str], list[str]], now: datetime
    ) -> Callable[[Record], Register]:
        cases: Mapping[_Key, list[Case]] = defaultdict(list)
        for row in await connection.fetch(SQL["unresolved_cases"], *keys):
            cases[row["district"], row["project"]].append(case_of(row))
        past: Mapping[_Key, list[Past]] = defaultdict(list)
        since = now - self._policy.reopening_span
        for row in await connection.fetch(SQL["just_resolved"], *keys, since):
            past[row["district"], row["project"]].append(Past(case_of(row), row["told"], row["next_fire_at"]))
        silences = await self.silences(connection, now)

        def register(record: Record) -> Register:
            key = record.district, record.project
            return Register(cases.get(key, ()), past.get(key, ()), silences)

        return register

    async def _reopen(self, connection: Connection, changes: Sequence[Reopen], now: datetime) -> None:
        columns = (
            [each.case.id for each in changes],
            [each.due for each in changes],
            [each.rung for each in changes],
            [each.fire_at for each in changes],
            *_clocks([each.clock for each in changes]),
        )
        await connection.execute(SQL["reopen_cases"], *columns)
        # What told nobody yet, or will tell its rung again, is put on the record when it does.
        silent = [each for each in changes if each.case.rung and each.rung == each.case.rung]
        await announce(connection, [_reopened(each, now) for each in silent], now)

    async def _resolve(self, connection: Connection, changes: Sequence[Resolve], now: datetime) -> None:
        columns = (
            [each.case.id for each in changes],
            [each.outcome for each in changes],
            [each.day for each in changes],
            [each.text for each in changes],
        )
        await connection.execute(SQL["resolve_cases"], *columns, now)
        loud = [each.case.id for each in changes if each.case.rung and not each.quiet]
        if loud:
            digest, later = self._policy.digest is not None, next_news(now, self._policy)
            await connection.execute(SQL["tell_resolved"], loud, now, later, digest)
        # A case that told nobody, opened and closed while a backlog was read, is not worth a line in the archive.
        await announce(connection, [_resolved(each, now) for each in changes if each.case.rung], now)


def _of(changes: Sequence[Change], kind: type[_T]) -> list[_T]:
    return [change for change in changes if isinstance(change, kind)]


def _opened(changes: Sequence[Open]) -> tuple[list[Any], ...]:
    return (
        [each.duty.key for each in changes],
        [each.duty.district for each in changes],
        [each.duty.project for each in changes],
        [each.duty.rule for each in changes],
        [each.duty.matter for each in changes],
        [each.duty.due for each in changes],
        [orjson.dumps([rung.model_dump(mode="json") for rung in each.ladder]).decode() for each in changes],
        [each.fire_at for each in changes],
        [each.catch_up for each in changes],
    )


def _clocks(clocks: Sequence[Clock | None]) -> tuple[list[datetime | None], list[int | None]]:
    return [clock.since if clock else None for clock in clocks], [
        clock.working_days if clock else None for clock in clocks
    ]


def _reopened(change: Reopen, now: datetime) -> Happened:
    case = change.case
    note = "办结后再次出现，继续催办"
    data = EscalationOpened(on=business_day(now), case=str(case.id), rule=case.rule, rung=change.rung, note=note)
    return Happened(case, data, case.generation + 1)


def _resolved(change: Resolve, now: datetime) -> Happened:
    case = change.case
    note = closing(change.text)
    data = EscalationResolved(on=business_day(now), case=str(case.id), rule=case.rule, rung=case.rung, note=note)
    return Happened(case, data, case.generation)


def as_it_reads(row: Any) -> tuple[Case, Record, str | None]:
    """The case in a row with its project's record, and what of them cannot be read, if anything.

    What cannot be read is left empty, so that a list shows the case with the others.
    """
    try:
        return case_of(row), Record.model_validate(row["record"]), None
    except ValidationError as error:
        bare = Record(district=row["district"], project=row["project"], revision=0, stage="unreadable")
        return case_of({**row, "ladder": ()}), bare, what_is_wrong(error)


def case_of(row: Any) -> Case:
    """The case in a row of notifier.escalation_case."""
    return Case(
        id=row["id"],
        district=row["district"],
        project=row["project"],
        key=row["dedup_key"],
        rule=row["rule"],
        matter=row["matter"],
        due=row["due"],
        state=row["state"],
        generation=row["generation"],
        rung=row["rung"],
        ladder=tuple(Rung.model_validate(rung) for rung in row["ladder"]),
        opened_at=row["opened_at"],
        # A resolved case keeps it for the case that it is reopened.
        next_fire_at=row["next_fire_at"] if row["state"] != "resolved" else None,
        paused_at=row["paused_at"],
        clock=Clock(row["clock_from"], row["clock_days"]) if row["clock_from"] else None,
        outcome=row["outcome"],
    )
