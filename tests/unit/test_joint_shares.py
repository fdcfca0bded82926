"""What of a joint project's amounts counts for one district, and that the parts of all come to the whole."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.bulletin_proof import discrepancies
from services.reporting.domain.indicators import Definitions, DefinitionsError, read_definitions
from services.reporting.domain.question import Question
from services.reporting.domain.recount import Fact, counted, figures, rates, tally
from tests.bulletin_documents import DISTRICT, TEXT, sealed_bulletin, year

ASKED = Question(2026, date(2026, 8, 31), None)
FUNDS = 'code = "funds-arrived"\n'
RATE = 'code = "funds-rate"\n'
WHOLE = TEXT.replace(FUNDS, f'{FUNDS}joint = "whole"\n').replace(RATE, f'{RATE}joint = "whole"\n')
amounts = st.integers(0, 10**13).map(lambda cents: f"{cents // 100}.{cents % 100:02}")


def definitions(text: str = TEXT) -> Definitions:
    return read_definitions(text, "indicators.toml")


def arrived(amount: str, share: str | None, id: str = "f-1", **said: Any) -> Fact:  # noqa: A002 - the event's own word
    data = {
        "amount": amount,
        "origin": "440300",
        "nature": "fixed-assets",
        **({"share": share} if share else {}),
        **said,
    }
    return _fact("funds-arrived", "2026-03-01", id, data)


def contract(amount: str, share: str | None) -> Fact:
    return _fact(
        "signed", "2026-02-01", "s-1", {"kind": "contract", "amount": amount, **({"share": share} if share else {})}
    )


def _fact(event: str, on: str, id: str, data: dict[str, Any]) -> Fact:  # noqa: A002 - as above
    recorded = datetime(2026, 4, 1, tzinfo=UTC)
    return Fact("P-1", f"/{DISTRICT}/finance", id, event, date.fromisoformat(on), recorded, None, {"on": on} | data)


def adds(fact: Fact, text: str = TEXT) -> Decimal:
    return tally(counted(definitions(text).indicator[0], [fact], DISTRICT, ASKED)).amount


@pytest.mark.parametrize(
    ("amount", "share", "part"),
    [
        ("100.00", "33.33", "33.33"),
        ("0.01", "50", "0.01"),
        ("0.01", "49.99", "0.00"),
        ("1.50", "33.33", "0.50"),
        ("120000000.00", "0.01", "12000.00"),
        ("1000000000000000.00", "99.99", "999900000000000.00"),
    ],
)
def test_a_share_is_taken_to_the_cent_half_up(amount: str, share: str, part: str) -> None:
    assert adds(arrived(amount, share)) == Decimal(part)


@given(amounts)
def test_a_share_of_a_hundred_percent_changes_nothing(amount: str) -> None:
    def said(share: str | None) -> Any:
        facts = [contract(amount, share), arrived(amount, share)]
        return figures(definitions(), facts, [], DISTRICT, ASKED), rates(definitions(), facts, DISTRICT, ASKED)

    assert said("100") == said("100.00") == said(None)


@given(amounts, st.lists(st.integers(1, 10_000), min_size=2, max_size=9).filter(lambda parts: sum(parts) <= 10_000))
def test_the_parts_of_all_districts_come_to_the_whole_within_half_a_cent_each(amount: str, parts: list[int]) -> None:
    parts = [*parts, 10_000 - sum(parts)] if sum(parts) < 10_000 else parts
    shares = [format(Decimal(part).scaleb(-2), "f") for part in parts]
    together = sum((adds(arrived(amount, share)) for share in shares), Decimal(0))
    assert abs(together - Decimal(amount)) <= len(parts) * Decimal("0.005")


def test_a_definition_may_count_joint_projects_whole() -> None:
    assert adds(arrived("100.00", "40")) == 40
    assert adds(arrived("100.00", "40"), WHOLE) == 100


def test_weights_are_of_the_share() -> None:
    weighed = TEXT.replace(FUNDS, f"{FUNDS}weights = {{ working-capital = 0.3 }}\n")
    assert adds(arrived("100.01", "50", nature="working-capital"), weighed) == Decimal("15.003"), "0.3 of 50.01"


def test_a_joint_project_counts_as_one_and_the_whole_contract_is_held_to_the_threshold() -> None:
    [_, _, major, _] = figures(definitions(), [contract("500000000.00", "10")], [], DISTRICT, ASKED)
    assert (major.code, major.projects, major.amount) == ("signed-major", 1, Decimal("50000000.00"))
    [_, _, major, _] = figures(definitions(), [contract("499999999.99", "100")], [], DISTRICT, ASKED)
    assert major.projects == 0


def test_a_rate_of_amounts_takes_the_share_above_and_below_the_line() -> None:
    facts = [contract("1000.00", "50"), arrived("300.00", "50", "f-1"), arrived("100.00", "100", "f-2")]
    of = {
        text: next(one for one in rates(definitions(text), facts, DISTRICT, ASKED) if one.code == "funds-rate")
        for text in (TEXT, WHOLE)
    }
    amounts = {text: (rate.done_amount, rate.cohort_amount) for text, rate in of.items()}
    assert amounts == {TEXT: (Decimal(250), Decimal(500)), WHOLE: (Decimal(400), Decimal(1000))}
    assert (of[TEXT].pct, of[WHOLE].pct) == (Decimal("50.0"), Decimal("40.0"))


def test_a_bulletin_with_joint_projects_is_proven_from_its_facts() -> None:
    facts = [one | {"data": one["data"] | {"share": "33.33"}} if "amount" in one["data"] else one for one in year()]
    bulletin = sealed_bulletin(facts)
    assert discrepancies(bulletin) == []
    assert bulletin["indicators"][0]["amount"] == "2826384000.00"
    told = next(one for one in bulletin["facts"] if one["id"] == "f-1")
    assert told["counts"]["funds-arrived"] == "1846482000.00"
    told["data"]["share"] = "33.34"
    said = "f-1: counts 1846482000.00 toward funds-arrived, by the definitions 1847036000.00"
    assert any(said in one for one in discrepancies(bulletin))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (FUNDS, f'{FUNDS}joint = "half"\n', "'share' or 'whole'"),
        ('code = "start-rate"\n', 'code = "start-rate"\njoint = "whole"\n', "this rate counts projects"),
        (
            'fact = { event = "signed", kinds = ["contract"], first_of_project = true }\nfilter = { minimum',
            'joint = "share"\nfact = { event = "started" }\nfilter = { minimum',
            "event 'started' carries no amount, no joint",
        ),
    ],
)
def test_a_way_to_count_that_means_nothing_is_an_error(right: str, wrong: str, said: str) -> None:
    with pytest.raises(DefinitionsError, match=said):
        definitions(TEXT.replace(right, wrong, 1))
