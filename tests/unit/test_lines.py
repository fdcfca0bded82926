"""An event without a bus subject: where it belongs is read from it, and what is wrong is said by the field."""

import json
from typing import Any

import pytest
from hypothesis import given

from shared.envelope import Event, Refusal, judge, judge_alone, to_cloudevent
from shared.subjects import event_subject
from tests.unit import strategies

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/500101/finance",
    "type": "luodi.started.v1",
    "subject": "P-2026-017",
    "data": {"on": "2026-08-31"},
}


def refused(line: object) -> tuple[str, str | None, str]:
    said = judge_alone(line if isinstance(line, bytes) else json.dumps(line).encode())
    assert isinstance(said, Refusal)
    return said.code, said.field, said.reason


@given(strategies.events())
def test_an_event_belongs_under_the_subject_that_it_names(event: Event) -> None:
    line = json.dumps(to_cloudevent(event)).encode()
    subject = event_subject(event.district, event.unit, event.subject, event.name)
    assert judge_alone(line) == (subject, judge(subject, line)) == (subject, event)


@pytest.mark.parametrize("line", [[], 5, None, "text"])
def test_what_is_no_object_is_said_to_be_none(line: object) -> None:
    assert refused(line) == (
        "not-cloudevent",
        None,
        "the message must be a JSON object: one CloudEvent in structured mode",
    )


def test_what_is_no_json_is_said_with_its_place() -> None:
    assert refused(b'{"id": }') == ("not-json", None, "the message is not JSON: line 1, column 8: Expecting value")
    assert refused(b'{"id": "1", "id": "2"}')[2] == 'the message has the key "id" twice in one object'


@pytest.mark.parametrize("field", ["specversion", "id", "source", "type", "subject"])
def test_what_is_missing_is_named(field: str) -> None:
    line = {key: value for key, value in EVENT.items() if key != field}
    assert refused(line) == ("not-cloudevent", field, f"{field}: is required")


@pytest.mark.parametrize(
    "source", ["500101/finance", "/500101", "/500101/finance/more", "/5001/finance", "/500101/F", 5]
)
def test_a_source_of_another_shape_is_told_its_shape(source: object) -> None:
    code, field, reason = refused(EVENT | {"source": source})
    assert (code, field) == ("not-cloudevent", "source")
    assert reason == f'source: must be /<district>/<unit>, such as "/500101/finance", got {json.dumps(source)}'


@pytest.mark.parametrize("subject", ["P 2026", "P.2026", "项目", "", "P" * 65, 17])
def test_a_subject_of_another_shape_is_told_its_shape(subject: object) -> None:
    code, field, reason = refused(EVENT | {"subject": subject})
    assert (code, field) == ("not-cloudevent", "subject")
    assert reason.startswith("subject: must be 1 to 64 letters, digits, _ and -, got ")


def test_a_type_that_is_no_event_is_told_what_is_near() -> None:
    assert refused(EVENT | {"type": "luodi.start.v1"}) == (
        "unknown-event",
        "type",
        'type: "start" is not an event of this language; did you mean "started"?',
    )
    assert refused(EVENT | {"type": "started"})[:2] == ("unknown-event", "type")


def test_wrong_data_is_refused_as_it_would_be_on_the_bus() -> None:
    line = json.dumps(EVENT | {"data": {"on": "31.8.2026"}}).encode()
    said = judge("events.500101.finance.P-2026-017.started", line)
    assert isinstance(said, Refusal)
    assert refused(line) == (said.code, said.field, said.reason)
