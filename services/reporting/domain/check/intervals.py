"""What a printed figure may have been before it was rounded, and what can be computed from such figures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`; an end that is not `closed` is left out."""

    low: Fraction
    high: Fraction
    closed: tuple[bool, bool] = (True, True)

    @classmethod
    def exactly(cls, value: Fraction | int) -> Interval:
        """One number."""
        return cls(Fraction(value), Fraction(value))

    @classmethod
    def rounding_to(cls, value: Fraction, step: Fraction) -> Interval:
        """Every number that is printed as `value` in steps of `step`, rounded half up (四舍五入)."""
        return cls(value - step / 2, value + step / 2, (value >= 0, value < 0))

    @property
    def middle(self) -> Fraction:
        return (self.low + self.high) / 2

    def meets(self, other: Interval) -> bool:
        """Whether some number lies in both."""
        return _before(self, other) and _before(other, self)

    def __add__(self, other: Interval) -> Interval:
        both = (self.closed[0] and other.closed[0], self.closed[1] and other.closed[1])
        return Interval(self.low + other.low, self.high + other.high, both)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, (self.closed[1], self.closed[0]))

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, factor: int) -> Interval:
        return Interval(self.low * factor, self.high * factor, self.closed)

    def over(self, other: Interval) -> Interval | None:
        """The quotients; None unless this one is not negative and the other positive."""
        if other.low <= 0 or self.low < 0:
            return None
        ends = (self.closed[0] and other.closed[1], self.closed[1] and other.closed[0])
        return Interval(self.low / other.high, self.high / other.low, ends)


def _before(one: Interval, other: Interval) -> bool:
    return one.low < other.high or (one.low == other.high and one.closed[0] and other.closed[1])
