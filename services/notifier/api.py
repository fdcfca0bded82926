"""The cases for programs: JSON."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from services.notifier.desk import Answer, Delivery, Desk, Entry, Search
from services.notifier.domain.rules import RuleId
from services.notifier.domain.silences import Silence
from shared.clock import Clock
from shared.web import SERVER_AWAY, instead

# Postgres knows no character zero.
_TEXT = r"^[^\x00]*$"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class CaseAnswer(_Answer):
    """One case. `rung` is the last that fired, of `rungs`; `next_fire_at` is null when nothing happens by itself.

    `silence` holds it up; `fault` says why it was set aside.
    """

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
    silence: Silence | None
    fault: str | None
    deliveries: Sequence[Delivery]
    acknowledgements: Sequence[Answer]


class CasesAnswer(_Answer):
    """Unresolved cases, the most pressing first, and those resolved last, which only the first page has.

    `counts` is by state, over all unresolved ones that the search finds, `paused` how many of them wait. `next` is for
    `after`, null on the last page.
    """

    counts: Mapping[str, int]
    paused: int
    next: UUID | None
    unresolved: list[CaseAnswer]
    resolved: list[CaseAnswer]


def routes(desk: Desk, clock: Clock) -> APIRouter:
    """The paths under /v1."""
    router = APIRouter(prefix="/v1", tags=["cases"], responses=SERVER_AWAY)

    @router.get("/cases", summary="What is late, whom it was told, and who answered")
    async def cases(  # noqa: PLR0913, PLR0917 - FastAPI reads the parameters of a path from those of its function
        limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
        after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
        district: Annotated[str | None, Query(pattern=_TEXT)] = None,
        unit: Annotated[str | None, Query(description="Of projects that this unit leads.", pattern=_TEXT)] = None,
        official: Annotated[
            str | None, Query(description="Of projects that this official answers for.", pattern=_TEXT)
        ] = None,
        told: Annotated[str | None, Query(description="Of which this person was told.", pattern=_TEXT)] = None,
        rule: RuleId | None = None,
        state: Literal["open", "acknowledged", "exhausted", "paused"] | None = None,
    ) -> CasesAnswer:
        overview = await desk.overview(clock(), limit, Search(district, unit, official, told, rule, state, after))
        return CasesAnswer(
            counts=overview.counts,
            paused=overview.paused,
            next=overview.next,
            unresolved=[_case(entry) for entry in overview.unresolved],
            resolved=[_case(entry) for entry in overview.resolved],
        )

    @router.get("/silences", summary="What is not pressed, why, by whom and until when")
    async def silences() -> Sequence[Silence]:
        return await desk.silences(clock())

    not_given_up = "there is no such message, or it was not given up"

    @router.post(
        "/messages/{message}/requeue",
        status_code=202,
        summary="Send a message again that was given up",
        responses=instead(409, not_given_up),
    )
    async def requeue(message: UUID) -> None:
        if not await desk.requeue(message, clock()):
            raise HTTPException(409, not_given_up)

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
        silence=entry.silence,
        fault=entry.fault,
        deliveries=entry.deliveries,
        acknowledgements=entry.answers,
    )
