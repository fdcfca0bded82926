"""What is out of rule is accepted and named; the name comes with the event that brings it, and goes with it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.ledger.archive import Archive
from services.ledger.domain.batch import Stored
from shared.database import Pool, make_pool
from tests.integration import ledger_rows, ledger_upkeep
from tests.integration.department import cloudevent

RECORDED = datetime(2026, 9, 1, tzinfo=UTC)
Said = tuple[str, dict[str, Any]]


def registered(origin: str) -> Said:
    investor = {"name": "某公司", "origin": origin}
    return (
        "registered",
        {"on": "2026-01-05", "name": "甲项目", "investor": investor, "industry": "C36", "channel": "own"},
    )


def passed(gate: str, on: str = "2026-02-01") -> Said:
    return "reviewed", {"on": on, "gate": gate, "outcome": "passed"}


def signed(on: str = "2026-03-01", amount: str = "600000000.00", kind: str = "contract") -> Said:
    return "signed", {"on": on, "kind": kind, "amount": amount}


def funds(on: str, amount: str = "1.00", origin: str = "440300") -> Said:
    return "funds-arrived", {"on": on, "amount": amount, "origin": origin, "nature": "fixed-assets"}


def step(name: str, on: str) -> Said:
    return name, {"on": on, "reason": "原因"} if name in ("suspended", "resumed", "terminated") else {"on": on}


GATES = [passed(gate) for gate in ("preliminary", "industry", "legal")]
SIGNED = [registered("440300"), *GATES, signed()]
STARTED = [*SIGNED, step("started", "2026-04-01")]
PAUSED = [*SIGNED, step("suspended", "2026-05-01"), step("resumed", "2026-06-01")]
ENDED = [*SIGNED, step("terminated", "2026-05-01")]

# What was said before, what is said now, and what the record then says of it.
BROUGHT_BY = [
    (SIGNED, step("planned", "2026-09-02"), "date-in-future", "填报日期 2026-09-02 晚于报送日期"),
    (SIGNED, step("started", "2026-02-28"), "started-before-signed", "2026-02-28 开工时尚未签订正式合同"),
    (
        [signed(kind="framework")],
        step("started", "2026-04-01"),
        "started-before-signed",
        "2026-04-01 开工时尚未签订正式合同",
    ),
    (SIGNED, funds("2026-02-01"), "funds-before-signing", "2026-02-01 资金到位时尚未签订正式合同"),
    (SIGNED, step("completed", "2026-08-01"), "completed-before-started", "2026-08-01 竣工时尚未开工"),
    (STARTED, step("completed", "2026-03-31"), "completed-before-started", "2026-03-31 竣工时尚未开工"),
    (STARTED, step("commissioned", "2026-08-01"), "commissioned-before-completed", "2026-08-01 投产时尚未竣工"),
    (STARTED, step("at-capacity", "2026-08-01"), "capacity-before-commissioned", "2026-08-01 达产时尚未投产"),
    (
        [registered("500101"), *GATES, signed()],
        funds("2026-04-01", origin="440300"),
        "local-money-as-outside",
        "2026-04-01 到位资金按区外来源报送，但投资方注册地在本区",
    ),
    (PAUSED, step("started", "2026-05-02"), "while-suspended", "2026-05-02 报送的进展在项目暂停期间（2026-05-01 起）"),
    (ENDED, step("started", "2026-05-02"), "after-termination", "2026-05-02 报送的进展在项目终止（2026-05-01）之后"),
    (ENDED, funds("2026-05-02"), "after-termination", "2026-05-02 报送的进展在项目终止（2026-05-01）之后"),
    (
        SIGNED,
        ("issue-resolved", {"on": "2026-05-01", "issue": "land-1", "text": "已办"}),
        "resolved-not-raised",
        "2026-05-01 办结的问题 land-1 此前未提出",
    ),
    (
        SIGNED,
        ("pledge-kept", {"on": "2026-05-01", "pledge": "K-1"}),
        "kept-not-made",
        "2026-05-01 兑现的承诺 K-1 此前未作出",
    ),
]
# Of these no single event is to blame.
BROUGHT_BY_MANY = [
    (GATES[:2], signed(), "signed-before-gates", "2026-03-01 签约时三项审查尚未全部通过"),
    (
        [*GATES[:2], passed("legal", "2026-03-02")],
        signed(),
        "signed-before-gates",
        "2026-03-01 签约时三项审查尚未全部通过",
    ),
    (
        SIGNED,
        funds("2026-04-01", "600000000.01"),
        "funds-beyond-contract",
        "到位资金 600000000.01 元超过合同金额 600000000.00 元",
    ),
]
IN_RULE = [
    *(STARTED, PAUSED, ENDED),
    [*SIGNED, funds("2026-03-01", "600000000.00")],
    [*STARTED, *(step(name, "2026-08-01") for name in ("completed", "commissioned", "at-capacity"))],
    # On the day itself nobody can tell which came first.
    [*PAUSED, step("started", "2026-05-01"), step("started", "2026-06-01")],
    [*ENDED, step("planned", "2026-05-01")],
    # Nothing forbids money to come while the work rests.
    [*PAUSED, funds("2026-05-15")],
    # What counts toward no outside figure needs no second look.
    [registered("500101"), *GATES, signed(), funds("2026-04-01", origin="500101")],
    [registered("440300"), *GATES, signed(), funds("2026-04-01", origin="500101")],
]


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test", size=1) as pool:
        yield pool


async def record(pool: Pool, said: list[Said], **more: str) -> None:
    """Record what was said of P-1 with ids 1, 2, …, one a second; `more` belongs to the last."""
    messages = []
    for number, (name, data) in enumerate(said, 1):
        event = cloudevent("investment", "P-1", str(number), name, data, **(more if number == len(said) else {}))
        at = RECORDED + timedelta(seconds=number)
        messages.append(Stored(f"events.500101.investment.P-1.{name}", json.dumps(event).encode(), number, at))
    assert await ledger_rows.recorder(pool, ledger_rows.Published()).record(messages) == []


async def anomalies(pool: Pool, second: int) -> list[dict[str, Any]]:
    """What was out of rule as known after so many events."""
    found: list[dict[str, Any]] = []
    if message := await Archive(pool).project("500101", "P-1", RECORDED + timedelta(seconds=second)):
        found = json.loads(message)["anomalies"]
    return found


@pytest.mark.parametrize(("before", "now", "code", "text"), BROUGHT_BY)
async def test_an_event_out_of_rule_is_named_as_long_as_it_counts(
    pool: Pool, before: list[Said], now: Said, code: str, text: str
) -> None:
    last = len(before) + 1
    void = ("voided", {"on": "2026-08-01", "event": str(last), "reason": "误报"})
    await record(pool, [*before, now, void])
    named = {"code": code, "source": "/500101/investment", "event": str(last), "text": text}
    assert named not in await anomalies(pool, last - 1)
    assert named in await anomalies(pool, last)
    assert code not in {one["code"] for one in await anomalies(pool, last + 1)}


@pytest.mark.parametrize(("before", "now", "code", "text"), BROUGHT_BY_MANY)
async def test_events_that_are_out_of_rule_together_are_named_without_one_of_them(
    pool: Pool, before: list[Said], now: Said, code: str, text: str
) -> None:
    last = len(before) + 1
    void = ("voided", {"on": "2026-08-01", "event": str(last), "reason": "误报"})
    await record(pool, [*before, now, void])
    named = {"code": code, "source": None, "event": None, "text": text}
    assert named not in await anomalies(pool, last - 1)
    assert named in await anomalies(pool, last)
    assert code not in {one["code"] for one in await anomalies(pool, last + 1)}


@pytest.mark.parametrize("said", IN_RULE)
async def test_what_goes_by_the_rules_is_not_named(pool: Pool, said: list[Said]) -> None:
    await record(pool, said)
    assert await anomalies(pool, len(said)) == []


async def test_a_correction_of_nothing_is_named_until_what_it_corrects_arrives(pool: Pool) -> None:
    correcting = cloudevent("investment", "P-1", "b", "planned", {"on": "2026-03-02"}, replaces="a")
    corrected = cloudevent("investment", "P-1", "a", "planned", {"on": "2026-03-01"})
    for second, event in enumerate((correcting, corrected), 1):
        message = Stored(
            "events.500101.investment.P-1.planned",
            json.dumps(event).encode(),
            second,
            RECORDED + timedelta(seconds=second),
        )
        await ledger_rows.recorder(pool, ledger_rows.Published()).record([message])
    assert await anomalies(pool, 1) == [
        {
            "code": "corrects-nothing",
            "source": "/500101/investment",
            "event": "b",
            "text": "本单位在本项目下没有报送过 a，此项更正或作废没有生效，请核对编号",
        }
    ]
    assert await anomalies(pool, 2) == []


async def test_a_gate_that_is_reviewed_again_after_the_signing_leaves_the_signing_in_rule(pool: Pool) -> None:
    again = ("reviewed", {"on": "2026-05-01", "gate": "legal", "outcome": "returned"})
    supplement = signed("2026-06-01", "1000000.00", "supplement")
    await record(pool, [*SIGNED, again, passed("legal", "2026-05-20"), supplement])
    assert await anomalies(pool, len(SIGNED) + 1) == []
    assert await anomalies(pool, len(SIGNED) + 3) == []


async def test_a_gate_that_was_returned_before_the_signing_had_not_passed_then(pool: Pool) -> None:
    returned = ("reviewed", {"on": "2026-02-15", "gate": "legal", "outcome": "returned"})
    await record(pool, [*GATES, returned, signed(), passed("legal", "2026-03-02")])
    assert [one["code"] for one in await anomalies(pool, len(GATES) + 3)] == ["signed-before-gates"]


async def test_a_correction_of_nothing_is_named_until_it_is_corrected_or_withdrawn_itself(pool: Pool) -> None:
    void = ("voided", {"on": "2026-03-02", "event": "none-such", "reason": "误报"})
    withdrawn = ("voided", {"on": "2026-03-03", "event": str(len(SIGNED) + 1), "reason": "误报"})
    await record(pool, [*SIGNED, void, withdrawn, step("planned", "2026-03-05")], replaces="none-such")
    counted = [[one["code"] for one in await anomalies(pool, len(SIGNED) + number)] for number in (1, 2, 3)]
    assert counted == [["corrects-nothing"], [], ["corrects-nothing"]]


def funds_event(event_id: str, amount: str, **more: Any) -> dict[str, Any]:
    return cloudevent("investment", "P-1", event_id, *funds("2026-04-01", amount), **more)


async def test_the_second_correction_of_an_event_is_named_while_both_count(pool: Pool) -> None:
    events = [
        funds_event("a", "1.00"),
        funds_event("b", "2.00", replaces="a"),
        funds_event("c", "3.00", replaces="a"),
        # Who corrects the first correction does not mend the second.
        funds_event("d", "4.00", replaces="b"),
        cloudevent("investment", "P-1", "e", "voided", {"on": "2026-04-02", "event": "c", "reason": "重复更正"}),
    ]
    await ledger_rows.recorder(pool, ledger_rows.Published()).record(ledger_upkeep.stored(events))

    async def named(second: int) -> list[dict[str, Any]]:
        return [one for one in await anomalies(pool, second) if one["code"] == "corrected-twice"]

    twice = {
        "code": "corrected-twice",
        "source": "/500101/investment",
        "event": "c",
        "text": "报送 a 此前已由 b 更正或作废，本次再次更正或作废，请核对是否重复计入",
    }
    assert [await named(second) for second in (2, 3, 4, 5)] == [[], [twice], [twice], []]


async def test_what_was_withdrawn_may_be_corrected_once_more_when_its_first_correction_was_withdrawn(
    pool: Pool,
) -> None:
    events = [
        funds_event("a", "1.00"),
        funds_event("b", "2.00", replaces="a"),
        cloudevent("investment", "P-1", "c", "voided", {"on": "2026-04-02", "event": "b", "reason": "更正有误"}),
        funds_event("d", "3.00", replaces="a"),
    ]
    await ledger_rows.recorder(pool, ledger_rows.Published()).record(ledger_upkeep.stored(events))
    assert [one["code"] for one in await anomalies(pool, 4)] == ["funds-before-signing"]


async def test_an_order_of_arrival_is_no_breach(pool: Pool) -> None:
    await record(pool, [funds("2026-04-01"), step("started", "2026-04-01"), signed(), *GATES])
    assert [one["code"] for one in await anomalies(pool, 2)] == ["started-before-signed", "funds-before-signing"]
    assert [one["code"] for one in await anomalies(pool, 3)] == ["signed-before-gates"]
    assert await anomalies(pool, 6) == []


async def test_a_step_during_a_suspension_that_was_corrected_to_later_days_is_in_rule(pool: Pool) -> None:
    later = ("suspended", {"on": "2026-07-01", "reason": "缺地"})
    await record(
        pool,
        [*SIGNED, ("suspended", {"on": "2026-05-01", "reason": "缺地"}), step("started", "2026-06-01"), later],
        replaces=str(len(SIGNED) + 1),
    )
    assert [one["code"] for one in await anomalies(pool, len(SIGNED) + 2)] == ["while-suspended"]
    assert await anomalies(pool, len(SIGNED) + 3) == []
