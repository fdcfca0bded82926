"""Reading a message as JSON without losing or guessing anything: exact numbers, no key twice."""

import json
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

MAX_BYTES = 256 * 1024


class NotJsonError(ValueError):
    """The bytes are no JSON that can be read in one way only; the message is the sentence for the sender."""


def read(payload: bytes) -> Any:
    """The document, with each number that is not written as an integer as a Decimal, digit by digit.

    Raises NotJsonError for what is no JSON, and for JSON that two readers may understand differently.
    """
    # Not pydantic's JSON reader: it passes numbers through a float (999999999999999.99 becomes 10^15), and of a key
    # that is there twice it takes the last.
    if len(payload) > MAX_BYTES:
        raise NotJsonError(f"the message has {len(payload)} bytes; at most {MAX_BYTES} are accepted")
    try:
        return _DECODER.decode(payload.decode())
    except UnicodeDecodeError as error:
        raise NotJsonError(f"the message is not UTF-8: byte {error.start} cannot be read") from None
    except json.JSONDecodeError as error:
        raise NotJsonError(f"the message is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise NotJsonError("the message is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise NotJsonError(f"the message has the key {json.dumps(twice[:80])} twice in one object")
    return result


def _whole(digits: str) -> int:
    if len(digits) > 100:
        raise NotJsonError(f"the message has a number of {len(digits)} digits, which is not accepted")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise NotJsonError(f"the message has a number that is too large to read: {digits[:80]}") from None


def _no_constant(name: str) -> NoReturn:
    raise NotJsonError(f"the message has {name}, which is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_int=_whole, parse_constant=_no_constant
)
