"""The arguments of `luodi quarantine`: which messages, since when, and who says so."""

import getpass
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from shared import clock
from shared.envelope import Code
from shared.subjects import DISTRICT, UNIT

_AGO: Final = re.compile(r"([0-9]{1,5})([hd])")
_NUMBER: Final = re.compile(r"([0-9]{1,18})(?:@(.+))?")


@dataclass(frozen=True, slots=True)
class Number:
    """A message as an operator names it: by its sequence number, and where that does not suffice by its instant."""

    sequence: int
    instant: datetime | None


def _matching(shape: re.Pattern[str], example: str) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and not shape.fullmatch(value):
            raise typer.BadParameter(f"{value!r} has not the form of {example}")
        return value

    return check


def instant(text: str) -> datetime:
    """`2026-09-01`, an instant in ISO 8601, or `24h` and `7d` ago; without an offset in Asia/Shanghai."""
    if ago := _AGO.fullmatch(text):
        return clock.system() - int(ago[1]) * (timedelta(hours=1) if ago[2] == "h" else timedelta(days=1))
    try:
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=clock.BUSINESS_ZONE)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no instant: try 2026-09-01, 24h or 7d") from None


def number(text: str) -> Number:
    """`183`, or `183@2026-09-01T01:02:03.123456+00:00`."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no sequence number, such as 183")
    return Number(int(match[1]), instant(match[2]) if match[2] else None)


def user() -> str:
    """The name of whoever runs the command, as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return f"uid-{os.getuid()}"


def line(text: str | None) -> str | None:
    """Text for the record: one line, which every terminal can show."""
    if text is None:
        return None
    if not text.strip() or not text.isprintable() or len(text) > 500:
        raise typer.BadParameter("must be one line of 1 to 500 printable characters")
    return text.strip()


District = Annotated[
    str | None, typer.Option(help="A district's code.", callback=_matching(DISTRICT, "500101"), metavar="DISTRICT")
]
Unit = Annotated[str | None, typer.Option(help="A department.", callback=_matching(UNIT, "finance"), metavar="UNIT")]
Why = Annotated[Code | None, typer.Option("--code", metavar="CODE", help="Refused for this reason.")]
By = Annotated[str | None, typer.Option(help="Who does it, for the record.", show_default="the OS user", callback=line)]
Numbers = Annotated[
    list[Number] | None, typer.Argument(parser=number, metavar="SEQUENCE", help="Sequence numbers, from the list.")
]
