"""What departments write down, before it gets its number and goes out."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from deploy.demo.days import end_of_month, is_working, working_day
from shared.clock import BUSINESS_ZONE


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An event without its id: `sent` is when its unit sends it; `replaces` and `voids` point at earlier entries."""

    sent: datetime
    unit: str
    subject: str
    name: str
    data: dict[str, Any]
    replaces: "Entry | None" = None
    voids: "Entry | None" = None

    @property
    def on(self) -> date:
        """The business date."""
        return date.fromisoformat(self.data["on"])


@dataclass(slots=True)
class Diary:
    """Collects what happens to one subject: a project, a trip, a target."""

    rng: Random
    subject: str
    entries: list[Entry] = field(default_factory=list)

    def note(self, on: date, unit: str, name: str, /, **data: Any) -> None:
        """Write down that something happened; fields that are None are left out."""
        given = {key: value for key, value in data.items() if value is not None}
        self.entries.append(Entry(_sent(self.rng, on), unit, self.subject, name, {"on": on.isoformat()} | given))

    def strike_after(self, day: date) -> None:
        """Strike what was to happen after a day."""
        self.entries = [entry for entry in self.entries if entry.on <= day]

    def postpone(self, first: date, days: int) -> None:
        """Move what was to happen from `first` on by a number of days."""
        self.entries = [_moved(entry, days) if entry.on >= first else entry for entry in self.entries]


def office_hours(rng: Random, day: date) -> datetime:
    """Some moment of a day between 8:30 and 18:00, Asia/Shanghai."""
    morning = datetime.combine(day, time(8, 30), BUSINESS_ZONE)
    return morning + timedelta(seconds=rng.randrange(9 * 3600 + 1800))


def _sent(rng: Random, on: date) -> datetime:
    """Within three working days, and never later than the month's end: departments close their books with the month."""
    wanted = on + timedelta(days=rng.choices([0, 1, 2, 3], [5, 3, 1, 1])[0])
    while not is_working(wanted):
        wanted += timedelta(days=1)
    return office_hours(rng, min(wanted, end_of_month(on)))


def _moved(entry: Entry, days: int) -> Entry:
    on = working_day(entry.on + timedelta(days=days))
    return replace(entry, sent=entry.sent + (on - entry.on), data=entry.data | {"on": on.isoformat()})
