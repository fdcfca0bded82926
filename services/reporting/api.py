"""The figures for programs: JSON, decimal strings, one question a request."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from services.reporting.completeness import Code
from services.reporting.desk import Desk, Report
from services.reporting.domain.indicators import Definitions, Light, Unit
from services.reporting.figures import Window
from services.reporting.problems import RESPONSES
from shared.places import Tier

DecimalString = Annotated[Decimal, PlainSerializer(lambda number: format(number, "f"), return_type=str)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class IndicatorAnswer(_Answer):
    """One indicator. `actual` and `target` in `unit`; `amount` exact in yuan; without a target four fields are null."""

    code: str
    title: str
    unit: Unit
    actual: DecimalString = Field(examples=["84.8"])
    target: DecimalString | None = Field(examples=["105"])
    completion_pct: DecimalString | None = Field(examples=["80.8"])
    lead_points: DecimalString | None = Field(description="completion minus elapsed, in points", examples=["14.1"])
    light: Light | None
    projects: int = Field(description="number of different projects counted")
    amount: DecimalString = Field(examples=["8480000000.00"])


class GapAnswer(_Answer):
    """Why the figures may lack something."""

    code: Code
    detail: str


class Heading(_Answer):
    """What was asked, by which definitions it is answered, and whether anything is missing."""

    district: str = Field(examples=["500101"])
    year: int
    through: date
    known_by: datetime | None
    definitions: str = Field(examples=["2026.1"])
    elapsed_pct: DecimalString = Field(description="序时进度", examples=["66.67"])
    complete: bool
    incomplete: list[GapAnswer]


class ProgressAnswer(Heading):
    """A district's figures against its targets."""

    indicators: list[IndicatorAnswer]


class PlatformAnswer(_Answer):
    """The fair or forum at which a contract was signed."""

    name: str
    level: str


class FactAnswer(_Answer):
    """One fact that counts: `source` and `id` are the identity of its event in the archive."""

    project: str
    name: str | None
    on: date
    event: str
    amount: DecimalString | None
    source: str
    id: str
    recorded_at: datetime
    origin: str | None
    tier: Tier | None
    kind: str | None
    nature: str | None
    platform: PlatformAnswer | None
    evidence: dict[str, Any] | None


class FactsAnswer(Heading):
    """What one figure is made of, newest first; `total` is the number of facts without the limit."""

    indicator: IndicatorAnswer
    total: int
    facts: list[FactAnswer]


class DistrictAnswer(_Answer):
    """A district of which records have arrived."""

    district: str
    name: str


class Asking(BaseModel):
    """What is asked. A misspelt word is refused: passing it over would answer another question."""

    model_config = ConfigDict(extra="forbid")

    year: str | None = Field(None, description="The year; that of `through` when left out", examples=["2026"])
    through: str | None = Field(
        None, description="The last day that counts; today when left out", examples=["2026-08-31"]
    )
    known_by: str | None = Field(
        None,
        description="Count what was known at this instant, as it was then; now when left out",
        examples=["2026-09-05T00:00:00+08:00"],
    )


class AskingFacts(Asking):
    """What is asked, and how many facts are wanted."""

    limit: int = Field(1_000, ge=1, le=10_000)


def routes(desk: Desk) -> APIRouter:
    """The paths under /v1."""
    router = APIRouter(prefix="/v1", tags=["figures"], responses=RESPONSES)

    @router.get("/districts", summary="The districts of which records have arrived")
    async def districts() -> list[DistrictAnswer]:
        return [DistrictAnswer(district=code, name=desk.name(code)) for code in await desk.districts()]

    @router.get("/indicators", summary="The definitions by which figures are computed")
    async def indicators() -> Definitions:
        return desk.definitions

    @router.get("/districts/{district}/progress", summary="A district's figures against its targets")
    async def progress(district: str, asking: Annotated[Asking, Query()]) -> ProgressAnswer:
        report = await desk.report(district, desk.question(asking.year, asking.through, asking.known_by))
        lines = [IndicatorAnswer.model_validate(line) for line in report.indicators]
        return ProgressAnswer(**_heading(report), indicators=lines)

    @router.get("/districts/{district}/indicators/{code}/facts", summary="The facts behind one figure")
    async def facts(district: str, code: str, asking: Annotated[AskingFacts, Query()]) -> FactsAnswer:
        asked = desk.question(asking.year, asking.through, asking.known_by)
        proof = await desk.proof(district, code, asked, Window(asking.limit))
        return FactsAnswer(
            **_heading(proof.report),
            indicator=IndicatorAnswer.model_validate(proof.evidence.progress),
            total=proof.evidence.total,
            facts=[_fact(row) for row in proof.evidence.facts],
        )

    return router


def _heading(report: Report) -> dict[str, Any]:
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


def _fact(row: Mapping[str, Any]) -> FactAnswer:
    platform = PlatformAnswer(name=row["platform"], level=row["platform_level"]) if row["platform"] else None
    return FactAnswer.model_validate({**row, "on": row["happened_on"], "platform": platform})
