"""The shape of a sealed bulletin's document, and of two of them compared, for the description of the interface."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from services.reporting.answers import Answer, DecimalString, IndicatorAnswer, RatioAnswer
from services.reporting.domain.indicators import Unit

CountsAnswer = dict[str, DecimalString]


class GapOfBulletinAnswer(Answer):
    """Why it was known at the sealing that figures may change: how many messages of which kind."""

    code: str
    count: int
    detail: str


class DefinitionsOfBulletinAnswer(Answer):
    """The indicators' file, whole."""

    version: str
    text: str


class TargetOfBulletinAnswer(Answer):
    """A value that a target was given, and by which event."""

    indicator: str
    value: DecimalString
    issued_by: str | None
    on: date
    recorded_at: datetime
    source: str
    id: str


class IdentifiedFactAnswer(Answer):
    """A fact, by its event."""

    project: str
    name: str | None
    event: str
    source: str
    id: str
    on: date
    recorded_at: datetime


class FactOfBulletinAnswer(IdentifiedFactAnswer):
    """A fact on which figures depend; `counts` is what it adds to each indicator, in yuan."""

    data: dict[str, Any]
    counts: CountsAnswer


class FigureThenAnswer(Answer):
    """An indicator at the end of a month."""

    actual: DecimalString
    completion_pct: DecimalString | None


class MonthOfBulletinAnswer(Answer):
    """Every indicator at the end of a month."""

    through: date
    elapsed_pct: DecimalString
    indicators: dict[str, FigureThenAnswer]


class LandscapeAnswer(Answer):
    """Projects with their stages, open issues, late milestones and those due next, at the end of the last day."""

    projects: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    late: list[dict[str, Any]]
    due_next: list[dict[str, Any]]


class PrintedAnswer(Answer):
    """An indicator as a bulletin printed it."""

    actual: DecimalString
    target: DecimalString | None
    completion_pct: DecimalString | None
    projects: int
    amount: DecimalString


class ChangedLineAnswer(Answer):
    """An indicator in two bulletins; null in the one whose definitions have none of this code."""

    code: str
    title: str
    unit: Unit
    was: PrintedAnswer | None
    now: PrintedAnswer | None


class PrintedRateAnswer(Answer):
    """A rate as a bulletin printed it."""

    pct: DecimalString | None
    cohort: int
    done: int
    cohort_amount: DecimalString
    done_amount: DecimalString
    terminated: int


class ChangedRateAnswer(Answer):
    """A rate that is other now."""

    code: str
    title: str
    measure: str
    was: PrintedRateAnswer
    now: PrintedRateAnswer


class RestatedAnswer(Answer):
    """What of the bulletin before, `since`, is other now, and by which events; null for the first one."""

    since: str | None
    through: date | None
    definitions_changed: bool
    indicators: list[ChangedLineAnswer]
    ratios: list[ChangedRateAnswer]
    facts: list[dict[str, Any]]
    targets: list[dict[str, Any]]


class BulletinDocumentAnswer(Answer):
    """A bulletin as it was sealed. `root` is the SHA-256 of the rest as canonical JSON: see docs/bulletins.md."""

    form: Literal["luodi-bulletin/1"]
    district: str
    district_name: str
    number: str
    year: int
    first_day: date
    through: date
    known_by: datetime = Field(description="the instant of sealing")
    issuer: str | None
    reason: str | None = Field(description="why the month was sealed again")
    despite: str | None = Field(description="why it was sealed although something was missing")
    gaps: list[GapOfBulletinAnswer]
    definitions: DefinitionsOfBulletinAnswer
    elapsed_pct: DecimalString
    indicators: list[IndicatorAnswer]
    ratios: list[RatioAnswer]
    targets: list[TargetOfBulletinAnswer]
    facts: list[FactOfBulletinAnswer]
    series: list[MonthOfBulletinAnswer]
    landscape: LandscapeAnswer
    restated: RestatedAnswer
    report: dict[str, Any] = Field(description="the text as it was written")
    root: str


class CoverAnswer(Answer):
    """One of two bulletins that are compared."""

    number: str
    through: date
    known_by: datetime
    root: str
    definitions: str


class ComparedFactAnswer(IdentifiedFactAnswer):
    """A fact that counts in one of the two only, or differently; `counted` is what it added in the first, in yuan.

    `within` says whether it lies in the shorter of the two periods, and so was restated.
    """

    counted: CountsAnswer
    counts: CountsAnswer
    within: bool


class ComparedAnswer(Answer):
    """Two bulletins side by side: every figure in both, and the facts that count in one of them only or otherwise."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    district: str
    from_: CoverAnswer = Field(alias="from")
    to: CoverAnswer
    same_definitions: bool
    indicators: list[ChangedLineAnswer]
    facts: list[ComparedFactAnswer]
