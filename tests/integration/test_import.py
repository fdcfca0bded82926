"""`luodi import` as a clerk types it: a workbook comes to stand in the ledger, once, and can be corrected."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from services.cli import app
from services.ledger.app import build
from services.ledger.department.domain.columns import Value
from services.ledger.department.workbook import write_template
from services.ledger.settings import LedgerSettings
from tests.integration.conftest import running

PROJECT = "P-2026-017"
FUNDS: Mapping[str, Value] = {
    "项目编号": PROJECT,
    "日期": "2026-08-30",
    "金额（元）": 120000000,
    "资金来源地": "440300",
    "资金性质": "固定资产",
}
NOBODY = "nats://127.0.0.1:1"


@pytest_asyncio.fixture
async def ledger(provisioned: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    service = build(LedgerSettings(nats_url=provisioned, database_url=database_url))
    transport = httpx.ASGITransport(app=service)
    async with running(service), httpx.AsyncClient(transport=transport, base_url="http://ledger") as http:
        yield http


@pytest.fixture
def book(tmp_path: Path) -> Path:
    file = tmp_path / "book.xlsx"
    write_template(file)
    return file


def fill(book: Path, sheet: str, *rows: Mapping[str, Value]) -> None:
    """Write rows below the example, as in Excel."""
    opened = load_workbook(book)
    heads = [str(cell.value).strip("*") for cell in opened[sheet][1]]
    for row in rows:
        opened[sheet].append([row.get(head) for head in heads])
    opened.save(book)


async def imports(nats_url: str, book: Path, *options: str) -> Result:
    words = ["import", str(book), "--district", "500101", *options]
    settings = {"LUODI_NATS_URL": nats_url, "LUODI_UNIT": "finance"}
    return await asyncio.to_thread(CliRunner().invoke, app, words, env=settings)


async def project(ledger: httpx.AsyncClient) -> dict[str, Any]:
    record: dict[str, Any] = (await ledger.get(f"/v1/districts/500101/projects/{PROJECT}")).json()
    return record


def told(said: Result) -> list[str]:
    """What it printed of cells and rows; the ledger beside it logs into the same output."""
    return [line for line in said.stdout.splitlines() if "!" in line.partition("：")[0]]


async def test_a_workbook_is_recorded_and_importing_it_again_changes_nothing(
    provisioned: str, ledger: httpx.AsyncClient, book: Path
) -> None:
    fill(book, "资金到位", FUNDS, {**FUNDS, "编号": "JZ-2", "金额（元）": "30,000,000.00"})
    fill(book, "开工", {"项目编号": PROJECT, "日期": "2026-08-18"})
    said = await imports(provisioned, book)
    assert (said.exit_code, told(said)) == (0, [])
    assert "3 条已入账，0 处有误，0 条尚无答复" in said.stderr
    first = await project(ledger)
    assert (first["funds_arrived"], first["stage"], first["revision"]) == ("150000000.00", "started", 3)

    assert (await imports(provisioned, book)).exit_code == 0
    assert await project(ledger) == first


async def test_a_row_may_correct_an_earlier_one(provisioned: str, ledger: httpx.AsyncClient, book: Path) -> None:
    fill(book, "资金到位", {**FUNDS, "编号": "JZ-1"})
    assert (await imports(provisioned, book)).exit_code == 0
    fill(book, "资金到位", {**FUNDS, "编号": "JZ-2", "更正编号": "JZ-1", "金额（元）": 90000000})
    assert (await imports(provisioned, book)).exit_code == 0
    assert (await project(ledger))["funds_arrived"] == "90000000.00"


async def test_wrong_rows_are_told_by_their_cells_and_the_others_are_recorded(
    provisioned: str, ledger: httpx.AsyncClient, book: Path
) -> None:
    fill(
        book,
        "资金到位",
        {**FUNDS, "编号": "JZ-1"},
        {**FUNDS, "金额（元）": "1.2亿"},
        {**FUNDS, "编号": "JZ-1", "金额（元）": 7},
    )
    said = await imports(provisioned, book)
    assert said.exit_code == 1
    assert told(said) == [
        "资金到位!E4：金额（元）须为金额，单位为元，不为负，最多两位小数，如120000000.00，现为“1.2亿”",
        "资金到位!5：这个编号已用于另一条内容不同的记录；要更正，请用新的编号，并填更正编号",
    ]
    assert "1 条已入账，2 处有误" in said.stderr
    assert (await project(ledger))["funds_arrived"] == "120000000.00"


async def test_a_dry_run_judges_and_publishes_nothing(provisioned: str, client: Client, book: Path) -> None:
    fill(book, "资金到位", {**FUNDS, "编号": "JZ-1"}, {**FUNDS, "日期": "昨天"})
    said = await imports(provisioned, book, "--dry-run")
    assert said.exit_code == 1
    assert said.stdout.splitlines() == [
        "资金到位!D4：日期须为日期，如2026-08-30，现为“昨天”",
        "资金到位!3：可以上报，编号 JZ-1",
    ]
    assert (await client.jetstream().stream_info("EVENTS")).state.messages == 0


async def test_mistakes_are_told_also_when_the_server_is_away(book: Path) -> None:
    fill(book, "资金到位", FUNDS, {**FUNDS, "日期": "昨天"})
    said = await imports(NOBODY, book)
    assert said.exit_code == 2
    assert said.stdout.startswith("资金到位!D4：")
    assert "未上报" in said.stderr


async def test_without_a_ledger_the_rows_are_stored_and_not_answered(provisioned: str, book: Path) -> None:
    fill(book, "资金到位", FUNDS)
    said = await imports(provisioned, book, "--timeout", "0.2")
    assert said.exit_code == 3
    assert "0 条已入账，0 处有误，1 条尚无答复" in said.stderr


async def test_the_template_is_written_once_and_never_over_a_book(tmp_path: Path) -> None:
    file = tmp_path / "new.xlsx"
    assert (await imports(NOBODY, file, "--template")).exit_code == 0
    written = file.read_bytes()
    again = await imports(NOBODY, file, "--template")
    assert (again.exit_code, file.read_bytes()) == (2, written)
    assert "未写入" in again.stderr


async def test_a_book_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    said = await imports(NOBODY, tmp_path / "absent.xlsx")
    assert said.exit_code == 2
    assert "absent.xlsx" in said.stderr
    (tmp_path / "book.xlsx").write_text("no workbook")
    said = await imports(NOBODY, tmp_path / "book.xlsx")
    assert said.exit_code == 2
    assert "不是 Excel 工作簿" in said.stderr


def test_who_speaks_must_be_said(book: Path) -> None:
    said = CliRunner().invoke(app, ["import", str(book), "--district", "500101"])
    assert said.exit_code == 2
    assert "LUODI_UNIT" in said.stderr
