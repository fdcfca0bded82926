"""How far a year has come: figures against targets and against the time that has passed (序时进度)."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from services.reporting.domain.indicators import YUAN_IN, Indicator, Light, Unit


@dataclass(frozen=True, slots=True)
class Tally:
    """What the counted facts of an indicator add up to: exact yuan, and the number of different projects."""

    amount: Decimal
    projects: int


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
    """One indicator's state, rounded as it is printed; what needs a target is None without one."""

    code: str
    title: str
    unit: Unit
    actual: Decimal
    target: Decimal | None
    completion_pct: Decimal | None
    lead_points: Decimal | None
    light: Light | None
    projects: int
    amount: Decimal


def elapsed(through: date) -> Fraction:
    """The share of its year that has passed at the end of this day: full months, and the part of a month by days."""
    days = calendar.monthrange(through.year, through.month)[1]
    return (through.month - 1 + Fraction(through.day, days)) / 12


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Round half up (half away from zero, 四舍五入), once, from the exact value; zero has no sign."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def percent(share: Fraction, decimals: int) -> Decimal:
    """A share as a percentage, rounded half up."""
    return rounded(share * 100, decimals)


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


def progress(indicator: Indicator, tally: Tally, target: Decimal | None, through: date) -> Progress:
    """An indicator's state at the end of a day; `target` is in the indicator's unit.

    The light judges the lead as printed, so that nobody reads 0.0 beside a yellow light.
    """
    measured = _measured(indicator, tally)
    share = None if target is None else completion(measured, Fraction(target))
    lead = None if share is None else percent(share - elapsed(through), 1)
    return Progress(
        code=indicator.code,
        title=indicator.title,
        unit=indicator.unit,
        actual=rounded(measured, indicator.rounding.decimals),
        target=None if target is None else plain(target),
        completion_pct=None if share is None else percent(share, 1),
        lead_points=lead,
        light=None if lead is None else indicator.light.judge(lead),
        projects=tally.projects,
        amount=tally.amount.quantize(Decimal("0.01")),
    )


def plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 105 for 105.00."""
    return Decimal(format(number.normalize(), "f"))


def _measured(indicator: Indicator, tally: Tally) -> Fraction:
    if indicator.measure == "projects":
        return Fraction(tally.projects)
    return Fraction(tally.amount) / YUAN_IN[indicator.unit]
