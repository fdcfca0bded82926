"""Answers laid out as tables: a row for each thing in a list, with what stands above it."""

from typing import Any

from services.reporting import answers
from services.reporting.domain.indicators import Definitions
from services.reporting.tables import Rows


def of_progress(answer: answers.ProgressAnswer) -> Rows:
    """Each indicator of a district."""
    head = {"district": answer.district, "through": answer.through, "elapsed_pct": answer.elapsed_pct}
    return [head | _flat(line) for line in answer.indicators]


def of_all_progress(answer: answers.AllProgressAnswer) -> Rows:
    """Each indicator of each district."""
    return [
        {"district": one.district, "name": one.name, "through": answer.through, "elapsed_pct": answer.elapsed_pct}
        | _flat(line)
        for one in answer.districts
        for line in one.indicators
    ]


def of_series(answer: answers.SeriesAnswer) -> Rows:
    """Each indicator at the end of each month."""
    return [
        {"district": answer.district, "through": month.through, "elapsed_pct": month.elapsed_pct} | _flat(line)
        for month in answer.months
        for line in month.indicators
    ]


def of_ratios(answer: answers.RatiosAnswer) -> Rows:
    """Each rate of the whole cohort."""
    return [_flat(one, "by_month") for one in answer.ratios]


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
    return [{answer.dimension: part.value} | _flat(part, "value") for part in answer.parts]


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
