"""Finds leads over 序时进度 (快14.1个百分点), and 序时进度 itself, by the period that a sentence speaks of."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Reading,
    difference,
    elapsed_lines,
    in_whole_months,
    total,
)
from services.reporting.domain.check.roles import dated

_TIME = "(?:序时|时序|时间)(?:进度|要求)?(?:要求|目标|任务)?"
_AHEAD, _BEHIND = "超前|领先|快|高出|高|超过|超出|超|多|提前", "滞后|落后|慢|低|欠|差|少"
_LEAD = re.compile(
    rf"(?:[较比与距]{_TIME}(?:（?P）?)?[^，。；P]{{0,4}}?(?P<how>{_AHEAD}|{_BEHIND})(?:于|了|出|约)?"
    rf"|(?P<how_first>{_AHEAD}|{_BEHIND})(?:于|过|出)?{_TIME}(?:（?P）?)?)(?P<list>(?:[^，。；PD]{{0,4}}D、)*)(?:分别)?[^，。；PDMN]{{0,3}}$"
)
_LIST_GOES_ON = re.compile("(?:[、和与及]D)*")
_DONE_BEHIND = re.compile(
    "，(?:已|累计|共)*完成(?:了)?[^，。；：A-Z]{0,16}(?:[MN][^，。；：A-Z]{0,8}|（[^（）P]{0,16}）)?的P"
)
_ELAPSED = re.compile(rf"{_TIME}(?:应)?(?:为|是|达到?|应达到?|：|（)*$")
_COMPLETION = re.compile("完成|达成|进度|实现|占")

_Lines = Sequence[tuple[Quantity | Interval, bool]]


def leads(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every lead of the sentence, and every 序时进度 that it prints."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.vague:
            continue
        head = sentence.shape[max(0, place - 60) : place]
        if one.kind is Kind.POINTS and (match := _LEAD.search(head)):
            readings = tuple(_readings(sentence, context, one, place - len(head), match))
            yield Candidate(ClaimKind.LEAD, one, readings, sentence)
        elif one.kind is Kind.PERCENT and _ELAPSED.search(head):
            yield from _elapsed(sentence, context, one)


def _readings(
    sentence: Sentence, context: Context, result: Quantity, offset: int, match: re.Match[str]
) -> Iterator[Reading]:
    ahead = bool(re.fullmatch(_AHEAD, match["how"] or match["how_first"]))
    begun = offset + match.start()
    percents = [at for at in sentence.places if sentence.here(at).kind is Kind.PERCENT]
    printed = [at for at in percents if begun <= at < sentence.at(result)]
    lines: _Lines = [(sentence.here(at), True) for at in printed] or _lines(sentence, context)
    done = [at for at in percents if at < begun]
    for at, tied in [
        *_of_the_same_place(sentence, result, done, match["list"]),
        *_before(sentence, begun, done, match["list"]),
        *_behind(sentence, result, percents),
    ]:
        one = sentence.here(at)
        for line, sure in lines:
            yield Reading(difference, (one, line) if ahead else (line, one), tied and sure and not one.vague)


def _before(sentence: Sentence, begun: int, done: Sequence[int], listed: str) -> Iterator[tuple[int, bool]]:
    """The percentages before, the nearest first, which alone may be tied to the lead."""
    for at in reversed(done):
        near = at == done[-1] and bool(_COMPLETION.search(sentence.shape[max(0, at - 40) : at]))
        yield at, near and not listed and not re.search("[；]|分别|[MNU]|D", sentence.shape[at:begun])


def _of_the_same_place(
    sentence: Sentence, result: Quantity, done: Sequence[int], listed: str
) -> Iterator[tuple[int, bool]]:
    """分别完成80.8%、81.5%，分别超序时进度14.1、14.8个百分点: of two lists what stands at the same place."""
    goes_on = _LIST_GOES_ON.match(sentence.shape, sentence.at(result) + 1)
    place = listed.count("D")
    if goes_on is not None and len(done) == place + 1 + goes_on[0].count("D") > 1:
        apart = re.findall("P([^P]*)", sentence.shape[done[0] : done[-1]])
        yield done[place], "分别" in sentence.shape[: done[0]] and all(one in {"、", "和", "与"} for one in apart)


def _behind(sentence: Sentence, result: Quantity, percents: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """超序时进度14.1个百分点，完成全年目标的80.8%, where no other percentage is in the sentence."""
    match = _DONE_BEHIND.match(sentence.shape, sentence.at(result) + 1)
    if match and len(percents) == 1:
        yield match.end() - 1, True


def _lines(sentence: Sentence, context: Context) -> _Lines:
    """序时进度 by the period: exact, and as it is printed with one or two decimals."""
    return [line for elapsed, sure in _passed(sentence, context) for line in elapsed_lines(elapsed, sure=sure)]


def _passed(sentence: Sentence, context: Context) -> Iterator[tuple[Fraction, bool]]:
    """How much of its year has passed, in percent, by each beginning that the year may have."""
    period, sure = _period(sentence, context)
    for begins, certain in context.years:
        elapsed = None if period is None else period.elapsed_pct(begins)
        if elapsed is not None:
            yield elapsed, sure and certain


def _period(sentence: Sentence, context: Context) -> tuple[Period | None, bool]:
    """The period that a sentence speaks of, and whether no other one comes into question."""
    if sentence.periods:
        return sentence.periods[0], dated(sentence) and len({one.elapsed_pct() for one in sentence.periods}) == 1
    beside = context.in_paragraph.periods if context.in_paragraph else []
    doubtful = context.in_paragraph is not None and beside and not any(map(dated, context.in_paragraph.sentences))
    sure = not doubtful and len({one.elapsed_pct() for one in beside} or context.periods) == 1
    return (beside[0] if sure and beside else context.nearest_period), sure


def _elapsed(sentence: Sentence, context: Context, result: Quantity) -> Iterator[Candidate]:
    readings = tuple(
        Reading(total, (Interval.exactly(elapsed),), sure and in_whole_months(elapsed))
        for elapsed, sure in _passed(sentence, context)
    )
    if readings:
        yield Candidate(ClaimKind.ELAPSED, result, readings, sentence)
