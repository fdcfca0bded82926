"""A text as paragraphs and sentences, each with its shape: figures as capital letters, everything else as it stands."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest

from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.quantities import Kind, Quantity, quantities

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，：；（）！？"}
_FOLDED = str.maketrans(
    _FULL_WIDTH
    | {ord(one): ord(other) for one, other in zip("():;!?﹪—–―−－", "（）：；！？%-----", strict=True)}
    | {ord("\t"): "。"}
    | {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
    | {capital: capital - 0xFEE0 + 32 for capital in range(ord("Ａ"), ord("Ｚ") + 1)}
)
_ENDS = re.compile("[。！？]")
_WIDTHS = range(30, 161)  # of lines that a program wraps, in half-width columns
_RAGGED = 4
_LATIN = 0x2000
_HEADING = re.compile(
    r"\s*(?:[（(]?[一二三四五六七八九十\d]{1,3}(?:[）)、]|[.．](?!\d))|第[一二三四五六七八九十]+[章节部条])"
)
_FIGURES_MOST = 100


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's shape, and for each figure of it the place of its capital letter in the shape."""

    shape: str
    places: Sequence[int]
    figures: Sequence[Quantity]
    _at: dict[int, int] = field(default_factory=dict)

    @property
    def periods(self) -> list[Period]:
        """The periods from New Year on that the sentence names."""
        return [one.period for one in self.figures if one.period is not None and one.period.month is not None]

    def at(self, figure: Quantity) -> int:
        """The place of a figure of this sentence in the shape."""
        return self._at[figure.start]

    def here(self, place: int) -> Quantity:
        """The figure at a place of the shape."""
        return self.figures[self.places.index(place)]

    def before(self, figure: Quantity) -> Quantity | None:
        """The figure of this sentence that stands before one of them."""
        index = self.places.index(self.at(figure))
        return self.figures[index - 1] if index else None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that belong together; `start`–`end` is its place in the text."""

    start: int
    end: int
    sentences: Sequence[Sentence]

    @property
    def periods(self) -> list[Period]:
        """The periods from New Year on that the paragraph names."""
        return [one for sentence in self.sentences for one in sentence.periods]


def paragraphs(text: str, *, wrapped: bool = True) -> Iterator[Paragraph]:
    """The paragraphs of a text, with the figures of each; `wrapped`: several lines may be one paragraph."""
    folded = fold(text)
    for start, end in _spans(text, wrapped=wrapped):
        yield Paragraph(start, end, tuple(_sentences(folded, start, end)))


def fold(text: str) -> str:
    """The text in one manner of writing, character for character: ASCII digits, small letters, Chinese brackets."""
    return text.translate(_FOLDED)


def _spans(text: str, *, wrapped: bool) -> Iterator[tuple[int, int]]:
    offset = 0
    for filled, block in groupby(text.split("\n"), key=lambda line: bool(line.strip())):
        lines = list(block)
        begun, joined = offset, wrapped and filled and _is_wrapped(lines)
        for line, following in zip_longest(lines, lines[1:]):
            offset += len(line) + 1
            if not (joined and following is not None and not _ended(line) and not _begins(following)):
                yield begun, offset - 1
                begun = offset


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether the lines that end within a sentence all reach to the same margin."""
    margin = max(map(_width, lines))
    open_ = [line for line in lines[:-1] if not _ended(line)]
    return margin in _WIDTHS and bool(open_) and all(_width(line) >= margin - _RAGGED for line in open_)


def _ended(line: str) -> bool:
    return line.rstrip()[-1] in "。！？；：…!?;:" or "\t" in line or bool(_HEADING.match(line))


def _begins(line: str) -> bool:
    return line[0].isspace() or line[0] in "●■◆▲※*#|-" or bool(_HEADING.match(line))


def _width(line: str) -> int:
    return sum(1 + (ord(character) > _LATIN) for character in line.rstrip())


def _sentences(folded: str, start: int, end: int) -> Iterator[Sentence]:
    passage = folded[start:end]
    figures = deque(quantities(passage))
    begun = 0
    for cut in [*(match.start() for match in _ENDS.finditer(passage)), len(passage)]:
        inside: list[Quantity] = []
        while figures and figures[0].start < cut:
            inside.append(figures.popleft())
        if inside and len(inside) <= _FIGURES_MOST:
            yield _sentence(passage, begun, cut, inside, start)
        begun = cut + 1


def _sentence(passage: str, start: int, end: int, figures: Sequence[Quantity], offset: int) -> Sentence:
    parts: list[str] = []
    places, length, done = [], 0, start
    for one in figures:
        between = _plain(passage[done : one.start])
        places.append(length + len(between))
        parts += [between, one.kind.value]
        length, done = places[-1] + 1, one.end
    parts.append(_plain(passage[done:end]))
    moved = tuple(replace(one, start=one.start + offset, end=one.end + offset) for one in figures)
    return Sentence("".join(parts), tuple(places), moved, dict(zip((one.start for one in moved), places, strict=True)))


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).replace(",", "，")


def shared_units(sentence: Sentence) -> Sentence:
    """Give a bare number in a list the unit of the next one: 快14.1、14.8个百分点, 快14.1个、14.8个百分点."""
    figures = list(sentence.figures)
    shape = list(sentence.shape)
    for place in range(len(figures) - 2, -1, -1):
        one, following = figures[place], figures[place + 1]
        between = sentence.shape[sentence.places[place] + 1 : sentence.places[place + 1]]
        unfinished = one.unit == "个" and following.unit == "个百分点"
        if (
            (one.kind is Kind.BARE or unfinished)
            and following.kind not in {Kind.PERIOD, Kind.OTHER, Kind.BARE}
            and between in {"、", "和", "与"}
        ):
            figures[place] = one.in_the_unit_of(following)
            shape[sentence.places[place]] = following.kind.value
    return Sentence("".join(shape), sentence.places, tuple(figures), dict(sentence._at))
