"""A project's course, from a record that may say more and other things than expected."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reporting import wording
from services.reporting.domain.timeline import timeline

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("2026-05-01"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["on", "raised_on", "made_on", "state", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS = st.dictionaries(st.sampled_from(["gates", "progress", "issues", "pledges", "escalations", "leads"]), JSON)


def paid(on: str, hour: int, **more: Any) -> dict[str, Any]:
    return {
        "event": "funds-arrived",
        "happened_on": date.fromisoformat(on),
        "recorded_at": datetime(2026, 9, 1, hour, tzinfo=UTC),
        "superseded_at": None,
        "amount": None,
        "source": "/500101/finance",
        "id": f"f-{hour}",
        "data": {"on": on, "amount": "1.00", "origin": "440300", "nature": "fixed-assets"},
    } | more


def test_facts_of_one_day_stand_in_the_order_of_their_recording() -> None:
    entries = timeline({}, [paid("2026-05-02", 1), paid("2026-05-01", 3), paid("2026-05-01", 2)])
    assert [entry.id for entry in entries] == ["f-2", "f-3", "f-1"]


def test_what_is_no_fact_is_told_from_the_record() -> None:
    record = {
        "gates": {"legal": {"on": "2026-02-01", "outcome": "passed", "opinion": "条款合规", "sha256": None}},
        "approval": {"on": "2026-02-10", "minutes": "第12次常务会"},
        "issues": {
            "q-1": {
                "raised_on": "2026-03-01",
                "raised_at": "2026-03-01T01:00:00+00:00",
                "resolved_on": "2026-04-01",
                "resolution": "指标已调剂",
                "category": "land",
                "text": "用地",
            }
        },
        "pledges": {
            "p-1": {"made_on": "2026-03-02", "kept_on": "2026-05-01", "clause": "三通一平", "kept_clause": "通水通电"}
        },
        "escalations": [{"case": "k", "state": "climbed", "who": "张明远", "on": "2026-03-03"}],
    }
    told = [(wording.step(entry), wording.particulars(entry)) for entry in timeline(record, [])]
    assert told == [
        ("协议审查", "法制审查 · 通过 · 条款合规"),
        ("会议审定", "第12次常务会"),
        ("提出问题", "用地 · 用地"),
        ("作出承诺", "三通一平"),
        ("督办升级", "张明远"),
        ("问题办结", "指标已调剂"),
        ("兑现承诺", "通水通电"),
    ]


@given(PARTS)
def test_whatever_the_record_says_the_rest_is_told(record: dict[str, Any]) -> None:
    entries = timeline(record, [paid("2026-05-01", 1)])
    assert "f-1" in [entry.id for entry in entries]
    for entry in entries:
        assert wording.step(entry)
        wording.particulars(entry)
