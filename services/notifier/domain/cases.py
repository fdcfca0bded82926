"""What happens to a case: it opens, climbs, is acknowledged, waits, is resolved or exhausted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from services.notifier.domain.duties import Duty, Ended, Holds, Met, Paused, Standing, Withdrawn, duties, standing
from services.notifier.domain.ladder import after_working_days, next_opening, working_days_between
from services.notifier.domain.policy import Policy, Role, Rung
from services.notifier.domain.record import Record
from shared.clock import business_day

State: TypeAlias = Literal["open", "acknowledged", "exhausted", "resolved"]
Outcome: TypeAlias = Literal["met", "withdrawn", "ended"]

# The rung under which those who were told are told that it is over.
RESOLVED_RUNG: Final = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One unresolved duty on its way up the ladder.

    `rung` is the last rung that fired (0: none yet); `next_fire_at` is when to look again (None: never by itself);
    `generation` grows whenever what was queued before must no longer be sent; the ladder is the one of the day on
    which the case opened. While `paused_at` is set, no clock of the case runs.
    """

    id: UUID
    district: str
    project: str
    key: str
    rule: str
    matter: str
    due: date
    state: State
    generation: int
    rung: int
    ladder: tuple[Rung, ...]
    opened_at: datetime
    next_fire_at: datetime | None
    paused_at: datetime | None


@dataclass(frozen=True, slots=True)
class Timing:
    """How new cases begin. `settle`: nothing is sent before a case is this old, so that a backlog of events that is
    still being read does not alarm anybody about what the next message reports as done. `catch_up_days`: what was
    late for longer than this when first seen goes into one digest."""

    settle: timedelta
    catch_up_days: int


@dataclass(frozen=True, slots=True)
class Open:
    """Open a case; its first rung fires at `fire_at`. `catch_up`: it was late long before anybody looked."""

    duty: Duty
    ladder: tuple[Rung, ...]
    fire_at: datetime
    catch_up: bool


@dataclass(frozen=True, slots=True)
class Resolve:
    """Close a case. `day` is the day on which it was met, or the new due day of a changed timetable."""

    case: Case
    outcome: Outcome
    day: date | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock of a case."""

    case: Case


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the clock of a case go on; what was left of its time is left still."""

    case: Case
    fire_at: datetime | None


@dataclass(frozen=True, slots=True)
class Move:
    """The timetable was changed, and the new day has passed as well."""

    case: Case
    due: date


Change: TypeAlias = Open | Resolve | Pause | Resume | Move


@dataclass(frozen=True, slots=True)
class Climb:
    """Fire the next rung; look again at `next_fire_at`."""

    case: Case
    rung: int
    who: Sequence[Role]
    next_fire_at: datetime


@dataclass(frozen=True, slots=True)
class Exhaust:
    """The ladder has no further rung: the case stays visible and tells nobody more."""

    case: Case


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing goes out now; look again at `until`."""

    case: Case
    until: datetime


def review(record: Record, cases: Sequence[Case], policy: Policy, timing: Timing, now: datetime) -> list[Change]:
    """What a project's record means for its unresolved cases, and which cases it opens."""
    today = business_day(now)
    changes: list[Change] = []
    for case in cases:
        changes.extend(_reviewed(case, standing(record, case.matter, today), policy, now))
    known = {case.key for case in cases}
    changes.extend(
        _opened(duty, policy, timing, now) for duty in duties(record, policy, today) if duty.key not in known
    )
    return changes


def fire(case: Case, now_standing: Standing, policy: Policy, now: datetime) -> Climb | Exhaust | Wait | Change | None:
    """What to do with a case whose time has come. The condition is looked at again first.

    Returns None when there is nothing to do but to forget the timer, as for a case that waits for its project.
    """
    if not isinstance(now_standing, Holds):
        return next(_reviewed(case, now_standing, policy, now), None)
    if case.rung >= len(case.ladder):
        return Exhaust(case)
    opening = next_opening(now, policy.opening, policy.days)
    if opening > now:
        return Wait(case, opening)
    rung = case.ladder[case.rung]
    later = after_working_days(now, rung.answer_within, policy.days)
    return Climb(case, case.rung + 1, rung.who, next_opening(later, policy.opening, policy.days))


def answer_by(policy: Policy, now: datetime) -> datetime:
    """Until when an acknowledgement given now stops the climb."""
    later = after_working_days(now, policy.acknowledgement.working_days, policy.days)
    return next_opening(later, policy.opening, policy.days)


def may_acknowledge(case: Case | None) -> bool:
    """Whether an acknowledgement would change anything: the case is unresolved, and nobody has answered yet."""
    return case is not None and case.state in ("open", "exhausted")


def _opened(duty: Duty, policy: Policy, timing: Timing, now: datetime) -> Open:
    rule = policy.rule(duty.rule)
    ladder = rule.ladder if rule else ()
    fire_at = next_opening(now + timing.settle, policy.opening, policy.days)
    late = (business_day(now) - duty.since).days
    return Open(duty, ladder, fire_at, catch_up=late >= timing.catch_up_days)


def _reviewed(case: Case, found: Standing, policy: Policy, now: datetime) -> Iterator[Change]:
    match found:
        case Met(on):
            yield Resolve(case, "met", on)
        case Withdrawn(due):
            yield Resolve(case, "withdrawn", due)
        case Ended():
            yield Resolve(case, "ended", None)
        case Paused():
            if case.paused_at is None:
                yield Pause(case)
        case Holds(duty):
            if case.paused_at is not None:
                yield Resume(case, _resumed(case, case.paused_at, policy, now))
            if case.due != duty.due:
                yield Move(case, duty.due)


def _resumed(case: Case, paused_at: datetime, policy: Policy, now: datetime) -> datetime | None:
    if case.next_fire_at is None:
        return None
    left = working_days_between(paused_at, case.next_fire_at, policy.days)
    return next_opening(after_working_days(now, left, policy.days), policy.opening, policy.days)
