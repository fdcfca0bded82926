"""The kinds of rules a policy may have: what each watches, with the days it takes and the ladder it climbs."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Role: TypeAlias = Literal["lead-official", "unit-contact", "unit-head", "district-head"]
RuleId: TypeAlias = Literal[
    "issue-overdue",
    "milestone-overdue",
    "pledge-overdue",
    "indicator-behind",
    "unclaimed",
    "gate-pending",
    "no-event",
    "milestone-due-soon",
    "pledge-due-soon",
]
Milestone: TypeAlias = Literal["signed", "site-fixed", "planned", "started", "completed", "commissioned"]
Days: TypeAlias = Annotated[int, Field(ge=1, le=730)]
_T = TypeVar("_T")


class Table(BaseModel):
    """A table of the file: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _some(items: tuple[_T, ...]) -> tuple[_T, ...]:
    if not items:
        raise ValueError("at least one is needed")
    return items


class Rung(Table):
    """Who is told, and how many working days they have before the next rung fires.

    `send` is how: in the morning's digest, or at once. Unless it says otherwise the first rung goes into the digest,
    where the policy has one, and the others go at once.
    """

    who: Annotated[tuple[Role, ...], AfterValidator(_some)]
    answer_within: int = Field(ge=1, le=60)
    send: Literal["digest", "at-once"] | None = None


class Rule(Table):
    """What is watched, and who hears of it in which order."""

    id: RuleId
    ladder: Annotated[tuple[Rung, ...], AfterValidator(_some)]

    def climb(self, pressing: bool) -> tuple[Rung, ...]:
        """The ladder of a case. What is pressing does not wait for a morning, unless its first rung says so."""
        first, *others = self.ladder
        at_once = pressing and first.send is None
        return (first.model_copy(update={"send": "at-once"}) if at_once else first, *others)


class Unclaimed(Rule):
    """An intention is signed, and nobody answers for the project (意向未认领)."""

    id: Literal["unclaimed"]
    working_days: Days = 5


class MilestoneDueSoon(Rule):
    """A milestone of the timetable comes near (临期提醒)."""

    id: Literal["milestone-due-soon"]
    days: Days = 7


class MilestoneOverdue(Rule):
    """A milestone's day has passed without its event (里程碑逾期).

    `default_days`: where the timetable names no day, it is so many days after the step before. `first_only`: while a
    milestone is late, those after it are not pressed: they cannot be done before it.
    """

    id: Literal["milestone-overdue"]
    first_only: bool = False
    default_days: Mapping[Milestone, Days] = Field(default_factory=dict)

    def days_after(self, milestone: str) -> int | None:
        """Days from the step before this one to its day by default."""
        return cast(Mapping[str, int], self.default_days).get(milestone)


class GatePending(Rule):
    """A review has lain too long (审查超时). `units`: who reviews at a gate, where that is not the lead unit.

    `first_working_days`: from the intention to the first review; the agreement is drafted meanwhile.
    """

    id: Literal["gate-pending"]
    working_days: Days = 10
    first_working_days: Days = 30
    units: Mapping[Literal["preliminary", "industry", "legal"], str] = Field(default_factory=dict)


class NoEvent(Rule):
    """Nothing was heard of a project (长期无进展)."""

    id: Literal["no-event"]
    days: Days = 60


class UrgencyHours(Table):
    """Hours from the raising of an issue to its end, by urgency (立即办, 加急办, 专项办)."""

    at_once: Annotated[int, Field(ge=1, le=8760, alias="at-once")] = 24
    urgent: Annotated[int, Field(ge=1, le=8760)] = 72
    special: Annotated[int, Field(ge=1, le=8760)] = 360


class IssueOverdue(Rule):
    """An issue is open longer than its own deadline, or than its urgency allows (问题超期)."""

    id: Literal["issue-overdue"]
    hours: UrgencyHours = UrgencyHours()

    def allowed(self, urgency: str | None) -> timedelta | None:
        """The time that an urgency allows, or None for one that is not known."""
        hours = {"at-once": self.hours.at_once, "urgent": self.hours.urgent, "special": self.hours.special}
        return timedelta(hours=hours[urgency]) if urgency in hours else None


class PledgeDueSoon(Rule):
    """A promise to the investor is to be kept soon (承诺临期)."""

    id: Literal["pledge-due-soon"]
    days: Days = 14


class PledgeOverdue(Rule):
    """A promise to the investor was not kept in time (承诺逾期)."""

    id: Literal["pledge-overdue"]


class IndicatorBehind(Rule):
    """A figure of the year is behind the time that has passed by more than so many points (落后序时进度).

    What is pressed is over once it is behind by `margin` points less than that: a figure that goes to and fro across
    the line is one case.
    """

    id: Literal["indicator-behind"]
    points: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(10)
    margin: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(3)


AnyRule: TypeAlias = Annotated[
    Unclaimed
    | MilestoneDueSoon
    | MilestoneOverdue
    | GatePending
    | NoEvent
    | IssueOverdue
    | PledgeDueSoon
    | PledgeOverdue
    | IndicatorBehind,
    Field(discriminator="id"),
]

_KINDS: tuple[type[Rule], ...] = (
    *(Unclaimed, MilestoneDueSoon, MilestoneOverdue, GatePending, NoEvent),
    *(IssueOverdue, PledgeDueSoon, PledgeOverdue, IndicatorBehind),
)


def parameters_of(rule_id: str) -> list[str]:
    """The keys that a rule of this name may have, in the order of the file."""
    return next((list(kind.model_fields) for kind in _KINDS if _id_of(kind) == rule_id), [])


def _id_of(kind: type[Rule]) -> Any:
    return kind.model_fields["id"].annotation.__args__[0]  # type: ignore[union-attr] # a Literal has its values there
