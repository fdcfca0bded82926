"""The page on which a report is pasted or handed over, and shown again with its figures marked; it needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from services.reporting import check_words
from services.reporting.check_api import against_desk
from services.reporting.checker import Checked, Checker, Finding
from services.reporting.desk import Desk
from services.reporting.domain.check.verdicts import Verdict
from services.reporting.manuscripts import BYTES_MOST, UnreadableError, Why, tidy

_FORM_MOST = BYTES_MOST + 2_000_000
_FIELD_MOST = 2_000_000
_HEADERS = {
    # What is shown is a report that is not published yet.
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
_WORST_FIRST = (Verdict.INCONSISTENT, Verdict.UNVERIFIABLE, Verdict.CONSISTENT)

_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.globals["words"] = check_words


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text; with findings it is a figure, with a number one to look at."""

    text: str
    number: int = 0
    findings: Sequence[Finding] = ()

    @property
    def mark(self) -> str:
        """How the figure is marked: by the worst that is said of it."""
        said = {one.claim.verdict for one in self.findings}
        worst = next((one for one in _WORST_FIRST if one in said), Verdict.UNVERIFIABLE)
        return "doubtful" if worst is not Verdict.INCONSISTENT and self.number else worst.value

    @property
    def noted(self) -> list[Finding]:
        """What deserves a look: what is wrong, and what holds only if a round figure was rounded."""
        return [one for one in self.findings if one.claim.slips or one.claim.verdict is Verdict.INCONSISTENT]


def pieces(checked: Checked) -> list[Piece]:
    """The whole text in stretches, figures apart; those to look at are numbered from 1."""
    found: list[Piece] = []
    done = number = 0
    for (start, end), group in groupby(checked.findings, key=lambda one: one.claim.figure):
        findings = tuple(group)
        figure = Piece(checked.text[start:end], number + 1, findings)
        if figure.noted:
            number += 1
        else:
            figure = replace(figure, number=0)
        found += [Piece(checked.text[done:start]), figure]
        done = end
    return [*found, Piece(checked.text[done:])]


def routes(desk: Desk, checker: Checker) -> APIRouter:
    """The page, empty and with a report."""
    router = APIRouter(include_in_schema=False)

    async def shown(request: Request, status: int = 200, **values: Any) -> Response:
        districts = [(code, desk.name(code)) for code in await desk.districts()]
        only = districts[0][0] if len(districts) == 1 else ""
        values = {"districts": districts, "text": "", "district": only, "checked": None, "trouble": None} | values
        return _templates.TemplateResponse(request, "check.html", values, status, headers=_HEADERS)

    @router.get("/check")
    async def empty(request: Request) -> Response:
        return await shown(request)

    @router.post("/check")
    async def check(request: Request) -> Response:
        if not 0 <= _length(request) <= _FORM_MOST:
            return await shown(request, 413, trouble=check_words.UNREADABLE[Why.TOO_LARGE])
        try:
            async with request.form(max_files=1, max_fields=5, max_part_size=_FIELD_MOST) as form:
                given, district = await _given(form), str(form.get("district") or "")
        except HTTPException:
            return await shown(request, 400, trouble=check_words.NO_FORM)
        pasted = given if isinstance(given, str) else ""
        if not given:
            return await shown(request, 422, district=district, trouble=check_words.NOTHING)
        known = district in await desk.districts()
        try:
            checked = await checker.check(given, against_desk(desk, district, None) if known else None)
        except UnreadableError as error:
            trouble = check_words.UNREADABLE[error.why]
            return await shown(request, 422, text=pasted, district=district, trouble=trouble)
        return await shown(request, text=checked.text, district=district, checked=checked, pieces=pieces(checked))

    return router


async def _given(form: FormData) -> bytes | str:
    """The file when one was chosen, otherwise what was pasted; browsers send its line ends as two characters."""
    file, text = form.get("file"), form.get("text")
    if isinstance(file, UploadFile) and (data := await file.read()):
        return data
    return tidy(text) if isinstance(text, str) and text.strip() else ""


def _length(request: Request) -> int:
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else -1
