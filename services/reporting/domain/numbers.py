"""Rounding, once and half up (四舍五入), from exact values."""

from decimal import Decimal
from fractions import Fraction


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Round half up (half away from zero, 四舍五入), once, from the exact value; zero has no sign."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def percent(share: Fraction, decimals: int) -> Decimal:
    """A share as a percentage, rounded half up."""
    return rounded(share * 100, decimals)


def plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent: 105 for 105.00."""
    return Decimal(format(number.normalize(), "f"))
