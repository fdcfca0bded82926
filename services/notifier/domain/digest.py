"""The one message of a morning: what is new for a person today, most urgent first, and what has come to its end."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from services.notifier.domain.wording import zh_date

if TYPE_CHECKING:
    from services.notifier.domain.messages import Item, Letter

Line: TypeAlias = "Callable[[Item], str]"


def digest_parts(letter: "Letter", who: str, line: Line) -> tuple[list[str], list[str], list[str]]:
    """Head, rows and tail of a digest. `who` and `line` give the recipient and an item in the form of the channel."""
    new = sorted((item for item in letter.items if not item.ended), key=lambda item: (item.urgency, item.due))
    ended = [item for item in letter.items if item.ended]
    day = zh_date(letter.today, letter.today)
    if not new:
        rows = _capped([f"{place}. {line(item)}" for place, item in enumerate(ended, start=1)], letter.most)
        return [f"【落地晨报】{who}：{day}，有{len(ended)}项催办已办结"], rows, _tail(letter)
    rows = _capped([f"{place}. {line(item)}" for place, item in enumerate(new, start=1)], letter.most)
    if ended:
        rows += [f"另有{len(ended)}项催办已办结：", *_capped([f"· {line(item)}" for item in ended], letter.most)]
    return [f"【落地晨报】{who}：{day}，有{len(new)}项请您推动"], rows, _tail(letter)


def _capped(rows: Sequence[str], most: int | None) -> list[str]:
    if most is None or len(rows) <= most:
        return list(rows)
    return [*rows[:most], f"……还有{len(rows) - most}项，见链接。"]


def _tail(letter: "Letter") -> list[str]:
    return [f"此前已通知您的还有{letter.others}项未办结。"] if letter.others else []
