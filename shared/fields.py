"""The kinds of value that a field of an event may have, and what each of them refuses."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, GetPydanticSchema, StringConstraints
from pydantic_core import PydanticCustomError, core_schema
from stdnum.cn import uscc as credit_code

from shared.places import is_place

LARGEST_AMOUNT = 10**15
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)

_MONEY = re.compile(r"[0-9]{1,16}(\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,10})?")
_SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_CREDIT_CODE = re.compile("[0-9A-HJ-NPQRTUWXY]{18}")
_ONE = Decimal(1)
_CENT = Decimal("0.01")


def refusal(sentence: str) -> PydanticCustomError:
    """A reason for refusing a value, to be read after the name of its field: "must be …"."""
    return PydanticCustomError("luodi", "{sentence}", {"sentence": sentence})


def _checked(
    check: Callable[[Any], Any], written: "core_schema.SerSchema | None" = None, **json_schema: Any
) -> GetPydanticSchema:
    """Metadata for a type that `check` alone decides on: pydantic's own leniency (floats, timestamps) stays out."""
    return GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(check, serialization=written),
        lambda _schema, _handler: dict(json_schema),
    )


def _decimal(value: Any, spelling: re.Pattern[str], digits: int, rule: str, largest: int = LARGEST_AMOUNT) -> Decimal:
    """The exact decimal that a JSON string or number spells, at most `largest` and not negative."""
    if type(value) is str:
        if spelling.fullmatch(value) is None:
            raise refusal(rule)
        number = Decimal(value)
    elif type(value) is int or type(value) is Decimal:
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -digits:
            raise refusal(rule)
    else:
        # A float is refused too: it has already lost what was written.
        raise refusal(rule)
    if not 0 <= number <= largest:
        raise refusal(f"must be between 0 and {largest}")
    return number


def _money(value: Any) -> Decimal:
    if type(value) is str and value[-3:-2] == "." and len(value) < 16 and _MONEY.fullmatch(value):
        # As most senders write it: nothing is left to check or to round.
        return Decimal(value)
    rule = 'must be an amount in yuan, not negative, with at most two decimals, such as "120000000.00"'
    return abs(_decimal(value, _MONEY, 2, rule)).quantize(_CENT)


def _number(value: Any) -> Decimal:
    number = abs(
        _decimal(value, _NUMBER, 10, 'must be a number, not negative, with at most ten decimals, such as "12.5"')
    )
    return number.quantize(_ONE) if number == number.to_integral_value() else number.normalize()


def _positive(value: Any) -> Decimal:
    number = _number(value)
    if not number:
        raise refusal("must be more than 0")
    return number


def _share(value: Any) -> Decimal:
    return _positive(_decimal(value, _SHARE, 2, 'must be a percentage with at most two decimals, such as "33.33"', 100))


def _day(value: Any) -> date:
    if type(value) is str:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise refusal("must be a date that exists, as YYYY-MM-DD") from None
        # Python reads week dates and unseparated digits as well.
        if day.isoformat() != value:
            raise refusal("must be a date as YYYY-MM-DD")
    elif isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        raise refusal("must be a date as YYYY-MM-DD, in a string")
    if not EARLIEST <= day <= LATEST:
        raise refusal(f"must be between {EARLIEST} and {LATEST}")
    return day


def _place(value: Any) -> str:
    if type(value) is str and is_place(value):
        return value
    raise refusal("must be a GB/T 2260 code of six digits, or an ISO 3166-1 alpha-2 code for a place abroad (not CN)")


def _credit_code(value: Any) -> str:
    if type(value) is str and _CREDIT_CODE.fullmatch(value) and credit_code.is_valid(value):
        return value
    raise refusal("must be a unified social credit code of 18 characters with a right check digit (GB 32100)")


def _sha256(value: Any) -> str:
    if type(value) is str and re.fullmatch("[0-9A-Fa-f]{64}", value):
        return value.lower()
    raise refusal("must be a SHA-256 as 64 hexadecimal digits")


def is_event_id(value: Any) -> bool:
    """Text of 1 to 128 printable characters, without a space at either end."""
    return type(value) is str and 0 < len(value) <= 128 and value.isprintable() and value.strip() == value


def _event_id(value: Any) -> str:
    if is_event_id(value):
        return str(value)
    raise refusal("must be the id of an event: 1 to 128 printable characters, without a space at either end")


def _shaped(pattern: str, rule: str) -> GetPydanticSchema:
    shape = re.compile(pattern)

    def check(value: Any) -> str:
        if type(value) is str and shape.fullmatch(value):
            return value
        raise refusal(rule)

    return _checked(check, type="string", pattern=f"^{pattern}$")


def _spelled(
    check: Callable[[Any], Decimal], spelling: re.Pattern[str], limits: dict[str, Any], description: str
) -> GetPydanticSchema:
    """Metadata for a decimal that may be a string of this spelling or a JSON number within these limits."""
    as_text, as_number = {"type": "string", "pattern": f"^{spelling.pattern}$"}, {"type": "number", **limits}
    written = core_schema.format_ser_schema("f", when_used="json")
    return _checked(check, written, anyOf=[as_text, as_number], description=description)


_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
_NO_CONTROLS_BUT_BREAKS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

Day = Annotated[date, _checked(_day, core_schema.to_string_ser_schema(when_used="json"), type="string", format="date")]
"""A business date, Asia/Shanghai."""

Money = Annotated[
    Decimal,
    _spelled(
        _money,
        _MONEY,
        {"minimum": 0, "maximum": LARGEST_AMOUNT},
        description="CNY, at most two decimals; better a string, for many writers of JSON round numbers",
    ),
]
"""CNY from 0 to 10^15, kept with exactly two decimals."""

Number = Annotated[
    Decimal,
    _spelled(_number, _NUMBER, {"minimum": 0, "maximum": LARGEST_AMOUNT}, description="at most ten decimals"),
]
"""A decimal from 0 to 10^15, kept without trailing zeros."""

PositiveNumber = Annotated[
    Decimal,
    _spelled(
        _positive,
        _NUMBER,
        {"exclusiveMinimum": 0, "maximum": LARGEST_AMOUNT},
        description="more than 0, at most ten decimals",
    ),
]
"""A decimal above 0, kept without trailing zeros."""

Share = Annotated[
    Decimal,
    _spelled(
        _share,
        _SHARE,
        {"exclusiveMinimum": 0, "maximum": 100},
        description="percent, above 0 and at most 100, at most two decimals",
    ),
]
"""A percentage above 0 and at most 100, kept without trailing zeros."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_NO_CONTROLS)]
"""A short word or key: a cluster, a kind of evidence, the id of an issue."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS)]
"""A name or a reference, on one line."""

Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=_NO_CONTROLS_BUT_BREAKS)
]
"""Text in sentences; may have line breaks and tabs."""

Lines = Annotated[tuple[Line, ...], Field(max_length=200, fail_fast=True)]
"""Names, in the order given."""

Place = Annotated[
    str, _checked(_place, type="string", pattern="^([0-9]{6}|[A-Z]{2})$", description="GB/T 2260 or ISO 3166-1")
]
"""A GB/T 2260 code, or ISO 3166-1 alpha-2 abroad."""

CreditCode = Annotated[
    str, _checked(_credit_code, type="string", pattern=f"^{_CREDIT_CODE.pattern}$", description="GB 32100")
]
"""A unified social credit code (统一社会信用代码)."""

Sha256 = Annotated[str, _checked(_sha256, type="string", pattern="^[0-9A-Fa-f]{64}$")]
"""The SHA-256 of a document, kept in small letters."""

Industry = Annotated[
    str,
    _shaped(
        "([A-T]([0-9]{2,4})?|[0-9]{2,4})",
        "must be a GB/T 4754 code: a letter A to T, two to four digits, or the letter followed by those digits",
    ),
]
"""A GB/T 4754 code: `C`, `38`, `384`, `3841` or `C3841`."""

Currency = Annotated[str, _shaped("[A-Z]{3}", 'must be an ISO 4217 code of three capital letters, such as "USD"')]
"""The currency of an original amount."""

EventId = Annotated[str, _checked(_event_id, type="string", minLength=1, maxLength=128)]
"""The id of an event of the same source."""

SubjectId = Annotated[
    str, _shaped("[A-Za-z0-9_-]{1,64}", "must be an id of at most 64 letters, digits, - and _ (A-Z a-z 0-9 _ -)")
]
"""The id of a project, as in the bus subject."""

IndicatorCode = Annotated[
    str, _shaped("[a-z0-9-]{1,64}", "must be the code of an indicator: at most 64 small letters, digits and -")
]
"""The code of an indicator, such as `funds-arrived`."""
