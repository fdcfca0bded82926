"""Finds the claims of a table: per row percentages of targets, rates, growth and leads, and sums below a column."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from services.reporting.domain.check.heads import Column, Columns, columns_of
from services.reporting.domain.check.prose import Sentence, fold
from services.reporting.domain.check.quantities import Kind, Quantity, quantities
from services.reporting.domain.check.readings import (
    Candidate,
    ClaimKind,
    Formula,
    Reading,
    difference,
    elapsed_lines,
    growth,
    ratio,
    total,
)

_TOTAL = re.compile(r"\s*(?P<sure>合\s*计|总\s*计)?(?:全\s*(?:区|县|市))?\s*")
_NOT_PARTS = re.compile("其中|小计|#|平均")
_SIGNED = {Kind.PERCENT, Kind.POINTS}
_MONEY = {"亿元": 10**8, "万元": 10**4, "元": 1}
_KINDS = {"%": Kind.PERCENT, "个百分点": Kind.POINTS}
_COLUMNS_MOST = 40
_ROWS_MOST = 500


@dataclass(frozen=True, slots=True)
class _Cell:
    start: int
    text: str

    @property
    def figure(self) -> Quantity | None:
        """The one figure that the cell holds, without its sign, if there is nothing else in it."""
        plain = re.sub(r"^(\s*)[-+]", r"\1 ", self.text)
        found = list(quantities(plain))
        alone = len(found) == 1 and plain.strip() == plain[found[0].start : found[0].end]
        return found[0] if alone and found[0].digits and found[0].kind is not Kind.PERIOD else None


_Row = Sequence[_Cell]


def table_claims(text: str, periods: frozenset[Fraction | None] = frozenset()) -> Iterator[Candidate]:
    """Every claim of the tables in a text: consecutive lines whose cells are divided by tabs, below a row of heads.

    `periods`: the 序时进度, in percent, of the periods that the text names.
    """
    for table in _tables(text):
        if 1 < len(table) <= _ROWS_MOST and len(table[0]) <= _COLUMNS_MOST:
            yield from _claims(table[0], table[1:], periods)


def unread_rows(text: str, found: Sequence[Candidate]) -> int:
    """How many rows below a head hold figures of which not one takes part in a claim."""
    claims = ((claim.result, *(one for reading in claim.readings for one in reading.printed)) for claim in found)
    taken = {one.start for figures in claims for one in figures}
    rows = (row for table in _tables(text) for row in table[1:])
    held = ([cell.start + one.start for cell in row[1:] if (one := cell.figure)] for row in rows)
    return sum(bool(places) and taken.isdisjoint(places) for places in held)


def _tables(text: str) -> Iterator[list[_Row]]:
    rows, offset = list[_Row](), 0
    for line in text.split("\n"):
        rows.append(_cells(fold(line.replace("\t", "\x1f")), offset) if "\t" in line else ())
        offset += len(line) + 1
    yield from (list(block) for is_table, block in groupby(rows, key=bool) if is_table)


def _cells(line: str, offset: int) -> list[_Cell]:
    cells = []
    for text in line.split("\x1f"):
        cells.append(_Cell(offset, text))
        offset += len(text) + 1
    return cells


def _claims(heads: _Row, rows: Sequence[_Row], periods: frozenset[Fraction | None]) -> Iterator[Candidate]:
    columns = columns_of([head.text for head in heads])
    whole = [row for row in rows if len(row) == len(heads)]
    for row in whole:
        yield from _row_claims(row, columns, periods)
    # Rows that are not whole have merged cells: which rows a sum takes in is then not for certain.
    if len(whole) == len(rows):
        for column in columns.summed:
            yield from _sum(rows, column)


def _row_claims(row: _Row, columns: Columns, periods: frozenset[Fraction | None]) -> Iterator[Candidate]:
    for result, part, wholes in columns.ratios:
        kind = ClaimKind.COMPLETION if result is columns.percent else ClaimKind.RATE
        readings = [_reading(row, ratio, part, whole, certain=len(wholes) == 1) for whole in wholes]
        yield from _claim(kind, _quantity(row, result), *readings)
    if columns.growth and columns.now and columns.base:
        reading = _reading(row, growth, columns.now, columns.base, certain=True)
        yield from _claim(ClaimKind.GROWTH, _quantity(row, columns.growth), reading)
    if columns.lead and columns.percent and (done := _quantity(row, columns.percent)):
        sure = len(periods) == 1
        lines = [line for elapsed in periods if elapsed is not None for line in elapsed_lines(elapsed, sure=sure)]
        readings = [
            Reading(difference, (line, done) if columns.lead.reverse else (done, line), certain)
            for line, certain in lines
        ]
        yield from _claim(ClaimKind.LEAD, _quantity(row, columns.lead), *readings)


def _reading(row: _Row, formula: Formula, one: Column, other: Column, *, certain: bool) -> Reading:
    return Reading(formula, tuple(filter(None, (_quantity(row, one), _quantity(row, other)))), certain)


def _claim(kind: ClaimKind, result: Quantity | None, *readings: Reading) -> Iterator[Candidate]:
    """The claim, where every cell that takes part holds a figure, and those that are compared are alike."""
    if result is None or not readings or any(len(one.inputs) < 2 for one in readings):
        return
    figures = [one for reading in readings for one in reading.printed]
    if len({one.dimension for one in figures}) == 1:
        yield Candidate(kind, result, readings, _of([result, *dict.fromkeys(figures)]), in_table=True)


def _sum(rows: Sequence[_Row], column: Column) -> Iterator[Candidate]:
    """A row called 合计, first or last, is the sum of all others, where none is a part of another."""
    totals = [place for place, row in enumerate(rows) if any(map(_total, row[:2]))]
    if len(totals) != 1 or totals[0] not in {0, len(rows) - 1} or any(_NOT_PARTS.search(row[0].text) for row in rows):
        return
    cells = [_quantity(row, column) for row in rows]
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


def _quantity(row: _Row, column: Column) -> Quantity | None:
    """The figure of a row in a column; its unit is the head's where the cell has none."""
    cell = row[column.place]
    one = cell.figure
    if one is None or one.vague or one.kind is Kind.OTHER or (one.unit and column.unit and one.unit != column.unit):
        return None
    unit = one.unit or column.unit
    # Of a column without a unit nobody knows what it counts; whole numbers may be rounded amounts.
    kind = _KINDS.get(unit) or (Kind.COUNT if column.counts or (unit and unit not in _MONEY) else Kind.MONEY)
    number = one.number
    if cell.text.strip().startswith("-"):
        if kind not in _SIGNED:
            return None
        number = -number
    start, end = cell.start + one.start, cell.start + one.end
    return Quantity(start, end, kind, str(number), number, unit, _MONEY.get(unit, 1))


def _of(figures: Sequence[Quantity]) -> Sentence:
    ordered = tuple(sorted(figures, key=lambda one: one.start))
    return Sentence("".join(one.kind.value for one in ordered), tuple(range(len(ordered))), ordered)
