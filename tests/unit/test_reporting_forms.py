"""Which form an answer gets, and when an asker has it already."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from services.reporting.cursors import CursorError, cursor, place
from services.reporting.forms import TABLES, TYPES, Form, NotAcceptableError, held, wanted

BULLETIN: Sequence[Form] = ("json", "html", "docx", "xlsx")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def asking(**headers: str) -> Request:
    said = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": said})


@pytest.mark.parametrize(
    ("accept", "offered", "form"),
    [
        ("", TABLES, "json"),
        ("*/*", TABLES, "json"),
        (BROWSER, TABLES, "json"),
        (BROWSER, BULLETIN, "html"),
        (TYPES["xlsx"], TABLES, "xlsx"),
        ("text/csv, application/json", TABLES, "csv"),
        ("application/json, text/csv", TABLES, "json"),
        ("text/csv;q=0.1, application/json;q=0.9", TABLES, "json"),
        ("application/json;q=0.2, TEXT/CSV; charset=utf-8; Q=0.3", TABLES, "csv"),
        ("text/*", TABLES, "csv"),
        ("*/*, application/json;q=0", TABLES, "csv"),
        ("text/csv;q=nonsense", TABLES, "csv"),
    ],
)
def test_the_form_is_the_one_that_accept_likes_best(accept: str, offered: Sequence[Form], form: Form) -> None:
    assert wanted(asking(accept=accept), offered) == form


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "application/*;q=0, text/html"])
def test_where_no_form_fits_the_forms_that_there_are_are_named(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="application/json"):
        wanted(asking(accept=accept), ("json",))


@pytest.mark.parametrize("sent", ['"a"', 'W/"a"', '"b", "a"', '"b,c",W/"a"', "*", ' "a" '])
def test_whoever_names_the_etag_in_any_way_has_the_answer(sent: str) -> None:
    assert held(asking(if_none_match=sent), '"a"')


@pytest.mark.parametrize("sent", ["", "a", '"b"', '"ab"', '"b,a"', '"*"'])
def test_whoever_names_another_one_does_not(sent: str) -> None:
    assert not held(asking(if_none_match=sent), '"a"')


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=3))
def test_a_cursor_leads_back_to_its_place(parts: list[str]) -> None:
    assert place(cursor("order", *parts), "order", len(parts)) == parts
    with pytest.raises(CursorError):
        place(cursor("order", *parts), "another", len(parts))
    with pytest.raises(CursorError):
        place(cursor("order", *parts), "order", len(parts) + 1)
