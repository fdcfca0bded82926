"""How far a year has come: figures against targets and against the time that has passed (序时进度)."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from services.reporting.domain.indicators import YUAN_IN, Indicator, Light, Unit
from services.reporting.domain.numbers import percent, plain, rounded
from services.reporting.domain.question import Question
from services.reporting.domain.rules import CALENDAR

__all__ = [
    "NOTHING",
    "Progress",
    "Tally",
    "TargetFact",
    "completion",
    "elapsed",
    "passed_of",
    "percent",
    "plain",
    "progress",
    "rounded",
    "target_in_force",
    "unit_value",
]


@dataclass(frozen=True, slots=True)
class Tally:
    """What the counted facts of an indicator add up to: exact yuan, the number of different projects, and of facts."""

    amount: Decimal
    projects: int
    facts: int = 0


NOTHING = Tally(Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class TargetFact:
    """A target as it was set once, in the indicator's unit."""

    indicator: str
    value: Decimal
    issued_by: str | None
    on: date
    recorded_at: datetime
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """One indicator's state, rounded as it is printed; what needs a target is None without one.

    `elapsed_pct` is 序时进度 of the indicator's own year, to two decimals.
    """

    code: str
    title: str
    unit: Unit
    actual: Decimal
    target: Decimal | None
    completion_pct: Decimal | None
    elapsed_pct: Decimal
    lead_points: Decimal | None
    light: Light | None
    projects: int
    amount: Decimal


def elapsed(through: date, year_begins: str = CALENDAR) -> Fraction:
    """The share of its year that has passed at the end of this day: full months, and the part of a month by days."""
    months = (through.month - int(year_begins[:2])) % 12
    return (months + Fraction(through.day, calendar.monthrange(through.year, through.month)[1])) / 12


def passed_of(asked: Question, year_begins: str = CALENDAR) -> Fraction:
    """The share of the asked year that has passed: nothing before its first day, all of it after its last one."""
    first, last = asked.period(year_begins)
    return elapsed(last, year_begins) if last >= first else Fraction(0)


def completion(measured: Fraction, target: Fraction) -> Fraction | None:
    """The share of the target that is done; None for a target of nothing, of which no share exists."""
    return measured / target if target else None


def target_in_force(facts: Iterable[TargetFact], through: date) -> TargetFact | None:
    """The last target set by this day, else the earliest one set at all: a year has its target from its first day."""
    ordered = sorted(facts, key=lambda fact: (fact.on, fact.recorded_at, fact.source, fact.id))
    by_then = [fact for fact in ordered if fact.on <= through]
    if by_then:
        return by_then[-1]
    return ordered[0] if ordered else None


def progress(indicator: Indicator, tally: Tally, target: Decimal | None, asked: Question) -> Progress:
    """An indicator's state at the end of the asked day; `target` is in the indicator's unit.

    The light judges what is printed, so that nobody reads 0.0 beside a yellow light.
    """
    measured = unit_value(indicator, tally)
    share = None if target is None else completion(measured, Fraction(target))
    passed = passed_of(asked, indicator.year_begins)
    decimals = indicator.rounding.percent_decimals
    lead = None if share is None else percent(share - passed, decimals)
    return Progress(
        code=indicator.code,
        title=indicator.title,
        unit=indicator.unit,
        actual=rounded(measured, indicator.rounding.decimals),
        target=None if target is None else plain(target),
        completion_pct=None if share is None else percent(share, decimals),
        elapsed_pct=percent(passed, 2),
        lead_points=lead,
        light=None if share is None or lead is None else _light(indicator, share, passed, lead),
        projects=tally.projects,
        amount=rounded(Fraction(tally.amount), 2),
    )


def unit_value(indicator: Indicator, tally: Tally) -> Fraction:
    """What is measured, exact, in the indicator's unit."""
    if indicator.measure == "projects":
        return Fraction(tally.projects)
    if indicator.measure == "facts":
        return Fraction(tally.facts)
    return Fraction(tally.amount) / YUAN_IN[indicator.unit]


def _light(indicator: Indicator, share: Fraction, passed: Fraction, lead: Decimal) -> Light | None:
    rule = indicator.light
    if rule.by == "lead-points":
        return rule.judge(lead)
    # Before its first day a year has no line of which a part could be reached.
    return rule.judge(percent(share / passed, 1)) if passed else None
