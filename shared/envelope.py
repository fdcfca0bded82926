"""The envelope: a message under a bus subject becomes an event, or a refusal that says why."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Literal, NoReturn, TypeAlias

import orjson
from pydantic import ValidationError

from shared.events import EVENTS, Data, Escalation, TargetSet, Voided
from shared.fields import is_event_id
from shared.payload import NotJsonError, read
from shared.sentences import about_data, echo, meant, named
from shared.subjects import DISTRICT, SUBJECT, UNIT, EventAddress, event_subject, parse_event_subject

Code: TypeAlias = Literal[
    "bad-subject",
    "not-json",
    "not-cloudevent",
    "not-yours",
    "unknown-event",
    "unknown-version",
    "invalid-data",
    "id-reused",
    "fold-failed",
]

_IGNORED = ("dataschema", "traceparent", "tracestate")
_KNOWN = frozenset(
    ("specversion", "id", "source", "type", "subject", "time", "replaces", "data", "datacontenttype", *_IGNORED)
)
_TYPE: Final = re.compile(r"luodi\.([a-z0-9-]{1,64})\.v(0|[1-9][0-9]{0,5})")
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_JSON_CONTENT: Final = re.compile(r"(application|text)/(json|[a-z0-9.+-]+\+json)(\s*;.*)?", re.IGNORECASE)
_SOURCE: Final = re.compile(f"/({DISTRICT.pattern})/({UNIT.pattern})")
_SHAPES: Final = "six digits, small letters and digits and -, letters and digits and _ and -, the event's name"
# The years that a target may have: one written 0026 would be that of 26 in its row, and have another subject there.
_TARGET: Final = re.compile(r"target-2[01][0-9]{2}-[a-z0-9-]{1,52}")


@dataclass(frozen=True)
class Event:
    """A judged event; `time` is UTC, when the sender gave one. `source` and `id` together are its identity."""

    district: str
    unit: str
    subject: str
    id: str
    data: Data
    time: datetime | None = None
    replaces: str | None = None

    @property
    def source(self) -> str:
        return f"/{self.district}/{self.unit}"

    @property
    def name(self) -> str:
        return self.data.NAME

    @property
    def version(self) -> int:
        return self.data.VERSION

    @property
    def type(self) -> str:
        return f"luodi.{self.data.NAME}.v{self.data.VERSION}"

    @cached_property
    def data_json(self) -> bytes:
        """The data as canonical JSON, made once: the digest and the archive both need it."""
        return orjson.dumps(self.data.document(), option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not an event; `reason` is a sentence for a programmer, `field` the place in the message.

    `district` and `unit` are those of the bus subject, hence proven; `source` and `id` are as the message claims.
    """

    code: Code
    reason: str
    field: str | None = None
    district: str | None = None
    unit: str | None = None
    source: str | None = None
    id: str | None = None


class _RefusedError(Exception):
    def __init__(self, code: Code, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.code: Code = code
        self.field = field


def judge(subject: str, payload: bytes) -> Event | Refusal:
    """Judge a message by the bus subject it came under and its bytes alone. Never raises."""
    address = parse_event_subject(subject)
    if address is None:
        return _bad_subject(subject)
    try:
        return _judge(address, read(payload))
    except NotJsonError as error:
        return Refusal("not-json", str(error), None, address.district, address.unit)


def judge_alone(payload: bytes) -> tuple[str, Event] | Refusal:
    """Judge a message that came under no bus subject: the subject on which it belongs and the event, or why it is none.

    Of a refusal nothing proves who speaks, so it has no district and no unit. Never raises.
    """
    try:
        document = read(payload)
    except NotJsonError as error:
        return Refusal("not-json", str(error))
    try:
        _check_attributes(document)
        event = _event(_claimed_address(document), document)
    except _RefusedError as refused:
        return _refusal(refused, document)
    return event_subject(event.district, event.unit, event.subject, event.name), event


def canonical(event: Event) -> bytes:
    """The event as canonical JSON (RFC 8785): the same bytes however the sender wrote it."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "data": orjson.Fragment(event.data_json),
    }
    if event.time is not None:
        document["time"] = event.time.astimezone(UTC)
    if event.replaces is not None:
        document["replaces"] = event.replaces
    # Every key is ASCII and no number has a fraction, so to sort by code point is all that RFC 8785 asks.
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def digest(event: Event) -> bytes:
    """SHA-256 of the canonical event: 32 bytes."""
    return hashlib.sha256(canonical(event)).digest()


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The event as a CloudEvent, ready for a JSON writer."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "datacontenttype": "application/json",
    }
    if event.time is not None:
        document["time"] = event.time.isoformat()
    if event.replaces is not None:
        document["replaces"] = event.replaces
    return document | {"data": event.data.document()}


def _judge(address: EventAddress, document: Any) -> Event | Refusal:
    try:
        _check_attributes(document)
        return _event(address, document)
    except _RefusedError as refused:
        return replace(_refusal(refused, document), district=address.district, unit=address.unit)


def _refusal(refused: _RefusedError, document: Any) -> Refusal:
    claimed = document if isinstance(document, dict) else {}
    source, event_id = claimed.get("source"), claimed.get("id")
    return Refusal(
        refused.code,
        str(refused),
        refused.field,
        source=source if is_event_id(source) else None,
        id=event_id if is_event_id(event_id) else None,
    )


def _event(address: EventAddress, document: dict[str, Any]) -> Event:
    _check_address(address, document)
    event = Event(
        address.district,
        address.unit,
        address.subject,
        document["id"],
        _data(document),
        _time(document.get("time")),
        document.get("replaces"),
    )
    _check_target(event)
    if type(event.data) is Voided and event.data.event == event.id:
        raise _RefusedError(
            "invalid-data", "data.event: must be the id of an earlier event, got this one's own", "data.event"
        )
    return event


def _check_attributes(document: Any) -> None:
    """The envelope is a CloudEvent, with no attribute that would be ignored by us and matter to the sender."""
    if type(document) is not dict:
        raise _RefusedError("not-cloudevent", "the message must be a JSON object: one CloudEvent in structured mode")
    if not document.keys() <= _KNOWN:
        _check_unknown(document)
    if document.get("specversion") != "1.0":
        _wrong("specversion", 'must be "1.0"', document)
    if not is_event_id(document.get("id")):
        _wrong("id", "must be text of 1 to 128 printable characters, without a space at either end", document)
    replaces = document.get("replaces")
    if replaces is not None:
        if not is_event_id(replaces):
            _wrong("replaces", "must be the id of an earlier event of the same source", document)
        if replaces == document["id"]:
            raise _RefusedError(
                "not-cloudevent", "replaces: must be the id of an earlier event, got this one's own", "replaces"
            )
    content = document.get("datacontenttype")
    if content is not None and not (type(content) is str and _JSON_CONTENT.fullmatch(content)):
        _wrong("datacontenttype", 'must be "application/json"', document)
    for name in _IGNORED:
        if name in document and type(document[name]) is not str and document[name] is not None:
            _wrong(name, "must be text", document)


def _check_unknown(document: dict[str, Any]) -> None:
    # CloudEvents: an attribute that is null is one that is not set.
    for name in sorted(document.keys() - _KNOWN):
        if document[name] is not None:
            shown = named(name)
            reason = f"{shown}: is not an attribute of this envelope{meant(name, _KNOWN)}"
            raise _RefusedError("not-cloudevent", reason, shown)


def _claimed_address(document: dict[str, Any]) -> EventAddress:
    """Where the message would belong on the bus, as it says itself."""
    source, subject, kind = document.get("source"), document.get("subject"), document.get("type")
    whose = _SOURCE.fullmatch(source) if type(source) is str else None
    if whose is None:
        _wrong("source", 'must be /<district>/<unit>, such as "/500101/finance"', document)
    if type(subject) is not str or not SUBJECT.fullmatch(subject):
        _wrong("subject", "must be 1 to 64 letters, digits, _ and -", document)
    if type(kind) is not str:
        _wrong("type", "must be luodi.<name>.v<version>", document)
    # A type of another shape is refused with the event itself.
    match = _TYPE.fullmatch(kind)
    return EventAddress(whose[1], whose[2], subject, match[1] if match else "")


def _check_address(address: EventAddress, document: dict[str, Any]) -> None:
    """The message says of itself what the bus subject, which is proven, says of it."""
    source = f"/{address.district}/{address.unit}"
    if document.get("source") != source:
        _not_yours("source", source, document)
    if document.get("subject") != address.subject:
        _not_yours("subject", address.subject, document)
    kind = document.get("type")
    if type(kind) is not str:
        _wrong("type", "must be luodi.<name>.v<version>", document)
    match = _TYPE.fullmatch(kind)
    if match is None:
        raise _RefusedError("unknown-event", f"type: must be luodi.<name>.v<version>, got {echo(kind)}", "type")
    name, version = match.groups()
    if name != address.name:
        _not_yours("type", f"luodi.{address.name}.v{version}", document)
    if name not in EVENTS:
        raise _RefusedError(
            "unknown-event", f'type: "{name}" is not an event of this language{meant(name, EVENTS)}', "type"
        )
    if int(version) != EVENTS[name].VERSION:
        known = f"luodi.{name}.v{EVENTS[name].VERSION}"
        raise _RefusedError("unknown-version", f'type: only "{known}" is known here, got {echo(kind)}', "type")


def _data(document: dict[str, Any]) -> Data:
    name = document["type"].split(".")[1]
    data = document.get("data")
    if type(data) is not dict:
        reason = "is required" if data is None else f"must be an object, got {echo(data)}"
        raise _RefusedError("invalid-data", f"data: {reason}", "data")
    try:
        return EVENTS[name].model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        field, reason = about_data(error, EVENTS[name], name)
        raise _RefusedError("invalid-data", reason, field) from None


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        if type(value) is str and _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    reason = f'time: must be RFC 3339 with an offset, such as "2026-08-31T09:30:00+08:00", got {echo(value)}'
    raise _RefusedError("not-cloudevent", reason, "time")


def _check_target(event: Event) -> None:
    """Targets have subjects of their own, which say what the data says, and no project has such a subject."""
    if type(event.data) is TargetSet:
        expected = f"target-{event.data.year}-{event.data.indicator}"
        if event.subject != expected:
            reason = f'subject: must be "{expected}" for this target, got {echo(event.subject)}'
            raise _RefusedError("invalid-data", reason, "subject")
    elif event.subject.startswith("target-"):
        # An indicator that lags is pressed as a project is, and what comes of it is on record under its target.
        if not isinstance(event.data, Voided | Escalation):
            reason = f"subject: a subject that begins with target- takes target-set and voided only, not {event.name}"
            raise _RefusedError("invalid-data", reason, "subject")
        if not _TARGET.fullmatch(event.subject):
            reason = f"subject: must be target-<year>-<indicator>, of the years 2000 to 2199, got {echo(event.subject)}"
            raise _RefusedError("invalid-data", reason, "subject")


def _wrong(field: str, rule: str, document: dict[str, Any]) -> NoReturn:
    found = "is required" if document.get(field) is None else f"{rule}, got {echo(document[field])}"
    raise _RefusedError("not-cloudevent", f"{field}: {found}", field)


def _not_yours(field: str, expected: str, document: dict[str, Any]) -> NoReturn:
    found = "is missing" if document.get(field) is None else f"is {echo(document[field])}"
    raise _RefusedError("not-yours", f"{field}: must be {echo(expected)}, as in the bus subject, but {found}", field)


def _bad_subject(subject: str) -> Refusal:
    tokens = subject.split(".")
    district = tokens[1] if len(tokens) > 2 and DISTRICT.fullmatch(tokens[1]) else None
    unit = tokens[2] if district and UNIT.fullmatch(tokens[2]) else None
    reason = f"the bus subject must be events.<district>.<unit>.<subject>.<name> ({_SHAPES}), got {echo(subject)}"
    return Refusal("bad-subject", reason, None, district, unit)
