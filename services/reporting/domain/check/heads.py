"""Reads the heads of a table: which column is a target, what was done, last year's, a rate, and in what unit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_UNIT = r"(?P<unit>（[^（）]{1,6}）)?"
_PERCENT = r"(?:（±?%±?）|%)?"
_WHEN = r"\d{1,2}(?:-\d{1,2})?月(?:份|底|末)?|上半年|[一二三四]季度|前三季度|截至目前"
_WHAT = f"(?:{_WHEN}|累计|实际|完成|到位|实现|资金|投资|收入|引资|数|值|额|总额|情况)*"
_LINE = "(?:序时|时序)(?:进度)?"
_HEADS = {
    "percent": rf"(?:目标|任务|计划|投资)*(?:完成|达成)(?:目标|任务|计划)*(?:率|比例|进度|百分比|占比){_PERCENT}"
    rf"|占(?:全年|年度|年)*(?:目标|任务|计划)+的?(?:比例|比重|百分比|比)?{_PERCENT}",
    "asked": rf"(?:全年|年度|市下达|市级)*(?:目标|任务|计划)+(?:任务|投资|数|值|额)*{_UNIT}",
    "done": rf"(?:{_WHEN}|累计|实际|本年|全年)*(?:完成|到位|实绩|实际)+(?:数|值|额|情况|资金|投资)*" + _UNIT,
    "now": rf"(?:今年|本年|本期|当年){_WHAT}{_UNIT}",
    "base": rf"(?:去年|上年|同期)(?:同期)?{_WHAT}{_UNIT}",
    "growth": rf"(?:同比|[较比][去上]年)?(?:增长|增减|增幅|增速)(?:率|幅度)?{_PERCENT}",
    "lead": rf"(?:(?P<how>超欠?|快于|高于|领先|滞后|落后|慢于|欠){_LINE}|[与较比]{_LINE}(?:之?差|相差|增减|±)?)"
    r"(?:（个?百分点）|个?百分点)?",
}
_BEHIND = {"滞后", "落后", "慢于", "欠"}
_COUNTED = r"(?:项目)?(?:总数|个数|数|量)?(?P<unit>（[^（）]{1,3}）)?"
_RATE = re.compile(rf"(?P<stem>履约|开工|投产|竣工|落地|资金到位)率{_PERCENT}")
_STEPS = ("履约", "注册", "落地", "开工", "竣工", "投产")
_AGREED = re.compile(rf"(?:协议|合同|签约)(?:总?投资额?|引资额?|资金|金额){_UNIT}")
_ARRIVED = re.compile(rf"(?:{_WHEN}|累计|实际)*到位(?:资金|金额)?{_UNIT}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its place from 0; `counts`: whole numbers of things; `reverse`: what is behind is written as more."""

    place: int
    unit: str = ""
    counts: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table surely has.

    `ratios`: result, part, and the columns of which one is the whole, the likeliest first. `summed`: those of which a
    row may be the sum of the others.
    """

    percent: Column | None
    now: Column | None
    base: Column | None
    growth: Column | None
    lead: Column | None
    ratios: Sequence[tuple[Column, Column, Sequence[Column]]]
    summed: Sequence[Column]


def columns_of(heads: Sequence[str]) -> Columns:
    """The columns of a table by its heads (folded). A column of which there are two is none; units must agree."""
    named = {name: _only(heads, re.compile(pattern)) for name, pattern in _HEADS.items()}
    ratios = list(_rates(heads))
    percent, asked, done = named["percent"], named["asked"], named["done"]
    if percent and asked and done and asked.unit == done.unit:
        ratios.append((percent, done, [asked]))
    now, base = named["now"] or done, named["base"]
    comparable = now is not None and base is not None and now.unit == base.unit
    values = [
        asked,
        done,
        *((now, base) if comparable else ()),
        *(column for _, part, wholes in ratios for column in (part, *wholes)),
    ]
    return Columns(
        percent,
        now if comparable else None,
        base if comparable else None,
        named["growth"],
        named["lead"],
        ratios,
        list(dict.fromkeys(one for one in values if one is not None)),
    )


def _rates(heads: Sequence[str]) -> Iterator[tuple[Column, Column, Sequence[Column]]]:
    """Every rate of what was signed; or of any step between, where the table has such a column too."""
    for head in heads:
        if not (match := _RATE.fullmatch(head.strip())):
            continue
        funds = match["stem"] == "资金到位"
        result = _only(heads, re.compile(re.escape(match[0])))
        part = _only(heads, _ARRIVED) if funds else _step(heads, match["stem"])
        first = _only(heads, _AGREED) if funds else _step(heads, "签约")
        if result and part and first:
            between = [] if funds else [step for stem in _STEPS if (step := _step(heads, stem))]
            between = [one for one in between if first.place < one.place < part.place]
            yield result, part, [one for one in (first, *between) if one.unit == part.unit]


def _step(heads: Sequence[str], stem: str) -> Column | None:
    return _only(heads, re.compile(rf"[已新]?{stem}{_COUNTED}"), counts=True)


def _only(heads: Sequence[str], pattern: re.Pattern[str], *, counts: bool = False) -> Column | None:
    """The only column with such a head; None when there is none or a choice."""
    found = [(place, match) for place, head in enumerate(heads) if (match := pattern.fullmatch(head.strip()))]
    if len(found) != 1:
        return None
    place, match = found[0]
    said = match.groupdict()
    if "unit" not in said:
        points = "百分点" in match[0] or "序时" in match[0] or "时序" in match[0]
        return Column(place, "个百分点" if points else "%", reverse=said.get("how") in _BEHIND)
    return Column(place, (said["unit"] or "").strip("（）"), counts)
