"""Counts again, from facts alone and without a database: what of them a definition counts, and what that adds up to.

It says in Python what `projections/counted.sql` says in SQL, so that one may prove the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.indicators import Definitions, Indicator
from services.reporting.domain.numbers import rounded
from services.reporting.domain.progress import Progress, Tally, TargetFact, progress, target_in_force
from services.reporting.domain.question import Question, begin_of, year_of
from services.reporting.domain.ratios import Ratio, RatioFigure, Share, ratio_figure
from services.reporting.domain.rules import Candidates, Filter, Joint
from shared.places import tier

_PHASES: Final = ("suspended", "resumed", "terminated")


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that may count; known from `recorded_at` until `superseded_at`, `data` as its department said it."""

    project: str
    source: str
    id: str
    event: str
    on: date
    recorded_at: datetime
    superseded_at: datetime | None
    data: Mapping[str, Any]

    @property
    def amount(self) -> Decimal | None:
        """In yuan, for the events that move or promise money."""
        return Decimal(self.data["amount"]) if self.event in ("funds-arrived", "signed") else None

    def part(self, joint: Joint) -> Decimal:
        """What counts of the amount, all, or the district's share to the cent, half up; 0 where there is none."""
        amount, share = self.amount or Decimal(0), self.data.get("share")
        return amount if share is None or joint == "whole" else rounded(Fraction(amount) * Fraction(share) / 100, 2)

    @property
    def age(self) -> tuple[date, datetime, str, str]:
        """What comes first: by the business date, then by the instant of recording."""
        return self.on, self.recorded_at, self.source, self.id

    def known(self, by: datetime) -> bool:
        """Whether it was recorded by then, and not replaced or voided yet."""
        return self.recorded_at <= by and (self.superseded_at is None or self.superseded_at > by)


@dataclass(frozen=True, slots=True)
class Count:
    """A fact that counts, and what it adds in yuan, which a definition may make less than its amount."""

    fact: Fact
    adds: Decimal


@dataclass(frozen=True, slots=True)
class _OfCohort:
    """The facts by which projects join a rate's cohort, as an indicator would count them."""

    fact: Candidates
    filter: Filter
    year_begins: str


def asked_events(definitions: Definitions) -> set[str]:
    """The events on which the figures of these definitions depend."""
    events: set[str] = {one.fact.event for one in definitions.indicator}
    for ratio in definitions.ratio:
        events |= events_of(ratio)
    filters = [one.filter for one in definitions.indicator] + [one.filter for one in definitions.ratio]
    if any(_describes(fits) for fits in filters):
        events.add("registered")
    if any(fits.projects is not None for fits in filters):
        events.add("signed")
    return events


def events_of(ratio: Ratio) -> set[str]:
    """The events on which a rate depends, whatever its filter asks of its projects."""
    return {ratio.cohort.event, *ratio.done.events, *_PHASES}


def counted(indicator: Indicator, facts: Iterable[Fact], district: str, asked: Question) -> list[Count]:
    """The facts that an indicator counts, by the rule that heads the indicators' file; all of `facts` must be known."""
    first, last = asked.period(indicator.year_begins)
    weights: dict[str, Decimal] = {str(nature): weight for nature, weight in (indicator.weights or {}).items()}
    return [
        Count(fact, fact.part(indicator.joint) * weights.get(fact.data.get("nature", ""), Decimal(1)))
        for fact in _selected(indicator, list(facts), district)
        if first <= fact.on <= last
    ]


def tally(counts: Iterable[Count]) -> Tally:
    """What counted facts add up to: exact yuan, different projects, facts."""
    every = list(counts)
    amount = sum((one.adds for one in every), Decimal(0))
    return Tally(amount, len({one.fact.project for one in every}), len(every))


def figures(
    definitions: Definitions, facts: Sequence[Fact], targets: Sequence[TargetFact], district: str, asked: Question
) -> list[Progress]:
    """Every indicator's line; `facts` and `targets` are those known at the asked instant."""
    [lines] = series(definitions, facts, targets, district, [asked])
    return lines


def series(
    definitions: Definitions,
    facts: Sequence[Fact],
    targets: Sequence[TargetFact],
    district: str,
    asked: Sequence[Question],
) -> list[list[Progress]]:
    """The same at several days of one year, as known at one instant; the last day last."""
    every = [(one, counted(one, facts, district, asked[-1])) for one in definitions.indicator]
    return [
        [
            progress(
                one,
                tally(count for count in counts if count.fact.on <= then.through),
                _in_force(targets, one, then),
                then,
            )
            for one, counts in every
        ]
        for then in asked
    ]


def rates(definitions: Definitions, facts: Sequence[Fact], district: str, asked: Question) -> list[RatioFigure]:
    """Every rate's line, from the facts known at the asked instant."""
    return [ratio_figure(one, _shares(one, facts, district, asked)) for one in definitions.ratio]


def _in_force(targets: Iterable[TargetFact], indicator: Indicator, asked: Question) -> Decimal | None:
    _, last = asked.period(indicator.year_begins)
    fact = target_in_force((one for one in targets if one.indicator == indicator.code), last)
    return None if fact is None else fact.value


def _selected(indicator: Indicator | _OfCohort, facts: Sequence[Fact], district: str) -> list[Fact]:
    rule, fits = indicator.fact, indicator.filter
    found = [fact for fact in facts if fact.event == rule.event]
    if rule.kinds is not None:
        found = [fact for fact in found if fact.data.get("kind") in rule.kinds]
    if rule.first_of_project:
        found = list({fact.project: fact for fact in sorted(found, key=lambda one: one.age, reverse=True)}.values())
    found = [fact for fact in found if _fits(fits, fact, district)]
    if _describes(fits):
        registered = _latest(fact for fact in facts if fact.event == "registered")
        found = [fact for fact in found if _described(fits, registered.get(fact.project))]
    if fits.projects is not None:
        over, begins = fits.projects == "carried-over", indicator.year_begins
        signed = _earliest(fact for fact in facts if fact.event == "signed" and fact.data.get("kind") == "contract")
        found = [fact for fact in found if over == _carried_over(fact, signed.get(fact.project), begins)]
    return found


def _carried_over(fact: Fact, signed: date | None, year_begins: str) -> bool:
    """Whether the project had signed its first contract in an earlier year."""
    return signed is not None and signed < begin_of(year_of(fact.on, year_begins), year_begins)


def _earliest(facts: Iterable[Fact]) -> dict[str, date]:
    return {fact.project: fact.on for fact in sorted(facts, key=lambda one: one.on, reverse=True)}


def _latest(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.project: fact for fact in sorted(facts, key=lambda one: one.age)}


def _fits(wanted: Filter, fact: Fact, district: str) -> bool:
    amount, platform = fact.amount, fact.data.get("platform") or {}
    return (
        (wanted.tiers is None or tier(fact.data["origin"], district) in wanted.tiers)
        and (wanted.natures is None or fact.data.get("nature") in wanted.natures)
        and (wanted.platform_levels is None or platform.get("level") in wanted.platform_levels)
        and (wanted.minimum is None or (amount is not None and amount >= wanted.minimum))
        and (wanted.below is None or (amount is not None and amount < wanted.below))
    )


def _describes(wanted: Filter) -> bool:
    return not (wanted.clusters is None and wanted.industries is None and wanted.channels is None)


def _described(wanted: Filter, registered: Fact | None) -> bool:
    said = registered.data if registered else {}
    return (
        (wanted.clusters is None or said.get("cluster") in wanted.clusters)
        and (wanted.industries is None or str(said.get("industry", "")).startswith(wanted.industries))
        and (wanted.channels is None or said.get("channel") in wanted.channels)
    )


def _shares(ratio: Ratio, facts: Sequence[Fact], district: str, asked: Question) -> list[Share]:
    """The cohort's projects, each a group of its own."""
    first, last = asked.period(ratio.year_begins)
    begins = first if ratio.cohort.joined == "in-the-year" else date.min
    by_then = [fact for fact in facts if fact.on <= last]
    phase = _latest(fact for fact in by_then if fact.event in _PHASES)
    done = [
        fact
        for fact in by_then
        if fact.event in ratio.done.events
        and (fact.event != "signed" or ratio.done.kinds is None or fact.data.get("kind") in ratio.done.kinds)
    ]
    reached: dict[str, Decimal] = {}
    for fact in done:
        reached[fact.project] = reached.get(fact.project, Decimal(0)) + fact.part(ratio.joint)
    return [
        Share(
            month=joined.on.replace(day=1),
            terminated=joined.project in phase and phase[joined.project].event == "terminated",
            projects=1,
            amount=joined.part(ratio.joint),
            done=int(joined.project in reached),
            done_amount=reached.get(joined.project, Decimal(0)),
        )
        for joined in _selected(_OfCohort(ratio.cohort.candidates(), ratio.filter, ratio.year_begins), facts, district)
        if begins <= joined.on <= last
    ]
