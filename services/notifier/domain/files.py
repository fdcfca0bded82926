"""A file that an installation wrote: its text, and what is wrong with it by line."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: the line (0: the file as a whole), and a sentence that says what is allowed."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


class InvalidFileError(Exception):
    """A policy or directory file with something wrong in it; `problems` lists everything found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def decoded(content: bytes) -> str:
    """The text, in UTF-8 with or without a mark, or in the GB 18030 that spreadsheets and older editors write here.

    Raises InvalidFileError.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise InvalidFileError([Problem(0, "neither UTF-8 nor GB 18030 text")]) from error
