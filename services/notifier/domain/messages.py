"""What people read: the text of each message, safe for the group it goes to and within its channel's bytes."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from services.notifier.domain.digest import all_met, list_parts, merged
from services.notifier.domain.discretion import discreet
from services.notifier.domain.letters import Heard, Item, Letter
from services.notifier.domain.wording import person, zh_date

WECOM_TEXT_BYTES: Final = 2048
WECOM_MARKDOWN_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Dialect:
    """The markdown of one provider: its bytes, and how it calls a member, breaks a line and sets small print."""

    limit: int
    mention: str
    newline: str = "\n"
    comment: str = "{}"


WECOM: Final = Dialect(WECOM_MARKDOWN_BYTES, "<@{}>", comment='<font color="comment">{}</font>')
WECOM_APP: Final = Dialect(2048, "", comment='<font color="comment">{}</font>')
# Both count the whole request: 20,000 bytes and 20 KB; the rest of it and its quotation marks need some.
DINGTALK: Final = Dialect(16_000, "@{}", newline="  \n")
FEISHU: Final = Dialect(16_000, "<at id={}></at>")

_TITLE_CHARACTERS = 40
_TOLD_NAMES = 4


@dataclass(frozen=True, slots=True)
class Card:
    """A single case for channels that show cards; each part within what they show of it."""

    title: str
    over: str
    text: str
    rows: Sequence[tuple[str, str]]
    link: str


def as_text(letter: Letter, limit: int | None = None) -> str:
    """The letter as plain text of at most `limit` UTF-8 bytes. Link and number are always whole."""
    head, rows, tail = _parts(letter)
    if letter.link:
        tail.append(f"{link_label(letter)}：{letter.link}")
    return _fitted((head, rows, [*tail, _number(letter)]), len(letter.items), limit)


def as_markdown(letter: Letter, mention: str | None, dialect: Dialect = WECOM) -> str:
    """The letter in a provider's markdown, calling one member by `mention`, the member's id there."""
    head, rows, tail = _parts(letter)
    head[0] = f"**{head[0]}**"
    if mention:
        head.insert(1, dialect.mention.format(mention))
    if letter.link:
        tail.append(f"[{link_label(letter)}]({letter.link})")
    tail.append(dialect.comment.format(_number(letter)))
    return _fitted((head, rows, tail), len(letter.items), dialect.limit, dialect.newline)


def as_card(letter: Letter) -> Card | None:
    """A single case as a card; None for what a card has no place for: a list, or a letter with nothing to open."""
    if len(letter.items) != 1 or letter.link is None or not letter.answerable:
        return None
    item = letter.items[0]
    rows = [("牵头单位", plain(item.unit or "")), ("挂包领导", _official(letter, item))]
    rows.append(("编号", _number(letter).removeprefix("编号 ")))
    told = _told(letter, item)
    return Card(
        title=_shown(_title(letter, item), 26),
        over=_shown(f"{_heading(letter)}{_person(letter.recipient)}", 30),
        text=_shown(f"{_said(letter, item, item.text)}{told}", 112),
        rows=[(name, _shown(value, 26)) for name, value in rows if value],
        link=letter.link,
    )


def subject(letter: Letter) -> str:
    """The letter in one line."""
    head, _, _ = _parts(letter)
    return head[0]


def link_label(letter: Letter) -> str:
    """What a reader does behind the letter's link."""
    return "查看并签收" if letter.answerable else "查看详情"


def plain(text: str) -> str:
    """A text from outside, made safe inside a message: one line, no markup, no call to anybody, nothing to click."""
    text = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    text = re.sub(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])", "．", text.replace("://", "：//"))
    return re.sub(r"\s+", " ", text.translate(_MARKUP)).strip()


def reticent(text: str, investor: str | None) -> str:
    """A text from outside as a group may read it, safe inside a message."""
    return plain(discreet(plain(text), investor and plain(investor)))


def cut(text: str, limit: int) -> str:
    """The longest beginning of a text with at most `limit` UTF-8 bytes that ends with a whole character."""
    return text.encode()[:limit].decode(errors="ignore")


_MARKUP = str.maketrans("@<>[]()*_#`~|\\!&", "＠＜＞［］（）＊＿＃｀～｜＼！＆")
_Parts: TypeAlias = tuple[list[str], list[str], list[str]]


def _parts(letter: Letter) -> _Parts:
    who = f"{_heading(letter)}{_person(letter.recipient)}"
    if letter.notice == "test":
        return [f"{who}：通知渠道测试", "收到即表示渠道畅通，无需办理。"], [], []
    items = letter.items if letter.answerable else merged(letter.items)
    if len(items) == 1 and letter.notice != "digest":
        return _single(letter, items[0])
    clause, rows, tail = list_parts(letter, lambda item: _line(letter, item))
    day = f"{zh_date(letter.today, letter.today)}，" if letter.notice == "digest" else ""
    return [f"{who}：{day}{clause}"], rows, tail


def _single(letter: Letter, item: Item) -> _Parts:
    head = [
        f"{_heading(letter)}{_title(letter, item)}",
        f"{_person(letter.recipient)}：{_said(letter, item, item.text)}",
    ]
    if item.outcome is not None:
        return head, [], []
    official = _official(letter, item)
    roles = [f"牵头单位：{_name(item.unit)}" if item.unit else "", f"挂包领导：{official}" if official else ""]
    rows = ["　".join(filter(None, roles))] if any(roles) else []
    told = _told(letter, item)
    rows += [told] if told else []
    return head, rows, [] if "请" in item.text else ["请推动办理。"]


def _line(letter: Letter, item: Item) -> str:
    told = "、".join(f"{_person(name)}{'（已签收）' if heard.answered else ''}" for name, heard in _first_told(item))
    return f"{_title(letter, item)}：{_said(letter, item, item.brief)}{f'，此前已通知{told}' if told else ''}"


def _told(letter: Letter, item: Item) -> str:
    told = [
        f"{_person(name)}（{zh_date(heard.on, letter.today)}{'，已签收' if heard.answered else ''}）"
        for name, heard in _first_told(item)
    ]
    return f"此前已通知：{'、'.join(told)}，仍未办结。" if told else ""


def _first_told(item: Item) -> Sequence[tuple[str, Heard]]:
    return list(item.told.items())[:_TOLD_NAMES]


def _official(letter: Letter, item: Item) -> str:
    """The lead official, to everybody else."""
    return _person(item.official) if item.official and item.official != letter.recipient else ""


def _said(letter: Letter, item: Item, text: str) -> str:
    # A sentence may quote what a department wrote.
    return reticent(text, item.investor) if letter.discreet else plain(text)


def _shown(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _heading(letter: Letter) -> str:
    match letter.notice:
        case "overdue":
            return "【落地催办】"
        case "digest":
            return "【落地晨报】"
        case "resolved":
            return "【落地办结】" if all_met(letter.items) else "【落地告知】"
        case "test":
            return "【落地测试】"


def _number(letter: Letter) -> str:
    return f"编号 {letter.number}" + ("（第2次发送，如已收到请忽略）" if letter.again else "")


def _title(letter: Letter, item: Item) -> str:
    # An indicator's title says all, with an amount that is nobody's secret (投资5亿元及以上项目); the id of its target
    # tells nobody anything.
    if item.name and item.project.startswith("target-"):
        return _name(item.name)
    name = _shown(_said(letter, item, item.name or ""), _TITLE_CHARACTERS)
    return f"{name}（{item.project}）" if name else item.project


def _name(text: str) -> str:
    return _shown(plain(text), _TITLE_CHARACTERS)


def _person(text: str) -> str:
    return _shown(person(plain(text)), _TITLE_CHARACTERS)


def _fitted(parts: _Parts, count: int, limit: int | None, newline: str = "\n") -> str:
    head, rows, tail = parts
    if limit is None:
        return newline.join([*head, *rows, *tail])
    more = f"……等{count}项，全部见链接。" if count > 1 else ""
    for kept in range(len(rows), -1, -1):
        cropped = [more] if more and kept < len(rows) else []
        text = newline.join([*head, *rows[:kept], *cropped, *tail])
        if len(text.encode()) <= limit:
            return text
    ending = newline.join(["", *tail])
    return cut(newline.join(head), limit - len(ending.encode())) + ending
