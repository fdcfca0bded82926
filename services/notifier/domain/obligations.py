"""What a rule finds on a project: something that has to happen, by when and by whom, late today or not."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.notifier.domain.ladder import Calendar, midnight
from services.notifier.domain.record import Record
from services.notifier.domain.rules import RuleId
from services.notifier.domain.wording import zh_date

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to happen on a project.

    `due` is the last day in time; somebody is to hear from the instant `since` on, and no longer from `until` on. `met`
    is the day on which it happened. `matter` tells apart what one rule looks for on one project. `text` is the sentence
    that people read now, `brief` what they read of it in a list, `done` says how it ended, `moved` that it is not due
    any more. `urgency`: the lower, the earlier in a list. `pressing`: it does not wait for a morning. `provisional`:
    the calendar of that year is not known yet. One that does not open a case (`opens`) only keeps one that is open.
    """

    rule: RuleId
    matter: str
    due: date
    since: datetime
    brief: str
    text: str
    owed_by: str | None = None
    until: datetime | None = None
    met: date | None = None
    done: str = ""
    moved: str = ""
    urgency: int = 5
    pressing: bool = False
    opens: bool = True
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a rule looks at: a record at an instant, with the calendar, and the unit that owes what none does yet."""

    record: Record
    now: datetime
    today: date
    calendar: Calendar
    coordinator: str | None

    def say(self, day: date) -> str:
        """A day as people write it."""
        return zh_date(day, self.today)

    def late(self, due: date) -> int:
        """Days since the last day in time."""
        return (self.today - due).days


def after(due: date) -> datetime:
    """The instant from which on what was due on a day is late."""
    return midnight(due + ONE_DAY)
