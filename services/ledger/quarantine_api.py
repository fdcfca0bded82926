"""The quarantine over HTTP, to look at only: who may settle anything cannot be told here."""

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.ledger.quarantine import Entry, Parked, Place, Quarantine, Sieve
from shared.envelope import Code
from shared.instants import AskedInstant, read_instant
from shared.subjects import DISTRICT, UNIT
from shared.web import SERVER_AWAY, instead

_AFTER = r"^[0-9T:.+Z-]{20,40},[0-9]{1,18}$"

Number = Annotated[int, Path(ge=1, lt=2**63, description="The message's sequence number in stream EVENTS.")]


class Asked(BaseModel):
    """Which messages; a parameter that is none of these is refused, for a misspelt one must not be ignored."""

    model_config = ConfigDict(extra="forbid")

    district: str | None = Field(None, pattern=f"^{DISTRICT.pattern}$")
    unit: str | None = Field(None, pattern=f"^{UNIT.pattern}$")
    code: Code | None = None
    since: AskedInstant | None = Field(None, description="Stored by the stream then or later.")
    closed: bool = Field(False, description="Also those that were retried or discarded.")
    after: str | None = Field(None, pattern=_AFTER, description="From the Link header of the page before.")
    limit: int = Field(100, ge=1, le=1000)

    @field_validator("after")
    @classmethod
    def _names_a_place(cls, after: str | None) -> str | None:
        if after is not None:
            _place(after)
        return after


class KeptMessage(BaseModel):
    """A refused message whole: why, what was done about it, and its bytes."""

    parked: Parked
    told: str | None = Field(description="The bus subject on which its sender was told; null when nobody was")
    history: list[Entry]
    text: str | None = Field(description="The bytes as text, where they are UTF-8")
    base64: str = Field(description="The bytes, whatever they are")


def quarantine_routes(quarantine: Quarantine) -> APIRouter:
    """The paths about refused messages."""
    router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"], responses=SERVER_AWAY)

    @router.get("", summary="Refused messages that wait, oldest first")
    async def listing(request: Request, response: Response, asked: Annotated[Asked, Query()]) -> list[Parked]:
        """When there are more, the header `Link` holds the address of the next page, as `rel="next"`."""
        sieve = Sieve(asked.district, asked.unit, asked.code, asked.since, asked.closed)
        found = await quarantine.page(sieve, asked.limit + 1, _place(asked.after) if asked.after else None)
        if len(found) > asked.limit:
            found = found[: asked.limit]
            last = f"{found[-1].recorded_at.isoformat()},{found[-1].stream_sequence}"
            response.headers["Link"] = f'<{request.url.include_query_params(after=last)}>; rel="next"'
        return found

    @router.get(
        "/{sequence}",
        summary="One refused message, whole",
        responses=instead(404, "No such message was refused") | instead(409, "Several were: say which"),
    )
    async def message(
        sequence: Number,
        recorded_at: Annotated[
            AskedInstant | None,
            Query(description="Which one, when the stream was made anew and counted from 1 again."),
        ] = None,
    ) -> KeptMessage:
        places = (await quarantine.places([sequence]))[sequence]
        place = _only([place for place in places if recorded_at in (None, place.recorded_at)])
        [kept] = await quarantine.kept([place])
        return KeptMessage(
            parked=kept.parked,
            told=kept.parked.told,
            history=await quarantine.history(place),
            text=_text(kept.raw),
            base64=base64.b64encode(kept.raw).decode(),
        )

    return router


def _place(after: str) -> Place:
    instant, _, sequence = after.partition(",")
    return Place(read_instant(instant), int(sequence))


def _only(places: Sequence[Place]) -> Place:
    if not places:
        raise HTTPException(404, "no refused message has this sequence number")
    if len(places) > 1:
        instants = ", ".join(place.recorded_at.isoformat() for place in places)
        raise HTTPException(409, f"several messages have this sequence number: say which by recorded_at, of {instants}")
    return places[0]


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
