"""The figures for people: the wall chart (挂图作战) and, behind each figure, the facts it is made of."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from services.reporting import wall, wording
from services.reporting.desk import Desk
from services.reporting.domain.question import Question
from services.reporting.figures import Window
from services.reporting.problems import Problem

_SHOWN = 2_000

_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.globals["say"] = wording


def routes(desk: Desk) -> APIRouter:
    """The pages; they need no script."""
    router = APIRouter(include_in_schema=False)

    def asked(year: str | None = None, through: str | None = None, known_by: str | None = None) -> Question:
        return desk.question(year, through, known_by)

    @router.get("/")
    async def entrance(request: Request) -> Response:
        codes = await desk.districts()
        if len(codes) == 1:
            return RedirectResponse(f"/districts/{codes[0]}", 303)
        districts = [(code, desk.name(code)) for code in codes]
        return _templates.TemplateResponse(request, "entrance.html", {"districts": districts})

    @router.get("/districts/{district}")
    async def wall_chart(request: Request, district: str, asked: Annotated[Question, Depends(asked)]) -> Response:
        report = await desk.report(district, asked)
        board = await desk.board(district, asked.through)
        shown: dict[str, Any] = {
            "name": desk.name(district),
            "report": report,
            "rows": wall.rows(report),
            "line_at": wall.at(report.elapsed_pct),
            "target_at": wall.at(wall.FULL),
            "months": wall.months(asked.year, asked.through, desk.today()),
            "steps": wall.steps(board, wording.STAGES),
            "aside": wall.steps(board, wording.ASIDE),
            "late": wall.late(board, asked.through),
            "board": board,
            "light_rules": {wording.light_rule(one.light) for one in desk.definitions.indicator},
        }
        return _templates.TemplateResponse(request, "wall.html", shown)

    @router.get("/districts/{district}/indicators/{code}")
    async def evidence(
        request: Request, district: str, code: str, asked: Annotated[Question, Depends(asked)]
    ) -> Response:
        proof = await desk.proof(district, code, asked, Window(_SHOWN))
        shown = {
            "name": desk.name(district),
            "report": proof.report,
            "line": proof.evidence.progress,
            "evidence": proof.evidence,
            "funds": proof.indicator.fact.event == "funds-arrived",
        }
        return _templates.TemplateResponse(request, "evidence.html", shown)

    return router


def apology(request: Request, problem: Problem) -> Response:
    """The page that says why there is no page."""
    shown = {"problem": problem, "say": wording}
    return _templates.TemplateResponse(request, "problem.html", shown, status_code=problem.status)
