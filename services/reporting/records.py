"""The ledger's messages as reporting reads them: a project, a target, a district's quarantine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.fields import Day, Money, Number, Share
from shared.places import tier
from shared.subjects import DISTRICT

# As far as a bigint goes.
Count = Annotated[int, Field(ge=0, lt=2**63)]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as the stream handed it out; `stored_at` and `sequence` are the stream's own."""

    subject: str
    payload: bytes
    stored_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that cannot be used, and why, in a sentence; `district` is None when the subject names none."""

    delivery: Delivery
    district: str | None
    reason: str


class _Lenient(BaseModel):
    # The ledger may say more than reporting needs, and may begin to at any time.
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Platform(_Lenient):
    name: str
    level: str


class _Fact(_Lenient):
    event: str
    source: str
    id: str
    on: Day
    recorded_at: AwareDatetime
    superseded_at: AwareDatetime | None = None
    superseded_by: str | None = None
    data: dict[str, Any]


class _FundsArrived(_Lenient):
    amount: Money
    share: Share | None = None
    origin: str
    nature: str | None = None


class _Signed(_Lenient):
    amount: Money
    share: Share | None = None
    kind: str
    platform: _Platform | None = None


class _Milestone(_Lenient):
    due: Day | None = None
    on: Day | None = None


class ProjectRecord(_Lenient):
    """`ledger.<district>.project.<project>`: what is true of a project, with every fact that may count."""

    district: str
    project: str
    revision: Count
    name: str | None = None
    stage: str
    reached: str | None = None
    lead_official: str | None = None
    lead_unit: str | None = None
    command_office: str | None = None
    industry: str | None = None
    cluster: str | None = None
    channel: str | None = None
    planned_amount: Money | None = None
    contract_amount: Money | None = None
    funds_arrived: Money = Decimal(0)
    milestones: dict[str, _Milestone] = {}
    facts: tuple[_Fact, ...]


class _TargetSet(_Lenient):
    value: Number
    issued_by: str | None = None


class _TargetFact(_Lenient):
    source: str
    id: str
    on: Day
    recorded_at: AwareDatetime
    superseded_at: AwareDatetime | None = None
    data: _TargetSet


class TargetRecord(_Lenient):
    """`ledger.<district>.target.<year>.<indicator>`: every value that a year's target has had."""

    district: str
    year: Annotated[int, Field(ge=1, le=9999)]
    indicator: str
    revision: Count
    facts: tuple[_TargetFact, ...]


class OutreachRecord(_Lenient):
    """`ledger.<district>.outreach.<trip>`: a trip to investors."""

    district: str
    revision: Count


class QuarantineRecord(_Lenient):
    """`ledger.<district>.quarantine`: how many refused messages nobody has settled."""

    district: str
    revision: Count
    parked: Count


@dataclass(frozen=True, slots=True)
class Read:
    """A message that could be read, as rows for the tables; amounts are decimal strings."""

    delivery: Delivery
    district: str
    revision: int
    project: dict[str, Any] | None = None
    facts: Sequence[dict[str, Any]] = ()
    target: dict[str, Any] | None = None
    target_facts: Sequence[dict[str, Any]] = ()
    parked: int | None = None


def read(delivery: Delivery) -> Read | Unread:
    """What a message of LEDGER says. Never raises: what cannot be read comes back with the reason."""
    tokens = delivery.subject.split(".")
    district = tokens[1] if len(tokens) > 1 and DISTRICT.fullmatch(tokens[1]) else None
    try:
        return _of_its_kind(delivery, district, tokens)
    except ValidationError as error:
        return Unread(delivery, district, "; ".join(_sentence(one["loc"], one["msg"]) for one in error.errors()[:5]))
    except ValueError as error:
        return Unread(delivery, district, str(error))


def _of_its_kind(delivery: Delivery, district: str | None, tokens: Sequence[str]) -> Read:
    match tokens:
        case ["ledger", _, "project", project] if district:
            return _project(delivery, district, project)
        case ["ledger", _, "target", year, indicator] if district:
            return _target(delivery, district, year, indicator)
        case ["ledger", _, "outreach", _] if district:
            # No indicator counts trips.
            return _outreach(delivery, district)
        case ["ledger", _, "quarantine"] if district:
            return _quarantine(delivery, district)
    raise ValueError("no record of a known kind has this subject")


Record = TypeVar("Record", bound=BaseModel)


def _parse(kind: type[Record], payload: bytes, **named: object) -> tuple[Record, dict[str, Any]]:
    raw = orjson.loads(payload)
    record = kind.model_validate(raw)
    for name, said in named.items():
        if (inside := getattr(record, name)) != said:
            raise ValueError(f"the subject says {name} {said}, the message {inside}")
    return record, raw


def _project(delivery: Delivery, district: str, project: str) -> Read:
    record, raw = _parse(ProjectRecord, delivery.payload, district=district, project=project)
    row = record.model_dump(mode="json", exclude={"facts", "revision"})
    row["record"] = {key: value for key, value in raw.items() if key != "facts"}
    facts = [_fact(district, project, fact) for fact in record.facts]
    return Read(delivery, district, record.revision, project=row, facts=facts)


def _fact(district: str, project: str, fact: _Fact) -> dict[str, Any]:
    row: dict[str, Any] = {
        "district": district,
        "project": project,
        "source": fact.source,
        "id": fact.id,
        "event": fact.event,
        "happened_on": fact.on,
        "recorded_at": fact.recorded_at,
        "superseded_at": fact.superseded_at,
        "superseded_by": fact.superseded_by,
        "data": fact.data,
    }
    if fact.event == "funds-arrived":
        funds = _FundsArrived.model_validate(fact.data)
        seen_from_here = tier(funds.origin, district).value
        row |= _amount(funds) | {"origin": funds.origin, "tier": seen_from_here, "nature": funds.nature}
    elif fact.event == "signed":
        signed = _Signed.model_validate(fact.data)
        row |= _amount(signed) | {"kind": signed.kind}
        if signed.platform:
            row |= {"platform": signed.platform.name, "platform_level": signed.platform.level}
    return row


def _amount(said: _FundsArrived | _Signed) -> dict[str, Any]:
    return {"amount": str(said.amount), "share": None if said.share is None else str(said.share)}


def _target(delivery: Delivery, district: str, year: str, indicator: str) -> Read:
    record, _ = _parse(TargetRecord, delivery.payload, district=district, indicator=indicator)
    if str(record.year) != year:
        raise ValueError(f"the subject says year {year}, the message {record.year}")
    key = {"district": district, "year": record.year, "indicator": indicator}
    facts = [
        key
        | fact.model_dump(exclude={"on", "data"})
        | {"happened_on": fact.on, "value": str(fact.data.value), "issued_by": fact.data.issued_by}
        for fact in record.facts
    ]
    return Read(delivery, district, record.revision, target=key, target_facts=facts)


def _outreach(delivery: Delivery, district: str) -> Read:
    record, _ = _parse(OutreachRecord, delivery.payload, district=district)
    return Read(delivery, district, record.revision)


def _quarantine(delivery: Delivery, district: str) -> Read:
    record, _ = _parse(QuarantineRecord, delivery.payload, district=district)
    return Read(delivery, district, record.revision, parked=record.parked)


def _sentence(where: Sequence[int | str], what: str) -> str:
    return f"{'.'.join(map(str, where)) or 'message'}: {what}"
