"""What follows from a project's events: given these events, the record says this."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.ledger.domain.batch import Stored
from shared.database import make_pool
from shared.records import ProjectRecord
from tests.integration import ledger_rows
from tests.integration.department import cloudevent

RECORDED = datetime(2026, 9, 1, tzinfo=UTC)
Said = tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], dict[str, Any]]
Given = Callable[..., Coroutine[Any, Any, dict[str, Any]]]

CONTRACT = ("signed", {"on": "2026-03-01", "kind": "contract", "amount": "600000000.00"})
GATES = [
    ("reviewed", {"on": "2026-02-01", "gate": gate, "outcome": "passed"})
    for gate in ("preliminary", "industry", "legal")
]


@pytest_asyncio.fixture
async def given(database_url: str) -> AsyncIterator[Given]:
    """Record events of P-1 with ids "1", "2", … and return the project's published record."""
    async with make_pool(database_url, "test", size=1) as pool:

        async def record(*said: Said) -> dict[str, Any]:
            published = ledger_rows.Published()
            await ledger_rows.recorder(pool, published).record(
                [stored(number, *one) for number, one in enumerate(said, 1)]
            )
            assert await pool.fetch("select code, reason from ledger.quarantine") == []
            message = published.last["ledger.500101.project.P-1"]
            published_record: dict[str, Any] = json.loads(message)
            ProjectRecord.model_validate_json(message)
            assert published_record.keys() == {
                field.alias or name for name, field in ProjectRecord.model_fields.items()
            }
            return published_record

        yield record


def stored(number: int, name: str, data: dict[str, Any], more: dict[str, Any] | None = None) -> Stored:
    event = cloudevent("investment", "P-1", str(number), name, data, **(more or {}))
    subject = f"events.500101.investment.P-1.{name}"
    return Stored(subject, json.dumps(event).encode(), number, RECORDED + timedelta(seconds=number))


def recorded_at(number: int) -> str:
    return (RECORDED + timedelta(seconds=number)).isoformat()


def codes(record: dict[str, Any]) -> list[str]:
    return [anomaly["code"] for anomaly in record["anomalies"]]


@pytest.mark.parametrize(
    ("name", "data", "stage"),
    [
        ("progress-reported", {"phrase": "初步合作意向"}, "reserved"),
        ("claimed", {"lead_official": "张三", "lead_unit": "区经信委"}, "negotiating"),
        ("intent-signed", {}, "intent-signed"),
        ("approved", {"minutes": "第12次常务会"}, "approved"),
        ("signed", {"kind": "framework", "amount": "1.00"}, "reserved"),
        ("signed", {"kind": "contract", "amount": "1.00"}, "signed"),
        ("site-fixed", {"site": "工业园"}, "site-fixed"),
        ("planned", {}, "planned"),
        ("started", {}, "started"),
        ("completed", {}, "completed"),
        ("commissioned", {}, "commissioned"),
        ("at-capacity", {}, "at-capacity"),
    ],
)
async def test_the_stage_is_the_furthest_step_reached(
    given: Given, name: str, data: dict[str, Any], stage: str
) -> None:
    record = await given((name, {"on": "2026-05-01", **data}))
    assert record["stage"] == stage


async def test_a_step_back_does_not_lower_the_stage(given: Given) -> None:
    record = await given(("started", {"on": "2026-05-01"}), ("intent-signed", {"on": "2026-06-01"}))
    assert record["stage"] == "started"


async def test_suspension_hides_the_step_and_resumption_shows_it_again(given: Given) -> None:
    started = ("started", {"on": "2026-05-01"})
    stopped = ("suspended", {"on": "2026-06-01", "reason": "资金"})
    resumed = ("resumed", {"on": "2026-07-01", "reason": "复工"})
    assert (await given(started, stopped))["stage"] == "suspended"
    record = await given(started, stopped, resumed)
    assert (record["stage"], record["reached"]) == ("started", "started")


async def test_suspended_times_are_kept_with_their_days_and_reasons(given: Given) -> None:
    record = await given(
        ("suspended", {"on": "2026-02-01", "reason": "等待用地指标"}),
        ("suspended", {"on": "2026-02-10", "reason": "仍在等待"}),
        ("resumed", {"on": "2026-03-01", "reason": "指标已下达"}),
        ("resumed", {"on": "2026-03-02", "reason": "重复报送"}),
        ("suspended", {"on": "2026-04-01", "reason": "资金链紧张"}),
        ("terminated", {"on": "2026-05-01", "reason": "投资方放弃"}),
    )
    assert record["suspensions"] == [
        {"from": "2026-02-01", "until": "2026-03-01", "reason": "等待用地指标"},
        {"from": "2026-04-01", "until": "2026-05-01", "reason": "资金链紧张"},
    ]
    assert record["stage"] == "terminated"


async def test_a_suspension_that_lasts_has_no_end_and_a_withdrawn_one_is_none(given: Given) -> None:
    stopped = ("suspended", {"on": "2026-06-01", "reason": "资金"})
    assert (await given(stopped))["suspensions"] == [{"from": "2026-06-01", "until": None, "reason": "资金"}]
    withdrawn = await given(stopped, ("voided", {"on": "2026-06-02", "event": "1", "reason": "误报"}))
    assert (withdrawn["suspensions"], withdrawn["stage"]) == ([], "reserved")


async def test_who_answers_for_the_project_is_kept_over_time(given: Given) -> None:
    record = await given(
        ("claimed", {"on": "2026-05-01", "lead_official": "李四", "lead_unit": "区商务局"}),
        ("claimed", {"on": "2026-02-01", "lead_official": "张三", "lead_unit": "区经信委", "command_office": "一部"}),
        ("claimed", {"on": "2026-03-01", "lead_official": "误报", "lead_unit": "误报"}),
        ("voided", {"on": "2026-03-02", "event": "3", "reason": "误报"}),
    )
    assert record["leads"] == [
        {"from": "2026-02-01", "lead_official": "张三", "lead_unit": "区经信委", "command_office": "一部"},
        {"from": "2026-05-01", "lead_official": "李四", "lead_unit": "区商务局", "command_office": None},
    ]
    assert record["command_office"] is None


async def test_progress_is_kept_in_the_reporters_words_with_its_quantity(given: Given) -> None:
    record = await given(
        ("progress-reported", {"on": "2026-05-31", "phrase": "二期已开工"}),
        (
            "progress-reported",
            {"on": "2026-04-30", "phrase": "一期种植5000亩", "quantity": {"value": 5000, "unit": "亩"}},
        ),
        ("progress-reported", {"on": "2026-05-31", "phrase": "二期主体封顶"}, {"replaces": "1"}),
    )
    assert record["progress"] == [
        {
            "on": "2026-04-30",
            "phrase": "一期种植5000亩",
            "quantity": {"value": "5000", "unit": "亩"},
            "source": "/500101/investment",
            "id": "2",
        },
        {"on": "2026-05-31", "phrase": "二期主体封顶", "quantity": None, "source": "/500101/investment", "id": "3"},
    ]


async def test_each_case_is_shown_as_it_stands_and_is_no_news_of_the_project(given: Given) -> None:
    def escalation(case: str, rung: int, who: str | None = None) -> dict[str, Any]:
        return {"on": "2026-05-02", "case": case, "rule": "unclaimed", "rung": rung} | ({"who": who} if who else {})

    record = await given(
        ("intent-signed", {"on": "2026-05-01"}),
        ("escalation-opened", escalation("b", 1, "王五")),
        ("escalation-opened", escalation("a", 1)),
        ("escalation-climbed", escalation("b", 2, "李四")),
        ("escalation-acknowledged", escalation("b", 2, "李四")),
        ("escalation-resolved", escalation("a", 1)),
    )
    assert record["escalations"] == [
        {"case": "a", "rule": "unclaimed", "rung": 1, "state": "resolved", "who": None, "on": "2026-05-02"},
        {"case": "b", "rule": "unclaimed", "rung": 2, "state": "acknowledged", "who": "李四", "on": "2026-05-02"},
    ]
    assert record["last_recorded_at"] == (RECORDED + timedelta(seconds=1)).isoformat()
    assert record["revision"] == 6


async def test_an_issue_that_was_raised_again_after_its_end_is_open(given: Given) -> None:
    raised = {"issue": "a", "category": "land", "urgency": "urgent", "owner_unit": "land", "text": "用地指标未落实"}
    record = await given(
        ("issue-raised", {"on": "2026-05-01", **raised}),
        ("issue-resolved", {"on": "2026-06-01", "issue": "a", "text": "已批复"}),
        ("issue-raised", {"on": "2026-07-01", **raised}),
        ("pledge-kept", {"on": "2026-02-01", "pledge": "p"}),
        ("pledge-made", {"on": "2026-03-01", "pledge": "p"}),
    )
    assert (record["issues"]["a"]["raised_on"], record["issues"]["a"]["resolved_on"]) == ("2026-07-01", None)
    assert record["pledges"]["p"]["kept_on"] is None


async def test_a_later_timetable_moves_only_the_milestones_that_it_names(given: Given) -> None:
    record = await given(
        ("timetable-set", {"on": "2026-01-10", "milestones": {"signed": "2026-03-31", "started": "2026-05-31"}}),
        ("timetable-set", {"on": "2026-04-10", "milestones": {"started": "2026-07-31"}}),
        CONTRACT,
    )
    assert record["milestones"] == {
        "signed": {"due": "2026-03-31", "on": "2026-03-01"},
        "started": {"due": "2026-07-31", "on": None},
    }


async def test_the_business_date_and_not_the_arrival_decides_what_is_latest(given: Given) -> None:
    record = await given(
        ("claimed", {"on": "2026-05-01", "lead_official": "李四", "lead_unit": "区商务局"}),
        ("claimed", {"on": "2026-02-01", "lead_official": "张三", "lead_unit": "区经信委"}),
    )
    assert (record["lead_official"], record["lead_unit"]) == ("李四", "区商务局")


async def test_a_second_contract_adds_nothing_and_a_supplement_adds_its_amount(given: Given) -> None:
    record = await given(
        *GATES,
        ("signed", {"on": "2026-05-01", "kind": "contract", "amount": "900000000.00"}),
        CONTRACT,
        ("signed", {"on": "2026-06-01", "kind": "supplement", "amount": "50000000.00"}),
        ("signed", {"on": "2026-01-01", "kind": "framework", "amount": "1.00"}),
    )
    assert record["contract_amount"] == "650000000.00"
    assert record["milestones"]["signed"]["on"] == "2026-03-01"


async def test_issues_and_pledges_are_open_until_their_end_is_reported(given: Given) -> None:
    raised = {"category": "land", "urgency": "urgent", "owner_unit": "land", "text": "用地指标未落实"}
    record = await given(
        ("issue-raised", {"on": "2026-05-01", "issue": "a", **raised}),
        ("issue-raised", {"on": "2026-05-02", "issue": "b", **raised}),
        ("issue-resolved", {"on": "2026-06-01", "issue": "a", "text": "已批复"}),
        ("pledge-made", {"on": "2026-03-01", "pledge": "p", "due": "2026-09-30"}),
        ("pledge-kept", {"on": "2026-08-01", "pledge": "q", "clause": "租金减半", "amount": 9000000}),
    )
    assert record["issues"] == {
        "a": {
            **raised,
            "raised_on": "2026-05-01",
            "raised_at": recorded_at(1),
            "resolved_on": "2026-06-01",
            "resolution": "已批复",
        },
        "b": {
            **raised,
            "raised_on": "2026-05-02",
            "raised_at": recorded_at(2),
            "resolved_on": None,
            "resolution": None,
        },
    }
    assert record["pledges"] == {
        "p": {"due": "2026-09-30", "made_on": "2026-03-01", "kept_on": None, "kept_clause": None, "kept_amount": None},
        "q": {"made_on": None, "kept_on": "2026-08-01", "kept_clause": "租金减半", "kept_amount": "9000000.00"},
    }


async def test_the_latest_review_of_a_gate_counts(given: Given) -> None:
    record = await given(
        ("reviewed", {"on": "2026-01-01", "gate": "legal", "outcome": "returned"}),
        (
            "reviewed",
            {"on": "2026-02-01", "gate": "legal", "outcome": "passed", "opinion": "同意", "sha256": "ab" * 32},
        ),
    )
    assert record["gates"] == {
        "legal": {"outcome": "passed", "on": "2026-02-01", "opinion": "同意", "sha256": "ab" * 32},
    }


async def test_each_gate_stands_with_its_own_outcome_and_day(given: Given) -> None:
    reviews = {"preliminary": ("passed", "03"), "industry": ("returned", "02"), "legal": ("rejected", "01")}
    record = await given(
        *(
            ("reviewed", {"on": f"2026-02-{day}", "gate": gate, "outcome": outcome})
            for gate, (outcome, day) in reviews.items()
        )
    )
    assert record["gates"] == {
        gate: {"outcome": outcome, "on": f"2026-02-{day}", "opinion": None, "sha256": None}
        for gate, (outcome, day) in reviews.items()
    }


async def test_each_milestone_stands_with_the_day_it_is_due_and_the_day_it_was_reached(given: Given) -> None:
    steps = ("site-fixed", "planned", "signed", "started", "completed", "commissioned")
    more = {"site-fixed": {"site": "工业园"}, "signed": {"kind": "contract", "amount": "1.00"}}
    due = {name: f"2026-0{month}-28" for month, name in enumerate(steps, 1)}
    record = await given(
        ("timetable-set", {"on": "2026-01-01", "milestones": due}),
        # Reported twice, it was reached the first time.
        *(
            (name, {"on": f"2026-0{month}-{day}", **more.get(name, {})})
            for day in (20, 10)
            for month, name in enumerate(steps, 1)
        ),
    )
    assert record["milestones"] == {
        name: {"due": f"2026-0{month}-28", "on": f"2026-0{month}-10"} for month, name in enumerate(steps, 1)
    }


async def test_what_the_latest_registration_says_stands_in_the_record(given: Given) -> None:
    def registered(on: str, name: str, **more: str) -> Said:
        investor = {"name": "深圳某某精密制造有限公司", "origin": "440300", "tags": ["500强"]}
        data = {"on": on, "name": name, "investor": investor, "industry": "C3670", "channel": "targeted", **more}
        return "registered", data

    more = {"cluster": "智能装备", "planned_amount": "650000000.00"}
    record = await given(registered("2026-02-01", "乙项目", **more), registered("2026-01-01", "甲项目"))
    told = ("name", "industry", "cluster", "channel", "investor", "planned_amount")
    assert {field: record[field] for field in told} == {
        "name": "乙项目",
        "industry": "C3670",
        "cluster": "智能装备",
        "channel": "targeted",
        "investor": {"name": "深圳某某精密制造有限公司", "origin": "440300", "tags": ["500强"]},
        "planned_amount": "650000000.00",
    }


async def test_an_evaluation_stands_with_its_five_factors_and_begins_the_talks(given: Given) -> None:
    def evaluated(on: str, verdict: str) -> Said:
        names = ("industry", "planning", "land", "environment", "intensity")
        factors = {
            name: {"verdict": verdict, "opinion": f"{name} 意见", "signer": "王芳", "score": "92.5"} for name in names
        }
        return "evaluated", {"on": on, "factors": factors}

    later, earlier = evaluated("2026-02-10", "pass"), evaluated("2026-01-10", "conditional")
    record = await given(later, earlier)
    assert (record["stage"], record["evaluated_on"], record["approval"]) == ("negotiating", "2026-02-10", None)
    assert record["evaluation"] == later[1]["factors"]


async def test_an_approval_stands_with_its_day_and_its_minutes(given: Given) -> None:
    record = await given(
        ("approved", {"on": "2026-03-01", "minutes": "第12次常务会"}),
        ("approved", {"on": "2026-02-01", "minutes": "第11次常务会"}),
    )
    assert record["approval"] == {"on": "2026-03-01", "minutes": "第12次常务会"}


async def test_a_project_that_goes_by_the_rules_has_no_anomaly(given: Given) -> None:
    paid = {"on": "2026-04-01", "amount": "600000000.00", "origin": "440300", "nature": "fixed-assets"}
    record = await given(*GATES, CONTRACT, ("started", {"on": "2026-03-01"}), ("funds-arrived", paid))
    assert record["anomalies"] == []


async def test_what_is_out_of_rule_is_accepted_and_named(given: Given) -> None:
    paid = {"on": "2026-02-01", "amount": "600000000.01", "origin": "440300", "nature": "fixed-assets"}
    record = await given(
        CONTRACT,
        ("started", {"on": "2026-02-28"}),
        ("funds-arrived", paid),
        ("completed", {"on": "2027-01-01"}),
        ("planned", {"on": "2026-03-01"}, {"replaces": "none-such"}),
    )
    assert codes(record) == [
        "date-in-future",
        "corrects-nothing",
        "signed-before-gates",
        "started-before-signed",
        "funds-before-signing",
        "funds-beyond-contract",
    ]
    assert record["anomalies"][3]["event"] == "2"
    assert record["anomalies"][5]["text"] == "到位资金 600000000.01 元超过合同金额 600000000.00 元"


async def test_a_gate_passed_after_the_signing_is_passed_too_late(given: Given) -> None:
    late = ("reviewed", {"on": "2026-03-02", "gate": "legal", "outcome": "passed"})
    assert codes(await given(*GATES[:2], late, CONTRACT)) == ["signed-before-gates"]


async def test_a_voided_event_leaves_the_record_and_stays_among_the_facts(given: Given) -> None:
    record = await given(*GATES, CONTRACT, ("voided", {"on": "2026-04-01", "event": "4", "reason": "误报"}))
    assert record["contract_amount"] is None
    assert record["stage"] == "reserved"
    [fact] = record["facts"]
    assert fact["superseded_at"] == recorded_at(5)
    assert fact["superseded_by"] == "5"
    assert record["revision"] == 5


async def test_of_a_chain_of_corrections_the_last_counts(given: Given) -> None:
    def paid(amount: str) -> dict[str, Any]:
        return {"on": "2026-04-01", "amount": amount, "origin": "440300", "nature": "fixed-assets"}

    record = await given(
        *GATES,
        CONTRACT,
        ("funds-arrived", paid("1000000.00")),
        ("funds-arrived", paid("2000000.00"), {"replaces": "5"}),
        ("funds-arrived", paid("3000000.00"), {"replaces": "6"}),
    )
    assert record["funds_arrived"] == "3000000.00"


async def test_no_correction_brings_back_what_was_corrected(given: Given) -> None:
    def void(event: str) -> Said:
        return "voided", {"on": "2026-04-02", "event": event, "reason": "误报"}

    def paid(amount: str) -> dict[str, Any]:
        return {"on": "2026-04-01", "amount": amount, "origin": "440300", "nature": "fixed-assets"}

    # A correction that is withdrawn takes its fact with it; and a void that is withdrawn withdrew for good.
    record = await given(
        ("funds-arrived", paid("1.00")),
        ("funds-arrived", paid("20.00"), {"replaces": "1"}),
        void("2"),
        ("funds-arrived", paid("300.00")),
        void("4"),
        void("5"),
    )
    assert record["funds_arrived"] == "0.00"
    assert [fact["superseded_by"] for fact in record["facts"]] == ["2", "3", "5"]


async def test_a_void_that_arrives_first_withdraws_from_the_first_instant_on(given: Given) -> None:
    record = await given(("voided", {"on": "2026-04-02", "event": "2", "reason": "误报"}), CONTRACT, *GATES)
    assert (record["contract_amount"], record["stage"], record["anomalies"]) == (None, "reserved", [])
    [fact] = record["facts"]
    assert (fact["superseded_at"], fact["superseded_by"]) == (recorded_at(1), "1")


@pytest.mark.parametrize("awkward", ['a"b', "a\\b", '\\"', '\\\\" ', "编号 1"])
async def test_an_id_may_have_any_printable_character(given: Given, awkward: str) -> None:
    awkward = awkward.strip()
    record = await given(("started", {"on": "2026-05-01"}, {"id": awkward}))
    assert [fact["id"] for fact in record["facts"]] == [awkward]
    assert [(one["code"], one["event"]) for one in record["anomalies"]] == [("started-before-signed", awkward)]


async def test_a_correction_by_another_department_corrects_nothing(given: Given) -> None:
    # P-1's events come from /500101/investment; the void names an id that this source never used.
    record = await given(CONTRACT, ("voided", {"on": "2026-04-01", "event": "finance-7", "reason": "误报"}))
    assert record["contract_amount"] == "600000000.00"
    assert "corrects-nothing" in codes(record)


async def test_a_copy_of_a_void_that_was_stored_earlier_is_kept_when_it_is_delivered_later(database_url: str) -> None:
    void = ("voided", {"on": "2026-04-01", "event": "none-such", "reason": "误报"})
    later = replace(stored(1, *void), sequence=9, recorded_at=RECORDED + timedelta(seconds=9))
    async with make_pool(database_url, "test", size=1) as pool:
        recorder = ledger_rows.recorder(pool, ledger_rows.Published())
        assert await recorder.record([later]) == []
        assert await recorder.record([stored(1, *void)]) == []
        assert await pool.fetchval("select stream_sequence from ledger.event") == 1
