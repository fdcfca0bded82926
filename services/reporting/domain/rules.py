"""Which facts count: the part of a definition that the database applies, as data."""

import hashlib
import json
from collections.abc import Set
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.places import Tier

Kind = Literal["contract", "framework", "supplement"]
PlatformLevel = Literal["national", "provincial", "municipal", "district"]
Nature = Literal["fixed-assets", "working-capital", "registered-capital", "other"]
Channel = Literal["fixed-point", "targeted", "directional", "agent", "commissioned", "enterprise", "own"]
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

# What a fact of each event carries, and so what a definition over it may ask.
CARRIES: dict[Event, set[str]] = {
    "funds-arrived": {"amount", "tiers", "natures", "weights", "joint"},
    "signed": {"amount", "kinds", "platform_levels", "joint"},
}
_OF_THE_FACT = ("tiers", "natures", "platform_levels")

YEAR_BEGINS = r"^(0[1-9]|1[0-2])-01$"
CALENDAR = "01-01"

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Strict(BaseModel):
    """A part of a definition: nothing in it is passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Candidates(Strict):
    """The facts that an indicator looks at; `first_of_project` leaves each project its earliest one of any year."""

    event: Event
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = None
    first_of_project: bool = False


class Filter(Strict):
    """What a fact must be to count; a rule not given lets every fact pass.

    `minimum` is inclusive and `below` is not, both in yuan. `clusters`, `industries` (GB/T 4754, also the beginning of
    a code) and `channels` are those of the project, as registered last. Carried over is a fact of a project that signed
    its first contract in an earlier year than the fact's; every other fact is one of a new project.
    """

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] | None = None
    natures: Annotated[tuple[Nature, ...], Field(min_length=1)] | None = Field(None, examples=[["fixed-assets"]])
    platform_levels: Annotated[tuple[PlatformLevel, ...], Field(min_length=1)] | None = None
    minimum: Amount | None = None
    below: Amount | None = Field(None, examples=["500000000.00"])
    clusters: Annotated[tuple[Name, ...], Field(min_length=1)] | None = Field(None, examples=[["智能装备"]])
    industries: (
        Annotated[
            tuple[Annotated[str, StringConstraints(pattern=r"^[A-T][0-9]{0,4}$")], ...],
            Field(min_length=1),
        ]
        | None
    ) = Field(None, examples=[["C39", "I"]])
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = Field(None, examples=[["agent"]])
    projects: Literal["new", "carried-over"] | None = Field(None, examples=["new"])


# Of a joint project's amounts: this district's share, to the cent half up, or the whole.
Joint = Literal["share", "whole"]

Weights = dict[Nature, Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]]


class Rounding(Strict):
    """How a figure is printed, in its unit."""

    mode: Literal["half-up"]
    decimals: Annotated[int, Field(ge=0, le=6)]


class Printing(Rounding):
    """How an indicator is printed: the figure in its unit, and the percentages and points that it comes to."""

    percent_decimals: Annotated[int, Field(ge=0, le=6)] = 1


def lacking(fact: Candidates, fits: Filter, also: Set[str] = frozenset()) -> list[str]:
    """What a definition asks of its facts, `also` included, that they do not carry, in order."""
    asked = also | {name for name in _OF_THE_FACT if getattr(fits, name) is not None}
    asked |= {"kinds"} if fact.kinds is not None else set()
    asked |= {"amount"} if fits.minimum is not None or fits.below is not None else set()
    return sorted(asked - CARRIES.get(fact.event, set()))


def counting(fact: Candidates, fits: Filter, weights: Weights | None, joint: Joint, year_begins: str) -> dict[str, Any]:
    """A definition as reporting.counted takes it: JSON types, nothing that does not change what counts."""
    said = fact.model_dump(mode="json") | fits.model_dump(mode="json")
    said["joint"] = None if joint == "share" else joint
    said["weights"] = {nature: str(weight) for nature, weight in weights.items()} if weights else None
    return {key: value for key, value in said.items() if value} | {"year_begins": year_begins}


def key(rule: dict[str, Any]) -> str:
    """One rule's name in the tables: two definitions that count alike have the same."""
    return hashlib.sha256(json.dumps(rule, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
