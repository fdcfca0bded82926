"""The columns of each event's sheet, made from the event's own fields: what may stand in them, and how it is read."""

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel

from services.ledger.department.domain import words
from shared import fields
from shared.events import EVENTS, Escalation, Year

Value: TypeAlias = str | int | float | bool | date | None
Form: TypeAlias = Literal["text", "date", "money", "number", "choice"]
Read: TypeAlias = Callable[[Value], Any]
"""What a cell holds → what the event says; what cannot be read stays as it is, and the event's own rules refuse it."""

_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_SEPARATORS: Final = re.compile(r"[、；;\n]")
_OF_NUMBERS: Final = str.maketrans("，．０１２３４５６７８９", ",.0123456789")
_EXCEL_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Column:
    """A column for one field, named by its path in the data; `allowed` is what may stand in it, as a person is told."""

    path: tuple[str, ...]
    head: str
    required: bool
    form: Form
    allowed: str
    read: Read
    choices: tuple[str, ...] = ()
    example: str = ""


def columns_of(event: str) -> tuple[Column, ...]:
    """The columns for an event's data, those that every event has at the ends."""
    found = {column.path: column for column in _columns(EVENTS[event], (), required=True)}
    first, last = found.pop(("on",)), found.pop(("note",))
    return (first, *found.values(), last)


def events_of_departments() -> tuple[str, ...]:
    """The names of the events that a department may say, in the order of a project's life."""
    return tuple(name for name, kind in EVENTS.items() if not issubclass(kind, Escalation))


def as_text(value: Value) -> str:
    """What a person reads in a cell: a code that Excel took for a number is that code."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        value = value.date()
    return "" if value is None else str(value).strip()


def _columns(kind: type[BaseModel], path: tuple[str, ...], *, required: bool) -> Iterator[Column]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for name, field in kind.model_fields.items():
        here = (*path, field.alias or name)
        inner = _without_none(hints[name])
        needed = required and field.is_required()
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _columns(inner, here, required=needed)
        else:
            yield _column(here, inner, needed)


def _without_none(hint: Any) -> Any:
    options = [one for one in typing.get_args(hint) if one is not type(None)]
    return options[0] if type(None) in typing.get_args(hint) else hint


def _column(path: tuple[str, ...], kind: Any, required: bool) -> Column:
    name = ".".join(path)
    head, example = words.head(name), words.example(name)
    if typing.get_origin(kind) is Literal:
        codes = {words.choice(name, code): code for code in typing.get_args(kind)}
        allowed = f"须为{'、'.join(codes)}之一"
        return Column(path, head, required, "choice", allowed, _choice(codes), tuple(codes), example)
    form, allowed, read = next((form, allowed, read) for known, form, allowed, read in _KINDS if known == kind)
    return Column(path, head, required, form, allowed, read, example=example)


def _choice(codes: Mapping[str, str]) -> Read:
    return lambda value: codes.get(as_text(value), as_text(value))


def _day(value: Value) -> str:
    text = as_text(value)
    if match := _DAY.fullmatch(text):
        year, month, day = (part for part in match.groups() if part)
        return f"{year}-{int(month):02}-{int(day):02}"
    return text


def _number(value: Value) -> str:
    if isinstance(value, float):
        # As many digits as Excel keeps: what is behind them is the machine's, not the writer's.
        return f"{Decimal(f'{value:.{_EXCEL_DIGITS}g}'):f}"
    text = as_text(value).translate(_OF_NUMBERS).removeprefix("¥").removeprefix("￥").replace(" ", "")
    whole = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text)
    return text.replace(",", "") if whole else text


def _share(value: Value) -> str:
    return _number(as_text(value).removesuffix("%").removesuffix("％") if isinstance(value, str) else value)


def _whole(value: Value) -> int | str:
    text = _number(value)
    try:
        return int(Decimal(text)) if Decimal(text) % 1 == 0 else text
    except InvalidOperation:
        return text


def _list(value: Value) -> list[str]:
    return [part.strip() for part in _SEPARATORS.split(as_text(value)) if part.strip()]


_PROJECTS: Final = _without_none(typing.get_type_hints(EVENTS["outreach-made"], include_extras=True)["projects"])
# By the language's own kinds of values; each of them must be here, or no workbook can be made.
_KINDS: Final[tuple[tuple[Any, Form, str, Read], ...]] = (
    (fields.Day, "date", "须为日期，如2026-08-30", _day),
    (fields.Money, "money", "须为金额，单位为元，不为负，最多两位小数，如120000000.00", _number),
    (fields.Number, "number", "须为不为负的数，最多十位小数，如12.5", _number),
    (fields.PositiveNumber, "number", "须为大于0的数，最多十位小数，如7.05", _number),
    (fields.Share, "number", "须为大于0且不超过100的百分数，最多两位小数，如33.33", _share),
    (fields.Label, "text", "须为一行文字，不超过64字", as_text),
    (fields.Line, "text", "须为一行文字，不超过200字", as_text),
    (fields.Prose, "text", "须为文字，不超过4000字", as_text),
    (fields.Lines, "text", "可写多个，用顿号或换行分开，每个不超过200字，最多200个", _list),
    (_PROJECTS, "text", "可写多个项目编号，用顿号或换行分开，最多200个", _list),
    (
        fields.Place,
        "text",
        "须为六位行政区划代码（GB/T 2260），境外为两位国家或地区代码（ISO 3166-1，如HK、US）",
        as_text,
    ),
    (fields.CreditCode, "text", "须为18位统一社会信用代码，校验位正确（GB 32100）", as_text),
    (fields.Sha256, "text", "须为文件的SHA-256，64位十六进制数", as_text),
    (fields.Industry, "text", "须为国民经济行业代码（GB/T 4754），如C3670", as_text),
    (fields.Currency, "text", "须为三位大写币种代码（ISO 4217），如USD", as_text),
    (fields.EventId, "text", "须为一条已上报记录的编号", as_text),
    (fields.SubjectId, "text", "须为编号：字母、数字、连字符和下划线，不超过64位", as_text),
    (fields.IndicatorCode, "text", "须为指标代码，如funds-arrived", as_text),
    (Year, "number", "须为年份，2000至2199", _whole),
)
