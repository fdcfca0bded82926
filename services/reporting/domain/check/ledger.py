"""Which figures of a text are figures of the ledger, by the usual names of the indicators, and whether they agree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.names import Names
from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.prose import Paragraph, Sentence
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Reading, total
from services.reporting.domain.check.roles import Role, dated, role
from services.reporting.domain.check.verdicts import Claim, Verdict, judge
from services.reporting.domain.indicators import YUAN_IN, Unit
from services.reporting.domain.rules import CALENDAR


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger says of an indicator through a day; `amount` in yuan, `target` in `unit`."""

    code: str
    unit: Unit
    amount: Decimal
    projects: int
    target: Decimal | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A figure of the text that is an indicator's, or its target; `through` is None where no period is certain.

    `alike`: the text counts from the same day as the indicator, as far as can be known.
    """

    code: str
    figure: Quantity
    asked: bool
    through: date | None
    alike: bool
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Compared:
    """A statement's claim, with what it was compared to."""

    claim: Claim
    code: str
    through: date | None


def statements(read: Sequence[Paragraph], found: Sequence[Candidate], names: Names, year: int) -> list[Statement]:
    """The ledger's figures in a text; `year` where the text names none."""
    years = {one.year for paragraph in read for one in paragraph.periods if one.year is not None}
    year = years.pop() if len(years) == 1 else year
    everywhere = [one for paragraph in read for one in paragraph.periods]
    said = [
        Statement(
            code,
            figure,
            role(sentence, figure) is Role.TARGET,
            _through(sentence, paragraph, everywhere, year),
            names.year_of(code) == CALENDAR,
            sentence,
        )
        for paragraph in read
        for sentence in paragraph.sentences
        for code, figure in names.figures(sentence)
        if role(sentence, figure) in {Role.PLAIN, Role.TARGET, Role.PERHAPS_TARGET, Role.INVESTMENT}
    ]
    return [*said, *_targets(said, found)]


def against(text: str, said: Sequence[Statement], booked: Mapping[tuple[str, date], Booked]) -> Iterator[Compared]:
    """Each statement beside what the ledger says, by code and day; while the ledger is incomplete, nothing is wrong.

    Nor is a figure of 1—8月 where the indicator counts since December.
    """
    for one in said:
        entry = None if one.through is None else booked.get((one.code, one.through))
        value = None if entry is None else _value(one, entry)
        readings = () if value is None else (Reading(total, (Interval.exactly(value),), certain=True),)
        kind = ClaimKind.LEDGER_TARGET if one.asked else ClaimKind.LEDGER
        claim = judge(text, Candidate(kind, one.figure, readings, one.sentence))
        sure = entry is not None and entry.complete and one.alike
        if claim.verdict is Verdict.INCONSISTENT and not sure:
            claim = replace(claim, verdict=Verdict.UNVERIFIABLE, slips=())
        yield Compared(claim, one.code, one.through)


def _through(sentence: Sentence, paragraph: Paragraph, everywhere: Sequence[Period], year: int) -> date | None:
    """The day through which a sentence counts; None when the text leaves a choice, or speaks of one month only."""
    if any(one.period is not None and one.period.month is None for one in sentence.figures):
        return None
    if sentence.periods and not dated(sentence):
        return None
    said = sentence.periods or paragraph.periods or everywhere
    days = {one.through(year) for one in said}
    return days.pop() if len(days) == 1 else None


def _targets(said: Sequence[Statement], found: Sequence[Candidate]) -> Iterator[Statement]:
    """The target beside an indicator's figure, where a completion ties the two together."""
    by_figure = {one.figure.start: one for one in said if not one.asked}
    for candidate in found:
        if candidate.kind is not ClaimKind.COMPLETION or not candidate.readings or not candidate.readings[0].certain:
            continue
        done, target = candidate.readings[0].printed
        if (one := by_figure.get(done.start)) is not None:
            yield replace(one, figure=target, asked=True, alike=True)


def _value(one: Statement, entry: Booked) -> Fraction | None:
    if one.asked:
        scale = YUAN_IN.get(entry.unit, 1)
        fits = one.figure.kind is (Kind.MONEY if entry.unit in YUAN_IN else Kind.COUNT)
        return Fraction(entry.target) * scale if entry.target is not None and fits else None
    return Fraction(entry.amount) if one.figure.kind is Kind.MONEY else Fraction(entry.projects)
