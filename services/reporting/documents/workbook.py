"""A bulletin as a workbook: the figures as numbers, with charts of Excel's own, and every fact behind them."""

import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.legend import Legend
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from services.reporting.documents.lists import Value, lists, number
from services.reporting.documents.packing import printable, repacked
from services.reporting.domain import bulletin_words as say
from services.reporting.domain.bulletin import Document

_HEAD = PatternFill("solid", fgColor="DDE6F0")
_WIDEST = 48


def workbook_bytes(bulletin: Document) -> bytes:
    """The workbook, from what is frozen in the bulletin alone."""
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101 - a new workbook has one
    _targets(first, bulletin)
    _months(book.create_sheet("分月进度"), bulletin)
    _rates(book.create_sheet("项目转化"), bulletin)
    _clusters(book.create_sheet("产业集群"), bulletin)
    for one in lists(bulletin):
        _table(book.create_sheet(one.name), 1, one.columns, one.rows)
    _about(book.create_sheet("口径和核验"), bulletin)
    for sheet in book.worksheets:
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToHeight = 0
    book.properties.title, book.properties.creator = printable(bulletin["report"]["title"]), "Luodi"
    book.properties.created = datetime.fromisoformat(bulletin["known_by"]).replace(tzinfo=None)
    packed = io.BytesIO()
    book.save(packed)
    return repacked(packed.getvalue(), bulletin)


def _targets(sheet: Worksheet, bulletin: Document) -> None:
    sheet.title = "目标任务"
    _write(sheet, 1, [bulletin["report"]["title"]])
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    columns = (
        "指标",
        "单位",
        "全年目标",
        "完成数",
        "完成率（%）",
        "序时进度（%）",
        "超欠序时（百分点）",
        "亮灯",
        "项目数",
        "金额（元）",
    )
    rows = [
        (
            *(line["title"], line["unit"], number(line["target"]), number(line["actual"])),
            *(number(line["completion_pct"]), Decimal(line["elapsed_pct"]), number(line["lead_points"])),
            *(say.LIGHTS.get(line["light"], "—"), line["projects"], Decimal(line["amount"])),
        )
        for line in bulletin["indicators"]
    ]
    _table(sheet, 3, columns, rows)
    last = 3 + len(rows)
    chart = BarChart()
    chart.type, chart.title, chart.height, chart.width = "bar", "完成率与序时进度（%）", 9, 22
    chart.add_data(Reference(sheet, min_col=5, max_col=6, min_row=3, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=4, max_row=last))
    # The first indicator on top, as in the table.
    chart.x_axis.scaling.orientation = "maxMin"
    _visible(chart)
    chart.dataLabels = DataLabelList()
    chart.dataLabels.showVal = True
    for other in ("showSerName", "showCatName", "showLegendKey", "showPercent"):
        setattr(chart.dataLabels, other, False)
    sheet.add_chart(chart, f"A{last + 3}")


def _months(sheet: Worksheet, bulletin: Document) -> None:
    lines = bulletin["indicators"]
    columns = ("截至", "序时进度（%）", *(f"{line['title']}完成率（%）" for line in lines))
    columns += tuple(f"{line['title']}（{line['unit']}）" for line in lines)
    rows = []
    for month in bulletin["series"]:
        found = [month["indicators"].get(line["code"], {}) for line in lines]
        percentages = (number(one.get("completion_pct")) for one in found)
        actual = (number(one.get("actual")) for one in found)
        rows.append((month["through"], Decimal(month["elapsed_pct"]), *percentages, *actual))
    _table(sheet, 1, columns, rows)
    chart = LineChart()
    chart.title, chart.height, chart.width = "各月累计完成率（%）", 10, 24
    chart.add_data(
        Reference(sheet, min_col=2, max_col=2 + len(lines), min_row=1, max_row=1 + len(rows)), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=1 + len(rows)))
    for line in chart.series:
        line.smooth = False
    _visible(chart)
    sheet.add_chart(chart, f"A{len(rows) + 4}")


def _rates(sheet: Worksheet, bulletin: Document) -> None:
    columns = ("比率", "数值（%）", "分母项目数", "分子项目数", "分母金额（元）", "分子金额（元）", "其中已终止")
    rows = [
        (
            *(one["title"], number(one["pct"]), one["cohort"], one["done"]),
            *(Decimal(one["cohort_amount"]), Decimal(one["done_amount"]), one["terminated"]),
        )
        for one in bulletin["ratios"]
    ]
    _table(sheet, 1, columns, rows)


def _clusters(sheet: Worksheet, bulletin: Document) -> None:
    projects = bulletin["landscape"]["projects"]
    names = sorted({one["cluster"] or say.NO_CLUSTER for one in projects})
    groups = list(say.GROUPS)
    rows = []
    for name in names:
        those = [one for one in projects if (one["cluster"] or say.NO_CLUSTER) == name]
        counts = (sum(1 for one in those if one["stage"] in say.GROUPS[group]) for group in groups)
        agreed = (Decimal(one["contract_amount"] or 0) for one in those if one["stage"] != "terminated")
        rows.append((name, *counts, sum(agreed, Decimal(0))))
    _table(sheet, 1, ("产业集群", *groups, "合同金额（元）"), rows)
    if not rows:
        return
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap = "col", "stacked", 100
    chart.title, chart.height, chart.width = "各产业集群项目所处阶段（个）", 10, 24
    chart.add_data(
        Reference(sheet, min_col=2, max_col=1 + len(groups), min_row=1, max_row=1 + len(rows)), titles_from_data=True
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=1 + len(rows)))
    _visible(chart)
    sheet.add_chart(chart, f"A{len(rows) + 4}")


def _about(sheet: Worksheet, bulletin: Document) -> None:
    said = [
        *(("通报编号", bulletin["number"]), ("区划代码", bulletin["district"]), ("截至", bulletin["through"])),
        *(("已入账截至", bulletin["known_by"]), ("口径版本", bulletin["definitions"]["version"])),
        ("根摘要（SHA-256）", bulletin["root"]),
        *(("说明", note) for note in bulletin["report"]["notes"]),
        *(("口径全文", line) for line in bulletin["definitions"]["text"].splitlines()),
    ]
    for place, row in enumerate(said, 1):
        _write(sheet, place, row)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 120


def _table(sheet: Worksheet, top: int, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    _write(sheet, top, columns)
    for cell in sheet[top]:
        cell.font, cell.fill = Font(bold=True), _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    for place, row in enumerate(rows, top + 1):
        _write(sheet, place, row)
    for place, name in enumerate(columns):
        longest = max((_width(row[place]) for row in rows), default=0)
        wanted = max(longest, min(_width(name), 16)) + 2
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(_WIDEST, wanted)
    sheet.row_dimensions[top].height = 32
    sheet.freeze_panes = f"A{top + 1}"


def _write(sheet: Worksheet, row: int, values: Sequence[Value]) -> None:
    for place, value in enumerate(values, 1):
        if value is None:
            continue
        cell = sheet.cell(row, place, printable(value) if isinstance(value, str) else value)
        if isinstance(value, Decimal):
            # As it is printed elsewhere, zeros included.
            decimals = max(0, -int(value.as_tuple().exponent))
            cell.number_format = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
        if isinstance(value, str):
            # Else a project named =… would be a formula.
            cell.data_type = "s"


def _width(value: Value) -> int:
    text = f"{value:,}" if isinstance(value, Decimal) else str(value if value is not None else "")
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _visible(chart: BarChart | LineChart) -> None:
    # The library's default hides the axes.
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.legend = Legend()
    chart.legend.position = "b"
