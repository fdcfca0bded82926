"""The policy file: rules, ladders, hours and calendar, checked whole before anything runs."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.notifier.domain.ladder import Calendar, Hours, Weekdays

Role: TypeAlias = Literal["lead-official", "unit-contact", "unit-head", "district-head"]
RuleId: TypeAlias = Literal["milestone-overdue"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: the line (0: the file as a whole), and a sentence that says what is allowed."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


class InvalidFileError(Exception):
    """A policy or directory file with something wrong in it; `problems` lists everything found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class HoursTable(_Table):
    """When messages go out, by the clock in Asia/Shanghai."""

    days: Literal["working", "every"] = "working"
    start: time = Field(time(8, 35), alias="from")
    until: time = time(18, 20)

    @model_validator(mode="after")
    def _in_order(self) -> "HoursTable":
        if self.start >= self.until:
            raise ValueError("'from' must be before 'until', both on the same day")
        return self


class AcknowledgementTable(_Table):
    """How many working days an acknowledgement stops the climb."""

    working_days: int = Field(5, ge=1, le=60)


class CalendarTable(_Table):
    """Days that differ from Monday to Friday, and the years for which they are known."""

    years: tuple[int, ...] = ()
    holidays: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _within_years(self) -> "CalendarTable":
        for day in (*self.holidays, *self.worked):
            if day.year not in self.years:
                raise ValueError(f"{day} lies in a year that 'years' does not name")
        return self


def _some(items: tuple[_T, ...]) -> tuple[_T, ...]:
    if not items:
        raise ValueError("at least one is needed")
    return items


class Rung(_Table):
    """Who is told, and how many working days they have before the next rung fires."""

    who: Annotated[tuple[Role, ...], AfterValidator(_some)]
    answer_within: int = Field(ge=1, le=60)


class Rule(_Table):
    """What is watched, and who hears of it in which order."""

    id: RuleId
    ladder: Annotated[tuple[Rung, ...], AfterValidator(_some)]


class Policy(_Table):
    """The whole file."""

    version: Literal[1]
    hours: HoursTable = HoursTable()
    acknowledgement: AcknowledgementTable = AcknowledgementTable()
    calendar: CalendarTable = CalendarTable()
    rules: tuple[Rule, ...] = ()

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of this name, or None when the district does not use it."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    @property
    def days(self) -> Calendar:
        """The working days."""
        return Weekdays(
            frozenset(self.calendar.holidays), frozenset(self.calendar.worked), frozenset(self.calendar.years)
        )

    @property
    def opening(self) -> Hours:
        """The hours in which messages go out."""
        return Hours(self.hours.start, self.hours.until, self.hours.days == "every")

    @model_validator(mode="after")
    def _each_rule_once(self) -> "Policy":
        names = [rule.id for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("a rule is given twice")
        return self


def read_policy(text: str) -> Policy:
    """The policy in a TOML file's text. Raises InvalidFileError with every problem found."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise InvalidFileError([Problem(int(line[1]) if line else 0, f"not TOML: {error}")]) from error
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        lines = dict(_lines(text))
        problems = [_problem(each["loc"], each["msg"], lines) for each in error.errors(include_url=False)]
        raise InvalidFileError(sorted(problems, key=lambda problem: problem.line)) from error


_Place: TypeAlias = tuple[str | int, ...]


def _problem(place: _Place, message: str, lines: Mapping[_Place, int]) -> Problem:
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    if message == "Extra inputs are not permitted":
        message = f"unknown; allowed here: {', '.join(_allowed(place[:-1]))}"
    message = message.removeprefix("Value error, ")
    line = next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 0)
    return Problem(line, f"{name}: {message}" if name else message)


def _allowed(place: _Place) -> list[str]:
    table: Any = Policy
    inner: Mapping[str, type[BaseModel]] = {
        "hours": HoursTable,
        "acknowledgement": AcknowledgementTable,
        "calendar": CalendarTable,
        "rules": Rule,
        "ladder": Rung,
    }
    for part in place:
        table = inner.get(part, table) if isinstance(part, str) else table
    return [field.alias or name for name, field in table.model_fields.items()]


_HEADER = re.compile(r"^\s*(\[\[|\[)\s*([\w.\-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*([\w\-]+)\s*=")


def _lines(text: str) -> Iterator[tuple[_Place, int]]:
    # TOML readers give no positions. Headers and keys each on a line of their own are all that this file has; within
    # a list, an error falls back to the line of the list.
    counts: dict[str, int] = {}
    table: _Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            path = header[2]
            if header[1] == "[[":
                counts = {name: count for name, count in counts.items() if not name.startswith(f"{path}.")}
                counts[path] = counts.get(path, -1) + 1
            table = _place(path, counts)
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, key[1]), number


def _place(path: str, counts: Mapping[str, int]) -> _Place:
    place: list[str | int] = []
    names = path.split(".")
    for depth, name in enumerate(names, start=1):
        place.append(name)
        index = counts.get(".".join(names[:depth]))
        if index is not None:
            place.append(index)
    return tuple(place)
