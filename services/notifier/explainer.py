"""Explains, for one project, which duties hold now and why, and who will be told of them when."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from pydantic import ValidationError

from services.notifier.domain.cases import Case
from services.notifier.domain.directory import Directory
from services.notifier.domain.duties import Duty, Ended, Holds, Met, Paused, Withdrawn, duties, standing, upcoming
from services.notifier.domain.forecast import Ladder, forecast, ladder_of
from services.notifier.domain.kinds import KINDS
from services.notifier.domain.ladder import midnight
from services.notifier.domain.obligations import Obligation
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import SUSPENDED, Record, what_is_wrong
from services.notifier.domain.silences import Silence, silenced
from services.notifier.domain.timers import Clock, fires_at
from services.notifier.domain.wording import ROLES, STAGES, zh_date, zh_end, zh_moment
from services.notifier.registrar import Registrar, as_it_reads
from shared.clock import business_day
from shared.database import Connection
from shared.sql import queries_beside

SQL = queries_beside(__file__)

_STATES: Final[Mapping[str, str]] = {
    "open": "待签收",
    "acknowledged": "已签收，待办结",
    "exhausted": "已到末级，转人工督办",
}


class Explainer:
    """Reads what the notifier knows of a project, and says what follows from it by policy and directory."""

    def __init__(self, policy: Policy, directory: Directory, registrar: Registrar) -> None:
        self._policy = policy
        self._directory = directory
        self._registrar = registrar

    async def explain(self, connection: Connection, project: str, district: str | None, now: datetime) -> Sequence[str]:
        """Lines to print, in Chinese; none when no such project is known."""
        lines: list[str] = []
        silences = await self._registrar.silences(connection, now)
        for row in await connection.fetch(SQL["records"], project, district):
            cases = await connection.fetch(SQL["cases"], row["district"], row["project"])
            try:
                record = Record.model_validate(row["record"])
            except ValidationError as error:
                lines.append(f"{row['district']}/{row['project']}：台账记录无法读取，已单列（{what_is_wrong(error)}）")
                continue
            about = _About(record, self._policy, self._directory, silences, now)
            lines += about.lines([as_it_reads({**each, "record": row["record"]})[0] for each in cases])
        return lines


class _About:
    """What there is to say of one project at one instant."""

    def __init__(
        self, record: Record, policy: Policy, directory: Directory, silences: Sequence[Silence], now: datetime
    ) -> None:
        self._record = record
        self._policy = policy
        self._directory = directory
        self._silences = silences
        self._now = now
        self._today = business_day(now)

    def lines(self, cases: Sequence[Case]) -> Iterator[str]:
        record, place = self._record, f"{self._record.district}/{self._record.project}"
        yield f"{record.name or record.project}（{place}）：{STAGES.get(record.stage, record.stage)}"
        yield f"  牵头单位：{record.lead_unit or '未明确'}　挂包领导：{record.lead_official or '未明确'}"
        held = duties(record, self._policy, self._now)
        known = {case.key: case for case in cases}
        yield "现在催办：" if held or cases else "现在催办：没有"
        for duty in held:
            yield from self._held(duty, known.pop(duty.key, None))
        for case in known.values():
            yield from self._waiting(case)
        later = upcoming(record, self._policy, self._now)
        paused = "（项目恢复后才催）" if record.stage == SUSPENDED else ""
        yield f"以后，一直没有办结的话{paused}：{'' if later else '没有'}"
        for each in later:
            yield from self._later(each)

    def _held(self, duty: Duty, case: Case | None) -> Iterator[str]:
        yield f"· {_name(duty.rule)}：{duty.text}"
        yield f"    {self._owed(duty.owed_by, duty.due)}，规则 {duty.rule}"
        if silence := silenced(self._silences, self._record, duty, self._now):
            yield f"    免打扰至{zh_end(silence.until, self._today)}：{silence.reason}（{silence.who}）"
        if case is None:
            yield "    期间不立案" if silence else "    尚未立案，下一次巡查时立案"
            return
        yield f"    {self._stands(case)}"
        if ladder := ladder_of(case, duty.owed_by):
            yield from self._steps(ladder)

    def _waiting(self, case: Case) -> Iterator[str]:
        match standing(self._record, case.rule, case.matter, self._policy, self._now):
            case Paused():
                why = "项目已暂停，恢复后接着催"
            case Met(_, text) | Ended(text) | Withdrawn(_, text):
                why = f"{text}，下一次巡查时结案"
            case Holds(duty):
                why = duty.text
        yield f"· {_name(case.rule)}：{why}"
        yield f"    期限 {zh_date(case.due, self._today)}，规则 {case.rule}"
        yield f"    {self._stands(case)}"

    def _later(self, each: Obligation) -> Iterator[str]:
        on = business_day(each.since)
        begins = zh_date(on, self._today) if each.since == midnight(on) else zh_moment(each.since, self._today)
        found = standing(self._record, each.rule, each.matter, self._policy, each.since)
        yield f"· {begins}起　{_name(each.rule)}{f'：{found.duty.text}' if isinstance(found, Holds) else ''}"
        yield f"    {self._owed(each.owed_by, each.due)}，规则 {each.rule}"
        rule = self._policy.rule(each.rule)
        if rule is not None and isinstance(found, Holds):
            rungs = rule.climb(each.pressing)
            first = fires_at(rungs, 0, Clock(each.since, 0), self._policy)
            yield from self._steps(Ladder(rungs, each.owed_by, 0, first))

    def _owed(self, unit: str | None, due: date) -> str:
        return f"责任单位 {unit or '未明确'}，期限 {zh_date(due, self._today)}"

    def _stands(self, case: Case) -> str:
        told = f"已通知到第{case.rung}级，共{len(case.ladder)}级" if case.rung else f"尚未通知，共{len(case.ladder)}级"
        paused = f"；自{zh_moment(case.paused_at, self._today)}起计时暂停" if case.paused_at else ""
        return f"{_STATES.get(case.state, case.state)}：{told}{paused}"

    def _steps(self, ladder: Ladder) -> Iterator[str]:
        for step in forecast(ladder, self._record, self._policy, self._directory):
            at = f"    {zh_moment(step.at, self._today)}{'（暂定）' if step.provisional else ''}"
            if step.rung == 0:
                yield f"{at}　仍无人签收或办结的，转人工督办"
                continue
            told = "；".join(f"{ROLES[role]} {names}" for role, names in step.told)
            yield f"{at}　第{step.rung}级{'（晨报）' if step.digest else ''}：{told}"


def _name(rule: str) -> str:
    return next((kind.name for each, kind in KINDS.items() if each == rule), rule)
