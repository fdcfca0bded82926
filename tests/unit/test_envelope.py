"""A message becomes an event or a refusal, by its bus subject and its bytes alone."""

import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import rfc8785
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.envelope import Event, Refusal, canonical, digest, judge, to_cloudevent
from shared.events import EVENTS, EscalationOpened, FundsArrived, Started, TargetSet, Voided
from tests.unit.strategies import address, events, rewritten, written

SUBJECT = "events.500101.finance.P-2026-017.funds-arrived"
MESSAGE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "2026-000183",
    "source": "/500101/finance",
    "type": "luodi.funds-arrived.v1",
    "subject": "P-2026-017",
    "time": "2026-08-31T09:30:00+08:00",
    "datacontenttype": "application/json",
    "replaces": "2026-000171",
    "data": {
        "on": "2026-08-30",
        "amount": "120000000.00",
        "origin": "440300",
        "nature": "fixed-assets",
        "evidence": {"kind": "bank-slip", "reference": "JZ-88121"},
    },
}
UNSET = object()
_A_MOMENT = 0.4


def _message(**changes: Any) -> bytes:
    """The example with other attributes; UNSET leaves one out."""
    document = {**MESSAGE, **changes}
    return json.dumps({key: value for key, value in document.items() if value is not UNSET}).encode()


def _with_data(**changes: Any) -> bytes:
    data = {**MESSAGE["data"], **changes}
    return _message(data={key: value for key, value in data.items() if value is not UNSET})


def _refusal(payload: bytes, subject: str = SUBJECT) -> Refusal:
    verdict = judge(subject, payload)
    assert isinstance(verdict, Refusal), verdict
    return verdict


def _event(payload: bytes, subject: str = SUBJECT) -> Event:
    verdict = judge(subject, payload)
    assert isinstance(verdict, Event), verdict
    return verdict


def test_the_example_of_the_contract_is_an_event() -> None:
    assert _event(_message()) == Event(
        district="500101",
        unit="finance",
        subject="P-2026-017",
        id="2026-000183",
        data=FundsArrived.model_validate(MESSAGE["data"]),
        time=datetime(2026, 8, 31, 1, 30, tzinfo=UTC),
        replaces="2026-000171",
    )


def test_an_event_names_its_source_type_and_version() -> None:
    event = _event(_message())
    assert (event.source, event.name, event.version, event.type) == (
        "/500101/finance",
        "funds-arrived",
        1,
        "luodi.funds-arrived.v1",
    )


@given(events())
def test_an_event_written_and_judged_is_the_same_event(event: Event) -> None:
    assert judge(address(event), written(event)) == event


@given(events(), st.data())
def test_however_it_is_written_it_is_the_same_event_with_the_same_digest(event: Event, data: st.DataObject) -> None:
    other = judge(address(event), data.draw(rewritten(event)))
    assert other == event
    assert isinstance(other, Event)
    assert digest(other) == digest(event)


@given(events())
def test_the_canonical_form_is_that_of_rfc_8785(event: Event) -> None:
    assert canonical(event) == rfc8785.dumps(orjson.loads(canonical(event)))
    assert event.data_json == rfc8785.dumps(event.data.document())


@given(events(), events())
def test_events_have_one_digest_only_when_they_are_equal(one: Event, other: Event) -> None:
    assert (digest(one) == digest(other)) == (one == other)


@given(events())
def test_every_part_of_an_event_is_in_its_digest(event: Event) -> None:
    changed = (
        replace(event, district="110101"),
        replace(event, unit="other"),
        replace(event, subject="another"),
        replace(event, id=f"{event.id}x"),
        replace(event, replaces=f"{event.replaces}x"),
        replace(event, time=datetime(1999, 1, 1, tzinfo=UTC)),
        replace(event, data=event.data.model_copy(update={"note": f"{event.data.note}x"})),
    )
    assert digest(event) not in {digest(other) for other in changed}


def test_the_digest_is_the_sha256_of_the_canonical_event() -> None:
    event = _event(_message())
    assert canonical(event) == (
        b'{"data":{"amount":"120000000.00","evidence":{"kind":"bank-slip","reference":"JZ-88121"},"nature":"fixed-assets",'
        b'"on":"2026-08-30","origin":"440300"},"id":"2026-000183","replaces":"2026-000171","source":"/500101/finance",'
        b'"specversion":"1.0","subject":"P-2026-017","time":"2026-08-31T01:30:00Z","type":"luodi.funds-arrived.v1"}'
    )
    assert digest(event) == hashlib.sha256(canonical(event)).digest()


@given(events())
def test_the_cloudevents_library_reads_what_we_write(event: Event) -> None:
    read = JSONFormat().read(CloudEvent, written(event))
    assert (read.get_id(), read.get_source(), read.get_type()) == (event.id, event.source, event.type)
    assert (read.get_subject(), read.get_specversion()) == (event.subject, "1.0")
    assert read.get_time() == event.time or event.time is None
    assert read.get_extension("replaces") == event.replaces
    assert read.get_data() == event.data.document()


@given(events())
def test_we_read_what_the_cloudevents_library_writes(event: Event) -> None:
    attributes = {key: value for key, value in to_cloudevent(event).items() if key != "data"}
    # The library sets the time to now when there is none.
    attributes["time"] = event.time or datetime(2026, 1, 1, tzinfo=UTC)
    made = JSONFormat().write(CloudEvent(attributes, event.data.document()))
    assert judge(address(event), made) == replace(event, time=attributes["time"])


@given(events(), st.data())
def test_no_corruption_of_a_single_byte_raises(event: Event, data: st.DataObject) -> None:
    payload = bytearray(written(event))
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(judge(address(event), bytes(payload)), Event | Refusal)


@given(st.text(), st.binary())
def test_no_subject_and_no_bytes_raise(subject: str, payload: bytes) -> None:
    assert isinstance(judge(subject, payload), Refusal)
    assert isinstance(judge(SUBJECT, payload), Refusal)


_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["\ud800", "\x00", "2026-01-01", "/500101/finance"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(EVENTS)), _anything, st.dictionaries(st.text(st.characters(), max_size=8), _anything))
def test_no_json_raises_and_every_sentence_can_be_stored(name: str, value: Any, strange: dict[str, Any]) -> None:
    subject = f"events.500101.finance.P-1.{name}"
    fields = dict.fromkeys(EVENTS[name].model_fields, value)
    for document in (
        value,
        {**MESSAGE, **strange},
        {**MESSAGE, "id": value, "replaces": value},
        {**MESSAGE, "type": f"luodi.{name}.v1", "subject": "P-1", "data": {**fields, **strange}},
        {**MESSAGE, "type": f"luodi.{name}.v1", "subject": "P-1", "data": value},
    ):
        verdict = judge(subject, json.dumps(document).encode())
        for text in (verdict.reason, verdict.field, verdict.id, verdict.source) if isinstance(verdict, Refusal) else ():
            assert text is None or (text.isprintable() and text.encode() and len(text) < 2000)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "is not JSON: line 1, column 1"),
        (b"hello", "is not JSON: line 1, column 1"),
        (b"{} {}", "is not JSON: line 1, column 4"),
        (b"\xef\xbb\xbf{}", "is not JSON: line 1, column 1"),
        (b'{"id": "\xff"}', "is not UTF-8: byte 8"),
        (b"[" * 200_000, "the message is n"),
        (b'{"a":' * 50_000, "the message is n"),
        (b'{"data": NaN}', "has NaN, which is not JSON"),
        (b"-Infinity", "has -Infinity, which is not JSON"),
        (b"9" * 5000, "a number of 5000 digits"),
        (b"1e9999999999999999999", "too large to read: 1e9999999999999999999"),
        (b" " * 262_145, "has 262145 bytes; at most 262144"),
        (b'{"id": "1", "id": "1"}', 'the key "id" twice'),
        (b'{"data": {"amount": 1, "x": [{"y": 1, "y": 2}]}}', 'the key "y" twice'),
        (b'{"\\u0000\\ud800": 1, "\\u0000\\ud800": 1}', "twice"),
    ],
)
def test_what_is_no_json_is_refused(payload: bytes, said: str) -> None:
    refusal = _refusal(payload)
    assert refusal.code == "not-json"
    assert said in refusal.reason
    assert (refusal.district, refusal.unit, refusal.source, refusal.id) == ("500101", "finance", None, None)


@pytest.mark.parametrize(
    "payload",
    [
        b"{" + b"".join(b'"%x": 1,' % number for number in range(25_000)) + b'"z": 1, "z": 1}',
        _message(type="luodi.outreach-made.v1", data={"on": "2026-01-01", "projects": [1] * 80_000}),
    ],
    ids=["keys", "faults"],
)
def test_whoever_sends_very_many_mistakes_holds_nobody_up(payload: bytes) -> None:
    began = time.process_time()
    assert isinstance(judge("events.500101.finance.P-2026-017.outreach-made", payload), Refusal)
    assert time.process_time() - began < _A_MOMENT


@pytest.mark.parametrize(
    ("subject", "district", "unit"),
    [
        ("", None, None),
        ("events", None, None),
        ("events.500101.finance.P-1", "500101", "finance"),
        ("events.500101.finance.P-1.started.v1", "500101", "finance"),
        ("events.500101.Finance.P-1.started", "500101", None),
        ("events.５００１０１.finance.P-1.started", None, None),
        ("events.500101.finance.P 1.started", "500101", "finance"),
        ("events.500101.finance.项目.started", "500101", "finance"),
        (f"events.500101.finance.{'P' * 65}.started", "500101", "finance"),
        ("ledger.500101.finance.P-1.started", "500101", "finance"),
        ("events.50010.finance.P-1.started", None, None),
    ],
)
def test_a_subject_of_another_shape_is_refused(subject: str, district: str | None, unit: str | None) -> None:
    verdict = _refusal(_message(), subject)
    assert verdict.code == "bad-subject"
    assert "events.<district>.<unit>.<subject>.<name>" in verdict.reason
    assert (verdict.district, verdict.unit) == (district, unit)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"specversion": "0.3"}, "specversion", 'specversion: must be "1.0", got "0.3"'),
        ({"specversion": UNSET}, "specversion", "specversion: is required"),
        ({"id": ""}, "id", "id: must be text of 1 to 128 printable characters"),
        ({"id": 183}, "id", "got 183"),
        ({"id": "x" * 129}, "id", "…"),
        ({"id": " 1"}, "id", 'got " 1"'),
        ({"id": "a\u0000"}, "id", 'got "a\\u0000"'),
        ({"id": None}, "id", "id: is required"),
        ({"type": UNSET}, "type", "type: is required"),
        ({"type": 1}, "type", "type: must be luodi.<name>.v<version>, got 1"),
        ({"time": "2026-08-31T09:30:00"}, "time", "time: must be RFC 3339 with an offset"),
        ({"time": "2026-08-31"}, "time", "time: must be RFC 3339"),
        ({"time": "2026-02-30T09:30:00Z"}, "time", "time: must be RFC 3339"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time", "time: must be RFC 3339"),
        ({"time": "2026-W01-1T09:30:00Z"}, "time", "time: must be RFC 3339"),
        ({"time": 1785542400}, "time", "time: must be RFC 3339"),
        ({"replaces": "2026-000183"}, "replaces", "replaces: must be the id of an earlier event, got this one's own"),
        ({"replaces": ""}, "replaces", "replaces: must be the id of an earlier event of the same source"),
        ({"replaces": ["1"]}, "replaces", "got a list"),
        ({"replace": "1"}, "replace", 'replace: is not an attribute of this envelope; did you mean "replaces"?'),
        ({"": 1}, '""', '"": is not an attribute of this envelope'),
        ({"a\u0000": 1}, '"a\\u0000"', '"a\\u0000": is not an attribute'),
        ({"data_base64": "e30="}, "data_base64", "data_base64: is not an attribute of this envelope"),
        ({"datacontenttype": "text/xml"}, "datacontenttype", 'datacontenttype: must be "application/json"'),
        ({"traceparent": 1}, "traceparent", "traceparent: must be text, got 1"),
    ],
)
def test_an_envelope_that_is_no_cloudevent_of_ours_is_refused(changes: dict[str, Any], field: str, said: str) -> None:
    refusal = _refusal(_message(**changes))
    assert (refusal.code, refusal.field) == ("not-cloudevent", field)
    assert said in refusal.reason


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"1", b"null", b"1.5"])
def test_json_that_is_no_object_is_no_cloudevent(payload: bytes) -> None:
    assert _refusal(payload).code == "not-cloudevent"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        (
            {"source": "/500101/housing"},
            "source",
            'must be "/500101/finance", as in the bus subject, but is "/500101/housi',
        ),
        ({"source": "500101/finance"}, "source", 'but is "500101/finance"'),
        ({"source": UNSET}, "source", "but is missing"),
        ({"source": {}}, "source", "but is an object"),
        ({"subject": "P-2026-018"}, "subject", 'must be "P-2026-017", as in the bus subject, but is "P-2026-018"'),
        ({"subject": UNSET}, "subject", "but is missing"),
        (
            {"type": "luodi.signed.v1"},
            "type",
            'must be "luodi.funds-arrived.v1", as in the bus subject, but is "luodi.si',
        ),
        ({"type": "luodi.signed.v2"}, "type", 'must be "luodi.funds-arrived.v2", as in the bus subject'),
    ],
)
def test_an_envelope_that_disagrees_with_its_subject_is_not_yours(
    changes: dict[str, Any], field: str, said: str
) -> None:
    refusal = _refusal(_message(**changes))
    assert (refusal.code, refusal.field) == ("not-yours", field)
    assert said in refusal.reason


def test_a_name_that_no_event_can_have_is_echoed_safely() -> None:
    refusal = _refusal(_message(), "events.500101.finance.P-2026-017.funds\x00arrived\n")
    assert refusal.code == "not-yours"
    assert 'must be "luodi.funds\\u0000arrived\\n.v1"' in refusal.reason


def test_a_refusal_says_whose_message_it_was() -> None:
    refusal = _refusal(_message(subject="other"))
    assert (refusal.district, refusal.unit) == ("500101", "finance")
    assert (refusal.source, refusal.id) == ("/500101/finance", "2026-000183")


def test_a_claimed_identity_that_cannot_be_printed_is_left_out() -> None:
    refusal = _refusal(_message(id="a\u0000b", source="\ud800"))
    assert (refusal.source, refusal.id) == (None, None)


@pytest.mark.parametrize(
    ("kind", "name", "code", "said"),
    [
        ("luodi.funds-arived.v1", "funds-arived", "unknown-event", 'did you mean "funds-arrived"?'),
        ("luodi.x.v1", "x", "unknown-event", '"x" is not an event of this language'),
        ("funds-arrived", "funds-arrived", "unknown-event", "must be luodi.<name>.v<version>"),
        ("luodi.funds-arrived", "funds-arrived", "unknown-event", "must be luodi.<name>.v<version>"),
        ("luodi.funds-arrived.v01", "funds-arrived", "unknown-event", "must be luodi.<name>.v<version>"),
        ("luodi.funds-arrived.v2", "funds-arrived", "unknown-version", 'only "luodi.funds-arrived.v1" is known here'),
        ("luodi.funds-arrived.v0", "funds-arrived", "unknown-version", 'got "luodi.funds-arrived.v0"'),
    ],
)
def test_an_event_that_is_not_known_is_refused(kind: str, name: str, code: str, said: str) -> None:
    refusal = _refusal(_message(type=kind), f"events.500101.finance.P-2026-017.{name}")
    assert (refusal.code, refusal.field) == (code, "type")
    assert said in refusal.reason


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"amount": "1.234"}, "data.amount", "data.amount: must be an amount in yuan, not negative, with at most two"),
        ({"amount": "1.234"}, "data.amount", 'got "1.234"'),
        ({"amount": UNSET}, "data.amount", "data.amount: is required"),
        (
            {"amount": UNSET, "amout": "1"},
            "data.amount",
            'data.amout: is not a field of funds-arrived; did you mean "amount"?',
        ),
        ({"zzz": 1}, "data.zzz", "known are on, note, amount, origin, nature, evidence, original"),
        ({"on": 20260830}, "data.on", "data.on: must be a date as YYYY-MM-DD, in a string, got 20260830"),
        ({"origin": "CN"}, "data.origin", "data.origin: must be a GB/T 2260 code"),
        (
            {"nature": "cash"},
            "data.nature",
            'data.nature: must be one of "fixed-assets", "working-capital", "registered-',
        ),
        ({"evidence": {"kind": "x"}}, "data.evidence.reference", "data.evidence.reference: is required"),
        ({"evidence": {"kind": "x", "reference": "y", "refrence": "z"}}, "data.evidence.refrence", 'mean "reference"?'),
        ({"evidence": []}, "data.evidence", "data.evidence: must be an object, got a list"),
        ({"note": "a\u0000"}, "data.note", 'data.note: must not contain control characters, got "a\\u0000"'),
        ({"note": "\ud800"}, "data.note", "data.note: must not contain half of a surrogate pair"),
        ({"note": ""}, "data.note", 'data.note: must not be empty, got ""'),
        ({"note": "长" * 5000}, "data.note", "data.note: must have at most 4000 characters"),
        ({"note": 1}, "data.note", "data.note: must be text, got 1"),
        ({"original": {"amount": "1", "currency": "usd", "rate": "7"}}, "data.original.currency", "ISO 4217"),
    ],
)
def test_data_out_of_form_is_refused_with_a_sentence(changes: dict[str, Any], field: str, said: str) -> None:
    refusal = _refusal(_with_data(**changes))
    assert (refusal.code, refusal.field) == ("invalid-data", field)
    assert said in refusal.reason


@pytest.mark.parametrize(("data", "said"), [(UNSET, "data: is required"), ([], "got a list"), ("{}", 'got "{}"')])
def test_data_that_is_no_object_is_refused(data: Any, said: str) -> None:
    refusal = _refusal(_message(data=data))
    assert (refusal.code, refusal.field) == ("invalid-data", "data")
    assert said in refusal.reason


def test_the_first_three_faults_are_told_and_the_others_counted() -> None:
    refusal = _refusal(_message(data={"note": ""}))
    assert refusal.reason.count("; ") == 3
    assert refusal.reason.endswith("; and 2 more")


def test_a_value_is_echoed_up_to_80_characters() -> None:
    assert _refusal(_with_data(nature="n" * 500)).reason.endswith(f'"{"n" * 79}…')


def test_numbers_are_read_digit_by_digit() -> None:
    def amount(literal: str) -> str:
        payload = _message().replace(b'"120000000.00"', literal.encode())
        return str(_event(payload).data.document()["amount"])

    assert amount("120000000.00") == "120000000.00"
    assert amount("0.1") == "0.10"
    assert amount("1e2") == "100.00"
    # A float would make 10^15 of it.
    assert amount("999999999999999.99") == "999999999999999.99"
    for literal in ("0.30000000000000004", "1.234", "1.230", "-1", "1e-3", "1e16", "true", "null"):
        payload = _message().replace(b'"120000000.00"', literal.encode())
        assert _refusal(payload).field == "data.amount"


def test_an_attribute_that_is_null_is_not_there() -> None:
    event = _event(_message(replaces=None, time=None, datacontenttype=None, traceparent=None, unknown=None))
    assert (event.replaces, event.time) == (None, None)


def test_trace_and_schema_attributes_are_accepted_and_not_kept() -> None:
    told = _event(_message(traceparent="00-ab-cd-01", tracestate="x=1", dataschema="urn:x", datacontenttype=UNSET))
    assert told == _event(_message())


@pytest.mark.parametrize(
    "written_time",
    [
        "2026-08-31T01:30:00Z",
        "2026-08-31t01:30:00z",
        "2026-08-30T20:30:00-05:00",
        "2026-08-31T01:30:00.0Z",
        "2026-08-31T01:30:00.0000004Z",
    ],
)
def test_the_same_instant_is_the_same_event(written_time: str) -> None:
    assert digest(_event(_message(time=written_time))) == digest(_event(_message()))


def test_fractions_of_a_second_are_kept_to_the_microsecond() -> None:
    assert b'"time":"2026-08-31T01:30:00.250000Z"' in canonical(_event(_message(time="2026-08-31T01:30:00.25Z")))


def _target(subject: str, **changes: Any) -> Event | Refusal:
    data = {"on": "2026-01-15", "year": 2026, "indicator": "funds-arrived", "value": "105", "issued_by": "市政府"}
    payload = _message(type="luodi.target-set.v1", subject=subject, data={**data, **changes}, replaces=UNSET)
    return judge(f"events.500101.finance.{subject}.target-set", payload)


def test_a_target_has_the_subject_of_its_year_and_indicator() -> None:
    event = _target("target-2026-funds-arrived")
    assert isinstance(event, Event)
    assert isinstance(event.data, TargetSet)
    assert event.data.document()["value"] == "105"


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        ("P-2026-017", {}),
        ("target-2025-funds-arrived", {}),
        ("target-2026-signed-major", {}),
        ("target-2026-funds-arrived", {"year": 2027}),
    ],
)
def test_a_target_under_another_subject_is_refused(subject: str, changes: dict[str, Any]) -> None:
    refusal = _target(subject, **changes)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("invalid-data", "subject")


@pytest.mark.parametrize("year", ["2026", 2026.0, True, 1999, 2200])
def test_a_year_is_a_whole_number(year: Any) -> None:
    refusal = _target("target-2026-funds-arrived", year=year)
    assert isinstance(refusal, Refusal)
    assert refusal.field == "data.year"


def test_a_targets_subject_takes_nothing_else_but_its_voiding_and_what_became_of_pressing_for_it() -> None:
    started = Event("500101", "finance", "target-2026-funds-arrived", "1", Started(on="2026-01-01"))
    refusal = judge(address(started), written(started))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("invalid-data", "subject")
    voided = replace(started, data=Voided(on="2026-01-01", event="0", reason="误报"))
    assert judge(address(voided), written(voided)) == voided
    data = EscalationOpened(on="2026-06-01", case="c-1", rule="indicator-behind", rung=1)
    opened = replace(started, unit="notifier", data=data)
    assert judge(address(opened), written(opened)) == opened
    for subject in ("target-practice", "target-0026-funds-arrived", "target-1999-a", "target-2200-a", "target-2026-"):
        no_target = replace(voided, subject=subject)
        assert isinstance(judge(address(no_target), written(no_target)), Refusal), subject


def test_a_field_has_one_name_only_in_messages() -> None:
    payload = _message(
        type="luodi.timetable-set.v1", data={"on": "2026-02-12", "milestones": {"site_fixed": "2026-03-15"}}
    )
    refusal = _refusal(payload, "events.500101.finance.P-2026-017.timetable-set")
    assert refusal.field == "data.milestones.site_fixed"
    assert 'did you mean "site-fixed"?' in refusal.reason


def test_an_event_cannot_void_itself() -> None:
    voided = Event("500101", "finance", "P-1", "7", Voided(on="2026-01-01", event="7", reason="误报"))
    refusal = judge(address(voided), written(voided))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == ("invalid-data", "data.event")


def test_a_voiding_may_replace_another_event_as_well() -> None:
    voided = Event("500101", "finance", "P-1", "7", Voided(on="2026-01-01", event="5", reason="误报"), replaces="6")
    assert judge(address(voided), written(voided)) == voided
