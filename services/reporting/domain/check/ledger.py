"""Which figures of a text are figures of the ledger, by the usual names of the indicators, and whether they agree."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.prose import Paragraph, Sentence, fold, paragraphs
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Reading, total
from services.reporting.domain.check.roles import Role, role
from services.reporting.domain.check.verdicts import Claim, Verdict, judge
from services.reporting.domain.indicators import YUAN_IN, Unit

_BEFORE_NAME = re.compile(
    "(?:全区|我区|全县|我县|全市|我市|区|累计|共|已|新|引进|实现|完成|其中|实际|招商引资|的|T|本年|今年|目前|全年目标任务|年度目标|X)*"
)
_AFTER_NAME = re.compile("(?:项目|总额|总量|累计|实际|已|共|完成|实现|达到?|为|是|：|T|（|数|个数|资金|金额|总)*")
_WITH_AMOUNT = re.compile("[，、](?:总?金额|总?投资|投资总额|签约金额|协议投资|协议引资|合同金额)?(?:达到?|为)?")


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
    """A figure of the text that is an indicator's, or its target; `through` is None where no period is certain."""

    code: str
    figure: Quantity
    asked: bool
    through: date | None
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class _Name:
    code: str
    pattern: re.Pattern[str]
    figures: Sequence[tuple[int, Fraction]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A statement's claim, with what it was compared to."""

    claim: Claim
    code: str
    through: date | None


def statements(
    read: Sequence[Paragraph], found: Sequence[Candidate], names: Mapping[str, Sequence[str]], year: int
) -> list[Statement]:
    """The ledger's figures in a text. `names` by indicator's code; `year` where the text names none."""
    years = {one.year for paragraph in read for one in paragraph.periods if one.year is not None}
    year = years.pop() if len(years) == 1 else year
    everywhere = [one for paragraph in read for one in paragraph.periods]
    patterns = _patterns(names)
    said = [
        Statement(
            code,
            figure,
            role(sentence, figure) is Role.TARGET,
            _through(sentence, paragraph, everywhere, year),
            sentence,
        )
        for paragraph in read
        for sentence in paragraph.sentences
        for code, figure in _named(sentence, patterns)
        if role(sentence, figure) in {Role.PLAIN, Role.TARGET, Role.PERHAPS_TARGET, Role.INVESTMENT}
    ]
    return [*said, *_targets(said, found)]


def against(text: str, said: Sequence[Statement], booked: Mapping[tuple[str, date], Booked]) -> Iterator[Compared]:
    """Each statement beside what the ledger says, by code and day; while the ledger is incomplete, nothing is wrong."""
    for one in said:
        entry = None if one.through is None else booked.get((one.code, one.through))
        value = None if entry is None else _value(one, entry)
        readings = () if value is None else (Reading(total, (Interval.exactly(value),), certain=True),)
        kind = ClaimKind.LEDGER_TARGET if one.asked else ClaimKind.LEDGER
        claim = judge(text, Candidate(kind, one.figure, readings, one.sentence))
        if entry is not None and not entry.complete and claim.verdict is Verdict.INCONSISTENT:
            claim = replace(claim, verdict=Verdict.UNVERIFIABLE, slips=())
        yield Compared(claim, one.code, one.through)


def _patterns(names: Mapping[str, Sequence[str]]) -> list[_Name]:
    """The names as they look in the shape of a sentence, the longest first: 5亿元 in a name is a figure there too."""
    found = []
    for code, name in sorted(
        ((code, name) for code, several in names.items() for name in several), key=lambda one: -len(one[1])
    ):
        read = [sentence for paragraph in paragraphs(name) for sentence in paragraph.sentences]
        if len(read) <= 1:
            shape = read[0].shape if read else fold(name)
            figures = (
                [(place, one.value) for place, one in zip(read[0].places, read[0].figures, strict=True)] if read else []
            )
            found.append(_Name(code, re.compile(re.escape(shape)), figures))
    return found


def _named(sentence: Sentence, names: Sequence[_Name]) -> Iterator[tuple[str, Quantity]]:
    shape, taken = sentence.shape, set[int]()
    for name in names:
        for match in name.pattern.finditer(shape):
            same = all(sentence.here(match.start() + place).value == value for place, value in name.figures)
            if not same or taken.intersection(range(*match.span())):
                continue
            taken.update(range(*match.span()))
            begun = max(shape.rfind(mark, 0, match.start()) for mark in "，；：、（") + 1
            after = _AFTER_NAME.match(shape, match.end())
            place = after.end() if after else match.end()
            if _BEFORE_NAME.fullmatch(shape, begun, match.start()) and place in sentence.places:
                yield from ((name.code, one) for one in _figures_at(sentence, place) if not one.vague)


def _figures_at(sentence: Sentence, place: int) -> Iterator[Quantity]:
    """The figure at a place, and after a number of projects their amount: 项目18个，总金额152.8亿元."""
    one = sentence.here(place)
    if one.kind not in {Kind.MONEY, Kind.COUNT}:
        return
    yield one
    behind = _WITH_AMOUNT.match(sentence.shape, place + 1)
    if one.kind is Kind.COUNT and behind and behind.end() in sentence.places:
        amount = sentence.here(behind.end())
        if amount.kind is Kind.MONEY:
            yield amount


def _through(sentence: Sentence, paragraph: Paragraph, everywhere: Sequence[Period], year: int) -> date | None:
    """The day through which a sentence counts; None when the text leaves a choice, or speaks of one month only."""
    if any(one.period is not None and one.period.month is None for one in sentence.figures):
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
            yield replace(one, figure=target, asked=True)


def _value(one: Statement, entry: Booked) -> Fraction | None:
    if one.asked:
        scale = YUAN_IN.get(entry.unit, 1)
        fits = one.figure.kind is (Kind.MONEY if entry.unit in YUAN_IN else Kind.COUNT)
        return Fraction(entry.target) * scale if entry.target is not None and fits else None
    return Fraction(entry.amount) if one.figure.kind is Kind.MONEY else Fraction(entry.projects)
