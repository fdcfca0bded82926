"""An answer laid out as a table: CSV, or a workbook of one sheet."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from shared.clock import BUSINESS_ZONE

Rows = Sequence[Mapping[str, Any]]

# A spreadsheet takes a text that begins so for a formula, and what it says was typed by whoever published it.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def csv_bytes(rows: Rows) -> bytes:
    """The rows under their names, in UTF-8 with a mark."""
    names = _names(rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_text(row.get(name)) for name in names] for row in rows)
    # The mark by which spreadsheets know that it is UTF-8.
    return text.getvalue().encode("utf-8-sig")


def workbook_bytes(rows: Rows) -> bytes:
    """The rows under their names; numbers as numbers, and no text as a formula."""
    names = _names(rows)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("luodi")
    sheet.freeze_panes = "A2"
    heads = [WriteOnlyCell(sheet, name) for name in names]
    for cell in heads:
        cell.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_cell(sheet, row.get(name)) for name in names])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        # A workbook knows no offsets.
        return WriteOnlyCell(sheet, value.astimezone(BUSINESS_ZONE).replace(tzinfo=None))
    if value is None or isinstance(value, bool | int | Decimal | date):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", _plain_text(value)))
    cell.data_type = "s"
    return cell


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | int | date):
        return value.isoformat() if isinstance(value, date) else str(value).lower()
    text = _plain_text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
