"""A bulletin is proven from itself and from events alone, and whatever was changed in it is found."""

import copy
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.bulletin import Document, canonical, instant, numbered, root, sealed
from services.reporting.domain.bulletin_events import StoredMessage, known_facts, recorded, unlike_events
from services.reporting.domain.bulletin_proof import NotABulletinError, discrepancies
from shared.subjects import event_subject
from tests.bulletin_documents import DISTRICT, SEALED, THROUGH, funds, sealed_bulletin

BULLETIN = sealed_bulletin()


def test_the_root_is_that_of_an_independent_writer_of_canonical_json() -> None:
    rest = {key: value for key, value in BULLETIN.items() if key != "root"}
    assert hashlib.sha256(rfc8785.dumps(rest)).hexdigest() == BULLETIN["root"]


def test_the_root_is_that_of_a_few_lines_of_any_program() -> None:
    read = json.loads(canonical(BULLETIN))
    claimed = read.pop("root")
    written = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(written.encode()).hexdigest() == claimed


def test_a_bulletin_has_no_numbers_with_fractions_and_keys_of_ascii_only() -> None:
    def check(value: object) -> None:
        assert not isinstance(value, float)
        if isinstance(value, dict):
            assert all(key.isascii() for key in value)
            list(map(check, value.values()))
        elif isinstance(value, list):
            list(map(check, value))

    check(orjson.loads(canonical(BULLETIN)))


def test_the_figures_of_the_demo_follow_from_their_facts() -> None:
    assert discrepancies(BULLETIN) == []
    assert [(one["actual"], one["completion_pct"]) for one in BULLETIN["indicators"]] == [
        ("84.8", "80.8"),
        ("55.4", None),
        ("1", None),
        ("152.8", "117.5"),
    ]


def test_bulletins_are_numbered_by_month() -> None:
    assert numbered(THROUGH, 2) == "2026-08-2"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all texts and numbers in a document."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in leaves(inner, (*path, place))]
    return [path]


@given(st.sampled_from([path for path in leaves(BULLETIN) if path != ("root",)]))
def test_no_value_can_be_changed_without_changing_the_root(path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(BULLETIN)
    owner = changed
    for step in path[:-1]:
        owner = owner[step]
    owner[path[-1]] = f"{owner[path[-1]]}x"
    assert root(changed) != BULLETIN["root"]


def _with(change: Callable[[Document], Any]) -> Document:
    changed = copy.deepcopy(BULLETIN)
    change(changed)
    return sealed(changed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda one: one["indicators"][0].update(actual="88.4"),
            "indicator funds-arrived: actual: the bulletin says 88.4, its facts give 84.8",
        ),
        (
            lambda one: one["indicators"][0].update(completion_pct="84.2"),
            "indicator funds-arrived: completion_pct: the bulletin says 84.2, its facts give 80.8",
        ),
        (
            lambda one: one["ratios"][0].update(pct="50.0"),
            "ratio start-rate: pct: the bulletin says 50.0, its facts give 100.0",
        ),
        (
            lambda one: one["indicators"].pop(),
            "indicator platform-signings: not in the bulletin",
        ),
        (
            lambda one: one["facts"].pop(),
            "indicator funds-arrived: actual: the bulletin says 84.8, its facts give 55.4",
        ),
        (
            lambda one: one["facts"][-1]["counts"].clear(),
            f"fact /{DISTRICT}/finance f-2: counts nothing toward funds-arrived, by the definitions 2940000000.00",
        ),
        (
            lambda one: one["facts"][-1]["data"].update(origin=DISTRICT),
            f"fact /{DISTRICT}/finance f-2: counts 2940000000.00 toward funds-arrived, by the definitions nothing",
        ),
        (
            lambda one: one["facts"][-1].update(recorded_at="2026-09-06T00:00:00.000000Z"),
            f"fact /{DISTRICT}/finance f-2: recorded at 2026-09-06T00:00:00.000000Z, after the bulletin was sealed",
        ),
        (
            lambda one: one["facts"].append(one["facts"][-1]),
            f"fact /{DISTRICT}/finance f-2: listed more than once",
        ),
        (
            lambda one: one["targets"][0].update(value="100"),
            "indicator funds-arrived: target: the bulletin says 105, its facts give 100",
        ),
        (
            lambda one: one["series"][2]["indicators"]["funds-arrived"].update(actual="99.9"),
            "series: the months are not what the facts give",
        ),
        (lambda one: one.update(elapsed_pct="66.66"), "elapsed_pct: the bulletin says 66.66, its last day gives 66.67"),
        (
            lambda one: one["definitions"].update(version="2025.9"),
            "definitions: the bulletin says 2025.9, their text 2026.1",
        ),
    ],
)
def test_what_was_changed_and_sealed_anew_is_named(change: Callable[[Document], Any], said: str) -> None:
    assert said in discrepancies(_with(change))


def test_a_wrong_root_is_named() -> None:
    [said] = discrepancies(BULLETIN | {"root": "0" * 64})
    assert said == f"root: the bulletin says {'0' * 64}, its content gives {BULLETIN['root']}"


@pytest.mark.parametrize("document", [{}, {"form": "luodi-bulletin/2"}, {"form": "luodi-bulletin/1"}])
def test_what_is_no_bulletin_is_told_so(document: Document) -> None:
    with pytest.raises(NotABulletinError):
        discrepancies(document)


def stored(unit: str, subject: str, name: str, at: datetime, envelope: Document) -> StoredMessage:
    said = {
        "specversion": "1.0",
        "source": f"/{DISTRICT}/{unit}",
        "subject": subject,
        "type": f"luodi.{name}.v1",
        **envelope,
    }
    return StoredMessage(event_subject(DISTRICT, unit, subject, name), orjson.dumps(said), at)


def archive(document: Document) -> list[StoredMessage]:
    """The events behind a bulletin's facts and targets, as the stream has them."""
    messages = [
        stored(
            one["source"].rsplit("/", 1)[-1],
            one["project"],
            one["event"],
            datetime.fromisoformat(one["recorded_at"]),
            {"id": one["id"], "data": one["data"]},
        )
        for one in document["facts"]
    ]
    for one in document["targets"]:
        data = {"on": one["on"], "year": 2026, **{key: one[key] for key in ("indicator", "value", "issued_by")}}
        at, subject = datetime.fromisoformat(one["recorded_at"]), f"target-2026-{one['indicator']}"
        messages.append(stored("investment", subject, "target-set", at, {"id": one["id"], "data": data}))
    return sorted(messages, key=lambda message: message.recorded_at)


def unlike(messages: list[StoredMessage], document: Document = BULLETIN) -> list[str]:
    return unlike_events(document, recorded(messages, DISTRICT))


def test_the_facts_of_a_bulletin_are_those_of_the_events() -> None:
    assert unlike(archive(BULLETIN)) == []


def test_an_event_that_should_count_and_is_not_listed_is_named() -> None:
    at, data = SEALED - timedelta(hours=1), funds("P-9", "x-1", "2026-08-30", "100.00")["data"]
    extra = stored("finance", "P-9", "funds-arrived", at, {"id": "x-1", "data": data})
    [said] = unlike([*archive(BULLETIN), extra])
    assert (
        said == f"fact /{DISTRICT}/finance x-1: in the archive since 2026-09-04T23:00:00.123456Z, not in the bulletin"
    )
    late = StoredMessage(extra.subject, extra.payload, SEALED + timedelta(microseconds=1))
    assert unlike([*archive(BULLETIN), late]) == []


def test_a_fact_that_no_event_gives_is_named_with_the_reason() -> None:
    whole = archive(BULLETIN)
    lost = [one for one in whole if b'"f-1"' not in one.payload]
    assert unlike(lost) == [f"fact /{DISTRICT}/finance f-1: not in the archive"]
    void = {"id": "v-1", "data": {"on": "2026-08-01", "event": "f-1", "reason": "重复"}}
    voided = [*whole, stored("finance", "P-1", "voided", SEALED, void)]
    assert unlike(voided) == [
        f"fact /{DISTRICT}/finance f-1: replaced or voided at {instant(SEALED)}, before the bulletin was sealed"
    ]
    elsewhere = [*whole, stored("housing", "P-1", "voided", SEALED, void)]
    assert unlike(elsewhere) == [], "an event is voided by its own source only"


def test_a_fact_that_says_something_else_than_its_event_is_named() -> None:
    changed = _with(lambda one: one["facts"][-1]["data"].update(amount="2950000000.00"))
    assert unlike(archive(BULLETIN), changed) == [
        f"fact /{DISTRICT}/finance f-2: data.amount: the bulletin says 2950000000.00, the archive 2940000000.00"
    ]
    target = _with(lambda one: one["targets"][0].update(value="100"))
    assert unlike(archive(BULLETIN), target) == [
        f"target /{DISTRICT}/investment t-funds-arrived: value: the bulletin says 100, the archive 105"
    ]


def test_of_one_identity_the_first_stored_counts() -> None:
    whole, data = archive(BULLETIN), funds("P-1", "f-1", "2026-03-01", "1.00")["data"]
    again = stored("finance", "P-1", "funds-arrived", SEALED, {"id": "f-1", "data": data})
    assert unlike([*whole, again]) == []


@given(st.permutations(range(4)), st.integers(0, 5))
def test_what_is_known_at_an_instant_does_not_depend_on_the_order_of_events(order: list[int], hours: int) -> None:
    first = datetime(2026, 8, 1, tzinfo=UTC)

    def arrived(code: str, amount: str, hour: int, **envelope: str) -> StoredMessage:
        data = funds("P-1", code, "2026-08-01", amount)["data"]
        at = first + timedelta(hours=hour)
        return stored("finance", "P-1", "funds-arrived", at, {"id": code, "data": data, **envelope})

    messages = [
        arrived("a", "1.00", 1),
        arrived("b", "2.00", 2, replaces="a"),
        arrived("c", "4.00", 3, replaces="b"),
        arrived("d", "8.00", 4),
    ]
    by = first + timedelta(hours=hours)
    known = known_facts(recorded([messages[place] for place in order], DISTRICT), by)
    assert {one.id for one in known} == [set(), {"a"}, {"b"}, {"c"}, {"c", "d"}, {"c", "d"}][hours]
    assert sum((one.amount or Decimal(0) for one in known), Decimal(0)) == [0, 1, 2, 4, 12, 12][hours]
