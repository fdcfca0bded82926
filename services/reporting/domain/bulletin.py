"""What a sealed bulletin (每月通报) is: a number, a document of JSON that never changes, and the digest of it all."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import orjson

from services.reporting.domain.progress import Progress, TargetFact
from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure

# Objects, lists, texts, whole numbers, true, false and null: no fractions, so that every program writes them alike.
Document: TypeAlias = dict[str, Any]

FORM: Final = "luodi-bulletin/1"


class SealError(Exception):
    """A bulletin cannot be sealed as asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands on a bulletin before any figure.

    `known_by` is the instant of sealing: what was recorded later is not in it. `reason` says why a month was sealed
    again, `despite` why it was sealed although something was missing (`gaps`).
    """

    district: str
    district_name: str
    number: str
    through: date
    known_by: datetime
    issuer: str | None = None
    reason: str | None = None
    despite: str | None = None
    gaps: Sequence[Mapping[str, Any]] = ()


def numbered(through: date, sequence: int) -> str:
    """The number of the `sequence`-th bulletin (from 1) of a month: 2026-08-1."""
    return f"{through:%Y-%m}-{sequence}"


def canonical(document: Document) -> bytes:
    """The document as canonical JSON (RFC 8785): keys in order, no spaces, UTF-8."""
    # Every key is ASCII and no number has a fraction, so to sort by code point is all that RFC 8785 asks.
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def root(document: Document) -> str:
    """The root digest: SHA-256, in hex, of the canonical document without its own `root`."""
    return hashlib.sha256(canonical({key: value for key, value in document.items() if key != "root"})).hexdigest()


def sealed(document: Document) -> Document:
    """The document with its root digest."""
    return document | {"root": root(document)}


def heading(cover: Cover, asked: Question, year_begins: str) -> Document:
    """The first entries of a document about such a year."""
    return {
        "form": FORM,
        "district": cover.district,
        "district_name": cover.district_name,
        "number": cover.number,
        "year": asked.year,
        "first_day": asked.period(year_begins)[0].isoformat(),
        "through": cover.through.isoformat(),
        "known_by": instant(cover.known_by),
        "issuer": cover.issuer,
        "reason": cover.reason,
        "despite": cover.despite,
        "gaps": [dict(gap) for gap in cover.gaps],
    }


def line(figure: Progress | RatioFigure | TargetFact) -> Document:
    """An indicator's or a rate's line, or a value that a target was given: field by field, as the figures have it."""
    said: Document = written(figure)
    return said


def written(value: Any) -> Any:
    """A value as a document holds it: decimals and dates as text."""
    match value:
        case Decimal():
            return format(value, "f")
        case date():
            return instant(value) if isinstance(value, datetime) else value.isoformat()
        case _ if is_dataclass(value):
            return {one.name: written(getattr(value, one.name)) for one in fields(value)}
        case dict():
            return {key: written(inner) for key, inner in value.items()}
        case list() | tuple():
            return [written(inner) for inner in value]
    return value


def instant(value: datetime) -> str:
    """An instant in UTC to the microsecond: 2026-09-05T00:00:00.000000Z."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def in_order(facts: Iterable[Document]) -> list[Document]:
    """Facts in the order in which a document lists them: by day, project, source and id."""
    return sorted(facts, key=lambda fact: (fact["on"], fact["project"], fact["source"], fact["id"]))
