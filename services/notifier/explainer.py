"""Explains, for one project, which duties hold now and why, and who will be told of them when."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.notifier.domain.cases import Case
from services.notifier.domain.directory import Directory
from services.notifier.domain.duties import Duty, Ended, Holds, Met, Paused, Withdrawn, duties, standing, upcoming
from services.notifier.domain.forecast import Ladder, forecast, ladder_of
from services.notifier.domain.ladder import midnight
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.domain.silences import Silence, silenced
from services.notifier.domain.timers import Clock, fires_at
from services.notifier.registrar import Registrar, case_of
from shared.clock import BUSINESS_ZONE, business_day
from shared.database import Connection
from shared.sql import queries_beside

SQL = queries_beside(__file__)


class Explainer:
    """Reads what the notifier knows of a project, and says what follows from it by policy and directory."""

    def __init__(self, policy: Policy, directory: Directory, registrar: Registrar) -> None:
        self._policy = policy
        self._directory = directory
        self._registrar = registrar

    async def explain(self, connection: Connection, project: str, district: str | None, now: datetime) -> Sequence[str]:
        """Lines to print; none when no such project is known."""
        lines: list[str] = []
        for row in await connection.fetch(SQL["records"], project, district):
            record = Record.model_validate(row["record"])
            rows = await connection.fetch(SQL["cases"], record.district, record.project)
            silences = await self._registrar.silences(connection, now)
            lines += self._about(record, [case_of(each) for each in rows], silences, now)
        return lines

    def _about(
        self, record: Record, cases: Sequence[Case], silences: Sequence[Silence], now: datetime
    ) -> Iterator[str]:
        yield f"{record.district}/{record.project} {record.name or ''}: {record.stage}, revision {record.revision}"
        yield f"  lead unit {record.lead_unit or '-'}, lead official {record.lead_official or '-'}"
        held = duties(record, self._policy, now)
        known = {case.key: case for case in cases}
        yield "now:" if held else "now: nothing is owed"
        for duty in held:
            yield from self._duty(duty, known.pop(duty.key, None), record, silences, now)
        for case in known.values():
            yield from self._waiting(case, record, now)
        later = upcoming(record, self._policy, now)
        yield "later, if nothing happens:" if later else "later: nothing that is known"
        for each in later:
            rule = self._policy.rule(each.rule)
            yield f"  {_since(each.since)} {each.rule} {each.matter}, due {each.due}, owed by {each.owed_by or '-'}"
            if rule is not None:
                rungs = rule.climb(each.pressing)
                first = fires_at(rungs, 0, Clock(each.since, 0), self._policy)
                yield from self._steps(Ladder(rungs, each.owed_by, 0, first), record)

    def _duty(
        self, duty: Duty, case: Case | None, record: Record, silences: Sequence[Silence], now: datetime
    ) -> Iterator[str]:
        yield f"  {duty.rule} {duty.matter}, due {duty.due}, owed by {duty.owed_by or '-'}"
        yield f"    {duty.text}"
        if silence := silenced(silences, record, duty, now):
            yield f"    silenced until {_moment(silence.until)} by {silence.who}: {silence.reason}"
        if case is None:
            yield "    no case yet: the next look opens one" if not silence else "    no case is opened meanwhile"
            return
        yield f"    case {case.id}: {case.state}, rung {case.rung} of {len(case.ladder)}{_paused(case)}"
        if ladder := ladder_of(case, duty.owed_by):
            yield from self._steps(ladder, record)

    def _waiting(self, case: Case, record: Record, now: datetime) -> Iterator[str]:
        match standing(record, case.rule, case.matter, self._policy, now):
            case Paused():
                why = "the project is suspended"
            case Met(on):
                why = f"it was met on {on}: the next look resolves it"
            case Ended(text) | Withdrawn(_, text):
                why = f"the next look resolves it: {text}"
            case Holds():
                why = "it holds"
        yield f"  {case.rule} {case.matter}: case {case.id}: {case.state}{_paused(case)}; {why}"

    def _steps(self, ladder: Ladder, record: Record) -> Iterator[str]:
        for step in forecast(ladder, record, self._policy, self._directory):
            guess = " (provisional: that year's holidays are not known yet)" if step.provisional else ""
            if step.rung == 0:
                yield f"    {_moment(step.at)} exhausted{guess}"
                continue
            told = "; ".join(f"{role} {names}" for role, names in step.told)
            yield f"    {_moment(step.at)} rung {step.rung} → {told}{' (digest)' if step.digest else ''}{guess}"


def _paused(case: Case) -> str:
    return f", paused since {_moment(case.paused_at)}" if case.paused_at else ""


def _since(at: datetime) -> str:
    """The day of what begins with it, else the minute."""
    return str(business_day(at)) if at == midnight(business_day(at)) else _moment(at)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"
