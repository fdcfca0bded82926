"""Bulletins of the demo year, sealed over real servers: the figures in each form, restated, never changed."""

import asyncio
import hashlib
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import docx
import openpyxl
import orjson
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from deploy.local.postgres import Postgres
from services.ledger import digest
from services.reporting.cli import app
from services.reporting.domain.bulletin import Document, SealError, root
from services.reporting.recompute import NotEventsError, differing, events_on_the_bus, read_events
from services.reporting.sealer import Order, Sealer
from shared.subjects import REPORTING_OF_LEDGER, REPORTS, Consumer, bulletin_subject
from tests.integration.demo_district import DISTRICT, NAME, District, demo_district

# Most tests need the bulletin to be sealed, whether they look into it or not.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("august")]

AUGUST = date(2026, 8, 31)
DESPITE = "区财政局两笔重复上报正在核实"
FIGURES = {
    "招商引资到位资金": ("84.8", "105", "80.8"),
    "引进省外到位资金": ("55.4", "68", "81.5"),
    "新签约投资5亿元及以上项目": ("10", "10", "100.0"),
    "省级平台签约": ("152.8", "130", "117.5"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def district(postgres: Postgres, template_database: str) -> AsyncIterator[District]:
    async with demo_district(postgres, template_database, AUGUST) as found:
        yield found


@pytest.fixture
def desk(district: District) -> Sealer:
    text = district.settings.indicators.read_text(encoding="utf-8")
    return Sealer(district.connection, district.pool, text, REPORTING_OF_LEDGER)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def august(district: District) -> Document:
    """The bulletin for August, sealed while a few refused messages of the demo wait."""
    text = district.settings.indicators.read_text(encoding="utf-8")
    order = Order(DISTRICT, AUGUST, NAME, issuer="示范区招商引资工作领导小组办公室", despite=DESPITE)
    return await Sealer(district.connection, district.pool, text, REPORTING_OF_LEDGER).seal(order)


async def served(district: District, ending: str) -> bytes:
    answer = await district.get(f"/bulletins/2026-08-1{ending}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_sealing_refuses_while_messages_are_parked_and_names_them(desk: Sealer, august: Document) -> None:
    with pytest.raises(SealError, match="refused messages are parked"):
        await desk.seal(Order(DISTRICT, date(2026, 7, 31), NAME))
    assert august["despite"] == DESPITE
    assert august["gaps"][0]["count"] > 0


async def test_the_figures_of_august_are_those_of_the_demo(august: Document) -> None:
    printed = {line["title"]: (line["actual"], line["target"], line["completion_pct"]) for line in august["indicators"]}
    assert printed == FIGURES
    assert [line["projects"] for line in august["indicators"] if line["code"] == "platform-signings"] == [18]
    assert (august["number"], august["elapsed_pct"]) == ("2026-08-1", "66.67")


async def test_the_figures_are_those_of_progress_as_known_at_that_instant(district: District, august: Document) -> None:
    asked = {"year": "2026", "through": "2026-08-31", "known_by": august["known_by"]}
    progress = (await district.get("/progress", **asked)).json()
    # A bulletin's lines stand alone: each says the time that has passed.
    assert [one | {"elapsed_pct": progress["elapsed_pct"]} for one in progress["indicators"]] == august["indicators"]


async def test_the_served_json_is_the_sealed_document_and_jq_would_compute_its_root(
    district: District, august: Document
) -> None:
    content = await served(district, ".json")
    assert orjson.loads(content) == august
    assert content == await served(district, "")
    assert root(august) == august["root"]


async def test_the_page_shows_the_figures(district: District, august: Document) -> None:
    page = (await served(district, ".html")).decode()
    for title, figures in FIGURES.items():
        assert all(figure in page for figure in (title, *figures))
    assert august["root"] in page


async def test_the_document_for_word_says_each_figure_in_a_sentence(district: District) -> None:
    word = docx.Document(io.BytesIO(await served(district, ".docx")))
    text = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert "招商引资到位资金84.8亿元，完成市上下达全年目标任务（105亿元）的80.8%" in text
    assert "引进省外到位资金55.4亿元，完成市上下达全年目标任务（68亿元）的81.5%" in text
    assert "新签约投资5亿元及以上项目10个，完成市上下达全年目标任务（10个）的100.0%" in text
    assert "省级平台签约项目18个，总金额152.8亿元，完成市上下达全年目标任务（130亿元）的117.5%" in text


async def test_the_workbook_has_the_figures_as_numbers_and_charts_of_its_own(
    district: District, august: Document
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await served(district, ".xlsx")))
    rows = {row[0]: row[2:5] for row in book["目标任务"].iter_rows(min_row=4, max_row=7, values_only=True)}
    assert rows == {
        title: (float(target), float(actual), float(pct)) for title, (actual, target, pct) in FIGURES.items()
    }
    facts = list(book["计入事项"].iter_rows(min_row=2, values_only=True))
    assert len(facts) == sum(1 for fact in august["facts"] if fact["counts"])
    assert sum(Decimal(str(row[9])) for row in facts if row[9] is not None) == 8_480_000_000


async def test_every_form_is_the_same_bytes_each_time_also_in_another_process(
    district: District, tmp_path: Path
) -> None:
    file = tmp_path / "bulletin.json"
    file.write_bytes(await served(district, ".json"))
    program = (
        "import hashlib, orjson, sys; from services.reporting.documents import page, word, workbook;"
        "d = orjson.loads(open(sys.argv[1], 'rb').read());"
        "print(*(hashlib.sha256(made).hexdigest() for made in"
        " (page.page_bytes(d), word.document_bytes(d), workbook.workbook_bytes(d))))"
    )
    command = [sys.executable, "-c", program, str(file)]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    forms = [await served(district, ending) for ending in (".html", ".docx", ".xlsx")]
    assert said.stdout.split() == [hashlib.sha256(form).hexdigest() for form in forms]


async def test_whoever_has_the_form_already_is_told_so(district: District, august: Document) -> None:
    for ending in (".json", ".html", ".docx", ".xlsx"):
        path = f"/v1/districts/{DISTRICT}/bulletins/{august['number']}{ending}"
        etag = (await district.reporting.get(path)).headers["etag"]
        again = await district.reporting.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_bulletin_is_published_to_the_stream(district: District, august: Document) -> None:
    message = await district.connection.jetstream().get_last_msg(REPORTS.name, bulletin_subject(DISTRICT, "2026-08-1"))
    assert orjson.loads(message.data or b"") == august


async def test_the_database_refuses_to_change_or_delete_a_bulletin(district: District, august: Document) -> None:
    for statement in (
        "update reporting.bulletin set document = '{}'",
        "delete from reporting.bulletin",
        "truncate reporting.bulletin",
    ):
        with pytest.raises(asyncpg.RaiseError, match="never changes"):
            await district.pool.execute(statement)
    assert await served(district, ".json") == orjson.dumps(august, option=orjson.OPT_SORT_KEYS)


async def test_a_bulletin_is_proven_from_the_events_of_the_stream_alone(district: District, august: Document) -> None:
    events = await events_on_the_bus(district.nats_url, DISTRICT)
    assert differing(august, events) == []
    lost = next(event for event in events if b'"luodi.funds-arrived.v1"' in event.payload and b"2026" in event.payload)
    assert differing(august, [event for event in events if event is not lost])


async def test_a_bulletin_is_proven_from_the_events_as_the_ledger_serves_them(
    district: District, tmp_path: Path, august: Document
) -> None:
    lines = []
    async for line in digest.lines(district.pool, DISTRICT):
        path = f"/v1/districts/{DISTRICT}/projects/{line.split()[0]}/events"
        lines.append((await district.ledger.get(path, params={"limit": "1000"})).content)
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(lines))
    assert differing(august, read_events(file)) == []
    file.write_bytes(b"\n".join(lines).replace(b'"amount":"', b'"amount":"9', 1))
    with pytest.raises(NotEventsError, match="the digest is"):
        read_events(file)


async def test_sealing_a_month_again_needs_a_reason(desk: Sealer) -> None:
    with pytest.raises(SealError, match="has been sealed before, as 2026-08-1"):
        await desk.seal(Order(DISTRICT, AUGUST, NAME, despite=DESPITE))


async def test_a_day_that_has_not_come_is_not_sealed(desk: Sealer) -> None:
    with pytest.raises(SealError, match="has not come yet"):
        await desk.seal(Order(DISTRICT, date(2199, 1, 31), NAME, despite=DESPITE))


async def test_what_is_not_counted_in_time_is_named(district: District) -> None:
    nobody = Sealer(
        district.connection,
        district.pool,
        district.settings.indicators.read_text(encoding="utf-8"),
        # Nobody reads with it, so nothing is ever acknowledged.
        Consumer("LEDGER", "idle"),
    )
    await district.connection.jetstream().add_consumer("LEDGER", durable_name="idle", ack_policy="explicit")
    with pytest.raises(SealError, match=r"Reporting has yet to read \d+ of the ledger's records"):
        await nobody.seal(Order(DISTRICT, AUGUST, NAME, reason="测试", despite=DESPITE, seconds=0.3))


async def test_the_next_bulletin_lists_what_was_restated_and_by_which_events(
    district: District, desk: Sealer, august: Document
) -> None:
    before = await served(district, ".json")
    funds = [fact for fact in august["facts"] if fact["counts"].get("funds-arrived")]
    replaced, voided = funds[0], next(fact for fact in funds[1:] if fact["project"] != funds[0]["project"])
    data = replaced["data"] | {"amount": "1.00"}
    unit = replaced["source"].rsplit("/", 1)[-1]
    await district.say(unit, replaced["project"], "C-1", "funds-arrived", data, replaces=replaced["id"])
    void = {"on": "2026-09-03", "event": voided["id"], "reason": "重复上报"}
    await district.say(voided["source"].rsplit("/", 1)[-1], voided["project"], "C-2", "voided", void)
    late = {"on": "2026-08-30", "amount": "100000000", "origin": "440300", "nature": "fixed-assets"}
    await district.say("finance", replaced["project"], "L-1", "funds-arrived", late)
    second = await desk.seal(Order(DISTRICT, AUGUST, NAME, reason="补报和更正", despite=DESPITE))
    assert second["number"] == "2026-08-2"
    told = {fact["id"]: (fact["change"], (fact["by"] or {}).get("id")) for fact in second["restated"]["facts"]}
    assert told == {replaced["id"]: ("replaced", "C-1"), voided["id"]: ("voided", "C-2"), "L-1": ("added", "L-1")}
    [line] = [one for one in second["restated"]["indicators"] if one["code"] == "funds-arrived"]
    difference = sum(float(fact["now"] or 0) - float(fact["was"] or 0) for fact in second["restated"]["facts"])
    assert float(line["now"]["amount"]) - float(line["was"]["amount"]) == pytest.approx(difference)
    assert await served(district, ".json") == before
    compared = (await district.get("/bulletins/2026-08-1/compare/2026-08-2")).json()
    assert {fact["id"] for fact in compared["facts"]} == {replaced["id"], voided["id"], "C-1", "L-1"}
    assert all(fact["within"] for fact in compared["facts"])
    path = f"/districts/{DISTRICT}/bulletins/2026-08-1/compare/2026-08-2"
    page = (await district.reporting.get(path)).text
    assert "同期更正 <small>4 件</small>" in page
    assert "招商引资到位资金 10000万元" in page
    assert differing(second, await events_on_the_bus(district.nats_url, DISTRICT)) == []


async def test_a_joint_project_counts_by_its_share_from_the_event_to_the_proof(
    district: District, desk: Sealer
) -> None:
    signed = {"on": "2026-09-01", "kind": "contract", "amount": "600000000", "share": "33.33"}
    await district.say("investment", "P-JOINT", "J-1", "signed", signed)
    arrived = {"on": "2026-09-10", "amount": "100000000.02", "origin": "440300", "nature": "fixed-assets"}
    await district.say("finance", "P-JOINT", "J-2", "funds-arrived", arrived | {"share": "33.30"})
    await district.say("finance", "P-JOINT", "J-3", "funds-arrived", arrived | {"share": "50"}, replaces="J-2")
    september = await desk.seal(Order(DISTRICT, date(2026, 9, 30), NAME, despite=DESPITE))
    joint = [fact for fact in september["facts"] if fact["project"] == "P-JOINT"]
    assert {fact["id"]: fact["counts"] for fact in joint} == {
        "J-1": {"signed-major": "199980000.00"},
        "J-3": {"funds-arrived": "50000000.01", "funds-outside-province": "50000000.01"},
    }
    record = (await district.ledger.get(f"/v1/districts/{DISTRICT}/projects/P-JOINT")).json()
    assert (record["contract_amount"], record["funds_arrived"]) == ("600000000.00", "100000000.02")
    assert differing(september, await events_on_the_bus(district.nats_url, DISTRICT)) == []


async def test_the_list_names_every_bulletin_and_an_unknown_one_is_a_problem(
    district: District, august: Document
) -> None:
    listed = (await district.get("/bulletins")).json()["bulletins"]
    assert {"number": "2026-08-1", "root": august["root"]}.items() <= listed[-1].items()
    answer = await district.get("/bulletins/2026-01-1")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-bulletin")
    assert (await district.reporting.get("/v1/districts/999999/bulletins")).status_code == 404
    page = await district.reporting.get(f"/districts/{DISTRICT}/bulletins")
    assert "第2026-08-1号" in page.text


async def test_the_commands_print_and_prove_a_bulletin(
    district: District, august: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUODI_NATS_URL", district.nats_url)
    monkeypatch.setenv("LUODI_DATABASE_URL", district.database_url)

    async def run(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    file, paper = tmp_path / "2026-08-1.json", tmp_path / "2026-08-1.docx"
    assert (await run("show", "2026-08-1", "--form", "json", "--out", str(file))).exit_code == 0
    assert (await run("show", "2026-08-1", "--form", "docx", "--out", str(paper))).exit_code == 0
    assert paper.read_bytes() == await served(district, ".docx")
    assert "84.8亿元" in (await run("show", "2026-08-1")).output
    await district.connection.jetstream().purge_stream(REPORTS.name, subject=bulletin_subject(DISTRICT, "2026-08-1"))
    listed = await run("bulletins", "--publish")
    assert august["root"] in listed.output
    assert "Published 2026-08-1" in listed.output
    proven = await run("recompute", str(file), "--events", "nats")
    assert proven.exit_code == 0, proven.output
    tampered = august | {"indicators": [august["indicators"][0] | {"actual": "88.4"}, *august["indicators"][1:]]}
    file.write_bytes(orjson.dumps(tampered))
    wrong = await run("recompute", str(file))
    assert wrong.exit_code == 1
    assert "indicator funds-arrived: actual: the bulletin says 88.4, its facts give 84.8" in wrong.output
    assert (await run("seal", "--through", "2026-08-31")).exit_code == 1
    may = await run("seal", "--through", "2026-05-31", "--despite", DESPITE)
    assert may.exit_code == 0, may.output
    assert "Sealed and published: bulletin 2026-05-1 of 500101, root " in may.output
    assert (await run("show", "2026-05-2")).exit_code == 1
    assert '"same_definitions": true' in (await run("compare", "2026-05-1", "2026-08-1")).output
