"""Finds lists that answer each other one by one: 分别完成目标（105亿元、68亿元）的80.8%、81.5%."""

import re
from collections.abc import Iterator, Sequence

from services.reporting.domain.check.prose import Sentence
from services.reporting.domain.check.quantities import VALUES, Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Context, Reading, ratio, share_of_all
from services.reporting.domain.check.roles import TARGET_WORD, Role, role, values

_LISTS = re.compile(
    r"分别(?P<what>(?:(?!分别)[^。；P]){0,60}?)(?:的|率|比|为|达|达到|完成|占|占比|（)*(?P<list>P(?:[、和与及]|，)(?:P[、和与及])*P)"
)
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
            readings = tuple(_readings(sentence, index, results, before, inside))
            yield Candidate(kind, one, readings if kind is not ClaimKind.GROWTH else (), sentence, context.targets)


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
    if not inside and len(done) == number and len({one.dimension for one in done}) == 1:
        yield Reading(share_of_all, (done[index], *(one for one in done if one is not done[index])))
    if not inside and len(done) == number + 1 and len({one.dimension for one in done}) == 1:
        cut = sentence.shape.find("其中", sentence.at(done[0]))
        yield Reading(ratio, (done[index + 1], done[0]), 0 < cut < sentence.at(done[1]) and done[0] is before[0])
    everything = [*before[-_MOST:], *inside[-_MOST:]]
    for one in everything:
        for other in everything:
            if one is not other and one.dimension == other.dimension:
                yield Reading(ratio, (one, other), remote=True)


def _between(sentence: Sentence, start: int, end: int, kinds: frozenset[Kind] | set[Kind]) -> list[Quantity]:
    return [sentence.here(at) for at in sentence.places if start <= at < end and sentence.here(at).kind in kinds]
