"""What is staged in the demo district's year, so that its messages tell of everything that may happen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from services.notifier.silencer import Wish
from shared.clock import BUSINESS_ZONE
from shared.envelope import Event
from shared.events import (
    Data,
    IntentSigned,
    IssueRaised,
    IssueResolved,
    Registered,
    Resumed,
    Suspended,
    TargetSet,
)

DISTRICT = "500101"
# 高志强 hands the unit over to 何平 at the middle of the year.
ROTATED = {"高志强": ("何平", "2026-06-30", "2026-07-01")}
# The group's bot refuses what is for this person on this day; the person has an e-mail address as well.
REFUSED = {(date(2026, 7, 6), "宋长江")}
WITH_MAIL = "宋长江"


@dataclass(frozen=True, slots=True)
class Staged:
    """An event of a department, and the morning on which it is sent."""

    day: date
    event: Event

    @property
    def at(self) -> datetime:
        """When the bus has it."""
        return datetime.combine(self.day, time(9, 30), BUSINESS_ZONE)


def staged() -> Iterator[Staged]:
    """A project that rests for three weeks, a morning with more than fits, a target raised for two months, and an
    intention whose deadline lies in a year whose holidays nobody knows yet."""
    rest = {"on": "2026-06-05", "reason": "用地报批，暂缓推进"}
    yield _staged("2026-06-05", "P-2025-037", Suspended.model_validate(rest))
    again = {"on": "2026-06-24", "reason": "用地已批复"}
    yield _staged("2026-06-24", "P-2025-037", Resumed.model_validate(again))
    for project in ("P-2025-005", "P-2025-014", "P-2025-018"):
        issue = {"on": "2026-06-04", "issue": f"{project}-S1", "category": "other", "urgency": "special"}
        issue |= {"owner_unit": "区经济信息委", "text": "临时用电未接通", "due": "2026-06-07"}
        yield _staged("2026-06-04", project, IssueRaised.model_validate(issue))
        over = {"on": "2026-06-10", "issue": f"{project}-S1", "text": "已接通"}
        yield _staged("2026-06-10", project, IssueResolved.model_validate(over))
    for day, value in (("2026-05-29", "140.0"), ("2026-07-31", "68.0")):
        target = {"on": day, "year": 2026, "indicator": "funds-outside-province", "value": value, "issued_by": "市政府"}
        yield _staged(day, "target-2026-funds-outside-province", TargetSet.model_validate(target))
    late = {
        "on": "2026-12-28",
        "name": "栩川低空装备项目",
        "investor": {"name": "栩川航空科技有限公司", "origin": "440300"},
        "industry": "3743",
        "channel": "fixed-point",
    }
    yield _staged("2026-12-28", "P-2026-090", Registered.model_validate(late))
    yield _staged("2026-12-28", "P-2026-090", IntentSigned.model_validate({"on": "2026-12-28"}))


def silences() -> Iterator[tuple[date, Wish]]:
    """Somebody decides that a project is not pressed, until a midnight."""
    until = datetime(2026, 9, 5, tzinfo=BUSINESS_ZONE)
    yield date(2026, 8, 18), Wish({"project": "P-2026-008"}, "等上级批复用地", "周文斌 区委副书记", until)


def _staged(day: str, subject: str, data: Data) -> Staged:
    event = Event(DISTRICT, "investment", subject, f"staged-{day}-{subject}-{data.NAME}", data)
    return Staged(date.fromisoformat(day), event)
