"""Reads numerals as Chinese prose writes them: 1,234.5 and １２３ (folded before), 一百二十, 两千零六."""

from decimal import Decimal

ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,8})?(?![\d,.]*\d)|\d{1,15}(?:\.\d{1,8})?(?![\d]))"
CHINESE = "[零〇一二两三四五六七八九十百千]{2,12}|十"

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}


def arabic(text: str) -> Decimal:
    """The value of what `ARABIC` matched."""
    return Decimal(text.replace(",", ""))


def whole(text: str) -> int:
    """The value of a short numeral in either manner, of digits only; 0 when the characters are none."""
    return int(text) if text.isdigit() else chinese(text) or 0


def chinese(text: str) -> int | None:
    """The value of a numeral below ten thousand; None when the characters are none."""
    total, digit, smallest = 0, None, 10_000
    for character in text:
        if (place := _PLACES.get(character)) is None:
            if digit not in {None, 0}:
                return None
            digit = _DIGITS[character]
        elif place >= smallest:
            return None
        else:
            total, digit, smallest = total + (digit or (1 if digit is None else 0)) * place, None, place
    return total + (digit or 0)
