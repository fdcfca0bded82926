"""The results as tables for a terminal."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.benchmarks.lap import Lap
from tests.benchmarks.measurements import Measurement
from tests.benchmarks.results import Goal, Rounds, answers, delays, goals, laps, milliseconds, rate, ratio

_MARKS = ("10", "50", "100")
_NARROWEST = 118


def show(console: Console, rows: Sequence[Measurement], rounds: Rounds, machine: Mapping[str, Any]) -> None:
    """Print what was measured: ratios first, then speed, then delays."""
    # A narrow terminal breaks the lines; to shorten the figures would lose them.
    console.width = max(console.width, _NARROWEST)
    if wanted := [goal for goal in goals(rounds) if goal.value is not None]:
        console.print(_goals(wanted))
    if fast := [row for row in rows if laps(rounds, row.name)]:
        console.print(_speeds(fast, rounds))
        for row in fast:
            if note := _note(row, laps(rounds, row.name)):
                console.print(f"  {row.title}: {note}", highlight=False)
    if timed := [row for row in rows if delays(rounds, row.name)]:
        console.print(_delays(timed, rounds))
    if asked := [row for row in rows if answers(rounds, row.name)]:
        console.print(_answers(asked, rounds))
    console.print(
        f"\n{machine['cores']} cores, {machine['cpu']}; Python {machine['python']}; fdatasync "
        f"{machine['fdatasync_us']} µs, one addition {machine['addition_ns']} ns, load {machine['load']} before",
        highlight=False,
    )


def _goals(wanted: Sequence[Goal]) -> Table:
    table = _table("Ratios and delays that we want; ratios are of rows in the same round", "goal")
    for heading in ("wanted", "measured", ""):
        table.add_column(heading, justify="right")
    for goal in wanted:
        sign = "[green]met[/]" if goal.met else "[red]not met[/]"
        digits = 0 if goal.wanted > 1_000 else 2
        bound = f"{'≤' if goal.at_most else '≥'} {goal.wanted:,g}"
        table.add_row(goal.sentence, bound, _number(goal.value, digits), sign)
    return table


def _speeds(rows: Sequence[Measurement], rounds: Rounds) -> Table:
    table = _table(
        "Events a second; µs of CPU an event in the program, Postgres and NATS; its memory at 10, 50 and 100 %", "row"
    )
    for heading in ("events", "median/s", "from", "to", "÷ raw", "program", "Postgres", "NATS", "MB", "load"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.title, *_speed(row, rounds))
    return table


def _speed(row: Measurement, rounds: Rounds) -> list[str]:
    every = laps(rounds, row.name)
    rates = [lap.rate for lap in every]
    memory = every[-1].memory
    return [
        f"{every[-1].events:,}",
        _number(rate(rounds, row.name), 0),
        f"{min(rates):,.0f}",
        f"{max(rates):,.0f}",
        _number(ratio(rounds, row.name, "raw"), 2),
        *(f"{statistics.median(lap.cost(part) for lap in every):,.0f}" for part in every[0].cores),
        "/".join(f"{memory[mark]:.0f}" if mark in memory else "–" for mark in _MARKS),
        f"{statistics.median(lap.load for lap in every):.1f}",
    ]


def _delays(rows: Sequence[Measurement], rounds: Rounds) -> Table:
    table = _table("Milliseconds after publishing, p50 / p99", "row")
    for heading in ("stored on EVENTS", "row in Postgres", "record on LEDGER", "events/s", "not seen", "load"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row.title, *_delay(row.name, rounds))
    return table


def _delay(name: str, rounds: Rounds) -> list[str]:
    every = delays(rounds, name)
    return [
        _both(rounds, name, "stored"),
        _both(rounds, name, "row"),
        _both(rounds, name, "record") if every[0].record else "publishes none",
        f"{statistics.median(one.rate for one in every):,.0f}",
        f"{sum(one.unseen for one in every)}",
        f"{statistics.median(one.load for one in every):.1f}",
    ]


def _answers(rows: Sequence[Measurement], rounds: Rounds) -> Table:
    table = _table("Progress of a district: milliseconds until the answer", "row")
    for heading in ("asked", "answers", "p50", "p99", "answers/s", "load"):
        table.add_column(heading, justify="left" if heading == "asked" else "right")
    for row in rows:
        for one in answers(rounds, row.name):
            for asked, wait in one.waits.items():
                figures = (_number(wait.p50, 1), _number(wait.p99, 1), _number(wait.rate, 0), f"{one.load:.1f}")
                table.add_row(row.title, asked, f"{wait.count:,}", *figures)
    return table


def _both(rounds: Rounds, name: str, stage: str) -> str:
    def pick(percentile: str) -> float | None:
        return milliseconds(rounds, name, lambda one: getattr(getattr(one, stage), percentile))

    return f"{_number(pick('p50'), 1)} / {_number(pick('p99'), 1)}"


def _note(row: Measurement, every: Sequence[Lap]) -> str:
    parts = [lap for lap in every if not lap.whole]
    return f"{row.note}; time was up after {min(lap.events for lap in parts):,} events" if parts else row.note


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    return table
