"""Reads a report as it was written: plain text in the usual encodings, or a Word document as its lines."""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import IO
from xml.parsers import expat

BYTES_MOST = 10_000_000
_UNPACKED_MOST = 60_000_000
_CHUNK = 1 << 16
_DOCUMENT = "word/document.xml"
_WORD, _COMPATIBILITY = "wordprocessingml", "markup-compatibility"
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BOMS: Mapping[bytes, str] = MappingProxyType(
    {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
)
_SPACES: Mapping[str, str] = MappingProxyType({"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"})


class Why(StrEnum):
    """Why a file cannot be read."""

    TOO_LARGE = "too-large"
    OLD_WORD = "old-word"
    PDF = "pdf"
    NO_WORD = "no-word"
    BROKEN = "broken"
    NO_TEXT = "no-text"
    TOO_MUCH = "too-much"


class UnreadableError(ValueError):
    """A file that holds no text that can be checked; the argument says why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def read(data: bytes) -> str:
    """The text of a file, whatever its name; lines end with a line feed. Raises UnreadableError.

    Of a Word document: one line a paragraph, one line a row of a table, its cells divided by tabs. Deleted text,
    headers, footnotes and comments are left out.
    """
    if len(data) > BYTES_MOST:
        raise UnreadableError(Why.TOO_LARGE)
    if is_word(data):
        text = _word(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError(Why.OLD_WORD)
    elif data.startswith(b"%PDF"):
        raise UnreadableError(Why.PDF)
    else:
        text = _plain(data)
    return tidy(text)


def is_word(data: bytes) -> bool:
    """Whether a file claims to be a Word document: each of its lines is a paragraph, none was wrapped."""
    return data.startswith(b"PK\x03\x04")


def tidy(text: str) -> str:
    """The text with every line ended by a line feed."""
    return _BREAKS.sub("\n", text)


def _plain(data: bytes) -> str:
    marked = [encoding for bom, encoding in _BOMS.items() if data.startswith(bom)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableError(Why.NO_TEXT)


def _word(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _DOCUMENT not in archive.namelist():
                raise UnreadableError(Why.NO_WORD)
            lines = _Lines()
            with archive.open(_DOCUMENT) as part:
                lines.feed(part)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        expat.ExpatError,
    ) as error:
        raise UnreadableError(Why.BROKEN) from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(Why.BROKEN) from error
    return "\n".join(lines.lines)


class _Lines:
    """Gathers the text of a document's main part while it is parsed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._paragraphs: list[list[str]] = []
        self._rows: list[list[list[str]]] = []
        self._collecting = False
        self._skipped = 0

    def feed(self, part: IO[bytes]) -> None:
        """Parse a part, at most so much of it. Raises ExpatError and UnreadableError."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        # A document type is nothing that Word writes, and its entities can grow without end.
        parser.StartDoctypeDeclHandler = _refuse
        read = 0
        while chunk := part.read(_CHUNK):
            read += len(chunk)
            if read > _UNPACKED_MOST:
                raise UnreadableError(Why.TOO_LARGE)
            parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if _COMPATIBILITY in space and tag == "Fallback":
            self._skipped += 1
        if self._skipped or _WORD not in space:
            return
        if tag == "p":
            self._paragraphs.append([])
        elif tag == "tr":
            self._rows.append([])
        elif tag == "tc" and self._rows:
            self._rows[-1].append([])
        elif tag in _SPACES and self._paragraphs:
            self._paragraphs[-1].append(_SPACES[tag])
        self._collecting = tag == "t"

    def _end(self, name: str) -> None:
        space, _, tag = name.rpartition(" ")
        if _COMPATIBILITY in space and tag == "Fallback":
            self._skipped -= 1
        if self._skipped or _WORD not in space:
            return
        self._collecting = False
        if tag == "p" and self._paragraphs:
            self._put("".join(self._paragraphs.pop()))
        elif tag == "tr" and self._rows:
            cells = self._rows.pop()
            self._put("\t".join(" ".join(cell).replace("\n", " ") for cell in cells))

    def _put(self, text: str) -> None:
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].append(text)
        else:
            self.lines.append(text)

    def _text(self, data: str) -> None:
        if self._collecting and not self._skipped and self._paragraphs:
            self._paragraphs[-1].append(data)


def _refuse(*_: object) -> None:
    raise UnreadableError(Why.BROKEN)
