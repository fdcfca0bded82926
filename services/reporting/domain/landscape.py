"""How a district's projects stood at the end of a day: their stages, open problems, and what is late or due next."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.reporting.domain.bulletin import Document


@dataclass(frozen=True, slots=True)
class ProjectThen:
    """A project at the end of a day; of `issues` and `progress`, which are the ledger's record, what lies after it is
    left out here.
    """

    project: str
    name: str | None
    cluster: str | None
    stage: str
    lead_unit: str | None
    lead_official: str | None
    contract_amount: Decimal | None
    milestones: Mapping[str, Mapping[str, str | None]]
    issues: Mapping[str, Mapping[str, Any]]
    progress: Sequence[Mapping[str, Any]]

    def phrase(self, day: date) -> str | None:
        """The last words reported of its progress by that day."""
        said = [one["phrase"] for one in self.progress if one["on"] <= day.isoformat()]
        return said[-1] if said else None


def landscape(projects: Iterable[ProjectThen], day: date) -> Document:
    """All of it as entries of a document, each list in a fixed order."""
    known = sorted(projects, key=lambda one: one.project)
    moving = [one for one in known if one.stage not in ("suspended", "terminated")]
    return {
        "projects": [_standing(one, day) for one in known],
        "issues": [issue for one in known if one.stage != "terminated" for issue in _issues(one, day)],
        "late": sorted(filter(None, (_late(one, day) for one in moving)), key=_by_due),
        "due_next": sorted((due for one in moving for due in _due_next(one, day)), key=_by_due),
    }


def end_of_next_month(day: date) -> date:
    """The last day of the month after the one in which a day lies."""
    later = day.replace(day=1) + timedelta(days=31)
    return later.replace(day=calendar.monthrange(later.year, later.month)[1])


def _standing(one: ProjectThen, day: date) -> Document:
    amount = one.contract_amount
    return {
        **_named(one),
        "cluster": one.cluster,
        "stage": one.stage,
        "contract_amount": None if amount is None else format(amount, ".2f"),
        "phrase": one.phrase(day),
    }


def _named(one: ProjectThen) -> Document:
    led = {"lead_unit": one.lead_unit, "lead_official": one.lead_official}
    return {"project": one.project, "name": one.name or one.project, **led}


def _issues(one: ProjectThen, day: date) -> Iterable[Document]:
    for code, issue in sorted(one.issues.items()):
        raised, resolved, due = issue.get("raised_on"), issue.get("resolved_on"), issue.get("due")
        if raised is None or raised > day.isoformat() or (resolved is not None and resolved <= day.isoformat()):
            continue
        over = (day - date.fromisoformat(due)).days if due else 0
        said = {key: issue.get(key) for key in ("category", "urgency", "owner_unit", "text")}
        yield {**_named(one), "issue": code, **said, "raised_on": raised, "due": due, "days_over": max(0, over)}


def _open_milestones(one: ProjectThen, day: date) -> Iterable[tuple[date, str]]:
    """What was not reached by the day, with the day on which it was due."""
    for name, milestone in one.milestones.items():
        due, done = milestone.get("due"), milestone.get("on")
        if due is not None and (done is None or done > day.isoformat()):
            yield date.fromisoformat(due), name


def _late(one: ProjectThen, day: date) -> Document | None:
    """The milestone that is overdue for longest; what is due on the day itself is not late yet."""
    overdue = sorted(found for found in _open_milestones(one, day) if found[0] < day)
    if not overdue:
        return None
    due, name = overdue[0]
    return {**_named(one), "milestone": name, "due": due.isoformat(), "days": (day - due).days}


def _due_next(one: ProjectThen, day: date) -> Iterable[Document]:
    for due, name in _open_milestones(one, day):
        if day <= due <= end_of_next_month(day):
            yield {**_named(one), "milestone": name, "due": due.isoformat()}


def _by_due(entry: Document) -> tuple[str, str, str]:
    return entry["due"], entry["project"], entry["milestone"]
