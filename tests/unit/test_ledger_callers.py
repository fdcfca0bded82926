"""Who may publish over HTTP: the file of tokens, and how a token is known."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ledger.domain.callers import Caller, CallersError, read_callers
from services.ledger.settings import LedgerSettings


def line(unit: str, token: str) -> str:
    return f"{unit} {hashlib.sha256(token.encode()).hexdigest()}"


def test_a_token_speaks_for_the_unit_in_its_line() -> None:
    callers = read_callers(
        f"# tokens\n\n{line('500101/finance', 'one')}  # since May\n{line('500101/bureau', 'two')}\n"
    )
    assert callers.whose("one") == Caller("500101", "finance")
    assert callers.whose("two") == Caller("500101", "bureau")
    assert callers.whose("three") is None


def test_a_unit_has_two_tokens_while_one_is_being_changed() -> None:
    callers = read_callers(f"{line('500101/finance', 'old')}\n{line('500101/finance', 'new')}")
    assert callers.whose("old") == callers.whose("new")


@pytest.mark.parametrize(
    "text", ["500101/finance secret", "500101 " + "0" * 64, "50010/finance " + "0" * 64, "500101/Finance " + "0" * 64]
)
def test_each_wrong_line_is_told_by_its_number_and_not_repeated(text: str) -> None:
    with pytest.raises(CallersError, match=r"^line 2: must be") as told:
        read_callers(f"# tokens\n{text}")
    assert "secret" not in str(told.value)


def test_one_token_for_two_units_is_told() -> None:
    with pytest.raises(CallersError, match="line 2: the token of /500101/bureau is that of /500101/finance too"):
        read_callers(f"{line('500101/finance', 'one')}\n{line('500101/bureau', 'one')}")


@given(st.text())
def test_no_text_is_taken_for_a_token_that_it_is_not(other: str) -> None:
    known = line("500101/finance", "the token")
    assert (read_callers(known).whose(other) is None) == (other != "the token")


def test_a_file_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path):
        with pytest.raises(ValidationError, match=str(file)):
            LedgerSettings(entrance_tokens=file)
    (tmp_path / "tokens").write_text("500101/finance secret")
    with pytest.raises(ValidationError, match="line 1: must be"):
        LedgerSettings(entrance_tokens=tmp_path / "tokens")
