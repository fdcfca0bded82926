"""The shapes of the answers for programs: decimal strings, days as YYYY-MM-DD, instants with their offset."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, RootModel

from services.reporting.completeness import Code
from services.reporting.desk import Proof, Report
from services.reporting.domain.indicators import Light, Unit
from services.reporting.domain.progress import Progress
from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure
from services.reporting.editions import Editions
from services.reporting.figures import Dimension
from services.reporting.register import Listed, Story
from shared.places import Tier

DecimalString = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str)]


class Answer(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class IndicatorAnswer(Answer):
    """One indicator. `actual` and `target` in `unit`; `amount` exact in yuan; without a target four fields are null."""

    code: str
    title: str
    unit: Unit
    actual: DecimalString
    target: DecimalString | None
    completion_pct: DecimalString | None
    elapsed_pct: DecimalString | None = Field(
        None,
        description="序时进度 of the indicator's own year, where that is not the calendar's",
        examples=["75.00"],
        exclude_if=lambda own: own is None,
    )
    lead_points: DecimalString | None = Field(
        description="completion minus elapsed, in points, from the exact values",
    )
    light: Light | None
    projects: int = Field(description="number of different projects counted")
    amount: DecimalString


class GapAnswer(Answer):
    """Why the figures may lack something."""

    code: Code
    detail: str


class Heading(Answer):
    """What was asked, by which definitions it is answered, and whether anything is missing."""

    district: str
    year: int
    through: date
    known_by: datetime | None
    definitions: str
    elapsed_pct: DecimalString = Field(description="序时进度")
    complete: bool
    incomplete: list[GapAnswer]


class ProgressAnswer(Heading):
    """A district's figures against its targets."""

    indicators: list[IndicatorAnswer]


class DistrictProgress(Answer):
    """One of several districts."""

    district: str
    name: str
    complete: bool
    incomplete: list[GapAnswer]
    indicators: list[IndicatorAnswer]


class AllProgressAnswer(Answer):
    """Every district's figures against its targets, by the districts' codes; `next` is the cursor of the next page."""

    year: int
    through: date
    known_by: datetime | None
    definitions: str
    elapsed_pct: DecimalString
    districts: list[DistrictProgress]
    next: str | None


class MonthAnswer(Answer):
    """The figures at the end of a month, from the year's first day on; `elapsed_pct` is 序时进度 then."""

    through: date
    elapsed_pct: DecimalString
    indicators: list[IndicatorAnswer]


class SeriesAnswer(Heading):
    """A district's progress at the end of each month until the asked day."""

    months: list[MonthAnswer]


class PlatformAnswer(Answer):
    """The fair or forum at which a contract was signed."""

    name: str = Field(examples=["中外知名企业四川行"])
    level: str = Field(examples=["provincial"])


class FactAnswer(Answer):
    """One fact that counts: `source` and `id` are the identity of its event in the archive.

    `counts` is what it adds: less than `amount` where only `share` percent of a joint project are the district's, or
    where the definition counts a part.
    """

    project: str
    name: str | None
    on: date
    event: str
    amount: DecimalString | None
    share: DecimalString | None
    counts: DecimalString | None
    source: str
    id: str
    recorded_at: datetime
    origin: str | None
    tier: Tier | None
    kind: str | None = Field(description="of a signing", examples=["contract"])
    nature: str | None
    platform: PlatformAnswer | None = Field(examples=[{"name": "中外知名企业四川行", "level": "provincial"}])
    evidence: dict[str, Any] | None


class FactsAnswer(Heading):
    """What one figure is made of, newest first; `total` is the number of facts without limit and offset.

    `next` is the offset of the next page.
    """

    indicator: IndicatorAnswer
    total: int
    facts: list[FactAnswer]
    next: int | None


class PartAnswer(Answer):
    """The part of a figure with one value of the dimension; null where a project or fact says none."""

    value: str | None
    actual: DecimalString
    share_pct: DecimalString | None = Field(description="of the whole figure")
    projects: int
    facts: int
    amount: DecimalString


class PartsAnswer(Heading):
    """One figure in its parts: months in order, otherwise the largest first. `next` is the offset of the next page."""

    indicator: IndicatorAnswer
    dimension: Dimension
    parts: list[PartAnswer]
    next: int | None


class MonthOfCohortAnswer(Answer):
    """The projects that joined the cohort in a month, and how many of them got there until the asked day."""

    month: date
    cohort: int
    done: int
    pct: DecimalString | None


class RatioAnswer(Answer):
    """A rate of a cohort; what it is of, what counts as done and what becomes of terminated projects is in its rule."""

    code: str
    title: str
    pct: DecimalString | None
    measure: str
    cohort: int
    done: int
    cohort_amount: DecimalString
    done_amount: DecimalString
    terminated: int
    by_month: list[MonthOfCohortAnswer]


class RatiosAnswer(Heading):
    """A district's rates."""

    ratios: list[RatioAnswer]


class DistrictAnswer(Answer):
    """A district of which records have arrived."""

    district: str
    name: str


class DistrictsAnswer(Answer):
    """The districts, in the order of their codes; `next` is the cursor of the next page."""

    districts: list[DistrictAnswer]
    next: str | None


class OverdueAnswer(Answer):
    """The milestone that has been overdue for longest."""

    milestone: str
    due: date


class ProjectAnswer(Answer):
    """A project in the list, as it stood on the asked day."""

    project: str
    name: str | None
    stage: str
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

    district: str
    through: date
    known_by: datetime | None
    projects: list[ProjectAnswer]
    next: str | None


class EntryAnswer(Answer):
    """Something in a project's course; what it is, is named as the events are."""

    on: date
    what: str
    amount: DecimalString | None
    details: dict[str, Any]
    evidence: dict[str, Any] | None
    source: str | None
    id: str | None
    recorded_at: datetime | None
    superseded_at: datetime | None = Field(description="when it was replaced or voided: it counts no longer")


class StoryAnswer(Answer):
    """One project: the ledger's record of it without the facts, and its timeline in the order of days.

    `total` is the number of its entries without limit and offset, `next` the offset of the next page.
    """

    district: str
    project: str
    record: dict[str, Any]
    total: int
    timeline: list[EntryAnswer]
    next: int | None


class EditionAnswer(Answer):
    """A version of the definitions that `?definitions=` takes."""

    definitions: str
    in_force: bool
    indicators: list[str]
    ratios: list[str]


class EditionsAnswer(RootModel[list[EditionAnswer]]):
    """The versions of the definitions."""


class BulletinAnswer(Answer):
    """A bulletin in the list; `root` is its digest, `known_by` the instant of its sealing."""

    number: str
    through: date
    known_by: datetime
    root: str


class BulletinsAnswer(Answer):
    """A district's bulletins, the newest first; `next` is the cursor of the next page."""

    district: str
    bulletins: list[BulletinAnswer]
    next: str | None


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
    return [indicator_answer(line, report.elapsed_pct) for line in report.indicators]


def indicator_answer(line: Progress, elapsed_pct: Decimal) -> IndicatorAnswer:
    """One indicator, below a heading that says 序时进度."""
    own = None if line.elapsed_pct == elapsed_pct else line.elapsed_pct
    return IndicatorAnswer.model_validate(line).model_copy(update={"elapsed_pct": own})


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


def district_progress(report: Report, name: str) -> DistrictProgress:
    """A report as one of several."""
    return DistrictProgress(
        district=report.district,
        name=name,
        complete=not report.gaps,
        incomplete=[GapAnswer.model_validate(gap) for gap in report.gaps],
        indicators=lines(report),
    )


def editions_answer(editions: Editions) -> EditionsAnswer:
    """The versions of the definitions."""
    return EditionsAnswer(
        [
            EditionAnswer(
                definitions=one.definitions,
                in_force=one is editions.in_force,
                indicators=[indicator.code for indicator in one.indicator],
                ratios=[ratio.code for ratio in one.ratio],
            )
            for one in editions.every.values()
        ]
    )


def facts_answer(proof: Proof, offset: int) -> FactsAnswer:
    """What one figure is made of, behind so many of its facts."""
    reached = offset + len(proof.evidence.facts)
    return FactsAnswer(
        **heading(proof.report),
        indicator=indicator_answer(proof.evidence.progress, proof.report.elapsed_pct),
        total=proof.evidence.total,
        facts=[fact_answer(row) for row in proof.evidence.facts],
        next=reached if proof.evidence.facts and reached < proof.evidence.total else None,
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


def story_answer(district: str, project: str, found: Story, limit: int, offset: int) -> StoryAnswer:
    """One project with a part of its timeline."""
    total, reached = len(found.entries), offset + limit
    return StoryAnswer(
        district=district,
        project=project,
        record=dict(found.record),
        total=total,
        timeline=[EntryAnswer.model_validate(entry) for entry in found.entries[offset:reached]],
        next=reached if reached < total else None,
    )


def project_answer(row: Mapping[str, Any]) -> ProjectAnswer:
    """A project in the list."""
    overdue = {"milestone": row["milestone"], "due": row["due"]} if row["milestone"] else None
    return ProjectAnswer.model_validate({**row, "overdue": overdue})
