"""The trips on which delegations look for investors."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.days import between
from deploy.demo.diary import Diary, Entry
from deploy.demo.officials import DISTRICT_HEAD, LEAD_OFFICIALS
from deploy.demo.plan import YearPlan
from deploy.demo.projects import Project

# City → first two digits of the origins that are met there, whom one meets otherwise, how often one goes.
_CITIES: Final = {
    "北京": ("11", "在京同乡联谊会", 10),
    "重庆": ("50", "市浙江商会", 8),
    "深圳": ("44", "在粤同乡联谊会", 12),
    "南昌": ("36", "江西省川渝商会", 6),
    "昆明": ("53", "在滇同乡联谊会", 5),
}


def travel(rng: Random, plan: YearPlan, year: int, projects: Sequence[Project]) -> list[Entry]:
    """The year's `outreach-made` entries, in the order of their trips' ids."""
    settled = plan.settled_on(year)
    days = [between(rng, date(year, 1, 12), settled) for _ in range(plan.trips)]
    days += [between(rng, settled + timedelta(days=2), date(year, 12, 11)) for _ in range(plan.trips_later)]
    entries: list[Entry] = []
    for number, day in enumerate(sorted(days), 1):
        diary = Diary(rng, f"T-{year}-{number:03}")
        _trip(rng, diary, day, projects)
        entries += diary.entries
    return entries


def _trip(rng: Random, diary: Diary, day: date, projects: Sequence[Project]) -> None:
    city = rng.choices(list(_CITIES), [often for _, _, often in _CITIES.values()])[0]
    province, association, _ = _CITIES[city]
    there = [p for p in projects if p.investor.origin.startswith(province) and p.registered_on <= day]
    visited = rng.sample(there, min(len(there), rng.randint(0, 3)))
    diary.note(
        day,
        "investment",
        "outreach-made",
        city=city,
        led_by=rng.choice((DISTRICT_HEAD, *LEAD_OFFICIALS)),
        met=[project.investor.name for project in visited] or [association],
        projects=[project.id for project in visited] or None,
    )
