"""The wall chart as lengths and words: what the page draws, worked out before it draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.reporting import wording
from services.reporting.board import Board
from services.reporting.desk import Report
from services.reporting.domain.progress import NOTHING, Progress
from services.reporting.domain.question import Question

# The bars' track reaches this far beyond the target, in percent of the target; longer bars are cut there, and say so.
_TRACK = Decimal(125)
FULL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Row:
    """An indicator's row; `done` and `over` are lengths in percent of the track, up to the target and beyond it.

    `line_at` is where 序时进度 of its own year lies on the track.
    """

    line: Progress
    lead: str
    light: str
    done: Decimal
    over: Decimal
    cut: bool
    line_at: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the board."""

    name: str
    projects: int
    amount: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class Late:
    """A project whose longest overdue milestone is shown."""

    project: str
    name: str
    what: str
    due: str
    days: int
    official: str
    unit: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A district's line where all are side by side."""

    code: str
    name: str
    lacking: bool
    lines: Sequence[Progress]


@dataclass(frozen=True, slots=True)
class Group:
    """Projects under one heading; without a name there is none."""

    name: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step of a project's timetable; `state` is kept, missed or open."""

    name: str
    due: str | None
    said: str
    state: str


@dataclass(frozen=True, slots=True)
class Month:
    """A link to the end of a month; `begun` is whether any day of it has come."""

    name: str
    through: date
    chosen: bool
    begun: bool


def rows(report: Report) -> list[Row]:
    """The rows of a report."""
    return [_row(line) for line in report.indicators]


def line_of_time(report: Report) -> Decimal:
    """序时进度 as the whole chart has it: that of its indicators, or the calendar's where their years differ."""
    own = {line.elapsed_pct for line in report.indicators}
    return own.pop() if len(own) == 1 else report.elapsed_pct


def at(pct: Decimal) -> Decimal:
    """Where a percentage of the target lies on the track, in percent of the track."""
    return (min(pct, _TRACK) * 100 / _TRACK).quantize(Decimal("0.01"))


def steps(board: Board, names: Mapping[str, str]) -> list[Step]:
    """The named stages in their order; `share` is a bar's length in percent of the fullest of all stages."""
    tallies = [(name, board.stages.get(code, NOTHING)) for code, name in names.items()]
    most = max((tally.projects for tally in board.stages.values()), default=1)
    return [
        Step(
            name,
            tally.projects,
            wording.money(tally.amount) if tally.amount else "",
            Decimal(100 * tally.projects) / most,
        )
        for name, tally in tallies
    ]


def late(board: Board, day: date) -> list[Late]:
    """The late projects, as of a day."""
    return [
        Late(
            row["project"],
            row["name"] or row["project"],
            wording.milestone(row["milestone"]),
            wording.month_day(row["due"]) if row["due"].year == day.year else wording.day(row["due"]),
            (day - row["due"]).days,
            row["lead_official"] or "未明确",
            row["lead_unit"] or "未明确",
        )
        for row in board.late
    ]


def beside(reports: Sequence[Report], name: Callable[[str], str]) -> list[Beside]:
    """The districts' lines."""
    return [Beside(one.district, name(one.district), bool(one.gaps), one.indicators) for one in reports]


def one_group(rows: Sequence[Mapping[str, Any]]) -> list[Group]:
    """All under no heading; nothing when there are none."""
    return [Group("", rows)] if rows else []


def by_official(rows: Sequence[Mapping[str, Any]]) -> list[Group]:
    """By the official who answers for them, the one with the most first; within, in the order given."""
    officials: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        officials.setdefault(row["lead_official"] or "挂包领导未明确", []).append(row)
    return [Group(name, mine) for name, mine in sorted(officials.items(), key=lambda one: -len(one[1]))]


def plan(record: Mapping[str, Any], today: date) -> list[Milestone]:
    """The timetable of a record, in the order of a project's life."""
    found = record.get("milestones") or {}
    return [_milestone(code, found[code], today) for code in wording.STAGES if isinstance(found.get(code), dict)]


def anomalies(record: Mapping[str, Any]) -> list[str]:
    """What was accepted and is out of rule, each thing once."""
    return list(dict.fromkeys(str(one.get("text")) for one in record.get("anomalies") or [] if isinstance(one, dict)))


def _milestone(code: str, state: Mapping[str, Any], today: date) -> Milestone:
    due, on = state.get("due"), state.get("on")
    name = wording.milestone(code)
    if on:
        late = bool(due) and str(on) > str(due)
        return Milestone(name, due, f"{on} 完成" + ("（逾期）" if late else ""), "kept")
    if due and str(due) < today.isoformat():
        return Milestone(name, due, f"已逾期 {(today - date.fromisoformat(str(due))).days} 天", "missed")
    return Milestone(name, due, "未到期限", "open")


def months(asked: Question, year_begins: str, today: date) -> Sequence[Month]:
    """The twelve ends of months of the asked year, which begins so."""
    whole = replace(asked, through=date(asked.year, 12, 31)).month_ends(year_begins)
    ends = [one.through for one in whole]
    return [Month(f"{end.month}月", end, end == asked.through, end.replace(day=1) <= today) for end in ends]


def _row(line: Progress) -> Row:
    pct = line.completion_pct or Decimal(0)
    done = at(min(pct, FULL))
    return Row(
        line=line,
        lead=wording.lead(line),
        light=wording.LIGHTS[line.light] if line.light else "",
        done=done,
        over=at(pct) - done,
        cut=pct > _TRACK,
        line_at=at(line.elapsed_pct),
    )
