"""Shows a stranger's bytes to a person: JSON set out, text, or hexadecimal; never anything that a terminal obeys."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from shared.harmless import escaped

SHOWN_CHARACTERS: Final = 64 * 1024
SHOWN_BYTES: Final = 4 * 1024
_A_LINE: Final = 16

# Strings, the six signs of structure, and whatever stands between them: numbers, true, false, null.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Readable:
    """Bytes as text with printable characters and line feeds only; `cut` when there is more than is shown."""

    kind: Literal["JSON", "text", "binary"]
    text: str
    cut: bool


def readable(raw: bytes) -> Readable:
    """The bytes for a person. JSON keeps its digits, its order and every key, also one that stands twice."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Readable("binary", "\n".join(_dumped(raw[:SHOWN_BYTES])), len(raw) > SHOWN_BYTES)
    kind: Literal["JSON", "text"] = "JSON" if _is_json(text) else "text"
    if kind == "JSON":
        text = _beginning(_set_out(text))
    lines = "\n".join(escaped(line) for line in text[:SHOWN_CHARACTERS].split("\n"))
    return Readable(kind, lines, len(text) > SHOWN_CHARACTERS)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _set_out(text: str) -> Iterator[str]:
    # By its tokens: to read the document and write it again would lose what the sender wrote.
    depth, before = 0, ""
    for match in _TOKEN.finditer(text):
        part = match.group()
        opens, closes = part in ("{", "["), part in ("}", "]")
        depth -= closes
        empty = closes and before in ("{", "[")
        if (before in ("{", "[", ",") and not empty) or (closes and not empty):
            yield "\n" + "  " * depth
        yield part + " " if part == ":" else part
        depth += opens
        before = part


def _beginning(parts: Iterable[str]) -> str:
    # Set out whole, what is nested deeply would be a thousand times as long as it was sent.
    shown, left = list[str](), SHOWN_CHARACTERS
    for part in parts:
        shown.append(part)
        left -= len(part)
        if left < 0:
            break
    return "".join(shown)


def _dumped(raw: bytes) -> Iterator[str]:
    for start in range(0, len(raw), _A_LINE):
        line = raw[start : start + _A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"{start:08x}  {line.hex(' '):<{3 * _A_LINE - 1}}  {text}"
