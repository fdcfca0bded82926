"""What each figure of a sentence is there for: what was done, what was asked, what was before, how much it grew."""

import re
from collections.abc import Sequence
from enum import Enum, auto

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity


class Role(Enum):
    """The part a value plays; only a `PLAIN` one is sure to be what was done."""

    PLAIN = auto()
    TARGET = auto()
    PERHAPS_TARGET = auto()
    CHANGE = auto()
    BASE = auto()
    INVESTMENT = auto()
    ATTRIBUTE = auto()
    UNDONE = auto()
    VAGUE = auto()


TARGET_WORD = "(?:目标任务|目标|任务|(?:全年|年度|年初|当年|考核)(?:投资)?计划|计划任务|计划数|指标|预算)"
_IS = "(?:总额|总量|总数|数|值|额)?(?:分别)?(?:为|是|：|共|达)?"
_TARGET_LEFT = re.compile(
    rf"(?:{TARGET_WORD}{_IS}|{TARGET_WORD}（[^（）]{{0,8}}|下达[^，。；：（）完占]{{0,14}}"
    r"|年[中内][^，。；：A-Z]{0,6}(?:调整|调[增减]|追加|核定)[为至到]"
    r"|年初(?:确定|安排|排定|预计|计划)的?(?:项目)?|(?:全年|年度)计划(?!总?投资)[^，。；：（）完A-Z]{0,8}"
    r"|(?:全年|年度|当年|今年|本年)度?计划(?:新签约|新开工|完成|到位|投资|开工|竣工|签约)+(?:资金|项目)?)$"
)
_DONE_BEFORE = re.compile(rf"(?:完成|实现|达到|超额完成)[^，。；：]{{0,12}}{TARGET_WORD}{_IS}$")
_TARGET_RIGHT = re.compile(
    rf"的?(?:全年|年度|市上|市级|上级|下达|的|总|既定|预定|到位资金|签约|招商引资){{0,4}}{TARGET_WORD}"
)
_OF_WHICH = re.compile(r"）?的P")
_CHANGE_LEFT = re.compile(
    r"(?:净增加?|增加|增收|减收|增长|增幅|减少|下降|(?<!新)增|减|(?<![至不])多|(?<!不)少|高出|高|低|差距?|缺口?|欠|超出|超额(?:完成)?|提高|"
    r"上升|回落|降低|扩大|提升|缩小|超目标(?:任务)?|超任务)(?:了|约|额)?(?:为|达)?$"
)
_BASE_LEFT = re.compile(
    r"(?:上年|去年|同期|上月|上季|上个月|基数|往年|前年)[^，。；：P]{0,10}$|(?:年初|上年末)(?:余额|存量)?(?:为|是)$"
)
_INVESTMENT_LEFT = re.compile(
    r"(?:总投资|计划投资|计划总投资|拟投资|投资总额|投资额|概算|估算|注册资本|注册资金|协议投资|合同投资|(?<![成现])产值|(?<![成现库])税收|租金|授信|贷款)"
    r"(?:额|金额)?(?:为|达|约)?$"
)
_ATTRIBUTE_RIGHT = re.compile(r"的(?!P|（?P)|级|规模|大项目|重大项目")
_NOT_YET = "(?:未(?![来央])|没有|还没|尚待|有待|剩余|还剩|尚余|余下|剩下)"
_UNDONE_LEFT = re.compile(rf"{_NOT_YET}[^，。；：、（）A-Z]{{0,12}}$")
_UNDONE_RIGHT = re.compile(rf"[^，。；：、（）A-Z]{{0,12}}?{_NOT_YET}")
_NEGATED = re.compile(rf"(?:{_NOT_YET}|[不非待拟应需将]|计划|预计|逾期|超期)[^，。；：、（）A-Z]{{0,4}}$")
_CLAUSE_LEFT = re.compile("(?:^|[，；：（])(?:[全我本][区县市]|T|招商引资|到位资金)*$")
_TOLD_RIGHT = re.compile("，|(?!目标|任务|计划|的?（?P)(?:[^，。；]*?[MNUP]|[^，。；A-Z]*$)")
_NEAR = 24


def role(sentence: Sentence, one: Quantity) -> Role:
    """The part that a value plays, by the words beside it; in a list without words between, that of the first."""
    left, right = beside(sentence, one)
    before = sentence.before(one)
    if left in {"、", "和", "与", "及"} and before is not None and before.kind in VALUES and not one.vague:
        listed = role(sentence, before)
        if listed in {Role.TARGET, Role.BASE}:
            return listed
    asked = bool(_TARGET_LEFT.search(left))
    tests = (
        (one.vague, Role.VAGUE),
        (asked and _OF_WHICH.match(right), Role.TARGET),
        (_CHANGE_LEFT.search(left), Role.CHANGE),
        (asked and _DONE_BEFORE.search(left), Role.PERHAPS_TARGET),
        (asked or _TARGET_RIGHT.match(right), Role.TARGET),
        (_BASE_LEFT.search(left) or _after_the_past(sentence, one), Role.BASE),
        (_ATTRIBUTE_RIGHT.match(right), Role.ATTRIBUTE),
        (_UNDONE_LEFT.search(left) or _UNDONE_RIGHT.match(right), Role.UNDONE),
        (_INVESTMENT_LEFT.search(left), Role.INVESTMENT),
    )
    return next((found for test, found in tests if test), Role.PLAIN)


def dated(sentence: Sentence) -> bool:
    """Whether a period of the sentence says when what follows it was so: neither 较7月底 nor 自3月底以来, neither
    力争前三季度 nor 上半年目标."""
    named = (one for one in sentence.figures if one.period in sentence.periods)
    return any(
        _CLAUSE_LEFT.search(sentence.shape[: sentence.at(one)])
        and _TOLD_RIGHT.match(sentence.shape, sentence.at(one) + 1)
        and not one.digits.startswith("自")
        for one in named
    )


def affirmed(step: str, words: str) -> bool:
    """Whether words say that a step was taken: 已开工, and neither 未能按期开工 nor 拟开工."""
    return any(not _NEGATED.search(words[: found.start()]) for found in re.finditer(step, words))


def beside(sentence: Sentence, one: Quantity) -> tuple[str, str]:
    """The shape between the figure before and this one, and after this one."""
    place, earlier = sentence.at(one), sentence.before(one)
    start = sentence.at(earlier) + 1 if earlier else 0
    return sentence.shape[max(start, place - _NEAR) : place], sentence.shape[place + 1 : place + 1 + _NEAR]


def name(sentence: Sentence, one: Quantity) -> str:
    """The words before a figure, with the period or the like (第一产) that they begin with."""
    before = sentence.before(one)
    named = before is not None and before.kind in {Kind.PERIOD, Kind.OTHER}
    return (before.digits if before and named else "") + beside(sentence, one)[0]


def values(sentence: Sentence, before: int | None = None) -> list[Quantity]:
    """The amounts and counts of a sentence, as far as a place of its shape."""
    until = len(sentence.shape) if before is None else before
    return [
        one
        for place, one in zip(sentence.places, sentence.figures, strict=True)
        if one.kind in VALUES and place < until
    ]


def alike(found: Sequence[Quantity], one: Quantity) -> list[Quantity]:
    """Those that can be compared with one."""
    return [other for other in found if other.dimension == one.dimension and other is not one]


def _after_the_past(sentence: Sentence, one: Quantity) -> bool:
    before = sentence.before(one)
    if before is None or before.kind is not Kind.PERIOD or before.period is None or not before.period.past:
        return False
    return not re.search("[，；：]", sentence.shape[sentence.at(before) : sentence.at(one)])
