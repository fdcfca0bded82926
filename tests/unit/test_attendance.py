"""Who is there is told by what is heard, and by nothing that a slow connection could feign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rollcall import GONE, HERE, NEW, STILL_HERE, Attendance

_WORDS = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([NEW, HERE, STILL_HERE, GONE]))


@pytest.mark.parametrize("word", [NEW, HERE, STILL_HERE])
def test_whoever_says_anything_is_there(word: bytes) -> None:
    attendance = Attendance("b")
    attendance.hear("a", word)
    assert attendance.members() == ["a", "b"]


def test_whoever_says_goodbye_is_gone_and_may_come_again() -> None:
    attendance = Attendance("b")
    attendance.hear("a", HERE)
    attendance.hear("a", GONE)
    assert attendance.members() == ["b"]
    attendance.hear("a", NEW)
    assert attendance.members() == ["a", "b"]


def test_whoever_is_silent_while_our_own_words_come_back_four_times_is_absent() -> None:
    attendance = Attendance("b")
    attendance.hear("a", HERE)
    for _ in range(3):
        attendance.hear("b", STILL_HERE)
        assert attendance.members() == ["a", "b"]
    attendance.hear("b", STILL_HERE)
    assert attendance.members() == ["b"]


def test_who_hears_nothing_even_of_itself_takes_nobody_for_absent_and_answers_to_others_prove_nothing() -> None:
    attendance = Attendance("b")
    attendance.hear("a", HERE)
    for _ in range(10):
        attendance.hear("b", NEW)
        attendance.hear("b", HERE)
    assert attendance.members() == ["a", "b"]


@given(st.lists(_WORDS), st.sampled_from(["a", "b", "c"]))
def test_whatever_is_said_everybody_but_those_who_left_or_were_silent_is_there(
    said: list[tuple[str, bytes]], me: str
) -> None:
    attendance = Attendance(me)
    for who, word in said:
        attendance.hear(who, word)
    there = {me}
    for other in {who for who, _ in said} - {me}:
        last = max(place for place, (who, _) in enumerate(said) if who == other)
        if said[last][1] != GONE and said[last:].count((me, STILL_HERE)) < 4:
            there.add(other)
    assert attendance.members() == sorted(there)
