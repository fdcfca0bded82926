"""Finds what is said to lie between two figures: leads over 序时进度, growth, rises and falls, the rest of a target."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Formula,
    Reading,
    difference,
    elapsed_lines,
    fall,
    fallen_by,
    grown_by,
    growth,
    in_whole_months,
    linked,
)
from services.reporting.domain.check.roles import Role, alike, beside, role, values

_TIME = "(?:序时|时序|时间)(?:进度|要求)?(?:要求|目标|任务)?"
_AHEAD, _BEHIND = "超前|领先|快|高出|高|超过|超出|超|多|提前", "滞后|落后|慢|低|欠|差|少"
_LEAD = re.compile(
    rf"(?:[较比与距]{_TIME}(?:（?P）?)?[^，。；P]{{0,4}}?(?P<how>{_AHEAD}|{_BEHIND})(?:于|了|出|约)?"
    rf"|(?P<how_first>{_AHEAD}|{_BEHIND})(?:于|过|出)?{_TIME}(?:（?P）?)?)(?P<list>(?:[^，。；PD]{{0,4}}D、)*)(?:分别)?[^，。；PDMN]{{0,3}}$"
)
_ELAPSED = re.compile(rf"{_TIME}(?:应)?(?:为|是|达到?|应达到?|：|（)*$")
_GROWTH = re.compile(
    r"(?:同比|环比|[较比](?:上|去|同|前)?年?[^，。；P]{0,16}?)?(?:（(?P<bracket>[MNUP])）)?"
    r"(?P<how>增长|增加|提高|上升|增幅|增速|提升|下降|减少|回落|降低|降幅|下滑)(?:了|为|达|约)?$"
)
_FALLING = re.compile("下降|减少|回落|降低|降幅|下滑|缩小")
_FROM_TO = re.compile(
    r"[由从][^，。；MNUPT]{0,8}T?[^，。；MNUP]{0,8}(?P<from>[MNUP])(?P<how>[^，。；MNUP]{0,4}?(?:增加|增长|提高|上升|扩大|提升|下降|减少|降低|降|增|升))"
    r"(?:到|至|为)[^，。；MNUP]{0,6}(?P<to>[MNUP])[，、]?[^，。；MNUPD]{0,4}(?P<change>增长|增加|提高|上升|提升|增幅|净增|下降|减少|降低|降幅)(?:了|为|达)?$"
)
_LEFT = re.compile(
    r"(?:距|离|较|比|与)?[^，。；MNUPD]{0,14}(?:目标|任务)[^，。；PD]{0,8}?(?P<how>还差|尚差|仍差|相差|还有|尚有|差距?|缺口)(?:为|还有)?$"
    r"|(?:^|[，；])(?:剩余|还剩|尚余|(?:还|尚)需(?:到位|完成|引进)?)(?:任务)?$"
)
_COMPARED = re.compile(r"[比较][^，。；MNUPD]{1,14}?（?(?P<base>P)）?的?(?P<how>高|低|多|少|快|慢)(?:出|于|了)?$")
_BEYOND = re.compile(r"(?:超额?出?过?(?:全年|年度)?(?:目标|任务|目标任务)|超额完成)(?:任务|目标|[MN])?$")
_COMPLETION = re.compile("完成|达成|进度|实现|占")


@dataclass(frozen=True, slots=True)
class _Change:
    formula: Formula
    now: Quantity
    base: Quantity


def changes(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every figure of the sentence that is said to be the difference of two others."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.vague:
            continue
        head = sentence.shape[max(0, place - 60) : place]
        offset = place - len(head)
        if one.kind in {Kind.PERCENT, Kind.POINTS, *VALUES} and (match := _FROM_TO.search(head)):
            yield from _from_to(sentence, one, offset, match)
        elif one.kind is Kind.POINTS and (match := _LEAD.search(head)):
            yield Candidate(ClaimKind.LEAD, one, tuple(_leads(sentence, context, one, offset, match)), sentence)
        elif one.kind is Kind.POINTS and (match := _COMPARED.search(head)):
            yield from _compared(sentence, one, offset, match)
        elif one.kind is Kind.PERCENT and _ELAPSED.search(head):
            yield from _elapsed(sentence, context, one)
        elif match := _GROWTH.search(head):
            yield from _grown(sentence, one, match)
        elif one.kind in VALUES and (match := _LEFT.search(head)):
            yield from _remaining(sentence, context, one)
        elif one.kind in VALUES and _BEYOND.search(head):
            yield from _beyond(sentence, one)


def _leads(
    sentence: Sentence, context: Context, result: Quantity, offset: int, match: re.Match[str]
) -> Iterator[Reading]:
    how = match["how"] or match["how_first"]
    ahead = bool(re.fullmatch(_AHEAD, how))
    begun = offset + match.start()
    printed = [
        at for at in sentence.places if begun <= at < sentence.at(result) and sentence.here(at).kind is Kind.PERCENT
    ]
    done = [at for at in sentence.places if at < begun and sentence.here(at).kind is Kind.PERCENT]
    lines = [(sentence.here(at), True) for at in printed] or _lines(sentence, context)
    for at in reversed(done):
        one = sentence.here(at)
        near = at == done[-1] and not one.vague and bool(_COMPLETION.search(sentence.shape[max(0, at - 40) : at]))
        tied = near and not re.search("[；]|分别|[MNU]|D", sentence.shape[at:begun]) and not match["list"]
        for line, sure in lines:
            inputs = (one, line) if ahead else (line, one)
            yield Reading(difference, inputs, tied and sure)


def _lines(sentence: Sentence, context: Context) -> list[tuple[Quantity | Interval, bool]]:
    """序时进度 by the period: exact, and as it is printed with one or two decimals."""
    period, sure = _period(sentence, context)
    elapsed = None if period is None else period.elapsed_pct
    if elapsed is None:
        return []
    return list(elapsed_lines(elapsed, sure=sure))


def _period(sentence: Sentence, context: Context) -> tuple[Period | None, bool]:
    """The period that a sentence speaks of, and whether no other one comes into question."""
    if sentence.periods:
        return sentence.periods[0], len({one.elapsed_pct for one in sentence.periods}) == 1
    beside = context.in_paragraph.periods if context.in_paragraph else []
    sure = len({one.elapsed_pct for one in beside} or context.periods) == 1
    return (beside[0] if sure and beside else context.nearest_period), sure


def _elapsed(sentence: Sentence, context: Context, result: Quantity) -> Iterator[Candidate]:
    period, sure = _period(sentence, context)
    elapsed = None if period is None else period.elapsed_pct
    if elapsed is not None:
        reading = Reading(lambda given: given[0], (Interval.exactly(elapsed),), sure and in_whole_months(elapsed))
        yield Candidate(ClaimKind.ELAPSED, result, (reading,), sentence)


def _grown(sentence: Sentence, result: Quantity, match: re.Match[str]) -> Iterator[Candidate]:
    before = values(sentence, sentence.at(result))
    bases = [one for one in before if role(sentence, one) is Role.BASE]
    falls = bool(_FALLING.match(match["how"]))
    if result.kind is Kind.PERCENT:
        formula: Formula = fall if falls else growth
    elif result.kind in VALUES:
        formula = difference
        bases = alike(bases, result)
        if not bases:
            return
    else:
        yield from _points_grown(sentence, result, falls=falls)
        return
    readings = (
        *_growth_readings(sentence, result, formula, bases, falls),
        *_by_the_change(sentence, result, falls=falls),
    )
    yield Candidate(ClaimKind.GROWTH, result, readings, sentence)


def _growth_readings(
    sentence: Sentence, result: Quantity, formula: Formula, bases: list[Quantity], falls: bool
) -> Iterator[Reading]:
    before = values(sentence, sentence.at(result))
    for base in reversed(bases):
        others = alike(before, base)
        plain = [one for one in others if role(sentence, one) is Role.PLAIN]
        certain = len(plain) == len(bases) == 1 and "；" not in sentence.shape[: sentence.at(result)]
        for now in reversed(plain):
            inputs = (base, now) if falls and formula is difference else (now, base)
            yield Reading(formula, inputs, certain and linked(sentence, _last(now, base), _words(sentence, result)))


def _by_the_change(sentence: Sentence, result: Quantity, *, falls: bool) -> Iterator[Reading]:
    """同比增加9.3亿元，增长12.3%: what it was before follows from what it is and the change."""
    before = values(sentence, sentence.at(result))
    if result.kind is not Kind.PERCENT or not before or role(sentence, before[-1]) is not Role.CHANGE:
        return
    change = before[-1]
    between = sentence.shape[sentence.at(change) + 1 : sentence.at(result)]
    plain = [one for one in alike(before, change) if role(sentence, one) is Role.PLAIN]
    bound = bool(re.fullmatch("[，、](?:同比|环比)?(?:增长|下降|增幅|降幅)(?:为|达|了)?", between))
    for now in reversed(plain):
        alone = len(plain) == 1 and linked(sentence, now, sentence.at(change)) and "；" not in sentence.shape
        yield Reading(fallen_by if falls else grown_by, (now, change), bound and alone, remote=not bound)


def _last(one: Quantity, other: Quantity) -> Quantity:
    return max(one, other, key=lambda quantity: quantity.start)


def _words(sentence: Sentence, result: Quantity) -> int:
    """Where the words directly before a figure begin, without the noun of what is compared."""
    left, _ = beside(sentence, result)
    words = re.search(
        r"(?:同比|环比|[较比][^，。；]{0,16})?(?:增长|增加|提高|上升|增幅|增速|提升|下降|减少|回落|降低|降幅|下滑).*$",
        left,
    )
    return sentence.at(result) - (len(words[0]) if words else 0)


def _points_grown(sentence: Sentence, result: Quantity, *, falls: bool) -> Iterator[Candidate]:
    if result.kind is not Kind.POINTS:
        return
    percents = [one for one in sentence.figures if one.kind is Kind.PERCENT and one.start < result.start]
    based = [one for one in percents if re.search("(?:上年|去年|同期|上月)[^，。；P]{0,10}$", beside(sentence, one)[0])]
    readings = []
    for base in based:
        others = [one for one in percents if one is not base]
        for now in reversed(others):
            inputs = (base, now) if falls else (now, base)
            readings.append(Reading(difference, inputs, len(others) == len(based) == 1 and not now.vague))
    if readings:
        yield Candidate(ClaimKind.DIFFERENCE, result, tuple(readings), sentence)


def _compared(sentence: Sentence, result: Quantity, offset: int, match: re.Match[str]) -> Iterator[Candidate]:
    """比全市平均水平（76.9%）高4.76个百分点."""
    base = sentence.here(offset + match.start("base"))
    before = [one for one in sentence.figures if one.kind is Kind.PERCENT and one.start < base.start]
    if not before or base.vague:
        return
    now, less = before[-1], match["how"] in {"低", "少", "慢"}
    inputs = (base, now) if less else (now, base)
    tied = linked(sentence, now, offset + match.start()) and not now.vague
    yield Candidate(ClaimKind.DIFFERENCE, result, (Reading(difference, inputs, tied, remote=not tied),), sentence)


def _from_to(sentence: Sentence, result: Quantity, offset: int, match: re.Match[str]) -> Iterator[Candidate]:
    base, now = sentence.here(offset + match.start("from")), sentence.here(offset + match.start("to"))
    if base.dimension != now.dimension or base.vague or now.vague:
        return
    falls = bool(_FALLING.search(match["change"]))
    percents = base.kind is Kind.PERCENT
    if (result.kind is Kind.POINTS) is not percents and result.kind in {Kind.POINTS, Kind.PERCENT}:
        return
    if result.kind is Kind.PERCENT:
        yield Candidate(ClaimKind.GROWTH, result, (Reading(fall if falls else growth, (now, base), True),), sentence)
    elif result.kind is Kind.POINTS or result.dimension == now.dimension:
        inputs = (base, now) if falls else (now, base)
        yield Candidate(ClaimKind.DIFFERENCE, result, (Reading(difference, inputs, True),), sentence)


def _remaining(sentence: Sentence, context: Context, result: Quantity) -> Iterator[Candidate]:
    """距全年目标105亿元还差20.2亿元: target without what is done; both may stand in the sentence before."""
    where, until = sentence, sentence.at(result)
    if not alike(values(sentence, until), result) and context.before:
        where, until = context.before[-1], len(context.before[-1].shape)
    others = alike(values(where, until), result)
    asked = [one for one in others if role(where, one) is Role.TARGET]
    done = [one for one in others if role(where, one) is Role.PLAIN]
    pairs = [(target, one) for target in reversed(asked) for one in reversed(done)]
    certain = len(pairs) == 1 and len(others) == 2 and "；" not in where.shape[:until]
    if pairs:
        readings = tuple(Reading(difference, pair, certain) for pair in pairs)
        yield Candidate(ClaimKind.DIFFERENCE, result, readings, sentence)


def _beyond(sentence: Sentence, result: Quantity) -> Iterator[Candidate]:
    """超目标任务22.8亿元: what is done without the target."""
    others = alike(values(sentence, sentence.at(result)), result)
    asked = [one for one in others if role(sentence, one) is Role.TARGET]
    done = [one for one in others if role(sentence, one) is Role.PLAIN]
    pairs = [(one, target) for target in reversed(asked) for one in reversed(done)]
    certain = len(pairs) == 1 and len(others) == 2 and "；" not in sentence.shape[: sentence.at(result)]
    if pairs:
        yield Candidate(
            ClaimKind.DIFFERENCE, result, tuple(Reading(difference, pair, certain) for pair in pairs), sentence
        )
