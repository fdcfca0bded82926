"""What may have gone wrong in a claim that does not add up: each slip is one change that would make it right."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Reading
from services.reporting.domain.progress import rounded

_MONTHS = 12
_MOST = 6


_Variants = Callable[[Quantity], Iterator[tuple["SlipCode", Quantity]]]


class SlipCode(StrEnum):
    """The kinds of slips, as programs read them."""

    TRUNCATED = "truncated"
    DIGITS_SWAPPED = "digits-swapped"
    DIGIT_DOUBLED = "digit-doubled"
    DIGIT_DROPPED = "digit-dropped"
    UNIT = "unit"
    DIGIT_WRONG = "digit-wrong"
    DECIMAL_POINT = "decimal-point"
    OTHER_TARGET = "other-target"
    OTHER_MONTH = "other-month"
    LEFT_OUT = "left-out"
    WRONG_NEIGHBOUR = "wrong-neighbour"
    RESTS_ON_ROUNDING = "rests-on-rounding"


@dataclass(frozen=True, slots=True)
class Slip:
    """A figure as printed and what it perhaps should be, both with their units; `printed_at` is its place."""

    code: SlipCode
    printed: str
    perhaps: str
    printed_at: tuple[int, int] | None = None


def slips(candidate: Candidate, reading: Reading) -> tuple[Slip, ...]:
    """The likely slips, the likeliest first; none when no single change makes the claim right."""
    if candidate.kind is ClaimKind.PART:  # many figures would make it small enough
        return ()
    found = [
        *_truncated(candidate, reading),
        *_left_out(candidate, reading),
        *_mistaken(candidate, reading),
    ]
    misprints = list(_misprinted(candidate, reading, _variants))
    if not found and not misprints:
        misprints = _wrong_digits(candidate, reading)
    found += [*misprints, *_misprinted(candidate, reading, _shifted)]
    return tuple(dict.fromkeys(found))[:_MOST]


def shown(one: Quantity) -> str:
    """A figure with its unit, as it is printed."""
    return f"{one.digits}{one.unit}"


def _truncated(candidate: Candidate, reading: Reading) -> Iterator[Slip]:
    result, exact = candidate.result, reading.exact
    if exact is None or result.kind is Kind.COUNT:
        return
    cut = (exact.middle / result.step).__floor__() * result.step
    if cut == result.value and exact.middle > 0:
        should = rounded(exact.middle / result.scale, result.decimals)
        yield Slip(SlipCode.TRUNCATED, shown(result), f"{should}{result.unit}", (result.start, result.end))


def _left_out(candidate: Candidate, reading: Reading) -> Iterator[Slip]:
    for one in reading.printed:
        if _is_left_out(candidate, reading, one):
            yield Slip(SlipCode.LEFT_OUT, shown(one), shown(candidate.result), (one.start, one.end))


def _is_left_out(candidate: Candidate, reading: Reading, part: Quantity) -> bool:
    rest = reading.compute(part, Interval.exactly(0)) if candidate.kind is ClaimKind.SUM else None
    return rest is not None and rest.meets(candidate.result.possible)


def _wrong_digits(candidate: Candidate, reading: Reading) -> list[Slip]:
    """Any figure may have a wrong digit; a sum's parts as well as the sum, but elsewhere rather the result."""
    found = list(_misprinted(candidate, reading, _other_digits))
    result = (candidate.result.start, candidate.result.end)
    own = [one for one in found if one.printed_at == result and candidate.kind is not ClaimKind.SUM]
    return own or found


def _misprinted(candidate: Candidate, reading: Reading, variants: _Variants) -> Iterator[Slip]:
    target = candidate.result.possible
    for one in reading.printed:
        # A part that was left out fits as well with any unit that makes it next to nothing.
        for code, perhaps in () if _is_left_out(candidate, reading, one) else variants(one):
            given = reading.given(one, Interval.exactly(perhaps.value)).exact
            if given is not None and given.meets(target):
                yield Slip(code, shown(one), shown(perhaps), (one.start, one.end))
    given = reading.exact
    for code, perhaps in variants(candidate.result):
        if given is not None and given.meets(perhaps.possible):
            printed = candidate.result
            yield Slip(code, shown(printed), shown(perhaps), (printed.start, printed.end))


def _mistaken(candidate: Candidate, reading: Reading) -> Iterator[Slip]:
    if candidate.kind is ClaimKind.COMPLETION and len(reading.printed) > 1:
        asked = reading.printed[-1]
        for value, other in {one.value: one for one in candidate.targets if one.dimension == asked.dimension}.items():
            given = reading.compute(asked, other.possible)
            if value != asked.value and given is not None and given.meets(candidate.result.possible):
                yield Slip(SlipCode.OTHER_TARGET, shown(asked), shown(other), (asked.start, asked.end))
    if candidate.kind is ClaimKind.LEAD:
        yield from _other_months(candidate, reading)


def _other_months(candidate: Candidate, reading: Reading) -> Iterator[Slip]:
    lines = [one for one in reading.inputs if isinstance(one, Interval)]
    for month in range(1, _MONTHS + 1):
        elapsed = Interval.exactly(Fraction(100 * month, _MONTHS))
        given = reading.formula([elapsed if isinstance(one, Interval) else one.possible for one in reading.inputs])
        if lines and given is not None and given.meets(candidate.result.possible):
            here = f"{rounded(lines[0].middle, 2)}%"
            yield Slip(SlipCode.OTHER_MONTH, here, f"{rounded(elapsed.middle, 2)}%")


def _variants(one: Quantity) -> Iterator[tuple[SlipCode, Quantity]]:
    """What the figure would be with two digits swapped, a digit more or less, or another unit."""
    if not one.digits.isascii():
        return
    digits = one.digits
    places = [place for place, character in enumerate(digits) if character.isdigit()]
    for left, right in [*pairwise(places), *zip(places, places[2:], strict=False)]:
        if digits[left] != digits[right]:
            changed = list(digits)
            changed[left], changed[right] = changed[right], changed[left]
            yield from _with(one, SlipCode.DIGITS_SWAPPED, "".join(changed))
    for left, right in pairwise(places):
        if digits[left] == digits[right]:
            yield from _with(one, SlipCode.DIGIT_DOUBLED, digits[:right] + digits[right + 1 :])
    for place in places:
        yield from _with(one, SlipCode.DIGIT_DROPPED, digits[:place] + digits[place] + digits[place:])
    for unit, scale in {"亿元": 10**8, "万元": 10**4, "元": 1}.items() if one.kind is Kind.MONEY else ():
        if unit != one.unit:
            yield SlipCode.UNIT, replace(one, unit=unit, scale=scale)


def _other_digits(one: Quantity) -> Iterator[tuple[SlipCode, Quantity]]:
    """What the figure would be with one digit mistyped; nothing for a single digit, for that says nothing."""
    places = [place for place, character in enumerate(one.digits) if character.isdigit()]
    for place in places if len(places) > 1 and one.digits.isascii() else ():
        for digit in "1234567890" if place else "123456789":
            if digit != one.digits[place]:
                yield from _with(one, SlipCode.DIGIT_WRONG, one.digits[:place] + digit + one.digits[place + 1 :])


def _shifted(one: Quantity) -> Iterator[tuple[SlipCode, Quantity]]:
    """What the figure would be with its point elsewhere."""
    for power in (1, -1, 2, -2) if one.kind is not Kind.COUNT and one.digits.isascii() else ():
        yield SlipCode.DECIMAL_POINT, _scaled(one, power)


def _with(one: Quantity, code: SlipCode, digits: str) -> Iterator[tuple[SlipCode, Quantity]]:
    plain = digits.replace(",", "")
    if not plain.endswith(".") and (plain[:1] != "0" or plain[1:2] == "."):
        yield code, replace(one, digits=plain, number=Decimal(plain))


def _scaled(one: Quantity, power: int) -> Quantity:
    number = one.number.scaleb(power)
    number = number.quantize(Decimal(1)) if int(number.as_tuple().exponent) > 0 else number
    return replace(one, digits=format(number, "f"), number=number)
