"""A stranger's bytes are shown as they are, and cannot speak to the terminal."""

import json
import re
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.readable import SHOWN_BYTES, SHOWN_CHARACTERS, readable

DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=300) | st.text().map(str.encode) | DOCUMENTS.map(lambda one: json.dumps(one).encode()))
def test_nothing_that_a_terminal_obeys_is_shown(raw: bytes) -> None:
    assert all(character.isprintable() for character in readable(raw).text if character != "\n")


@given(DOCUMENTS)
def test_json_set_out_is_the_same_document(document: Any) -> None:
    shown = readable(json.dumps(document).encode())
    assert shown.kind == "JSON"
    assert json.loads(shown.text) == document


def test_json_is_set_out_with_every_digit_and_every_key_that_was_written() -> None:
    raw = b'{"amount":1.10,"amount":12345678901234567890.00,"tags":["a:b","{}"],"none":[],"deep":{"x":null}}'
    assert readable(raw).text == (
        '{\n  "amount": 1.10,\n  "amount": 12345678901234567890.00,\n  "tags": [\n    "a:b",\n    "{}"\n  ],\n'
        '  "none": [],\n  "deep": {\n    "x": null\n  }\n}'
    )


def test_text_that_is_not_json_is_shown_with_its_escapes_spelt_out() -> None:
    shown = readable("{\x1b[2J\x1b]0;title\x07\r\nright\u202eto left\x00".encode())
    assert shown.kind == "text"
    assert shown.text == "{\\x1b[2J\\x1b]0;title\\x07\\r\nright\\u202eto left\\x00"


def test_bytes_that_are_no_text_are_dumped_in_hexadecimal() -> None:
    shown = readable(b"\xff\x1b[2J ABC")
    assert shown.kind == "binary"
    assert shown.text == "00000000  ff 1b 5b 32 4a 20 41 42 43                       ..[2J ABC"


def test_a_very_long_message_is_cut_and_says_so() -> None:
    shown = readable(b"\xff" * 100_000)
    assert shown.cut
    assert len(shown.text.splitlines()) == SHOWN_BYTES / 16
    assert readable(b"[" * 200_000).cut
    assert not re.search(r"\[{70000}", readable(b"[" * 200_000).text)


def test_what_is_nested_deeply_is_shown_in_little_memory() -> None:
    hostile = b"[" * 800 + b"1," * 20_000 + b"1" + b"]" * 800
    tracemalloc.start()
    shown = readable(hostile)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (shown.kind, shown.cut) == ("JSON", True)
    assert most < 10 * SHOWN_CHARACTERS
