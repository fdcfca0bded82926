"""Where in a file of definitions a mistake is: the sentence that names its line and key."""

import re
from collections.abc import Sequence

_TABLES = ("indicator", "ratio")


def sentence(text: str, name: str, where: Sequence[int | str], what: str) -> str:
    """What is wrong, with file, line and key; positions in `where` are counted from 1 for the reader."""
    place = f"{name}, line {line}" if (line := _line_of(text, where)) else name
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    return f"{place}: {key + ': ' if key else ''}{what.removeprefix('Value error, ')}"


def _line_of(text: str, where: Sequence[int | str]) -> int | None:
    """The line, counted from 1, of the deepest key of `where` that the text shows; tables come before their keys."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    at, end, found = 0, len(lines), None
    match where:
        case [str(table), int(position), *_] if table in _TABLES:
            heads = [number for number, line in enumerate(lines) if line.strip() in {f"[[{one}]]" for one in _TABLES}]
            starts = [number for number in heads if lines[number].strip() == f"[[{table}]]"]
            if position < len(starts):
                at = found = starts[position]
                end = next((number for number in heads if number > at), end)
    for key in (part for part in where if isinstance(part, str)):
        pattern = re.compile(rf"(^|[\s{{,.\[]){re.escape(key)}\s*[=.\]]")
        here = next((number for number in range(at, end) if pattern.search(lines[number])), None)
        if here is not None:
            at = found = here
    return None if found is None else found + 1
