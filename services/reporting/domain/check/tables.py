"""Finds the claims of a table: per row what was done as percent of the target, and sums below a column."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from services.reporting.domain.check.numerals import ARABIC, arabic
from services.reporting.domain.check.prose import Sentence, fold
from services.reporting.domain.check.quantities import Kind, Quantity
from services.reporting.domain.check.readings import Candidate, ClaimKind, Reading, ratio, total

_NUMBER = re.compile(rf"\s*(?P<number>{ARABIC})\s*(?P<percent>%)?\s*")
_HEADS = {
    "percent": re.compile(
        r"(?:目标|任务|计划)*(?:完成|达成)(?:目标|任务|计划)*(?:率|比例|进度|百分比|占比)(?:（%）|%)?"
    ),
    "asked": re.compile(r"(?:全年|年度|市下达|市级)*(?:目标|任务|计划)+(?:任务|数|值|额)*(?P<unit>（[^（）]{1,6}）)?"),
    "done": re.compile(
        r"(?:T|累计|实际|本年|全年|截至目前|\d{1,2}-\d{1,2}月)*(?:完成|到位|实绩|实际)+(?:数|值|额|情况|资金)*(?P<unit>（[^（）]{1,6}）)?"
    ),
}
_MONEY = {"亿元": 10**8, "万元": 10**4, "元": 1}
_TOTAL = re.compile(r"\s*(?P<sure>合\s*计|总\s*计)?(?:全\s*(?:区|县|市))?\s*")
_NOT_PARTS = re.compile("其中|小计|#|平均")
_COLUMNS_MOST = 40
_ROWS_MOST = 500


@dataclass(frozen=True, slots=True)
class _Cell:
    start: int
    text: str


_Row = Sequence[_Cell]


def table_claims(text: str) -> Iterator[Candidate]:
    """Every claim of the tables in a text: consecutive lines whose cells are divided by tabs, below a row of heads."""
    rows, offset = [], 0
    for line in text.split("\n"):
        rows.append(_cells(fold(line.replace("\t", "\x1f")), offset) if "\t" in line else ())
        offset += len(line) + 1
    for is_table, block in groupby(rows, key=bool):
        table = list(block)
        if is_table and 1 < len(table) <= _ROWS_MOST and len(table[0]) <= _COLUMNS_MOST:
            yield from _claims(table[0], table[1:])


def _cells(line: str, offset: int) -> list[_Cell]:
    cells = []
    for text in line.split("\x1f"):
        cells.append(_Cell(offset, text))
        offset += len(text) + 1
    return cells


def _claims(heads: _Row, rows: Sequence[_Row]) -> Iterator[Candidate]:
    columns = {name: _column(heads, pattern) for name, pattern in _HEADS.items()}
    whole = [row for row in rows if len(row) == len(heads)]
    percent, asked, done = columns["percent"], columns["asked"], columns["done"]
    if percent and asked and done and asked[1] == done[1]:
        for row in whole:
            yield from _completion(row, percent[0], asked, done)
    # Rows that are not whole have merged cells: which rows a sum takes in is then not for certain.
    if len(whole) == len(rows):
        for column in (asked, done):
            if column:
                yield from _sum(rows, column)


def _column(heads: _Row, pattern: re.Pattern[str]) -> tuple[int, str] | None:
    """The only column with such a head, and its unit; None when there is none or a choice."""
    found = [(place, match) for place, head in enumerate(heads) if (match := pattern.fullmatch(head.text.strip()))]
    if len(found) != 1:
        return None
    place, match = found[0]
    unit = match.groupdict().get("unit") or ""
    return place, unit.strip("（）")


def _completion(row: _Row, percent: int, asked: tuple[int, str], done: tuple[int, str]) -> Iterator[Candidate]:
    result = _quantity(row[percent], "%")
    target, value = _quantity(row[asked[0]], asked[1]), _quantity(row[done[0]], done[1])
    if result and target and value and target.dimension == value.dimension:
        reading = Reading(ratio, (value, target), certain=True)
        yield Candidate(ClaimKind.COMPLETION, result, (reading,), _of([result, target, value]), in_table=True)


def _sum(rows: Sequence[_Row], column: tuple[int, str]) -> Iterator[Candidate]:
    """A row called 合计, first or last, is the sum of all others, where none is a part of another."""
    totals = [place for place, row in enumerate(rows) if any(map(_total, row[:2]))]
    if len(totals) != 1 or totals[0] not in {0, len(rows) - 1} or any(_NOT_PARTS.search(row[0].text) for row in rows):
        return
    cells = [_quantity(row[column[0]], column[1]) for row in rows]
    parts = [cell for place, cell in enumerate(cells) if place != totals[0] and cell is not None]
    result = cells[totals[0]]
    if result is None or len(parts) != len(rows) - 1 or len(parts) < 2:
        return
    if {one.dimension for one in parts} == {result.dimension}:
        # 全区 may be more than the rows beside it; 合计 is them.
        certain = any(match and match["sure"] for match in map(_total, rows[totals[0]][:2]))
        yield Candidate(ClaimKind.SUM, result, (Reading(total, tuple(parts), certain),), _of([result]), in_table=True)


def _total(cell: _Cell) -> re.Match[str] | None:
    return _TOTAL.fullmatch(cell.text) if cell.text.strip() else None


def _quantity(cell: _Cell, unit: str) -> Quantity | None:
    match = _NUMBER.fullmatch(cell.text)
    if match is None or (match["percent"] and unit != "%"):
        return None
    start = cell.start + match.start("number")
    end = cell.start + max(match.end("number"), match.end("percent"))
    number: Decimal = arabic(match["number"])
    # Of a column without a unit nobody knows what it counts; whole numbers may be rounded amounts.
    kind = Kind.PERCENT if unit == "%" else Kind.COUNT if unit and unit not in _MONEY else Kind.MONEY
    return Quantity(start, end, kind, match["number"], number, unit, _MONEY.get(unit, 1))


def _of(figures: Sequence[Quantity]) -> Sentence:
    ordered = tuple(sorted(figures, key=lambda one: one.start))
    return Sentence("".join(one.kind.value for one in ordered), tuple(range(len(ordered))), ordered)
