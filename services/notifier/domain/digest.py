"""Lists: what is new for a person, most urgent first, and what has come to its end; of a morning or at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from services.notifier.domain.letters import Item, Letter, Others

Line: TypeAlias = Callable[[Item], str]


def list_parts(letter: Letter, line: Line) -> tuple[str, list[str], list[str]]:
    """What there is, in a clause; its rows; and the lines below them. `line` gives an item in the channel's form."""
    new = sorted((item for item in letter.items if item.outcome is None), key=lambda item: (item.urgency, item.due))
    ended = merged(item for item in letter.items if item.outcome is not None)
    if not new:
        return f"有{_over(ended)}", _capped(_numbered(ended, line), letter), _others(letter.others)
    rows = _capped(_numbered(new, line), letter)
    if ended:
        rows += [f"另有{_over(ended)}：", *_capped([f"· {line(item)}" for item in ended], letter)]
    return f"有{len(new)}项需您推动", rows, _others(letter.others)


def merged(items: Iterable[Item]) -> list[Item]:
    """What ended alike on one project is one item, which names what was pressed."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        groups.setdefault((item.district, item.project, item.brief), []).append(item)
    return [_named(group) for group in groups.values()]


def _named(group: Sequence[Item]) -> Item:
    first, subjects = group[0], "、".join(dict.fromkeys(item.subject for item in group if item.subject))
    if first.outcome == "ended" and subjects:
        brief = f"{first.brief}，不再催办{subjects}"
        return replace(first, brief=brief, text=f"{brief}。")
    return first if len(group) == 1 else replace(first, brief=f"{first.brief}（{subjects}）")


def _over(ended: Sequence[Item]) -> str:
    return f"{len(ended)}项催办已{'办结' if all_met(ended) else '结束'}"


def all_met(items: Iterable[Item]) -> bool:
    """Whether everything that was pressed has happened: only that is 办结."""
    return all(item.outcome == "met" for item in items)


def _numbered(items: Sequence[Item], line: Line) -> list[str]:
    return [f"{place}. {line(item)}" for place, item in enumerate(items, start=1)]


def _capped(rows: list[str], letter: Letter) -> list[str]:
    if letter.most is None or len(rows) <= letter.most:
        return rows
    return [*rows[: letter.most], f"……另有{len(rows) - letter.most}项{'，见链接' if letter.link else ''}。"]


def _others(others: Others) -> list[str]:
    if not others.count:
        return []
    parts = (others.answered, "已签收"), (others.exhausted, "已到末级")
    for count, what in parts:
        if count == others.count:
            return [f"此前已通知您的还有{others.count}项未办结，{'均' if count > 1 else ''}{what}。"]
    of_these = "、".join(f"{count}项{what}" for count, what in parts if count)
    return [f"此前已通知您的还有{others.count}项未办结{f'，其中{of_these}' if of_these else ''}。"]
