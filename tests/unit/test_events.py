"""The language itself: what each field takes, and how it is kept."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from stdnum.cn import uscc

from shared import fields
from shared.events import EVENTS, Data, Factors, FundsArrived, Milestones, Started, TimetableSet
from tests.unit.strategies import DATA, any_data, credit_codes

PUBLISHED = (
    "registered claimed evaluated intent-signed timetable-set reviewed approved signed site-fixed planned started "
    "completed commissioned at-capacity funds-arrived progress-reported suspended resumed terminated issue-raised "
    "issue-resolved pledge-made pledge-kept outreach-made target-set voided escalation-opened escalation-climbed "
    "escalation-acknowledged escalation-resolved"
)

MONEY: TypeAdapter[Decimal] = TypeAdapter(fields.Money)
NUMBER: TypeAdapter[Decimal] = TypeAdapter(fields.Number)
SHARE: TypeAdapter[Decimal] = TypeAdapter(fields.Share)


def _refused(kind: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return caught.value.errors()[0]["msg"]


def test_the_language_has_the_published_words_and_no_others() -> None:
    assert " ".join(EVENTS) == PUBLISHED


def test_there_is_a_strategy_for_every_event() -> None:
    assert list(DATA) == list(EVENTS)


def test_classes_are_the_same_words() -> None:
    assert EVENTS["funds-arrived"] is FundsArrived
    assert (Started.NAME, Started.VERSION) == ("started", 1)


def test_an_event_cannot_be_changed() -> None:
    event = Started(on="2026-08-18")
    with pytest.raises(ValidationError, match="frozen"):
        event.on = date(2026, 8, 19)  # type: ignore[misc]  # what the type checker forbids is what is tried here


@given(any_data)
def test_data_written_and_read_again_is_the_same(data: Data) -> None:
    assert type(data).model_validate(data.document(), by_alias=True, by_name=False) == data


@given(any_data)
def test_documents_hold_no_null_and_no_float(data: Data) -> None:
    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for inner in value.values() for leaf in leaves(inner)]
        return [leaf for inner in value for leaf in leaves(inner)] if isinstance(value, list) else [value]

    assert {type(leaf) for leaf in leaves(data.document())} <= {str, int}


@pytest.mark.parametrize(
    ("given_amount", "kept"),
    [
        ("120000000.00", "120000000.00"),
        ("12", "12.00"),
        ("12.5", "12.50"),
        ("0", "0.00"),
        ("0012.50", "12.50"),
        (12, "12.00"),
        (Decimal("12.5"), "12.50"),
        (Decimal("1E+2"), "100.00"),
        (Decimal("-0.0"), "0.00"),
        ("1000000000000000", "1000000000000000.00"),
        (Decimal("999999999999999.99"), "999999999999999.99"),
        ("999999999999999.99", "999999999999999.99"),
    ],
)
def test_money_is_kept_to_the_cent(given_amount: Any, kept: str) -> None:
    assert MONEY.dump_python(MONEY.validate_python(given_amount), mode="json") == kept


@pytest.mark.parametrize(
    "given_amount",
    [
        "1.234",
        "-1",
        "+1",
        "1e2",
        "1_000",
        "1,000",
        " 12",
        "１２",
        "12.",
        ".5",
        "",
        "NaN",
        "Infinity",
        "1000000000000000.01",
        "10000000000000000",
        -1,
        10**15 + 1,
        10**400,
        True,
        None,
        12.5,
        float("nan"),
        Decimal("1.234"),
        Decimal("1.230"),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+400"),
        [],
        {},
    ],
)
def test_what_is_no_amount_is_refused(given_amount: Any) -> None:
    assert _refused(fields.Money, given_amount)


@given(st.integers(0, 10**17))
def test_no_amount_passes_through_a_float(cents: int) -> None:
    text = f"{cents // 100}.{cents % 100:02}"
    for spelled in (text, Decimal(text)):
        assert MONEY.dump_python(MONEY.validate_python(spelled), mode="json") == text


@pytest.mark.parametrize(
    ("given_number", "kept"),
    [
        ("105", "105"),
        ("105.00", "105"),
        ("100", "100"),
        ("0.0000000001", "0.0000000001"),
        ("7.1000", "7.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00"), "0"),
        ("999999999999999.9999999999", "999999999999999.9999999999"),
    ],
)
def test_numbers_are_kept_without_trailing_zeros(given_number: Any, kept: str) -> None:
    number = NUMBER.validate_python(given_number)
    assert NUMBER.dump_python(number, mode="json") == kept
    assert f"{number:f}" == kept


def test_a_round_number_prints_without_an_exponent() -> None:
    assert str(NUMBER.validate_python("100")) == "100"


def test_a_number_may_be_limited_to_more_than_nothing() -> None:
    assert "more than 0" in _refused(fields.PositiveNumber, "0")
    assert "ten decimals" in _refused(fields.PositiveNumber, "0.00000000001")


@pytest.mark.parametrize(
    ("given_share", "kept"),
    [("100", "100"), ("33.33", "33.33"), ("50.00", "50"), ("0.01", "0.01"), (40, "40"), (Decimal("12.50"), "12.5")],
)
def test_a_share_is_a_percentage_kept_without_trailing_zeros(given_share: Any, kept: str) -> None:
    assert SHARE.dump_python(SHARE.validate_python(given_share), mode="json") == kept


@pytest.mark.parametrize(
    ("given_share", "said"),
    [
        *((one, "must be more than 0") for one in ("0", "0.00", 0)),
        *((one, "must be between 0 and 100") for one in ("100.01", "999", 101, -1)),
        *(
            (one, "must be a percentage")
            for one in ("33.333", "50%", "-1", "1e1", "", 33.3, True, None, Decimal("NaN"))
        ),
    ],
)
def test_what_is_no_share_is_refused(given_share: Any, said: str) -> None:
    assert said in _refused(fields.Share, given_share)


def test_an_event_that_says_no_share_is_written_as_it_was_before_there_were_any() -> None:
    said = {"on": "2026-08-30", "amount": "1.00", "origin": "440300", "nature": "other"}
    assert FundsArrived.model_validate(said).document() == said


def test_a_date_may_be_given_as_text_or_as_a_date() -> None:
    assert Started(on="2026-08-18") == Started(on=date(2026, 8, 18))


@pytest.mark.parametrize(
    "day",
    [
        "2026-02-30",
        "2026-8-1",
        "20260801",
        "2026-W01-1",
        "2026-08-01T00:00:00",
        "2026-08-01 ",
        "1899-12-31",
        "2200-01-01",
        "",
        20260801,
        1785542400,
        1.5,
        True,
        datetime(2026, 8, 1),  # noqa: DTZ001 - that no instant is taken for a date is what is tried here
        date(1, 1, 1),
    ],
)
def test_what_is_no_date_is_refused(day: Any) -> None:
    assert "must be" in _refused(fields.Day, day)


@pytest.mark.parametrize("code", ["C", "38", "384", "3841", "C38", "C3841", "T96"])
def test_an_industry_is_a_letter_or_digits_or_both(code: str) -> None:
    assert TypeAdapter(fields.Industry).validate_python(code) == code


@pytest.mark.parametrize("code", ["", "c38", "U38", "C1", "1", "38411", "C38411", "制造业", "C 38", 38, "C38\n"])
def test_what_is_no_industry_is_refused(code: Any) -> None:
    assert "GB/T 4754" in _refused(fields.Industry, code)


@given(credit_codes)
def test_a_credit_code_with_its_check_digit_is_taken(code: str) -> None:
    assert TypeAdapter(fields.CreditCode).validate_python(code) == code


@given(credit_codes, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_a_credit_code_with_one_wrong_character_is_refused(code: str, place: int, character: str) -> None:
    wrong = code[:place] + character + code[place + 1 :]
    if wrong != code and not uscc.is_valid(wrong):
        assert "check digit" in _refused(fields.CreditCode, wrong)


def test_the_check_digit_of_a_sum_that_divides_evenly_is_zero() -> None:
    # Published samples forget the last "mod 31" and refuse one code in 31.
    ending_in_zero = [code for number in range(200) if (code := _code_of(number)).endswith("0")]
    assert ending_in_zero
    for code in ending_in_zero:
        assert TypeAdapter(fields.CreditCode).validate_python(code) == code


def _code_of(number: int) -> str:
    front = f"91500101{number:08}0"
    return front + uscc.calc_check_digit(front)


@pytest.mark.parametrize(
    "text", ["", "   ", "a\x00b", "a\nb", "a\tb", "\x1b[31m", "\x85", "a" * 201, "\ud800", 3, None, ["a"]]
)
def test_what_is_no_line_of_text_is_refused(text: Any) -> None:
    assert _refused(fields.Line, text)


@pytest.mark.parametrize("text", ["", " \n ", "a\x00b", "a\x0bb", "\x1b[31m", "a" * 4001, "\ud800"])
def test_what_is_no_prose_is_refused(text: Any) -> None:
    assert _refused(fields.Prose, text)


def test_text_loses_white_space_at_its_ends_and_keeps_it_within() -> None:
    assert TypeAdapter(fields.Line).validate_python("  李 明\u3000") == "李 明"
    assert TypeAdapter(fields.Prose).validate_python("一。\n\t二。\n") == "一。\n\t二。"


def test_a_hash_is_kept_in_small_letters() -> None:
    assert TypeAdapter(fields.Sha256).validate_python("AB" * 32) == "ab" * 32
    assert "64 hexadecimal" in _refused(fields.Sha256, "ab" * 31)


def test_milestones_go_by_their_published_names_in_messages() -> None:
    written = {"on": "2026-02-12", "milestones": {"site-fixed": "2026-03-15"}}
    event = TimetableSet(on="2026-02-12", milestones=Milestones(site_fixed="2026-03-15"))
    assert event.document() == written
    assert TimetableSet.model_validate(written, by_alias=True, by_name=False) == event
    assert event.milestones.due() == {"site-fixed": date(2026, 3, 15)}


def test_a_timetable_without_any_milestone_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one of site-fixed"):
        Milestones()


def test_an_evaluation_has_all_five_factors() -> None:
    assert [name for name, field in Factors.model_fields.items() if field.is_required()] == [
        "industry",
        "planning",
        "land",
        "environment",
        "intensity",
    ]
