"""Reads period words (1—8月, 截至8月底, 前三季度) as the day through which a figure counts."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.reporting.domain.check.numerals import whole
from services.reporting.domain.progress import elapsed
from services.reporting.domain.rules import CALENDAR

_YEAR = r"(?:(?:(?:19|20)\d\d|今|本|去|上|当)年(?:度)?(?:的)?)"
_MONTH = r"(?:1[0-2]|[1-9]|十[一二]|[一二三四五六七八九十])"
PERIOD = rf"""(?:(?:截至|截止|至|到|自)?\s*{_YEAR}?\s*(?:
      (?:[1一])\s*月?\s*(?:-|~|至|到|—)+\s*{_MONTH}\s*月(?:份|底|末)?(?!\d|\s*\d{{1,2}}\s*日)
    | 前\s*{_MONTH}\s*个?\s*月
    | 上半年 | (?:前|[1一]\s*(?:-|至|到)\s*)\s*[二三四234]\s*个?\s*季度 | 第?[1一]季度
    | 第?[一二三四1-4]季度末
    | {_MONTH}\s*月\s*(?:底|末|份|\d{{1,2}}\s*日)?(?:[之以]?前(?!\w*序时))?(?!\s*(?:-|至|到|—)\s*{_MONTH}\s*月)
  )
  | (?:19|20)\d\d年(?:全年|度)?
)"""

_THROUGH_MONTH = re.compile(rf"(?:[1一]\s*月?\s*[-~至到—]+\s*|前\s*)(?P<month>{_MONTH})\s*个?\s*月")
_QUARTERS = re.compile(r"(?:(?:前|至|到|-)\s*|(?=.季度末))(?P<quarter>[一二三四1-4])\s*个?\s*季度")
_BY_DAY = re.compile(
    rf"(?P<by>截至|截止|至|到)?.*?(?P<month>{_MONTH})\s*月\s*(?:(?P<end>底|末)|(?P<day>\d{{1,2}})\s*日)"
)
_YEAR_NUMBER = re.compile(r"((?:19|20)\d\d)年")


@dataclass(frozen=True, slots=True)
class Period:
    """From 1 January to the last day of `month`, or to `day` of it; `month` None when the words say no such thing.

    `past`: the words are about the year before (去年).
    """

    year: int | None
    month: int | None
    day: int | None = None
    past: bool = False

    def elapsed_pct(self, year_begins: str = CALENDAR) -> Fraction | None:
        """序时进度 in percent, where a month is known; the length of February is that of the year, if known."""
        through = self.through(self.year or 2026)
        return None if through is None else elapsed(through, year_begins) * 100

    def through(self, year: int) -> date | None:
        """The last day that counts; `year` where the words name none."""
        if self.month is None:
            return None
        chosen = self.year or year
        last = calendar.monthrange(chosen, self.month)[1]
        if self.day is not None and self.day > last:
            return None
        return date(chosen, self.month, self.day or last)


def period(words: str) -> Period:
    """What the words that `PERIOD` matched say."""
    named = _YEAR_NUMBER.search(words)
    year = int(named[1]) if named else None
    if re.match(r"[去上]年", words.lstrip("截至止到自 ")):
        return Period(year, None, past=True)
    return Period(year, *_through(words))


def _through(words: str) -> tuple[int | None, int | None]:
    """The last month that counts, and the day of it that is named."""
    if found := _THROUGH_MONTH.search(words):
        return whole(found["month"]), None
    if found := _QUARTERS.search(words):
        return 3 * whole(found["quarter"]), None
    if "上半年" in words or "季度" in words:
        return (6 if "上半年" in words else 3), None
    if words.endswith("前"):  # a deadline
        return None, None
    if found := _BY_DAY.search(words):
        # 8月31日 without 截至 is the date of something.
        day = None if found["day"] is None else int(found["day"])
        return (whole(found["month"]) if found["by"] or day is None else None), day
    return None, None
