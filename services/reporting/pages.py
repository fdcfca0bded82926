"""The figures for people: the wall chart (挂图作战), and behind each figure its facts and its projects."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from fastapi.templating import Jinja2Templates

from services.reporting import wall, wording
from services.reporting.asking import Project
from services.reporting.desk import Desk
from services.reporting.domain.question import Question
from services.reporting.figures import Window
from services.reporting.live import Live
from services.reporting.problems import Problem
from services.reporting.register import Wanted

_SHOWN = 2_000
_PROJECTS_SHOWN = 200

Refused = Callable[[str], str | None]
"""Where a district's refused messages are listed, if anywhere."""


def _address(said: Mapping[str, object]) -> str:
    return urlencode({name: value for name, value in said.items() if value})


def _same(asked: Question, through: date | None = None) -> str:
    """The question in the address of another page; with another last day, if one is given."""
    known_by = asked.known_by and asked.known_by.isoformat()
    return _address({"year": f"{asked.year:04}", "through": through or asked.through, "known_by": known_by})


_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.globals["say"] = wording
_templates.env.globals["same"] = _same


def routes(desk: Desk, live: Live, units: Mapping[str, str], ledger: str | None) -> APIRouter:
    """The pages; they need no script, and with one they keep themselves up to date.

    `units` names those who publish, `ledger` is the address of the ledger, whose list of refused messages is linked.
    """

    def refused(district: str) -> str | None:
        return f"{ledger.rstrip('/')}/v1/quarantine?{urlencode({'district': district})}" if ledger else None

    router = APIRouter(include_in_schema=False)
    _charts(router, desk, refused)
    _of_figures(router, desk, units, refused)
    _of_projects(router, desk, units)

    @router.get("/live")
    async def live_everywhere() -> Response:
        return _stream(live, None)

    @router.get("/districts/{district}/live")
    async def live_of_one(district: str) -> Response:
        return _stream(live, district)

    return router


def _charts(router: APIRouter, desk: Desk, refused: Refused) -> None:
    asked_here = _asker(desk)

    @router.get("/")
    async def entrance(request: Request, asked: Annotated[Question, Depends(asked_here)]) -> Response:
        reports = await desk.reports(asked)
        if len(reports) == 1:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"/districts/{reports[0].district}{query}", 303)
        shown = {
            "live": "/live",
            "asked": asked,
            "period": wording.period(asked, desk.definitions.year_begins),
            "line_of_time": wall.line_of_time(reports[0]) if reports else None,
            "titles": [one.title for one in desk.definitions.indicator],
            "table": wall.beside(reports, desk.name),
        }
        return _templates.TemplateResponse(request, "entrance.html", shown)

    @router.get("/districts/{district}")
    async def wall_chart(request: Request, district: str, asked: Annotated[Question, Depends(asked_here)]) -> Response:
        look = await desk.look(district)
        report = await desk.report(district, asked, look=look)
        board = await desk.board(district, asked, look)
        _, ratios = await desk.ratios(district, asked, look=look)
        shown: dict[str, Any] = {
            "live": f"/districts/{district}/live",
            "name": desk.name(district),
            "asked": asked,
            "report": report,
            "period": wording.period(asked, desk.definitions.year_begins),
            "refused": refused(district),
            "rows": wall.rows(report),
            "line_of_time": wall.line_of_time(report),
            "line_at": wall.at(wall.line_of_time(report)),
            "target_at": wall.at(wall.FULL),
            "months": wall.months(asked, desk.definitions.year_begins, desk.today()),
            "steps": wall.steps(board, wording.STAGES),
            "aside": wall.steps(board, wording.ASIDE),
            "late": wall.late(board, asked.through),
            "board": board,
            "ratios": ratios,
            "light_rules": {wording.light_rule(one.light) for one in desk.definitions.indicator},
        }
        return _templates.TemplateResponse(request, "wall.html", shown)


def _of_figures(router: APIRouter, desk: Desk, units: Mapping[str, str], refused: Refused) -> None:
    asked_here = _asker(desk)

    @router.get("/districts/{district}/indicators/{code}")
    async def evidence(
        request: Request, district: str, code: str, asked: Annotated[Question, Depends(asked_here)]
    ) -> Response:
        proof = await desk.proof(district, code, asked, Window(_SHOWN))
        shown = {
            "live": f"/districts/{district}/live",
            "name": desk.name(district),
            "asked": asked,
            "report": proof.report,
            "period": wording.period(asked, proof.indicator.year_begins),
            "refused": refused(district),
            "line": proof.evidence.progress,
            "evidence": proof.evidence,
            "funds": proof.indicator.fact.event == "funds-arrived",
            "units": units,
        }
        return _templates.TemplateResponse(request, "evidence.html", shown)


def _of_projects(router: APIRouter, desk: Desk, units: Mapping[str, str]) -> None:
    asked_here = _asker(desk)

    @router.get("/districts/{district}/projects")
    async def projects(  # noqa: PLR0913, PLR0917 - each is a field of the page's form
        request: Request,
        district: str,
        asked: Annotated[Question, Depends(asked_here)],
        stage: str = "",
        late: str = "",
        search: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
        cursor: Annotated[str, Query(max_length=400)] = "",
    ) -> Response:
        wanted = Wanted(
            stage=stage.replace("\0", "") or None,
            late=True if late else None,
            search=search or None,
            sort="overdue" if late else "contract_amount",
            cursor=cursor or None,
            limit=_PROJECTS_SHOWN,
        )
        found = await desk.projects(district, asked, wanted)
        again = {"stage": stage, "late": late, "search": search, "cursor": found.following}
        shown = {
            "district": district,
            "name": desk.name(district),
            "asked": asked,
            "wanted": wanted,
            "stages": {**wording.STAGES, **wording.ASIDE},
            "groups": wall.by_official(found.projects) if late else wall.one_group(found.projects),
            "following": f"{_same(asked)}&{_address(again)}" if found.following else "",
        }
        return _templates.TemplateResponse(request, "projects.html", shown)

    @router.get("/districts/{district}/projects/{project}")
    async def project(request: Request, district: str, project: Project) -> Response:
        story = await desk.project(district, project)
        shown = {
            "live": f"/districts/{district}/live",
            "district": district,
            "project": project,
            "name": desk.name(district),
            "record": story.record,
            "milestones": wall.plan(story.record, desk.today()),
            "anomalies": wall.anomalies(story.record),
            "entries": list(reversed(story.entries)),
            "units": units,
        }
        return _templates.TemplateResponse(request, "project.html", shown)


def apology(request: Request, problem: Problem) -> Response:
    """The page that says why there is no page."""
    shown = {"problem": problem, "say": wording}
    return _templates.TemplateResponse(request, "problem.html", shown, status_code=problem.status)


def _asker(desk: Desk) -> Any:
    def asked(year: str | None = None, through: str | None = None, known_by: str | None = None) -> Question:
        return desk.question(year, through, known_by)

    return asked


def _stream(live: Live, district: str | None) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(live.listen(district), media_type="text/event-stream", headers=headers)
