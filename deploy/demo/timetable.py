"""A project's milestones: what was agreed, and when it came to pass, if it did."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.days import after, round_date
from deploy.demo.deals import Deal, Fate
from deploy.demo.plan import MAJOR, YI_IN_WAN

# Days that each step takes after the one before, from the contract on.
_STEPS: Final = {
    "site-fixed": (15, 40),
    "planned": (25, 50),
    "started": (25, 55),
    "completed": (150, 290),
    "commissioned": (25, 55),
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone's due date, and the day on which it was reached; None for one that is not reached."""

    due: date
    on: date | None


def timetable(rng: Random, deal: Deal) -> dict[str, Milestone]:
    """Milestones by name, in the order in which they are expected; they may lie beyond the year."""
    late = rng.random() < 0.15 and deal.fate is Fate.ORDINARY
    signed_due = round_date(deal.signed_on - timedelta(days=rng.randint(16, 35) if late else 0))
    found = {"signed": Milestone(signed_due, deal.signed_on if deal.depth == "landing" else None)}
    expected, delay, reached = deal.signed_on, 0.0, deal.depth == "landing"
    for name, (low, high) in _STEPS.items():
        expected += timedelta(days=round(rng.uniform(low, high) * _size(deal)))
        delay = _delay(rng, deal, delay)
        reached = reached and name != deal.stalls_at
        found[name] = Milestone(round_date(expected), after(expected, delay) if reached else None)
    return _with_exceptions(rng, deal, found)


def _delay(rng: Random, deal: Deal, delay: float) -> float:
    """Most keep their dates; a delay once suffered is made good only slowly."""
    if deal.fate is Fate.SWIFT:
        return 0.0
    return delay + rng.uniform(14, 50) if rng.random() < 0.13 else delay * 0.6


def _size(deal: Deal) -> float:
    if deal.fate is Fate.SWIFT:
        return 0.55
    if deal.amount >= MAJOR:
        return 1.25
    return 0.75 if deal.amount < YI_IN_WAN else 1.0


def _with_exceptions(rng: Random, deal: Deal, found: dict[str, Milestone]) -> dict[str, Milestone]:
    """Some settle the site before they sign; one starts to build before it signs."""
    moved = {}
    if deal.fate is Fate.STARTED_EARLY:
        moved = {"site-fixed": -40, "planned": -25, "started": -9}
    elif deal.fate is Fate.ORDINARY and rng.random() < 0.25:
        moved = {"site-fixed": -rng.randint(5, 20)}
    for name, days in moved.items():
        if found[name].on:
            day = after(deal.signed_on, days)
            found[name] = Milestone(round_date(day + timedelta(days=10)), day)
    return found
