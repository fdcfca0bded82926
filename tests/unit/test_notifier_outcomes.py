"""What becomes of a message after an attempt."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.notifier
from services.notifier.domain.outcomes import (
    MOST_ATTEMPTS,
    Next,
    Outcome,
    Refused,
    Sent,
    TryLater,
    Unclear,
    pause,
    settle,
)
from services.notifier.pages import WORDS

NOW = datetime(2026, 9, 23, 2, 0, tzinfo=UTC)


def test_what_was_sent_is_over() -> None:
    assert settle(Sent("0"), 1, again=False, now=NOW) == Next("sent", NOW, again=False)


def test_what_was_refused_is_dead() -> None:
    assert settle(Refused("93000"), 1, again=False, now=NOW).state == "dead"


def test_what_may_pass_is_tried_again_after_a_pause_that_grows() -> None:
    waits = [settle(TryLater("503"), n, again=False, now=NOW).next_attempt_at - NOW for n in range(1, 10)]
    assert waits[:4] == [timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert max(waits) == timedelta(minutes=30)


def test_a_provider_that_names_a_longer_pause_gets_it() -> None:
    what = settle(TryLater("45009", after=timedelta(seconds=65)), 1, again=False, now=NOW)
    assert what.next_attempt_at == NOW + timedelta(seconds=65)


def test_a_message_that_could_not_be_sent_for_long_is_dead() -> None:
    assert settle(TryLater("503"), MOST_ATTEMPTS - 1, again=False, now=NOW).state == "waiting"
    assert settle(TryLater("503"), MOST_ATTEMPTS, again=False, now=NOW).state == "dead"
    assert sum((pause(attempt) for attempt in range(1, MOST_ATTEMPTS)), timedelta()) > timedelta(hours=20)


def test_what_may_have_arrived_is_sent_once_more_and_never_a_third_time() -> None:
    first = settle(Unclear("ReadTimeout"), 1, again=False, now=NOW)
    assert (first.state, first.again) == ("waiting", True)
    # Whatever kept the answer from us is still there a few seconds later.
    assert first.next_attempt_at == NOW + timedelta(hours=1)
    second = settle(Unclear("ReadTimeout"), 2, again=first.again, now=NOW)
    assert (second.state, second.again) == ("uncertain", True)


def test_every_code_of_our_own_has_words_in_chinese_and_a_line_in_the_docs() -> None:
    sources = Path(services.notifier.__file__).parent.rglob("*.py")
    code = re.compile(r"(?:Refused|TryLater|Unclear)\(\s*\"([a-z-]+)\"")
    codes = {found for source in sources for found in code.findall(source.read_text(encoding="utf-8"))}
    assert {"no-connection", "no-answer", "bad-address", "abandoned"} <= codes
    assert codes <= set(WORDS["code"])
    documented = Path("docs/channels.md").read_text(encoding="utf-8")
    assert {each for each in codes if f"`{each}`" not in documented} == set()


OUTCOMES = st.sampled_from([Sent("0"), TryLater("503"), Refused("93000"), Unclear("ReadTimeout")])


@given(outcomes=st.lists(OUTCOMES, min_size=1, max_size=300))
def test_a_message_arrives_at_most_twice_whatever_the_provider_does(outcomes: list[Outcome]) -> None:
    now, again, arrivals = NOW, False, 0
    for attempt, outcome in enumerate(outcomes, start=1):
        arrivals += isinstance(outcome, Sent | Unclear)
        what = settle(outcome, attempt, again, now)
        assert what.again >= again
        if what.state != "waiting":
            break
        assert what.next_attempt_at > now
        now, again = what.next_attempt_at, what.again
    assert arrivals <= 2
    assert attempt <= MOST_ATTEMPTS


@pytest.mark.parametrize("attempts", [1, 5, 1_000_000])
def test_a_pause_has_bounds(attempts: int) -> None:
    assert timedelta(seconds=15) <= pause(attempts) <= timedelta(minutes=30)
