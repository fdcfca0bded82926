"""A claim before it is judged: a printed result, and the ways in which the text lets it be computed."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import reduce
from operator import add

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.periods import Period
from services.reporting.domain.check.prose import Paragraph, Sentence
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.progress import rounded
from services.reporting.domain.rules import CALENDAR

Formula = Callable[[Sequence[Interval]], Interval | None]


class ClaimKind(StrEnum):
    """What a claim says."""

    COMPLETION = "completion"
    SHARE = "share"
    RATE = "rate"
    LEAD = "lead"
    ELAPSED = "elapsed"
    GROWTH = "growth"
    DIFFERENCE = "difference"
    SUM = "sum"
    PART = "part"
    AVERAGE = "average"
    CONVERSION = "conversion"
    LEDGER = "ledger"
    LEDGER_TARGET = "ledger-target"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to compute a result.

    `certain`: the text ties these figures together. `remote`: it does not, but a writer may have meant them; such a
    reading keeps a claim from being called inconsistent and is no reason to call it consistent.
    """

    formula: Formula
    inputs: tuple[Quantity | Interval, ...]
    certain: bool = False
    remote: bool = False

    def compute(self, changed: Quantity | None = None, instead: Interval | None = None) -> Interval | None:
        """What the inputs can give; with another interval in place of one of them, if so asked."""
        given = []
        for one in self.inputs:
            if one is changed and instead is not None:
                given.append(instead)
            else:
                given.append(_possible(one))
        return self.formula(given)

    @property
    def exact(self) -> Interval | None:
        """The result of the figures as printed."""
        return self.formula(
            [
                Interval.exactly(one.value) if isinstance(one, Quantity) else Interval.exactly(one.middle)
                for one in self.inputs
            ]
        )

    def given(self, one: Quantity, instead: Interval) -> "Reading":
        """The same with another value in place of a figure of the text."""
        return replace(self, inputs=tuple(instead if other == one else other for other in self.inputs))

    @property
    def printed(self) -> list[Quantity]:
        """The inputs that stand in the text."""
        return [one for one in self.inputs if isinstance(one, Quantity)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A claim to be judged; the first reading is the likeliest. `targets`: what else an input may be mistaken for."""

    kind: ClaimKind
    result: Quantity
    readings: tuple[Reading, ...]
    sentence: Sentence
    targets: tuple[Quantity, ...] = ()
    in_table: bool = False


@dataclass(slots=True)
class Context:
    """What was said before a sentence: in its paragraph, and of targets and periods (as 序时进度) in the whole text.

    `years` are the beginnings that the year of a sentence may have, each with whether it is certain.
    """

    before: list[Sentence] = field(default_factory=list)
    in_paragraph: Paragraph | None = None
    periods: frozenset[Fraction | None] = frozenset()
    nearest_period: Period | None = None
    years: Sequence[tuple[str, bool]] = ((CALENDAR, True),)
    targets: tuple[Quantity, ...] = ()


def _possible(one: Quantity | Interval) -> Interval:
    return one.possible if isinstance(one, Quantity) else one


def in_whole_months(elapsed: Fraction) -> bool:
    """Whether a part of the year, in percent, ends with a month: within one some count days, and some nothing."""
    return (elapsed * 12 / 100).denominator == 1


def elapsed_lines(elapsed: Fraction, *, sure: bool) -> Iterator[tuple[Interval, bool]]:
    """序时进度 exactly, certain if so, and as it is printed with one or two decimals."""
    yield Interval.exactly(elapsed), sure and in_whole_months(elapsed)
    for digits in (1, 2):
        yield Interval.exactly(Fraction(rounded(elapsed, digits))), False


def ratio(given: Sequence[Interval]) -> Interval | None:
    """The first as percent of the second."""
    quotient = given[0].over(given[1])
    return None if quotient is None else quotient * 100


def rest(given: Sequence[Interval]) -> Interval | None:
    """What the second has beside the first, as percent of it."""
    share = ratio(given)
    return None if share is None else Interval.exactly(100) - share


def growth(given: Sequence[Interval]) -> Interval | None:
    """By how many percent the first is more than the second."""
    share = ratio(given)
    return None if share is None else share - Interval.exactly(100)


def fall(given: Sequence[Interval]) -> Interval | None:
    """By how many percent the first is less than the second."""
    grown = growth(given)
    return None if grown is None else -grown


def grown_by(given: Sequence[Interval]) -> Interval | None:
    """How many percent more the first is than it was before it grew by the second."""
    return ratio([given[1], given[0] - given[1]])


def fallen_by(given: Sequence[Interval]) -> Interval | None:
    """How many percent less the first is than it was before it fell by the second."""
    return _within(given[1], given[0])


def share_of_all(given: Sequence[Interval]) -> Interval | None:
    """The first as percent of all together, the first included."""
    return _within(given[0], reduce(add, given[1:]))


def difference(given: Sequence[Interval]) -> Interval | None:
    """The first without the second."""
    return given[0] - given[1]


def total(given: Sequence[Interval]) -> Interval | None:
    """All together."""
    return reduce(add, given)


def less_the_others(given: Sequence[Interval]) -> Interval | None:
    """What the first leaves beside all others."""
    return given[0] - reduce(add, given[1:])


def quotient(given: Sequence[Interval]) -> Interval | None:
    """How much of the first there is for one of the second."""
    return given[0].over(given[1])


def total_ratio(given: Sequence[Interval]) -> Interval | None:
    """All but the last, together, as percent of the last."""
    return ratio([reduce(add, given[:-1]), given[-1]])


_ADVERBS = re.compile(
    "(?:已经?|共|累计|即|并|也|均|仅|只|就|提前|超额|全面|顺利|圆满|率先|实际|目前|从而|预计|其|约|项目|企业|总数|资金|投资|T|X|年底?前?)*"
)
_ASIDE = re.compile(
    "同比|环比|[较比](?:上|去|同|前)年?|[较比]年初|[较比]T|增长|增加|净增|减少|下降|增幅|折合|率(?:为|达)?P$|居全|列全|排名|排在|排全|位居|位列|位次|名列|第一方阵|^占[^MNU]*P$|再创|创历史|全市第"
)
_TARGET_PHRASE = (
    "(?:市委|市政府|市上|市级|市里|省级|省上|上级|区委|区政府|下达|给|我区|我县|我市|全区|全县|全市|本区|的|全年|年度|年初|今年|本年|当年|"
    "既定|确定|预定|考核|目标任务|目标|任务|计划|指标|预算|总额|总量|总|数|值|额|其|该项|所|为|是|应|占|T|市|省|区|县|年|（|）|：)"
)
_OF_TARGET = re.compile(f"{_TARGET_PHRASE}*[MNU]?(?:{_TARGET_PHRASE})*")
_NOUN = re.compile(r"[\u4e00-\u9fff]{0,8}")
_AMOUNT = re.compile(r"(?:合同|协议|计划|签约)?(?:引资|总?投资|总?金额|资金)额?(?:达|为|共)?[MU]")
_NO_NOUN = re.compile("完成|占|达|总投资|目标|其中|增|减|下降")


def linked(sentence: Sentence, one: Quantity, until: int) -> bool:
    """Whether nothing stands between a value and a place of the shape that could be about something else."""
    pieces = re.split("[，、；：（）]", sentence.shape[sentence.at(one) + 1 : until])
    first = pieces.pop(0)
    counted = one.kind is Kind.COUNT
    if counted and pieces and _AMOUNT.fullmatch(pieces[0]):
        del pieces[0]
    noun = counted and _NOUN.fullmatch(first) and not _NO_NOUN.search(first)
    return bool(noun or _passes(first)) and all(map(_passes, pieces))


def leftover(words: str) -> str:
    """What the words before a target name beside the target: nothing, or the noun that it is a target of."""
    return re.sub(rf"{_TARGET_PHRASE}|[MNUPDTXB，、]|（.*?）", "", words)


def suffix_sums(found: Sequence[Quantity], most: int = 6) -> Iterator[tuple[Quantity, ...]]:
    """The last two, the last three and so on."""
    for number in range(2, min(len(found), most) + 1):
        yield tuple(found[-number:])


def _within(part: Interval, rest: Interval) -> Interval | None:
    """A part as percent of itself and the rest: the whole is not free of the part, so its ends go with the part's."""
    if part.low < 0 or part.low + rest.high <= 0 or part.high + rest.low <= 0:
        return None
    ends = (part.closed[0] and rest.closed[1], part.closed[1] and rest.closed[0])
    return Interval(100 * part.low / (part.low + rest.high), 100 * part.high / (part.high + rest.low), ends)


def _passes(piece: str) -> bool:
    if "分别" in piece:
        return False
    return bool(
        _ADVERBS.fullmatch(piece) or _OF_TARGET.fullmatch(piece) or (_ASIDE.search(piece) and "完成" not in piece)
    )
