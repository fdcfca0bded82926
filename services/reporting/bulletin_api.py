"""Sealed bulletins over HTTP: listed, in each of their forms, and two of them compared; and their pages."""

import asyncio
import pathlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from services.reporting import answer_tables, wording
from services.reporting.answers import BulletinAnswer, BulletinsAnswer
from services.reporting.asking import Page
from services.reporting.bulletin_answers import BulletinDocumentAnswer, ComparedAnswer
from services.reporting.bulletins import Bulletins
from services.reporting.described import forms_of
from services.reporting.desk import Desk, UnknownDistrictError
from services.reporting.documents.page import FORMS, page_bytes
from services.reporting.documents.word import document_bytes
from services.reporting.documents.workbook import workbook_bytes
from services.reporting.domain import bulletin_words
from services.reporting.domain.bulletin import Document
from services.reporting.domain.bulletin_changes import compared
from services.reporting.forms import Form, Replies, held, respond, wanted
from shared.subjects import DISTRICT

District = Annotated[str, Path(description="GB/T 2260", examples=["500101"], pattern=f"^{DISTRICT.pattern}$")]
Number = Annotated[str, Path(examples=["2026-08-1"], pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{1,6}$")]

_FORMS: tuple[Form, ...] = ("json", "html", "docx", "xlsx")
_RENDERED: Mapping[Form, Callable[[Document], bytes]] = {
    "html": page_bytes,
    "docx": document_bytes,
    "xlsx": workbook_bytes,
}
# Part of the ETags: to be raised when a form of the same bulletin becomes other bytes.
_LAYOUT = 2
_PAGE = 200

_templates = Jinja2Templates(pathlib.Path(__file__).parent / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.globals["say"] = wording


def routes(bulletins: Bulletins, desk: Desk, replies: Replies) -> APIRouter:
    """The paths of bulletins, and their pages."""
    router = APIRouter()
    _for_programs(router, bulletins, desk, replies)
    _pages(router, bulletins, desk)
    return router


def _for_programs(router: APIRouter, bulletins: Bulletins, desk: Desk, replies: Replies) -> None:
    path = "/v1/districts/{district}/bulletins"

    @router.get(
        path,
        tags=["bulletins"],
        summary="A district's sealed bulletins",
        response_model=BulletinsAnswer,
        responses=forms_of("bulletins"),
    )
    async def listed(request: Request, district: District, page: Annotated[Page, Query()]) -> Response:
        found = await _listed(bulletins, desk, district, page)

        async def make() -> BulletinsAnswer:
            return found

        return await replies(request, found, make, answer_tables.of_bulletins)

    @router.get(
        path + "/{number}",
        tags=["bulletins"],
        summary="A sealed bulletin, as JSON, page, document or workbook",
        response_model=BulletinDocumentAnswer,
        responses=forms_of("bulletin", _FORMS),
    )
    async def one(request: Request, district: District, number: Number) -> Response:
        return await _answer(request, bulletins, (district, number), wanted(request, _FORMS))

    @router.get(
        path + "/{number}/compare/{other}",
        tags=["bulletins"],
        summary="What differs between two",
        response_model=ComparedAnswer,
        responses=forms_of("compare", ("json",)),
    )
    async def compare(request: Request, district: District, number: Number, other: Number) -> Response:
        async def make() -> ComparedAnswer:
            return ComparedAnswer.model_validate(await _compared(bulletins, district, number, other))

        return await replies(request, "they never change", make, None)


def _pages(router: APIRouter, bulletins: Bulletins, desk: Desk) -> None:
    path = "/districts/{district}/bulletins"

    @router.get(path, include_in_schema=False)
    async def list_page(request: Request, district: District, cursor: str | None = None) -> Response:
        found = await _listed(bulletins, desk, district, Page(limit=_PAGE, cursor=cursor))
        shown = {
            "district": district,
            "name": desk.name(district),
            "bulletins": found.bulletins,
            "next": found.next,
            "forms": FORMS.items(),
        }
        return _templates.TemplateResponse(request, "bulletins.html", shown)

    @router.get(path + "/{number}/compare/{other}", include_in_schema=False)
    async def compare_page(request: Request, district: District, number: Number, other: Number) -> Response:
        found = await _compared(bulletins, district, number, other)
        shown = {
            "district": district,
            "name": desk.name(district),
            "found": found,
            "titles": {line["code"]: line["title"] for line in found["indicators"]},
            "words": bulletin_words,
            "instant": datetime.fromisoformat,
        }
        return _templates.TemplateResponse(request, "bulletin_compare.html", shown)

    @router.get(path + "/{number}", include_in_schema=False)
    async def page(request: Request, district: District, number: Number) -> Response:
        return await _answer(request, bulletins, (district, number), "html")


async def _listed(bulletins: Bulletins, desk: Desk, district: str, page: Page) -> BulletinsAnswer:
    found, following = await bulletins.list(district, page.limit, page.cursor)
    if not found and district not in await desk.districts():
        raise UnknownDistrictError(district)
    entries = [BulletinAnswer.model_validate(one) for one in found]
    return BulletinsAnswer(district=district, bulletins=entries, next=following)


async def _compared(bulletins: Bulletins, district: str, number: str, other: str) -> dict[str, Any]:
    return compared(await bulletins.document(district, number), await bulletins.document(district, other))


async def _answer(request: Request, bulletins: Bulletins, of: tuple[str, str], form: Form) -> Response:
    document = await bulletins.document(*of)
    etag = f'"{document["root"][:32]}-{form}-{_LAYOUT}"'
    name = f"{document['district']}-{document['number']}"
    if held(request, etag):
        return respond(request, form, etag, b"", name)
    # Some tenths of a second of computing, which must not hold up the others.
    body = await bulletins.text(*of) if form == "json" else await asyncio.to_thread(_RENDERED[form], document)
    return respond(request, form, etag, body, name)
