"""The whole reporting service, on a real bus and a real database: records in, figures and pages out."""

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import asyncpg
import httpx
import nats
import pytest
import pytest_asyncio
from nats.js import JetStreamContext

from deploy.local.nats import Nats
from services.reporting.app import build
from services.reporting.completeness import Completeness
from services.reporting.domain.indicators import DefinitionsError
from services.reporting.settings import ReportingSettings
from shared import bus, database, streams
from shared.subjects import progress_subject
from tests.integration.lingering_postgres import lingering
from tests.integration.reporting_service import AUGUST, PROGRESS, publish, served, settled, year
from tests.labels import strays
from tests.reporting_records import DISTRICT, at, fact, funds, project, quarantine, superseded, target
from tests.waiting import PATIENCE

TODAY = datetime(2026, 11, 24, 4, tzinfo=UTC)


@pytest_asyncio.fixture
async def stream(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """The bus as a department or the ledger sees it, with everything provisioned."""
    await streams.provision(nats_url)
    connection = await nats.connect(nats_url)
    yield connection.jetstream()
    await connection.close()


@pytest.fixture
def settings(nats_url: str, database_url: str) -> ReportingSettings:
    return ReportingSettings(
        nats_url=nats_url,
        database_url=database_url,
        district_names={DISTRICT: "万州区"},
        ledger_url="http://ledger:8081",
    )


@pytest_asyncio.fixture
async def client(settings: ReportingSettings, stream: JetStreamContext) -> AsyncIterator[httpx.AsyncClient]:
    async with served(build(settings, clock=lambda: TODAY)) as opened:
        yield opened


async def test_records_published_in_plain_nats_show_in_progress(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    assert await settled(client) == {
        "district": "500101",
        "year": 2026,
        "through": "2026-08-31",
        "known_by": None,
        "definitions": "2026.1",
        "elapsed_pct": "66.67",
        "complete": True,
        "incomplete": [],
        "indicators": [
            {
                "code": "funds-arrived",
                "title": "招商引资到位资金",
                "unit": "亿元",
                "actual": "84.8",
                "target": "105",
                "completion_pct": "80.8",
                "lead_points": "14.1",
                "light": "green",
                "projects": 2,
                "amount": "8480000000.00",
            },
            {
                "code": "funds-outside-province",
                "title": "引进省外到位资金",
                "unit": "亿元",
                "actual": "55.4",
                "target": None,
                "completion_pct": None,
                "lead_points": None,
                "light": None,
                "projects": 1,
                "amount": "5540000000.00",
            },
            {
                "code": "signed-major",
                "title": "新签约投资5亿元及以上项目",
                "unit": "个",
                "actual": "1",
                "target": None,
                "completion_pct": None,
                "lead_points": None,
                "light": None,
                "projects": 1,
                "amount": "15280000000.00",
            },
            {
                "code": "platform-signings",
                "title": "省级平台签约",
                "unit": "亿元",
                "actual": "152.8",
                "target": "130",
                "completion_pct": "117.5",
                "lead_points": "50.9",
                "light": "green",
                "projects": 1,
                "amount": "15280000000.00",
            },
        ],
    }


async def test_a_correction_restates_the_present_and_not_what_was_known_before(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    wrong = funds("2026-08-30", "8840000000.00", "f-1", recorded=at(243))
    await publish(stream, target("funds-arrived", ("2026-01-05", "105")), project("P-1", [wrong]))
    before = (await settled(client))["indicators"][0]
    right = funds("2026-08-30", "8480000000.00", "f-2", recorded=at(250))
    await publish(stream, project("P-1", [superseded(wrong, at(250)), right]))
    after = (await settled(client))["indicators"][0]
    asked = await client.get(PROGRESS, params={**AUGUST, "known_by": "2026-09-05T00:00:00+08:00"})
    then = asked.json()
    assert (before["completion_pct"], after["completion_pct"]) == ("84.2", "80.8")
    assert (then["known_by"], then["indicators"][0]) == ("2026-09-05T00:00:00+08:00", before)


async def test_while_messages_are_parked_the_figures_say_so(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year(), quarantine(3))
    body = await settled(client, "events-parked")
    assert body["complete"] is False
    assert body["incomplete"][0]["detail"].startswith("3 refused messages are parked")
    assert body["indicators"][0]["actual"] == "84.8"
    await publish(stream, quarantine(0, revision=2))
    assert (await settled(client))["complete"] is True


async def test_a_record_that_cannot_be_read_leaves_the_others_counted_and_the_figures_incomplete(
    client: httpx.AsyncClient, stream: JetStreamContext, settings: ReportingSettings
) -> None:
    await stream.publish("ledger.500101.project.P-0", b"{not json")
    await publish(stream, *year())
    body = await settled(client, "records-unread")
    assert body["indicators"][0]["actual"] == "84.8"
    metrics = (await client.get("/metrics")).text
    assert "luodi_reporting_unread 1.0" in metrics
    assert 'luodi_pending{stream="LEDGER"}' in metrics
    assert strays(metrics) == []
    assert "P-0" not in metrics
    async with served(build(settings)) as another:
        assert "luodi_reporting_unread 1.0" in (await another.get("/metrics")).text
    await publish(stream, project("P-0", []))
    await settled(client)


async def test_events_that_the_ledger_has_not_recorded_are_told(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    await stream.publish("events.500101.finance.P-1.funds-arrived", b"{}")
    body = await settled(client, "events-not-consumed")
    assert body["incomplete"][0]["detail"] == "The ledger has yet to record 1 published events."


async def test_where_there_are_no_events_as_at_the_city_the_ledgers_records_suffice(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await stream.delete_stream("EVENTS")
    await publish(stream, *year())
    assert (await settled(client))["complete"] is True


async def test_without_the_bus_figures_are_still_answered_and_called_incomplete(
    client: httpx.AsyncClient, stream: JetStreamContext, nats_server: Nats
) -> None:
    await publish(stream, *year())
    await settled(client)
    await nats_server.stop()
    body = await settled(client, "bus-unreachable")
    ready = await client.get("/readyz")
    await nats_server.start()
    assert body["indicators"][0]["actual"] == "84.8"
    assert ready.status_code == 503
    assert "NATS" in ready.json()["checks"]["nats"]
    assert ready.json()["checks"]["postgres"] == "ok"
    await settled(client)


async def test_the_year_is_published_on_after_postgres_has_ended_the_sessions_without_hanging_up(
    settings: ReportingSettings, stream: JetStreamContext, database_url: str
) -> None:
    async with (
        lingering(database_url) as way,
        served(build(settings.model_copy(update={"database_url": way.url}), clock=lambda: TODAY)) as client,
    ):
        reports = await stream.subscribe(progress_subject(DISTRICT, 2026), ordered_consumer=True)
        await publish(stream, *year())
        while "84.8" not in (await reports.next_msg(PATIENCE)).data.decode():
            pass
        beside = await asyncpg.connect(database_url)
        await beside.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await beside.close()
        await publish(stream, project("P-3", [funds("2026-05-01", "100000000.00", "f-9")]))
        while "85.8" not in (await reports.next_msg(PATIENCE)).data.decode():
            pass
        assert (await settled(client))["indicators"][0]["actual"] == "85.8"
        way.hang_up.set()


async def test_a_service_that_was_away_is_complete_after_reading_what_the_stream_kept(
    settings: ReportingSettings, stream: JetStreamContext
) -> None:
    await publish(stream, *year(), *year())
    async with served(build(settings)) as first:
        before = await settled(first)
    await publish(stream, project("P-3", [funds("2026-05-01", "100000000.00", "f-9")]))
    async with served(build(settings)) as second:
        after = await settled(second)
    assert [body["indicators"][0]["actual"] for body in (before, after)] == ["84.8", "85.8"]


async def test_each_fact_behind_a_figure_is_shown_with_its_evidence(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    path = f"/v1/districts/{DISTRICT}/indicators/funds-outside-province/facts"
    body = await settled(client, path=path)
    assert body["total"] == 1
    assert body["indicator"]["amount"] == "5540000000.00"
    assert body["facts"] == [
        {
            "project": "P-1",
            "name": "智能装备制造产业园",
            "on": "2026-03-01",
            "event": "funds-arrived",
            "amount": "5540000000.00",
            "share": None,
            "counts": "5540000000.00",
            "source": "/500101/finance",
            "id": "f-1",
            "recorded_at": "2026-03-01T16:00:00Z",
            "origin": "440300",
            "tier": "outside-province",
            "kind": None,
            "nature": "fixed-assets",
            "platform": None,
            "evidence": {"kind": "bank-slip", "reference": "2026-0183"},
        }
    ]
    limited = await client.get(
        f"/v1/districts/{DISTRICT}/indicators/funds-arrived/facts", params=AUGUST | {"limit": "1"}
    )
    assert (limited.json()["total"], [one["id"] for one in limited.json()["facts"]]) == (2, ["f-2"])


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        (f"{PROGRESS}?through=2026-02-30", 422, ("bad-question", "YYYY-MM-DD")),
        (f"{PROGRESS}?year=2026&through=2025-08-31", 422, ("bad-question", "outside year 2026")),
        (f"{PROGRESS}?known_by=2026-09-05T00:00:00", 422, ("bad-question", "2026-09-05T00:00:00+08:00")),
        (f"{PROGRESS}?knownby=2026-09-05T00:00:00Z", 422, ("bad-question", "knownby")),
        ("/v1/districts/500199/progress", 404, ("unknown-district", "GET /v1/districts")),
        (f"/v1/districts/{DISTRICT}/indicators/x/facts", 404, ("unknown-indicator", "GET /v1/indicators")),
        (f"/v1/districts/{DISTRICT}/indicators/signed-major/facts?limit=0", 422, ("bad-question", "limit")),
        ("/v1/nothing", 404, ("not-served", "/openapi.json")),
    ],
)
async def test_what_cannot_be_answered_is_answered_with_the_remedy(
    client: httpx.AsyncClient, stream: JetStreamContext, path: str, status: int, told: tuple[str, str]
) -> None:
    await publish(stream, quarantine(0))
    await settled(client)
    answer = await client.get(path)
    body, (code, said) = answer.json(), told
    assert (answer.status_code, body["status"], body["type"]) == (status, status, f"urn:luodi:problem:{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in body["detail"]


async def test_a_database_that_is_not_set_up_is_told_as_such(
    client: httpx.AsyncClient, settings: ReportingSettings
) -> None:
    astray = settings.model_copy(update={"database_url": settings.database_url.rsplit("/", 1)[0] + "/template1"})
    async with served(build(astray)) as elsewhere:
        answer = await elsewhere.get(PROGRESS)
        ready = await elsewhere.get("/readyz")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:luodi:problem:no-schema")
    assert "luodi provision" in ready.json()["checks"]["postgres"]


async def test_a_database_that_is_away_is_told_as_such(client: httpx.AsyncClient, settings: ReportingSettings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://luodi@127.0.0.1:1/luodi"})
    async with served(build(away)) as elsewhere:
        answer = await elsewhere.get(PROGRESS)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:luodi:problem:database-away")


async def test_a_bad_file_of_indicators_stops_the_service_from_being_built(
    settings: ReportingSettings, tmp_path: Any
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('definitions = "1"\n[[indicator]]\ncode = 1\n', encoding="utf-8")
    with pytest.raises(DefinitionsError, match=r"mine\.toml, line 3: indicator\.1\.code"):
        build(settings.model_copy(update={"indicators": file}))
    with pytest.raises(DefinitionsError, match="absent"):
        build(settings.model_copy(update={"indicators": tmp_path / "absent.toml"}))


async def test_districts_and_definitions_can_be_looked_up(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, *year())
    await settled(client)
    districts = (await client.get("/v1/districts")).json()
    assert districts == {"districts": [{"district": "500101", "name": "万州区"}], "next": None}
    definitions = (await client.get("/v1/indicators")).json()
    assert definitions["definitions"] == "2026.1"
    assert definitions["indicator"][2]["filter"]["minimum"] == "500000000.00"


async def test_the_wall_chart_shows_the_figures_in_words_of_the_field(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    overdue = project("P-9", [], name="迟到项目", lead_official="张明远", milestones={"started": {"due": "2026-08-01"}})
    await publish(stream, *year(), overdue)
    await settled(client)
    page = await client.get(f"/districts/{DISTRICT}", params=AUGUST)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for said in [
        *("万州区招商引资目标任务进度", "2026年1—8月", "序时进度 66.67%", "数据齐全"),
        *("招商引资到位资金", "84.8", "全年目标 105亿元", "80.8", "超序时 14.1 个百分点", "2 个项目"),
        *("省级平台签约", "152.8", "117.5", "未下达目标"),
        *("迟到项目", "8月1日 开工建设", "30 天", "张明远"),
    ]:
        assert said in page.text, said
    assert page.text.count("<script") == page.text.count('<script src="/static/live.js" defer></script>') == 1
    assert "://" not in page.text


async def test_the_page_behind_a_figure_lists_its_facts(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, *year())
    await settled(client)
    page = await client.get(f"/districts/{DISTRICT}/indicators/funds-arrived", params=AUGUST)
    for said in (
        "554,000",
        "银行进账单 2026-0183",
        "省外 · 广东省",
        "区外市内 · 重庆市",
        "由 <b>2</b> 个项目的 <b>2</b> 笔",
    ):
        assert said in page.text, said


async def test_the_page_says_loudly_what_is_missing_and_as_of_when(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year(), quarantine(3))
    await settled(client, "events-parked")
    asked = AUGUST | {"known_by": "2026-09-05T00:00:00+08:00"}
    page = (await client.get(f"/districts/{DISTRICT}", params=asked)).text
    assert "数据不齐" in page
    assert "部门上报的数据中有 3 条有误，未予入账" in page
    assert f'href="http://ledger:8081/v1/quarantine?district={DISTRICT}"' in page
    assert "按 2026年9月5日0时00分（北京时间）已入账的数据计算" in page
    assert "known_by=2026-09-05T00%3A00%3A00%2B08%3A00" in page


async def test_every_page_reached_from_one_of_an_instant_is_of_that_instant(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year(), project("P-9", [funds("2026-08-01", "1.00", "f-9", recorded=at(250))]))
    await settled(client)
    asked = AUGUST | {"known_by": "2026-09-05T00:00:00+08:00"}
    page = (await client.get("/", params=asked, follow_redirects=True)).text
    links = [html.unescape(one) for one in re.findall('href="([^"]*)"', page)]
    figures = [urljoin(f"/districts/{DISTRICT}", one) for one in links if "through=" in one]
    assert {len(re.findall(r"/projects\?", one)) for one in figures} == {0, 1}
    for one in figures:
        reached = (await client.get(one)).text
        assert "按 2026年9月5日0时00分（北京时间）已入账的数据计算" in reached, one
        assert "P-9" not in reached, one
        assert 'name="known_by" value="2026-09-05T00:00:00+08:00"' in reached or "/indicators/" in one


async def test_names_that_departments_typed_cannot_write_into_the_page(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, project("P-1", [fact("started", "2026-03-01", "e-1")], name="<script>alert(1)</script>"))
    await settled(client)
    page = (await client.get(f"/districts/{DISTRICT}", params=AUGUST)).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


async def test_the_entrance_leads_to_the_only_district_or_lists_them(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    assert "还没有收到任何区县的数据" in (await client.get("/")).text
    await publish(stream, quarantine(0))
    await settled(client)
    only = await client.get("/")
    assert (only.status_code, only.headers["location"]) == (303, f"/districts/{DISTRICT}")
    await publish(stream, quarantine(0, district="500102"))
    await settled(client)
    page = (await client.get("/")).text
    assert "万州区" in page
    assert "/districts/500102" in page


async def test_a_page_that_cannot_be_shown_says_why_in_chinese(client: httpx.AsyncClient) -> None:
    unknown = await client.get("/districts/500199")
    assert (unknown.status_code, "还没有收到这个区县的数据" in unknown.text) == (404, True)
    misdated = await client.get(f"/districts/{DISTRICT}?through=31.8.")
    assert (misdated.status_code, "所选日期或其他条件无法识别" in misdated.text) == (422, True)
    assert (await client.get(f"/districts/{DISTRICT}/projects/%00")).status_code == 422
    assert "没有这个页面" in (await client.get("/somewhere")).text


async def test_pages_bring_their_own_style(client: httpx.AsyncClient) -> None:
    style = await client.get("/static/reporting.css")
    assert style.status_code == 200
    assert "url(" not in style.text


async def test_ready_means_that_every_part_is_there(client: httpx.AsyncClient, stream: JetStreamContext) -> None:
    await publish(stream, quarantine(0))
    await settled(client)
    ready = await client.get("/readyz")
    assert ready.json() == {"ready": True, "checks": {"postgres": "ok", "nats": "ok", "intake": "ok"}}


async def test_a_consumer_that_somebody_deleted_is_made_again_and_nothing_is_counted_twice(
    client: httpx.AsyncClient, stream: JetStreamContext
) -> None:
    await publish(stream, *year())
    before = await settled(client)
    await stream.delete_consumer("LEDGER", "reporting")
    assert await settled(client) == before


async def test_a_part_of_the_ledger_that_is_done_does_not_speak_for_the_others(
    settings: ReportingSettings, stream: JetStreamContext
) -> None:
    await streams.provision(settings.nats_url, partitions=2)
    await stream.publish("events.500101.finance.P-1.funds-arrived", b"{}")
    await stream.publish("events.500101.finance", b"{}")
    of_no_project = await stream.pull_subscribe_bind("ledger", "EVENTS")
    [message] = await of_no_project.fetch(1)
    await message.ack_sync()
    broker = bus.make_broker(settings.nats_url, "test")
    await broker.start()
    async with database.make_pool(settings.database_url, "test") as pool:
        gaps = (await Completeness(broker, pool).gaps()).of(DISTRICT)
    await broker.stop()
    assert [gap.code for gap in gaps] == ["events-not-consumed"]


async def test_consumers_that_nobody_made_are_told_as_gaps(
    settings: ReportingSettings, stream: JetStreamContext
) -> None:
    await stream.delete_consumer("EVENTS", "ledger")
    await stream.delete_consumer("LEDGER", "reporting")
    broker = bus.make_broker(settings.nats_url, "test")
    await broker.start()
    async with database.make_pool(settings.database_url, "test") as pool:
        gaps = (await Completeness(broker, pool).gaps()).of(DISTRICT)
    await broker.stop()
    assert [(gap.code, gap.count) for gap in gaps] == [("events-not-consumed", None), ("records-not-consumed", None)]
    assert all("luodi provision" in gap.detail for gap in gaps)
