"""Silences (免打扰): somebody decided, for a reason and until an instant, that a case is not pressed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifier.domain.duties import Duty
from services.notifier.domain.record import Record


@dataclass(frozen=True, slots=True)
class Silence:
    """What is not pressed from `since` until `until`. Each part of the matcher that is given must agree; none given
    matches everything. `unit` is the unit that owes, `official` the project's lead official."""

    id: UUID
    who: str
    reason: str
    since: datetime
    until: datetime
    district: str | None = None
    project: str | None = None
    rule: str | None = None
    unit: str | None = None
    official: str | None = None

    def covers(self, record: Record, duty: Duty) -> bool:
        """Whether the matcher agrees with a duty on a project."""
        pairs = (
            (self.district, record.district),
            (self.project, record.project),
            (self.rule, duty.rule),
            (self.unit, duty.owed_by),
            (self.official, record.lead_official),
        )
        return all(wanted is None or wanted == found for wanted, found in pairs)


def silenced(silences: Iterable[Silence], record: Record, duty: Duty, now: datetime) -> Silence | None:
    """The silence that covers a duty now and lasts longest, if any does."""
    active = [each for each in silences if each.since <= now < each.until and each.covers(record, duty)]
    return max(active, key=lambda each: each.until, default=None)
