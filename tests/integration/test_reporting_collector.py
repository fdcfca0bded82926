"""Taking the ledger's records into the tables, in every order and however often, and what figures come of them."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.reporting import board, figures
from services.reporting.app import HOME
from services.reporting.collector import Collector
from services.reporting.domain.indicators import Indicator, read_definitions
from services.reporting.domain.progress import Progress, Tally
from services.reporting.domain.question import Question
from services.reporting.figures import Figures
from services.reporting.records import Delivery
from services.reporting.rollups import Rollups
from shared import clock
from shared.database import Pool, make_pool
from tests.reporting_records import (
    DISTRICT,
    at,
    delivered,
    fact,
    funds,
    project,
    quarantine,
    signed,
    subject,
    superseded,
    target,
)

DEFINITIONS = read_definitions((HOME / "indicators.toml").read_text(encoding="utf-8"), "indicators.toml")
AUGUST = Question(2026, date(2026, 8, 31), None)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with make_pool(database_url, "test") as opened:
        yield opened


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def taker(pool: Pool, registry: CollectorRegistry) -> Collector:
    return Collector(pool, clock.system, registry)


async def take(taker: Collector, *records: dict[str, Any], first: int = 1) -> None:
    await taker.take([delivered(record, number) for number, record in enumerate(records, first)])


async def figure(pool: Pool, code: str, asked: Question = AUGUST, district: str = DISTRICT) -> Progress:
    return next(one for one in await Figures(pool, DEFINITIONS).progress(district, asked) if one.code == code)


async def test_funds_from_inside_the_district_do_not_count(pool: Pool, taker: Collector) -> None:
    origins = ["500101", "500102", "110000", "HK", "810000"]
    await take(taker, project("P-1", [funds("2026-03-01", "1.01", f"f-{one}", one) for one in origins]))
    assert (await figure(pool, "funds-arrived")).amount == Decimal("4.04")
    assert (await figure(pool, "funds-outside-province")).amount == Decimal("1.01")


async def test_a_project_counts_once_and_by_its_first_contract(pool: Pool, taker: Collector) -> None:
    small_first = [signed("2026-02-01", "100.00", "s-1"), signed("2026-03-01", "900000000.00", "s-2")]
    framework_first = [
        signed("2026-02-01", "900000000.00", "s-1", kind="framework"),
        signed("2026-03-01", "500000000.00", "s-2", level="provincial"),
        signed("2026-04-01", "600000000.00", "s-3", level="provincial"),
    ]
    last_year = [signed("2025-12-31", "900000000.00", "s-1"), signed("2026-03-01", "900000000.00", "s-2")]
    three_fairs = [signed(f"2026-0{month}-01", "7.00", f"s-{month}", level="provincial") for month in (2, 3, 4)]
    await take(
        taker,
        *(project(f"P-{number}", facts) for number, facts in enumerate([small_first, framework_first, last_year])),
        project("P-9", three_fairs),
    )
    major, platform = await figure(pool, "signed-major"), await figure(pool, "platform-signings")
    assert (major.projects, major.amount) == (1, Decimal("500000000.00"))
    assert (platform.projects, platform.amount) == (2, Decimal("500000007.00"))


async def test_of_two_contracts_on_one_day_the_one_recorded_first_is_the_first(pool: Pool, taker: Collector) -> None:
    late = signed("2026-02-01", "900000000.00", "a", recorded=at(50))
    early = signed("2026-02-01", "100.00", "b", recorded=at(40))
    await take(taker, project("P-1", [early, late]))
    assert (await figure(pool, "signed-major")).projects == 0


async def test_of_a_joint_project_the_share_counts_and_the_whole_contract_is_held_to_the_threshold(
    pool: Pool, taker: Collector
) -> None:
    wrong = superseded(funds("2026-03-01", "100.01", "f-1", share="50", recorded=at(60)), at(90))
    facts = [
        signed("2026-02-01", "500000000.00", "s-1", level="provincial", share="33.33"),
        wrong,
        funds("2026-03-01", "100.01", "f-2", share="40", recorded=at(90)),
    ]
    await take(taker, project("P-1", facts), project("P-2", [funds("2026-03-02", "7.00", "f-1")]))
    major, platform = await figure(pool, "signed-major"), await figure(pool, "platform-signings")
    assert (major.projects, major.amount) == (1, Decimal("166650000.00"))
    assert (platform.projects, platform.amount) == (1, Decimal("166650000.00"))
    amounts = [
        (await figure(pool, "funds-arrived", Question(2026, AUGUST.through, known_by))).amount
        for known_by in (None, at(90), at(89))
    ]
    assert amounts == [Decimal("47.00"), Decimal("47.00"), Decimal("57.01")], "half a cent goes up"


async def test_what_was_known_on_a_day_stays_known_after_a_correction(pool: Pool, taker: Collector) -> None:
    wrong = superseded(funds("2026-08-30", "88400000.00", "f-1", recorded=at(243)), at(260))
    right = funds("2026-08-30", "84800000.00", "f-2", recorded=at(260))
    await take(taker, project("P-1", [wrong, right]))
    amounts = [
        (await figure(pool, "funds-arrived", Question(2026, AUGUST.through, known_by))).amount
        for known_by in (None, at(260), at(259, 23), at(242))
    ]
    assert amounts == [Decimal(84_800_000), Decimal(84_800_000), Decimal(88_400_000), Decimal(0)]


async def test_only_the_days_asked_for_count(pool: Pool, taker: Collector) -> None:
    days = ["2025-12-31", "2026-01-01", "2026-08-31", "2026-09-01", "2027-01-01"]
    await take(taker, project("P-1", [funds(day, "1.00", day) for day in days]))
    assert (await figure(pool, "funds-arrived")).amount == 2
    assert (await figure(pool, "funds-arrived", Question(2025, date(2025, 12, 31), None))).amount == 1


async def test_a_target_is_the_one_known_and_in_force_at_the_time(pool: Pool, taker: Collector) -> None:
    record = target("funds-arrived", ("2026-01-05", "100"), ("2026-07-01", "105.00"))
    await take(taker, record)
    assert str((await figure(pool, "funds-arrived")).target) == "105"
    assert str((await figure(pool, "funds-arrived", Question(2026, date(2026, 6, 30), None))).target) == "100"
    assert str((await figure(pool, "funds-arrived", Question(2026, AUGUST.through, at(100)))).target) == "100"
    assert (await figure(pool, "funds-arrived", Question(2026, AUGUST.through, at(1)))).target is None


async def test_an_older_record_that_comes_late_changes_nothing(pool: Pool, taker: Collector) -> None:
    facts = [funds("2026-03-01", "1.00", "f-1"), funds("2026-03-02", "2.00", "f-2")]
    await take(taker, project("P-1", facts), project("P-1", facts[:1]))
    assert (await figure(pool, "funds-arrived")).amount == 3


async def test_of_one_revision_the_later_message_holds_also_when_it_comes_first(pool: Pool, taker: Collector) -> None:
    before, after = (project("P-1", [funds("2026-03-01", amount, "f-1")]) for amount in ("1.00", "2.00"))
    await taker.take([delivered(after, 8)])
    await taker.take([delivered(before, 7)])
    assert (await figure(pool, "funds-arrived")).amount == 2


async def test_a_fact_that_the_record_no_longer_holds_goes(pool: Pool, taker: Collector) -> None:
    await take(taker, project("P-1", [funds("2026-03-01", "1.00", "f-1")]))
    await take(taker, project("P-1", [], revision=2), first=2)
    assert (await figure(pool, "funds-arrived")).amount == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record["facts"].append(record["facts"][0]),  # one fact twice
        lambda record: record.update(name="half\x00way"),  # a character that no text column takes
        lambda record: record["facts"][0]["data"].update(amount="1e3"),
    ],
)
async def test_a_record_that_cannot_be_taken_costs_itself_alone(
    pool: Pool, taker: Collector, registry: CollectorRegistry, spoil: Any
) -> None:
    records = [project(f"P-{number}", [funds("2026-03-01", "1.00", "f-1")]) for number in range(20)]
    spoil(records[7])
    await take(taker, *records)
    assert (await figure(pool, "funds-arrived")).projects == 19
    [kept] = await pool.fetch("select * from reporting.unread")
    assert kept["subject"] == subject(records[7])
    assert kept["raw"] == delivered(records[7], 1).payload
    assert kept["reason"]
    assert await taker.unread() == 1
    assert registry.get_sample_value("luodi_reporting_records_total", {"outcome": "unread"}) == 1
    assert registry.get_sample_value("luodi_reporting_records_total", {"outcome": "applied"}) == 19


async def test_a_readable_record_answers_the_unreadable_one_for_good(pool: Pool, taker: Collector) -> None:
    unreadable = Delivery(subject(project("P-1", [])), b"{", at(0), 1)
    await taker.take([unreadable])
    await take(taker, project("P-1", [funds("2026-03-01", "1.00", "f-1")]), first=2)
    await taker.take([unreadable])
    assert await pool.fetchval("select count(*) from reporting.unread") == 0


async def test_what_the_database_cannot_do_now_is_raised_and_nothing_of_it_is_taken(
    pool: Pool, taker: Collector
) -> None:
    await pool.execute("alter table reporting.fact rename to mislaid")
    with pytest.raises(Exception, match="fact"):
        await take(taker, project("P-1", [funds("2026-03-01", "1.00", "f-1")]))
    assert await pool.fetchval("select count(*) from reporting.record") == 0
    assert await pool.fetchval("select count(*) from reporting.unread") == 0


async def test_the_number_of_parked_messages_is_the_latest(pool: Pool, taker: Collector) -> None:
    await take(taker, quarantine(2, revision=5), quarantine(9, revision=4))
    assert await pool.fetchval("select parked from reporting.quarantine") == 2


async def test_the_latest_progress_is_what_happened_last_whenever_it_became_known(pool: Pool, taker: Collector) -> None:
    days = {"f-1": ("2026-08-26", at(300)), "f-2": ("2026-08-31", at(301)), "f-3": ("2026-08-24", at(302))}
    facts = [funds(day, "1.00", code, recorded=when) for code, (day, when) in days.items()]
    await take(taker, project("P-1", [*facts, funds("2026-09-01", "1.00", "f-4")]))
    shown = await board.board(pool, DISTRICT, AUGUST, AUGUST.through)
    assert [row["happened_on"].day for row in shown.recent] == [31, 26, 24]


async def test_late_is_what_was_due_and_is_not_done(pool: Pool, taker: Collector) -> None:
    def owing(code: str, due: str, on: str | None = None, stage: str = "signed") -> dict[str, Any]:
        return project(code, [], stage=stage, milestones={"started": {"due": due, "on": on}})

    await take(
        taker,
        owing("P-late", "2026-05-01"),
        owing("P-later-done", "2026-07-01", "2026-09-02"),
        owing("P-done", "2026-05-01", "2026-06-01"),
        owing("P-due-today", "2026-08-31"),
        owing("P-paused", "2026-05-01", stage="suspended"),
    )
    shown = await board.board(pool, DISTRICT, AUGUST, AUGUST.through)
    assert [row["project"] for row in shown.late] == ["P-late", "P-later-done"]
    assert shown.late_total == 2
    assert shown.stages == {"signed": Tally(Decimal(0), 4), "suspended": Tally(Decimal(0), 1)}


# ── Order, repetition and batching ────────────────────────────────────────────────────────────────────────────────

_DISTRICTS = (f"{number:06}" for number in itertools.count(500_200))
_DAYS = ["2025-12-30", "2026-01-01", "2026-04-15", "2026-08-31", "2026-09-01"]
_AMOUNTS = ["0.00", "499999999.99", "500000000.00", "700000000.01"]
_SHARES: list[dict[str, Any]] = [{}, {}, {"share": "100"}, {"share": "33.33"}, {"share": "50"}]

_STEPS = ("intent-signed", "site-fixed", "started", "commissioned", "suspended", "resumed", "terminated")

MACHINES: dict[str, Any] = {"cluster": "智能装备", "industry": "C3911", "channel": "agent"}
FOOD: dict[str, Any] = {"cluster": "食品加工", "industry": "C1411", "channel": "own"}


def _working(paid: dict[str, Any]) -> dict[str, Any]:
    return paid | {"data": paid["data"] | {"nature": "working-capital"}}


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The successive records of a few projects and targets: each has the facts so far, corrections included."""
    versions: list[dict[str, Any]] = []
    for code in ("P-1", "P-2", "P-3"):
        facts: list[dict[str, Any]] = []
        for number in range(draw(st.integers(0, 5))):
            day, amount, instant = draw(st.sampled_from(_DAYS)), draw(st.sampled_from(_AMOUNTS)), at(250 + number)
            joint = draw(st.sampled_from(_SHARES))
            corrects = draw(st.booleans())
            if facts and corrects:
                place = draw(st.integers(0, len(facts) - 1))
                if facts[place]["superseded_at"] is None:
                    facts[place] = superseded(facts[place], instant)
            facts.append(
                draw(
                    st.sampled_from(
                        [
                            funds(day, amount, f"e-{number}", recorded=instant, **joint),
                            funds(day, amount, f"e-{number}", origin="500101", recorded=instant),
                            funds(day, amount, f"e-{number}", origin="500102", recorded=instant),
                            signed(day, amount, f"e-{number}", level="provincial", recorded=instant, **joint),
                            signed(day, amount, f"e-{number}", level="municipal", recorded=instant),
                            signed(day, amount, f"e-{number}", kind="framework", recorded=instant),
                            *(fact(event, day, f"e-{number}", recorded=instant) for event in _STEPS),
                            fact("registered", day, f"e-{number}", recorded=instant, **MACHINES),
                            fact("registered", day, f"e-{number}", recorded=instant, **FOOD),
                            _working(funds(day, amount, f"e-{number}", recorded=instant, **joint)),
                        ]
                    )
                )
            )
            versions.append(project(code, list(facts)))
    values = draw(st.lists(st.tuples(st.sampled_from(_DAYS), st.sampled_from(["100", "105.5"])), max_size=3))
    versions += [target("funds-arrived", *values[: number + 1]) for number in range(len(values))]
    return versions


def folded(versions: Sequence[dict[str, Any]], indicator: Indicator, asked: Question) -> Tally:
    """The same figure in plain words of Python: the definition's rules, one after the other."""
    newest = {subject(record): record for record in versions if "project" in record}
    of_projects = [_counted(record["facts"], indicator, asked) for record in newest.values()]
    counted = [one for facts in of_projects for one in facts]
    amount = sum((_weighed(one["data"], indicator) for one in counted), Decimal(0))
    return Tally(amount, sum(1 for facts in of_projects if facts), len(counted))


def _weighed(data: Mapping[str, Any], indicator: Indicator) -> Decimal:
    amount = Decimal(data.get("amount", 0))
    if indicator.joint == "share" and "share" in data:
        amount = (amount * Decimal(data["share"]) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return amount * (indicator.weights or {}).get(data.get("nature", "other"), Decimal(1))


def _counted(facts: Sequence[dict[str, Any]], indicator: Indicator, asked: Question) -> list[dict[str, Any]]:
    rule, fits = indicator.fact, indicator.filter
    every = [one for one in facts if _known(one, asked.known_by)]
    known = [one for one in every if one["event"] == rule.event]
    known = [one for one in known if rule.kinds is None or one["data"]["kind"] in rule.kinds]
    known.sort(key=lambda one: (one["on"], one["recorded_at"], one["source"], one["id"]))
    chosen = known[:1] if rule.first_of_project else known
    first, last = asked.period(indicator.year_begins)
    chosen = [one for one in chosen if first.isoformat() <= one["on"] <= last.isoformat()]
    if fits.tiers is not None:
        tiers = {"440300": "outside-province", "500102": "outside-city"}
        chosen = [one for one in chosen if tiers.get(one["data"]["origin"], "local") in fits.tiers]
    if fits.platform_levels is not None:
        chosen = [one for one in chosen if one["data"].get("platform", {}).get("level") in fits.platform_levels]
    registered = [one for one in every if one["event"] == "registered"]
    registered.sort(key=lambda one: (one["on"], one["recorded_at"], one["source"], one["id"]))
    described = registered[-1]["data"] if registered else {}
    if (fits.clusters and described.get("cluster") not in fits.clusters) or (
        fits.channels and described.get("channel") not in fits.channels
    ):
        return []
    if fits.industries and not described.get("industry", "").startswith(fits.industries):
        return []
    contracts = [one["on"] for one in every if one["event"] == "signed" and one["data"]["kind"] == "contract"]
    if fits.projects:
        over = bool(contracts) and min(contracts) < first.isoformat()
        chosen = chosen if over == (fits.projects == "carried-over") else []
    chosen = [one for one in chosen if fits.natures is None or one["data"]["nature"] in fits.natures]
    chosen = [one for one in chosen if fits.below is None or Decimal(one["data"]["amount"]) < fits.below]
    return [one for one in chosen if fits.minimum is None or Decimal(one["data"]["amount"]) >= fits.minimum]


def _known(one: Mapping[str, Any], known_by: datetime | None) -> bool:
    if known_by is None:
        return one["superseded_at"] is None
    ended = one["superseded_at"]
    return datetime.fromisoformat(one["recorded_at"]) <= known_by and (
        ended is None or datetime.fromisoformat(ended) > known_by
    )


# Every kind of rule beside those of the packaged file: filters over projects, part counts, another year, facts counted,
# joint projects whole.
_MORE = """
definitions = "more"
[[indicator]]
code = "in-part"
title = "流动资金按三成计"
fact = { event = "funds-arrived" }
filter = { natures = ["fixed-assets", "working-capital"], below = "700000000.00", clusters = ["智能装备"] }
weights = { working-capital = 0.3 }
measure = "sum"
unit = "万元"
rounding = { mode = "half-up", decimals = 2 }
light = { by = "percent-of-line", green = { from = 100 }, yellow = { from = 50, below = 100 }, red = { below = 50 } }
year_begins = "12-01"
[[indicator]]
code = "times-paid"
title = "到账笔数"
fact = { event = "funds-arrived" }
filter = { industries = ["C39"], channels = ["agent"] }
measure = "facts"
unit = "笔"
rounding = { mode = "half-up", decimals = 0 }
light = { by = "lead-points", green = { from = "0" }, yellow = { from = "-10", below = "0" }, red = { below = "-10" } }
[[indicator]]
code = "carried-over"
title = "续建项目到位资金"
fact = { event = "funds-arrived" }
filter = { projects = "carried-over" }
measure = "sum"
unit = "亿元"
rounding = { mode = "half-up", decimals = 2 }
light = { by = "lead-points", green = { from = "0" }, yellow = { from = "-10", below = "0" }, red = { below = "-10" } }
[[indicator]]
code = "new"
title = "新签项目到位资金"
fact = { event = "funds-arrived" }
filter = { projects = "new" }
measure = "sum"
joint = "whole"
unit = "亿元"
rounding = { mode = "half-up", decimals = 2 }
light = { by = "lead-points", green = { from = "0" }, yellow = { from = "-10", below = "0" }, red = { below = "-10" } }
[[indicator]]
code = "begun"
title = "新开工项目"
fact = { event = "started", first_of_project = true }
measure = "projects"
unit = "个"
rounding = { mode = "half-up", decimals = 0 }
light = { by = "lead-points", green = { from = "0" }, yellow = { from = "-10", below = "0" }, red = { below = "-10" } }
[[ratio]]
code = "funds-rate"
title = "资金到位率"
cohort = { event = "signed", joined = "ever" }
done = { events = ["funds-arrived"] }
measure = "amount"
joint = "whole"
terminated = "leaves"
rounding = { mode = "half-up", decimals = 1 }
[[ratio]]
code = "intent-to-production"
title = "意向投产率"
cohort = { event = "intent-signed", joined = "in-the-year" }
filter = { clusters = ["智能装备"] }
done = { events = ["commissioned"] }
measure = "projects"
terminated = "leaves"
rounding = { mode = "half-up", decimals = 1 }
year_begins = "12-01"
"""
MORE = read_definitions(_MORE, "more.toml")
_EVERY = (*DEFINITIONS.indicator, *MORE.indicator)


@given(histories(), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_order_repetition_and_batching_of_records_do_not_matter(
    pool: Pool, taker: Collector, versions: list[dict[str, Any]], data: st.DataObject
) -> None:
    await Rollups(pool, [DEFINITIONS, MORE]).build()
    district = next(_DISTRICTS)
    # The history is of the district 500101; each run has one of its own, and so needs no clean table.
    moved = orjson.dumps(versions).replace(DISTRICT.encode(), district.encode())
    versions = orjson.loads(moved)
    sent = [delivered(record, number) for number, record in enumerate(versions, 1)]
    sent = data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=4)) if sent else sent))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(sent)), max_size=4)))
    for start, end in itertools.pairwise([0, *cuts, len(sent)]):
        await taker.take(sent[start:end])
    for known_by in (None, at(251), at(252) - timedelta(microseconds=1), at(254, 7), datetime(2027, 1, 1, tzinfo=UTC)):
        asked = Question(2026, AUGUST.through, known_by)
        async with pool.acquire() as connection:
            from_rollups = await figures.tallies(connection, district, asked, _EVERY)
            from_facts = await figures.tallies_of_facts(connection, district, asked, _EVERY)
        assert from_rollups == from_facts
        for indicator in _EVERY:
            assert from_rollups[indicator.code] == folded(versions, indicator, asked), indicator.code


async def test_rollups_built_afterwards_are_those_that_were_kept_current(pool: Pool, taker: Collector) -> None:
    await Rollups(pool, [DEFINITIONS]).build()
    wrong = superseded(funds("2026-08-30", "8.00", "f-1", recorded=at(243)), at(260))
    right = funds("2026-08-30", "7.00", "f-2", recorded=at(260))
    await take(taker, project("P-1", [wrong]), project("P-2", [signed("2026-02-01", "600000000.00", "s-1")]))
    await take(taker, project("P-1", [wrong, right]), first=3)
    cells = "select rule, district, known_on, happened_on, amount, facts, projects from reporting.rollup"
    kept = {tuple(row) for row in await pool.fetch(f"{cells} where amount <> 0 or facts <> 0 or projects <> 0")}
    await Rollups(pool, [MORE]).build()
    mine = {one.key() for one in DEFINITIONS.indicator}
    assert not mine & {row["rule"] for row in await pool.fetch(cells)}
    await Rollups(pool, [DEFINITIONS, MORE]).build()
    again = {tuple(row) for row in await pool.fetch(f"{cells} where amount <> 0 or facts <> 0 or projects <> 0")}
    assert kept
    assert {row for row in again if row[0] in mine} == kept


async def test_figures_by_definitions_without_rollups_come_from_the_facts(pool: Pool, taker: Collector) -> None:
    await Rollups(pool, [DEFINITIONS]).build()
    await take(taker, project("P-1", [fact("registered", "2026-02-01", "r-1", **MACHINES), *_paid_in_both_natures()]))
    [line, *_] = await Figures(pool, DEFINITIONS).progress(DISTRICT, AUGUST, MORE)
    assert (line.actual, line.amount) == (Decimal("0.01"), Decimal("130.00"))


def _paid_in_both_natures() -> list[dict[str, Any]]:
    return [funds("2026-03-01", "100.00", "f-1"), _working(funds("2026-03-02", "100.00", "f-2"))]
