"""What a rule finds on a project: something that has to happen, by when and by whom, late today or not."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.notifier.domain.ladder import Calendar
from services.notifier.domain.record import Record
from services.notifier.domain.rules import RuleId
from services.notifier.domain.wording import zh_date

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that has to happen on a project.

    `due` is the last day in time; somebody is to hear from `since` on, and no longer from `until` on. `met` is the day
    on which it happened. `matter` tells apart what one rule looks for on one project. `text` is the sentence that
    people read today, `brief` what they read of it in a list, `done` says how it ended, `moved` that it is not due any
    more. `urgency`: the lower, the earlier in a list. `provisional`: the calendar of that year is not known yet.
    """

    rule: RuleId
    matter: str
    due: date
    since: date
    brief: str
    text: str
    owed_by: str | None = None
    until: date | None = None
    met: date | None = None
    done: str = ""
    moved: str = ""
    urgency: int = 5
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What a rule looks at: a record on a day, with the calendar, and the unit that owes what none does yet."""

    record: Record
    today: date
    calendar: Calendar
    coordinator: str | None

    def say(self, day: date) -> str:
        """A day as people write it."""
        return zh_date(day, self.today)

    def late(self, due: date) -> int:
        """Days since the last day in time."""
        return (self.today - due).days
