"""Sealed bulletins over HTTP: listed, in each of their forms, and two of them compared; and their pages."""

import asyncio
import pathlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict, Field

from services.reporting import wording
from services.reporting.bulletins import Bulletins
from services.reporting.desk import Desk, UnknownDistrictError
from services.reporting.documents.page import FORMS, page_bytes
from services.reporting.documents.word import document_bytes
from services.reporting.documents.workbook import workbook_bytes
from services.reporting.domain import bulletin_words
from services.reporting.domain.bulletin import Document
from services.reporting.domain.bulletin_changes import compared
from services.reporting.problems import RESPONSES
from shared.subjects import DISTRICT

Form = Literal["json", "html", "docx", "xlsx"]
District = Annotated[str, Path(description="GB/T 2260", examples=["500101"], pattern=f"^{DISTRICT.pattern}$")]
Number = Annotated[str, Path(examples=["2026-08-1"], pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{1,6}$")]

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "html": "text/html",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
_RENDERED: Mapping[Form, Callable[[Document], bytes]] = {
    "html": page_bytes,
    "docx": document_bytes,
    "xlsx": workbook_bytes,
}
# Part of the ETags: to be raised when a form of the same bulletin becomes other bytes.
_LAYOUT = 1

_templates = Jinja2Templates(pathlib.Path(__file__).parent / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.globals["say"] = wording


class BulletinAnswer(BaseModel):
    """A bulletin in the list; `root` is its digest, `known_by` the instant of its sealing."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    number: str = Field(examples=["2026-08-1"])
    through: date
    known_by: datetime
    root: str


class BulletinsAnswer(BaseModel):
    """A district's bulletins, the newest first."""

    model_config = ConfigDict(frozen=True)

    district: str = Field(examples=["500101"])
    bulletins: list[BulletinAnswer]


def routes(bulletins: Bulletins, desk: Desk) -> APIRouter:
    """The paths of bulletins, and their two pages."""
    router = APIRouter(responses=RESPONSES)
    of_district = "/v1/districts/{district}/bulletins"

    @router.get(of_district, tags=["bulletins"], summary="A district's sealed bulletins")
    async def listed(district: District) -> BulletinsAnswer:
        found = await bulletins.list(district)
        if not found and district not in await desk.districts():
            raise UnknownDistrictError(district)
        answers = [BulletinAnswer.model_validate(one) for one in found]
        return BulletinsAnswer(district=district, bulletins=answers)

    content: dict[str, Any] = {media_type: {} for media_type in TYPES.values()}

    def in_form(form: Form) -> Callable[..., Awaitable[Response]]:
        async def answer(request: Request, district: District, number: Number) -> Response:
            return await _answer(request, bulletins, (district, number), form)

        return answer

    # Its ending chooses the form as `Accept` does. Before the bare path, which would take the ending for the number's.
    for form in TYPES:
        router.add_api_route(f"{of_district}/{{number}}.{form}", in_form(form), include_in_schema=False)

    @router.get(
        f"{of_district}/{{number}}",
        tags=["bulletins"],
        summary="A sealed bulletin, as JSON, page, document or workbook",
        response_class=Response,
        responses={200: {"content": content, "description": "By `Accept`, or by one of the endings"}},
    )
    async def one(request: Request, district: District, number: Number) -> Response:
        return await _answer(request, bulletins, (district, number), _form(request.headers.get("accept", "")))

    @router.get(f"{of_district}/{{number}}/compare/{{other}}", tags=["bulletins"], summary="What differs between two")
    async def compare(district: District, number: Number, other: Number) -> dict[str, Any]:
        return compared(await bulletins.document(district, number), await bulletins.document(district, other))

    @router.get("/districts/{district}/bulletins", include_in_schema=False)
    async def list_page(request: Request, district: District) -> Response:
        found = await listed(district)
        shown = {
            "district": district,
            "name": desk.name(district),
            "bulletins": found.bulletins,
            "forms": FORMS.items(),
        }
        return _templates.TemplateResponse(request, "bulletins.html", shown)

    @router.get("/districts/{district}/bulletins/{number}/compare/{other}", include_in_schema=False)
    async def compare_page(request: Request, district: District, number: Number, other: Number) -> Response:
        found = await compare(district, number, other)
        shown = {
            "district": district,
            "name": desk.name(district),
            "found": found,
            "titles": {line["code"]: line["title"] for line in found["indicators"]},
            "words": bulletin_words,
            "instant": datetime.fromisoformat,
        }
        return _templates.TemplateResponse(request, "bulletin_compare.html", shown)

    @router.get("/districts/{district}/bulletins/{number}", include_in_schema=False)
    async def page(request: Request, district: District, number: Number) -> Response:
        return await _answer(request, bulletins, (district, number), "html")

    return router


async def _answer(request: Request, bulletins: Bulletins, of: tuple[str, str], form: Form) -> Response:
    document = await bulletins.document(*of)
    etag = f'"{document["root"][:32]}-{form}-{_LAYOUT}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if form == "json":
        return Response(await bulletins.text(*of), headers=headers, media_type=TYPES[form])
    if form != "html":
        headers["Content-Disposition"] = f'attachment; filename="{document["district"]}-{document["number"]}.{form}"'
    # Some tenths of a second of computing, which must not hold up the others.
    body = await asyncio.to_thread(_RENDERED[form], document)
    return Response(body, headers=headers, media_type=TYPES[form])


def _form(accept: str) -> Form:
    """The first form that is named; JSON when none is."""
    for named in accept.split(","):
        for form, media_type in TYPES.items():
            if named.partition(";")[0].strip().lower() == media_type:
                return form
    return "json"
