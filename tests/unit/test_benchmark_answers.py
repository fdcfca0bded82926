"""What the benchmark makes of reporting's answers, and the records that it lets reporting read."""

from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime

import pytest

from services.reporting.records import Delivery, Read, read
from tests.benchmarks import figures
from tests.benchmarks.asking import Answers, Wait, wait
from tests.benchmarks.catchup import record
from tests.benchmarks.results import goals, waited


def test_a_wait_is_half_way_and_nearly_at_the_end_of_the_answers_in_order_of_their_time() -> None:
    taken = [number / 1000 for number in range(100, 0, -1)]

    assert astuple(wait(taken, 2.0)) == pytest.approx((100, 50.0, 51.0, 100.0))


def test_the_slowest_of_few_answers_is_their_p99() -> None:
    assert wait([0.001, 0.009], 1.0).p99 == pytest.approx(9)


@pytest.mark.parametrize("asked", [figures.as_known_now, figures.as_known_then])
def test_no_question_is_asked_twice_so_that_none_is_answered_with_a_kept_answer(
    asked: Callable[[int], list[str]],
) -> None:
    assert len(set(asked(500))) == 500


def test_goals_of_reporting_are_met_by_its_answers_alone() -> None:
    quick, slow = Wait(1_000, 600.0, 1.0, 9.0), Wait(1_000, 400.0, 20.0, 200.0)
    names = (figures.NOW, figures.AS_OF, figures.CHANGED, figures.UNCHANGED)

    for one, met in ((quick, True), (slow, False)):
        rounds = [{"reporting": Answers(dict.fromkeys(names, one), 1.0)}]
        assert [goal.met for goal in goals(rounds) if goal.value is not None] == [met] * 4


def test_what_a_round_did_not_ask_does_not_count() -> None:
    rounds = [{"reporting": Answers({figures.NOW: Wait(10, 10.0, 1.0, 2.0)}, 1.0)}, {"reporting": Answers({}, 1.0)}]

    assert waited(rounds, "reporting", figures.NOW, lambda one: one.p99) == 2.0
    assert waited(rounds, "reporting", figures.AS_OF, lambda one: one.p99) is None


@pytest.mark.parametrize("number", [1, 199, 200, 20_000])
def test_reporting_reads_every_record_that_it_is_to_catch_up_with(number: int) -> None:
    sent = record(number)
    found = read(Delivery(sent.subject, sent.payload, datetime(2026, 1, 1, tzinfo=UTC), number))

    assert isinstance(found, Read)
    assert len(found.facts) == 10
