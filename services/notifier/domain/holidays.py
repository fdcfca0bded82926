"""The working calendar that the State Council published (放假调休), year by year, as data.

A day that differs from Monday to Friday is either a weekday on which nobody works, or a weekend day worked in its
stead. Seeded from the library `chinesecalendar`, and held to it by a test. A year is added here, or in the policy file,
once its notice is out, usually in November of the year before. Until then only the days are off that the law itself
names (全国年节及纪念日放假办法).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

_OFF: Final[Mapping[int, str]] = {
    2024: "0101 0212 0213 0214 0215 0216 0404 0405 0501 0502 0503 0610 0916 0917 1001 1002 1003 1004 1007",
    2025: "0101 0128 0129 0130 0131 0203 0204 0404 0501 0502 0505 0602 1001 1002 1003 1006 1007 1008",
    2026: "0101 0102 0216 0217 0218 0219 0220 0223 0406 0501 0504 0505 0619 0925 1001 1002 1005 1006 1007",
}
_WORKED: Final[Mapping[int, str]] = {
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}
# By law, in every year, and by the moon: New Year's Eve to the third day, Qingming, Dragon Boat and Mid-Autumn.
_EVERY_YEAR: Final = "0101 0501 0502 1001 1002 1003"
_BY_THE_MOON: Final[Mapping[int, str]] = {
    2025: "0128 0129 0130 0131 0404 0531 1006",
    2026: "0216 0217 0218 0219 0405 0619 0925",
    2027: "0205 0206 0207 0208 0405 0609 0915",
    2028: "0125 0126 0127 0128 0404 0528 1003",
    2029: "0212 0213 0214 0215 0404 0616 0922",
    2030: "0202 0203 0204 0205 0405 0605 0912",
    2031: "0122 0123 0124 0125 0405 0624 1001",
    2032: "0210 0211 0212 0213 0404 0612 0919",
}


def _days(table: Mapping[int, str]) -> Iterator[date]:
    for year, days in table.items():
        for day in days.split():
            yield date(year, int(day[:2]), int(day[2:]))


def days_by_law(year: int) -> Iterator[date]:
    """The holidays of a year that need no notice; those by the moon as far as they are known here."""
    return _days({year: f"{_EVERY_YEAR} {_BY_THE_MOON.get(year, '')}"})


YEARS: Final = frozenset(_OFF)
_YET_TO_COME: Final = range(max(YEARS) + 1, max(YEARS) + 21)
OFF: Final = frozenset([*_days(_OFF), *(day for year in _YET_TO_COME for day in days_by_law(year))])
WORKED: Final = frozenset(_days(_WORKED))


def with_overrides(
    years: Iterable[int], off: Iterable[date], worked: Iterable[date]
) -> tuple[frozenset[date], frozenset[date], frozenset[int]]:
    """Weekdays off, weekend days worked, and the years for which that is known, with a district's own days on top."""
    off, worked = frozenset(off), frozenset(worked)
    return (OFF - worked) | off, (WORKED - off) | worked, YEARS | frozenset(years)
