"""The figures for programs: one question a request, answered in JSON, CSV or as a workbook."""

from collections.abc import Awaitable, Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.reporting import answer_tables, answers
from services.reporting.asking import (
    Asking,
    AskingEverywhere,
    AskingFacts,
    AskingParts,
    AskingProjects,
    AskingTimeline,
    AskingVersion,
    Code,
    District,
    Page,
    Project,
)
from services.reporting.cursors import cursor, place
from services.reporting.described import forms_of
from services.reporting.desk import Breakdown, Desk, Look
from services.reporting.domain.indicators import Definitions
from services.reporting.domain.numbers import percent, rounded
from services.reporting.domain.progress import unit_value
from services.reporting.domain.question import Question
from services.reporting.figures import Dimension, Window
from services.reporting.forms import Replies
from services.reporting.problems import RESPONSES
from services.reporting.register import Wanted
from services.reporting.tables import Rows


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


def install(app: FastAPI, desk: Desk, replies: Replies) -> None:
    """Put the paths under /v1 into an application."""
    office = _Office(desk, replies)
    app.include_router(_definitions(desk, replies))
    app.include_router(_all_districts(desk, replies))
    app.include_router(_figures(desk, office))
    app.include_router(_behind(desk, office))
    app.include_router(_projects(desk, replies, office))


def _router() -> APIRouter:
    return APIRouter(prefix="/v1", tags=["figures"], responses=RESPONSES)


def _definitions(desk: Desk, replies: Replies) -> APIRouter:
    router = _router()

    @router.get(
        "/indicators",
        summary="The definitions by which figures are computed",
        response_model=Definitions,
        responses=forms_of("indicators"),
    )
    async def indicators(request: Request, asking: Annotated[AskingVersion, Query()]) -> Response:
        async def make() -> Definitions:
            return found

        found = desk.edition(asking.definitions)
        return await replies(request, "read at the start", make, answer_tables.of_definitions)

    @router.get(
        "/definitions",
        summary="The versions of the definitions",
        response_model=answers.EditionsAnswer,
        responses=forms_of("definitions"),
    )
    async def versions(request: Request) -> Response:
        async def make() -> answers.EditionsAnswer:
            return answers.editions_answer(desk.editions)

        return await replies(request, "read at the start", make, answer_tables.of_editions)

    return router


def _all_districts(desk: Desk, replies: Replies) -> APIRouter:
    router = _router()

    @router.get(
        "/districts",
        summary="The districts of which records have arrived",
        response_model=answers.DistrictsAnswer,
        responses=forms_of("districts"),
    )
    async def districts(request: Request, page: Annotated[Page, Query()]) -> Response:
        every = await desk.districts()

        async def make() -> answers.DistrictsAnswer:
            codes, following = _page_of(every, page)
            found = [answers.DistrictAnswer(district=code, name=desk.name(code)) for code in codes]
            return answers.DistrictsAnswer(districts=found, next=following)

        return await replies(request, every, make, answer_tables.of_districts)

    @router.get(
        "/progress",
        summary="All districts side by side",
        response_model=answers.AllProgressAnswer,
        responses=forms_of("all-progress"),
    )
    async def everywhere(request: Request, asking: Annotated[AskingEverywhere, Query()]) -> Response:
        asked, definitions = _read(desk, asking)
        looks = await desk.looks()
        codes, following = _page_of(list(looks), asking)

        async def make() -> answers.AllProgressAnswer:
            return await _all_progress(desk, asked, definitions, {code: looks[code] for code in codes}, following)

        return await replies(request, looks, make, answer_tables.of_all_progress)

    return router


def _page_of(codes: list[str], page: Page | AskingEverywhere) -> tuple[list[str], str | None]:
    """The wanted part of the districts, in the order of their codes, and the cursor of the next one."""
    after = place(page.cursor, "districts", 1)
    rest = [code for code in codes if after is None or code > after[0]]
    found = rest[: page.limit]
    return found, cursor("districts", found[-1]) if len(rest) > len(found) else None


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
        ("A district's figures against its targets", progress, answer_tables.of_progress, answers.ProgressAnswer),
        ("Progress at the end of each month", series, answer_tables.of_series, answers.SeriesAnswer),
        (
            "A district's rates, such as how many of the signed projects have begun",
            ratios,
            answer_tables.of_ratios,
            answers.RatiosAnswer,
        ),
    ):
        name = make.__name__
        router.add_api_route(
            f"/districts/{{district}}/{name}",
            answered(make, rows),
            name=name,
            summary=summary,
            response_model=model,
            responses=forms_of(name),
        )
    return router


def _behind(desk: Desk, office: _Office) -> APIRouter:
    router = _router()

    @router.get(
        "/districts/{district}/indicators/{code}/facts",
        summary="The facts behind one figure",
        response_model=answers.FactsAnswer,
        responses=forms_of("facts"),
    )
    async def facts(
        request: Request, district: District, code: Code, asking: Annotated[AskingFacts, Query()]
    ) -> Response:
        window = Window(asking.limit, asking.offset)

        async def make(asked: _Asked) -> answers.FactsAnswer:
            proof = await desk.proof(district, code, asked.question, window, asked.definitions, asked.look)
            return answers.facts_answer(proof, asking.offset)

        return await office(request, district, asking, make, answer_tables.of_facts)

    @router.get(
        "/districts/{district}/indicators/{code}/by/{dimension}",
        summary="One figure by month, cluster, industry, lead unit, channel, tier or platform",
        response_model=answers.PartsAnswer,
        responses=forms_of("parts"),
    )
    async def parts(
        request: Request,
        district: District,
        code: Code,
        dimension: Annotated[Dimension, Path(examples=["tier"])],
        asking: Annotated[AskingParts, Query()],
    ) -> Response:
        # One more, to know whether any are left.
        window = Window(asking.limit + 1, asking.offset)

        async def make(asked: _Asked) -> answers.PartsAnswer:
            of = (district, code, asked.question, dimension, window)
            return _parts(await desk.breakdown(*of, asked.definitions, asked.look), asking)

        return await office(request, district, asking, make, answer_tables.of_parts)

    return router


def _projects(desk: Desk, replies: Replies, office: _Office) -> APIRouter:
    router = _router()

    @router.get(
        "/districts/{district}/projects",
        summary="A district's projects",
        response_model=answers.ProjectsAnswer,
        responses=forms_of("projects"),
    )
    async def projects(request: Request, district: District, asking: Annotated[AskingProjects, Query()]) -> Response:
        wanted = Wanted(**asking.model_dump(exclude={*Asking.model_fields}))

        async def make(asked: _Asked) -> answers.ProjectsAnswer:
            found = await desk.projects(district, asked.question, wanted)
            return answers.projects_answer(district, asked.question, found)

        return await office(request, district, asking, make, answer_tables.of_projects)

    @router.get(
        "/districts/{district}/projects/{project}",
        summary="One project with its timeline",
        response_model=answers.StoryAnswer,
        responses=forms_of("project"),
    )
    async def project(
        request: Request, district: District, project: Project, asking: Annotated[AskingTimeline, Query()]
    ) -> Response:
        async def make() -> answers.StoryAnswer:
            found = await desk.project(district, project)
            return answers.story_answer(district, project, found, asking.limit, asking.offset)

        return await replies(request, await desk.look(district), make, answer_tables.of_timeline)

    return router


async def _all_progress(
    desk: Desk, asked: Question, definitions: Definitions, looks: Mapping[str, Look], following: str | None
) -> answers.AllProgressAnswer:
    return answers.AllProgressAnswer(
        year=asked.year,
        through=asked.through,
        known_by=asked.known_by,
        definitions=definitions.definitions,
        elapsed_pct=desk.elapsed_pct(asked),
        districts=[
            answers.district_progress(one, desk.name(one.district))
            for one in await desk.reports(asked, definitions, looks)
        ],
        next=following,
    )


def _read(desk: Desk, asking: Asking) -> tuple[Question, Definitions]:
    definitions = desk.edition(asking.definitions)
    return desk.question(asking.year, asking.through, asking.known_by, definitions), definitions


def _parts(found: Breakdown, asking: AskingParts) -> answers.PartsAnswer:
    indicator, parts = found.indicator, found.parts[: asking.limit]
    [line] = found.report.indicators
    measured = [unit_value(indicator, part.tally) for part in parts]
    # Not their sum: a project may count in two parts, and once in the whole.
    whole = Fraction(line.amount) if indicator.measure == "sum" else Fraction(line.actual)
    amounts = [
        Fraction(part.tally.amount) if indicator.measure == "sum" else one
        for part, one in zip(parts, measured, strict=True)
    ]
    return answers.PartsAnswer(
        **answers.heading(found.report),
        indicator=answers.indicator_answer(line, found.report.elapsed_pct),
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
            for part, value, amount in zip(parts, measured, amounts, strict=True)
        ],
        next=asking.offset + len(parts) if len(found.parts) > len(parts) else None,
    )
