"""What is owed on a project today, by whom and since when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

from services.notifier.domain.policy import Policy
from services.notifier.domain.record import SUSPENDED, TERMINATED, Record

MILESTONE_OVERDUE: Final = "milestone-overdue"

# What has to happen, and the word for the message that says it did.
MILESTONES: Final[Mapping[str, tuple[str, str]]] = {
    "site-fixed": ("敲定选址", "选址"),
    "planned": ("完成规划", "规划"),
    "signed": ("签订正式协议", "签约"),
    "started": ("开工", "开工"),
    "completed": ("竣工", "竣工"),
    "commissioned": ("投产", "投产"),
}


@dataclass(frozen=True, slots=True)
class Duty:
    """Something owed on a project. `since` is the first day on which it is late; `text` is what people read, and
    `brief` what they read of it in a list."""

    rule: str
    key: str
    district: str
    project: str
    matter: str
    owed_by: str | None
    due: date
    since: date
    text: str
    brief: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The duty stands."""

    duty: Duty


@dataclass(frozen=True, slots=True)
class Met:
    """What was owed has happened, on this day."""

    on: date


@dataclass(frozen=True, slots=True)
class Paused:
    """The project is suspended: the duty waits, and so does its clock."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nothing is owed any more: the timetable was changed (`due` is the new day, if there is one)."""

    due: date | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The project was terminated; nobody owes anything on it."""


Standing: TypeAlias = Holds | Met | Paused | Withdrawn | Ended


def duties(record: Record, policy: Policy, today: date) -> list[Duty]:
    """Every duty that stands today, the one late for longest first.

    `today` is the business day in Asia/Shanghai; a milestone is overdue from the day after it was due.
    """
    if policy.rule(MILESTONE_OVERDUE) is None:
        return []
    standings = (standing(record, matter, today) for matter in MILESTONES)
    return sorted((each.duty for each in standings if isinstance(each, Holds)), key=lambda duty: duty.due)


def standing(record: Record, matter: str, today: date) -> Standing:
    """What became of one milestone's duty. `matter` is the milestone's name."""
    milestone = record.milestones.get(matter)
    if milestone is not None and milestone.on is not None:
        return Met(milestone.on)
    if record.stage == TERMINATED:
        return Ended()
    if milestone is None or milestone.due is None or milestone.due >= today:
        return Withdrawn(milestone.due if milestone else None)
    if record.stage == SUSPENDED:
        return Paused()
    return Holds(_overdue(record, matter, milestone.due, today))


def next_look(record: Record, today: date) -> date | None:
    """The first day after today on which a duty begins by the passing of time alone; None when there is none."""
    if record.stage == TERMINATED:
        return None
    return min((due + timedelta(days=1) for due in _awaited(record) if due >= today), default=None)


def _awaited(record: Record) -> Iterator[date]:
    for matter in MILESTONES:
        milestone = record.milestones.get(matter)
        if milestone is not None and milestone.due is not None and milestone.on is None:
            yield milestone.due


def _overdue(record: Record, matter: str, due: date, today: date) -> Duty:
    action, word = MILESTONES[matter]
    brief = f"原定{zh_date(due, today)}前{action}，已逾期{(today - due).days}天"
    return Duty(
        rule=MILESTONE_OVERDUE,
        key=f"{record.district}/{record.project}/{MILESTONE_OVERDUE}/{matter}",
        district=record.district,
        project=record.project,
        matter=matter,
        owed_by=record.lead_unit,
        due=due,
        since=due + timedelta(days=1),
        text=f"{brief}，尚未收到{word}信息。",
        brief=brief,
    )


def zh_date(day: date, today: date) -> str:
    """A day as people write it: 8月31日, with the year when it is not this one."""
    return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"
