"""Invents report sentences whose figures are true: computed exactly, then rounded half up as they are printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

from hypothesis import strategies as st


@dataclass(frozen=True)
class Printed:
    """A figure as printed: `value` rounded to `decimals`; counts are exact."""

    value: Fraction
    decimals: int
    count: bool = False

    def __str__(self) -> str:
        return str(half_up(self.value, self.decimals))

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """The least and the greatest that is printed like this."""
        shown = Fraction(half_up(self.value, self.decimals))
        half = Fraction(0) if self.count else Fraction(1, 2 * 10**self.decimals)
        return shown - half, shown + half


@dataclass(frozen=True)
class Said:
    """A sentence around one result: `before`, the result, `after`; `least`–`most` is what its inputs can give."""

    before: str
    result: Printed
    after: str
    least: Fraction
    most: Fraction

    @property
    def text(self) -> str:
        return f"{self.before}{self.result}{self.after}"

    def changed(self, steps: int) -> str:
        """The sentence with a result that lies so many steps beyond all that its inputs can give."""
        step = Fraction(1, 10**self.result.decimals)
        edge = self.most + step / 2 if steps > 0 else self.least - step / 2
        wrong = Fraction(half_up(edge, self.result.decimals)) + steps * step
        return f"{self.before}{half_up(wrong, self.result.decimals)}{self.after}"

    def can_be_less(self, steps: int) -> bool:
        """Whether there is a wrong result so far below that is still above nothing."""
        return self.least - (steps + 2) * Fraction(1, 10**self.result.decimals) > 0


def half_up(value: Fraction, decimals: int) -> Decimal:
    """四舍五入, by the standard library."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _span(formula: Callable[..., Fraction], inputs: Sequence[Printed]) -> tuple[Fraction, Fraction]:
    found = [formula(*corner) for corner in product(*(one.ends for one in inputs))]
    return min(found), max(found)


def _said(before: str, after: str, decimals: int, formula: Callable[..., Fraction], *inputs: Printed) -> Said:
    result = Printed(formula(*(one.value for one in inputs)), decimals)
    return Said(before, result, after, *_span(formula, inputs))


def _share(part: Fraction, whole: Fraction) -> Fraction:
    return 100 * part / whole


@st.composite
def _amounts(draw: st.DrawFn, number: int, *, least: int = 200) -> list[Printed]:
    """Amounts with six exact decimals behind the one or two that are printed."""
    decimals = draw(st.integers(1, 2))
    return [Printed(Fraction(draw(st.integers(least * 10**4, 99_999 * 10**4)), 10**6), decimals) for _ in range(number)]


_DONE = ("招商引资到位资金{}亿元", "引进省外到位资金{}亿元", "全区实际到位资金{}亿元", "新签约项目18个，总金额{}亿元")
_ASIDE = ("", "，同比增长12.3%", "，居全市第3位", "，较上年同期增加1.2亿元")
_ASKED = (
    "，完成市上下达全年目标任务（{}亿元）的",
    "，完成年度目标任务{}亿元的",
    "，占全年目标任务（{}亿元）的",
    "，完成目标{}亿元的",
)


@st.composite
def completion(draw: st.DrawFn) -> Said:
    done, asked = draw(_amounts(2))
    head = draw(st.sampled_from(_DONE)).format(done) + draw(st.sampled_from(_ASIDE))
    tail = draw(st.sampled_from(_ASKED)).format(asked)
    return _said(f"1—8月，{head}{tail}", "%。", draw(st.integers(1, 2)), _share, done, asked)


@st.composite
def target_first_or_last(draw: st.DrawFn) -> Said:
    done, asked = draw(_amounts(2))
    if draw(st.booleans()):
        before = f"1—8月，到位资金{done}亿元，完成全年目标任务的"
        return _said(before, f"%，目标任务为{asked}亿元。", draw(st.integers(1, 2)), _share, done, asked)
    words = draw(st.sampled_from(("，完成率", "，完成目标任务的", "，占目标任务的", "，目标完成率为")))
    head = draw(st.sampled_from(("目标任务{}亿元，截至8月底到位{}亿元", "全年目标{}亿元，1—8月完成{}亿元")))
    return _said(head.format(asked, done) + words, "%。", draw(st.integers(1, 2)), _share, done, asked)


@st.composite
def share(draw: st.DrawFn) -> Said:
    part, rest = draw(_amounts(2))
    whole = Printed(part.value + rest.value, part.decimals)
    words = draw(st.sampled_from(("占", "占比", "占总额的", "占到位资金的")))
    before = f"全区到位资金{whole}亿元，其中工业项目{part}亿元，{words}"
    return _said(before, "%。", draw(st.integers(1, 2)), _share, part, whole)


@st.composite
def rate(draw: st.DrawFn) -> Said:
    whole = draw(st.integers(20, 400))
    part = draw(st.integers(whole // 5, whole))
    stem = draw(st.sampled_from(("开工", "履约", "投产", "办结")))
    counts = (Printed(Fraction(part), 0, count=True), Printed(Fraction(whole), 0, count=True))
    rest = f"未{stem}{whole - part}个，" if part < whole and draw(st.booleans()) else ""
    before = f"签约项目{whole}个，已{stem}{part}个，{rest}{stem}率"
    return _said(before, "%。", draw(st.integers(1, 2)), _share, *counts)


@st.composite
def lead(draw: st.DrawFn) -> Said:
    month = draw(st.integers(1, 11))
    line = Printed(Fraction(100 * month, 12), 4, count=True)
    share_done = Printed(Fraction(draw(st.integers(int(line.value * 100) + 200, 14_000)), 100), draw(st.integers(1, 2)))
    before = f"1—{month}月，到位资金完成全年目标的{share_done}%，较序时进度快"
    result = Printed(share_done.value - Fraction(100 * month, 12), share_done.decimals)
    low, high = share_done.ends
    exact = Fraction(100 * month, 12)
    # 序时进度 may have been rounded to one decimal before the difference was taken.
    return Said(before, result, "个百分点。", low - exact - Fraction(1, 20), high - exact + Fraction(1, 20))


@st.composite
def total(draw: st.DrawFn) -> Said:
    parts = draw(_amounts(draw(st.integers(2, 4))))
    names = ("一季度", "二季度", "三季度", "四季度")
    before = "，".join(f"{name}到位资金{one}亿元" for name, one in zip(names, parts, strict=False))
    to_date = {2: "，上半年累计到位资金", 3: "，前三季度累计到位资金"}.get(len(parts), "，合计")
    words = draw(st.sampled_from(("，合计", "，共计", "，合计到位资金", to_date)))
    result = Printed(sum((one.value for one in parts), Fraction(0)), parts[0].decimals)
    return Said(before + words, result, "亿元。", *_span(lambda *given: sum(given, Fraction(0)), parts))


@st.composite
def growth(draw: st.DrawFn) -> Said:
    base, more = draw(_amounts(2))
    now = Printed(base.value + more.value, base.decimals)
    before, after = draw(
        st.sampled_from(
            (
                (f"上年同期到位资金{base}亿元，今年到位资金{now}亿元，同比增长", "%。"),
                (f"到位资金{now}亿元，同比增长", f"%，上年同期为{base}亿元。"),
            )
        )
    )
    return _said(before, after, 1, lambda later, earlier: _share(later, earlier) - 100, now, base)


@st.composite
def remaining(draw: st.DrawFn) -> Said:
    done, rest = draw(_amounts(2))
    asked = Printed(done.value + rest.value, done.decimals)
    before = f"全年目标任务{asked}亿元，前三季度完成{done}亿元，距目标还差"
    return _said(before, "亿元。", done.decimals, lambda whole, part: whole - part, asked, done)


said = st.one_of(completion(), target_first_or_last(), share(), rate(), lead(), total(), growth(), remaining())

NOISE = (
    "根据区政府第18次常务会议精神和渝府办发〔2026〕12号文件，推行“136”协同招商模式。",
    "赴深圳等地招商40余次，对接项目30余个，签订框架协议2个。",
    "项目占地120亩，主体工程已完成80%，投资强度350万元/亩。",
    "联系电话：023-58221234，手机13800138000。",
    "地区生产总值1118.4亿元、增长6.8%，三次产业结构比为9.4:29.3:61.3。",
    "力争全年到位资金110亿元以上，工业项目占比提高到60%。",
    "某公司持股51%，注册资本8000万元，贷款利率4.35%。",
)
