"""The shapes of the answers for programs: decimal strings, days as YYYY-MM-DD, instants with their offset."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from services.reporting.completeness import Code
from services.reporting.desk import Proof, Report
from services.reporting.domain.indicators import Light, Unit
from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure
from services.reporting.figures import Dimension
from services.reporting.register import Listed, Story
from shared.places import Tier

DecimalString = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str)]


class Answer(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class IndicatorAnswer(Answer):
    """One indicator. `actual` and `target` in `unit`; `amount` exact in yuan; without a target four fields are null."""

    code: str = Field(examples=["funds-arrived"])
    title: str = Field(examples=["招商引资到位资金"])
    unit: Unit = Field(examples=["亿元"])
    actual: DecimalString = Field(examples=["84.8"])
    target: DecimalString | None = Field(examples=["105"])
    completion_pct: DecimalString | None = Field(examples=["80.8"])
    elapsed_pct: DecimalString = Field(description="序时进度 of the indicator's own year", examples=["66.67"])
    lead_points: DecimalString | None = Field(
        description="completion minus elapsed, in points, from the exact values",
        examples=["14.1"],
    )
    light: Light | None = Field(examples=["green"])
    projects: int = Field(description="number of different projects counted", examples=[41])
    amount: DecimalString = Field(examples=["8480000000.00"])


class GapAnswer(Answer):
    """Why the figures may lack something."""

    code: Code
    detail: str


class Heading(Answer):
    """What was asked, by which definitions it is answered, and whether anything is missing."""

    district: str = Field(examples=["500101"])
    year: int = Field(examples=[2026])
    through: date = Field(examples=["2026-08-31"])
    known_by: datetime | None = Field(examples=["2026-09-05T00:00:00+08:00"])
    definitions: str = Field(examples=["2026.1"])
    elapsed_pct: DecimalString = Field(description="序时进度", examples=["66.67"])
    complete: bool
    incomplete: list[GapAnswer] = Field(examples=[[]])


class ProgressAnswer(Heading):
    """A district's figures against its targets."""

    indicators: list[IndicatorAnswer]


class DistrictProgress(Answer):
    """One of several districts."""

    district: str = Field(examples=["500101"])
    name: str = Field(examples=["万州区"])
    complete: bool
    incomplete: list[GapAnswer] = Field(examples=[[]])
    indicators: list[IndicatorAnswer]


class AllProgressAnswer(Answer):
    """Every district's figures against its targets, in the order of their codes."""

    year: int = Field(examples=[2026])
    through: date = Field(examples=["2026-08-31"])
    known_by: datetime | None = Field(examples=[None])
    definitions: str = Field(examples=["2026.1"])
    elapsed_pct: DecimalString = Field(examples=["66.67"])
    districts: list[DistrictProgress]


class MonthAnswer(Answer):
    """The figures at the end of a month, from the year's first day on; `elapsed_pct` is 序时进度 then."""

    through: date = Field(examples=["2026-07-31"])
    elapsed_pct: DecimalString = Field(examples=["58.33"])
    indicators: list[IndicatorAnswer]


class SeriesAnswer(Heading):
    """A district's progress at the end of each month until the asked day."""

    months: list[MonthAnswer]


class PlatformAnswer(Answer):
    """The fair or forum at which a contract was signed."""

    name: str
    level: str


class FactAnswer(Answer):
    """One fact that counts: `source` and `id` are the identity of its event in the archive.

    `counts` is what it adds: less than `amount` where only `share` percent of a joint project are the district's, or
    where the definition counts a part.
    """

    project: str = Field(examples=["P-2026-017"])
    name: str | None
    on: date
    event: str = Field(examples=["funds-arrived"])
    amount: DecimalString | None = Field(examples=["120000000.00"])
    share: DecimalString | None = Field(examples=[None])
    counts: DecimalString | None = Field(examples=["120000000.00"])
    source: str = Field(examples=["/500101/finance"])
    id: str = Field(examples=["2026-000183"])
    recorded_at: datetime
    origin: str | None = Field(examples=["440300"])
    tier: Tier | None
    kind: str | None
    nature: str | None
    platform: PlatformAnswer | None
    evidence: dict[str, Any] | None


class FactsAnswer(Heading):
    """What one figure is made of, newest first; `total` is the number of facts without limit and offset."""

    indicator: IndicatorAnswer
    total: int
    facts: list[FactAnswer]


class PartAnswer(Answer):
    """The part of a figure with one value of the dimension; null where a project or fact says none."""

    value: str | None = Field(examples=["智能装备"])
    actual: DecimalString = Field(examples=["21.4"])
    share_pct: DecimalString | None = Field(description="of the whole figure", examples=["25.2"])
    projects: int
    facts: int
    amount: DecimalString


class PartsAnswer(Heading):
    """One figure in its parts: months in order, otherwise the largest first."""

    indicator: IndicatorAnswer
    dimension: Dimension
    parts: list[PartAnswer]


class MonthOfCohortAnswer(Answer):
    """The projects that joined the cohort in a month, and how many of them got there until the asked day."""

    month: date
    cohort: int
    done: int
    pct: DecimalString | None


class RatioAnswer(Answer):
    """A rate of a cohort; what it is of, what counts as done and what becomes of terminated projects is in its rule."""

    code: str = Field(examples=["start-rate"])
    title: str = Field(examples=["开工率"])
    pct: DecimalString | None = Field(examples=["61.3"])
    measure: str = Field(examples=["projects"])
    cohort: int = Field(examples=[31])
    done: int = Field(examples=[19])
    cohort_amount: DecimalString
    done_amount: DecimalString
    terminated: int
    by_month: list[MonthOfCohortAnswer]


class RatiosAnswer(Heading):
    """A district's rates."""

    ratios: list[RatioAnswer]


class DistrictAnswer(Answer):
    """A district of which records have arrived."""

    district: str = Field(examples=["500101"])
    name: str = Field(examples=["万州区"])


class OverdueAnswer(Answer):
    """The milestone that has been overdue for longest."""

    milestone: str = Field(examples=["started"])
    due: date


class ProjectAnswer(Answer):
    """A project in the list, as it stood on the asked day."""

    project: str = Field(examples=["P-2026-017"])
    name: str | None
    stage: str = Field(examples=["signed"])
    reached: str | None
    cluster: str | None
    industry: str | None
    channel: str | None
    lead_unit: str | None
    lead_official: str | None
    contract_amount: DecimalString | None
    funds_arrived: DecimalString
    overdue: OverdueAnswer | None
    last_recorded_at: datetime | None


class ProjectsAnswer(Answer):
    """A page of a district's projects; `next` is the cursor of the page after it, null on the last one."""

    district: str = Field(examples=["500101"])
    through: date
    known_by: datetime | None
    projects: list[ProjectAnswer]
    next: str | None


class EntryAnswer(Answer):
    """Something in a project's course; what it is, is named as the events are."""

    on: date
    what: str = Field(examples=["funds-arrived"])
    amount: DecimalString | None
    details: dict[str, Any]
    evidence: dict[str, Any] | None
    source: str | None
    id: str | None
    recorded_at: datetime | None
    superseded_at: datetime | None = Field(description="when it was replaced or voided: it counts no longer")


class StoryAnswer(Answer):
    """One project: the ledger's record of it without the facts, and its timeline in the order of days."""

    district: str
    project: str
    record: dict[str, Any]
    timeline: list[EntryAnswer]


class EditionAnswer(Answer):
    """A version of the definitions that `?definitions=` takes."""

    definitions: str = Field(examples=["2026.1"])
    in_force: bool
    indicators: list[str] = Field(examples=[["funds-arrived"]])
    ratios: list[str] = Field(examples=[["start-rate"]])


def heading(report: Report) -> dict[str, Any]:
    """The fields of `Heading`."""
    return {
        "district": report.district,
        "year": report.asked.year,
        "through": report.asked.through,
        "known_by": report.asked.known_by,
        "definitions": report.definitions,
        "elapsed_pct": report.elapsed_pct,
        "complete": not report.gaps,
        "incomplete": [GapAnswer.model_validate(gap) for gap in report.gaps],
    }


def lines(report: Report) -> list[IndicatorAnswer]:
    """Every indicator of a report."""
    return [IndicatorAnswer.model_validate(line) for line in report.indicators]


def progress_answer(report: Report) -> ProgressAnswer:
    """A report as it is answered and published."""
    return ProgressAnswer(**heading(report), indicators=lines(report))


def series_answer(reports: Sequence[Report]) -> SeriesAnswer:
    """The reports of the months until the asked day, which is the last one's."""
    months = [
        MonthAnswer(through=one.asked.through, elapsed_pct=one.elapsed_pct, indicators=lines(one)) for one in reports
    ]
    return SeriesAnswer(**heading(reports[-1]), months=months)


def ratios_answer(report: Report, found: Iterable[RatioFigure]) -> RatiosAnswer:
    """A district's rates, under the heading of a report."""
    return RatiosAnswer(**heading(report), ratios=[RatioAnswer.model_validate(one) for one in found])


def facts_answer(proof: Proof) -> FactsAnswer:
    """What one figure is made of."""
    return FactsAnswer(
        **heading(proof.report),
        indicator=IndicatorAnswer.model_validate(proof.evidence.progress),
        total=proof.evidence.total,
        facts=[fact_answer(row) for row in proof.evidence.facts],
    )


def fact_answer(row: Mapping[str, Any]) -> FactAnswer:
    """A fact that counts."""
    platform = PlatformAnswer(name=row["platform"], level=row["platform_level"]) if row["platform"] else None
    return FactAnswer.model_validate({**row, "on": row["happened_on"], "platform": platform})


def projects_answer(district: str, asked: Question, found: Listed) -> ProjectsAnswer:
    """A page of a district's projects."""
    return ProjectsAnswer(
        district=district,
        through=asked.through,
        known_by=asked.known_by,
        projects=[project_answer(row) for row in found.projects],
        next=found.following,
    )


def story_answer(district: str, project: str, found: Story) -> StoryAnswer:
    """One project with its timeline."""
    timeline = [EntryAnswer.model_validate(entry) for entry in found.entries]
    return StoryAnswer(district=district, project=project, record=dict(found.record), timeline=timeline)


def project_answer(row: Mapping[str, Any]) -> ProjectAnswer:
    """A project in the list."""
    overdue = {"milestone": row["milestone"], "due": row["due"]} if row["milestone"] else None
    return ProjectAnswer.model_validate({**row, "overdue": overdue})
