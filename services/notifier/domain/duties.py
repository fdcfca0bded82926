"""What is owed on a project now, by whom and since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from services.notifier.domain.kinds import KINDS, find_obligations
from services.notifier.domain.milestones import MILESTONES
from services.notifier.domain.obligations import Obligation, View
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import SUSPENDED, TERMINATED, Record
from services.notifier.domain.rules import RuleId
from services.notifier.domain.wording import zh_date
from shared.clock import business_day

__all__ = ["MILESTONES", "Duty", "Standing", "describe", "duties", "next_look", "standing", "zh_date"]


@dataclass(frozen=True, slots=True)
class Duty:
    """Something owed on a project.

    `since` is the instant from which on somebody is to hear; `text` is what people read, and `brief` what they read of
    it in a list, where the lower `urgency` comes first. What is `pressing` does not wait for a morning. `provisional`:
    the deadline lies in a year whose holidays are not published yet.
    """

    rule: RuleId
    key: str
    district: str
    project: str
    matter: str
    owed_by: str | None
    due: date
    since: datetime
    text: str
    brief: str
    urgency: int
    pressing: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class Holds:
    """The duty stands."""

    duty: Duty


@dataclass(frozen=True, slots=True)
class Met:
    """What was owed has happened, on this day."""

    on: date
    text: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The project is suspended, or the case silenced: the duty waits, and so does its clock."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nothing is owed any more, or not yet: `due` is the new day, if there is one."""

    due: date | None
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The project was terminated; nobody owes anything on it."""

    text: str = "项目已终止"


Standing: TypeAlias = Holds | Met | Paused | Withdrawn | Ended


def duties(record: Record, policy: Policy, now: datetime) -> list[Duty]:
    """Every duty that is worth a case now, the most urgent first and of those the one late for longest.

    What is due on a day is late from the day after, in Asia/Shanghai.
    """
    standings = (_standing(record, each, now) for each in _obligations(record, policy, now) if each.opens)
    held = [each.duty for each in standings if isinstance(each, Holds)]
    return sorted(held, key=lambda duty: (duty.urgency, duty.due))


def standing(record: Record, rule_id: str, matter: str, policy: Policy, now: datetime) -> Standing:
    """What became of one duty: of a rule, in a matter that the rule tells apart on this project."""
    rule = policy.rule(rule_id)
    found = None
    if rule is not None:
        of_rule = find_obligations(rule, _view(record, policy, now))
        found = next((each for each in of_rule if each.matter == matter), None)
    if found is not None:
        return _standing(record, found, now)
    if record.stage == TERMINATED:
        return Ended()
    return Withdrawn(None, KINDS[rule.id].gone(matter) if rule is not None else "已不再按此项催办")


def upcoming(record: Record, policy: Policy, now: datetime) -> list[Obligation]:
    """What is not owed yet and will be, by the passing of time alone; the next first."""
    if record.stage == TERMINATED:
        return []
    later = (each for each in _obligations(record, policy, now) if each.met is None and each.since > now)
    return sorted(later, key=lambda each: each.since)


def next_look(record: Record, policy: Policy, now: datetime) -> datetime | None:
    """The first instant after now at which a duty begins or ends by the passing of time alone; None for none."""
    if record.stage == TERMINATED:
        return None
    open_ones = [each for each in _obligations(record, policy, now) if each.met is None]
    instants = [*(each.since for each in open_ones), *(each.until for each in open_ones if each.until)]
    return min((instant for instant in instants if instant > now), default=None)


def describe(record: Record, rule_id: str, matter: str, policy: Policy, now: datetime) -> tuple[str, str]:
    """How an unresolved case stands, in a sentence and in brief."""
    match standing(record, rule_id, matter, policy, now):
        case Holds(duty):
            return duty.text, duty.brief
        case Paused():
            return "项目已暂停，催办暂缓。", "项目已暂停"
        case _:
            return "情况刚有变化，正在更新。", "情况刚有变化"


def urgency(record: Record, rule_id: str, matter: str, policy: Policy, now: datetime) -> int:
    """Where a case stands in a list: the lower, the earlier."""
    found = standing(record, rule_id, matter, policy, now)
    return found.duty.urgency if isinstance(found, Holds) else 9


def _view(record: Record, policy: Policy, now: datetime) -> View:
    return View(record, now, business_day(now), policy.days, policy.coordinator)


def _obligations(record: Record, policy: Policy, now: datetime) -> Iterator[Obligation]:
    view = _view(record, policy, now)
    for rule in policy.rules:
        yield from find_obligations(rule, view)


def _standing(record: Record, found: Obligation, now: datetime) -> Standing:
    if found.met is not None:
        return Met(found.met, found.done)
    if record.stage == TERMINATED:
        return Ended()
    if now < found.since or (found.until is not None and now >= found.until):
        return Withdrawn(found.due, found.moved)
    if record.stage == SUSPENDED:
        return Paused()
    provisional = "期限跨入尚未公布放假安排的年份，为暂定。" if found.provisional else ""
    return Holds(
        Duty(
            rule=found.rule,
            key=f"{record.district}/{record.project}/{found.rule}/{found.matter}",
            district=record.district,
            project=record.project,
            matter=found.matter,
            owed_by=found.owed_by,
            due=found.due,
            since=found.since,
            text=found.text + provisional,
            brief=found.brief + ("（期限暂定）" if found.provisional else ""),
            urgency=found.urgency,
            pressing=found.pressing,
            provisional=found.provisional,
        )
    )
