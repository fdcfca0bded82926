"""The policy file: rules, ladders, hours and calendar, checked whole before anything runs."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from functools import cached_property
from typing import Final, Literal, TypeAlias, get_args

import orjson
from pydantic import BaseModel, Field, ValidationError, model_validator

from services.notifier.domain.files import InvalidFileError, Problem, decoded
from services.notifier.domain.holidays import with_overrides
from services.notifier.domain.ladder import Hours, Weekdays
from services.notifier.domain.rules import (
    AnyRule,
    GatePending,
    Role,
    Rule,
    RuleId,
    Rung,
    Table,
    UrgencyHours,
    parameters_of,
)

__all__ = ["Policy", "Role", "Rule", "RuleId", "Rung", "read_policy"]


# A year's holidays are published in November, late in one year in December.
_CALENDAR_AHEAD: Final = timedelta(days=30)


class HoursTable(Table):
    """When messages go out, by the clock in Asia/Shanghai."""

    days: Literal["working", "every"] = "working"
    start: time = Field(time(8, 35), alias="from")
    until: time = time(18, 20)

    @model_validator(mode="after")
    def _in_order(self) -> "HoursTable":
        if self.start >= self.until:
            raise ValueError("'from' must be before 'until', both on the same day")
        return self


class DigestTable(Table):
    """The one message a morning: its time, and how many lines it has before the rest is behind its link."""

    at: time = time(8, 40)
    most: int = Field(10, ge=1, le=50)


class AcknowledgementTable(Table):
    """How many working days an acknowledgement stops the climb."""

    working_days: int = Field(5, ge=1, le=60)


class ReopeningTable(Table):
    """A duty that ends and begins again within so many days goes on as the same case."""

    within_days: int = Field(3, ge=0, le=60)


class CalendarTable(Table):
    """Days that differ from Monday to Friday: years beyond the table in holidays.py, and a district's own."""

    years: tuple[int, ...] = ()
    holidays: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _within_years(self) -> "CalendarTable":
        *_, years = with_overrides(self.years, (), ())
        for day in (*self.holidays, *self.worked):
            if day.year not in years:
                raise ValueError(f"{day} lies in a year whose holidays are not known: name it in 'years'")
        if both := set(self.holidays) & set(self.worked):
            raise ValueError(f"{min(both)} is both a holiday and worked")
        return self


class Policy(Table):
    """The whole file. `coordinator` is the unit that owes what no lead unit owes yet."""

    version: Literal[1]
    coordinator: str | None = Field(None, min_length=1, max_length=60)
    hours: HoursTable = HoursTable()
    digest: DigestTable | None = None
    acknowledgement: AcknowledgementTable = AcknowledgementTable()
    reopening: ReopeningTable = ReopeningTable()
    calendar: CalendarTable = CalendarTable()
    rules: tuple[AnyRule, ...] = ()

    def rule(self, rule_id: str) -> AnyRule | None:
        """The rule of this name, or None when the district does not use it."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    @property
    def units(self) -> frozenset[str]:
        """The units that the file names: they owe something whatever a project says."""
        reviewing = (unit for rule in self.rules if isinstance(rule, GatePending) for unit in rule.units.values())
        return frozenset([*reviewing, *([self.coordinator] if self.coordinator else [])])

    @property
    def most(self) -> int:
        """How many lines a list has before the rest is behind its link."""
        return (self.digest or DigestTable()).most

    @cached_property
    def days(self) -> Weekdays:
        """The working days."""
        return Weekdays(*with_overrides(self.calendar.years, self.calendar.holidays, self.calendar.worked))

    def unpublished(self, today: date) -> int | None:
        """The first year, by thirty days from now, whose holidays are not known; deadlines in it are a guess."""
        return next((day.year for day in (today, today + _CALENDAR_AHEAD) if not self.days.knows(day)), None)

    @cached_property
    def opening(self) -> Hours:
        """The hours in which messages go out."""
        return Hours(self.hours.start, self.hours.until, self.hours.days == "every")

    @property
    def reopening_span(self) -> timedelta:
        """For how long a resolved case may go on as the same."""
        return timedelta(days=self.reopening.within_days)

    @cached_property
    def fingerprint(self) -> str:
        """Two policies that decide the same have the same one; so that a changed file is noticed at the next start."""
        days = sorted(self.days.holidays), sorted(self.days.worked), sorted(self.days.years)
        return hashlib.sha256(orjson.dumps([self.model_dump(mode="json"), *days])).hexdigest()

    @model_validator(mode="after")
    def _each_rule_once(self) -> "Policy":
        names = [rule.id for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("a rule is given twice")
        return self

    @model_validator(mode="after")
    def _digest_within_hours(self) -> "Policy":
        if self.digest and not self.hours.start <= self.digest.at <= self.hours.until:
            raise ValueError("digest.at: must lie within the hours in which messages go out")
        return self


def read_policy(content: str | bytes) -> Policy:
    """The policy in a TOML file. Raises InvalidFileError with every problem found."""
    text = content if isinstance(content, str) else decoded(content)
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
    if message == "Extra inputs are not permitted":
        message = f"unknown; allowed here: {', '.join(_allowed(place[:-1]))}"
    message = message.removeprefix("Value error, ")
    # Which kind of rule it was tried as stands in the place, and not in the file.
    if place[:1] == ("rules",) and len(place) > 2:
        place = (*place[:2], *place[3:])
    if message.startswith("Input tag "):
        place, message = (*place, "id"), f"unknown; allowed: {', '.join(get_args(RuleId))}"
    if message.startswith("Unable to extract tag"):
        message = "a rule needs its 'id'"
    if not place and (named := _PLACED.match(message)):
        place, message = tuple(named[1].split(".")), named[2]
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    line = next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 0)
    return Problem(line, f"{name}: {message}" if name else message)


def _allowed(place: _Place) -> list[str]:
    match place:
        case ("rules", int(), str(rule)):
            return parameters_of(rule)
        case ("rules", int(), str(), "ladder", int()):
            table: type[BaseModel] = Rung
        case ("rules", int(), "issue-overdue", "hours"):
            table = UrgencyHours
        case (str(name), *_):
            table = _TABLES[name]
        case _:
            table = Policy
    return [field.alias or name for name, field in table.model_fields.items()]


_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "hours": HoursTable,
    "digest": DigestTable,
    "acknowledgement": AcknowledgementTable,
    "reopening": ReopeningTable,
    "calendar": CalendarTable,
}
_PLACED = re.compile(r"(\w+\.\w+): (.*)")
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
