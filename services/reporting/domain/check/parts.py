"""Finds parts that are greater than their whole, alone (其中工业21个 of 18) or together (新建28个、续建19个 of 45)."""

import re
from collections.abc import Iterator

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Context, Reading, less_the_others, total
from services.reporting.domain.check.roles import Role, alike, name, role, values

_INDUSTRIES = re.compile(
    "其中[：，]?[^，。；MNU]{0,6}(?:X业|一产)[^MNUB]{0,12}[MNB][^MNUB]{0,12}(?:X业|二产)[^MNUB]{0,12}[MNB][^MNUB]{0,12}(?:X业|三产)[^MNUB]{0,12}(?P<last>[MNB])"
)
_PART = re.compile("其中[：，]?(?:M(?:及|（含）)?以上)?[^，。；：MNUPDTBX投资总完成]{0,14}N")
_LIST = re.compile(
    "其中[：，]?(?P<list>[^，。；：MNUPDTB]{0,14}[MN](?:(?:[，、和与及]|以及)[^，。；：MNUPDTB]{1,14}[MN])+)"
)
# Names that exclude each other: nothing is of two of them. 省外 and 工业 may be the same money.
_APART = [
    frozenset(names.split())
    for names in (
        "第一产业 第二产业 第三产业", "一产 二产 三产", "工业 农业 服务业", "新建 续建", "新签 续建 结转",
        "城市 农村", "城镇 农村", "省外 省内", "国有 民营", "县本级 乡镇", "区本级 乡镇 街道", "税收 非税",
    )
]  # fmt: skip
_ALONE = re.compile("[业产][为是]?$")
_NO_NAME = re.compile("[，、和与及]|其中|：|以及|项目|企业|到位|完成|实现|资金|收入|投资|低保")


def parts(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every whole that its parts cannot be parts of."""
    yield from list(_industries(sentence)) or _together(sentence)
    yield from _alone(sentence)


def _industries(sentence: Sentence) -> Iterator[Candidate]:
    """The three industries are everything there is: 其中第一产业3个、第二产业9个、第三产业6个."""
    if not (match := _INDUSTRIES.search(sentence.shape)):
        return
    inside = [sentence.here(at) for at in sentence.places if match.start() < at < match.end()]
    wholes = values(sentence, match.start())
    if not wholes:
        return
    # 3.2、40.5 and 44.1 of 84.8亿元 are 亿元 too.
    found = [
        one.in_the_unit_of(wholes[-1]) if one.kind is Kind.BARE and _ALONE.search(name(sentence, one)) else one
        for one in inside
    ]
    found = alike(found, wholes[-1])
    wholes = alike(wholes, found[-1]) if found else []
    if len(found) != 3 or not wholes:
        return
    plain = role(sentence, wholes[-1]) in {Role.PLAIN, Role.INVESTMENT} and not any(one.vague for one in found)
    readings = (Reading(total, tuple(found), plain and len(wholes) == 1),)
    yield Candidate(ClaimKind.SUM, wholes[-1], readings, sentence)


def _alone(sentence: Sentence) -> Iterator[Candidate]:
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


def _together(sentence: Sentence) -> Iterator[Candidate]:
    """Parts that exclude each other cannot be more than their whole; the last is what the others leave, at most."""
    for match in _LIST.finditer(sentence.shape):
        found = [one for one in values(sentence, match.end()) if sentence.at(one) > match.start()]
        whole = [one for one in values(sentence, match.start()) if one.dimension == found[0].dimension]
        if len(whole) != 1 or any(role(sentence, one) is not Role.PLAIN for one in (*whole, *found)):
            continue
        if len({one.dimension for one in found}) == 1 and _exclude_each_other(sentence, found):
            reading = Reading(less_the_others, (*whole, *found[:-1]), certain=True)
            most = reading.compute()
            if most is not None and most.high < found[-1].possible.low and most.low >= 0:
                yield Candidate(ClaimKind.PART, found[-1], (reading,), sentence)


def _exclude_each_other(sentence: Sentence, found: list[Quantity]) -> bool:
    names = [_NO_NAME.sub("", name(sentence, one)) for one in found]
    return len(set(names)) == len(names) and any(apart.issuperset(names) for apart in _APART)
