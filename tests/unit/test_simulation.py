"""The simulated year: its totals are exact for every seed, and all its traps are in it."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from typer.testing import CliRunner

from deploy.demo.amounts import apportion, split
from deploy.demo.cli import simulate
from deploy.demo.credit_code import credit_code
from deploy.demo.dispatch import Dispatch
from deploy.demo.plan import YearPlan
from deploy.demo.year import Publication, dispatches, district_year
from shared.envelope import Refusal, judge
from shared.events import EVENTS

DISTRICT = "500101"
SEED = 2026
FIGURES = (Decimal("8480000000.00"), Decimal("5540000000.00"), 10, 18, Decimal("15280000000.00"))
SEEDS = st.integers(min_value=0, max_value=10**9)
DISTRICTS = st.sampled_from(["500101", "510703", "440305", "110108", "330102"])

Event = dict[str, Any]
Figures = tuple[Decimal, Decimal, int, int, Decimal]


@cache
def demo_year() -> Sequence[Publication]:
    return district_year(DISTRICT, SEED)


@cache
def demo_dispatches() -> Sequence[Dispatch]:
    return dispatches(DISTRICT, SEED)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - what is invented is no secret


# A second, plain reading of the contract: nothing of it is shared with what the services compute.


def read(publication: Publication) -> Event | None:
    """The event, or None for what the contract has refused."""
    try:
        event: Event = json.loads(publication.payload)
    except ValueError:
        return None
    _, district, unit, subject, name = publication.subject.split(".")
    as_addressed = event["source"] == f"/{district}/{unit}" and event["subject"] == subject
    known = event["type"] == f"luodi.{name}.v1" and name in EVENTS
    amount = re.fullmatch(r"\d+(\.\d{1,2})?", event["data"].get("amount", "0"))
    return event if as_addressed and known and amount and "area_sqm" not in event["data"] else None


def recorded(publications: Sequence[Publication]) -> list[Event]:
    """What is on the record, in order: the first message of each identity."""
    found: dict[tuple[str, str], Event] = {}
    for publication in publications:
        if event := read(publication):
            found.setdefault((event["source"], event["id"]), event)
    return list(found.values())


def standing(events: Sequence[Event]) -> list[Event]:
    """What still counts: neither replaced nor voided."""
    gone = {(event["source"], event["replaces"]) for event in events if "replaces" in event}
    gone |= {(event["source"], event["data"]["event"]) for event in events if name_of(event) == "voided"}
    return [event for event in events if (event["source"], event["id"]) not in gone]


def name_of(event: Event) -> str:
    name: str = event["type"].split(".")[1]
    return name


def named(events: Sequence[Event], name: str) -> list[Event]:
    return [event for event in events if name_of(event) == name]


def first_contracts(events: Sequence[Event]) -> dict[str, Event]:
    """Project → data of its first contract by date, then by order of recording."""
    found: dict[str, Event] = {}
    for event in named(events, "signed"):
        project, data = event["subject"], event["data"]
        if data["kind"] == "contract" and (project not in found or data["on"] < found[project]["on"]):
            found[project] = data
    return found


def money(data: Event) -> Decimal:
    return Decimal(data["amount"])


def is_provincial(data: Event) -> bool:
    return "platform" in data and data["platform"]["level"] == "provincial"


def figures(events: Sequence[Event], district: str = DISTRICT, year: int = 2026, through: str = "08-31") -> Figures:
    """The four figures of the year through a day."""
    first, last = f"{year}-01-01", f"{year}-{through}"
    funds = [event["data"] for event in named(events, "funds-arrived") if first <= event["data"]["on"] <= last]
    counted = [data for data in funds if data["origin"] != district]
    afar = [data for data in counted if data["origin"].isdigit() and data["origin"][:2] != district[:2]]
    contracts = [data for data in first_contracts(events).values() if first <= data["on"] <= last]
    on_platforms = [data for data in contracts if is_provincial(data)]
    return (
        sum(map(money, counted), Decimal()),
        sum(map(money, afar), Decimal()),
        sum(money(data) >= 500_000_000 for data in contracts),
        len(on_platforms),
        sum(map(money, on_platforms), Decimal()),
    )


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, district=DISTRICTS, year=st.integers(min_value=2024, max_value=2031))
def test_every_seed_gives_the_same_four_figures_through_august(seed: int, district: str, year: int) -> None:
    publications = district_year(district, seed, year)
    assert figures(standing(recorded(publications)), district, year) == FIGURES


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, district=DISTRICTS)
def test_the_figures_are_complete_on_the_last_day_of_august(seed: int, district: str) -> None:
    publications = district_year(district, seed, until=date(2026, 8, 31))
    assert figures(standing(recorded(publications)), district) == FIGURES


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_the_year_goes_on_after_august(seed: int) -> None:
    events = standing(recorded(district_year(DISTRICT, seed)))
    august, october, december = (figures(events, through=day) for day in ("08-31", "10-31", "12-31"))
    assert all(october[i] > august[i] for i in range(5))
    assert october[0] < december[0] < august[0] * Decimal("1.5")


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_a_year_until_a_day_is_the_beginning_of_the_whole_year(seed: int) -> None:
    whole = district_year(DISTRICT, seed)
    for until in (date(2025, 6, 30), date(2026, 1, 15), date(2026, 5, 2), date(2026, 8, 31), date(2026, 11, 23)):
        part = district_year(DISTRICT, seed, until=until)
        assert list(part) == list(whole[: len(part)])


def test_a_seed_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib\nfrom deploy.demo.year import district_year\n"
        f"whole = b''.join(s.encode() + p for s, p in district_year('{DISTRICT}', {SEED}))\n"
        "print(hashlib.sha256(whole).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        text=True,
    )
    here = b"".join(subject.encode() + payload for subject, payload in demo_year())
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_another_seed_gives_another_year() -> None:
    other = district_year(DISTRICT, SEED + 1)
    names = [{event["data"]["name"] for event in named(recorded(year), "registered")} for year in (demo_year(), other)]
    assert len(names[0] & names[1]) < 5


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, district=DISTRICTS)
def test_the_envelope_accepts_all_but_the_messages_that_were_spoiled(seed: int, district: str) -> None:
    for each in dispatches(district, seed):
        verdict = judge(each.publication.subject, each.publication.payload)
        refused = verdict.code if isinstance(verdict, Refusal) else None
        assert refused == (None if each.refused == "id-reused" else each.refused), verdict


def test_each_way_to_spoil_a_message_is_in_the_year() -> None:
    codes = Counter(each.refused for each in demo_dispatches() if each.refused)
    assert codes == {
        "not-json": 1,
        "invalid-data": 2,
        "not-yours": 1,
        "unknown-event": 1,
        "unknown-version": 1,
        "id-reused": 1,
    }


def test_what_was_spoiled_is_sent_again_as_it_should_have_been() -> None:
    """Without the spoiled messages the record is the same, event for event."""
    right = [each.publication for each in demo_dispatches() if not each.refused]
    assert recorded(demo_year()) == recorded(right)


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_every_kind_of_event_but_the_notifiers_occurs_by_the_end_of_august(seed: int) -> None:
    seen = {name_of(event) for event in recorded(district_year(DISTRICT, seed, until=date(2026, 8, 31)))}
    assert seen == {name for name in EVENTS if not name.startswith("escalation-")}


def test_all_gates_and_all_kinds_of_agreement_occur() -> None:
    events = recorded(demo_year())
    assert {event["data"]["gate"] for event in named(events, "reviewed")} == {"preliminary", "industry", "legal"}
    assert {event["data"]["kind"] for event in named(events, "signed")} == {"contract", "framework", "supplement"}
    levels = {event["data"]["platform"]["level"] for event in named(events, "signed") if "platform" in event["data"]}
    assert levels == {"national", "provincial", "municipal", "district"}


def test_the_size_of_the_year_is_that_of_a_district() -> None:
    events = recorded(demo_year())
    registered = named(events, "registered")
    assert 60 <= len(registered) <= 80
    assert len({event["data"]["cluster"] for event in registered}) == 7
    assert len({event["data"]["name"] for event in registered}) == len(registered)
    trips = named(events, "outreach-made")
    assert sum(event["data"]["on"] <= "2026-08-31" for event in trips) == 43
    assert {event["data"]["city"] for event in trips} == {"北京", "重庆", "深圳", "南昌", "昆明"}


def test_the_flagship_fair_has_its_eleven_projects() -> None:
    contracts = first_contracts(standing(recorded(demo_year()))).values()
    flagship = [data for data in contracts if data["on"] == "2026-04-16" and is_provincial(data)]
    assert len(flagship) == 11
    assert sum(map(money, flagship)) == Decimal("8730000000.00")


def test_a_careless_count_would_give_other_figures() -> None:
    """Each rule of counting has something in the year that it must keep out."""
    events = standing(recorded(demo_year()))
    year = [event["data"] for event in events if "2026-01-01" <= event["data"]["on"] <= "2026-08-31"]
    funds = [data for data in year if "nature" in data]
    assert sum(map(money, funds)) > FIGURES[0], "local money"
    assert any(data["origin"] == "HK" for data in funds), "money from abroad"
    assert any(data["on"] < "2026-01-01" for data in (event["data"] for event in named(events, "funds-arrived")))
    signed = [data for data in year if data.get("kind") in {"contract", "framework"}]
    assert any(data["kind"] == "framework" and is_provincial(data) for data in signed), "framework agreements"
    contracts = [data for data in signed if data["kind"] == "contract"]
    assert sum(money(data) >= 500_000_000 for data in contracts) > FIGURES[2], "extensions and second signatures"
    assert sum(map(is_provincial, contracts)) > FIGURES[3], "second signatures"
    assert sum(money(data) > 500_000_000 for data in first_contracts(events).values() if data in contracts) == 9
    assert figures(recorded(demo_year())) != FIGURES, "corrections"
    assert sum(figures(standing([event for event in map(read, demo_year()) if event]))[:2]) > sum(FIGURES[:2]), (
        "repetitions"
    )


def test_one_project_is_signed_at_three_fairs() -> None:
    fairs = Counter(
        event["subject"]
        for event in named(standing(recorded(demo_year())), "signed")
        if event["data"]["kind"] == "contract" and "platform" in event["data"]
    )
    assert max(fairs.values()) == 3


def test_corrections_come_later_and_from_the_same_source_and_project() -> None:
    events = recorded(demo_year())
    at = {(event["source"], event["id"]): event for event in events}
    corrections = [event for event in events if "replaces" in event]
    assert len(corrections) >= 5
    for event in corrections:
        wrong = at[event["source"], event["replaces"]]
        assert (wrong["subject"], name_of(wrong)) == (event["subject"], name_of(event))
        assert wrong["time"] < event["time"]
        assert wrong["data"] != event["data"]
    for event in named(events, "voided"):
        assert at[event["source"], event["data"]["event"]]["subject"] == event["subject"]


def test_a_digit_swap_is_among_the_corrections() -> None:
    events = recorded(demo_year())
    at = {(event["source"], event["id"]): event["data"] for event in events}
    pairs = [(at[e["source"], e["replaces"]], e["data"]) for e in named(events, "funds-arrived") if "replaces" in e]
    amounts = [(wrong["amount"], right["amount"]) for wrong, right in pairs if wrong["amount"] != right["amount"]]
    assert [sorted(wrong) for wrong, _ in amounts] == [sorted(right) for _, right in amounts] != []


def test_some_messages_are_sent_twice() -> None:
    assert sum(count == 2 for count in Counter(demo_year()).values()) >= 6


def test_nothing_is_sent_before_it_happened_and_all_is_in_order_of_sending() -> None:
    times = []
    for event in filter(None, map(read, demo_year())):
        sent = datetime.fromisoformat(event["time"])
        assert event["data"]["on"] <= sent.date().isoformat()
        times.append(sent)
    # What is sent again comes later than it says; the rest is in order.
    assert [each.sent for each in demo_dispatches()] == sorted(each.sent for each in demo_dispatches())
    assert sum(later < earlier for earlier, later in pairwise(times)) <= 20


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_projects_start_before_they_sign_and_pay_before_they_sign_and_sign_unreviewed(seed: int) -> None:
    events = standing(recorded(district_year(DISTRICT, seed)))
    contracts = {project: data["on"] for project, data in first_contracts(events).items()}

    def before_contract(name: str) -> list[str]:
        dates = [(event["subject"], event["data"]["on"]) for event in named(events, name)]
        return [project for project, on in dates if on < contracts.get(project, "")]

    assert len(before_contract("started")) == 1
    assert len(before_contract("funds-arrived")) >= 1
    legal = [event for event in named(events, "reviewed") if event["data"]["gate"] == "legal"]
    assert any(event["data"]["on"] > contracts.get(event["subject"], "9") for event in legal)


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
@pytest.mark.parametrize("today", ["2026-08-31", "2026-11-23", "2026-12-31"])
def test_some_milestones_are_overdue_today_but_most_were_reached(today: str, seed: int) -> None:
    events = recorded(district_year(DISTRICT, seed, until=date.fromisoformat(today)))
    due: dict[tuple[str, str], str] = {}
    for event in named(events, "timetable-set"):
        due |= {(event["subject"], name): day for name, day in event["data"]["milestones"].items()}
    reached = {(event["subject"], name_of(event)) for event in events}
    past = [key for key, day in due.items() if day < today]
    late = [key for key in past if key not in reached]
    assert 5 <= len(late) < len(past) * 0.25


def test_investors_have_valid_credit_codes_and_come_from_many_places() -> None:
    investors = [event["data"]["investor"] for event in named(recorded(demo_year()), "registered")]
    assert all(uscc.is_valid(investor["uscc"]) for investor in investors if "uscc" in investor)
    origins = {investor["origin"] for investor in investors}
    assert {"HK", DISTRICT} < origins
    assert len(origins) > 12


@given(seed=SEEDS, region=st.sampled_from(["440305", "110108", "330206"]))
def test_credit_codes_are_valid(seed: int, region: str) -> None:
    assert uscc.is_valid(credit_code(chance(seed), region))


def test_amounts_from_abroad_are_their_original_times_the_rate() -> None:
    events = standing(recorded(demo_year()))
    funds = [event["data"] for event in named(events, "funds-arrived") if "original" in event["data"]]
    assert len(funds) >= 2
    for data in funds:
        assert Decimal(data["original"]["amount"]) * Decimal(data["original"]["rate"]) == money(data)


@given(
    seed=SEEDS,
    total=st.integers(min_value=0, max_value=100_000),
    caps=st.lists(st.integers(min_value=0, max_value=20_000), min_size=1, max_size=20),
    grain=st.sampled_from([1, 10, 100]),
)
def test_parts_add_up_to_the_total_or_are_refused(seed: int, total: int, caps: list[int], grain: int) -> None:
    weights = [1.0 + number for number in range(len(caps))]
    if total > sum(caps):
        with pytest.raises(ValueError, match="do not fit"):
            apportion(chance(seed), total, weights, caps, grain)
        return
    parts = apportion(chance(seed), total, weights, caps, grain)
    assert sum(parts) == total
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


@given(seed=SEEDS, total=st.integers(min_value=50_000, max_value=90_000))
def test_a_split_keeps_to_its_bounds(seed: int, total: int) -> None:
    parts = split(chance(seed), total, 5, (8_000, 20_000), 1_000)
    assert sum(parts) == total
    assert all(8_000 <= part <= 20_000 for part in parts)


def test_another_plan_gives_its_own_totals() -> None:
    plan = YearPlan(
        funds_arrived=500_000,
        funds_outside_province=310_000,
        signed_major=6,
        platform_signings=9,
        platform_amount=700_000,
        flagship_signings=5,
        flagship_amount=400_000,
    )
    publications = district_year(DISTRICT, SEED, plan=plan)
    wanted = (Decimal(5_000_000_000), Decimal(3_100_000_000), 6, 9, Decimal(7_000_000_000))
    assert figures(standing(recorded(publications))) == wanted


def test_a_plan_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot exceed"):
        YearPlan(funds_arrived=100, funds_outside_province=200)


def test_a_district_that_is_no_code_is_refused() -> None:
    with pytest.raises(ValueError, match="GB/T 2260"):
        district_year("990101", SEED)


def command(*arguments: str, env: dict[str, str] | None = None) -> Any:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, arguments, env=env)


def test_the_command_writes_json_lines_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "year.jsonl"
    result = command("--until", "2026-08-31", "--out", str(file))
    assert result.exit_code == 0, result.output
    expected = [each.payload for each in district_year(DISTRICT, SEED, until=date(2026, 8, 31))]
    assert file.read_bytes().splitlines() == expected


def test_the_command_writes_to_standard_output_when_nothing_else_is_said() -> None:
    result = command("--until", "2026-01-31", "--seed", "3")
    assert result.stdout_bytes.splitlines() == [
        each.payload for each in district_year(DISTRICT, 3, until=date(2026, 1, 31))
    ]


@pytest.mark.parametrize("arguments", [("--publish", "--out", "x"), ("--district", "99"), ("--until", "yesterday")])
def test_the_command_refuses_options_that_make_no_sense(arguments: tuple[str, ...]) -> None:
    assert command(*arguments).exit_code == 2


def test_the_command_says_so_when_nats_cannot_be_reached() -> None:
    result = command("--publish", env={"LUODI_NATS_URL": "nats://127.0.0.1:1"})
    assert result.exit_code == 2
    assert "LUODI_NATS_URL" in result.output
