"""The ledger's messages, written by hand for reporting's tests: facts, records, and their delivery."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from services.reporting.records import Delivery
from shared.subjects import project_subject, quarantine_subject, target_subject

DISTRICT = "500101"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def at(day: int, hour: int = 0) -> datetime:
    """An instant in 2026, by days since New Year (UTC)."""
    return NEW_YEAR + timedelta(days=day, hours=hour)


def fact(
    event: str,
    on: str,
    id: str,  # noqa: A002 - the message's own word
    *,
    recorded: datetime | None = None,
    source: str = f"/{DISTRICT}/finance",
    **data: Any,
) -> dict[str, Any]:
    """A fact of a record; recorded at the end of the day on which it happened, unless said otherwise."""
    default = datetime.combine(date.fromisoformat(on), datetime.min.time(), UTC) + timedelta(hours=16)
    return {
        "event": event,
        "source": source,
        "id": id,
        "on": on,
        "recorded_at": (recorded or default).isoformat(timespec="microseconds"),
        "superseded_at": None,
        "data": {"on": on, **data},
    }


def superseded(replaced: dict[str, Any], when: datetime) -> dict[str, Any]:
    """The same fact, replaced or voided at that instant."""
    return replaced | {"superseded_at": when.isoformat(timespec="microseconds")}


def funds(on: str, amount: str, id: str, origin: str = "440300", **said: Any) -> dict[str, Any]:  # noqa: A002 - as above
    """Funds that arrived, by default from another province."""
    return fact("funds-arrived", on, id, amount=amount, origin=origin, nature="fixed-assets", **said)


def signed(
    on: str,
    amount: str,
    id: str,  # noqa: A002 - as above
    kind: str = "contract",
    level: str | None = None,
    **said: Any,
) -> dict[str, Any]:
    """A signing, on a platform of that level if one is given."""
    platform: dict[str, Any] = {"platform": {"name": "中外知名企业四川行", "level": level}} if level else {}
    return fact("signed", on, id, amount=amount, kind=kind, source=f"/{DISTRICT}/bureau", **platform, **said)


def project(code: str, facts: list[dict[str, Any]], *, district: str = DISTRICT, **said: Any) -> dict[str, Any]:
    """A project's record; revision is the number of its facts unless said otherwise."""
    blank = dict.fromkeys(
        [
            *("lead_official", "lead_unit", "command_office", "industry", "cluster", "channel", "investor"),
            *("evaluation", "evaluated_on", "approval"),
        ]
    )
    record = {
        "district": district,
        "project": code,
        "revision": len(facts),
        "digest": "0" * 64,
        "name": f"{code}项目",
        "stage": "signed",
        "reached": "signed",
        "planned_amount": None,
        "contract_amount": None,
        "funds_arrived": "0.00",
        "milestones": {},
        "gates": {},
        "issues": {},
        "pledges": {},
        "anomalies": [],
        "facts": facts,
    }
    return record | blank | said


def target(indicator: str, *values: tuple[str, str], district: str = DISTRICT, year: int = 2026) -> dict[str, Any]:
    """A target's record: (day, value) for each time it was set."""
    facts = [
        fact("target-set", on, f"t-{number}", year=year, indicator=indicator, value=value, issued_by="市招商局")
        for number, (on, value) in enumerate(values)
    ]
    return {
        "district": district,
        "year": year,
        "indicator": indicator,
        "revision": len(facts),
        "digest": "0" * 64,
        "anomalies": [],
        "facts": facts,
    }


def quarantine(parked: int, revision: int = 1, district: str = DISTRICT) -> dict[str, Any]:
    """A district's quarantine."""
    return {"district": district, "parked": parked, "revision": revision}


def subject(record: dict[str, Any]) -> str:
    """The subject under which the ledger publishes a record."""
    if "project" in record:
        return project_subject(record["district"], record["project"])
    if "indicator" in record:
        return target_subject(record["district"], record["year"], record["indicator"])
    return quarantine_subject(record["district"])


def delivered(record: dict[str, Any], sequence: int) -> Delivery:
    """A record as the stream would hand it out."""
    return Delivery(subject(record), orjson.dumps(record), at(0) + timedelta(seconds=sequence), sequence)
