"""A department's workbook: each row is the event that it says, and each mistake is told by its cell."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from openpyxl import Workbook, load_workbook

from services.ledger.department.domain import words
from services.ledger.department.domain.columns import Value, columns_of, events_of_departments
from services.ledger.department.domain.rows import Row, heads_of, letters, read_sheet, subject_head
from services.ledger.department.workbook import NotAWorkbookError, read_workbook, write_template
from shared.envelope import Event, judge
from shared.events import EVENTS, TargetSet
from tests.unit import strategies

SOURCE = "/500101/finance"
FUNDS: Mapping[str, Value] = {
    "编号": "2026-1",
    "项目编号": "P-2026-017",
    "日期": "2026-08-30",
    "金额（元）": "120000000.00",
    "资金来源地": "440300",
    "资金性质": "固定资产",
}


def sheet(event: str, *rows: Mapping[str, Value]) -> list[Row]:
    heads = heads_of(event)
    return [heads, *([row.get(head) for head in heads] for row in rows)]


def read(event: str, *rows: Mapping[str, Value]) -> tuple[list[dict[str, Any]], list[str]]:
    said, faults = read_sheet(words.SHEETS[event], sheet(event, *rows), SOURCE)
    return [json.loads(one.payload) for one in said], [str(fault) for fault in faults]


def test_every_event_that_a_department_may_say_has_a_sheet_and_the_notifiers_have_none() -> None:
    assert set(words.SHEETS) == set(events_of_departments())
    assert {name for name in EVENTS if name not in words.SHEETS} == {
        f"escalation-{what}" for what in ("opened", "climbed", "acknowledged", "resolved")
    }
    assert len(set(words.SHEETS.values())) == len(words.SHEETS)


@pytest.mark.parametrize("event", events_of_departments())
def test_every_field_has_a_column_of_its_own(event: str) -> None:
    assert {column.path[0] for column in columns_of(event)} == {
        field.alias or name for name, field in EVENTS[event].model_fields.items()
    }
    assert len(set(heads_of(event))) == len(heads_of(event))


def as_row(event: Event) -> dict[str, Value]:
    """An event as somebody would type it."""
    row: dict[str, Value] = {words.ID: event.id, words.REPLACES: event.replaces}
    if (head := subject_head(event.name)) is not None:
        row[head] = event.subject
    for column in columns_of(event.name):
        value: Any = event.data.document()
        for step in column.path:
            value = value.get(step) if value is not None else None
        if isinstance(value, list):
            assume(not any(separator in part for part in value for separator in "、；;\n"))
            assume(value)
            value = "、".join(value)
        if column.choices and value is not None:
            value = words.choice(".".join(column.path), value)
        row[column.head] = value
    return row


@given(strategies.events())
def test_whatever_an_event_says_can_be_said_in_a_row(event: Event) -> None:
    assume(event.name in words.SHEETS and event.id != words.EXAMPLE)
    rows = sheet(event.name, as_row(event))
    said, faults = read_sheet(words.SHEETS[event.name], rows, event.source)
    assert faults == []
    found = judge(said[0].subject, said[0].payload)
    assert isinstance(found, Event)
    assert (found.id, found.subject, found.replaces, found.data) == (
        event.id,
        event.subject,
        event.replaces,
        event.data,
    )


# The template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "book.xlsx"
    write_template(file)
    return file


def test_the_template_holds_nothing_that_would_be_imported(template: Path) -> None:
    for name, rows in read_workbook(template).items():
        assert read_sheet(name, rows, SOURCE) == ([], [])


@pytest.mark.parametrize("event", events_of_departments())
def test_the_example_of_each_sheet_is_an_event_once_it_has_a_number(template: Path, event: str) -> None:
    heads, example, *_ = read_workbook(template)[words.SHEETS[event]]
    numbered = ["2026-1" if value == words.EXAMPLE else value for value in example]
    said, faults = read_sheet(words.SHEETS[event], [heads, numbered], SOURCE)
    assert ([one.place for one in said], faults) == ([f"{words.SHEETS[event]}!2"], [])


def test_the_template_offers_the_choices_and_explains_each_column(template: Path) -> None:
    funds = load_workbook(template)["资金到位"]
    [rule] = funds.data_validations.dataValidation
    assert rule.formula1 == '"固定资产,流动资金,注册资本,其他"'
    said = {str(head.value): head.comment.text if head.comment else "" for head in funds[1]}
    assert all(said.values())
    assert "最多两位小数" in said["金额（元）*"]
    letter = letters(list(said).index("资金性质*"))
    assert str(rule.sqref) == f"{letter}2:{letter}5000"


def test_no_choice_is_too_long_for_excel() -> None:
    for event in events_of_departments():
        for column in columns_of(event):
            assert len(",".join(column.choices)) <= 253, column.head


@pytest.mark.parametrize("size", ["A1", "A1:XFD1048576"])
def test_every_row_is_read_whatever_size_the_file_says_that_the_sheet_has(tmp_path: Path, size: str) -> None:
    rows = sheet("started", {"编号": "1"}, {}, {"编号": "2", "备注": "三期"})
    rewrite(tmp_path / "book.xlsx", rows, r'<dimension ref="[^"]*"', f'<dimension ref="{size}"')
    [read] = read_workbook(tmp_path / "book.xlsx").values()
    assert [list(filter(None, row)) for row in read] == [list(heads_of("started")), ["1"], [], ["2", "三期"]]


def test_a_workbook_that_is_broken_within_is_said_to_be_none(tmp_path: Path) -> None:
    rewrite(tmp_path / "book.xlsx", [["编号"]], "</sheetData>", "<")
    with pytest.raises(NotAWorkbookError):
        read_workbook(tmp_path / "book.xlsx")


def rewrite(file: Path, rows: list[Row], pattern: str, becomes: str) -> None:
    """A workbook whose one sheet is written otherwise than Excel would have."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    book.save(whole := io.BytesIO())
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(file, "w") as written:
        for part in parts.namelist():
            text = parts.read(part).decode()
            written.writestr(part, re.sub(pattern, becomes, text) if part.endswith("sheet1.xml") else text)


def test_a_file_that_is_no_workbook_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "book.xlsx"
    file.write_text("编号,日期")
    with pytest.raises(NotAWorkbookError):
        read_workbook(file)


# What Excel makes of what people type


@pytest.mark.parametrize(
    ("head", "typed", "field", "meant"),
    [
        ("日期", datetime(2026, 8, 30), "on", "2026-08-30"),  # noqa: DTZ001 - as Excel has it
        ("日期", date(2026, 8, 30), "on", "2026-08-30"),
        ("日期", "2026年8月30日", "on", "2026-08-30"),
        ("日期", "2026/8/30", "on", "2026-08-30"),
        ("日期", 20260830, "on", "2026-08-30"),
        ("金额（元）", 120000000, "amount", "120000000"),
        ("金额（元）", 1234.1 + 0.2, "amount", "1234.3"),
        ("金额（元）", "120,000,000.00", "amount", "120000000.00"),
        ("金额（元）", "￥1，234．50", "amount", "1234.50"),
        ("资金来源地", 440300, "origin", "440300"),
        ("资金来源地", 440300.0, "origin", "440300"),
        ("资金性质", "working-capital", "nature", "working-capital"),
        ("本区份额（%）", "33.33%", "share", "33.33"),
        ("备注", "  第一笔\n", "note", "第一笔"),
    ],
)
def test_a_value_is_read_as_it_was_meant(head: str, typed: Value, field: str, meant: str) -> None:
    events, faults = read("funds-arrived", {**FUNDS, head: typed})
    assert faults == []
    assert events[0]["data"][field] == meant


def test_a_cell_that_shows_a_percentage_is_read_as_shown(tmp_path: Path) -> None:
    book = Workbook()
    book.active["A1"] = 0.3333  # type: ignore[index]  # a new workbook has a sheet
    book.active["A1"].number_format = "0.00%"  # type: ignore[index]  # the same
    book.save(tmp_path / "book.xlsx")
    assert list(read_workbook(tmp_path / "book.xlsx").values()) == [[["33.33%"]]]
    events, _ = read("funds-arrived", {**FUNDS, "本区份额（%）": "33.33%"})
    assert events[0]["data"]["share"] == "33.33"


# What is wrong


def cell(event: str, head: str, row: int = 2) -> str:
    return f"{words.SHEETS[event]}!{letters(heads_of(event).index(head))}{row}"


@pytest.mark.parametrize(
    ("head", "typed", "said"),
    [
        ("日期", "8月30日", "日期须为日期，如2026-08-30，现为“8月30日”"),
        ("日期", None, "日期未填；须为日期，如2026-08-30"),
        ("日期", "2026-02-30", "日期须为日期，如2026-08-30，现为“2026-02-30”"),
        (
            "金额（元）",
            "1.2亿",
            "金额（元）须为金额，单位为元，不为负，最多两位小数，如120000000.00，现为“1.2亿”",
        ),
        (
            "金额（元）",
            0.125,
            "金额（元）须为金额，单位为元，不为负，最多两位小数，如120000000.00，现为“0.125”",
        ),
        ("资金性质", "现金", "资金性质须为固定资产、流动资金、注册资本、其他之一，现为“现金”"),
        (
            "资金来源地",
            "深圳",
            "资金来源地须为六位行政区划代码（GB/T 2260），境外为两位国家或地区代码（ISO 3166-1，如HK、US），现为“深圳”",
        ),
        (
            "项目编号",
            "智能装备",
            "项目编号须为1至64位字母、数字、连字符或下划线，如P-2026-017，现为“智能装备”",
        ),
        ("更正编号", "2026-1", "更正编号须为另一条记录的编号，现为“2026-1”"),
    ],
)
def test_a_mistake_is_told_by_its_cell_with_what_is_allowed(head: str, typed: Value, said: str) -> None:
    assert read("funds-arrived", {**FUNDS, head: typed}) == ([], [f"{cell('funds-arrived', head)}：{said}"])


def test_each_mistake_of_a_row_is_told_and_other_rows_are_read() -> None:
    wrong = {**FUNDS, "编号": "2", "日期": "昨天", "资金性质": "现金"}
    events, faults = read("funds-arrived", {**FUNDS}, {}, wrong, {**FUNDS, "编号": "3"})
    assert [event["id"] for event in events] == ["2026-1", "3"]
    assert [fault.partition("：")[0] for fault in faults] == [
        cell("funds-arrived", "日期", 4),
        cell("funds-arrived", "资金性质", 4),
    ]


def test_half_of_a_group_is_told_by_what_it_lacks() -> None:
    _, faults = read("funds-arrived", {**FUNDS, "凭证编号": "JZ-1"})
    assert faults == [f"{cell('funds-arrived', '凭证种类')}：凭证种类未填；须为一行文字，不超过64字"]


def test_a_timetable_without_a_date_is_told_what_it_could_have() -> None:
    _, faults = read("timetable-set", {"项目编号": "P-1", "日期": "2026-01-01"})
    assert faults == ["时间表!2：选址期限、规划期限、签约期限、开工期限、竣工期限、投产期限至少填一项"]


def test_a_head_that_is_no_column_keeps_the_sheet_from_being_read() -> None:
    rows = [["编号", "项目编号", "日期", "金额"], ["1", "P-1", "2026-01-01", "5"]]
    said, faults = read_sheet("开工", rows, SOURCE)
    assert said == []
    assert [str(fault) for fault in faults] == [
        "开工!D1：“金额”不是本表的列；本表的列有：编号、更正编号、项目编号、日期、备注。整表未读"
    ]


def test_a_column_that_is_missing_or_there_twice_is_named() -> None:
    _, faults = read_sheet("开工", [["项目编号*", "项目编号"], ["P-1", "P-2"]], SOURCE)
    assert [str(fault) for fault in faults] == ["开工!B1：“项目编号”重复。整表未读", "开工!1：缺少列：日期。整表未读"]


def test_columns_may_stand_in_another_order_and_optional_ones_be_missing() -> None:
    said, faults = read_sheet("开工", [["日期*", None, "项目编号"], ["2026-08-18", None, "P-1"]], SOURCE)
    assert ([one.subject for one in said], faults) == (["events.500101.finance.P-1.started"], [])


def test_a_sheet_of_another_name_is_told_unless_it_is_empty_or_the_guide() -> None:
    [fault] = read_sheet("资金", [["编号"]], SOURCE)[1]
    assert str(fault).startswith("资金!1：没有叫这个名称的事件表，整表未读；可用的有：登记、")
    assert read_sheet("Sheet1", [[None]], SOURCE) == read_sheet("说明", [["导入表"]], SOURCE) == ([], [])


# Identity


def numbers(*rows: Mapping[str, Value]) -> list[str]:
    return [event["id"] for event in read("funds-arrived", *rows)[0]]


UNNUMBERED = {**FUNDS, "编号": None}


def test_a_row_without_a_number_has_one_made_of_what_it_says_wherever_it_stands() -> None:
    other = {**UNNUMBERED, "金额（元）": "7"}
    [first, second] = numbers(UNNUMBERED, other)
    assert first != second
    assert numbers(other, {}, UNNUMBERED) == [second, first]
    assert numbers({**UNNUMBERED, "金额（元）": 120000000, "日期": date(2026, 8, 30)}) == [first]
    assert numbers({**UNNUMBERED, "更正编号": "2026-0"}) != [first]


def test_two_rows_that_say_the_same_need_numbers_to_be_two() -> None:
    events, faults = read("funds-arrived", UNNUMBERED, UNNUMBERED)
    assert len(events) == 1
    assert faults == ["资金到位!3：与第2行完全相同，只报一次；如确为两笔，请给两行各填一个编号"]
    assert numbers({**UNNUMBERED, "编号": "a"}, {**UNNUMBERED, "编号": "b"}) == ["a", "b"]


def test_a_correction_names_the_number_that_it_corrects() -> None:
    [event], _ = read("funds-arrived", {**FUNDS, "编号": "2026-2", "更正编号": "2026-1"})
    assert (event["id"], event["replaces"]) == ("2026-2", "2026-1")


def test_a_target_is_about_its_year_and_indicator() -> None:
    row: dict[str, Value] = {
        "日期": "2026-01-15",
        "年度": 2026.0,
        "指标代码": "funds-arrived",
        "目标值": 105,
        "下达单位": "市政府",
    }
    said, faults = read_sheet("目标任务", sheet("target-set", row), SOURCE)
    assert faults == []
    event = judge(said[0].subject, said[0].payload)
    assert isinstance(event, Event)
    assert isinstance(event.data, TargetSet)
    assert event.subject == "target-2026-funds-arrived"


def test_the_27th_column_is_called_as_a_spreadsheet_calls_it() -> None:
    assert [letters(place) for place in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]
