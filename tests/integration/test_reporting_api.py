"""What programs ask of the figures: parts, months, rates, projects, in every form, and whether anything changed."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from openpyxl import load_workbook

import services.reporting
from services.reporting.app import build
from services.reporting.live import Live
from services.reporting.settings import ReportingSettings
from shared import streams
from tests.integration.reporting_service import AUGUST, PROGRESS, park, publish, served, settled, year
from tests.reporting_records import DISTRICT, at, fact, funds, project, quarantine, signed, superseded, target
from tests.waiting import until

TODAY = datetime(2026, 11, 24, 4, tzinfo=UTC)
HERE = f"/v1/districts/{DISTRICT}"
PACKAGED = Path(services.reporting.__file__).with_name("indicators.toml")


@pytest_asyncio.fixture
async def stream(nats_url: str) -> AsyncIterator[JetStreamContext]:
    await streams.provision(nats_url)
    connection = await nats.connect(nats_url)
    yield connection.jetstream()
    await connection.close()


@pytest.fixture
def settings(nats_url: str, database_url: str, tmp_path: Path) -> ReportingSettings:
    stricter = (
        PACKAGED.read_text(encoding="utf-8").replace('"2026.1"', '"2026.2"').replace("500000000.00", "20000000000")
    )
    (tmp_path / "stricter.toml").write_text(stricter, encoding="utf-8")
    return ReportingSettings(
        nats_url=nats_url, database_url=database_url, other_indicators=tmp_path, district_names={DISTRICT: "万州区"}
    )


@pytest_asyncio.fixture
async def client(settings: ReportingSettings, stream: JetStreamContext) -> AsyncIterator[httpx.AsyncClient]:
    async with served(build(settings, clock=lambda: TODAY)) as opened:
        yield opened


async def asked(client: httpx.AsyncClient, path: str, **more: str) -> Any:
    answer = await client.get(path, params=AUGUST | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_two_versions_of_the_definitions_answer_side_by_side(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    await settled(client)
    lines = [(await asked(client, PROGRESS, definitions=name))["indicators"][2] for name in ("2026.1", "2026.2")]
    assert [line["actual"] for line in lines] == ["1", "0"]
    versions = (await client.get("/v1/definitions")).json()
    assert [(one["definitions"], one["in_force"]) for one in versions] == [("2026.1", True), ("2026.2", False)]
    unknown = await client.get(PROGRESS, params=AUGUST | {"definitions": "1999"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:luodi:problem:unknown-definitions")


PARTS: dict[str, list[tuple[str | None, str]]] = {
    "month": [("2026-06", "1.2"), ("2026-08", "0.5")],
    "cluster": [("智能装备", "1.2"), (None, "0.5")],
    "industry": [("C39", "1.2"), (None, "0.5")],
    "lead_unit": [("区经济信息委", "1.2"), (None, "0.5")],
    "channel": [("agent", "1.2"), (None, "0.5")],
    "tier": [("outside-province", "1.2"), ("outside-district", "0.5")],
    "platform": [(None, "1.7")],
}


async def test_a_figure_is_the_sum_of_its_parts_by_any_dimension(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, park(), project("P-8", [funds("2026-08-01", "50000000.00", "f-9", origin="500103")]))
    await settled(client)
    for dimension, parts in PARTS.items():
        body = await asked(client, f"{HERE}/indicators/funds-arrived/by/{dimension}")
        assert [(part["value"], part["actual"]) for part in body["parts"]] == parts, dimension
        assert sum(Decimal(part["amount"]) for part in body["parts"]) == Decimal(body["indicator"]["amount"])


async def test_the_parts_are_those_of_what_was_known(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    was = superseded(fact("claimed", "2026-01-20", "c-1", lead_official="张", lead_unit="甲局"), at(60))
    now = fact("claimed", "2026-01-20", "c-2", recorded=at(60), lead_official="李", lead_unit="乙局")
    await publish(stream, project("P-1", [was, now, funds("2026-02-01", "100000000.00", "f-1")]))
    await settled(client)
    path = f"{HERE}/indicators/funds-arrived/by/lead_unit"
    assert (await asked(client, path))["parts"][0]["value"] == "乙局"
    assert (await asked(client, path, known_by="2026-02-20T00:00:00Z"))["parts"][0]["value"] == "甲局"


async def test_what_a_project_was_called_is_told_as_it_was_known(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    paid = funds("2026-02-01", "100000000.00", "f-1")
    was = fact("registered", "2026-01-10", "r-1", name="旧名产业园")
    facts, projects = f"{HERE}/indicators/funds-arrived/facts", f"{HERE}/projects"
    await publish(stream, project("P-1", [was, paid], name="旧名产业园"), project("P-2", [paid], name=None))
    await settled(client)
    then = {"known_by": "2026-02-20T00:00:00Z"}
    before = [(await client.get(path, params=AUGUST | then)).content for path in (facts, projects)]
    now = fact("registered", "2026-01-10", "r-2", recorded=at(60), name="新名产业园")
    late = fact("registered", "2026-01-12", "r-3", recorded=at(60), name="后报名称")
    await publish(stream, project("P-1", [superseded(was, at(60)), now, paid], name="新名产业园"))
    await publish(stream, project("P-2", [late, paid], name="后报名称"))
    await settled(client)
    assert [one["name"] for one in (await asked(client, facts))["facts"]] == ["新名产业园", "后报名称"]
    assert [(await client.get(path, params=AUGUST | then)).content for path in (facts, projects)] == before
    assert "旧名产业园" in before[0].decode()


async def test_the_months_of_a_year_lead_to_its_figure(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, *year())
    await settled(client)
    body = await asked(client, f"{HERE}/series")
    assert [month["indicators"][0]["actual"] for month in body["months"]] == ["0.0", "0.0", *["55.4"] * 5, "84.8"]
    assert body["months"][-1]["indicators"] == (await asked(client, PROGRESS))["indicators"]
    assert body["months"][1]["elapsed_pct"] == "16.67"


async def test_all_districts_stand_side_by_side(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    elsewhere = project(
        "P-1", [funds("2026-03-01", "100000000.00", "f-1", "440300", source="/500102/finance")], district="500102"
    )
    await publish(stream, *year(), elsewhere, quarantine(2, district="500102"))
    await settled(client)
    await settled(client, "events-parked", path="/v1/districts/500102/progress")
    body = await asked(client, "/v1/progress")
    assert [(one["district"], one["name"], one["complete"]) for one in body["districts"]] == [
        ("500101", "万州区", True),
        ("500102", "500102", False),
    ]
    assert body["districts"][0]["indicators"] == (await asked(client, PROGRESS))["indicators"]
    page = (await client.get("/", params=AUGUST)).text
    assert "万州区" in page
    assert "数据不齐" in page
    assert "超序时 14.1 个百分点" in page


async def test_projects_are_found_sorted_and_paged_through(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    amounts = {f"P-{number}": f"{number * 37 % 11}00000.00" for number in range(1, 11)}
    await publish(
        stream,
        park(),
        *(
            project(code, [signed("2026-02-01", amount, "s")], contract_amount=amount)
            for code, amount in amounts.items()
            if code != "P-7"
        ),
    )
    await settled(client)
    pages, cursor = [], None
    while True:
        more = {"sort": "contract_amount", "limit": "4"} | ({"cursor": cursor} if cursor else {})
        body = await asked(client, f"{HERE}/projects", **more)
        pages.append([(one["project"], Decimal(one["contract_amount"])) for one in body["projects"]])
        cursor = body["next"]
        if cursor is None:
            break
    found = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [4, 4, 2]
    assert found == sorted(found, key=lambda one: (-one[1], one[0]))
    assert {code for code, _ in found} == set(amounts)
    [only] = (await asked(client, f"{HERE}/projects", late="true"))["projects"]
    assert (only["project"], only["overdue"]) == ("P-7", {"milestone": "completed", "due": "2026-08-01"})
    for name, value in (
        ("cluster", "智能装备"),
        ("lead_unit", "区经济信息委"),
        ("search", "产业"),
        ("stage", "started"),
    ):
        assert [one["project"] for one in (await asked(client, f"{HERE}/projects", **{name: value}))["projects"]] == [
            "P-7"
        ]


async def test_projects_are_listed_as_they_stood(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, park())
    await settled(client)

    async def stood(**more: str) -> tuple[str, str | None, str]:
        [one] = (await asked(client, f"{HERE}/projects", **more))["projects"]
        return one["stage"], one["contract_amount"], one["funds_arrived"]

    assert await stood() == ("started", "900000000.00", "120000000.00")
    assert await stood(through="2026-05-05") == ("signed", "900000000.00", "0")
    assert await stood(known_by="2026-01-21T00:00:00Z") == ("negotiating", None, "0")
    assert (await asked(client, f"{HERE}/projects", known_by="2026-01-01T00:00:00Z"))["projects"] == []


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, park())
    await settled(client)
    for cursor in ("x", "W10", "WyJuYW1lIiwgIjAiLCAiIiwgIiJd", "%00"):
        answer = await client.get(f"{HERE}/projects?cursor={cursor}")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:luodi:problem:bad-question"), cursor


async def test_a_project_is_told_with_its_course(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, park())
    await settled(client)
    body = (await client.get(f"{HERE}/projects/P-7")).json()
    assert [(entry["on"], entry["what"]) for entry in body["timeline"]] == [
        ("2026-01-10", "registered"),
        ("2026-01-20", "claimed"),
        ("2026-01-30", "reviewed"),
        ("2026-02-01", "signed"),
        ("2026-05-06", "started"),
        ("2026-06-30", "funds-arrived"),
        ("2026-07-02", "progress-reported"),
        ("2026-08-09", "escalation-acknowledged"),
    ]
    assert body["record"]["stage"] == "started"
    assert body["timeline"][5]["evidence"] == {"kind": "equipment-invoice", "reference": "FP-2601"}
    page = (await client.get(f"/districts/{DISTRICT}/projects/P-7")).text
    for said in (
        *("产业园", "张明远", "区经济信息委", "代理招商", "9.00亿元", "已逾期 115 天", "2026-02-01 完成"),
        *(
            "主体结构已封顶",
            "依据：设备发票 FP-2601",
            "财政局 · f-1",
            "督办签收",
            "法制审查 · 通过",
            "签约时三项审查尚未全部通过",
        ),
    ):
        assert said in page, said
    unknown = await client.get(f"{HERE}/projects/P-99")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:luodi:problem:unknown-project")


async def test_the_page_of_late_projects_groups_them_by_official(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, park())
    await settled(client)
    page = (await client.get(f"/districts/{DISTRICT}/projects?late=1&through=2026-08-31")).text
    assert "<h2>张明远 <small>1 个</small></h2>" in page
    assert "2026-08-01 竣工" in page
    assert "30 天" in page


async def test_an_answer_that_did_not_change_is_not_sent_again(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    await settled(client)
    first = await client.get(PROGRESS, params=AUGUST)
    again = await client.get(PROGRESS, params=AUGUST, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    for form in ("", ".csv"):
        [got, head] = [await client.request(method, PROGRESS + form, params=AUGUST) for method in ("GET", "HEAD")]
        assert (head.status_code, head.content, head.headers) == (200, b"", got.headers)
    assert (await client.head(f"{HERE}/check")).status_code == 405
    await publish(stream, project("P-3", [funds("2026-05-01", "100000000.00", "f-9")]))
    await settled(client)
    changed = await client.get(PROGRESS, params=AUGUST, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["indicators"][0]["actual"]) == (200, "85.8")


async def test_whoever_wants_a_table_gets_one(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, *year())
    await settled(client)
    by_suffix = await client.get(f"{PROGRESS}.csv", params=AUGUST)
    by_accept = await client.get(PROGRESS, params=AUGUST, headers={"Accept": "text/csv"})
    assert by_suffix.content == by_accept.content
    assert by_suffix.headers["content-type"] == "text/csv; charset=utf-8"
    [first, *_] = list(csv.DictReader(io.StringIO(by_suffix.content.decode("utf-8-sig"))))
    assert (first["title"], first["actual"], first["completion_pct"]) == ("招商引资到位资金", "84.8", "80.8")
    assert (first["elapsed_pct"], first["lead_points"]) == ("66.67", "14.1")
    assert (first["year"], first["known_by"], first["definitions"], first["complete"]) == ("2026", "", "2026.1", "true")
    months = await client.get(f"{HERE}/series.csv", params=AUGUST)
    lines = list(csv.DictReader(io.StringIO(months.content.decode("utf-8-sig"))))
    assert [(one["through"], one["elapsed_pct"]) for one in lines[:5:4]] == [
        ("2026-01-31", "8.33"),
        ("2026-02-28", "16.67"),
    ]
    book = await client.get(f"{HERE}/indicators/funds-arrived/facts.xlsx", params=AUGUST)
    sheet = load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    [head, *rows] = sheet.iter_rows(values_only=True)
    assert dict(zip(head, rows[1], strict=True)) | {"amount": 5540000000, "evidence_reference": "2026-0183"} == dict(
        zip(head, rows[1], strict=True)
    )


async def test_the_share_of_a_joint_project_stands_beside_the_amount_in_every_form(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(
        stream, project("P-1", [funds("2026-05-01", "120000000.01", "f-9", share="33.3")], name="联合招商项目")
    )
    await settled(client)
    path = f"{HERE}/indicators/funds-arrived/facts"
    answer = (await client.get(path, params=AUGUST)).json()
    wanted = {"amount": "120000000.01", "share": "33.3", "counts": "39960000.00"}
    assert wanted.items() <= answer["facts"][0].items()
    assert answer["indicator"]["amount"] == "39960000.00"
    table = await client.get(f"{path}.csv", params=AUGUST)
    [row] = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert wanted.items() <= row.items()
    sheet = load_workbook(io.BytesIO((await client.get(f"{path}.xlsx", params=AUGUST)).content)).active
    assert sheet is not None
    [head, cells] = sheet.iter_rows(values_only=True)
    shown = dict(zip(head, cells, strict=True))
    assert (shown["amount"], shown["share"], shown["counts"]) == (120000000.01, 33.3, 39960000)
    page = await client.get(f"/districts/{DISTRICT}/indicators/funds-arrived", params=AUGUST)
    assert "本区占 33.3%，计入 3,996" in page.text
    story = await client.get(f"/districts/{DISTRICT}/projects/P-1")
    assert "本区占 33.3%" in story.text


async def test_a_fact_that_counts_in_part_shows_how_much(
    nats_url: str, database_url: str, stream: JetStreamContext, tmp_path: Path
) -> None:
    rule = 'code = "funds-arrived"\njoint = "whole"\nweights = { fixed-assets = 0.5 }'
    file = tmp_path / "weighed.toml"
    file.write_text(PACKAGED.read_text(encoding="utf-8").replace('code = "funds-arrived"', rule), encoding="utf-8")
    await publish(stream, project("P-1", [funds("2026-05-01", "120000000", "f-1", share="40")]))
    settings = ReportingSettings(nats_url=nats_url, database_url=database_url, indicators=file)
    async with served(build(settings, clock=lambda: TODAY)) as client:
        await settled(client)
        page = await client.get(f"/districts/{DISTRICT}/indicators/funds-arrived", params=AUGUST)
        assert "本区占 40%，计入 6,000" in page.text
        page = await client.get(f"/districts/{DISTRICT}/indicators/funds-outside-province", params=AUGUST)
        assert "本区占 40%，计入 4,800" in page.text


# A spreadsheet in Chinese takes the full-width sign for the other one.
@pytest.mark.parametrize("sign", ["=", "＝"])
async def test_a_name_that_was_typed_is_no_formula_in_a_table(
    client: httpx.AsyncClient, stream: JetStreamContext, sign: str
) -> None:
    name = f'{sign}HYPERLINK("http://x","看")'
    await publish(stream, project("P-1", [funds("2026-05-01", "1.00", "f-9")], name=name))
    await settled(client)
    table = await client.get(f"{HERE}/projects.csv", params=AUGUST)
    [row] = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert row["name"] == f"'{name}"
    book = await client.get(f"{HERE}/projects.xlsx", params=AUGUST)
    sheet = load_workbook(io.BytesIO(book.content)).active
    assert sheet is not None
    assert (sheet["B2"].data_type, sheet["B2"].value) == ("s", name)


async def test_rates_of_a_cohort_are_answered_with_their_parts(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    given_up = [signed("2026-03-01", "100.00", "s-2"), fact("terminated", "2026-04-01", "t-1", reason="x")]
    await publish(stream, park(), project("P-8", given_up, stage="terminated"))
    await settled(client)
    rates = {one["code"]: one for one in (await asked(client, f"{HERE}/ratios"))["ratios"]}
    assert (rates["start-rate"]["pct"], rates["start-rate"]["terminated"]) == ("50.0", 1)
    assert [(one["month"], one["cohort"], one["done"]) for one in rates["start-rate"]["by_month"]] == [
        ("2026-02-01", 1, 1),
        ("2026-03-01", 1, 0),
    ]
    assert rates["intent-to-contract"]["pct"] is None


async def last_published(stream: JetStreamContext, of_year: int = 2026) -> dict[str, Any] | None:
    try:
        message = await stream.get_last_msg("REPORTS", f"report.{DISTRICT}.progress.{of_year}")
    except nats.js.errors.NotFoundError:
        return None
    body: dict[str, Any] = orjson.loads(message.data or b"")
    return body


async def test_progress_is_published_when_it_changes_with_a_revision_that_grows(
    settings: ReportingSettings, stream: JetStreamContext
) -> None:
    async with served(build(settings, clock=lambda: TODAY)) as client:
        await publish(stream, *year())
        await settled(client)
        answer = (await client.get(PROGRESS, params={"year": "2026"})).json()

        async def told() -> bool:
            body = await last_published(stream)
            return body is not None and {key: body[key] for key in answer} == answer

        await until(told)
        first = await last_published(stream)
        await publish(stream, project("P-3", [funds("2026-05-01", "100000000.00", "f-9")]))

        async def restated() -> bool:
            body = await last_published(stream)
            return body is not None and body["complete"] and body["indicators"][0]["actual"] == "85.8"

        await until(restated)
        second = await last_published(stream)
    assert first is not None
    assert second is not None
    assert second["through"] == "2026-11-24"
    assert second["revision"] > first["revision"] >= 1
    await stream.purge_stream("REPORTS")
    async with served(build(settings, clock=lambda: TODAY)):

        async def filled_again() -> bool:
            return await last_published(stream) is not None

        await until(filled_again)


async def test_a_year_that_is_over_is_published_whole(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(
        stream,
        project("P-1", [funds("2025-05-01", "100000000.00", "f-9")]),
        target("funds-arrived", ("2027-01-01", "9"), year=2027),
    )

    async def told() -> bool:
        body = await last_published(stream, 2025)
        return body is not None and (body["through"], body["indicators"][0]["actual"]) == ("2025-12-31", "1.0")

    await until(told)
    assert await last_published(stream, 2027) is None


async def test_a_year_that_lost_its_last_figure_is_published_without_it(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    def told(actual: str) -> Callable[[], Awaitable[bool]]:
        async def condition() -> bool:
            body = await last_published(stream, 2025)
            return body is not None and body["indicators"][0]["actual"] == actual

        return condition

    wrong = funds("2025-05-01", "100000000.00", "f-9")
    await publish(stream, project("P-1", [wrong]))
    await until(told("1.0"))
    right = funds("2026-05-01", "100000000.00", "f-10", replaces="f-9")
    await publish(stream, project("P-1", [superseded(wrong, at(150)), right]))
    await until(told("0.0"))


async def test_years_from_december_on_are_published_asked_and_shown_by_their_own_names(
    settings: ReportingSettings, stream: JetStreamContext, tmp_path: Path
) -> None:
    of_december = tmp_path / "december"
    of_december.mkdir()
    rules = PACKAGED.read_text(encoding="utf-8").replace("\nfact = {", '\nyear_begins = "12-01"\nfact = {')
    (of_december / "indicators.toml").write_text(rules, encoding="utf-8")
    settings = settings.model_copy(update={"indicators": of_december / "indicators.toml", "other_indicators": None})
    days = ("2025-12-01", "2026-12-01", "2026-12-02")
    records = [project(f"P-{day}", [funds(day, "100000000.00", f"f-{day}")]) for day in days]
    async with served(build(settings, clock=lambda: datetime(2026, 12, 5, 4, tzinfo=UTC))) as client:
        await publish(stream, *records)

        async def told() -> bool:
            both = [await last_published(stream, of_year) for of_year in (2026, 2027)]
            return [body and body["indicators"][0]["actual"] for body in both] == ["1.0", "2.0"]

        await until(told)
        assert await last_published(stream, 2025) is None
        answer = (await client.get(PROGRESS)).json()
        assert (answer["year"], answer["through"], answer["indicators"][0]["actual"]) == (2027, "2026-12-05", "2.0")
        wall = (await client.get(f"/districts/{DISTRICT}")).text
        assert "2026年12月1日—12月5日" in wall
        assert wall.index("?year=2027&amp;through=2026-12-31") < wall.index("<span>1月</span>")
        before = (await client.get("/", params={"through": "2026-08-31"}, follow_redirects=True)).text
        assert "2025年12月1日—2026年8月31日" in before
        assert "序时进度 75.00%" in before


async def test_an_open_page_hears_of_a_change(
    client: httpx.AsyncClient, stream: JetStreamContext, settings: ReportingSettings
) -> None:
    await publish(stream, *year())
    await settled(client)
    app = client._transport.app  # type: ignore[attr-defined]
    live: Live = app.state.live
    events = live.listen(DISTRICT)
    assert "event: here" in await anext(events)
    await publish(stream, project("P-3", [funds("2026-05-01", "100000000.00", "f-9")]))
    assert "event: changed" in await anext(events)
    await events.aclose()  # type: ignore[attr-defined]  # an async generator, told as an iterator
