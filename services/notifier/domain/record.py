"""A project as the notifier sees it: the parts of the ledger's record that say what is owed and by whom."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SUSPENDED: Final = "suspended"
TERMINATED: Final = "terminated"
# The stage of what stands for an indicator of a year.
TARGET: Final = "target"


class UnreadableRecordError(Exception):
    """A message is not the record that its subject promises; the text names the field that is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Milestone(_Part):
    """A step of the timetable: the day it is due and the day it was reached, each unknown when None."""

    due: date | None = None
    on: date | None = None


class Gate(_Part):
    """The last outcome of a review: passed, returned or rejected, and its day."""

    outcome: str
    on: date


class Issue(_Part):
    """Something that stands in the way, and the unit that must clear it. `raised_at`: when it was recorded."""

    text: str = ""
    urgency: str | None = None
    owner_unit: str | None = None
    due: date | None = None
    raised_on: date | None = None
    raised_at: datetime | None = None
    resolved_on: date | None = None


class Pledge(_Part):
    """Something that the district promised to the investor."""

    clause: str | None = None
    due: date | None = None
    kept_on: date | None = None


class Investor(_Part):
    """Who invests; known here only so that a group message can leave the name out."""

    name: str = ""


class Indicator(_Part):
    """How one figure of a year stands, through a day. Percentages and points as they were published."""

    code: str
    title: str
    year: int
    through: date
    elapsed_pct: Decimal
    completion_pct: Decimal | None = None
    lead_points: Decimal | None = None


class Record(_Part):
    """What the ledger says is true of one project at one revision.

    An indicator of a year stands in the same form, under the id of its target: what it has is `indicator`.
    """

    district: str
    project: str
    revision: int = Field(ge=0)
    name: str | None = None
    stage: str
    lead_official: str | None = None
    lead_unit: str | None = None
    investor: Investor | None = None
    intent_signed_on: date | None = None
    claimed_on: date | None = None
    last_recorded_at: datetime | None = None
    milestones: Mapping[str, Milestone] = Field(default_factory=dict)
    gates: Mapping[str, Gate] = Field(default_factory=dict)
    issues: Mapping[str, Issue] = Field(default_factory=dict)
    pledges: Mapping[str, Pledge] = Field(default_factory=dict)
    indicator: Indicator | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_facts(cls, document: Any) -> Any:
        # Of all the facts only two days are of use here; keeping the facts would make each row a hundred times as long.
        if not isinstance(document, dict) or not isinstance(document.get("facts"), list):
            return document
        days = {
            "intent_signed_on": _first(document["facts"], "intent-signed"),
            "claimed_on": _first(document["facts"], "claimed"),
        }
        return {**days, **document}


class _Report(_Part):
    district: str
    year: int
    through: date
    elapsed_pct: Decimal
    revision: int = Field(ge=0)
    indicators: tuple[Mapping[str, Any], ...]


def read_record(payload: bytes | str) -> Record:
    """The record in a message of the ledger; what the notifier has no use for is left out.

    Raises UnreadableRecordError.
    """
    try:
        return Record.model_validate_json(payload)
    except ValidationError as error:
        raise UnreadableRecordError(what_is_wrong(error)) from error


def read_report(payload: bytes | str) -> list[Record]:
    """One record an indicator in a message about a district's progress in a year; none for one without a target.

    Raises UnreadableRecordError.
    """
    try:
        report = _Report.model_validate_json(payload)
        return list(_indicators(report))
    except ValidationError as error:
        raise UnreadableRecordError(what_is_wrong(error)) from error


def what_is_wrong(error: ValidationError) -> str:
    """The first field that is wrong and what is wrong with it, without what stands there."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "message"
    return f"{where}: {first['msg']}"


def _indicators(report: _Report) -> Iterator[Record]:
    for each in report.indicators:
        scope = {"year": report.year, "through": report.through, "elapsed_pct": report.elapsed_pct}
        indicator = Indicator.model_validate({**scope, **each})
        yield Record(
            district=report.district,
            project=f"target-{report.year}-{indicator.code}",
            revision=report.revision,
            name=f"{report.year}年{indicator.title}",
            stage=TARGET,
            indicator=indicator,
        )


def _first(facts: list[Any], event: str) -> Any:
    """The earliest day of an event that still counts."""
    days = [
        fact.get("on")
        for fact in facts
        if isinstance(fact, dict) and fact.get("event") == event and fact.get("superseded_at") is None
    ]
    return min(filter(None, days), default=None)
