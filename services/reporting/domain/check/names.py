"""By which words a text speaks of the indicators, and since when what it says of them counts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.reporting.domain.check.prose import Sentence, fold, paragraphs
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.rules import CALENDAR

_BEFORE_NAME = re.compile(
    "(?:全区|我区|全县|我县|全市|我市|区|累计|共|已|新|引进|实现|完成|其中|实际|招商引资|的|T|本年|今年|目前|全年目标任务|年度目标|X)*"
)
_AFTER_NAME = re.compile("(?:项目|总额|总量|累计|实际|已|共|完成|实现|达到?|为|是|：|T|（|数|个数|资金|金额|总)*")
_WITH_AMOUNT = re.compile("[，、](?:总?金额|总?投资|投资总额|签约金额|协议投资|协议引资|合同金额)?(?:达到?|为)?")


_SINCE = re.compile(r"自(?:(?:19|20)\d\d年)?(1[0-2]|0?[1-9])月0?1日起(?:计|算|累计|统计)")

Years = Sequence[tuple[str, bool]]
"""How years may begin, the likeliest first, each with whether it is certain."""


@dataclass(frozen=True, slots=True)
class _Name:
    code: str
    pattern: re.Pattern[str]
    figures: Sequence[tuple[int, Fraction]]


class Names:
    """The usual names of indicators, by their codes, and how the year of each begins where it is not the calendar's."""

    def __init__(self, usual: Mapping[str, Sequence[str]], years: Mapping[str, str]) -> None:
        self._patterns = _patterns(usual)
        self._years = years

    def figures(self, sentence: Sentence) -> Iterator[tuple[str, Quantity]]:
        """The figures of a sentence that are an indicator's, with its code."""
        return _named(sentence, self._patterns)

    def year_of(self, code: str) -> str:
        """How an indicator's year begins."""
        return self._years.get(code, CALENDAR)

    def beginnings(self, text: str) -> frozenset[str]:
        """How the years may begin of which a text speaks: as the calendar's, an indicator's, or as it says itself
        (自2025年12月1日起计)."""
        said = (f"{int(month):02}-01" for month in _SINCE.findall(fold(text)))
        return frozenset((CALENDAR, *self._years.values(), *said))

    def years(self, sentence: Sentence, beginnings: frozenset[str]) -> Years:
        """How the year may begin of which a sentence speaks: as that of the indicator it names, else as any does."""
        if len(beginnings) == 1:
            return [(CALENDAR, True)]
        named = {self.year_of(code) for code, _ in self.figures(sentence)}
        rest = sorted(beginnings - named)
        return [*((one, len(named) == 1) for one in sorted(named)), *((one, False) for one in rest)]


def _patterns(names: Mapping[str, Sequence[str]]) -> list[_Name]:
    """The names as they look in the shape of a sentence, the longest first: 5亿元 in a name is a figure there too."""
    found = []
    for code, name in sorted(
        ((code, name) for code, several in names.items() for name in several), key=lambda one: -len(one[1])
    ):
        read = [sentence for paragraph in paragraphs(name) for sentence in paragraph.sentences]
        if len(read) <= 1:
            shape = read[0].shape if read else fold(name)
            figures = (
                [(place, one.value) for place, one in zip(read[0].places, read[0].figures, strict=True)] if read else []
            )
            found.append(_Name(code, re.compile(re.escape(shape)), figures))
    return found


def _named(sentence: Sentence, names: Sequence[_Name]) -> Iterator[tuple[str, Quantity]]:
    shape, taken = sentence.shape, set[int]()
    for name in names:
        for match in name.pattern.finditer(shape):
            same = all(sentence.here(match.start() + place).value == value for place, value in name.figures)
            if not same or taken.intersection(range(*match.span())):
                continue
            taken.update(range(*match.span()))
            begun = max(shape.rfind(mark, 0, match.start()) for mark in "，；：、（") + 1
            after = _AFTER_NAME.match(shape, match.end())
            place = after.end() if after else match.end()
            if _BEFORE_NAME.fullmatch(shape, begun, match.start()) and place in sentence.places:
                yield from ((name.code, one) for one in _figures_at(sentence, place) if not one.vague)


def _figures_at(sentence: Sentence, place: int) -> Iterator[Quantity]:
    """The figure at a place, and after a number of projects their amount: 项目18个，总金额152.8亿元."""
    one = sentence.here(place)
    if one.kind not in {Kind.MONEY, Kind.COUNT}:
        return
    yield one
    behind = _WITH_AMOUNT.match(sentence.shape, place + 1)
    if one.kind is Kind.COUNT and behind and behind.end() in sentence.places:
        amount = sentence.here(behind.end())
        if amount.kind is Kind.MONEY:
            yield amount


NO_NAMES = Names({}, {})
