"""What happens to a case: it opens, climbs, is acknowledged, waits, is resolved or exhausted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

from services.notifier.domain.duties import (
    Duty,
    Ended,
    Holds,
    Met,
    Paused,
    Standing,
    Withdrawn,
    describe,
    duties,
    standing,
)
from services.notifier.domain.kinds import KINDS
from services.notifier.domain.ladder import next_opening, working_days_between
from services.notifier.domain.letters import Outcome
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.domain.rules import Role, Rung
from services.notifier.domain.silences import Silence, silenced
from services.notifier.domain.timers import Clock, fires_at, in_digest

State: TypeAlias = Literal["open", "acknowledged", "exhausted", "resolved"]

# The rung under which those who were told are told that it is over.
RESOLVED_RUNG: Final = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One unresolved duty on its way up the ladder.

    `rung` is the last rung that fired (0: none yet); `next_fire_at` is when to look again (None: never by itself);
    `generation` grows whenever what was queued before must no longer be sent; the ladder is the one of the day on
    which the case opened. While `paused_at` is set, no clock of the case runs. `clock` is what the timer was computed
    from, kept because the calendar of another year may become known meanwhile.
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
    clock: Clock | None = None
    outcome: Outcome | None = None


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
    """Close a case. `day` is the day on which it was met, or the new due day; `text` says how it ended."""

    case: Case
    outcome: Outcome
    day: date | None
    text: str

    @property
    def quiet(self) -> bool:
        """Whether nobody needs to hear of it: a reminder is over when its day is."""
        return any(rule == self.case.rule and kind.quiet for rule, kind in KINDS.items())


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock of a case."""

    case: Case


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the clock of a case go on; what was left of its time is left still."""

    case: Case
    fire_at: datetime | None
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Reopen:
    """The duty of a case that was resolved a moment ago has begun again: the case goes on where it was.

    `rung` is one lower than it was when its people have heard that it was over: they hear again.
    """

    case: Case
    due: date
    rung: int
    fire_at: datetime | None
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Move:
    """The timetable was changed, and the new day has passed as well."""

    case: Case
    due: date


Change: TypeAlias = Open | Reopen | Resolve | Pause | Resume | Move


@dataclass(frozen=True, slots=True)
class Past:
    """A case that was resolved within the days in which it may be reopened; `told`: somebody heard that it was over.

    `fire_at`: when its next rung would have fired, unless its clock stood still.
    """

    case: Case
    told: bool
    fire_at: datetime | None


@dataclass(frozen=True, slots=True)
class Climb:
    """Fire the next rung; look again at `next_fire_at`."""

    case: Case
    rung: int
    who: Sequence[Role]
    next_fire_at: datetime
    clock: Clock
    duty: Duty
    digest: bool


@dataclass(frozen=True, slots=True)
class Exhaust:
    """The ladder has no further rung: the case stays visible and tells nobody more."""

    case: Case


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing goes out now; look again at `until`."""

    case: Case
    until: datetime


@dataclass(frozen=True, slots=True)
class Register:
    """What is on the books for one project: the unresolved cases, those resolved a moment ago, and the silences."""

    cases: Sequence[Case] = ()
    past: Sequence[Past] = ()
    silences: Sequence[Silence] = ()


def review(record: Record, register: Register, policy: Policy, timing: Timing, now: datetime) -> list[Change]:
    """What a project's record means for its unresolved cases, and which cases it opens."""
    changes: list[Change] = []
    for case in register.cases:
        changes.extend(_reviewed(case, stands(case, record, register.silences, policy, now), policy, now))
    known = {case.key for case in register.cases}
    past = {each.case.key: each for each in register.past}
    for duty in duties(record, policy, now):
        if duty.key in known or silenced(register.silences, record, duty, now):
            continue
        before = past.get(duty.key)
        changes.append(_reopened(before, duty, policy, now) if before else _opened(duty, policy, timing, now))
    return changes


def stands(case: Case, record: Record, silences: Sequence[Silence], policy: Policy, now: datetime) -> Standing:
    """How the duty of a case stands now; one that is silenced waits like that of a suspended project."""
    found = standing(record, case.rule, case.matter, policy, now)
    if isinstance(found, Holds) and silenced(silences, record, found.duty, now):
        return Paused()
    return found


def silence_of(
    case: Case, record: Record, silences: Sequence[Silence], policy: Policy, now: datetime
) -> Silence | None:
    """The silence that holds a case up, if its duty stands and one covers it."""
    found = standing(record, case.rule, case.matter, policy, now)
    return silenced(silences, record, found.duty, now) if isinstance(found, Holds) else None


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
    clock = Clock(now, rung.answer_within)
    again = fires_at(case.ladder, case.rung + 1, clock, policy)
    return Climb(case, case.rung + 1, rung.who, again, clock, now_standing.duty, in_digest(rung, case.rung, policy))


def may_acknowledge(case: Case | None) -> bool:
    """Whether an acknowledgement would change anything: the case is unresolved, and nobody has answered yet.

    One that came back after its end is answered once it was told again.
    """
    return case is not None and case.state in ("open", "exhausted") and case.rung > 0


def sentences(
    record: Record, what: tuple[str, str], ended: str | None, policy: Policy, now: datetime
) -> tuple[str, str]:
    """How a case stands, in a sentence and in brief. `what`: rule and matter, `ended`: what was noted at its end."""
    return (closing(ended), ended) if ended else describe(record, *what, policy, now)


def closing(ended: str) -> str:
    """The sentence that tells those who were told that a case is over."""
    return f"{ended}，此前的催办到此结束。"


def _opened(duty: Duty, policy: Policy, timing: Timing, now: datetime) -> Open:
    rule = policy.rule(duty.rule)
    catch_up = (now - duty.since).days >= timing.catch_up_days
    ladder = rule.climb(duty.pressing and not catch_up) if rule else ()
    return Open(duty, ladder, fires_at(ladder, 0, Clock(now + timing.settle, 0), policy), catch_up)


def _reopened(past: Past, duty: Duty, policy: Policy, now: datetime) -> Reopen:
    case = past.case
    if past.told or not case.rung:
        rung, clock = max(case.rung - 1, 0), Clock(now, 0)
        return Reopen(case, duty.due, rung, fires_at(case.ladder, rung, clock, policy), clock)
    # Nobody heard that it was over: the time to answer, and an answer that was given, went on.
    if past.fire_at is not None and past.fire_at > now:
        return Reopen(case, duty.due, case.rung, past.fire_at, case.clock)
    if case.rung >= len(case.ladder):
        return Reopen(case, duty.due, case.rung, None, None)
    clock = Clock(now, 0 if past.fire_at else case.ladder[case.rung - 1].answer_within)
    return Reopen(case, duty.due, case.rung, fires_at(case.ladder, case.rung, clock, policy), clock)


def _reviewed(case: Case, found: Standing, policy: Policy, now: datetime) -> Iterator[Change]:
    match found:
        case Met(on, text):
            yield Resolve(case, "met", on, text)
        case Withdrawn(due, text):
            yield Resolve(case, "withdrawn", due, text)
        case Ended(text):
            yield Resolve(case, "ended", None, text)
        case Paused():
            if case.paused_at is None:
                yield Pause(case)
        case Holds(duty):
            if case.paused_at is not None:
                yield _resumed(case, case.paused_at, policy, now)
            if case.due != duty.due:
                yield Move(case, duty.due)


def _resumed(case: Case, paused_at: datetime, policy: Policy, now: datetime) -> Resume:
    if case.next_fire_at is None:
        return Resume(case, None, None)
    # Whoever has not heard yet hears as soon as anybody may.
    left = working_days_between(paused_at, case.next_fire_at, policy.days) if case.rung else 0
    clock = Clock(now, left)
    return Resume(case, fires_at(case.ladder, case.rung, clock, policy), clock)
