"""The figures for programs: one question a request, answered in JSON, CSV or as a workbook."""

from collections.abc import Awaitable, Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting import answers
from services.reporting.desk import Breakdown, Desk, Look
from services.reporting.domain.indicators import Definitions
from services.reporting.domain.numbers import percent, rounded
from services.reporting.domain.progress import unit_value
from services.reporting.domain.question import Question
from services.reporting.figures import Dimension, Window
from services.reporting.forms import TYPES, Replies, Rows, Suffixes
from services.reporting.problems import RESPONSES
from services.reporting.register import Sort, Wanted

District = Annotated[str, Path(description="GB/T 2260", examples=["500101"], max_length=64)]
Code = Annotated[str, Path(description="of the indicator", examples=["funds-arrived"], max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]

_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, with an ETag; `Accept` or the path's ending (.csv, .xlsx) chooses the form",
        "content": {kind: {} for form, kind in TYPES.items() if form != "json"},
    },
    304: {"description": "Unchanged since the answer whose ETag was sent in If-None-Match"},
    **RESPONSES,
}


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
    definitions: str | None = Field(
        None, description="A version of the definitions; the one in force when left out", examples=["2026.1"]
    )


class AskingFacts(Asking):
    """What is asked, and which part of the facts is wanted."""

    limit: int = Field(1_000, ge=1, le=10_000)
    offset: int = Field(0, ge=0, le=10_000_000)


class AskingProjects(Asking):
    """Which projects are wanted, as they stood on the asked day, and in which order."""

    stage: Name | None = Field(None, examples=["started"])
    cluster: Name | None = None
    lead_unit: Name | None = None
    lead_official: Name | None = None
    search: Name | None = Field(None, description="Part of the name or of the id")
    late: bool | None = Field(None, description="Whether a milestone is overdue")
    sort: Sort = Field("project", description="Amounts, instants and days overdue: the largest first")
    cursor: Name | None = Field(None, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=1_000)


class _Asked(NamedTuple):
    """A question about a district as it was read, and the look at the district before its figures are."""

    district: str
    question: Question
    definitions: Definitions
    look: Look


class _Office:
    """Answers questions about one district: reads them, looks once, and makes only what is not kept."""

    def __init__(self, desk: Desk, replies: Replies) -> None:
        self._desk = desk
        self._replies = replies

    async def __call__(
        self,
        request: Request,
        district: str,
        asking: Asking,
        make: Callable[[_Asked], Awaitable[BaseModel]],
        rows: Callable[[Any], Rows],
    ) -> Response:
        question, definitions = _read(self._desk, asking)
        asked = _Asked(district, question, definitions, await self._desk.look(district))
        return await self._replies(request, asked.look, lambda: make(asked), rows)


def install(app: FastAPI, desk: Desk) -> None:
    """Put the paths under /v1 into an application."""
    app.add_middleware(Suffixes)
    replies = Replies()
    office = _Office(desk, replies)
    app.include_router(_definitions(desk))
    app.include_router(_all_districts(desk, replies))
    app.include_router(_figures(desk, office))
    app.include_router(_behind(desk, office))
    app.include_router(_projects(desk, replies, office))


def _router() -> APIRouter:
    return APIRouter(prefix="/v1", tags=["figures"], responses=RESPONSES)


def _definitions(desk: Desk) -> APIRouter:
    router = _router()

    @router.get("/districts", summary="The districts of which records have arrived")
    async def districts() -> list[answers.DistrictAnswer]:
        return [answers.DistrictAnswer(district=code, name=desk.name(code)) for code in await desk.districts()]

    @router.get("/indicators", summary="The definitions by which figures are computed")
    async def indicators(definitions: str | None = None) -> Definitions:
        return desk.edition(definitions)

    @router.get("/definitions", summary="The versions of the definitions")
    async def versions() -> list[answers.EditionAnswer]:
        return [
            answers.EditionAnswer(
                definitions=one.definitions,
                in_force=one is desk.definitions,
                indicators=[indicator.code for indicator in one.indicator],
                ratios=[ratio.code for ratio in one.ratio],
            )
            for one in desk.editions.every.values()
        ]

    return router


def _all_districts(desk: Desk, replies: Replies) -> APIRouter:
    router = _router()

    @router.get(
        "/progress", summary="All districts side by side", response_model=answers.AllProgressAnswer, responses=_FORMS
    )
    async def everywhere(request: Request, asking: Annotated[Asking, Query()]) -> Response:
        asked, definitions = _read(desk, asking)
        looks = await desk.looks()

        async def make() -> answers.AllProgressAnswer:
            return await all_progress(desk, asked, definitions, looks)

        return await replies(request, looks, make, _of_districts)

    return router


def _figures(desk: Desk, office: _Office) -> APIRouter:
    router = _router()

    async def progress(asked: _Asked) -> answers.ProgressAnswer:
        return answers.progress_answer(await desk.report(*asked))

    async def series(asked: _Asked) -> answers.SeriesAnswer:
        return answers.series_answer(await desk.series(*asked))

    async def ratios(asked: _Asked) -> answers.RatiosAnswer:
        return answers.ratios_answer(*await desk.ratios(*asked))

    def answered(make: Callable[[_Asked], Awaitable[BaseModel]], rows: Callable[[Any], Rows]) -> Callable[..., Any]:
        async def answer(request: Request, district: District, asking: Annotated[Asking, Query()]) -> Response:
            return await office(request, district, asking, make, rows)

        return answer

    for summary, make, rows, model in (
        ("A district's figures against its targets", progress, _of_progress, answers.ProgressAnswer),
        ("Progress at the end of each month", series, _of_series, answers.SeriesAnswer),
        (
            "A district's rates, such as how many of the signed projects have begun",
            ratios,
            _of_ratios,
            answers.RatiosAnswer,
        ),
    ):
        path, name = f"/districts/{{district}}/{make.__name__}", make.__name__
        router.add_api_route(
            path, answered(make, rows), name=name, summary=summary, response_model=model, responses=_FORMS
        )
    return router


def _behind(desk: Desk, office: _Office) -> APIRouter:
    router = _router()

    @router.get(
        "/districts/{district}/indicators/{code}/facts",
        summary="The facts behind one figure",
        response_model=answers.FactsAnswer,
        responses=_FORMS,
    )
    async def facts(
        request: Request, district: District, code: Code, asking: Annotated[AskingFacts, Query()]
    ) -> Response:
        window = Window(asking.limit, asking.offset)

        async def make(asked: _Asked) -> answers.FactsAnswer:
            proof = await desk.proof(district, code, asked.question, window, asked.definitions, asked.look)
            return answers.facts_answer(proof)

        return await office(request, district, asking, make, _of_facts)

    @router.get(
        "/districts/{district}/indicators/{code}/by/{dimension}",
        summary="One figure by month, cluster, industry, lead unit, channel, tier or platform",
        response_model=answers.PartsAnswer,
        responses=_FORMS,
    )
    async def parts(
        request: Request, district: District, code: Code, dimension: Dimension, asking: Annotated[Asking, Query()]
    ) -> Response:
        async def make(asked: _Asked) -> answers.PartsAnswer:
            return _parts(
                await desk.breakdown(district, code, asked.question, dimension, asked.definitions, asked.look)
            )

        return await office(request, district, asking, make, _of_parts)

    return router


def _projects(desk: Desk, replies: Replies, office: _Office) -> APIRouter:
    router = _router()

    @router.get(
        "/districts/{district}/projects",
        summary="A district's projects",
        response_model=answers.ProjectsAnswer,
        responses=_FORMS,
    )
    async def projects(request: Request, district: District, asking: Annotated[AskingProjects, Query()]) -> Response:
        wanted = Wanted(**asking.model_dump(exclude={*Asking.model_fields}))

        async def make(asked: _Asked) -> answers.ProjectsAnswer:
            found = await desk.projects(district, asked.question, wanted)
            return answers.projects_answer(district, asked.question, found)

        return await office(request, district, asking, make, _of_projects)

    @router.get(
        "/districts/{district}/projects/{project}",
        summary="One project with its timeline",
        response_model=answers.StoryAnswer,
        responses=_FORMS,
    )
    async def project(
        request: Request,
        district: District,
        project: Annotated[str, Path(examples=["P-2026-017"], max_length=64, pattern=r"^[A-Za-z0-9_-]+$")],
    ) -> Response:
        async def make() -> answers.StoryAnswer:
            return answers.story_answer(district, project, await desk.project(district, project))

        return await replies(request, await desk.look(district), make, _of_timeline)

    return router


async def all_progress(
    desk: Desk, asked: Question, definitions: Definitions | None, looks: Mapping[str, Look] | None = None
) -> answers.AllProgressAnswer:
    """Every district's figures, side by side."""
    reports = await desk.reports(asked, definitions, looks)
    return answers.AllProgressAnswer(
        year=asked.year,
        through=asked.through,
        known_by=asked.known_by,
        definitions=(definitions or desk.definitions).definitions,
        elapsed_pct=desk.elapsed_pct(asked),
        districts=[
            answers.DistrictProgress(
                district=one.district,
                name=desk.name(one.district),
                complete=not one.gaps,
                incomplete=[answers.GapAnswer.model_validate(gap) for gap in one.gaps],
                indicators=answers.lines(one),
            )
            for one in reports
        ],
    )


def _read(desk: Desk, asking: Asking) -> tuple[Question, Definitions]:
    definitions = desk.edition(asking.definitions)
    return desk.question(asking.year, asking.through, asking.known_by, definitions), definitions


def _parts(found: Breakdown) -> answers.PartsAnswer:
    indicator = found.indicator
    [line] = found.report.indicators
    measured = [unit_value(indicator, part.tally) for part in found.parts]
    # Not their sum: a project may count in two parts, and once in the whole.
    whole = Fraction(line.amount) if indicator.measure == "sum" else Fraction(line.actual)
    amounts = [
        Fraction(part.tally.amount) if indicator.measure == "sum" else one
        for part, one in zip(found.parts, measured, strict=True)
    ]
    return answers.PartsAnswer(
        **answers.heading(found.report),
        indicator=answers.IndicatorAnswer.model_validate(line),
        dimension=found.dimension,
        parts=[
            answers.PartAnswer(
                value=part.value or None,
                actual=rounded(value, indicator.rounding.decimals),
                share_pct=percent(amount / whole, 1) if whole else None,
                projects=part.tally.projects,
                facts=part.tally.facts,
                amount=rounded(Fraction(part.tally.amount), 2),
            )
            for part, value, amount in zip(found.parts, measured, amounts, strict=True)
        ],
    )


# ── The same as tables ────────────────────────────────────────────────────────────────────────────────────────────


def _of_progress(answer: answers.ProgressAnswer) -> Rows:
    head = {"district": answer.district, "through": answer.through, "elapsed_pct": answer.elapsed_pct}
    return [head | _flat(line) for line in answer.indicators]


def _of_districts(answer: answers.AllProgressAnswer) -> Rows:
    return [
        {"district": one.district, "name": one.name, "through": answer.through, "elapsed_pct": answer.elapsed_pct}
        | _flat(line)
        for one in answer.districts
        for line in one.indicators
    ]


def _of_series(answer: answers.SeriesAnswer) -> Rows:
    return [
        {"district": answer.district, "through": month.through, "elapsed_pct": month.elapsed_pct} | _flat(line)
        for month in answer.months
        for line in month.indicators
    ]


def _of_ratios(answer: answers.RatiosAnswer) -> Rows:
    return [_flat(one, "by_month") for one in answer.ratios]


def _of_facts(answer: answers.FactsAnswer) -> Rows:
    return [
        _flat(fact, "platform", "evidence")
        | {
            "platform": fact.platform and fact.platform.name,
            "platform_level": fact.platform and fact.platform.level,
            "evidence_kind": (fact.evidence or {}).get("kind"),
            "evidence_reference": (fact.evidence or {}).get("reference"),
        }
        for fact in answer.facts
    ]


def _of_parts(answer: answers.PartsAnswer) -> Rows:
    return [{answer.dimension: part.value} | _flat(part, "value") for part in answer.parts]


def _of_projects(answer: answers.ProjectsAnswer) -> Rows:
    return [
        _flat(one, "overdue")
        | {"overdue": one.overdue and one.overdue.milestone, "overdue_since": one.overdue and one.overdue.due}
        for one in answer.projects
    ]


def _of_timeline(answer: answers.StoryAnswer) -> Rows:
    return [_flat(entry) for entry in answer.timeline]


def _flat(part: answers.Answer, *but: str) -> dict[str, Any]:
    return {name: value for name, value in part if name not in but}
