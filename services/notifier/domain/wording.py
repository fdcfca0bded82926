"""How days, roles, states and quoted words stand in a sentence that people read."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from shared.clock import BUSINESS_ZONE

_QUOTED_CHARACTERS = 36
_INNER = str.maketrans("“”", "‘’")
_TITLED = re.compile(r"([\u4e00-\u9fff·]{2,4}) ([\u4e00-\u9fff]+)")
_SHORT_TITLE = 3

ROLES: Final[Mapping[str, str]] = {
    "lead-official": "挂包领导",
    "unit-contact": "单位联络员",
    "unit-head": "单位主要负责人",
    "district-head": "区主要领导",
}
STAGES: Final[Mapping[str, str]] = {
    "reserved": "储备",
    "negotiating": "在谈",
    "intent-signed": "已签意向",
    "approved": "已审定",
    "signed": "已签约",
    "site-fixed": "已选址",
    "planned": "已规划",
    "started": "已开工",
    "completed": "已竣工",
    "commissioned": "已投产",
    "at-capacity": "已达产",
    "suspended": "已暂停",
    "terminated": "已终止",
    "target": "年度指标",
}


def zh_date(day: date, today: date) -> str:
    """A day as people write it: 8月31日, with the year when it is not this one."""
    return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"


def zh_moment(at: datetime, today: date) -> str:
    """An instant as people write it: 8月31日 09:30."""
    local = at.astimezone(BUSINESS_ZONE)
    return f"{zh_date(local.date(), today)} {local:%H:%M}"


def zh_end(at: datetime, today: date) -> str:
    """The end of something: what ends at midnight ends with the day before, 8月31日 24:00."""
    local = at.astimezone(BUSINESS_ZONE)
    return (
        f"{zh_date(local.date() - timedelta(days=1), today)} 24:00" if local.time() == time() else zh_moment(at, today)
    )


def quoted(text: str) -> str:
    """Somebody's words in quotation marks, on one line, without their full stop; cut when long."""
    text = " ".join(text.split()).rstrip("。；;").translate(_INNER)
    return f"“{text if len(text) <= _QUOTED_CHARACTERS else text[: _QUOTED_CHARACTERS - 1] + '…'}”"


def days_left(due: date, today: date) -> str:
    """还有3天, or that it is today or tomorrow."""
    left = (due - today).days
    return {0: "今天到期", 1: "明天到期"}.get(left, f"还有{left}天")


def person(name: str) -> str:
    """Somebody's name as people write it: 王建国副区长, and with a long title before it, 区委副书记周文斌.

    A directory has the title after a space.
    """
    titled = _TITLED.fullmatch(name)
    if titled is None:
        return name
    own, title = titled.groups()
    return own + title if len(title) <= _SHORT_TITLE else title + own
