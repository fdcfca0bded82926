"""Reports checked by the running service: over HTTP against the ledger's figures, on the page, and by the command."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import docx
import httpx
import nats
import orjson
import pytest_asyncio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from services.cli import app as luodi
from services.reporting.app import build
from services.reporting.settings import ReportingSettings
from shared import streams
from tests.integration.described import GENERATED, ask, description, opened
from tests.reporting_records import DISTRICT, funds, project, quarantine, signed, subject, target
from tests.waiting import until

TODAY = datetime(2026, 11, 24, 4, tzinfo=UTC)
CHECK = f"/v1/districts/{DISTRICT}/check"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
RECORDS = [
    target("funds-arrived", ("2026-01-05", "105")),
    target("platform-signings", ("2026-01-05", "130.00")),
    project(
        "P-1",
        [
            signed("2026-02-01", "15280000000.00", "s-1", level="provincial"),
            funds("2026-03-01", "5540000000.00", "f-1"),
        ],
    ),
    project("P-2", [funds("2026-08-31", "2940000000.00", "f-2", origin="500103")]),
]


@pytest_asyncio.fixture
async def client(nats_url: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service with a year's figures: 84.8 亿元, of which 55.4 from other provinces; one signing of 152.8."""
    await streams.provision(nats_url)
    settings = ReportingSettings(nats_url=nats_url, database_url=database_url, district_names={DISTRICT: "万州区"})
    async with department(nats_url, RECORDS), served(settings) as opened:
        yield opened


@contextlib.asynccontextmanager
async def department(nats_url: str, records: list[dict[str, Any]]) -> AsyncIterator[None]:
    connection = await nats.connect(nats_url)
    for record in records:
        await connection.jetstream().publish(subject(record), orjson.dumps(record))
    yield
    await connection.close()


@contextlib.asynccontextmanager
async def served(settings: ReportingSettings) -> AsyncIterator[httpx.AsyncClient]:
    app = build(settings, clock=lambda: TODAY)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
            async with asyncio.timeout(20):
                while not await _complete(client):
                    pass
            yield client


async def _complete(client: httpx.AsyncClient) -> bool:
    said = await client.get(f"/v1/districts/{DISTRICT}/progress", params={"through": "2026-08-31"})
    return said.status_code == 200 and bool(said.json()["complete"])


def claims(said: httpx.Response, *kinds: str) -> list[tuple[str, str | None, str]]:
    assert said.status_code == 200, said.text
    return [(one["claimed"], one["computed"], one["verdict"]) for one in said.json()["claims"] if one["kind"] in kinds]


async def test_a_text_is_checked_and_compared_with_the_ledger(client: httpx.AsyncClient) -> None:
    text = "1—8月，招商引资到位资金88.4亿元，完成市上下达全年目标任务（105亿元）的84.2%。"
    said = await client.post(CHECK, content=text.encode())
    assert claims(said, "completion") == [("84.2", "84.2", "consistent")]
    assert claims(said, "ledger") == [("88.4", "84.8", "inconsistent")]
    assert claims(said, "ledger-target") == [("105", "105", "consistent")]
    [ledger] = [one for one in said.json()["claims"] if one["kind"] == "ledger"]
    assert (ledger["indicator"], ledger["through"], ledger["difference"]) == ("funds-arrived", "2026-08-31", "3.6")
    assert ledger["slips"] == [{"code": "digits-swapped", "printed": "88.4亿元", "perhaps": "84.8亿元"}]
    assert ledger["at"] == {"line": 1, "start": 5, "end": 19, "figure": [13, 19]}


async def test_each_indicator_is_known_by_its_usual_names_and_its_count_beside_its_amount(
    client: httpx.AsyncClient,
) -> None:
    text = (
        "截至8月底，省外到位资金55.4亿元，省级平台签约项目18个，总金额152.8亿元；"
        "新签约投资5亿元及以上项目2个。高新区到位资金18.9亿元。8月到位资金29.4亿元。去年同期到位资金70亿元。"
    )
    assert claims(await client.post(CHECK, content=text.encode()), "ledger") == [
        ("55.4", "55.4", "consistent"),
        ("18", "1", "inconsistent"),
        ("152.8", "152.8", "consistent"),
        ("2", "1", "inconsistent"),
        ("29.4", None, "unverifiable"),
    ]


async def test_while_the_ledger_is_not_complete_nothing_is_called_wrong(
    client: httpx.AsyncClient, nats_url: str
) -> None:
    text = "1—8月，招商引资到位资金88.4亿元。"
    async with department(nats_url, [quarantine(1)]):

        async def incomplete() -> bool:
            return not await _complete(client)

        await until(incomplete)
    assert claims(await client.post(CHECK, content=text.encode()), "ledger") == [("88.4", "84.8", "unverifiable")]
    page = await client.post("/check", files={"text": (None, text), "district": (None, DISTRICT)})
    assert "台账数据尚不齐全，暂为 84.8亿元" in page.text


async def test_what_has_no_period_cannot_be_compared(client: httpx.AsyncClient) -> None:
    said = await client.post(CHECK, content="全区到位资金84.8亿元。".encode())
    assert claims(said, "ledger") == [("84.8", None, "unverifiable")]


async def test_the_year_may_be_told(client: httpx.AsyncClient) -> None:
    said = await client.post(CHECK, params={"year": 2025}, content="1—8月到位资金84.8亿元。".encode())
    assert claims(said, "ledger") == [("84.8", "0.0", "inconsistent")]


async def test_a_word_document_is_checked_with_its_tables(client: httpx.AsyncClient) -> None:
    said = await client.post(CHECK, content=word(), headers={"content-type": WORD})
    assert claims(said, "completion") == [("84.2", "80.8", "inconsistent"), ("63", "63", "consistent")]
    assert said.json()["claims"][0]["at"]["line"] == 2


async def test_what_cannot_be_checked_is_told_as_a_problem(client: httpx.AsyncClient) -> None:
    for path, content, type_, status, code in [
        (CHECK, b"\x00\x01\x02", "text/plain", 422, "no-text"),
        (CHECK, b"PK\x03\x04broken", WORD, 422, "broken"),
        (CHECK, b"%PDF-1.7", "application/octet-stream", 422, "pdf"),
        (CHECK, "字".encode() * 300_000, "text/plain", 413, "too-much"),
        (CHECK, b"x" * 10_000_001, "text/plain", 413, "too-large"),
        (CHECK, b"{}", "application/json", 415, "not-a-report"),
        ("/v1/districts/500199/check", b"", "text/plain", 404, "unknown-district"),
        ("/v1/districts/x/check", b"", "text/plain", 422, "bad-question"),
        (f"{CHECK}?yaer=2026", b"", "text/plain", 422, "bad-question"),
    ]:
        said = await client.post(path, content=content, headers={"content-type": type_})
        assert said.headers["content-type"] == "application/problem+json"
        assert (said.status_code, said.json()["status"], said.json()["code"]) == (status, status, code)


async def test_the_page_marks_a_pasted_report_and_says_what_is_wrong(client: httpx.AsyncClient) -> None:
    text = "一、到位资金84.8亿元，完成目标任务（105亿元）的84.2%。\r\n<script>项目55个，占目标任务（110个）的50%。"
    page = await client.post("/check", files={"text": (None, text), "district": (None, "")})
    assert page.status_code == 200
    for said in (
        "有误 1 处",
        "应为 80.8%，文中多 3.4个百分点",
        "84.8亿元 是否为 88.4亿元？",
        '<mark class="consistent"',
        "&lt;script",
    ):
        assert said in page.text, said
    assert "<script" not in page.text
    assert "://" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_the_page_takes_a_word_document_and_compares_with_the_chosen_district(client: httpx.AsyncClient) -> None:
    page = await client.post("/check", files={"file": ("汇报.docx", word(), WORD), "district": (None, DISTRICT)})
    assert "有误 1 处" in page.text
    assert '<option value="500101" selected>万州区' in page.text


async def test_the_page_says_in_chinese_why_nothing_was_checked(client: httpx.AsyncClient) -> None:
    assert "粘贴文稿" in (await client.get("/check")).text
    assert "请粘贴文稿，或选择一个文件" in (await client.post("/check", files={"text": (None, " ")})).text
    assert "另存为 .docx" in (await client.post("/check", files={"file": ("a.doc", b"\xd0\xcf\x11\xe0")})).text
    broken = await client.post("/check", content=b"--x", headers={"content-type": "multipart/form-data"})
    assert (broken.status_code, "表单无法识别" in broken.text) == (400, True)

    def endless() -> Iterator[bytes]:
        yield b"text=x"

    without_length = await client.post("/check", content=aiter_of(endless()))
    assert (without_length.status_code, "文件过大" in without_length.text) == (413, True)


async def test_the_command_compares_with_the_ledger_of_a_running_service(client: httpx.AsyncClient) -> None:
    text = "1—8月，招商引资到位资金88.4亿元，完成市上下达全年目标任务（105亿元）的84.2%。"
    async with opened(client) as url:

        async def check(*arguments: str) -> Result:
            said = ["check", "-", "--reporting", url, "--year", "2026", *arguments]
            return await asyncio.to_thread(CliRunner().invoke, luodi, said, text)

        ended = await check("--district", DISTRICT)
        assert (ended.exit_code, "截至8月31日，台账为 84.8亿元，文中多 3.6亿元" in ended.stdout) == (1, True), (
            ended.output
        )
        unknown = await check("--district", "500199")
        assert (unknown.exit_code, "500199" in unknown.stderr) == (2, True)


async def test_whatever_is_sent_the_answer_is_one_that_the_description_names(client: httpx.AsyncClient) -> None:
    async with opened(client) as url:
        schema = await description(url)
        await asyncio.to_thread(_fuzz, schema["/v1/districts/{district}/check"]["POST"], url)


def _fuzz(operation: Any, url: str) -> None:
    @given(operation.as_strategy(), st.booleans())
    @settings(GENERATED, max_examples=20, phases=list(Phase))
    def asked(case: Any, known: bool) -> None:
        if known:
            case.path_parameters = {"district": DISTRICT}
        ask(case, url)

    asked()


async def aiter_of(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def word() -> bytes:
    """A report as Word writes it: a heading, a paragraph in several runs, a table."""
    document = docx.Document()
    document.add_heading("工作汇报", 1)
    paragraph = document.add_paragraph("1—8月，招商引资到位资金84.8")
    paragraph.add_run("亿元，").bold = True
    paragraph.add_run("完成目标任务（105亿元）的84.2%。")
    table = document.add_table(2, 3)
    for place, words in enumerate(
        ("单位", "到位资金（亿元）", "完成率", "高新区", "到位18.9亿元，完成任务（30亿元）的63%", "63%")
    ):
        table.cell(place // 3, place % 3).text = words
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()
