"""What is answered when a question cannot be: problem details as in RFC 9457, with the remedy."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from services.reporting.desk import UnknownDistrictError, UnknownIndicatorError
from services.reporting.domain.question import QuestionError

MEDIA_TYPE = "application/problem+json"

_DATABASE_AWAY = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
_SCHEMA_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError)


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
    503: _documented("The database is away, or not set up"),
}


def describe(error: Exception) -> Problem:
    """The problem behind an error of the kinds that `install` names."""
    match error:
        case QuestionError():
            return Problem(422, "bad-question", "The question cannot be answered as it is put", str(error))
        case UnknownDistrictError(args=(district, *_)):
            detail = f"No record of district {district} has arrived. GET /v1/districts lists those that have."
            return Problem(404, "unknown-district", "Unknown district", detail)
        case UnknownIndicatorError(args=(code, *_)):
            detail = f"No indicator {code} is defined. GET /v1/indicators lists those that are."
            return Problem(404, "unknown-indicator", "Unknown indicator", detail)
        case RequestValidationError():
            said = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
            return Problem(422, "bad-question", "The question cannot be answered as it is put", said)
        case HTTPException():
            detail = "See /openapi.json for what this service answers."
            return Problem(error.status_code, "not-served", str(error.detail), detail)
    return _of_the_database(error)


def _of_the_database(error: Exception) -> Problem:
    if isinstance(error, _SCHEMA_MISSING):
        return Problem(503, "no-schema", "The database is not set up", "Run 'luodi provision'.")
    return Problem(503, "database-away", "The database does not answer", "Try again; /readyz tells what is missing.")


def install(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Answer errors of the API as problem documents, and those of the pages by `page`."""

    async def answer(request: Request, error: Exception) -> Response:
        found = describe(error)
        if not request.url.path.startswith("/v1/"):
            return page(request, found)
        body = asdict(found) | {"type": f"urn:luodi:problem:{found.code}"}
        return JSONResponse(body, found.status, media_type=MEDIA_TYPE)

    known = (QuestionError, UnknownDistrictError, UnknownIndicatorError, RequestValidationError, HTTPException)
    for kind in (*known, *_DATABASE_AWAY, *_SCHEMA_MISSING):
        app.add_exception_handler(kind, answer)
