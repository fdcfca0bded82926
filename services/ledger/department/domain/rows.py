"""Reads the rows of a department's workbook as events: each alone, with each mistake told by its cell."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from services.ledger.department.domain import words
from services.ledger.department.domain.columns import Column, Value, as_text, columns_of
from shared.envelope import Refusal, judge_alone
from shared.events import EVENTS
from shared.fields import is_event_id
from shared.subjects import SUBJECT

Row: TypeAlias = Sequence[Value]
_ECHOED: Final = 40


@dataclass(frozen=True, slots=True)
class Said:
    """A row that is an event, `place` as `资金到位!7`, with the bus subject and the bytes under which it is sent."""

    place: str
    id: str
    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a cell, as `资金到位!C7`, or in a row or a sheet."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}：{self.text}"


class _FaultyRowError(Exception):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults


def read_sheet(name: str, rows: Sequence[Row], source: str) -> tuple[list[Said], list[Fault]]:
    """The events of a sheet, whose first row has the heads, said by a source such as `/500101/finance`.

    Rows without content and the example are nothing. A sheet whose heads are wrong is not read, and that is one fault.
    """
    event = {word: event for event, word in words.SHEETS.items()}.get(name)
    if event is None:
        return [], _strange(name, rows)
    if not any(_has_content(row) for row in rows[1:]):
        return [], []
    try:
        reader = _Reader(name, event, source, rows[0])
    except _FaultyRowError as error:
        return [], list(error.faults)
    said: list[Said] = []
    faults: list[Fault] = []
    for number, row in enumerate(rows[1:], 2):
        if _has_content(row) and not reader.is_example(row):
            try:
                said.append(reader.read(number, row))
            except _FaultyRowError as error:
                faults += error.faults
    return said, faults


def heads_of(event: str) -> tuple[str, ...]:
    """The heads of an event's sheet, in their order."""
    return (*_own_heads(event), *(column.head for column in columns_of(event)))


def letters(place: int) -> str:
    """What a spreadsheet calls its column: 0 is A, 26 is AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def subject_head(event: str) -> str | None:
    """What the column is called that says what the event is about; None for a target, which says it itself."""
    return {"outreach-made": words.TRIP, "target-set": None}.get(event, words.SUBJECT)


def _own_heads(event: str) -> tuple[str, ...]:
    return tuple(filter(None, (words.ID, words.REPLACES, subject_head(event))))


def _strange(name: str, rows: Sequence[Row]) -> list[Fault]:
    if name == words.GUIDE or not any(map(_has_content, rows)):
        return []
    return [Fault(f"{name}!1", f"没有叫这个名称的事件表，整表未读；可用的有：{'、'.join(words.SHEETS.values())}")]


def _has_content(row: Row) -> bool:
    return any(as_text(value) for value in row)


class _Reader:
    """Reads the rows of one sheet; remembers what it has read, for a row that says the same again needs a number."""

    def __init__(self, sheet: str, event: str, source: str, heads: Row) -> None:
        self._sheet = sheet
        self._event = event
        self._source = source
        self._columns = columns_of(event)
        self._places = self._found(heads)
        self._read: dict[str, int] = {}

    def is_example(self, row: Row) -> bool:
        return self._text(row, words.ID) == words.EXAMPLE

    def read(self, number: int, row: Row) -> Said:
        data, faults = self._data(number, row)
        subject, given = self._subject(row, data), self._text(row, words.ID)
        replaces = self._text(row, words.REPLACES) or None
        faults += self._faults_of_envelope(number, subject, given, replaces)
        if faults:
            raise _FaultyRowError(faults)
        event_id = given or self._derived(number, subject, replaces, data)
        envelope = {
            "specversion": "1.0",
            "id": event_id,
            "source": self._source,
            "type": f"luodi.{self._event}.v{EVENTS[self._event].VERSION}",
            "subject": subject,
            **({"replaces": replaces} if replaces else {}),
            "data": data,
        }
        payload = json.dumps(envelope, ensure_ascii=False).encode()
        judged = judge_alone(payload)
        if isinstance(judged, Refusal):
            raise _FaultyRowError([Fault(f"{self._sheet}!{number}", judged.reason)])
        return Said(f"{self._sheet}!{number}", event_id, judged[0], payload)

    def _found(self, heads: Row) -> Mapping[str, int]:
        """Where each head stands; a head that nobody knows would be content that is not read."""
        known, found, faults = heads_of(self._event), dict[str, int](), list[Fault]()
        for place, value in enumerate(heads):
            if not (head := as_text(value).strip("*＊ ")):
                continue
            if head not in known or head in found:
                what = "重复" if head in found else f"不是本表的列；本表的列有：{'、'.join(known)}"
                faults.append(Fault(f"{self._sheet}!{letters(place)}1", f"“{_shown(head)}”{what}。整表未读"))
            found[head] = place
        needed = [column.head for column in self._columns if column.required]
        needed += filter(None, [subject_head(self._event)])
        if missing := [head for head in needed if head not in found]:
            faults.append(Fault(f"{self._sheet}!1", f"缺少列：{'、'.join(missing)}。整表未读"))
        if faults:
            raise _FaultyRowError(faults)
        return found

    def _value(self, row: Row, head: str) -> Value:
        place = self._places.get(head)
        return row[place] if place is not None and place < len(row) else None

    def _text(self, row: Row, head: str) -> str:
        return as_text(self._value(row, head))

    def _data(self, number: int, row: Row) -> tuple[dict[str, Any], list[Fault]]:
        data: dict[str, Any] = {}
        for column in self._columns:
            value = self._value(row, column.head)
            if as_text(value):
                part = data
                for step in column.path[:-1]:
                    part = part.setdefault(step, {})
                part[column.path[-1]] = column.read(value)
        try:
            EVENTS[self._event].model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            return data, list(self._told(number, row, error))
        return data, []

    def _told(self, number: int, row: Row, error: ValidationError) -> Iterator[Fault]:
        told: set[str] = set()
        for one in error.errors(include_url=False):
            columns = self._at(tuple(map(str, one["loc"])))
            if len(columns) > 1 and not any(column.required for column in columns):
                heads = "、".join(column.head for column in columns)
                yield Fault(f"{self._sheet}!{number}", f"{heads}至少填一项")
                continue
            for column in columns:
                if column.head not in told:
                    told.add(column.head)
                    yield self._fault(number, column.head, self._text(row, column.head), column.allowed)

    def _at(self, path: tuple[str, ...]) -> list[Column]:
        """The column of a field, those of a group that is missing, or the one whose list has the entry."""
        inside = [one for one in self._columns if one.path[: len(path)] == path]
        return (
            [one for one in inside if one.required]
            or inside
            or [one for one in self._columns if path[: len(one.path)] == one.path]
        )

    def _fault(self, number: int, head: str, text: str, allowed: str) -> Fault:
        place = self._places.get(head)
        where = f"{self._sheet}!{letters(place)}{number}" if place is not None else f"{self._sheet}!{number}"
        return Fault(where, f"{head}{allowed}，现为“{_shown(text)}”" if text else f"{head}未填；{allowed}")

    def _subject(self, row: Row, data: Mapping[str, Any]) -> str:
        if (head := subject_head(self._event)) is None:
            return f"target-{data.get('year')}-{data.get('indicator')}"
        return self._text(row, head)

    def _faults_of_envelope(self, number: int, subject: str, event_id: str, replaces: str | None) -> Iterator[Fault]:
        head = subject_head(self._event)
        if head is not None and not SUBJECT.fullmatch(subject):
            yield self._fault(number, head, subject, "须为1至64位字母、数字、连字符或下划线，如P-2026-017")
        for name, text in ((words.ID, event_id), (words.REPLACES, replaces)):
            if text and not is_event_id(text):
                yield self._fault(number, name, text, "须为1至128个可见字符")
        if replaces and replaces == event_id:
            yield self._fault(number, words.REPLACES, replaces, "须为另一条记录的编号")

    def _derived(self, number: int, subject: str, replaces: str | None, data: Mapping[str, Any]) -> str:
        """A number made of what the row says: the same row has the same one, in whichever order rows are."""
        model = EVENTS[self._event].model_validate(data, by_alias=True, by_name=False)
        said = json.dumps([self._event, subject, replaces, model.document()], sort_keys=True).encode()
        derived = f"row-{hashlib.sha256(said).hexdigest()[:24]}"
        if (before := self._read.setdefault(derived, number)) != number:
            text = f"与第{before}行完全相同，只报一次；如确为两笔，请给两行各填一个编号"
            raise _FaultyRowError([Fault(f"{self._sheet}!{number}", text)])
        return derived


def _shown(text: str) -> str:
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= _ECHOED else f"{text[:_ECHOED]}…"
