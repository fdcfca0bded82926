"""The five events as plain pydantic models, as one writes them without a published language to keep."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter


class Investor(BaseModel):
    name: str
    origin: str


class Registered(BaseModel):
    on: date
    name: str
    investor: Investor
    industry: str
    channel: str
    cluster: str | None = None
    note: str | None = None


class Claimed(BaseModel):
    on: date
    lead_official: str
    lead_unit: str
    command_office: str | None = None
    note: str | None = None


class TimetableSet(BaseModel):
    on: date
    milestones: dict[str, date]
    note: str | None = None


class Signed(BaseModel):
    on: date
    kind: Literal["contract", "framework", "supplement"]
    amount: Decimal
    number: str | None = None
    note: str | None = None


class FundsArrived(BaseModel):
    on: date
    amount: Decimal
    origin: str
    nature: str
    evidence: dict[str, str] | None = None
    note: str | None = None


class _Envelope(BaseModel):
    id: str
    source: str
    subject: str
    time: datetime


class RegisteredEvent(_Envelope):
    type: Literal["luodi.registered.v1"]
    data: Registered


class ClaimedEvent(_Envelope):
    type: Literal["luodi.claimed.v1"]
    data: Claimed


class TimetableSetEvent(_Envelope):
    type: Literal["luodi.timetable-set.v1"]
    data: TimetableSet


class SignedEvent(_Envelope):
    type: Literal["luodi.signed.v1"]
    data: Signed


class FundsArrivedEvent(_Envelope):
    type: Literal["luodi.funds-arrived.v1"]
    data: FundsArrived


Event = Annotated[
    RegisteredEvent | ClaimedEvent | TimetableSetEvent | SignedEvent | FundsArrivedEvent, Field(discriminator="type")
]
EVENT: TypeAdapter[Any] = TypeAdapter(Event)


def amounts(event: Any) -> tuple[Decimal, Decimal]:
    """(contract amount, funds arrived) that an event adds to its project."""
    match event:
        case SignedEvent():
            return event.data.amount, Decimal(0)
        case FundsArrivedEvent():
            return Decimal(0), event.data.amount
        case _:
            return Decimal(0), Decimal(0)
