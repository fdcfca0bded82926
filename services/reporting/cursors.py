"""Where a list that is read page by page goes on: a place in its order, as an opaque text."""

import base64
import binascii
from collections.abc import Sequence

import orjson


class CursorError(ValueError):
    """The cursor is none that this list gave out; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "cursor is none of this list in this order: take it from `next` of the page before, or leave it out."
        )


def cursor(order: str, *place: str) -> str:
    """The cursor behind this place of a list in this order."""
    return base64.urlsafe_b64encode(orjson.dumps([order, *place])).decode().rstrip("=")


def place(text: str | None, order: str, parts: int) -> Sequence[str] | None:
    """The place of so many parts that a cursor stands for, None without a cursor. Raises CursorError."""
    if not text:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        said = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise CursorError from None
    whole = isinstance(said, list) and len(said) == parts + 1 and all(isinstance(one, str) for one in said)
    if not whole or said[0] != order or any("\0" in one for one in said):
        raise CursorError
    return [str(one) for one in said[1:]]
