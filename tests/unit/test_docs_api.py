"""Holds docs/api.md to the service whole: it names every path and every problem, and none beside them."""

import re
from pathlib import Path

import asyncpg
import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import services.reporting.app
from services.reporting import problems
from services.reporting.cursors import CursorError
from services.reporting.domain.question import QuestionError
from services.reporting.forms import NotAcceptableError
from services.reporting.manuscripts import Why
from services.reporting.settings import ReportingSettings

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
_OF_THE_CHECK = {"not-a-report", *(why.value for why in Why)}


def first_cells(heading: str) -> list[str]:
    """The first cells of the rows of the table that begins so."""
    rows = TEXT.split(heading, 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split("|")[1] for row in rows]


async def test_the_page_lists_the_paths_of_the_service() -> None:
    described = services.reporting.app.build(ReportingSettings()).openapi()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, methods in described.items()
        for method in methods
        if path.startswith("/v1/")
    }
    named = [code for cell in first_cells("| path |") for code in re.findall(r"`([^`]+)`", cell)]
    assert sorted(one if " " in one else f"GET {one}" for one in named) == sorted(there)


def test_the_page_lists_the_problems_of_the_service_with_their_status() -> None:
    rows = TEXT.split("| status |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    named = {
        code.removeprefix("urn:luodi:problem:"): int(status)
        for status, said in (row.strip("| ").split("|") for row in rows)
        for code in re.findall(r"`([a-z:-]+)`", said)
        if code not in ("detail",)
    }
    errors: list[Exception] = [kind("x") for kind in problems.UNKNOWN]
    errors += [QuestionError("x"), CursorError(), RequestValidationError([]), NotAcceptableError("x")]
    errors += [HTTPException(405), asyncpg.UndefinedTableError("x"), OSError("x"), RuntimeError("x")]
    found = {one.code: one.status for one in map(problems.describe, errors)}
    assert {code: status for code, status in named.items() if code not in _OF_THE_CHECK} == found
    assert named.keys() == found.keys() | _OF_THE_CHECK


@pytest.mark.parametrize("status", [404, 405])
def test_what_is_not_served_keeps_the_status_that_says_why(status: int) -> None:
    assert problems.describe(HTTPException(status)).status == status
