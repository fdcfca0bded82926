"""The words and small phrases of which a bulletin's text is made, in the manner of such reports."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from services.reporting.domain.progress import plain, rounded
from shared.clock import BUSINESS_ZONE

# How a bulletin groups the stages, the furthest first.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "投产达产": ("commissioned", "at-capacity"),
    "竣工": ("completed",),
    "在建": ("started",),
    "签约待建": ("signed", "site-fixed", "planned"),
    "在谈": ("negotiating", "intent-signed", "approved"),
    "储备": ("reserved",),
    "暂停": ("suspended",),
    "终止": ("terminated",),
}
CATEGORIES: Final[Mapping[str, str]] = {
    "policy": "政策",
    "land": "用地",
    "funding": "资金",
    "planning": "规划",
    "approval": "审批",
    "location": "选址",
    "other": "其他",
}
URGENCIES: Final[Mapping[str, str]] = {"at-once": "有事即办", "urgent": "急事快办", "special": "特事特办"}
MILESTONES: Final[Mapping[str, str]] = {
    "site-fixed": "敲定选址",
    "planned": "完成规划",
    "signed": "正式签约",
    "started": "开工建设",
    "completed": "竣工",
    "commissioned": "投产",
}
TIERS: Final[Mapping[str, str]] = {
    "abroad": "境外",
    "outside-province": "省外",
    "outside-city": "市外省内",
    "outside-district": "区外市内",
    "local": "区内",
}
EVENTS: Final[Mapping[str, str]] = {
    "funds-arrived": "到位资金",
    "signed": "签约",
    "site-fixed": "敲定选址",
    "planned": "完成规划",
    "started": "开工",
    "completed": "竣工",
    "commissioned": "投产",
    "at-capacity": "达产",
    "registered": "入库",
    "claimed": "认领",
    "intent-signed": "意向签约",
    "suspended": "暂停",
    "resumed": "恢复",
    "terminated": "终止",
}
CHANGES: Final[Mapping[str, str]] = {
    "added": "补报",
    "replaced": "更正",
    "voided": "作废",
    "dropped": "不再计入",
    "recounted": "改变计入",
}
LIGHTS: Final[Mapping[str | None, str]] = {"green": "绿灯", "yellow": "黄灯", "red": "红灯", None: "—"}

Part = dict[str, object]
"""A paragraph, a subheading or a table."""

NOBODY, NO_CLUSTER = "未明确牵头单位", "未分产业"
_YI, _WAN = 100_000_000, 10_000
_DIGITS = "零一二三四五六七八九"


def numeral(number: int) -> str:
    """A number below 100 as headings are numbered: 一, 十, 十二, 二十三."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十") + (_DIGITS[ones] if ones else "")


def money(yuan: Decimal) -> str:
    """In 亿元 with at most two decimals from 1 亿元 up, in whole 万元 below."""
    if abs(yuan) >= _YI:
        return f"{plain(rounded(Fraction(yuan) / _YI, 2)):f}亿元"
    return f"{plain(rounded(Fraction(yuan) / _WAN, 0)):f}万元"


def exact_money(yuan: Decimal | str) -> str:
    """In 万元, to the cent, without trailing zeros; for two amounts that are compared."""
    return f"{plain(rounded(Fraction(yuan) / _WAN, 6)):f}万元"


def month_day(day: date) -> str:
    """8月31日."""
    return f"{day.month}月{day.day}日"


def full_day(day: date) -> str:
    """2026年8月31日."""
    return f"{day.year}年{month_day(day)}"


def moment(instant: datetime) -> str:
    """2026年9月5日8时00分, in Beijing time."""
    local = instant.astimezone(BUSINESS_ZONE)
    return f"{full_day(local.date())}{local.hour}时{local.minute:02}分"


def months(first: date, through: date) -> str:
    """2026年1—8月 for whole months of a calendar year, otherwise both days."""
    if first.year != through.year:
        return f"{full_day(first)}—{full_day(through)}"
    if first.day != 1 or (through + timedelta(days=1)).day != 1:
        return f"{full_day(first)}—{month_day(through)}"
    return f"{first.year}年{first.month}{'' if first.month == through.month else f'—{through.month}'}月"


def listed(parts: Iterable[str], separator: str = "、") -> str:
    """Parts of a sentence, one after the other."""
    return separator.join(parts)


def lead(points: Decimal | None) -> str:
    """How far a figure is before or behind the time that has passed."""
    if points is None:
        return ""
    if points == 0:
        return "与序时进度持平"
    return f"{'超' if points > 0 else '欠'}序时进度{abs(points)}个百分点"


def table(caption: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[str]]) -> Part:
    """A table of a report; a column is its heading and its share of the width, negative where it holds figures."""
    heads = [{"name": name, "width": abs(width), "figures": width < 0} for name, width in columns]
    return {"table": {"caption": caption, "columns": heads, "rows": [list(row) for row in rows]}}


def paragraph(text: str) -> Part:
    """A paragraph of a report."""
    return {"paragraph": text}


def subheading(place: int, name: str) -> Part:
    """A heading of the second order: （一）用地问题."""
    return {"subheading": f"（{numeral(place)}）{name}"}


def day_of(document: Mapping[str, Any], key: str) -> date:
    """A day of a document."""
    return date.fromisoformat(document[key])


def through(document: Mapping[str, Any]) -> str:
    """The last day that counts: 8月31日."""
    return month_day(day_of(document, "through"))
