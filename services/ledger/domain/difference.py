"""Where the ledger is not what its events say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: of `place` (a table, or LEDGER), the column or field, or None for the whole of it.

    `said` is the sentence of what is there and what should be.
    """

    district: str
    subject: str
    place: str
    column: str | None
    said: str

    def __str__(self) -> str:
        column = f".{self.column}" if self.column else ""
        return f"{self.district}/{self.subject}: {self.place}{column}: {self.said}"


def instead(is_now: object, should_be: object) -> str:
    """What is there and what should be there, each cut to a readable length around their first difference."""
    now, should = ("null" if value is None else str(value) for value in (is_now, should_be))
    start = _parting(now, should)
    return f"{_cut(now, start)} instead of {_cut(should, start)}"


def between_messages(is_now: bytes, should_be: bytes) -> Iterator[tuple[str | None, str]]:
    """The fields in which a message differs from a record, each with the sentence of what is there and should be.

    None stands for the whole message, when it is no record at all.
    """
    wanted: dict[str, Any] = orjson.loads(should_be)
    try:
        found = dict(orjson.loads(is_now))
    except (ValueError, TypeError):
        yield None, f"{_cut(is_now.decode(errors='replace'), 0)} is no record"
        return
    for field in sorted(found.keys() | wanted.keys()):
        if found.get(field) != wanted.get(field):
            yield field, instead(found.get(field), wanted.get(field))


def _parting(one: str, other: str) -> int:
    """The first place at which two texts differ."""
    both = min(len(one), len(other))
    return next((place for place in range(both) if one[place] != other[place]), both)


def _cut(text: str, around: int) -> str:
    if len(text) <= _SHOWN:
        return text
    start = max(0, min(around - _SHOWN // 2, len(text) - _SHOWN))
    return f"{'…' if start else ''}{text[start : start + _SHOWN]}{'…' if start + _SHOWN < len(text) else ''}"
