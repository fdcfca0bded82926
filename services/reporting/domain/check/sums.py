"""Finds sums (A与B合计C, 一季度A、二季度B、上半年累计C) and averages."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from services.reporting.domain.check.numerals import whole
from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Reading,
    quotient,
    suffix_sums,
    total,
)
from services.reporting.domain.check.roles import Role, alike, name, role, values

_HOW_MANY = (
    "[两二三四五六七八2-8](?:项|者|类|部分|个方面|个?(?:片区|园区|街道|产业|行业|板块|部门|单位|企业|项目|[镇乡区县]))"
)
_ALL = "合计|共计|总计|加总|相加"
_SUM = re.compile(
    rf"(?:(?P<how_many>{_HOW_MANY})(?:{_ALL}|共)|(?:以上)?(?:{_ALL}))"
    r"(?P<what>(?:为|达到?|是|：|到位|资金|金额|总额|总|投资|签约|完成|项目|实现|引进|省外|个数|约|（)*)(?:[NM]、)?(?:投资|总投资|金额|总金额)?$"
)
_LISTED = re.compile("(?:，总?|(?<=[MN]))共计?$")
_TO_DATE = re.compile("(?:累计|合计|总计|共)[^，。；：A-Z]{0,8}$")
_SHARES = re.compile("[，、（]占[^，。；：（）A-Z]{0,6}P）?")
_DEEDS = re.compile("到位|签约|投资|引资|开工|投产|入库|支出|收入")
_SPAN = re.compile(
    "前(?P<quarters>[二三四2-4])个?季度|1(?:-|至|到)(?P<until>1?[0-9])月|(?P<half>[上下])半年|(?P<quarter>[一二三四1-4])季度|(?P<month>1?[0-9])月"
)
_NOT_A_LIST = re.compile("其中|含|包括|目标|任务|同比|环比|上年|去年|序时|占|率|平均|每")
_NUMBERED = re.compile(r"[，、；和与及]?(?:今年|本年)?第?(?P<number>[一二三四五六七八九]|\d{1,2})(?P<of>\D)")
_AVERAGE = re.compile("(?:平均每个|平均每家|平均每户|平均单个|单个项目平均|项目平均|户均|平均)[^，。；MNUP均]{0,10}$")
_SUMMED = {Role.PLAIN, Role.INVESTMENT, Role.UNDONE}
_MOST = 12


def sums(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every sum and average of the sentence; a sum of which nothing is known is none that can be checked."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.kind not in {Kind.MONEY, Kind.COUNT, Kind.BARE} or one.vague:
            continue
        head = sentence.shape[max(0, place - 40) : place]
        if one.kind is Kind.BARE:
            yield from _to_date(sentence, one) if _TO_DATE.search(head) else ()
        elif (match := _SUM.search(head)) and (readings := tuple(_sum_readings(sentence, one, match))):
            yield Candidate(ClaimKind.SUM, one, readings, sentence)
        elif _LISTED.search(head):
            yield from _listed(sentence, one)
        elif _TO_DATE.search(head):
            yield from _to_date(sentence, one)
        elif _AVERAGE.search(head):
            yield Candidate(ClaimKind.AVERAGE, one, tuple(_average_readings(sentence, one)), sentence)


def _sum_readings(sentence: Sentence, result: Quantity, match: re.Match[str]) -> Iterator[Reading]:
    parts = [
        one for one in alike(values(sentence, sentence.at(result)), result) if role(sentence, one) is not Role.VAGUE
    ]
    if len(parts) < 2:
        return
    parts = parts[-_MOST:]
    count = whole(match["how_many"][0]) if match["how_many"] else 0
    chosen = parts[-count:] if count and len(parts) >= count else parts
    between = _SHARES.sub("", sentence.shape[sentence.at(chosen[0]) : sentence.at(result)])
    plain = all(role(sentence, one) in _SUMMED for one in chosen)
    whole_list = chosen == parts and len(parts) <= 6 and count in {0, len(parts)}
    certain = plain and whole_list and not _NOT_A_LIST.search(between) and _of_one_sort(sentence, chosen)
    certain = certain and _of_one_deed(sentence, chosen, match["what"])
    yield Reading(total, tuple(chosen), certain)
    if certain and (count or _in_series(sentence, parts)):
        return
    for several in suffix_sums(parts, _MOST):
        yield Reading(total, several, remote=certain)
    for end in range(2, len(parts)):
        yield Reading(total, tuple(parts[:end]), remote=True)


def _listed(sentence: Sentence, result: Quantity) -> Iterator[Candidate]:
    """工业项目5个、农业项目2个，共7个: a list with nothing else in it, whose end alone is divided by a comma."""
    parts = alike(values(sentence, sentence.at(result)), result)
    if len(parts) < 2:
        return
    between = sentence.shape[sentence.at(parts[0]) + 1 : sentence.at(result)]
    alone = re.fullmatch(r"(?:(?:、|和|与|及|以及)[^，。；：MNUPDTBX]{0,14}[MN])+，?总?共计?", between)
    plain = all(role(sentence, one) in {Role.PLAIN, Role.UNDONE} for one in parts)
    if alone and len(re.findall("[MN]", between)) == len(parts) - 1 and plain:
        yield Candidate(ClaimKind.SUM, result, (Reading(total, tuple(parts), True),), sentence)


def _to_date(sentence: Sentence, result: Quantity) -> Iterator[Candidate]:
    """一季度22.3亿元，二季度25.6亿元，上半年累计47.9亿元: figures of the same whose months together are the sum's."""
    asked = _span(sentence, result)
    parts = list[Quantity]()
    before = [one for one in sentence.figures if one.start < result.start and one.dimension == result.dimension]
    for one in reversed(before if asked else []):
        span = _span(sentence, one)
        if span is None or role(sentence, one) is not Role.PLAIN:
            return
        parts.insert(0, one)
        if asked is not None and span[0] == asked[0]:
            break
    spans = [span for one in parts if (span := _span(sentence, one))]
    follow = all(one[1] + 1 == other[0] for one, other in pairwise(spans))
    if len(spans) < 2 or not follow or (spans[0][0], spans[-1][1]) != asked:
        return
    alone = not _NOT_A_LIST.search(sentence.shape[sentence.at(parts[0]) : sentence.at(result)])
    certain = alone and _of_one_deed(sentence, parts, name(sentence, result)) and _of_one_sort(sentence, parts)
    yield Candidate(ClaimKind.SUM, result, (Reading(total, tuple(parts), certain),), sentence)


def _span(sentence: Sentence, one: Quantity) -> tuple[int, int] | None:
    """The first and the last month that a figure is of, by its name."""
    match = _SPAN.search(name(sentence, one))
    if match is None:
        return None
    if match["half"]:
        return (1, 6) if match["half"] == "上" else (7, 12)
    if match["quarter"]:
        return 3 * whole(match["quarter"]) - 2, 3 * whole(match["quarter"])
    if match["month"]:
        return whole(match["month"]), whole(match["month"])
    return 1, whole(match["until"]) if match["until"] else 3 * whole(match["quarters"])


def _of_one_deed(sentence: Sentence, parts: Sequence[Quantity], what: str) -> bool:
    """Whether parts and sum tell of the same: what was signed is no part of what arrived."""
    told = [set(_DEEDS.findall(words)) for words in (what, *(name(sentence, one) for one in parts))]
    said = [deeds for deeds in told if deeds]
    return not said or bool(set.intersection(*said))


def _in_series(sentence: Sentence, parts: Sequence[Quantity]) -> bool:
    """Whether numbers tell the parts apart, each the next one's forerunner (一季度、二季度): none may be left out."""
    named = [found for one in parts if (found := _NUMBERED.match(name(sentence, one)))]
    following = all(whole(one["number"]) + 1 == whole(other["number"]) for one, other in pairwise(named))
    return len(named) == len(parts) and following and len({one["of"] for one in named}) == 1


def _of_one_sort(sentence: Sentence, parts: Sequence[Quantity]) -> bool:
    """Whether no vague figure of the kind stands among them: 近3亿元 would be a part too."""
    inside = [one for one in values(sentence) if parts[0].start <= one.start <= parts[-1].end]
    return not any(one.vague and one.dimension == parts[0].dimension for one in inside)


def _average_readings(sentence: Sentence, result: Quantity) -> Iterator[Reading]:
    before = [
        one for one in values(sentence, sentence.at(result)) if role(sentence, one) in {Role.PLAIN, Role.INVESTMENT}
    ]
    amounts, counts = alike(before, result), [one for one in before if one.kind is Kind.COUNT]
    if result.kind is not Kind.MONEY:
        return
    certain = len(amounts) == len(counts) == 1 and len(values(sentence, sentence.at(result))) == 2
    for amount in reversed(amounts):
        for count in reversed(counts):
            yield Reading(quotient, (amount, count), certain)
