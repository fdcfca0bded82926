"""The form of what Luodi publishes: the ledger's records and its refusals, for the published schema and for readers."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.envelope import Code
from shared.fields import Day

Stage = Literal[
    "reserved",
    "negotiating",
    "intent-signed",
    "approved",
    "signed",
    "site-fixed",
    "planned",
    "started",
    "completed",
    "commissioned",
    "at-capacity",
    "suspended",
    "terminated",
]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 over the events' digests, in order")]
Revision = Annotated[int, Field(ge=0, description="grows with every change; keep the record with the highest")]
Amount = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2}$", description="CNY")]
District = Annotated[str, Field(pattern="^[1-9][0-9]{5}$", description="GB/T 2260")]


class Record(BaseModel):
    """A record may gain fields at any time: a reader ignores those it does not know."""

    model_config = ConfigDict(frozen=True)


class Fact(Record):
    """An event that counts; known at an instant when `recorded_at` is not after it and `superseded_at` is."""

    event: str
    source: str
    id: str
    on: Day
    recorded_at: AwareDatetime
    superseded_at: AwareDatetime | None
    superseded_by: str | None = Field(description="id of the event, of this source, that replaced or voided it")
    data: dict[str, Any] = Field(description="the event's data, see the definition of its name")


class MilestoneState(Record):
    due: Day | None
    on: Day | None


class GateState(Record):
    outcome: str
    on: Day
    opinion: str | None
    sha256: str | None = Field(description="of the opinion's document")


class Approval(Record):
    on: Day
    minutes: str


class Anomaly(Record):
    """An event that was accepted and is out of rule; `text` is for people, in Chinese."""

    code: str
    text: str
    source: str | None = Field(description="null, as `event` is, when several events together are out of rule")
    event: str | None = Field(description="the event's id")


class Lead(Record):
    """Who answers for the project from a day on."""

    from_: Day = Field(alias="from")
    lead_official: str
    lead_unit: str
    command_office: str | None


class Suspension(Record):
    """A time in which the project was paused; `until` is the day of its resumption or end, null while it lasts."""

    from_: Day = Field(alias="from")
    until: Day | None
    reason: str | None


class Quantity(Record):
    value: str
    unit: str


class Progress(Record):
    """Progress in the reporter's own words, with the quantity that was named."""

    on: Day
    phrase: str
    quantity: Quantity | None
    source: str
    id: str = Field(description="the event's id")


class Escalation(Record):
    """A case of the notifier as it stands."""

    case: str
    rule: str
    rung: int
    state: Literal["opened", "climbed", "acknowledged", "resolved"]
    who: str | None
    on: Day


class ProjectRecord(Record):
    """What is true of a project, on `ledger.<district>.project.<project>`; the stream keeps the last."""

    district: District
    project: str
    revision: Revision
    digest: Digest
    last_recorded_at: AwareDatetime | None = Field(description="of the newest event that is no escalation")
    name: str | None
    stage: Stage
    reached: Stage = Field(description="the furthest step, also while suspended and when terminated")
    lead_official: str | None
    lead_unit: str | None
    command_office: str | None
    leads: tuple[Lead, ...] = Field(description="every claim, in order; the last one counts")
    industry: str | None
    cluster: str | None
    channel: str | None
    investor: dict[str, Any] | None
    planned_amount: Amount | None
    milestones: dict[str, MilestoneState] = Field(description="by name; only those that are due or done")
    suspensions: tuple[Suspension, ...]
    gates: dict[str, GateState]
    evaluation: dict[str, Any] | None
    evaluated_on: Day | None
    approval: Approval | None
    contract_amount: Amount | None
    funds_arrived: Amount
    progress: tuple[Progress, ...] = Field(description="what was reported of it, in order")
    issues: dict[str, dict[str, Any]] = Field(description="by issue")
    pledges: dict[str, dict[str, Any]] = Field(description="by pledge")
    escalations: tuple[Escalation, ...] = Field(description="each case once, by its key")
    anomalies: tuple[Anomaly, ...]
    facts: tuple[Fact, ...] = Field(description="in order of on, recorded_at, source, id")


class TargetRecord(Record):
    """A year's target with its history, on `ledger.<district>.target.<year>.<indicator>`."""

    district: District
    year: int
    indicator: str
    revision: Revision
    digest: Digest
    anomalies: tuple[Anomaly, ...]
    facts: tuple[Fact, ...]


class OutreachRecord(Record):
    """A trip to investors, on `ledger.<district>.outreach.<trip>`; without a date when every report was withdrawn."""

    district: District
    trip: str
    revision: Revision
    digest: Digest
    on: Day | None
    city: str | None
    led_by: str | None
    met: tuple[str, ...]
    projects: tuple[str, ...] = Field(description="ids of projects")
    anomalies: tuple[Anomaly, ...]
    facts: tuple[Fact, ...] = Field(description="every report, in order of on, recorded_at, source, id")


class QuarantineRecord(Record):
    """How many refused messages wait for a person, on `ledger.<district>.quarantine`."""

    district: District
    parked: int = Field(ge=0, description="refused, and neither retried nor discarded yet")
    revision: Revision


class RefusalNotice(Record):
    """A message was refused; told to its unit on `refusals.<district>.<unit>`."""

    district: District
    unit: str
    code: Code
    reason: str = Field(description="a sentence that names the field and what it takes")
    field: str | None
    subject: str = Field(description="the bus subject it came under")
    source: str | None = Field(description="as the message claims")
    id: str | None = Field(description="as the message claims")
    stream_sequence: int
    recorded_at: AwareDatetime
