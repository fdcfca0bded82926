"""Puts a bulletin's document together from what was found at the instant of sealing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.reporting.domain.bulletin import Cover, Document, heading, in_order, line, sealed
from services.reporting.domain.bulletin_changes import key
from services.reporting.domain.bulletin_proof import counts, fact_of, months
from services.reporting.domain.bulletin_text import report
from services.reporting.domain.indicators import Definitions
from services.reporting.domain.landscape import ProjectThen, landscape
from services.reporting.domain.progress import Progress, TargetFact, passed_of, percent
from services.reporting.domain.question import Question, year_of
from services.reporting.domain.ratios import RatioFigure


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables hold at the instant of sealing; `facts` as a document lists them, still without `counts`.

    `restated` is what `bulletin_changes.restated` says about the bulletin before.
    """

    definitions_text: str
    definitions: Definitions
    indicators: Sequence[Progress]
    ratios: Sequence[RatioFigure]
    targets: Sequence[TargetFact]
    facts: Sequence[Document]
    projects: Sequence[ProjectThen]
    restated: Document


def asked_of(definitions: Definitions, through: date, known_by: datetime) -> Question:
    """What a bulletin's figures answer: the year to which its last day belongs, until that day."""
    return Question(year_of(through, definitions.year_begins), through, known_by)


def bulletin(cover: Cover, found: Found) -> Document:
    """The whole document, with its text and its root digest."""
    asked = asked_of(found.definitions, cover.through, cover.known_by)
    known = [fact_of(one) for one in found.facts]
    counting = counts(found.definitions, known, cover.district, asked)
    document = heading(cover, asked, found.definitions.year_begins) | {
        "definitions": {"version": found.definitions.definitions, "text": found.definitions_text},
        "elapsed_pct": format(percent(passed_of(asked), 2), "f"),
        "indicators": [line(one) for one in found.indicators],
        "ratios": [line(one) for one in found.ratios],
        "targets": sorted((line(one) for one in found.targets), key=lambda one: (one["indicator"], *key(one))),
        "facts": in_order([one | {"counts": counting.get(key(one), {})} for one in found.facts]),
        "series": months(found.definitions, known, found.targets, cover.district, asked),
        "landscape": landscape(found.projects, cover.through),
        "restated": found.restated,
    }
    return sealed(document | {"report": report(document, found.definitions)})
