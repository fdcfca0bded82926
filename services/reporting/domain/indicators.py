"""What an indicator is: a definition as data, checked when it is read."""

import tomllib
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from services.reporting.domain.lights import Light, LightRule
from services.reporting.domain.misprints import sentence
from services.reporting.domain.ratios import Ratio
from services.reporting.domain.rules import (
    CALENDAR,
    YEAR_BEGINS,
    Candidates,
    Filter,
    Joint,
    Printing,
    Strict,
    Weights,
    counting,
    key,
    lacking,
)

__all__ = ["YUAN_IN", "Definitions", "DefinitionsError", "Indicator", "Light", "LightRule", "Unit", "read_definitions"]

Measure = Literal["sum", "projects", "facts"]
Unit = Literal["亿元", "万元", "元", "个", "家", "笔", "次"]

YUAN_IN: dict[Unit, int] = {"亿元": 100_000_000, "万元": 10_000, "元": 1}


class DefinitionsError(Exception):
    """The indicators' file cannot be used; the message has one line for each mistake, naming its place and key."""


class Indicator(Strict):
    """One indicator: which facts count, what is measured, and how it is printed and judged.

    `names` are what reports call it beside its title; a check of a report knows it by them.
    `year_begins`, month and first day, is for a year other than the calendar's; the year has the name of the calendar
    year in which it ends: of 1 December to 30 November, 2026 begins on 2025-12-01. `joint` says what
    counts of an amount that is of several districts; `weights` counts a part only, of that, of the funds of a nature.
    """

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    title: Annotated[str, Field(min_length=1)]
    names: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    fact: Candidates
    filter: Filter = Filter()
    measure: Measure
    joint: Joint = "share"
    weights: Weights | None = Field(None, examples=[{"working-capital": "0.3"}])
    unit: Unit
    rounding: Printing
    light: LightRule
    year_begins: Annotated[str, Field(pattern=YEAR_BEGINS)] = CALENDAR

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.measure == "sum") != (self.unit in YUAN_IN):
            raise ValueError(f"measure '{self.measure}' cannot be counted in {self.unit}")
        asked = ({"joint", "weights"} & self.model_fields_set) | ({"amount"} if self.measure == "sum" else set())
        if absent := lacking(self.fact, self.filter, asked):
            raise ValueError(f"event '{self.fact.event}' carries no {', no '.join(absent)}")
        return self

    def rule(self) -> dict[str, Any]:
        """Which facts count, as reporting.counted takes it."""
        return counting(self.fact, self.filter, self.weights, self.joint, self.year_begins)

    def key(self) -> str:
        """The name of that rule in the tables."""
        return key(self.rule())


class Definitions(Strict):
    """A version of all indicators and rates, in the order in which they are shown."""

    definitions: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,32}$")]
    indicator: Annotated[tuple[Indicator, ...], Field(min_length=1)]
    ratio: tuple[Ratio, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        codes = [one.code for one in self.indicator] + [one.code for one in self.ratio]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"code given twice: {', '.join(twice)}")
        return self

    @property
    def year_begins(self) -> str:
        """How the year of all indicators begins; as the calendar's where they differ."""
        begins = {one.year_begins for one in self.indicator}
        return begins.pop() if len(begins) == 1 else CALENDAR

    @property
    def earliest_beginning(self) -> str:
        """The earliest beginning of a year among the indicators and rates."""
        begins = {one.year_begins for one in self.indicator} | {one.year_begins for one in self.ratio}
        # Of 12-01 and 09-01, both in the year before, September comes first; 01-01 is the latest of all.
        return min(begins, key=lambda one: (one == CALENDAR, one))

    def find(self, code: str) -> Indicator | None:
        """The indicator of this code, or None."""
        return next((one for one in self.indicator if one.code == code), None)


def read_definitions(text: str, name: str) -> Definitions:
    """The definitions in a TOML text; `name` is how the file is called in errors. Raises DefinitionsError."""
    try:
        # A decimal written without quotes is taken digit by digit, not through a float.
        return Definitions.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionsError(f"{name}: {error}") from error
    except ValidationError as error:
        lines = [sentence(text, name, mistake["loc"], mistake["msg"]) for mistake in error.errors()]
        raise DefinitionsError("\n".join(lines)) from error
