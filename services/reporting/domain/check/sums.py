"""Finds sums (A与B合计C, 其中一产、二产、三产), parts greater than their whole, and averages."""

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
from services.reporting.domain.check.roles import Role, alike, beside, role, values

_SUM = re.compile(
    r"(?P<how_many>[两二三四五六七八2-8](?:项|者|类|部分|个方面)|以上)?(?:合计|共计|总计|加总|相加)"
    r"(?:为|达到?|是|：|到位|资金|金额|总额|总|投资|签约|完成|项目|实现|引进|省外|个数|约|（)*(?:[NM]、)?(?:投资|总投资|金额|总金额)?$"
)
_LISTED = re.compile("，(?:总)?共$")
_NOT_A_LIST = re.compile("其中|含|包括|目标|任务|同比|环比|上年|去年|序时|占|率|平均|每")
_NUMBERED = re.compile(r"[，、；和与及]?(?:今年|本年)?第?(?P<number>[一二三四五六七八九]|\d{1,2})(?P<of>\D)")
_INDUSTRIES = re.compile(
    "其中[：，]?[^，。；MNU]{0,6}(?:X业|一产)[^MNU]{0,12}[MN][^MNU]{0,12}(?:X业|二产)[^MNU]{0,12}[MN][^MNU]{0,12}(?:X业|三产)[^MNU]{0,12}(?P<last>[MN])"
)
_PART = re.compile("其中[：，]?(?:M(?:及|（含）)?以上)?[^，。；：MNUPDTBX投资总完成]{0,14}N")
_AVERAGE = re.compile("(?:平均每个|平均每家|平均每户|平均单个|单个项目平均|项目平均|户均|平均)[^，。；MNUP均]{0,10}$")
_SUMMED = {Role.PLAIN, Role.INVESTMENT, Role.UNDONE}
_MOST = 12


def sums(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every sum, part and average of the sentence; a sum of which nothing is known is none that can be checked."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.kind not in {Kind.MONEY, Kind.COUNT} or one.vague:
            continue
        head = sentence.shape[max(0, place - 40) : place]
        if (match := _SUM.search(head)) and (readings := tuple(_sum_readings(sentence, one, match["how_many"]))):
            yield Candidate(ClaimKind.SUM, one, readings, sentence)
        elif _LISTED.search(head):
            yield from _listed(sentence, one)
        elif _AVERAGE.search(head):
            yield Candidate(ClaimKind.AVERAGE, one, tuple(_average_readings(sentence, one)), sentence)
    yield from _industries(sentence)
    yield from _parts(sentence)


def _sum_readings(sentence: Sentence, result: Quantity, how_many: str | None) -> Iterator[Reading]:
    parts = [
        one for one in alike(values(sentence, sentence.at(result)), result) if role(sentence, one) is not Role.VAGUE
    ]
    if len(parts) < 2:
        return
    parts = parts[-_MOST:]
    count = whole(how_many[0]) if how_many and how_many != "以上" else 0
    chosen = parts[-count:] if count and len(parts) >= count else parts
    between = sentence.shape[sentence.at(chosen[0]) : sentence.at(result)]
    plain = all(role(sentence, one) in _SUMMED for one in chosen)
    whole_list = chosen == parts and len(parts) <= 6 and count in {0, len(parts)}
    certain = plain and whole_list and not _NOT_A_LIST.search(between) and _of_one_sort(sentence, chosen)
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
    alone = re.fullmatch(r"(?:、[^，。；：MNUPDTBX]{0,14}[MN])+，(?:总)?共", between)
    if (
        alone
        and between.count("、") == len(parts) - 1
        and all(role(sentence, one) in {Role.PLAIN, Role.UNDONE} for one in parts)
    ):
        yield Candidate(ClaimKind.SUM, result, (Reading(total, tuple(parts), True),), sentence)


def _in_series(sentence: Sentence, parts: Sequence[Quantity]) -> bool:
    """Whether numbers tell the parts apart, each the next one's forerunner (一季度、二季度): none may be left out."""
    named = [found for one in parts if (found := _NUMBERED.match(_name(sentence, one)))]
    following = all(whole(one["number"]) + 1 == whole(other["number"]) for one, other in pairwise(named))
    return len(named) == len(parts) and following and len({one["of"] for one in named}) == 1


def _name(sentence: Sentence, one: Quantity) -> str:
    """The words before a figure, with the period or the like (第一产) that they begin with."""
    before = sentence.before(one)
    named = before is not None and before.kind in {Kind.PERIOD, Kind.OTHER}
    return (before.digits if before and named else "") + beside(sentence, one)[0]


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


def _industries(sentence: Sentence) -> Iterator[Candidate]:
    """The three industries are everything there is: 其中第一产业3个、第二产业9个、第三产业6个."""
    if not (match := _INDUSTRIES.search(sentence.shape)):
        return
    last = sentence.here(match.start("last"))
    parts = [one for one in values(sentence, match.end()) if sentence.at(one) > match.start()]
    parts = [one for one in parts if one.dimension == last.dimension]
    wholes = alike(values(sentence, match.start()), last)
    if len(parts) != 3 or not wholes:
        return
    plain = role(sentence, wholes[-1]) in {Role.PLAIN, Role.INVESTMENT} and not any(one.vague for one in parts)
    readings = (Reading(total, tuple(parts), plain and len(wholes) == 1),)
    yield Candidate(ClaimKind.SUM, wholes[-1], readings, sentence)


def _parts(sentence: Sentence) -> Iterator[Candidate]:
    """A number of things cannot be greater than the number they are among."""
    for match in _PART.finditer(sentence.shape):
        part = sentence.here(match.end() - 1)
        wholes = [one for one in values(sentence, match.start()) if one.dimension == part.dimension]
        if (
            len(wholes) == 1
            and not part.vague
            and role(sentence, wholes[0]) is Role.PLAIN
            and part.value > wholes[0].value
        ):
            yield Candidate(ClaimKind.PART, part, (Reading(total, (wholes[0],), True),), sentence)
