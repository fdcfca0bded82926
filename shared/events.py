"""The published language: every event's data, field by field."""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from shared.fields import (
    CreditCode,
    Currency,
    Day,
    EventId,
    IndicatorCode,
    Industry,
    Label,
    Line,
    Lines,
    Money,
    Number,
    Place,
    PositiveNumber,
    Prose,
    Sha256,
    Share,
    SubjectId,
    refusal,
)

Channel = Literal["fixed-point", "targeted", "directional", "agent", "commissioned", "enterprise", "own"]
Verdict = Literal["pass", "conditional", "fail"]
Gate = Literal["preliminary", "industry", "legal"]
Outcome = Literal["passed", "returned", "rejected"]
ContractKind = Literal["contract", "framework", "supplement"]
PlatformLevel = Literal["national", "provincial", "municipal", "district"]
Nature = Literal["fixed-assets", "working-capital", "registered-capital", "other"]
Category = Literal["policy", "land", "funding", "planning", "approval", "location", "other"]
Urgency = Literal["at-once", "urgent", "special"]
Year = Annotated[int, Strict(), Field(ge=2000, le=2199)]
Rung = Annotated[int, Strict(), Field(ge=1, le=99)]


class Part(BaseModel):
    """A group of fields within an event's data."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Data(Part):
    """What every event's data has; `NAME` is the event's published name, `VERSION` that of its form."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1

    on: Day = Field(description="the date it happened, Asia/Shanghai")
    note: Prose | None = Field(None, description="for people; never computed with")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # The class is the published word in Python's spelling: SiteFixed is site-fixed.
        cls.NAME = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def document(self) -> dict[str, Any]:
        """The data as published: JSON types, published names, no nulls; decimals and dates as strings."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Investor(Part):
    name: Line
    origin: Place
    uscc: CreditCode | None = None
    tags: Lines | None = None


class Registered(Data):
    """A project is on the books (登记)."""

    name: Line
    investor: Investor
    industry: Industry
    channel: Channel
    cluster: Label | None = None
    agent: Line | None = None
    introduced_by: Line | None = None
    driven_by: Line | None = None
    planned_amount: Money | None = None
    summary: Prose | None = None


class Claimed(Data):
    """A lead official and a lead unit answer for the project (挂包领导, 牵头单位)."""

    lead_official: Line
    lead_unit: Line
    command_office: Line | None = None


class Factor(Part):
    verdict: Verdict
    opinion: Prose
    signer: Line
    score: Number | None = None


class Factors(Part):
    industry: Factor
    planning: Factor
    land: Factor
    environment: Factor
    intensity: Factor


class Evaluated(Data):
    """The five factors were judged (评估)."""

    factors: Factors


class IntentSigned(Data):
    """An intent agreement was signed (意向协议)."""

    amount: Money | None = None


class Milestones(Part):
    """Due dates; at least one."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    site_fixed: Day | None = Field(None, alias="site-fixed")
    planned: Day | None = None
    signed: Day | None = None
    started: Day | None = None
    completed: Day | None = None
    commissioned: Day | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not any(self.__dict__.values()):
            raise refusal("must have at least one of site-fixed, planned, signed, started, completed and commissioned")
        return self

    def due(self) -> dict[str, date]:
        """Published name of the milestone → due date, of those given."""
        return {name.replace("_", "-"): day for name, day in self.__dict__.items() if day is not None}


class TimetableSet(Data):
    """The milestones' due dates were agreed or changed (时间表); those not named keep theirs."""

    milestones: Milestones


class Reviewed(Data):
    """A review gate gave its outcome (协议初审, 行业审查, 法制审查)."""

    gate: Gate
    outcome: Outcome
    opinion: Prose | None = None
    sha256: Sha256 | None = None


class Approved(Data):
    """The agreement was approved (审定)."""

    minutes: Line


# Of a joint project the amount is said whole, so that it can be compared with the bank slip and the contract.
_OWN_SHARE: Any = Field(
    None, description="percent of the amount that counts for this district; all of it when not given"
)


class Platform(Part):
    name: Line
    level: PlatformLevel


class Signed(Data):
    """An agreement was signed (签约)."""

    kind: ContractKind
    amount: Money
    number: Line | None = None
    platform: Platform | None = None
    share: Share | None = _OWN_SHARE


class SiteFixed(Data):
    """The site is settled (选址)."""

    site: Line
    area_mu: Number | None = None
    zone: Line | None = None


class Planned(Data):
    """The planning is complete (规划)."""


class Started(Data):
    """Construction began (开工)."""


class Completed(Data):
    """Construction is complete (竣工)."""


class Commissioned(Data):
    """Production began (投产)."""


class AtCapacity(Data):
    """Production reached what was planned (达产)."""


class Evidence(Part):
    kind: Label
    reference: Line
    sha256: Sha256 | None = None


class Original(Part):
    """The amount in the currency it came in; `rate` is CNY for one unit of it."""

    amount: Number
    currency: Currency
    rate: PositiveNumber


class FundsArrived(Data):
    """Funds arrived (到位资金)."""

    amount: Money
    origin: Place
    nature: Nature
    evidence: Evidence | None = None
    original: Original | None = None
    share: Share | None = _OWN_SHARE


class Quantity(Part):
    value: Number
    unit: Label


class ProgressReported(Data):
    """Progress in the reporter's own words (进展)."""

    phrase: Prose
    quantity: Quantity | None = None


class Suspended(Data):
    """The project is paused (暂停)."""

    reason: Prose


class Resumed(Data):
    """The project goes on (恢复)."""

    reason: Prose


class Terminated(Data):
    """The project is given up (终止)."""

    reason: Prose


class IssueRaised(Data):
    """Something stands in the way, and a unit must clear it (问题)."""

    issue: Label
    category: Category
    urgency: Urgency
    owner_unit: Line
    text: Prose
    due: Day | None = None


class IssueResolved(Data):
    """An issue was cleared (办结)."""

    issue: Label
    text: Prose


class PledgeMade(Data):
    """The district promised something to the investor (承诺)."""

    pledge: Label
    clause: Prose | None = None
    amount: Money | None = None
    due: Day | None = None


class PledgeKept(Data):
    """A promise was kept (兑现)."""

    pledge: Label
    clause: Prose | None = None
    amount: Money | None = None
    due: Day | None = None


class OutreachMade(Data):
    """A trip to investors was made (外出招商); the subject is the trip's id."""

    city: Line
    led_by: Line
    met: Lines | None = None
    projects: Annotated[tuple[SubjectId, ...], Field(max_length=200, fail_fast=True)] | None = None


class TargetSet(Data):
    """An annual target was handed down (下达目标); the subject is `target-<year>-<indicator>`."""

    year: Year
    indicator: IndicatorCode
    value: Number
    issued_by: Line


class Voided(Data):
    """An earlier event of the same source and subject is withdrawn, without a successor (作废)."""

    event: EventId
    reason: Prose


class Escalation(Data):
    """What the four events of a case share; the notifier writes them."""

    case: Line
    rule: Line
    rung: Rung
    who: Line | None = None


class EscalationOpened(Escalation):
    """A duty is late: a case was opened (督办)."""


class EscalationClimbed(Escalation):
    """Nobody answered: the case went up a rung (升级)."""


class EscalationAcknowledged(Escalation):
    """Somebody answered for the case (签收)."""


class EscalationResolved(Escalation):
    """The duty ended, and the case with it (办结)."""


_EVENTS: tuple[type[Data], ...] = (
    Registered,
    Claimed,
    Evaluated,
    IntentSigned,
    TimetableSet,
    Reviewed,
    Approved,
    Signed,
    SiteFixed,
    Planned,
    Started,
    Completed,
    Commissioned,
    AtCapacity,
    FundsArrived,
    ProgressReported,
    Suspended,
    Resumed,
    Terminated,
    IssueRaised,
    IssueResolved,
    PledgeMade,
    PledgeKept,
    OutreachMade,
    TargetSet,
    Voided,
    EscalationOpened,
    EscalationClimbed,
    EscalationAcknowledged,
    EscalationResolved,
)

EVENTS: Mapping[str, type[Data]] = MappingProxyType({event.NAME: event for event in _EVENTS})
"""Published name → class, in the order of a project's life."""
