"""How reporting reads the ledger's messages, and what it says of one it cannot read."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from services.reporting.records import Delivery, Read, Unread, read
from tests.reporting_records import at, delivered, fact, funds, project, quarantine, signed, subject, target


def taken(record: dict[str, Any]) -> Read:
    result = read(delivered(record, 1))
    assert isinstance(result, Read), result
    return result


def refused(record: dict[str, Any], under: str | None = None) -> Unread:
    result = read(Delivery(under or subject(record), orjson.dumps(record), at(0), 1))
    assert isinstance(result, Unread)
    return result


def test_funds_are_read_with_their_tier_as_seen_from_the_district() -> None:
    record = project(
        "P-1", [funds("2026-03-01", "1000.5", "f-1", origin="500103"), funds("2026-03-02", "7", "f-2", "HK")]
    )
    rows = taken(record).facts
    assert [(row["tier"], row["amount"], row["nature"]) for row in rows] == [
        ("outside-district", "1000.50", "fixed-assets"),
        ("abroad", "7.00", "fixed-assets"),
    ]


def test_a_signing_is_read_with_its_kind_and_platform() -> None:
    [row] = taken(project("P-1", [signed("2026-03-01", "500000000.00", "s-1", level="provincial")])).facts
    assert (row["kind"], row["platform_level"], row["amount"]) == ("contract", "provincial", "500000000.00")


def test_the_project_is_kept_whole_but_for_its_facts() -> None:
    row = taken(project("P-1", [], lead_unit="区商务委", evaluation={"land": {"verdict": "pass"}})).project
    assert row is not None
    assert row["lead_unit"] == "区商务委"
    assert row["record"]["evaluation"] == {"land": {"verdict": "pass"}}
    assert "facts" not in row["record"]


def test_fields_and_events_that_reporting_does_not_know_do_no_harm() -> None:
    record = project("P-1", [fact("renamed", "2026-03-01", "r-1", to="新名称")], mood="good")
    assert [row["event"] for row in taken(record).facts] == ["renamed"]


def test_a_target_is_read_with_every_value_it_had() -> None:
    record = taken(target("funds-arrived", ("2026-01-05", "100"), ("2026-07-01", "105.50")))
    assert [(row["value"], str(row["happened_on"]), row["issued_by"]) for row in record.target_facts] == [
        ("100", "2026-01-05", "市招商局"),
        ("105.5", "2026-07-01", "市招商局"),
    ]


def test_a_trip_is_read_and_counts_toward_nothing() -> None:
    trip = {"district": "500101", "trip": "TRIP-1", "revision": 2, "city": "深圳", "facts": []}
    result = read(Delivery("ledger.500101.outreach.TRIP-1", orjson.dumps(trip), at(1), 7))
    assert isinstance(result, Read)
    assert (result.revision, result.project, result.target, result.parked) == (2, None, None, None)


def test_a_quarantine_is_read_as_a_number() -> None:
    assert taken(quarantine(3)).parked == 3


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (project("P-1", [funds("2026-03-01", "12.345", "f-1")]), "amount"),
        (project("P-1", [funds("2026-03-01", "12", "f-1", origin="999999")]), "not a place"),
        (project("P-1", [funds("2026-03-01", "12", "f-1") | {"on": "2026-02-30"}]), "on"),
        (project("P-1", [signed("2026-03-01", "12", "s-1") | {"data": {}}]), "amount"),
        (project("P-1", [], revision=-1), "revision"),
        (project("P-1", [], revision=2**63), "revision"),
        (project("P-1", [], milestones={"started": {"due": "soon"}}), "milestones.started.due"),
        (target("funds-arrived", ("2026-01-05", "many")), "value"),
        (quarantine(-1), "parked"),
    ],
)
def test_a_record_that_cannot_be_read_is_told_with_its_field(record: dict[str, Any], said: str) -> None:
    unread = refused(record)
    assert unread.district == "500101"
    assert said in unread.reason


def test_a_record_under_anothers_subject_is_refused() -> None:
    assert "the subject says project P-2" in refused(project("P-1", []), "ledger.500101.project.P-2").reason
    assert "the subject says district 500102" in refused(quarantine(1), "ledger.500102.quarantine").reason
    record = target("funds-arrived", ("2026-01-05", "1"))
    assert "the subject says year 2025" in refused(record, "ledger.500101.target.2025.funds-arrived").reason


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"null", b"{", b'{"district": "500101"}', b"[" * 5000])
def test_whatever_the_bytes_are_reading_does_not_raise(payload: bytes) -> None:
    assert isinstance(read(Delivery("ledger.500101.project.P-1", payload, at(0), 1)), Unread)


@pytest.mark.parametrize(
    "unheard_of", ["ledger.500101.mood", "ledger", "ledger.x.project.P-1", "ledger.500101.project"]
)
def test_a_subject_of_no_known_kind_is_told(unheard_of: str) -> None:
    result = read(Delivery(unheard_of, b"{}", at(0), 1))
    assert isinstance(result, Unread)
    assert "no record of a known kind" in result.reason


def test_amounts_are_never_floats_inside() -> None:
    [row] = taken(project("P-1", [funds("2026-03-01", "0.07", "f-1")])).facts
    assert Decimal(row["amount"]) == Decimal("0.07")
    assert isinstance(row["amount"], str)
