"""Reads an instant that somebody asks about, as it arrives in an address."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

_PLUS_LOST = re.compile(r"(T.*) (\d{2}:?\d{2})$")


def read_instant(text: str) -> datetime:
    """An instant in ISO 8601 with its offset from UTC, in the years 1900 to 9998.

    Raises ValueError with a sentence that begins with the text and lacks the name of the parameter before it.
    """
    # An unescaped + in an address arrives as a space, and every offset of our own zone has one.
    try:
        instant = datetime.fromisoformat(_PLUS_LOST.sub(r"\1+\2", text))
    except ValueError:
        raise ValueError(
            f"{text!r} is not an instant: give it as 2026-09-05T00:00:00+08:00 (+ may be written %2B)."
        ) from None
    if not 1900 <= instant.year <= 9998:
        raise ValueError(f"{text!r} lies outside the years 1900 to 9998.")
    if instant.tzinfo is None:
        raise ValueError(
            f"{text!r} names no time zone, so no instant: append the offset, such as {text}+08:00."
            if "T" in text
            else f"{text!r} is a day and not an instant: give the time too, such as {text}T00:00:00+08:00."
        )
    return instant


def _read(value: Any) -> Any:
    return read_instant(value) if isinstance(value, str) else value


AskedInstant = Annotated[datetime, BeforeValidator(_read)]
"""A parameter of an address, read by `read_instant`."""
