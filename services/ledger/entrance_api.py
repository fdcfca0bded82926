"""Events over HTTP: judged as they would be on the bus, then published there, for systems that cannot speak NATS."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, HTTPException, Query, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from nats.errors import Error as NatsError
from pydantic import BaseModel, ConfigDict, Field

from services.ledger.domain.callers import Caller, Callers
from shared.envelope import Code, Event, Refusal, judge_alone
from shared.publishing import Outgoing

ONE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
BYTES_MOST: Final = 8_000_000
EVENTS_MOST: Final = 1_000

_JSON_SPACE = " \t\n\r"
_BEARER: Final = HTTPBearer(auto_error=False, scheme_name="bearer", description="The token of a unit of a district.")
_Token: TypeAlias = HTTPAuthorizationCredentials | None
_AGAIN = "the bus did not say that it has stored them; some may be: send the same again, which changes nothing"


class Verdict(BaseModel):
    """What became of one event, in the order in which they were sent.

    `stored`: on the bus, to be recorded. `judged`: it is an event, and was not published. `refused`: by `code`, which
    `docs/events.md` explains. `source` and `id` are as the event claims, where it can be read.
    """

    status: Literal["stored", "judged", "refused"]
    source: str | None = Field(None, examples=["/500101/finance"])
    id: str | None = Field(None, examples=["2026-000183"])
    code: Code | None = None
    reason: str | None = None
    field: str | None = None


class Verdicts(BaseModel):
    """An answer for each event."""

    events: list[Verdict]


class Wish(BaseModel):
    """How to treat the events. A misspelt word is refused: events that were only to be judged would be published."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Judge only, publish nothing.")


def entrance_routes(
    callers: Callers | None,
    publish: Callable[[Iterable[Outgoing]], Awaitable[None]],
    connected: Callable[[], Awaitable[str | None]],
) -> APIRouter:
    """The path on which events are taken; without callers it says that it takes none."""
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.post(
        "/events",
        summary="Publish one event or a batch, as a department would on the bus",
        response_model=Verdicts,
        responses=_RESPONSES,
        openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
    )
    async def events(
        request: Request,
        response: Response,
        wish: Annotated[Wish, Query()],
        token: Annotated[_Token, Security(_BEARER)],
    ) -> Verdicts:
        """Each event is judged alone: one that is refused does not keep the others from being stored."""
        caller = _caller(callers, token)
        parts = _parts(await _body(request), _kind(request))
        read = [_read(part, caller) for part in parts]
        good = [one for one in read if not isinstance(one, Refusal)]
        if good and not wish.dry_run:
            await _store(publish, connected, good)
        response.status_code = _status(len(good), len(read), wish.dry_run)
        return Verdicts(events=[_verdict(one, wish.dry_run) for one in read])

    return router


def _caller(callers: Callers | None, token: _Token) -> Caller:
    if callers is None:
        raise HTTPException(503, "no events are taken over HTTP here: LUODI_ENTRANCE_TOKENS is not set")
    if token is None:
        detail = "send the unit's token: Authorization: Bearer <token>"
        raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if (caller := callers.whose(token.credentials)) is None:
        detail = "this token is not known"
        raise HTTPException(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return caller


def _kind(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {ONE, BATCH, "application/json"}:
        raise HTTPException(415, f"send {ONE} for one event, {BATCH} for a list of them")
    return kind


async def _body(request: Request) -> bytes:
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > BYTES_MOST:
            raise HTTPException(413, f"send at most {BYTES_MOST} bytes at a time")
        parts.append(part)
    return b"".join(parts)


def _parts(body: bytes, kind: str) -> list[bytes]:
    """The bytes of each event, exactly as they were sent."""
    if kind != BATCH:
        return [body]
    try:
        parts = [part.encode() for part in _elements(body.decode())]
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the batch is not a JSON array: {error}") from None
    if len(parts) > EVENTS_MOST:
        raise HTTPException(413, f"send at most {EVENTS_MOST} events at a time")
    return parts


def _elements(text: str) -> Iterator[str]:
    """The texts of a JSON array's elements. Raises ValueError."""
    # Only where each event ends is looked for: a number that nobody can read is judged with its own event.
    decoder, place = json.JSONDecoder(parse_int=str, parse_float=str), _skip(text, 0)
    if text[place : place + 1] != "[":
        raise ValueError("it must begin with [")
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        _, end = decoder.raw_decode(text, place)
        yield text[place:end]
        place = _skip(text, end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
            if text[place : place + 1] == "]":
                raise ValueError(f"an event is missing at character {place}")
        elif text[place : place + 1] != "]":
            raise ValueError(f"a comma or ] is missing at character {place}")
    if _skip(text, place + 1) != len(text):
        raise ValueError(f"something follows it at character {place + 1}")


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _JSON_SPACE:
        place += 1
    return place


def _read(part: bytes, caller: Caller) -> tuple[str, Event, bytes] | Refusal:
    """The subject and the event, or why it is none, or why not of this caller."""
    read = judge_alone(part)
    if isinstance(read, Refusal):
        return read
    subject, event = read
    if (event.district, event.unit) != (caller.district, caller.unit):
        reason = f'source: must be "{caller.source}", for which the token speaks, but is "{event.source}"'
        return Refusal("not-yours", reason, "source", source=event.source, id=event.id)
    return subject, event, part


async def _store(
    publish: Callable[[Iterable[Outgoing]], Awaitable[None]],
    connected: Callable[[], Awaitable[str | None]],
    good: Sequence[tuple[str, Event, bytes]],
) -> None:
    if missing := await connected():
        raise HTTPException(503, missing)
    try:
        # Without a message id: the stream would drop another event under the same one, and nobody would be told.
        await publish(Outgoing(subject, part) for subject, _, part in good)
    except (NatsError, OSError, TimeoutError):
        raise HTTPException(503, _AGAIN) from None


def _status(good: int, total: int, dry_run: bool) -> int:
    if good == total:
        return 200 if dry_run else 202
    return 207 if good else 422


def _verdict(one: tuple[str, Event, bytes] | Refusal, dry_run: bool) -> Verdict:
    if isinstance(one, Refusal):
        return Verdict(
            status="refused", source=one.source, id=one.id, code=one.code, reason=one.reason, field=one.field
        )
    _, event, _ = one
    return Verdict(status="judged" if dry_run else "stored", source=event.source, id=event.id)


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Judged only: all are events"},
    202: {"description": "All are stored", "model": Verdicts},
    207: {"description": "Some are stored, or with dry_run judged; the others are refused", "model": Verdicts},
    400: {"description": "The batch is not a JSON array"},
    401: {"description": "The token is missing or not known"},
    413: {"description": "Too much at a time"},
    415: {"description": "Another content type"},
    422: {"description": "All are refused, or a parameter is wrong", "model": Verdicts},
    503: {"description": "No events are taken here, or the bus is away"},
}
_EXAMPLE = {
    "specversion": "1.0",
    "id": "2026-000183",
    "source": "/500101/finance",
    "type": "luodi.funds-arrived.v1",
    "subject": "P-2026-017",
    "data": {"on": "2026-08-30", "amount": "120000000.00", "origin": "440300", "nature": "fixed-assets"},
}
_CONTENT: Final = {
    ONE: {"schema": {"type": "object"}, "example": _EXAMPLE},
    BATCH: {"schema": {"type": "array", "items": {"type": "object"}, "maxItems": EVENTS_MOST}, "example": [_EXAMPLE]},
}
