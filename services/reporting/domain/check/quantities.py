"""Finds the figures in a text: numbers with their units, periods, and numbers that are no quantities at all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.numerals import ARABIC, CHINESE, arabic, chinese
from services.reporting.domain.check.periods import PERIOD, Period, period


class Kind(StrEnum):
    """What a figure is; the value is the capital letter that stands for it in a sentence's shape."""

    MONEY = "M"
    FOREIGN = "U"
    COUNT = "N"
    PERCENT = "P"
    POINTS = "D"
    PERIOD = "T"
    BARE = "B"
    OTHER = "X"


VALUES = frozenset({Kind.MONEY, Kind.FOREIGN, Kind.COUNT})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure at `start`–`end` of the text: `digits` as they stand there, `number` their value, `scale` the unit's.

    `vague`: the text itself says that the number is not exact (近, 余, 以上).
    """

    start: int
    end: int
    kind: Kind
    digits: str = ""
    number: Decimal = Decimal(0)
    unit: str = ""
    scale: int = 1
    vague: bool = False
    period: Period | None = None

    @property
    def decimals(self) -> int:
        """How many digits are printed after the point."""
        return max(0, -int(self.number.as_tuple().exponent))

    @property
    def step(self) -> Fraction:
        """The precision to which it is printed, in the base unit."""
        return Fraction(self.scale, 10**self.decimals)

    @property
    def value(self) -> Fraction:
        """The printed value in the base unit: yuan for money, percent, points, pieces."""
        return Fraction(self.number) * self.scale

    @property
    def possible(self) -> Interval:
        """What it may have been before it was rounded; a count is exact."""
        if self.kind is Kind.COUNT and self.step == 1:
            return Interval.exactly(self.value)
        return Interval.rounding_to(self.value, self.step)

    def in_the_unit_of(self, other: "Quantity") -> "Quantity":
        """The same number, where the text gives the unit to another one only."""
        return replace(self, kind=other.kind, unit=other.unit, scale=other.scale)

    @property
    def dimension(self) -> str:
        """Figures of equal dimension can be added and compared."""
        return "元" if self.kind is Kind.MONEY else f"{self.kind}{self.unit.lstrip('万亿千')}"


_SCALES: Mapping[str, int] = {
    "": 1, "百": 100, "千": 1_000, "万": 10_000, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8,
    "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12,
}  # fmt: skip
_SCALE = "|".join(sorted((scale for scale in _SCALES if scale), key=len, reverse=True))
_FOREIGN = "美元|港元|港币|欧元|日元|英镑|新加坡元|韩元"
_PIECES = (
    "平方米|平方公里|立方米|公顷|公里|千米|千瓦时|千瓦|人次|户次|批次|家次|个项目|个|家|户|件|宗|项|人|名|次|场|批|条|只|笔|"
    "份|台|套|亩|米|吨|处|座|栋|间|辆|头|株|村|镇|团|组|对|张|部|册|篇|块|斤|公斤|度|艘|架|棵|床|万元|项次|支|所|届"
)
# Time, rank and the like look like counts; they are none that anything is a share of.
_NO_PIECES = (
    "个月|个?工作日|个?小时|个?季度|个?年头|个?星期|周年|天|日|年|岁|分钟|秒|时|分|期|"
    "号|楼|层|度|摄氏度|倍|成|折|级|强|位|类|页|条款|线|路|后|型"
)
_UNIT = rf"""(?:
      (?P<percent>%)(?!股)
    | (?P<points>个百分点|百分点)
    | (?P<none>(?:{_NO_PIECES}))
    | (?P<scale>{_SCALE})?(?:(?P<foreign>{_FOREIGN})|(?P<money>元|人民币)|(?P<pieces>{_PIECES}))
    | (?P<yi>万亿|亿)(?=[\s，,。;；、）)的和与及]|$)
)"""
_VAGUE_BEFORE = re.compile(
    r"(?:(?<![附邻最远])近|(?<![签合公条节集预解缔履违邀立毁爽契])约为?|接近|超过|超|逾|不足|突破|至少|不低于|不少于|不超过|不高于|高于|低于|大于|"
    r"小于|多于|少于|[-±])\s*$"
)
_BY_POINTS = re.compile(r"(?:超|高于|低于)\s*$")  # 超14.1个百分点 says by how much, not more than how much
_VAGUE_AFTER = re.compile(r"\s*(?:（含）|\(含\))?\s*(?:及|或)?(?:以上|以下|以内|以外|左右|上下|余|多(?!于)|许)")
_RATE_AFTER = re.compile(r"\s*(?:/(?!\s*\d)|每)")

# What looks like a number and is part of something else. The order matters: the longer and the more particular first.
_OTHER = rf"""
      [〔\[（(【]\s*(?:19|20)\d\d\s*[〕\]）)】]\s*\d{{1,6}}\s*号                      # 〔2026〕12号
    | [a-z][a-z_.@/\-]{{0,40}}\d[a-z0-9_.@/\-]{{0,60}}                                 # P-2026-017, g65
    | \d[\d.\-]{{0,20}}[a-z][a-z0-9\-]{{0,20}}                                            # 5a, 4g, 12-b
    | (?<!\d)1[3-9]\d{{9}}(?!\d) | (?<!\d)0\d{{2,3}}\s?-\s?\d{{7,8}}(?:-\d+)?     # telephones
    | (?<!\d)400-?\d{{3,4}}-?\d{{3,4}} | (?<=电话)[：:]?\s*\d{{3,4}}-?\d{{4,8}}
    | [“"‘'《「【][\d\s+十一二三四五六七八九×x\-]{{1,9}}[”"’'》」】]              # “136”, “6+1”, “十四五”
    | 第\s*(?:\d{{1,6}}|{CHINESE}|[一二三四五六七八九])\s*[\u4e00-\u9fff]?          # 第18届
    | \d{{1,2}}：\d{{2}}(?:：\d{{2}})? | \d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d)  # 9:30, 2026-08-31
    | (?:\d{{1,9}}[+×x*]){{1,4}}\d{{1,9}} | \d{{1,9}}/\d{{1,9}}                                           # 1+3+6, 3/4
    | {ARABIC}\s*(?:{_UNIT.replace("?P<", "?P<from_")})?\s*(?:-|~|至|到|—)+\s*
      {ARABIC}\s*(?:{_UNIT.replace("?P<", "?P<to_")})?                           # 3至5亿元
    | (?:\d{{1,9}}-){{1,5}}\d{{1,9}}
    | (?:19|20)\d\d(?=年|[，。、）\s]|$)
    | (?<![\u4e00-\u9fff\d，。、])[（(]\d{{1,2}}[）)] | (?<=\n)\s*\d{{1,2}}[.、．](?!\d) | \A\s*\d{{1,2}}[.、．](?!\d)
"""
_TOKEN = re.compile(
    rf"""
      (?P<period>{PERIOD})
    | 百分之(?P<hundredths>(?:{ARABIC}|{CHINESE}|[一二三四五六七八九百])(?:点[零一二三四五六七八九]{{1,4}})?)
    | (?P<other>{_OTHER})
    | (?P<number>{ARABIC}|{CHINESE})\s*(?P<loose>余|多|几)?\s*{_UNIT}
    | (?P<bare>{ARABIC})
    """.replace(r"\s*", r"\s{0,4}"),  # bounded, or blanks without end would take time without end
    re.VERBOSE,
)


def quantities(folded: str) -> Iterator[Quantity]:
    """Every figure of a folded text, from left to right."""
    for match in _TOKEN.finditer(folded):
        start, end = match.span()
        if match["period"] is not None:
            yield Quantity(start, end, Kind.PERIOD, match["period"], period=period(match["period"]))
        elif match["hundredths"] is not None:
            yield from _hundredths(folded, match)
        elif match["other"] is not None:
            yield Quantity(start, end, Kind.OTHER, match["other"])
        elif match["bare"] is not None:
            yield Quantity(start, end, Kind.BARE, match["bare"], arabic(match["bare"]))
        elif (found := _measured(folded, match)) is not None:
            yield found


def _hundredths(folded: str, match: re.Match[str]) -> Iterator[Quantity]:
    """百分之八十五点六; its digits as they would stand before %."""
    words, _, decimals = match["hundredths"].partition("点")
    number = arabic(words) if words[0].isascii() else chinese(words)
    if number is not None:
        digits = ".".join(filter(None, (str(number), "".join(str(chinese(one)) for one in decimals))))
        yield Quantity(*match.span(), Kind.PERCENT, digits, Decimal(digits), "%", 1, _is_vague(folded, *match.span()))


def _measured(folded: str, match: re.Match[str]) -> Quantity | None:
    digits, (start, end) = match["number"], match.span()
    number = arabic(digits) if digits[0].isascii() else chinese(digits)
    if number is None:
        return None
    kind, unit, scale = _unit(match)
    if match["none"] == "倍":
        return Quantity(start, end, Kind.OTHER, digits, Decimal(number), "倍", 1, _is_vague(folded, start, end))
    if kind is Kind.OTHER or _RATE_AFTER.match(folded, end):
        return Quantity(start, end, Kind.OTHER)
    by_points = kind is Kind.POINTS and _BY_POINTS.search(folded[max(0, start - 6) : start])
    vague = bool(match["loose"]) or _is_vague(folded, end if by_points else start, end)
    return Quantity(start, end, kind, digits, Decimal(number), unit, scale, vague)


def _is_vague(folded: str, start: int, end: int) -> bool:
    """Whether the words beside a figure say that it is not exact."""
    return bool(_VAGUE_BEFORE.search(folded[max(0, start - 6) : start]) or _VAGUE_AFTER.match(folded, end))


def _unit(match: re.Match[str]) -> tuple[Kind, str, int]:
    scale = match["scale"] or match["yi"] or ""
    words = {
        Kind.PERCENT: match["percent"],
        Kind.POINTS: match["points"] and "个百分点",
        Kind.MONEY: (match["money"] or match["yi"]) and f"{scale}元",
        Kind.FOREIGN: match["foreign"] and scale + match["foreign"],
        Kind.COUNT: match["pieces"] and scale + match["pieces"].removesuffix("项目"),
    }
    kind, unit = next(((kind, unit) for kind, unit in words.items() if unit), (Kind.OTHER, ""))
    return kind, unit, _SCALES[scale]
