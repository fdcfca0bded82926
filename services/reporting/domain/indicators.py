"""What an indicator is: a definition as data, checked when it is read."""

import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.places import Tier

Kind = Literal["contract", "framework", "supplement"]
PlatformLevel = Literal["national", "provincial", "municipal", "district"]
Nature = Literal["fixed-assets", "working-capital", "registered-capital", "other"]
Measure = Literal["sum", "projects"]
MoneyUnit = Literal["亿元", "万元", "元"]
Unit = Literal["亿元", "万元", "元", "个"]
Light = Literal["green", "yellow", "red"]

YUAN_IN: dict[Unit, int] = {"亿元": 100_000_000, "万元": 10_000, "元": 1}

# What a fact of each event carries, and so what an indicator over it may ask.
_CARRIES = {
    "funds-arrived": {"amount", "tiers", "natures"},
    "signed": {"amount", "kinds", "platform_levels"},
}
Event = Literal[
    "registered",
    "claimed",
    "intent-signed",
    "signed",
    "site-fixed",
    "planned",
    "started",
    "completed",
    "commissioned",
    "at-capacity",
    "suspended",
    "resumed",
    "terminated",
    "funds-arrived",
]


class DefinitionsError(Exception):
    """The indicators' file cannot be used; the message has one line for each mistake, naming its place and key."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Candidates(_Strict):
    """The facts that an indicator looks at; `first_of_project` leaves each project its earliest one of any year."""

    event: Event
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    first_of_project: bool = False


class Filter(_Strict):
    """What a fact must be to count; a rule not given lets every fact pass. `minimum` is inclusive, in yuan."""

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] | None = None
    natures: Annotated[tuple[Nature, ...], Field(min_length=1)] | None = None
    platform_levels: Annotated[tuple[PlatformLevel, ...], Field(min_length=1)] | None = None
    minimum: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = None


class Rounding(_Strict):
    """How the figure is printed, in the indicator's unit."""

    mode: Literal["half-up"]
    decimals: Annotated[int, Field(ge=0, le=6)]


class LightRule(_Strict):
    """Green from `green_from` points up, yellow from `yellow_from` up, red below: every figure has one light."""

    by: Literal["lead-points"]
    green_from: Annotated[Decimal, Field(allow_inf_nan=False)]
    yellow_from: Annotated[Decimal, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _descending(self) -> Self:
        if self.yellow_from > self.green_from:
            raise ValueError(f"yellow_from {self.yellow_from} lies above green_from {self.green_from}")
        return self

    def judge(self, lead_points: Decimal) -> Light:
        """The light of a lead over the time line, in percentage points."""
        if lead_points >= self.green_from:
            return "green"
        return "yellow" if lead_points >= self.yellow_from else "red"


class Indicator(_Strict):
    """One indicator: which facts count, what is measured, and how it is printed and judged."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,48}$")]
    title: Annotated[str, Field(min_length=1)]
    fact: Candidates
    filter: Filter = Filter()
    measure: Measure
    unit: Unit
    rounding: Rounding
    light: LightRule

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.measure == "sum") != (self.unit in YUAN_IN):
            raise ValueError(f"measure '{self.measure}' cannot be counted in {self.unit}")
        asked = {name for name in ("tiers", "natures", "platform_levels") if getattr(self.filter, name) is not None}
        asked |= {"kinds"} if self.fact.kinds is not None else set()
        asked |= {"amount"} if self.measure == "sum" or self.filter.minimum is not None else set()
        lacking = sorted(asked - _CARRIES.get(self.fact.event, set()))
        if lacking:
            raise ValueError(f"event '{self.fact.event}' carries no {', no '.join(lacking)}")
        return self


class Definitions(_Strict):
    """A version of all indicators, in the order in which they are shown."""

    definitions: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,32}$")]
    indicator: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        codes = [one.code for one in self.indicator]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"code given twice: {', '.join(twice)}")
        return self

    def find(self, code: str) -> Indicator | None:
        """The indicator of this code, or None."""
        return next((one for one in self.indicator if one.code == code), None)


def read_definitions(text: str, name: str) -> Definitions:
    """The definitions in a TOML text; `name` is how the file is called in errors. Raises DefinitionsError."""
    try:
        return Definitions.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionsError(f"{name}: {error}") from error
    except ValidationError as error:
        lines = [_sentence(text, name, mistake["loc"], mistake["msg"]) for mistake in error.errors()]
        raise DefinitionsError("\n".join(lines)) from error


def _sentence(text: str, name: str, where: Sequence[int | str], what: str) -> str:
    place = f"{name}, line {line}" if (line := _line_of(text, where)) else name
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    return f"{place}: {key + ': ' if key else ''}{what.removeprefix('Value error, ')}"


def _line_of(text: str, where: Sequence[int | str]) -> int | None:
    """The line, counted from 1, of the deepest key of `where` that the text shows; tables come before their keys."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    starts = [number for number, line in enumerate(lines) if line.strip() == "[[indicator]]"]
    at, end, found = 0, len(lines), None
    match where:
        case ["indicator", int(position), *_] if position < len(starts):
            at = found = starts[position]
            end = starts[position + 1] if position + 1 < len(starts) else end
    for key in (part for part in where if isinstance(part, str)):
        pattern = re.compile(rf"(^|[\s{{,.\[]){re.escape(key)}\s*[=.\]]")
        here = next((number for number in range(at, end) if pattern.search(lines[number])), None)
        if here is not None:
            at = found = here
    return None if found is None else found + 1
