"""The published language as documents for machines: JSON Schema of every event, AsyncAPI of every subject."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from shared.events import EVENTS, Data
from shared.records import OutreachRecord, ProjectRecord, QuarantineRecord, RefusalNotice, TargetRecord
from shared.subjects import DISTRICT, SUBJECT, UNIT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "1.1.0"
"""Of the published documents: the first number changes with a new version of any event, the second with a new field."""

_RECORDS: tuple[type[BaseModel], ...] = (ProjectRecord, OutreachRecord, TargetRecord, QuarantineRecord, RefusalNotice)
_ID = {"type": "string", "minLength": 1, "maxLength": 128}
_TOKENS = {
    "district": ("a GB/T 2260 code", DISTRICT.pattern, "500101"),
    "unit": ("the department that speaks", UNIT.pattern, "finance"),
    "subject": ("a project's id, or another entity's", SUBJECT.pattern, "P-2026-017"),
    "name": ("the event's name", "[a-z0-9-]{1,64}", "funds-arrived"),
    "project": ("a project's id", SUBJECT.pattern, "P-2026-017"),
    "trip": ("a trip's id", SUBJECT.pattern, "TRIP-2026-08"),
    "year": ("the target's year", "[0-9]{4}", "2026"),
    "indicator": ("the indicator's code", "[a-z0-9-]{1,64}", "funds-arrived"),
}


class _Plain(GenerateJsonSchema):
    """Without titles made up from field names, and without defaults that only say "not set"."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    """One JSON Schema (2020-12) that an event as published must meet, with a definition for each event's data.

    It says what can be said of a message alone: the bus subject, check digits, the number of decimals of a JSON number
    and dates that do not exist are judged by Luodi only.
    """
    return {
        "$schema": DIALECT,
        "$id": "urn:luodi:events:v1",
        "title": "Luodi events",
        "description": "CloudEvents 1.0 in structured JSON, as published on events.<district>.<unit>.<subject>.<name>.",
        **_envelope("#/$defs/"),
        "$defs": _definitions("#/$defs/{model}", list(EVENTS.values())),
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: every subject with its messages, seen from Luodi (it receives events)."""
    channels = _channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Luodi",
            "version": VERSION,
            "description": "Departments publish what happened to an investment project; Luodi publishes what is true.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name == "events" else "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": channel["description"],
            }
            for name, channel in channels.items()
        },
        "components": {
            "schemas": {
                "Envelope": _envelope("#/components/schemas/"),
                **_definitions("#/components/schemas/{model}", [*EVENTS.values(), *_RECORDS]),
            },
            "messages": {
                **{event.__name__: _event_message(event) for event in EVENTS.values()},
                **{record.__name__: _record_message(record) for record in _RECORDS},
            },
        },
    }


def _definitions(template: str, models: list[type[Any]]) -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in models]
    _, schema = models_json_schema(wanted, by_alias=True, ref_template=template, schema_generator=_Plain)
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def _envelope(definitions: str) -> dict[str, Any]:
    types = {event: f"luodi.{name}.v{event.VERSION}" for name, event in EVENTS.items()}
    text_or_unset = {"type": ["string", "null"]}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "data"],
        "additionalProperties": False,
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**_ID, "description": "with source, the identity: the same twice must say the same"},
            "source": {
                "type": "string",
                "pattern": f"^/{DISTRICT.pattern}/{UNIT.pattern}$",
                "description": "/<district>/<unit>, as in the bus subject",
            },
            "type": {"enum": list(types.values())},
            "subject": {"type": "string", "pattern": f"^{SUBJECT.pattern}$", "description": "as in the bus subject"},
            "time": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "when the sender recorded it, RFC 3339 with an offset; kept to the microsecond",
            },
            "replaces": {
                **_ID,
                "type": ["string", "null"],
                "description": "the id of an earlier event of the same source and subject that this one corrects",
            },
            "datacontenttype": {"type": ["string", "null"], "pattern": "^(application|text)/"},
            "dataschema": text_or_unset,
            "traceparent": text_or_unset,
            "tracestate": text_or_unset,
            "data": {"type": "object"},
        },
        "allOf": [
            {
                "if": {"required": ["type"], "properties": {"type": {"const": written}}},
                "then": {"properties": {"data": {"$ref": f"{definitions}{event.__name__}"}}},
            }
            for event, written in types.items()
        ],
    }


def _channels() -> dict[str, Any]:
    return {
        "events": _channel(
            "events.{district}.{unit}.{subject}.{name}",
            "What departments say happened; archived for ever.",
            [event.__name__ for event in EVENTS.values()],
        ),
        "refusals": _channel("refusals.{district}.{unit}", "What of a unit's was refused, and why.", ["RefusalNotice"]),
        "projects": _channel(
            "ledger.{district}.project.{project}",
            "What is true of a project: state, not steps; the stream keeps the last.",
            ["ProjectRecord"],
        ),
        "outreach": _channel(
            "ledger.{district}.outreach.{trip}",
            "What a trip to investors was; the stream keeps the last.",
            ["OutreachRecord"],
        ),
        "targets": _channel(
            "ledger.{district}.target.{year}.{indicator}",
            "A year's target with its history; the stream keeps the last.",
            ["TargetRecord"],
        ),
        "quarantine": _channel(
            "ledger.{district}.quarantine",
            "How many of a district's messages are parked; while there are any, figures are incomplete.",
            ["QuarantineRecord"],
        ),
    }


def _channel(address: str, description: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "parameters": {
            token: {"description": f"{meaning}: {shape}", "examples": [example]}
            for token, (meaning, shape, example) in _TOKENS.items()
            if f"{{{token}}}" in address
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _event_message(event: type[Data]) -> dict[str, Any]:
    of_this_type = {"properties": {"type": {"const": f"luodi.{event.NAME}.v{event.VERSION}"}}}
    return {
        "name": event.NAME,
        "summary": event.__doc__,
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, of_this_type]},
    }


def _record_message(record: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": record.__name__,
        "summary": record.__doc__,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{record.__name__}"},
    }
