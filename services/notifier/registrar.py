"""Keeps the register of cases: brings the rows in line with what the projects' records say."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, assert_never

from services.notifier.announcer import announce
from services.notifier.domain.cases import Case, Change, Move, Open, Pause, Resolve, Resume, Timing, review
from services.notifier.domain.duties import next_look
from services.notifier.domain.ladder import next_opening
from services.notifier.domain.messages import resolution
from services.notifier.domain.policy import Policy, Rung
from services.notifier.domain.record import Record
from shared.clock import business_day
from shared.database import Connection
from shared.events import EscalationResolved
from shared.sql import queries_beside

SQL = queries_beside(__file__)

# However long a backlog takes to read, its digest does not wait longer than this many times the settling time.
_LONGEST_HOLD: Final = 10


class Registrar:
    """Opens, pauses, moves and resolves cases, in the caller's transaction."""

    def __init__(self, policy: Policy, timing: Timing) -> None:
        self._policy = policy
        self._timing = timing

    async def look(self, connection: Connection, records: Sequence[Record], now: datetime) -> int:
        """Bring the cases of these projects in line with their records; returns how many changes that took.

        The caller holds the locks of the projects' rows.
        """
        if not records:
            return 0
        keys = [record.district for record in records], [record.project for record in records]
        cases: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
        for row in await connection.fetch(SQL["unresolved_cases"], *keys):
            cases[row["district"], row["project"]].append(case_of(row))
        done: list[Change] = []
        for record in records:
            known = cases[record.district, record.project]
            for change in review(record, known, self._policy, self._timing, now):
                await self.apply(connection, change, now)
                done.append(change)
        if any(isinstance(change, Open) and change.catch_up for change in done):
            settle = self._timing.settle
            await connection.execute(SQL["hold_catch_up"], now + settle, settle * _LONGEST_HOLD)
        today = business_day(now)
        await connection.execute(SQL["plan_look"], *keys, [next_look(record, today) for record in records])
        return len(done)

    async def apply(self, connection: Connection, change: Change, now: datetime) -> None:
        """Write one change to the register."""
        match change:
            case Open(duty, ladder, fire_at, catch_up):
                rungs = [rung.model_dump(mode="json") for rung in ladder]
                place = duty.key, duty.district, duty.project, duty.rule, duty.matter, duty.due
                await connection.execute(SQL["open_case"], *place, rungs, now, fire_at, catch_up)
            case Resolve():
                await self._resolve(connection, change, now)
            case Pause(case):
                await connection.execute(SQL["pause_case"], case.id, now)
            case Resume(case, fire_at):
                await connection.execute(SQL["resume_case"], case.id, fire_at)
            case Move(case, due):
                await connection.execute(SQL["move_case"], case.id, due)
            case _:
                assert_never(change)

    async def _resolve(self, connection: Connection, change: Resolve, now: datetime) -> None:
        case = change.case
        await connection.execute(SQL["resolve_case"], case.id, change.outcome, change.day, now)
        opening = next_opening(now, self._policy.opening, self._policy.days)
        await connection.execute(SQL["tell_resolved"], case.id, now, opening)
        # A case that told nobody, opened and closed while a backlog was read, is not worth a line in the archive.
        if case.rung:
            today = business_day(now)
            note = resolution(case.matter, change.outcome, change.day, today)
            data = EscalationResolved(on=today, case=str(case.id), rule=case.rule, rung=case.rung, note=note)
            await announce(connection, case, data, now)


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
        next_fire_at=row["next_fire_at"],
        paused_at=row["paused_at"],
    )
