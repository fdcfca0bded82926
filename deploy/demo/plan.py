"""What a simulated year shall come to: the only place where its totals and sizes are written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

WAN: Final = 10_000
YI_IN_WAN: Final = 10_000
MAJOR: Final = 5 * YI_IN_WAN


def _demo_targets() -> Mapping[str, str]:
    return MappingProxyType(
        {"funds-arrived": "105", "funds-outside-province": "68", "signed-major": "10", "platform-signings": "130"}
    )


@dataclass(frozen=True, slots=True)
class YearPlan:
    """The totals through the day `settled` (month, day), and how many projects carry them.

    Amounts are in 万元 (10,000 yuan). After the settled day the year goes on at a similar pace, with no total set.
    The flagship is the province's own fair, where `flagship_signings` of the `platform_signings` are signed. Two of
    the `signed_major` projects are signed away from provincial platforms, the others on them.
    """

    settled: tuple[int, int] = (8, 31)
    funds_arrived: int = 848_000
    funds_outside_province: int = 554_000
    signed_major: int = 10
    platform_signings: int = 18
    platform_amount: int = 1_528_000
    flagship_signings: int = 11
    flagship_amount: int = 873_000
    targets: Mapping[str, str] = field(default_factory=_demo_targets)
    carried_over: int = 22
    signed_elsewhere: int = 12
    signed_later: int = 10
    negotiating: int = 16
    trips: int = 43
    trips_later: int = 12

    def __post_init__(self) -> None:
        """Refuse totals that contradict each other.

        Raises:
            ValueError: with a sentence that names the contradiction.
        """
        if not 0 <= self.funds_outside_province <= self.funds_arrived:
            raise ValueError("funds from outside the province are a part of all funds: they cannot exceed them")
        if not 0 <= self.flagship_signings <= self.platform_signings or self.flagship_amount > self.platform_amount:
            raise ValueError("the flagship's signings are a part of the platforms': they cannot exceed them")
        if not 2 <= self.signed_major <= self.platform_signings + 2:
            raise ValueError("signed_major must lie between 2 and platform_signings + 2")

    def settled_on(self, year: int) -> date:
        """The last day through which the totals hold."""
        return date(year, *self.settled)


DEMO: Final = YearPlan()
