"""Finds lists that answer each other one by one: 分别完成目标（105亿元、68亿元）的80.8%、81.5%."""

import re
from collections.abc import Iterator, Sequence

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Context,
    Reading,
    fall,
    growth,
    ratio,
    share_of_all,
)
from services.reporting.domain.check.roles import TARGET_WORD, Role, role, values

_LISTS = re.compile(
    r"分别(?P<what>(?:(?!分别)[^。；P]){0,60}?)(?:的|率|比|为|达|达到|完成|占|占比|（)*(?P<list>P(?:[、和与及]|，)(?:P[、和与及])*P)"
)
_FALLS = re.compile("[降减]|回落")
_MOST = 12
_KINDS = {
    ClaimKind.COMPLETION: re.compile(f"{TARGET_WORD}|完成"),
    ClaimKind.SHARE: re.compile("占|比重|比例"),
    ClaimKind.GROWTH: re.compile("[增涨升降]|提高|回落"),
    ClaimKind.RATE: re.compile("率"),
}


def respective(sentence: Sentence, context: Context) -> Iterator[Candidate]:
    """Every percentage of a list after 分别, tied to the figures that stand at the same place of their lists."""
    for match in _LISTS.finditer(sentence.shape):
        results = _between(sentence, match.start("list"), match.end("list"), {Kind.PERCENT})
        inside = _between(sentence, match.start("what"), match.end("what"), VALUES)
        before = values(sentence, match.start())
        words = sentence.shape[max(0, match.start() - 4) : match.start("list")]
        kind = next((kind for kind, said in _KINDS.items() if said.search(words)), None)
        if kind is None:
            continue
        for index, one in enumerate(results):
            if kind is ClaimKind.GROWTH:
                readings = tuple(_growth(sentence, index, results, before, falls=bool(_FALLS.search(words))))
            else:
                readings = tuple(_readings(sentence, index, results, before, inside))
            yield Candidate(kind, one, readings, sentence, context.targets)


def _readings(
    sentence: Sentence, index: int, results: Sequence[Quantity], before: Sequence[Quantity], inside: Sequence[Quantity]
) -> Iterator[Reading]:
    number = len(results)
    done = [one for one in before if role(sentence, one) is Role.PLAIN]
    if len(inside) == number == len(done) and done[index].dimension == inside[index].dimension:
        sure = len(before) == len(done) and not inside[index].vague and not results[index].vague
        yield Reading(ratio, (done[index], inside[index]), sure)
        if sure:
            return
    asked = [one for one in before if role(sentence, one) is Role.TARGET]
    if not inside and len(asked) == number == len(done) and done[index].dimension == asked[index].dimension:
        sure = len(before) == len(done) + len(asked) and not results[index].vague
        yield Reading(ratio, (done[index], asked[index]), sure)
        if sure:
            return
    if not inside and len(done) == number and len({one.dimension for one in done}) == 1:
        yield Reading(share_of_all, (done[index], *(one for one in done if one is not done[index])))
    if not inside and len(done) == number + 1 and len({one.dimension for one in done}) == 1:
        named = re.compile("其中|中，").search(sentence.shape, sentence.at(done[0]))
        cut = named.start() if named else 0
        yield Reading(ratio, (done[index + 1], done[0]), 0 < cut < sentence.at(done[1]) and done[0] is before[0])
    everything = [*before[-_MOST:], *inside[-_MOST:]]
    for one in everything:
        for other in everything:
            if one is not other and one.dimension == other.dimension:
                yield Reading(ratio, (one, other), remote=True)


def _growth(
    sentence: Sentence, index: int, results: Sequence[Quantity], before: Sequence[Quantity], *, falls: bool
) -> Iterator[Reading]:
    """签约45个、312.6亿元，去年同期40个、259.9亿元，同比分别增长12.5%、20.3%."""
    now = [one for one in before if role(sentence, one) is Role.PLAIN]
    bases = [one for one in before if role(sentence, one) is Role.BASE]
    if len(now) == len(bases) == len(results) and now[index].dimension == bases[index].dimension:
        certain = len(before) == len(now) + len(bases) and not any(one.vague for one in results)
        yield Reading(fall if falls else growth, (now[index], bases[index]), certain)


def _between(sentence: Sentence, start: int, end: int, kinds: frozenset[Kind] | set[Kind]) -> list[Quantity]:
    return [sentence.here(at) for at in sentence.places if start <= at < end and sentence.here(at).kind in kinds]
