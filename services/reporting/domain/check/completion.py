"""Finds what was done as percent of what was asked: 完成目标任务（105亿元）的84.2%, 目标105亿元, 完成率84.2%."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Reading,
    leftover,
    linked,
    ratio,
    rest,
    suffix_sums,
    total_ratio,
)
from services.reporting.domain.check.roles import TARGET_WORD, Role, alike, beside, role, values

_PART = "(?:[^，。；：（）PD完占]|（[^（）P]{0,30}）){0,40}?"
_OF = re.compile(
    rf"(?P<verb>完成了?|占到?了?|实现|相当于|(?<![下到送])达到?|为)(?P<what>{_PART})(?:的|(?<=）)|(?<=目标)|(?<=任务)|(?<=计划))$"
)
_RATE = re.compile(
    r"(?:目标|任务|计划|目标任务)?(?P<verb>(?:完成|达成)(?:任务|目标|计划|总)?(?:率|比例|比|进度)|完成了?|(?<=[，、])(?:进度|已?达到?))"
    r"(?:分别)?(?:为|达到?|是|：|已?达)?$"
)
_BARE_SHARE = re.compile(r"(?P<verb>占比?)(?:为|达)?$")
_TARGET_BEHIND = re.compile(rf"（[^（）P]{{0,8}}{TARGET_WORD}[^（）MNUP]{{0,6}}(?P<target>[MNU])")
_TARGET_NEXT = re.compile(
    rf"，(?:全年|年度|年|市|下达|上级|的){{0,4}}{TARGET_WORD}[为是]?(?P<target>[MNU])(?=[。；）]|$|，(?![^；]*(?:完成|占|率)))"
)
_DONE_NEXT = re.compile(
    "，(?:已|累计|实际|共)*(?:(?P<bare>达到?|[为计])|到位(?:资金)?|完成(?:投资)?|实现)(?:为|达到?)?(?P<done>[MNU])"
    "(?=[。；）]|$|，(?![^；]*(?:完成|占|率)))"
)
_NOBODY = re.compile("(?:T|X|，|全[区县市]|我[区县市]|已|累计|共|目前|截至|今年以来)*")
_HAS_TARGET = re.compile(TARGET_WORD)
# 占一般公共预算收入的63.7% is a share of what came in, and no target.
_ACCOUNT = re.compile("预算(?:收入|支出|内)")
_NOT_DONE = {Role.CHANGE, Role.BASE, Role.VAGUE, Role.ATTRIBUTE, Role.UNDONE}
_YEAR = "全年"
_SPAN = re.compile("(?P<year>全年|年度|年初|今年|本年|当年)|当月|本月|月度|当季|本季|季度|半年|[三五]年|X")
_SPAN_BEFORE = re.compile(rf"(?:T|{_SPAN.pattern})的?(?:目标|任务|计划)+的?$")
_LEVEL = re.compile("([省市区县])(?:委|政府|级|上|里|自|定|下达)")
_MOST = 24


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the words of a completion begin, what they say between verb and percentage, and the target they name.

    `span`: the time for which the target is said to be set (上半年目标), as `_span` gives it.
    """

    verb: int
    what: str
    target: Quantity | None
    span: int | str | None = None


def completions(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every percentage of the sentence that is said to be a share of a target."""
    for place, one in zip(sentence.places, sentence.figures, strict=True):
        if one.kind is Kind.PERCENT and not one.vague and (found := _find(sentence, place)) is not None:
            yield Candidate(
                ClaimKind.COMPLETION, one, tuple(_readings(sentence, context, place, found)), sentence, context.targets
            )


def _find(sentence: Sentence, place: int) -> _Found | None:
    head = sentence.shape[max(0, place - 60) : place]
    offset = place - len(head)
    if match := _OF.search(head):
        named = [at for at in sentence.places if offset + match.start("what") <= at < place]
        inside = [one for one in map(sentence.here, named) if one.kind in VALUES]
        words = _ACCOUNT.sub("", match["what"]) if match["verb"].startswith("占") else match["what"]
        if _HAS_TARGET.search(words) or (inside and match["verb"].startswith("完成")):
            target = inside[0] if len(inside) == 1 else None
            what = match["what"] if len(inside) < 2 else "？" + match["what"]
            span = _span(sentence, offset + match.start("what"), place)
            return _Found(offset + match.start(), what, target or _behind(sentence, place), span)
    if match := _RATE.search(head):
        target = _behind(sentence, place)
        # 主体工程完成80% is about a building; without a target in sight it is no claim about one.
        if target or "率" in match[0] or re.search(TARGET_WORD, match[0]) or _follows(sentence, offset + match.start()):
            verb = offset + match.start("verb")
            said = _SPAN_BEFORE.search(sentence.shape[:verb])
            span = _span(sentence, said.start(), verb) if said else None
            return _Found(verb, match[0][: match.start("verb") - match.start()], target, span)
    if (match := _BARE_SHARE.search(head)) and (target := _only_target(sentence, place)) is not None:
        # After 其中 a share is of what was done so far, and shares finds it.
        if "其中" in sentence.shape[sentence.at(target) : place]:
            return None
        return _Found(offset + match.start(), "", None)
    return None


def _follows(sentence: Sentence, verb: int) -> bool:
    """Whether a value stands so near before 完成 that it must be what is done, with a target before it."""
    target = _only_target(sentence, verb)
    done = alike(values(sentence, verb), target) if target else []
    return bool(done) and linked(sentence, done[-1], verb)


def _behind(sentence: Sentence, place: int) -> Quantity | None:
    """The target that follows the percentage: （目标105亿元）, or in the next clause where none stands before."""
    match = _TARGET_BEHIND.match(sentence.shape, place + 1)
    if match is None and not any(role(sentence, one) is Role.TARGET for one in values(sentence, place)):
        match = _TARGET_NEXT.match(sentence.shape, place + 1)
    return None if match is None else sentence.here(match.start("target"))


def _done_behind(sentence: Sentence, found: _Found, place: int, target: Quantity) -> Iterator[Reading]:
    """完成全年目标105亿元的80.8%，达84.8亿元: an amount without a name of its own, where none stands before."""
    match = _DONE_NEXT.match(sentence.shape, place + 1)
    if match and (done := sentence.here(match.start("done"))).dimension == target.dimension and not done.vague:
        nobody = _NOBODY.fullmatch(sentence.shape, 0, found.verb)
        yield Reading(ratio, (done, target), bool(match["bare"] or nobody) and not leftover(found.what))


def _only_target(sentence: Sentence, place: int) -> Quantity | None:
    asked = [one for one in values(sentence, place) if role(sentence, one) is Role.TARGET]
    return asked[-1] if len(asked) == 1 else None


def _readings(sentence: Sentence, context: Context, place: int, found: _Found) -> Iterator[Reading]:
    if found.target is not None:
        sure = not found.target.vague and _of_one_level(sentence, found, found.target)
        if not found.target.vague and not alike(values(sentence, found.verb), found.target):
            yield from _done_behind(sentence, found, place, found.target)
        yield from _against(sentence, context, found, found.target, sure=sure)
        return
    asked = [one for one in values(sentence, place) if role(sentence, one) in {Role.TARGET, Role.PERHAPS_TARGET}]
    if found.span is None:
        fitting = [one for one in asked if role(sentence, one) is Role.TARGET]
    else:
        fitting = [one for one in values(sentence, place) if _is_for(sentence, one, found.span)]
    only = fitting[0] if len(fitting) == 1 else None
    # 完成 alone may be of what its own half of the sentence is about.
    begun = -1 if _HAS_TARGET.search(found.what) else sentence.shape.rfind("；", 0, found.verb)
    for target in [only] if only else reversed(asked):
        sure = only is not None and sentence.at(target) > begun and _of_one_level(sentence, found, target)
        yield from _against(sentence, context, found, target, sure=sure)
    if not asked:
        yield from _of_the_whole_investment(sentence, context, found)
        for target in context.targets[:_MOST]:
            yield from _against(sentence, context, found, target, sure=False)


def _of_the_whole_investment(sentence: Sentence, context: Context, found: _Found) -> Iterator[Reading]:
    """总投资682.5亿元，完成投资236.4亿元，投资完成率34.6%, where nothing is said of a year or its plan."""
    before = values(sentence, found.verb)
    wholes = [one for one in before if beside(sentence, one)[0].endswith("总投资")]
    if len(wholes) == 1 and before[-1] in alike(before, wholes[0]) and sentence.shape[: found.verb].endswith("投资"):
        done = before[-1]
        apart = sentence.shape[sentence.at(wholes[0]) + 1 : sentence.at(done)]
        sure = re.fullmatch("，(?:已|累计|实际|共)*完成投资", apart) and not context.targets
        yield Reading(ratio, (done, wholes[0]), bool(sure) and linked(sentence, done, found.verb))


def _is_for(sentence: Sentence, one: Quantity, span: int | str) -> bool:
    """Whether a value is a target for a span of time; one of which nothing is said is for the year.

    In 全年目标105亿元，其中一季度20亿元，上半年45亿元 the periods alone make targets of the others.
    """
    place, before = sentence.at(one), sentence.before(one)
    bare = before is not None and before.kind is Kind.PERIOD and sentence.at(before) == place - 1
    if role(sentence, one) is not Role.TARGET and not (
        bare and any(role(sentence, other) is Role.TARGET for other in values(sentence, place))
    ):
        return False
    start = max(sentence.shape.rfind(mark, 0, place) for mark in "，；：、") + 1
    return (_span(sentence, start, place) or _YEAR) == span


def _of_one_level(sentence: Sentence, found: _Found, target: Quantity) -> bool:
    """Whether what is said of who set the target agrees: 完成区定目标 is not of 市下达目标."""
    levels = [set(_LEVEL.findall(words)) for words in (found.what, beside(sentence, target)[0])]
    return not all(levels) or bool(levels[0] & levels[1])


def _span(sentence: Sentence, start: int, end: int) -> int | str | None:
    """The time that words between two places name: through which month from New Year, else by its word."""
    named = [one.period.month for at in sentence.places if start <= at < end and (one := sentence.here(at)).period]
    if months := [month for month in named if month is not None]:
        return months[-1]
    found = _SPAN.search(sentence.shape, start, end)
    return None if found is None else _YEAR if found["year"] else found[0]


def _against(sentence: Sentence, context: Context, found: _Found, target: Quantity, *, sure: bool) -> Iterator[Reading]:
    """What may have been done toward this target, the likeliest first."""
    done = alike(values(sentence, found.verb), target)[-_MOST:]
    if done:
        nearest = next((one for one in reversed(done) if role(sentence, one) not in _NOT_DONE), done[-1])
        near = linked(sentence, nearest, found.verb)
        yield Reading(ratio, (nearest, target), sure and near and _tied(sentence, found, nearest), remote=not sure)
        likely = [one for one in done if one is nearest or role(sentence, one) not in _NOT_DONE]
        for other in reversed([one for one in likely if one is not nearest]):
            yield Reading(ratio, (other, target), remote=not (sure and near))
        for several in suffix_sums(likely):
            yield Reading(total_ratio, (*several, target), remote=True)
    for undone in [one for one in done if role(sentence, one) is Role.UNDONE]:
        yield Reading(rest, (undone, target))
    for other in alike(_elsewhere(sentence, context), target):
        yield Reading(ratio, (other, target), remote=True)


def _tied(sentence: Sentence, found: _Found, done: Quantity) -> bool:
    if role(sentence, done) not in _may_be_done(sentence, found):
        return False
    noun = leftover(found.what)
    return not noun or noun in sentence.shape[: sentence.at(done)]


def _may_be_done(sentence: Sentence, found: _Found) -> set[Role]:
    roles = {Role.PLAIN}
    if found.target is not None:
        roles.add(Role.PERHAPS_TARGET)
    if re.search("签约|新签|引进|招引", sentence.shape[: found.verb]):
        roles.add(Role.INVESTMENT)
    return roles


def _elsewhere(sentence: Sentence, context: Context) -> Sequence[Quantity]:
    """What else may have been done; of the sentence itself not what it calls a change, or says of another time."""
    here = [one for one in values(sentence) if role(sentence, one) not in _NOT_DONE]
    earlier = [one for other in context.before[-3:] for one in values(other)]
    return [*here, *earlier[-_MOST:]]
