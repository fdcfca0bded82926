"""The published documents: JSON Schema, AsyncAPI, and the integrator's page, all saying what the code says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from shared.envelope import Event, Refusal, digest, judge, to_cloudevent
from shared.events import EVENTS, Data
from shared.records import ProjectRecord, QuarantineRecord, RefusalNotice, TargetRecord
from shared.schema import asyncapi, json_schema
from shared.subjects import (
    event_subject,
    outreach_subject,
    project_subject,
    quarantine_subject,
    refusal_subject,
    target_subject,
)
from tests.unit.strategies import events

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]

VALIDATOR: Validator = Draft202012Validator(json_schema(), format_checker=FormatChecker())
ASYNCAPI = asyncapi()


def _name(example: dict[str, Any]) -> str:
    return str(example["type"].split(".")[1])


def _subject(example: dict[str, Any]) -> str:
    _, district, unit = example["source"].split("/")
    return event_subject(district, unit, example["subject"], _name(example))


def _resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for inner in node.values() for reference in _references(inner)]
    return [reference for inner in node for reference in _references(inner)] if isinstance(node, list) else []


def test_the_page_has_an_example_of_every_event_and_of_no_other() -> None:
    assert [_name(example) for example in EXAMPLES] == list(EVENTS)


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_an_example_of_the_page_is_an_event(example: dict[str, Any]) -> None:
    verdict = judge(_subject(example), json.dumps(example).encode())
    assert isinstance(verdict, Event), verdict
    assert verdict.data.document() == example["data"]


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_an_example_of_the_page_meets_the_schema(example: dict[str, Any]) -> None:
    VALIDATOR.validate(example)


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_the_page_lists_the_fields_of_every_event(event: type[Data]) -> None:
    section = PAGE.split(f"### `{event.NAME}` ")[1].split("```json")[0]
    listed = re.findall(r"^\| `(\[?[a-z0-9_]+\]?)` \|", section, re.MULTILINE)
    assert listed == [
        name if field.is_required() else f"[{name}]"
        for name, field in event.model_fields.items()
        if name not in {"on", "note"}
    ]


def test_the_page_names_every_refusal_code() -> None:
    codes = RefusalNotice.model_json_schema()["properties"]["code"]["enum"]
    assert re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", PAGE.split("## Refusals")[1], re.MULTILINE) == codes


def test_the_digest_recipe_of_the_page_gives_our_digest() -> None:
    recipe = PAGE.split("## The digest")[1].split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(recipe, names)  # noqa: S102 - the recipe is ours, and to run it is to keep it true
    for example in EXAMPLES:
        verdict = judge(_subject(example), json.dumps(example).encode())
        assert isinstance(verdict, Event)
        shown = {**to_cloudevent(verdict), "time": verdict.time and verdict.time.isoformat().replace("+00:00", "Z")}
        assert names["digest"](shown) == digest(verdict).hex()


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert set(json_schema()["$defs"]) >= {event.__name__ for event in EVENTS.values()}


@given(events())
def test_every_event_meets_the_schema(event: Event) -> None:
    VALIDATOR.validate(to_cloudevent(event))


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"type": "luodi.funds-arrived.v2"},
        {"source": "500101/finance"},
        {"subject": "P 1"},
        {"replace": "1"},
        {"time": 1},
        {"data": {}},
        {"data": None},
        {"data": {"on": "2026-08-30", "amount": "1.234", "origin": "440300", "nature": "other"}},
        {"data": {"on": "2026-08-30", "amount": "1", "origin": "440300", "nature": "cash"}},
        {"data": {"on": "2026-08-30", "amount": "1", "origin": "440300", "nature": "other", "x": 1}},
        {"data": {"on": "2026-08-30", "amount": "1", "origin": "440300", "nature": "other", "share": "50%"}},
        {"data": {"on": "2026-08-30", "amount": "1", "origin": "440300", "nature": "other", "share": 101}},
        {"data": {"on": "2026-13-30", "amount": "1", "origin": "440300", "nature": "other"}},
        {"data": {"on": "2026-08-30", "amount": -1, "origin": "440300", "nature": "other"}},
    ],
)
def test_what_the_schema_refuses_is_refused_by_us(change: dict[str, Any]) -> None:
    example = {**next(example for example in EXAMPLES if _name(example) == "funds-arrived"), **change}
    assert not VALIDATOR.is_valid(example)
    assert isinstance(judge("events.500101.finance.P-2026-017.funds-arrived", json.dumps(example).encode()), Refusal)


def test_the_asyncapi_document_is_one() -> None:
    ApplicationSchema.model_validate(asyncapi())
    for schema in asyncapi()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_no_reference_of_the_documents_is_dangling() -> None:
    for document in (json_schema(), asyncapi()):
        references = _references(document)
        assert references
        for reference in references:
            assert _resolve(document, reference) is not None


@given(events())
def test_every_event_meets_the_payload_of_its_message(event: Event) -> None:
    payload = ASYNCAPI["components"]["messages"][type(event.data).__name__]["payload"]
    Draft202012Validator({**payload, "components": ASYNCAPI["components"]}).validate(to_cloudevent(event))


def test_the_documents_subjects_are_those_of_the_bus() -> None:
    built = {
        "events": event_subject("{district}", "{unit}", "{subject}", "{name}"),
        "refusals": refusal_subject("{district}", "{unit}"),
        "projects": project_subject("{district}", "{project}"),
        "outreach": outreach_subject("{district}", "{trip}"),
        "targets": target_subject("{district}", "{year}", "{indicator}"),  # type: ignore[arg-type]  # a placeholder
        "quarantine": quarantine_subject("{district}"),
    }
    channels = asyncapi()["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == built
    for channel in channels.values():
        assert re.findall(r"\{(\w+)\}", channel["address"]) == list(channel["parameters"])


def test_records_are_read_as_the_ledger_writes_them() -> None:
    fact = {
        "event": "funds-arrived",
        "source": "/500101/finance",
        "id": "1",
        "on": "2026-08-30",
        "recorded_at": "2026-09-01T01:02:03.123456+00:00",
        "superseded_at": None,
        "superseded_by": None,
        "data": {"on": "2026-08-30", "amount": "120000000.00", "origin": "440300", "nature": "other"},
    }
    project = {
        "district": "500101",
        "project": "P-2026-017",
        "revision": 12,
        "digest": "0" * 64,
        "stage": "suspended",
        "reached": "started",
        **dict.fromkeys(("name", "lead_official", "lead_unit", "command_office", "industry", "cluster", "channel")),
        **dict.fromkeys(("investor", "planned_amount", "evaluation", "evaluated_on", "contract_amount")),
        "approval": {"on": "2026-04-01", "minutes": "第12次常务会"},
        "milestones": {"site-fixed": {"due": "2026-03-31", "on": None}},
        "gates": {"legal": {"outcome": "passed", "on": "2026-03-30", "opinion": "同意", "sha256": None}},
        "funds_arrived": "120000000.00",
        "issues": {},
        "pledges": {},
        "last_recorded_at": "2026-09-01T01:02:03.123456+00:00",
        "leads": [{"from": "2026-01-20", "lead_official": "李明", "lead_unit": "经信局", "command_office": None}],
        "suspensions": [{"from": "2026-06-01", "until": None, "reason": "等待用地指标"}],
        "progress": [{"on": "2026-05-31", "phrase": "二期已开工", "quantity": None, "source": "/500101/x", "id": "2"}],
        "escalations": [],
        "anomalies": [{"code": "started-before-signed", "text": "先开工后签约", "source": "/500101/x", "event": "1"}],
        "facts": [fact],
    }
    assert ProjectRecord.model_validate(project).facts[0].superseded_at is None
    target = {
        "district": "500101",
        "year": 2026,
        "indicator": "x",
        "revision": 1,
        "digest": "0" * 64,
        "anomalies": [],
        "facts": [fact],
    }
    assert TargetRecord.model_validate(target).year == 2026
    assert QuarantineRecord.model_validate({"district": "500101", "parked": 0, "revision": 2, "later": 1}).parked == 0
