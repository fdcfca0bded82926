"""Bulletins for tests, put together by hand: a few facts, a target, two projects."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import services.reporting
from services.reporting.domain.bulletin import Cover, Document, instant
from services.reporting.domain.bulletin_changes import NOTHING_BEFORE
from services.reporting.domain.bulletin_content import Found, asked_of, bulletin
from services.reporting.domain.bulletin_proof import fact_of
from services.reporting.domain.indicators import Definitions, read_definitions
from services.reporting.domain.landscape import ProjectThen
from services.reporting.domain.progress import TargetFact
from services.reporting.domain.recount import figures, rates

DISTRICT = "500101"
THROUGH = date(2026, 8, 31)
SEALED = datetime(2026, 9, 5, 0, 0, 0, 123456, tzinfo=UTC)
TEXT = Path(services.reporting.__file__).with_name("indicators.toml").read_text(encoding="utf-8")


def definitions(text: str = TEXT) -> Definitions:
    """The packaged ones, unless a text says others."""
    return read_definitions(text, "indicators.toml")


def fact(event: str, project: str, id: str, on: str, **data: Any) -> Document:  # noqa: A002 - the event's own word
    """A fact as a document has it, still without `counts`; recorded on the evening of its day."""
    recorded = datetime.fromisoformat(f"{on}T12:00:00+00:00")
    unit = "finance" if event == "funds-arrived" else "investment"
    return {
        "project": project,
        "name": f"{project}项目",
        "event": event,
        "source": f"/{DISTRICT}/{unit}",
        "id": id,
        "on": on,
        "recorded_at": instant(recorded),
        "data": {"on": on, **data},
    }


def funds(project: str, id: str, on: str, amount: str, origin: str = "440300") -> Document:  # noqa: A002 - as above
    """Funds that arrived, by default from another province."""
    return fact("funds-arrived", project, id, on, amount=amount, origin=origin, nature="fixed-assets")


def contract(project: str, id: str, on: str, amount: str, level: str | None = None) -> Document:  # noqa: A002 - as above
    """A contract, on a platform of that level if one is given."""
    platform = {"platform": {"name": "中外知名企业行", "level": level}} if level else {}
    return fact("signed", project, id, on, kind="contract", amount=amount, **platform)


def year() -> list[Document]:
    """The demo's figures through August in five facts."""
    return [
        contract("P-1", "s-1", "2026-02-01", "15280000000.00", "provincial"),
        funds("P-1", "f-1", "2026-03-01", "5540000000.00"),
        funds("P-2", "f-2", "2026-08-31", "2940000000.00", origin="500103"),
        contract("P-2", "s-2", "2025-12-31", "700000000.00"),
        fact("started", "P-1", "b-1", "2026-05-01"),
    ]


def targets() -> list[TargetFact]:
    """Two of the four, handed down in January."""
    said = {"funds-arrived": "105", "platform-signings": "130"}
    recorded, source = datetime(2026, 1, 16, tzinfo=UTC), f"/{DISTRICT}/investment"
    return [
        TargetFact(code, Decimal(value), "市招商局", date(2026, 1, 15), recorded, source, f"t-{code}")
        for code, value in said.items()
    ]


def project(code: str, **said: Any) -> ProjectThen:
    """A project of the reserve, without anything more unless said otherwise."""
    blank = ProjectThen(
        project=code,
        name=f"{code}项目",
        cluster="装备制造",
        stage="reserved",
        lead_unit="区经济信息委",
        lead_official="王建国 副区长",
        contract_amount=None,
        milestones={},
        issues={},
        progress=[],
    )
    return replace(blank, **said)


def sealed_bulletin(
    facts: Sequence[Document] | None = None,
    projects: Sequence[ProjectThen] = (),
    restated: Document | None = None,
    text: str = TEXT,
    **cover: Any,
) -> Document:
    """A bulletin for August 2026."""
    rules = definitions(text)
    facts = year() if facts is None else list(facts)
    on_it = {"district": DISTRICT, "district_name": "示范区", "number": "2026-08-1"}
    front = Cover(**{**on_it, "through": THROUGH, "known_by": SEALED, **cover})
    asked = asked_of(rules, front.through, front.known_by)
    known = [fact_of(one) for one in facts]
    found = Found(
        definitions_text=text,
        definitions=rules,
        indicators=figures(rules, known, targets(), DISTRICT, asked),
        ratios=rates(rules, known, DISTRICT, asked),
        targets=targets(),
        facts=facts,
        projects=projects,
        restated=restated or NOTHING_BEFORE,
    )
    return bulletin(front, found)
