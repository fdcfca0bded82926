"""The ledger over HTTP: a project or a trip at any instant, and the events behind it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import AwareDatetime, BaseModel

from services.ledger.archive import END_OF_TIME, Archive
from shared.subjects import DISTRICT, SUBJECT

District = Annotated[str, Path(pattern=f"^{DISTRICT.pattern}$", description="GB/T 2260 code", examples=["500101"])]
Subject = Annotated[str, Path(pattern=f"^{SUBJECT.pattern}$", examples=["P-2026-017"])]
AsOf = Annotated[
    AwareDatetime | None,
    Query(description="Only what was recorded by then.", examples=["2026-09-05T00:00:00+08:00"]),
]
Limit = Annotated[int, Query(ge=1, le=1000)]


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
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.get("/districts/{district}/projects/{project}", summary="A project's record, now or as of an instant")
    async def project(district: District, project: Subject, as_of: AsOf = None) -> Response:
        message = await archive.project(district, project, as_of or END_OF_TIME)
        return _answer(message, f"event about project {project}", district, as_of)

    @router.get("/districts/{district}/outreach/{trip}", summary="A trip's record, now or as of an instant")
    async def outreach(district: District, trip: Subject, as_of: AsOf = None) -> Response:
        message = await archive.trip(district, trip, as_of or END_OF_TIME)
        return _answer(message, f"trip {trip}", district, as_of)

    @router.get("/districts/{district}/projects/{project}/events", summary="Every event of a project, oldest first")
    async def events(district: District, project: Subject, limit: Limit = 1000) -> list[ArchivedEvent]:
        rows = await archive.events(district, project, limit)
        if not rows:
            raise HTTPException(404, f"no event about project {project} of district {district} was recorded")
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
