"""Answers laid out as tables: a row for each thing in a list, with what stands above it."""

from decimal import Decimal
from typing import Any

from services.reporting import answers
from services.reporting.domain.indicators import Definitions
from services.reporting.tables import Rows


def of_progress(answer: answers.ProgressAnswer) -> Rows:
    """Each indicator of a district."""
    return [_head(answer) | _line(line, answer.elapsed_pct) for line in answer.indicators]


def of_all_progress(answer: answers.AllProgressAnswer) -> Rows:
    """Each indicator of each district."""
    asked = {name: getattr(answer, name) for name in ("year", "through", "known_by", "definitions")}
    return [
        {"district": one.district, "name": one.name, **asked, "complete": one.complete}
        | _line(line, answer.elapsed_pct)
        for one in answer.districts
        for line in one.indicators
    ]


def of_series(answer: answers.SeriesAnswer) -> Rows:
    """Each indicator at the end of each month."""
    return [
        _head(answer) | {"through": month.through} | _line(line, month.elapsed_pct)
        for month in answer.months
        for line in month.indicators
    ]


def of_ratios(answer: answers.RatiosAnswer) -> Rows:
    """Each rate of the whole cohort."""
    return [_head(answer) | _flat(one, "by_month") for one in answer.ratios]


def of_facts(answer: answers.FactsAnswer) -> Rows:
    """Each fact."""
    return [
        _flat(fact, "platform", "evidence")
        | {
            "platform": fact.platform and fact.platform.name,
            "platform_level": fact.platform and fact.platform.level,
            "evidence_kind": (fact.evidence or {}).get("kind"),
            "evidence_reference": (fact.evidence or {}).get("reference"),
        }
        for fact in answer.facts
    ]


def of_parts(answer: answers.PartsAnswer) -> Rows:
    """Each part."""
    head = _head(answer) | {"indicator": answer.indicator.code}
    return [head | {answer.dimension: part.value} | _flat(part, "value") for part in answer.parts]


def of_projects(answer: answers.ProjectsAnswer) -> Rows:
    """Each project."""
    return [
        _flat(one, "overdue")
        | {"overdue": one.overdue and one.overdue.milestone, "overdue_since": one.overdue and one.overdue.due}
        for one in answer.projects
    ]


def of_timeline(answer: answers.StoryAnswer) -> Rows:
    """Each entry of a timeline."""
    return [_flat(entry) for entry in answer.timeline]


def _head(answer: answers.Heading) -> dict[str, Any]:
    """What is asked and whether anything is missing: a table that was kept must tell it by itself."""
    return {
        name: getattr(answer, name) for name in ("district", "year", "through", "known_by", "definitions", "complete")
    }


def _line(line: answers.IndicatorAnswer, elapsed_pct: Decimal) -> dict[str, Any]:
    """An indicator with the 序时进度 against which it is held: its own, or the heading's."""
    return {"elapsed_pct": elapsed_pct if line.elapsed_pct is None else line.elapsed_pct} | _flat(line, "elapsed_pct")


def _flat(part: answers.Answer, *but: str) -> dict[str, Any]:
    return {name: value for name, value in part if name not in but}


def of_districts(answer: answers.DistrictsAnswer) -> Rows:
    """Each district."""
    return [_flat(one) for one in answer.districts]


def of_editions(answer: answers.EditionsAnswer) -> Rows:
    """Each version of the definitions."""
    return [_flat(one) for one in answer.root]


def of_definitions(answer: Definitions) -> Rows:
    """Each indicator and each rate, its rules as JSON."""
    return [
        {"definitions": answer.definitions, "what": what}
        | one.model_dump(mode="json", by_alias=True, exclude_none=True)
        for what, those in (("indicator", answer.indicator), ("ratio", answer.ratio))
        for one in those
    ]


def of_bulletins(answer: answers.BulletinsAnswer) -> Rows:
    """Each bulletin."""
    return [{"district": answer.district} | _flat(one) for one in answer.bulletins]
