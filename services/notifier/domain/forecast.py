"""What will happen to a duty if nobody does anything: which rung fires when, and whom it reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.cases import Case
from services.notifier.domain.directory import Directory, Nobody
from services.notifier.domain.policy import Policy
from services.notifier.domain.record import Record
from services.notifier.domain.rules import Role, Rung
from services.notifier.domain.timers import Clock, fires_at, in_digest
from shared.clock import business_day


@dataclass(frozen=True, slots=True)
class Step:
    """One instant of a ladder. `rung` counts from 1, and is 0 for the end, when the case is exhausted.

    `told` are names, and for a role that leads to nobody why. `provisional`: that year's holidays are not known yet.
    """

    at: datetime
    rung: int
    told: Sequence[tuple[Role, str]]
    digest: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder with the unit that owes, from the rung after `rung` on, which fires at `at`."""

    rungs: Sequence[Rung]
    owed_by: str | None
    rung: int
    at: datetime


def ladder_of(case: Case, owed_by: str | None) -> Ladder | None:
    """What is left of a case's ladder; None when nothing happens to it by itself."""
    if case.next_fire_at is None or case.paused_at is not None:
        return None
    return Ladder(case.ladder, owed_by, case.rung, case.next_fire_at)


def forecast(ladder: Ladder, record: Record, policy: Policy, directory: Directory) -> list[Step]:
    """The rungs that are left, as if nobody answered, and the end."""
    steps: list[Step] = []
    at, place = ladder.at, ladder.rung
    while place < len(ladder.rungs):
        rung = ladder.rungs[place]
        told = [(role, _names(directory, role, record, ladder.owed_by, at)) for role in rung.who]
        steps.append(_step(at, place + 1, told, in_digest(rung, place, policy), policy))
        place += 1
        at = fires_at(ladder.rungs, place, Clock(at, rung.answer_within), policy)
    return [*steps, _step(at, 0, (), False, policy)]


def _step(at: datetime, rung: int, told: Sequence[tuple[Role, str]], digest: bool, policy: Policy) -> Step:
    return Step(at, rung, told, digest, not policy.days.knows(business_day(at)))


def _names(directory: Directory, role: Role, record: Record, unit: str | None, at: datetime) -> str:
    found = directory.holders(role, record, unit, business_day(at))
    return f"无法通知（{found.why}）" if isinstance(found, Nobody) else "、".join(person.name for person in found)
