"""Rates of a cohort (开工率, 履约率, 资金到位率, 投产率, conversion): of which projects, and how far they got.

Places publish the same name with different formulas, so a rate states its cohort, what counts as done, and what becomes
of terminated projects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from services.reporting.domain.numbers import percent
from services.reporting.domain.rules import (
    CALENDAR,
    YEAR_BEGINS,
    Candidates,
    Event,
    Filter,
    Joint,
    Kind,
    Rounding,
    Strict,
    counting,
    lacking,
)


class Cohort(Strict):
    """The projects in the denominator: each joins by its first fact of this event and these kinds.

    `joined`: in the asked year up to the asked day, or at any time until then.
    """

    event: Event
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    joined: Literal["in-the-year", "ever"]

    def candidates(self) -> Candidates:
        """The facts by which projects join."""
        return Candidates(event=self.event, kinds=self.kinds, first_of_project=True)


class Done(Strict):
    """The facts that put a project of the cohort above the line, until the asked day; `kinds` narrows signings."""

    events: Annotated[tuple[Event, ...], Field(min_length=1)]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None


class Ratio(Strict):
    """A rate of a cohort, in percent.

    `measure`: projects by number, or amounts (those of the done facts against those by which the cohort joined).
    `joint`: what counts of an amount that is of several districts.
    `terminated`: whether a project terminated by the asked day `stays` in the rate or `leaves` it, above and below.
    `year_begins` is as an indicator's.
    """

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    title: Annotated[str, Field(min_length=1)]
    cohort: Cohort
    filter: Filter = Filter()
    done: Done
    measure: Literal["projects", "amount"]
    joint: Joint = "share"
    terminated: Literal["stays", "leaves"]
    rounding: Rounding
    year_begins: Annotated[str, Field(pattern=YEAR_BEGINS)] = CALENDAR

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        asked = {"amount"} if self.measure == "amount" else set()
        if "joint" in self.model_fields_set and not asked:
            raise ValueError("joint says how amounts count, and this rate counts projects")
        if absent := lacking(self.cohort.candidates(), self.filter, asked):
            raise ValueError(f"event '{self.cohort.event}' carries no {', no '.join(absent)}")
        for event in self.done.events:
            if lacking(Candidates(event=event), Filter(), asked):
                raise ValueError(f"event '{event}' carries no amount")
        if self.done.kinds is not None and "signed" not in self.done.events:
            raise ValueError("kinds are those of signings, and 'signed' is not among the events")
        return self

    def rule(self) -> dict[str, Any]:
        """The ratio as reporting.cohort takes it."""
        done = {"done_events": self.done.events, "done_kinds": self.done.kinds}
        return counting(self.cohort.candidates(), self.filter, None, self.joint, self.year_begins) | done


@dataclass(frozen=True, slots=True)
class Share:
    """A group of a cohort's projects: how many joined in a month, how many of them are done; amounts in yuan."""

    month: date
    terminated: bool
    projects: int
    amount: Decimal
    done: int
    done_amount: Decimal


@dataclass(frozen=True, slots=True)
class MonthOfCohort:
    """The projects that joined in one month, and how far they got until the asked day."""

    month: date
    cohort: int
    done: int
    pct: Decimal | None


@dataclass(frozen=True, slots=True)
class RatioFigure:
    """A rate, rounded as printed; None where the cohort is empty. `terminated` counts the cohort's given-up projects,
    whether they stay in it or not."""

    code: str
    title: str
    pct: Decimal | None
    measure: str
    cohort: int
    done: int
    cohort_amount: Decimal
    done_amount: Decimal
    terminated: int
    by_month: Sequence[MonthOfCohort]


def ratio_figure(ratio: Ratio, shares: Iterable[Share]) -> RatioFigure:
    """A rate from the parts of its cohort."""
    every = list(shares)
    held = [one for one in every if ratio.terminated == "stays" or not one.terminated]
    months = sorted({one.month for one in held})
    return RatioFigure(
        code=ratio.code,
        title=ratio.title,
        pct=_pct(ratio, held),
        measure=ratio.measure,
        cohort=sum(one.projects for one in held),
        done=sum(one.done for one in held),
        cohort_amount=sum((one.amount for one in held), Decimal(0)),
        done_amount=sum((one.done_amount for one in held), Decimal(0)),
        terminated=sum(one.projects for one in every if one.terminated),
        by_month=[_month(ratio, month, [one for one in held if one.month == month]) for month in months],
    )


def _month(ratio: Ratio, month: date, held: Sequence[Share]) -> MonthOfCohort:
    return MonthOfCohort(month, sum(one.projects for one in held), sum(one.done for one in held), _pct(ratio, held))


def _pct(ratio: Ratio, held: Sequence[Share]) -> Decimal | None:
    if ratio.measure == "projects":
        below, above = sum(one.projects for one in held), Fraction(sum(one.done for one in held))
        return percent(above / below, ratio.rounding.decimals) if below else None
    agreed = sum((Fraction(one.amount) for one in held), Fraction(0))
    arrived = sum((Fraction(one.done_amount) for one in held), Fraction(0))
    return percent(arrived / agreed, ratio.rounding.decimals) if agreed else None
