"""How days and quoted words stand in a sentence that people read."""

import re
from datetime import date

_QUOTED_CHARACTERS = 36
_TITLED = re.compile(r"([\u4e00-\u9fff·]{2,4}) ([\u4e00-\u9fff]+)")
_SHORT_TITLE = 3


def zh_date(day: date, today: date) -> str:
    """A day as people write it: 8月31日, with the year when it is not this one."""
    return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"


def quoted(text: str) -> str:
    """Somebody's words in quotation marks, on one line, cut when long."""
    text = " ".join(text.split())
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
