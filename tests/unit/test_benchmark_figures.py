"""What the benchmark makes of what it measured, and the work that it measures with."""

from collections import Counter

import pytest

from shared.envelope import Event, judge
from tests.benchmarks.lap import Lap
from tests.benchmarks.latency import Delay, Percentiles
from tests.benchmarks.results import Goal, goals, growth, milliseconds, rate, ratio
from tests.benchmarks.workload import Work

_WORK = Work(events=2_000, projects=200)


def test_every_event_of_the_work_is_one_that_the_ledger_accepts() -> None:
    verdicts = [judge(subject, payload) for subject, payload in _WORK.messages()]

    assert all(isinstance(verdict, Event) for verdict in verdicts)
    assert len({verdict.id for verdict in verdicts}) == 2_000


def test_each_project_gets_the_five_kinds_and_then_funds_again() -> None:
    kinds: dict[str, list[str]] = {}
    for subject, _ in _WORK.messages():
        _, _, _, project, kind = subject.split(".")
        kinds.setdefault(project, []).append(kind)

    wanted = ["registered", "claimed", "timetable-set", "signed", *["funds-arrived"] * 6]
    assert list(kinds.values()) == [wanted] * 200


def test_an_event_of_the_work_has_about_480_bytes() -> None:
    sizes = [len(payload) for _, payload in _WORK.messages()]

    assert sum(sizes) / len(sizes) == pytest.approx(480, abs=10)


def test_the_work_is_the_same_every_time_and_mixes_projects() -> None:
    messages = list(_WORK.messages())

    assert messages == list(_WORK.messages())
    in_one_batch = Counter(subject.split(".")[3] for subject, _ in messages[:100])
    assert len(in_one_batch) > 50


def test_a_ratio_is_of_rows_in_the_same_round() -> None:
    # In the second round the machine was half as fast: the rates differ, the ratio does not.
    rounds = [{"ledger": Lap(300, 1.0), "raw": Lap(100, 1.0)}, {"ledger": Lap(300, 2.0), "raw": Lap(100, 2.0)}]

    assert rate(rounds, "ledger") == 225
    assert ratio(rounds, "ledger", "raw") == 3


def test_what_was_not_measured_has_no_ratio_and_no_goal_is_met_by_it() -> None:
    rounds = [{"raw": Lap(100, 1.0)}]

    assert ratio(rounds, "ledger", "raw") is None
    assert {goal.met for goal in goals(rounds)} == {None}


def test_a_percentile_that_one_round_did_not_reach_is_none() -> None:
    def delay(p99: float | None) -> Delay:
        percentiles = Percentiles(1.0, p99)
        return Delay(1_000, 200.0, percentiles, percentiles, percentiles, 0, 1.0)

    rounds = [{"latency-200": delay(4.0)}, {"latency-200": delay(None)}]

    assert milliseconds(rounds, "latency-200", lambda one: one.row.p50) == 1.0
    assert milliseconds(rounds, "latency-200", lambda one: one.row.p99) is None


@pytest.mark.parametrize(("value", "at_most", "met"), [(1.0, False, True), (0.9, False, False), (0.9, True, True)])
def test_a_goal_is_met_from_its_bound_on(value: float, at_most: bool, met: bool) -> None:
    assert Goal("any", 1.0, value, at_most).met is met


def test_memory_that_grows_is_a_ratio_and_a_lap_without_all_marks_has_none() -> None:
    whole, cut = Lap(100, 1.0, memory={"10": 100.0, "50": 105.0, "100": 110.0}), Lap(100, 1.0, memory={"10": 100.0})

    assert growth([{"memory": whole}], "memory") == pytest.approx(1.1)
    assert growth([{"memory": cut}], "memory") is None
