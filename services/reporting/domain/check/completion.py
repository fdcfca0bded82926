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
    suffix_sums,
    total_ratio,
)
from services.reporting.domain.check.roles import TARGET_WORD, Role, alike, role, values

_PART = "(?:[^，。；：（）PD完占]|（[^（）P]{0,30}）){0,40}?"
_OF = re.compile(
    rf"(?P<verb>完成了?|占到?了?|实现|相当于|(?<![下到送])达到?|为)(?P<what>{_PART})(?:的|(?<=）)|(?<=目标)|(?<=任务)|(?<=计划))$"
)
_RATE = re.compile(
    r"(?:目标|任务|计划|目标任务)?(?P<verb>(?:完成|达成)(?:任务|目标|计划|总)?(?:率|比例|比|进度)|完成了?)"
    r"(?:分别)?(?:为|达到?|是|：|已?达)?$"
)
_BARE_SHARE = re.compile(r"(?P<verb>占比?)(?:为|达)?$")
_TARGET_BEHIND = re.compile(rf"（[^（）P]{{0,8}}{TARGET_WORD}[^（）MNUP]{{0,6}}(?P<target>[MNU])")
_HAS_TARGET = re.compile(TARGET_WORD)
_NOT_DONE = {Role.CHANGE, Role.BASE, Role.VAGUE, Role.ATTRIBUTE}
_MOST = 24


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the words of a completion begin, what they say between verb and percentage, and the target they name."""

    verb: int
    what: str
    target: Quantity | None


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
        if _HAS_TARGET.search(match["what"]) or (inside and match["verb"].startswith("完成")):
            target = inside[0] if len(inside) == 1 else None
            what = match["what"] if len(inside) < 2 else "？" + match["what"]
            return _Found(offset + match.start(), what, target or _behind(sentence, place))
    if match := _RATE.search(head):
        target = _behind(sentence, place)
        # 主体工程完成80% is about a building; without a target in sight it is no claim about one.
        if target or "率" in match[0] or re.search(TARGET_WORD, match[0]) or _follows(sentence, offset + match.start()):
            return _Found(offset + match.start("verb"), match[0][: match.start("verb") - match.start()], target)
    if (match := _BARE_SHARE.search(head)) and _only_target(sentence, place) is not None:
        return _Found(offset + match.start(), "", None)
    return None


def _follows(sentence: Sentence, verb: int) -> bool:
    """Whether a value stands so near before 完成 that it must be what is done, with a target before it."""
    target = _only_target(sentence, verb)
    done = alike(values(sentence, verb), target) if target else []
    return bool(done) and linked(sentence, done[-1], verb)


def _behind(sentence: Sentence, place: int) -> Quantity | None:
    match = _TARGET_BEHIND.match(sentence.shape, place + 1)
    return None if match is None else sentence.here(match.start("target"))


def _only_target(sentence: Sentence, place: int) -> Quantity | None:
    asked = [one for one in values(sentence, place) if role(sentence, one) is Role.TARGET]
    return asked[-1] if len(asked) == 1 else None


def _readings(sentence: Sentence, context: Context, place: int, found: _Found) -> Iterator[Reading]:
    if found.target is not None:
        yield from _against(sentence, context, found, found.target, sure=not found.target.vague)
        return
    only = _only_target(sentence, place)
    asked = [one for one in values(sentence, place) if role(sentence, one) in {Role.TARGET, Role.PERHAPS_TARGET}]
    for target in [only] if only else reversed(asked):
        yield from _against(sentence, context, found, target, sure=only is not None)
    if not asked:
        for target in context.targets[:_MOST]:
            yield from _against(sentence, context, found, target, sure=False)


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
