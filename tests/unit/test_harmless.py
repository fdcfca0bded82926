"""Text of strangers becomes printable without two texts becoming one that could be right."""

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.harmless import printable


@given(st.from_regex(re.compile(r"[A-Za-z0-9._-]{1,200}"), fullmatch=True))
def test_a_subject_that_can_be_right_stays_as_it_is(subject: str) -> None:
    assert printable(subject.encode()) == subject


@given(st.binary())
def test_any_bytes_become_printable_text(raw: bytes) -> None:
    assert printable(raw).isprintable()
