"""Green, yellow, red: a rule as data that gives every figure exactly one light."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from services.reporting.domain.rules import Strict

Light = Literal["green", "yellow", "red"]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]


class Band(Strict):
    """The values that have one light: from `from` up, that one included, to `below`, that one not."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    start: Number | None = Field(None, alias="from")
    below: Number | None = None

    def __contains__(self, value: Decimal) -> bool:
        return (self.start is None or value >= self.start) and (self.below is None or value < self.below)


class LightRule(Strict):
    """Which light a figure has, by its lead in points (欠进度) or by how much of the time line it has reached, in %.

    Places publish both kinds, and they differ: 30 points behind a line of 50 % is 60 % below it. Every value has one
    light: a gap or an overlap between two bands is an error.
    """

    by: Literal["lead-points", "percent-of-line"]
    green: Band
    yellow: Band
    red: Band

    @model_validator(mode="after")
    def _total(self) -> Self:
        for sentence in self._faults():
            raise ValueError(sentence)
        return self

    def judge(self, value: Decimal) -> Light:
        """The light of a value in the rule's own measure."""
        return next(light for light, band in self.bands() if value in band)

    def bands(self) -> list[tuple[Light, Band]]:
        """The bands, the best light first."""
        return [("green", self.green), ("yellow", self.yellow), ("red", self.red)]

    def _faults(self) -> Iterator[str]:
        ordered = sorted(self.bands(), key=lambda one: (one[1].start is not None, one[1].start or 0))
        for light, band in ordered:
            if band.start is not None and band.below is not None and band.start >= band.below:
                yield f"{light} is empty: from {band.start}, below {band.below}"
        (lowest, first), (highest, last) = ordered[0], ordered[-1]
        if first.start is not None:
            yield f"no light below {first.start}, where {lowest} begins"
        for (under, lower), (over, upper) in pairwise(ordered):
            if lower.below is None or upper.start is None or upper.start < lower.below:
                yield f"{under} and {over} overlap"
            elif upper.start > lower.below:
                yield f"no light from {lower.below} to {upper.start}, between {under} and {over}"
        if last.below is not None:
            yield f"no light from {last.below} up, where {highest} ends"
