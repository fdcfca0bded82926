"""The forms in which one answer is given: JSON, CSV or a workbook, by `Accept` or by suffix, with its ETag."""

import csv
import hashlib
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import orjson
from fastapi import Request
from fastapi.responses import Response
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from services.reporting.once import Kept
from shared.clock import BUSINESS_ZONE

Form = Literal["json", "csv", "xlsx"]
Rows = Sequence[Mapping[str, Any]]

TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_KEPT_ANSWERS = 500
_KEPT_BYTES = 200_000
# A spreadsheet takes a text that begins so for a formula, and what it says was typed by whoever published it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
                    scope = {**scope, "path": stem, "raw_path": stem.encode(), "headers": headers}
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Reply:
    etag: str
    body: bytes


class Replies:
    """Gives answers their form, and keeps the latest ones as long as they hold."""

    def __init__(self) -> None:
        self._kept: Kept[_Reply] = Kept(_KEPT_ANSWERS)

    async def __call__(
        self,
        request: Request,
        seen: object,
        make: Callable[[], Awaitable[BaseModel]],
        rows: Callable[[Any], Rows],
    ) -> Response:
        """The answer that `make` makes, or the kept one of the same question if what was `seen` then is equal; 304 when
        the asker has it. `rows` lays the answer out as a table."""
        form = _form(request.headers.get("accept", ""))
        asked = f"{form} {request.url.path}?{request.url.query}"

        async def reply() -> _Reply:
            answer = await make()
            body = answer.model_dump_json().encode()
            etag = f'"{hashlib.sha256(form.encode() + body).hexdigest()[:32]}"'
            return _Reply(etag, body if form == "json" else _table(form, rows(answer)))

        found = await self._kept(asked, seen, reply)
        if len(found.body) > _KEPT_BYTES:
            self._kept.forget(asked)
        headers = {"ETag": found.etag, "Cache-Control": "no-cache", "Vary": "Accept"}
        if _has(request.headers.get("if-none-match"), found.etag):
            return Response(status_code=304, headers=headers)
        if form != "json":
            name = request.url.path.rstrip("/").rpartition("/")[2] or "answer"
            headers["Content-Disposition"] = f'attachment; filename="{_harmless(name)}.{form}"'
        kind = f"{TYPES[form]}; charset=utf-8" if form == "csv" else TYPES[form]
        return Response(found.body, media_type=kind, headers=headers)


def _form(accept: str) -> Form:
    """The first form that is named; JSON when none is."""
    for named in accept.split(","):
        kind = named.partition(";")[0].strip().lower()
        for form, media_type in TYPES.items():
            if kind == media_type:
                return form
    return "json"


def _has(sent: str | None, etag: str) -> bool:
    return sent is not None and (
        sent.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in sent.split(","))
    )


def _harmless(name: str) -> str:
    return "".join(one for one in name if one.isascii() and (one.isalnum() or one in "-_")) or "answer"


def _table(form: Form, rows: Rows) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _csv(names, rows) if form == "csv" else _workbook(names, rows)


def _csv(names: Sequence[str], rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_text(row.get(name)) for name in names] for row in rows)
    # The mark by which spreadsheets know that it is UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _workbook(names: Sequence[str], rows: Rows) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("luodi")
    sheet.freeze_panes = "A2"
    heads = [WriteOnlyCell(sheet, name) for name in names]
    for cell in heads:
        cell.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_cell(sheet, row.get(name)) for name in names])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        # A workbook knows no offsets.
        return WriteOnlyCell(sheet, value.astimezone(BUSINESS_ZONE).replace(tzinfo=None))
    if value is None or isinstance(value, bool | int | Decimal | date):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", _plain_text(value)))
    cell.data_type = "s"
    return cell


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | int | date):
        return value.isoformat() if isinstance(value, date) else str(value).lower()
    text = _plain_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
