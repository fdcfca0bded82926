"""A department's workbook as a file: read as it stands, and made empty with all that helps to fill it in."""

import contextlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from services.ledger.department.domain import words
from services.ledger.department.domain.columns import Column, Form, Value, columns_of, events_of_departments
from services.ledger.department.domain.rows import Row, heads_of, letters, subject_head

_HEAD: Final = PatternFill("solid", fgColor="DDE6F0")
_GREY: Final = Font(italic=True, color="808080")
_FORMATS: Final[Mapping[Form, str]] = {
    "date": "yyyy-mm-dd",
    "money": "#,##0.00",
    "number": "General",
    "text": "@",
    "choice": "@",
}
_LAST_ROW: Final = 5_000
_SUBJECTS: Final = {words.SUBJECT: "P-2026-017", words.TRIP: "TRIP-2026-08"}
_OWN: Final = {
    words.ID: "本单位给这条记录的编号，不得重复使用；不填则按内容生成，那么改动内容后再导入就成了另一条记录。",
    words.REPLACES: "本条更正的那条记录的编号；本条自己须用新的编号。",
    words.SUBJECT: "必填。1至64位字母、数字、连字符或下划线。",
    words.TRIP: "必填。1至64位字母、数字、连字符或下划线。",
}
_GUIDE: Final = (
    "落地：项目情况导入表",
    "每张表对应一类情况，一行一条；没有内容的表和行不读。带*的列必填，表头批注说明可填内容。",
    f"“{words.ID}”为“{words.EXAMPLE}”的行只作示范，不导入。",
    "同一份表可以反复导入：内容没有变化的行不会重复入账。",
    f"报错了怎么办：另写一行正确的，填新的“{words.ID}”，在“{words.REPLACES}”里填错的那条的编号；"
    f"要撤回则在“{words.SHEETS['voided']}”表里填它的编号。不要直接改已导入的行。",
    "金额单位一律为元。",
)


class NotAWorkbookError(Exception):
    """The file is no workbook of Excel's that can be read; the message says why."""


def read_workbook(file: Path) -> dict[str, list[Row]]:
    """The cells of each sheet; of a formula what it last came to. Raises OSError or NotAWorkbookError."""
    try:
        with contextlib.closing(load_workbook(file, read_only=True, data_only=True)) as book:
            return {sheet.title: _rows(sheet) for sheet in book.worksheets}
    except OSError:
        raise
    except Exception as error:
        # Every program writes workbooks in its own way, and the library fails in as many.
        raise NotAWorkbookError(str(error) or type(error).__name__) from error


def write_template(file: Path) -> None:
    """An empty workbook with a sheet for each event that a department may say. Raises OSError."""
    book = Workbook()
    guide = book.active
    assert isinstance(guide, Worksheet)  # noqa: S101 - a new workbook has one
    guide.title = words.GUIDE
    for number, line in enumerate(_GUIDE, 1):
        guide.cell(number, 1, line).alignment = Alignment(wrap_text=True, vertical="top")
    guide["A1"].font = Font(bold=True, size=14)
    guide.column_dimensions["A"].width = 90
    for event in events_of_departments():
        _fill(book.create_sheet(words.SHEETS[event]), event)
    with file.open("xb") as new:
        book.save(new)


def _rows(sheet: Any) -> list[Row]:
    # How large the sheet is, as its file says, the library takes on trust: rows behind it would be left out, and a
    # million empty ones before it be made.
    sheet.reset_dimensions()
    return [[_value(cell) for cell in row] for row in sheet.iter_rows()]


def _value(cell: Any) -> Value:
    value: Value = cell.value
    # What a person sees as 33% is kept as 0.33.
    if isinstance(value, int | float) and "%" in (cell.number_format or ""):
        return f"{(Decimal(f'{value:.15g}') * 100).normalize():f}%"
    return value


def _fill(sheet: Worksheet, event: str) -> None:
    columns = {column.head: column for column in columns_of(event)}
    for place, head in enumerate(heads_of(event)):
        _column(sheet, letters(place), head, columns.get(head), head == subject_head(event))
    sheet.freeze_panes = "A2"


def _column(sheet: Worksheet, letter: str, head: str, column: Column | None, is_subject: bool) -> None:
    required = is_subject or (column is not None and column.required)
    said = _OWN.get(head) if column is None else f"{'必填，' if required else ''}{column.allowed}。"
    top, example = sheet[f"{letter}1"], sheet[f"{letter}2"]
    top.value = f"{head}*" if required else head
    top.font, top.fill = Font(bold=True), _HEAD
    top.comment = Comment(said or "", "落地", width=260, height=110)
    example.value = _example(head, column)
    example.font = _GREY
    sheet.column_dimensions[letter].width = min(34, max(14, 2 * len(head) + 4))
    sheet.column_dimensions[letter].number_format = example.number_format = _FORMATS[column.form if column else "text"]
    if column is not None and column.choices:
        _drop_down(sheet, letter, column.choices, column.allowed)


def _example(head: str, column: Column | None) -> str:
    if column is not None:
        return column.example
    return {words.ID: words.EXAMPLE, words.REPLACES: ""}.get(head) or _SUBJECTS.get(head, "")


def _drop_down(sheet: Worksheet, letter: str, choices: Sequence[str], allowed: str) -> None:
    rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True, showErrorMessage=True)
    rule.error, rule.errorTitle = allowed, "不在可选范围内"
    rule.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.add_data_validation(rule)
