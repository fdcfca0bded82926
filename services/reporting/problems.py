"""What is answered when a question cannot be: problem details as in RFC 9457, with the remedy."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from services.reporting.bulletins import UnknownBulletinError
from services.reporting.cursors import CursorError
from services.reporting.desk import UnknownDistrictError, UnknownIndicatorError, UnknownProjectError
from services.reporting.domain.question import QuestionError
from services.reporting.editions import UnknownDefinitionsError
from services.reporting.forms import NotAcceptableError
from shared.database import UNREACHABLE

MEDIA_TYPE = "application/problem+json"

_SCHEMA_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError)

UNKNOWN: dict[type[Exception], tuple[str, str, str]] = {
    UnknownDistrictError: (
        "unknown-district",
        "Unknown district",
        "No record of district {} has arrived. GET /v1/districts lists those that have.",
    ),
    UnknownIndicatorError: (
        "unknown-indicator",
        "Unknown indicator",
        "No indicator {} is defined. GET /v1/indicators lists those that are.",
    ),
    UnknownProjectError: (
        "unknown-project",
        "Unknown project",
        "Nothing of project {} has arrived. GET /v1/districts/…/projects lists those of which something has.",
    ),
    UnknownBulletinError: (
        "unknown-bulletin",
        "Unknown bulletin",
        "No bulletin {} has been sealed. GET /v1/districts/…/bulletins lists those that have.",
    ),
    UnknownDefinitionsError: (
        "unknown-definitions",
        "Unknown definitions",
        "There are no definitions {}. GET /v1/definitions lists the versions.",
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document; `code` is stable and ends its type, `detail` says what to do."""

    status: int
    code: str
    title: str
    detail: str


def _documented(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {}}}


RESPONSES: dict[int | str, dict[str, Any]] = {
    404: _documented("Nothing is known under this name"),
    422: _documented("The question cannot be answered as it is put"),
    406: _documented("The answer has none of the forms that were asked for"),
    500: _documented("The service failed; the fault is its own"),
    503: _documented("The database is away, or not set up"),
}


def describe(error: Exception) -> Problem:
    """The problem behind an error, whichever it is."""
    match error:
        case QuestionError() | CursorError():
            return _bad_question(str(error))
        case RequestValidationError():
            said = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
            return _bad_question(said)
        case LookupError(args=(name, *_)) if type(error) in UNKNOWN:
            code, title, detail = UNKNOWN[type(error)]
            return Problem(404, code, title, detail.format(name))
        case HTTPException():
            detail = "See /openapi.json for what this service answers."
            return Problem(error.status_code, "not-served", str(error.detail), detail)
    return _not_of_the_question(error)


def _not_of_the_question(error: Exception) -> Problem:
    if isinstance(error, NotAcceptableError):
        return Problem(406, "not-acceptable", "Not in this form", f"The forms of this answer: {error}.")
    if isinstance(error, _SCHEMA_MISSING):
        return Problem(503, "no-schema", "The database is not set up", "Run 'luodi provision'.")
    if isinstance(error, UNREACHABLE):
        detail = "Try again; /readyz tells what is missing."
        return Problem(503, "database-away", "The database does not answer", detail)
    # What it says is for the log: it may tell of things that are none of the asker's business.
    return Problem(500, "failed", "The service failed", "The fault is the service's own; its log says more.")


def _bad_question(detail: str) -> Problem:
    return Problem(422, "bad-question", "The question cannot be answered as it is put", detail)


def install(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Answer errors of the API as problem documents, and those of the pages by `page`."""

    async def answer(request: Request, error: Exception) -> Response:
        found = describe(error)
        if not request.url.path.startswith("/v1/"):
            return page(request, found)
        body = asdict(found) | {"type": f"urn:luodi:problem:{found.code}"}
        return JSONResponse(body, found.status, media_type=MEDIA_TYPE)

    asked = (QuestionError, CursorError, RequestValidationError, NotAcceptableError, HTTPException)
    # The last one is answered and then raised all the same, so that it is logged.
    for kind in (*asked, *UNKNOWN, *UNREACHABLE, *_SCHEMA_MISSING, Exception):
        app.add_exception_handler(kind, answer)
