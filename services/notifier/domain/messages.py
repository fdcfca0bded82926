"""What people read: the text of each message, safe for the group it goes to and within its channel's bytes."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from services.notifier.domain.cases import Outcome
from services.notifier.domain.duties import MILESTONES, Holds, Paused, standing, zh_date
from services.notifier.domain.record import Record

Notice: TypeAlias = Literal["overdue", "resolved"]

WECOM_TEXT_BYTES: Final = 2048
WECOM_MARKDOWN_BYTES: Final = 4096

_TITLE_CHARACTERS = 40
_TOLD_NAMES = 4


@dataclass(frozen=True, slots=True)
class Item:
    """One case in a message. `brief` is its sentence in a list; `told` is whom earlier rungs reached, and when."""

    case: str
    rule: str
    rung: int
    district: str
    project: str
    name: str | None
    matter: str
    due: date
    text: str
    brief: str
    unit: str | None = None
    official: str | None = None
    investor: str | None = None
    told: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient; `items` in the order in which they are to be read.

    `number` is what people quote, and stays the same when a message has to be sent once more (`again`). `discreet`
    leaves out what a group must not read: amounts, the investor's name, telephone numbers.
    """

    notice: Notice
    number: str
    recipient: str
    items: Sequence[Item]
    link: str | None
    today: date
    discreet: bool
    again: bool = False


def as_text(letter: Letter, limit: int | None = None) -> str:
    """The letter as plain text of at most `limit` UTF-8 bytes. Link and number are always whole."""
    head, rows, tail = _single(letter) if len(letter.items) == 1 else _list(letter)
    if letter.link:
        tail.append(f"查看并签收：{letter.link}")
    return _fitted(head, rows, [*tail, _number(letter)], len(letter.items), limit)


def as_markdown(letter: Letter, mention: str | None, limit: int = WECOM_MARKDOWN_BYTES) -> str:
    """The letter in the markdown of WeCom's bots, calling one member by `mention`, the member's id."""
    head, rows, tail = _single(letter) if len(letter.items) == 1 else _list(letter)
    head[0] = f"**{head[0]}**"
    if mention:
        head.insert(1, f"<@{mention}>")
    if letter.link:
        tail.append(f"[查看并签收]({letter.link})")
    tail.append(f'<font color="comment">{_number(letter)}</font>')
    return _fitted(head, rows, tail, len(letter.items), limit)


def resolution(matter: str, outcome: Outcome, day: date | None, today: date) -> str:
    """The sentence that tells how a milestone's case ended."""
    action, _ = MILESTONES[matter]
    match outcome, day:
        case "met", date():
            how = f"已于{zh_date(day, today)}{action}"
        case "withdrawn", date():
            how = f"时间表已调整，{action}的新期限为{zh_date(day, today)}"
        case "ended", _:
            how = "项目已终止"
        case _:
            how = f"时间表中已不再要求{action}"
    return f"{how}，此前的催办到此结束。"


def describe(record: Record, matter: str, outcome: Outcome | None, day: date | None, today: date) -> tuple[str, str]:
    """How a case stands, in a sentence and in brief: how it ended, or what is late."""
    if outcome is not None:
        text = resolution(matter, outcome, day, today)
        return text, text.partition("，此前")[0]
    match standing(record, matter, today):
        case Holds(duty):
            return duty.text, duty.brief
        case Paused():
            return "项目已暂停，催办暂缓。", "项目已暂停"
        case _:
            return "情况刚有变化，正在更新。", "情况刚有变化"


def plain(text: str) -> str:
    """A text from outside, made safe inside a message: one line, no markup, no call to anybody, nothing to click."""
    text = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    text = re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])", "．", text.replace("://", "：//"))
    return re.sub(r"\s+", " ", text.translate(_MARKUP)).strip()


def discreet(text: str, investor: str | None) -> str:
    """A text without what a group must not read: the investor's name, amounts of money, telephone numbers."""
    if investor and len(investor.strip()) >= 2:
        text = text.replace(investor.strip(), "某企业")
    text = _AMOUNT.sub("", text)
    return _PHONE.sub("***", text)


def cut(text: str, limit: int) -> str:
    """The longest beginning of a text with at most `limit` UTF-8 bytes that ends with a whole character."""
    return text.encode()[:limit].decode(errors="ignore")


_MARKUP = str.maketrans("@<>[]()*_#`~|\\!", "＠＜＞［］（）＊＿＃｀～｜＼！")
_AMOUNT = re.compile(
    r"(?:总?投资|金额|约|人民币)*[\s¥￥]*\d[\d,，]*(?:\.\d+)?\s*"
    r"(?:(?:万亿|千万|百万|亿|万|千)?\s*(?:元|美元|人民币)|(?:万亿|千万|百万|亿|万)(?![\u4e00-\u9fff]))"
)
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)")

_Parts: TypeAlias = tuple[list[str], list[str], list[str]]


def _single(letter: Letter) -> _Parts:
    item = letter.items[0]
    head = [f"{_heading(letter)}{_title(letter, item)}", f"{_name(letter.recipient)}：{item.text}"]
    if letter.notice == "resolved":
        return head, [], []
    roles = [
        f"牵头单位：{_name(item.unit)}" if item.unit else "",
        f"挂包领导：{_name(item.official)}" if item.official else "",
    ]
    rows = ["　".join(filter(None, roles))] if any(roles) else []
    told = [f"{_name(name)}（{zh_date(day, letter.today)}）" for name, day in list(item.told.items())[:_TOLD_NAMES]]
    rows += [f"此前已通知：{'、'.join(told)}，未见办结。"] if told else []
    return head, rows, ["请推动办理。"]


def _list(letter: Letter) -> _Parts:
    count = len(letter.items)
    what = f"您有{count}项里程碑逾期" if letter.notice == "overdue" else f"有{count}项催办已结束"
    head = [f"{_heading(letter)}{_name(letter.recipient)}：{what}"]
    rows = [f"{place}. {_title(letter, item)}：{item.brief}" for place, item in enumerate(letter.items, start=1)]
    return head, rows, []


def _heading(letter: Letter) -> str:
    return "【落地催办】" if letter.notice == "overdue" else "【落地办结】"


def _number(letter: Letter) -> str:
    return f"编号 {letter.number}" + ("（第2次发送，如已收到请忽略）" if letter.again else "")


def _title(letter: Letter, item: Item) -> str:
    name = item.name or ""
    if letter.discreet:
        name = discreet(name, item.investor)
    name = _name(name)
    return f"{name}（{item.project}）" if name else item.project


def _name(text: str) -> str:
    text = plain(text)
    return text if len(text) <= _TITLE_CHARACTERS else f"{text[: _TITLE_CHARACTERS - 1]}…"


def _fitted(head: list[str], rows: list[str], tail: list[str], count: int, limit: int | None) -> str:
    if limit is None:
        return "\n".join([*head, *rows, *tail])
    more = f"……等{count}项，全部见链接。" if count > 1 else ""
    for kept in range(len(rows), -1, -1):
        cropped = [more] if more and kept < len(rows) else []
        text = "\n".join([*head, *rows[:kept], *cropped, *tail])
        if len(text.encode()) <= limit:
            return text
    ending = "\n".join(["", *tail])
    return cut("\n".join(head), limit - len(ending.encode())) + ending
