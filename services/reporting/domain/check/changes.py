"""Finds what is said to lie between two figures: growth, rises and falls, the rest of a target."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Formula,
    Reading,
    difference,
    fall,
    fallen_by,
    grown_by,
    growth,
    linked,
    quotient,
    total,
)
from services.reporting.domain.check.roles import Role, alike, beside, role, values

_GROWTH = re.compile(
    r"(?:同比|环比|[较比](?:上|去|同|前)?年?[^，。；P]{0,16}?)?(?:（(?P<bracket>[MNUP])）)?"
    r"(?P<how>增长|增加|提高|上升|增幅|增速|提升|下降|减少|回落|降低|降幅|下滑|增收|减收)(?:了|为|达|约)?$"
)
_FALLING = re.compile("下降|减收|减少|回落|降低|降幅|下滑|缩小")
_FROM_TO = re.compile(
    r"[由从][^，。；MNUPT]{0,8}T?[^，。；MNUP]{0,8}(?P<from>[MNUP])(?P<how>[^，。；MNUP]{0,4}?(?:增加|增长|提高|上升|扩大|提升|下降|减少|降低|降|增|升))"
    r"(?:到|至|为)[^，。；MNUP]{0,6}(?P<to>[MNUP])[，、]?(?!分别)[^，。；MNUPD]{0,4}(?P<change>增长|增加|提高|上升|提升|增幅|净增|下降|减少|降低|降幅)(?:了|为|达)?$"
)
_BASE_BEHIND = re.compile(
    r"(?:，(?:总量|总额)?(?:达到?|增至|升至|降至)(?P<now>[MNU]))?(?:，|（)(?:上年|去年)(?:同期)?[^，。；：（）A-Z]{0,6}(?P<base>[MNU])(?=[，。；）]|$)"
)
_TIMES_OF_BASES = {
    "opening": re.compile("年初|[上去]年末|上年底"),
    "period before": re.compile("环比|上个?月|上个?季|上旬"),
    "year before": re.compile("同比|[上去]年|同期"),
}
# At constant prices or by another account the figures beside a growth are not those that it is computed from.
_OTHER_PRICES = re.compile("生产总值|gdp|增加值|可比|同口径|不变价|剔除")
_LEFT = re.compile(
    r"(?:距|离|较|比|与)?[^，。；MNUPD]{0,14}(?:目标|任务)[^，。；PD]{0,8}?(?P<how>还差|尚差|仍差|相差|还有|尚有|差距?|缺口)(?:为|还有)?$"
    r"|(?:^|[，；])(?:剩余|还剩|尚余|还差|尚差|仍差|(?:还|尚)需(?:到位|完成|引进)?)(?:任务)?$"
)
_TIMES = re.compile(r"[是为达](?P<base>[^，。；：A-Z]{0,10}（?[MNU]）?)的$")
_CONVERTED = re.compile("M(?:（|，)(?:折合|即|合)(?:人民币)?$")
_COMPARED = re.compile(
    r"[比较][^，。；MNUPD]{1,14}?（?(?P<base>P)）?的?"
    r"(?P<how>提高|提升|上升|增加|扩大|下降|降低|回落|减少|下滑|缩小|高|低|多|少|快|慢)(?:出|于|了)?$"
)
_BEYOND = re.compile(r"(?:超额?出?过?(?:全年|年度)?(?:目标|任务|目标任务)|超额完成)(?:任务|目标|[MN])?$")


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
        elif one.kind is Kind.POINTS and (match := _COMPARED.search(head)):
            yield from _compared(sentence, one, offset, match)
        elif match := _GROWTH.search(head):
            yield from _grown(sentence, one, match)
        elif one.kind in VALUES and (match := _LEFT.search(head)):
            yield from _remaining(sentence, context, one)
        elif one.kind is Kind.MONEY and _CONVERTED.search(head):
            reading = Reading(total, (values(sentence, place)[-1],), certain=True)
            yield Candidate(ClaimKind.CONVERSION, one, (reading,), sentence)
        elif one.unit == "倍" and (match := _TIMES.search(head)):
            yield from _times(sentence, one, offset + match.start())
        elif one.kind in VALUES and _BEYOND.search(head):
            yield from _beyond(sentence, one)


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
            readings = tuple(_by_the_base_behind(sentence, result, formula, falls=falls))
            if readings:
                yield Candidate(ClaimKind.GROWTH, result, readings, sentence)
            return
    else:
        yield from _points_grown(sentence, result, falls=falls)
        return
    readings = (
        *_growth_readings(sentence, result, formula, bases, falls),
        *(() if bases else _by_the_base_behind(sentence, result, formula, falls=falls)),
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
        certain = certain and not (formula is not difference and _OTHER_PRICES.search(sentence.shape))
        certain = certain and _of_the_same_time(sentence, result, beside(sentence, base)[0])
        for now in reversed(plain):
            inputs = (base, now) if falls and formula is difference else (now, base)
            yield Reading(formula, inputs, certain and linked(sentence, _last(now, base), _words(sentence, result)))


def _by_the_base_behind(sentence: Sentence, result: Quantity, formula: Formula, *, falls: bool) -> Iterator[Reading]:
    """完成45.2亿元，同比增长9.7%，上年同期为41.2亿元; 增加8.4亿元，达到62.3亿元，上年同期为53.9亿元."""
    place = sentence.at(result)
    match = _BASE_BEHIND.match(sentence.shape, place + 1)
    if match is None:
        return
    base, before = sentence.here(match.start("base")), values(sentence, place)
    plain = [one for one in alike(before, base) if role(sentence, one) is Role.PLAIN]
    named = sentence.here(match.start("now")) if match["now"] else None
    sure = not _OTHER_PRICES.search(sentence.shape) and "；" not in sentence.shape[:place] and not base.vague
    sure = sure and _of_the_same_time(sentence, result, match[0])
    for now in [named] if named else reversed(plain):
        if now.dimension == base.dimension:
            tied = bool(named) or (len(plain) == 1 and linked(sentence, now, _words(sentence, result)))
            inputs = (base, now) if falls and formula is difference else (now, base)
            yield Reading(formula, inputs, sure and tied and not now.vague)


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


def _of_the_same_time(sentence: Sentence, result: Quantity, of_base: str) -> bool:
    """Whether growth is not said to be over another time than the base is of: 环比 is not over 上年同期."""
    said = sentence.shape[_words(sentence, result) : sentence.at(result)]
    times = [_time(said), _time(of_base)]
    return None in times or times[0] == times[1]


def _time(words: str) -> str | None:
    return next((time for time, pattern in _TIMES_OF_BASES.items() if pattern.search(words)), None)


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
    """比全市平均水平（76.9%）高4.76个百分点, 较年初的77.7%提升6.2个百分点."""
    base = sentence.here(offset + match.start("base"))
    before = [one for one in sentence.figures if one.kind is Kind.PERCENT and one.start < base.start]
    if not before or base.vague:
        return
    now, less = before[-1], bool(_FALLING.match(match["how"]) or match["how"] in {"低", "少", "慢"})
    inputs = (base, now) if less else (now, base)
    begun = offset + match.start()
    # What an aside says (其中土建81.4%) is not what the sentence goes on about.
    aside = "）" in sentence.shape[sentence.at(now) : begun].partition("（")[0]
    tied = linked(sentence, now, begun) and not aside and not now.vague
    yield Candidate(ClaimKind.DIFFERENCE, result, (Reading(difference, inputs, tied, remote=not tied),), sentence)


def _times(sentence: Sentence, result: Quantity, verb: int) -> Iterator[Candidate]:
    """84.8亿元，是上年同期73.4亿元的1.16倍."""
    base, before = values(sentence, sentence.at(result))[-1], values(sentence, verb)
    plain = [one for one in alike(before, base) if role(sentence, one) is Role.PLAIN]
    if plain:
        tied = len(plain) == 1 and linked(sentence, plain[0], verb) and not base.vague
        yield Candidate(ClaimKind.GROWTH, result, (Reading(quotient, (plain[-1], base), tied),), sentence)


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
