"""The cases for programs: JSON."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from services.notifier.desk import Answer, Delivery, Desk, Entry
from shared.clock import Clock


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class CaseAnswer(_Answer):
    """One case. `rung` is the last that fired, of `rungs`; `next_fire_at` is null when nothing happens by itself."""

    id: UUID
    key: str
    rule: str
    district: str
    project: str
    name: str | None
    milestone: str
    due: date
    state: str
    paused: bool
    rung: int
    rungs: int
    opened_at: datetime
    next_fire_at: datetime | None
    lead_unit: str | None
    lead_official: str | None
    text: str
    deliveries: Sequence[Delivery]
    acknowledgements: Sequence[Answer]


class CasesAnswer(_Answer):
    """Unresolved cases, and those resolved last; `counts` is by state, over all unresolved ones."""

    counts: Mapping[str, int]
    unresolved: list[CaseAnswer]
    resolved: list[CaseAnswer]


def routes(desk: Desk, clock: Clock) -> APIRouter:
    """The paths under /v1."""
    router = APIRouter(prefix="/v1", tags=["cases"])

    @router.get("/cases", summary="What is late, whom it was told, and who answered")
    async def cases(limit: Annotated[int, Query(ge=1, le=5_000)] = 500) -> CasesAnswer:
        overview = await desk.overview(clock(), limit)
        return CasesAnswer(
            counts=overview.counts,
            unresolved=[_case(entry) for entry in overview.unresolved],
            resolved=[_case(entry) for entry in overview.resolved],
        )

    @router.post("/messages/{message}/requeue", status_code=202, summary="Send a message again that was given up")
    async def requeue(message: UUID) -> None:
        if not await desk.requeue(message, clock()):
            raise HTTPException(409, "there is no such message, or it was not given up")

    return router


def _case(entry: Entry) -> CaseAnswer:
    case = entry.case
    return CaseAnswer(
        id=case.id,
        key=case.key,
        rule=case.rule,
        district=case.district,
        project=case.project,
        name=entry.name,
        milestone=case.matter,
        due=case.due,
        state=case.state,
        paused=case.paused_at is not None,
        rung=case.rung,
        rungs=len(case.ladder),
        opened_at=case.opened_at,
        next_fire_at=None if case.paused_at else case.next_fire_at,
        lead_unit=entry.unit,
        lead_official=entry.official,
        text=entry.text,
        deliveries=entry.deliveries,
        acknowledgements=entry.answers,
    )
