"""A project's course as one list: facts, progress in the reporter's words, gates, troubles, pledges and escalations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

_TAKEN_APART = frozenset({"on", "amount", "evidence"})


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened on a day. `what` is an event's name or a name as of events; `details` is what was said.

    `source` and `id` lead to the event in the archive, where the ledger's record tells them; a fact that was replaced
    or voided has `superseded_at`.
    """

    on: date
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)
    amount: Any = None
    evidence: Mapping[str, Any] | None = None
    source: str | None = None
    id: str | None = None
    recorded_at: datetime | None = None
    superseded_at: datetime | None = None


def timeline(record: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """A project's course in the order of days; of one day, in the order of recording where that is known.

    A part of the record that cannot be read as expected is left out: the record may say more and other things than this
    reader knows.
    """
    said = [*(_fact(one) for one in facts), *_told(record)]
    return sorted(said, key=lambda one: (one.on, one.recorded_at is None, str(one.recorded_at), one.what, one.id or ""))


def _fact(row: Mapping[str, Any]) -> Entry:
    return Entry(
        on=row["happened_on"],
        what=row["event"],
        details={key: value for key, value in row["data"].items() if key not in _TAKEN_APART},
        amount=row["amount"],
        evidence=row["data"].get("evidence"),
        source=row["source"],
        id=row["id"],
        recorded_at=row["recorded_at"],
        superseded_at=row["superseded_at"],
    )


def _told(record: Mapping[str, Any]) -> Iterator[Entry]:
    for gate, state in _items(record, "gates"):
        yield from _entry(state.get("on"), "reviewed", {"gate": gate} | _but(state, "on"))
    if isinstance(approval := record.get("approval"), dict):
        yield from _entry(approval.get("on"), "approved", _but(approval, "on"))
    for report in _list(record, "progress"):
        said = {"phrase": report.get("phrase"), "quantity": report.get("quantity")}
        yield from _entry(report.get("on"), "progress-reported", said, report.get("source"), report.get("id"))
    for issue, state in _items(record, "issues"):
        raised = {"issue": issue} | _but(state, "raised_on", "raised_at", "resolved_on", "resolution")
        yield from _entry(state.get("raised_on"), "issue-raised", raised)
        yield from _entry(state.get("resolved_on"), "issue-resolved", {"issue": issue, "text": state.get("resolution")})
    for pledge, state in _items(record, "pledges"):
        made = {"pledge": pledge} | _but(state, "made_on", "kept_on", "kept_clause", "kept_amount")
        yield from _entry(state.get("made_on"), "pledge-made", made)
        kept = {"pledge": pledge, "clause": state.get("kept_clause"), "amount": state.get("kept_amount")}
        yield from _entry(state.get("kept_on"), "pledge-kept", kept)
    for case in _list(record, "escalations"):
        yield from _entry(case.get("on"), f"escalation-{case.get('state')}", _but(case, "on", "state"))


def _entry(
    on: object, what: str, details: Mapping[str, Any], source: object = None, event: object = None
) -> Iterator[Entry]:
    try:
        day = date.fromisoformat(str(on))
    except ValueError:
        return
    yield Entry(
        on=day,
        what=what,
        details={key: value for key, value in details.items() if value is not None},
        source=source if isinstance(source, str) else None,
        id=event if isinstance(event, str) else None,
    )


def _items(record: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = record.get(name)
    if not isinstance(found, dict):
        return []
    return [(key, value) for key, value in found.items() if isinstance(value, dict)]


def _list(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = record.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _but(state: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in keys}
