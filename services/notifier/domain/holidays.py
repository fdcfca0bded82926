"""The working calendar that the State Council published (放假调休), year by year, as data.

A day that differs from Monday to Friday is either a weekday on which nobody works, or a weekend day worked in its
stead. Seeded from the library `chinesecalendar`, and held to it by a test. A year is added here, or in the policy file,
once its notice is out, usually in November of the year before.
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


def _days(table: Mapping[int, str]) -> Iterator[date]:
    for year, days in table.items():
        for day in days.split():
            yield date(year, int(day[:2]), int(day[2:]))


YEARS: Final = frozenset(_OFF)
OFF: Final = frozenset(_days(_OFF))
WORKED: Final = frozenset(_days(_WORKED))


def with_overrides(
    years: Iterable[int], off: Iterable[date], worked: Iterable[date]
) -> tuple[frozenset[date], frozenset[date], frozenset[int]]:
    """Weekdays off, weekend days worked, and the years for which that is known, with a district's own days on top."""
    off, worked = frozenset(off), frozenset(worked)
    return (OFF - worked) | off, (WORKED - off) | worked, YEARS | frozenset(years)
