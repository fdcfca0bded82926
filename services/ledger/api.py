"""The ledger over HTTP: a project, a trip or a target at any instant, and the events behind it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, field_validator

from services.ledger.archive import END_OF_TIME, Archive, Identity, UnknownEventError
from shared.fields import is_event_id
from shared.instants import AskedInstant
from shared.subjects import DISTRICT, SUBJECT, UNIT
from shared.web import SERVER_AWAY, instead

District = Annotated[str, Path(pattern=f"^{DISTRICT.pattern}$", description="GB/T 2260 code", examples=["500101"])]
Subject = Annotated[str, Path(pattern=f"^{SUBJECT.pattern}$", examples=["P-2026-017"])]
Year = Annotated[int, Path(ge=2000, le=2199, examples=[2026])]
Indicator = Annotated[str, Path(pattern="^[a-z0-9-]{1,52}$", examples=["funds-arrived"])]
AsOf = Annotated[
    AskedInstant | None,
    Query(description="Only what was recorded by then.", examples=["2026-09-05T00:00:00+08:00"]),
]

_AFTER = f"^/{DISTRICT.pattern}/{UNIT.pattern} .{{1,128}}$"
_NO_PAGE = "take it from the Link header of the page before"


class Page(BaseModel):
    """Which part of a list."""

    after: str | None = Field(None, pattern=_AFTER, description="From the Link header of the page before.")
    limit: int = Field(1000, ge=1, le=1000)

    @field_validator("after")
    @classmethod
    def _names_an_event(cls, after: str | None) -> str | None:
        if after is not None and not is_event_id(after.partition(" ")[2]):
            raise ValueError(_NO_PAGE)
        return after

    @property
    def identity(self) -> Identity | None:
        """The source and the id of the event after which the page begins."""
        if self.after is None:
            return None
        source, _, event_id = self.after.partition(" ")
        return source, event_id


class ArchivedEvent(BaseModel):
    """An event as the archive holds it; `digest` is the SHA-256 of its canonical form, in hex."""

    source: str
    id: str
    type: str
    subject: str
    time: datetime | None
    replaces: str | None
    recorded_at: datetime
    stream_sequence: int
    digest: str
    data: dict[str, Any]


def routes(archive: Archive) -> APIRouter:
    """The ledger's own paths."""
    nothing = instead(404, "Nothing of the kind was recorded, or not by then")
    router = APIRouter(prefix="/v1", tags=["ledger"], responses=nothing | SERVER_AWAY)

    @router.get("/districts/{district}/projects/{project}", summary="A project's record, now or as of an instant")
    async def project(district: District, project: Subject, as_of: AsOf = None) -> Response:
        message = await archive.project(district, project, as_of or END_OF_TIME)
        return _answer(message, f"event that says anything of project {project}", district, as_of)

    @router.get("/districts/{district}/outreach/{trip}", summary="A trip's record, now or as of an instant")
    async def outreach(district: District, trip: Subject, as_of: AsOf = None) -> Response:
        message = await archive.trip(district, trip, as_of or END_OF_TIME)
        return _answer(message, f"trip {trip}", district, as_of)

    @router.get(
        "/districts/{district}/targets/{year}/{indicator}", summary="A target's record, now or as of an instant"
    )
    async def target(district: District, year: Year, indicator: Indicator, as_of: AsOf = None) -> Response:
        message = await archive.target(district, year, indicator, as_of or END_OF_TIME)
        return _answer(message, f"target {indicator} of {year}", district, as_of)

    @router.get("/districts/{district}/projects/{project}/events", summary="Every event of a project, oldest first")
    async def events(
        request: Request, response: Response, district: District, project: Subject, page: Annotated[Page, Query()]
    ) -> list[ArchivedEvent]:
        """In pages. When there are more, the header `Link` holds the address of the next page, as `rel="next"`."""
        try:
            rows = await archive.events(district, project, page.limit + 1, page.identity)
        except UnknownEventError:
            said = {"type": "value_error", "loc": ("query", "after"), "msg": _NO_PAGE, "input": page.after}
            raise RequestValidationError([said]) from None
        if not rows and not page.after:
            raise HTTPException(404, f"no event about project {project} of district {district} was recorded")
        if len(rows) > page.limit:
            rows = rows[: page.limit]
            last = f"{rows[-1]['source']} {rows[-1]['id']}"
            response.headers["Link"] = f'<{request.url.include_query_params(after=last)}>; rel="next"'
        return [
            ArchivedEvent(
                **{name: row[name] for name in ("source", "id", "subject", "time", "replaces", "recorded_at")},
                type=f"luodi.{row['name']}.v{row['version']}",
                stream_sequence=row["stream_sequence"],
                digest=row["digest"].hex(),
                data=row["data"],
            )
            for row in rows
        ]

    return router


def _answer(record: str | None, what: str, district: str, as_of: datetime | None) -> Response:
    if record is None:
        by_then = f" by {as_of.isoformat()}" if as_of else ""
        raise HTTPException(404, f"no {what} of district {district} was recorded{by_then}")
    return Response(record, media_type="application/json")
