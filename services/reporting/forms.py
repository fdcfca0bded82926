"""The forms in which one answer is given, by `Accept` or by the path's ending, with its ETag."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.reporting.once import Kept
from services.reporting.tables import Rows, csv_bytes, workbook_bytes

Form = Literal["json", "csv", "xlsx", "html", "docx"]

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "html": "text/html",
    "docx": f"{_OFFICE}.wordprocessingml.document",
}
TABLES: Sequence[Form] = ("json", "csv", "xlsx")
_ONLY: Sequence[Form] = ("json",)

_ENDING = "luodi.reporting.ending"
_KEPT_ANSWERS = 500
_KEPT_BYTES = 200_000
_ETAGS = re.compile(r'(?:W/)?("[^"]*")')
_QUALITY = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)


class NotAcceptableError(ValueError):
    """The answer has none of the forms that were asked for; the argument is the media types that it has."""


class Suffixes:
    """Lets the ending of a path under /v1/ choose the form: `…/progress.csv` is `…/progress` with that `Accept`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, without its ending."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            stem, dot, ending = scope["path"].rpartition(".")
            for form, kind in TYPES.items():
                if dot and ending == form:
                    others = [(name, value) for name, value in scope["headers"] if name != b"accept"]
                    headers = [*others, (b"accept", kind.encode())]
                    scope = {**scope, "path": stem, "raw_path": stem.encode(), "headers": headers, _ENDING: f".{form}"}
        await self._app(scope, receive, send)


class Heads:
    """Answers HEAD under /v1/ as it answers GET, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on as a GET."""

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["type"] == "http" and scope["method"] == "HEAD" and scope["path"].startswith("/v1/"):
            await self._app({**scope, "method": "GET"}, receive, bodiless)
        else:
            await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Reply:
    etag: str
    body: bytes
    following: str | int | None


class Replies:
    """Gives answers their form, and keeps the latest ones as long as they hold."""

    def __init__(self) -> None:
        self._kept: Kept[_Reply] = Kept(_KEPT_ANSWERS)

    async def __call__(
        self,
        request: Request,
        seen: object,
        make: Callable[[], Awaitable[BaseModel]],
        rows: Callable[[Any], Rows] | None,
    ) -> Response:
        """The answer that `make` makes, or the kept one of the same question if what was `seen` then is equal; 304 when
        the asker has it. `rows` lays the answer out as a table; without it there is none.

        Raises NotAcceptableError.
        """
        form = wanted(request, TABLES if rows else _ONLY)
        asked = f"{form} {request.url.path}?{request.url.query}"

        async def reply() -> _Reply:
            answer = await make()
            if rows and form != "json":
                table = rows(answer)
                said = csv_bytes(table)
                # A workbook bears the time at which it was made; what it says is what the other table says.
                body = said if form == "csv" else workbook_bytes(table)
            else:
                said = body = answer.model_dump_json(by_alias=True).encode()
            etag = f'"{hashlib.sha256(form.encode() + said).hexdigest()[:32]}"'
            return _Reply(etag, body, getattr(answer, "next", None))

        found = await self._kept(asked, seen, reply)
        if len(found.body) > _KEPT_BYTES:
            self._kept.forget(asked)
        name = request.url.path.rstrip("/").rpartition("/")[2] or "answer"
        said = respond(request, form, found.etag, found.body, name)
        if found.following is not None:
            # A table has no field for it.
            said.headers["Link"] = f'<{_following(request, found.following)}>; rel="next"'
        return said


def wanted(request: Request, offered: Sequence[Form]) -> Form:
    """The form that `Accept` likes best (RFC 9110, 12.5.1); of several alike the one named first, without any the first
    that is offered. Raises NotAcceptableError."""
    ranges = [one for one in map(_range, request.headers.get("accept", "").split(",")) if one]
    if not ranges:
        return offered[0]
    best: Form | None = None
    rank = (0.0, 0)
    for form in offered:
        fitting = [(_closeness(kind, TYPES[form]), -place, q) for place, (kind, q) in enumerate(ranges)]
        closeness, place, q = max(fitting)
        if closeness and q and (best is None or (q, place) > rank):
            best, rank = form, (q, place)
    if best is None:
        raise NotAcceptableError(", ".join(TYPES[form] for form in offered))
    return best


def held(request: Request, etag: str) -> bool:
    """Whether the asker has the answer of this ETag already; what is weak there is alike here (RFC 9110, 13.1.2)."""
    sent = request.headers.get("if-none-match", "").strip()
    return sent == "*" or etag in _ETAGS.findall(sent)


def respond(request: Request, form: Form, etag: str, body: bytes, name: str) -> Response:
    """The answer in its form, or 304 when the asker has it; `name` is that of the file to keep it in."""
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept"}
    if held(request, etag):
        return Response(status_code=304, headers=headers)
    if form not in ("json", "html"):
        headers["Content-Disposition"] = f'attachment; filename="{_harmless(name)}.{form}"'
    return Response(body, media_type=TYPES[form], headers=headers)


def _range(text: str) -> tuple[str, float] | None:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    q = next((one.partition("=")[2].strip() for one in parameters if one.startswith("q=")), "1")
    return (kind, float(q) if _QUALITY.fullmatch(q) else 1.0) if kind else None


def _closeness(kind: str, media_type: str) -> int:
    """How closely a range names a media type; 0 when it does not."""
    if kind == media_type:
        return 3
    if kind == f"{media_type.partition('/')[0]}/*":
        return 2
    return int(kind == "*/*")


def _following(request: Request, following: str | int) -> str:
    parameter = {"cursor" if isinstance(following, str) else "offset": following}
    path = request.url.path + request.scope.get(_ENDING, "")
    return str(request.url.include_query_params(**parameter).replace(scheme="", netloc="", path=path))


def _harmless(name: str) -> str:
    return "".join(one for one in name if one.isascii() and (one.isalnum() or one in "-_")) or "answer"
