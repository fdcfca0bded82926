"""Puts a bulletin's document together from what was found at the instant of sealing."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.domain.bulletin import Cover, Document, heading, in_order, line, sealed
from services.reporting.domain.bulletin_changes import key
from services.reporting.domain.bulletin_proof import counts, fact_of
from services.reporting.domain.bulletin_text import report
from services.reporting.domain.indicators import Definitions
from services.reporting.domain.landscape import ProjectThen, landscape
from services.reporting.domain.progress import Progress, TargetFact, passed_of, percent
from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure
from services.reporting.domain.recount import Fact, figures


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


def bulletin(cover: Cover, found: Found) -> Document:
    """The whole document, with its text and its root digest."""
    asked = Question(cover.through.year, cover.through, cover.known_by)
    known = [fact_of(one) for one in found.facts]
    counting = counts(found.definitions, known, cover.district, asked)
    document = heading(cover) | {
        "definitions": {"version": found.definitions.definitions, "text": found.definitions_text},
        "elapsed_pct": format(percent(passed_of(asked), 2), "f"),
        "indicators": [line(one) for one in found.indicators],
        "ratios": [line(one) for one in found.ratios],
        "targets": sorted((line(one) for one in found.targets), key=lambda one: (one["indicator"], *key(one))),
        "facts": in_order([one | {"counts": counting.get(key(one), {})} for one in found.facts]),
        "series": list(_series(found, known, cover.district, asked)),
        "landscape": landscape(found.projects, cover.through),
        "restated": found.restated,
    }
    return sealed(document | {"report": report(document, found.definitions)})


def _series(found: Found, known: Sequence[Fact], district: str, asked: Question) -> Iterator[Document]:
    """Each indicator at the end of each month, as known at the instant of sealing."""
    for month in range(1, asked.through.month + 1):
        last = date(asked.year, month, calendar.monthrange(asked.year, month)[1])
        then = Question(asked.year, min(last, asked.through), asked.known_by)
        lines = [line(one) for one in figures(found.definitions, known, found.targets, district, then)]
        yield {
            "through": then.through.isoformat(),
            "elapsed_pct": format(percent(passed_of(then), 2), "f"),
            "indicators": {one["code"]: {name: one[name] for name in ("actual", "completion_pct")} for one in lines},
        }
