"""A text as paragraphs and sentences, each with its shape: figures as capital letters, everything else as it stands."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

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
_WRAPPED_FROM = 20
_GOES_ON = re.compile(r"[^\s（(\d一二三四五六七八九十第●■◆▲※*#|\-].*")
_HEADING = re.compile(r"\s*(?:[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]|第[一二三四五六七八九十]+[章节部条])")
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


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a text, with the figures of each; lines that were wrapped are one paragraph."""
    folded = fold(text)
    for start, end in _spans(text):
        yield Paragraph(start, end, tuple(_sentences(folded, start, end)))


def fold(text: str) -> str:
    """The text in one manner of writing, character for character: ASCII digits, small letters, Chinese brackets."""
    return text.translate(_FOLDED)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    begun, offset, before = 0, 0, ""
    for line in text.split("\n"):
        if offset and not _continues(before, line):
            yield begun, offset - 1
            begun = offset
        offset, before = offset + len(line) + 1, line
    yield begun, len(text)


def _continues(before: str, line: str) -> bool:
    said = before.rstrip()
    return (
        len(said) >= _WRAPPED_FROM
        and said[-1] not in "。！？；：…!?;:"
        and "\t" not in before + line
        and not _HEADING.match(before)
        and bool(_GOES_ON.match(line))
    )


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
    """Give a bare number in a list the unit of the next one: 快14.1、14.8个百分点."""
    figures = list(sentence.figures)
    shape = list(sentence.shape)
    for place in range(len(figures) - 2, -1, -1):
        one, following = figures[place], figures[place + 1]
        between = sentence.shape[sentence.places[place] + 1 : sentence.places[place + 1]]
        if (
            one.kind is Kind.BARE
            and following.kind not in {Kind.PERIOD, Kind.OTHER, Kind.BARE}
            and between in {"、", "和", "与"}
        ):
            figures[place] = replace(one, kind=following.kind, unit=following.unit, scale=following.scale)
            shape[sentence.places[place]] = following.kind.value
    return Sentence("".join(shape), sentence.places, tuple(figures), dict(sentence._at))
