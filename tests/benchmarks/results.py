"""What the rounds gave: medians, ratios between rows of the same round, and all of it as JSON."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks import figures
from tests.benchmarks.asking import Answers, Wait
from tests.benchmarks.lap import Lap
from tests.benchmarks.latency import Delay
from tests.benchmarks.measurements import Measurement

Rounds = Sequence[Mapping[str, Lap | Delay | Answers]]
"""For each round, what each measurement of it gave."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio or a delay that we want, and whether it is so: `value` is None when it was not measured."""

    sentence: str
    wanted: float
    value: float | None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted


def laps(rounds: Rounds, name: str) -> list[Lap]:
    """Every lap of a row."""
    return [one for results in rounds if isinstance(one := results.get(name), Lap)]


def delays(rounds: Rounds, name: str) -> list[Delay]:
    """Every delay of a row."""
    return [one for results in rounds if isinstance(one := results.get(name), Delay)]


def rate(rounds: Rounds, name: str) -> float | None:
    """The median events a second of a row."""
    return _median([lap.rate for lap in laps(rounds, name)])


def ratio(rounds: Rounds, name: str, other: str) -> float | None:
    """The median, over the rounds, of one row's events a second by another's in the same round."""
    pairs = [(results.get(name), results.get(other)) for results in rounds]
    return _median([one.rate / two.rate for one, two in pairs if isinstance(one, Lap) and isinstance(two, Lap)])


def milliseconds(rounds: Rounds, name: str, pick: Callable[[Delay], float | None]) -> float | None:
    """The median over the rounds of one percentile; None when a round has none."""
    picked = [pick(one) for one in delays(rounds, name)]
    return _median([one for one in picked if one is not None]) if all(one is not None for one in picked) else None


def answers(rounds: Rounds, name: str) -> list[Answers]:
    """What was answered in every round of a row."""
    return [one for results in rounds if isinstance(one := results.get(name), Answers)]


def waited(rounds: Rounds, name: str, asked: str, pick: Callable[[Wait], float]) -> float | None:
    """The median over the rounds of one figure of what was asked."""
    return _median([pick(one.waits[asked]) for one in answers(rounds, name) if asked in one.waits])


def growth(rounds: Rounds, name: str) -> float | None:
    """The median of a row's memory at the end by its memory after a tenth of the events."""
    return _median(
        [lap.memory["100"] / lap.memory["10"] for lap in laps(rounds, name) if {"10", "100"} <= set(lap.memory)]
    )


def goals(rounds: Rounds) -> list[Goal]:
    """What we want of the ledger, and where it is."""
    return [
        Goal("ledger, 1 process ÷ raw loop", 1.0, ratio(rounds, "ledger", "raw")),
        Goal("ledger, 4 processes ÷ raw loop", 3.0, ratio(rounds, "ledger-4", "raw")),
        Goal("ledger, 1 process ÷ FastStream, a transaction an event", 10.0, ratio(rounds, "ledger", "per-message")),
        Goal("ledger, 1 process ÷ eventsourcing", 10.0, ratio(rounds, "ledger", "eventsourcing")),
        Goal("rebuild of the archive, events/s", 150_000, rate(rounds, "rebuild")),
        Goal("memory after a million events ÷ after a tenth", 1.1, growth(rounds, "memory"), True),
        Goal("published → record at 200/s, p50 ms", 5.0, milliseconds(rounds, "latency-200", _record_p50), True),
        Goal("published → record at 200/s, p99 ms", 20.0, milliseconds(rounds, "latency-200", _record_p99), True),
        *_of_reporting(rounds),
    ]


def _of_reporting(rounds: Rounds) -> list[Goal]:
    def p99(asked: str) -> float | None:
        return waited(rounds, "reporting", asked, lambda one: one.p99)

    caught_up = rate(rounds, "catch-up")
    unchanged = waited(rounds, "reporting", figures.UNCHANGED, lambda one: one.rate)
    return [
        Goal("progress over a million facts, p99 ms", 10.0, p99(figures.NOW), True),
        Goal("progress as of an instant, p99 ms", 150.0, p99(figures.AS_OF), True),
        Goal("published → changed figure, p99 ms", 100.0, p99(figures.CHANGED), True),
        Goal("progress with ETag on 2 cores, answers/s", 500.0, unchanged),
        Goal("catch-up of 100,000 projects, minutes", 5.0, caught_up and 100_000 / caught_up / 60, True),
    ]


def document(rows: Sequence[Measurement], rounds: Rounds, machine: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Everything, as values for a JSON writer."""
    return {
        "command": command,
        "machine": dict(machine),
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals(rounds)],
        "rows": [
            {
                "name": row.name,
                "title": row.title,
                "note": row.note,
                "events_per_second": rate(rounds, row.name),
                "ratio_to_raw": ratio(rounds, row.name, "raw"),
                "rounds": [asdict(results[row.name]) for results in rounds if row.name in results],
            }
            for row in rows
        ],
    }


def _record_p50(one: Delay) -> float | None:
    return one.record.p50 if one.record else None


def _record_p99(one: Delay) -> float | None:
    return one.record.p99 if one.record else None


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
