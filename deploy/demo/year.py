"""A district's year from a seed: the same seed, the same year, to the last byte."""

from collections.abc import Sequence
from datetime import date
from random import Random

from deploy.demo.corrections import with_corrections
from deploy.demo.deals import portfolio
from deploy.demo.diary import Diary, Entry
from deploy.demo.dispatch import Dispatch, Publication, dispatch
from deploy.demo.fairs import season
from deploy.demo.funding import arrivals, with_tiers
from deploy.demo.life import land, negotiate
from deploy.demo.mischief import with_mischief
from deploy.demo.money import report_funds
from deploy.demo.outreach import travel
from deploy.demo.plan import DEMO, YearPlan
from deploy.demo.progress import report_progress
from deploy.demo.projects import Project, projects
from deploy.demo.troubles import befall, hand_over, promise
from shared.places import is_domestic

__all__ = ["Publication", "dispatches", "district_year"]


def district_year(
    district: str, seed: int, year: int = 2026, until: date | None = None, plan: YearPlan = DEMO
) -> Sequence[Publication]:
    """What a district's departments publish in a year, in the order of sending.

    `until` keeps what was sent by the end of that day (Asia/Shanghai): nothing is sent before it happened, so nothing
    of it lies in the future, and what comes with a later `until` begins with the same publications.

    Raises:
        ValueError: when `district` is no GB/T 2260 code, or the plan's totals cannot be met.
    """
    found = dispatches(district, seed, year, plan)
    return [each.publication for each in found if until is None or each.sent.date() <= until]


def dispatches(district: str, seed: int, year: int = 2026, plan: YearPlan = DEMO) -> list[Dispatch]:
    """As `district_year`, each with the moment of sending and the refusal that it is made to get, if any."""
    if not is_domestic(district):
        raise ValueError(f"a district is a GB/T 2260 code of six digits, not {district!r}")
    entries = [entry for entry in _entries(district, seed, year, plan) if entry.sent.year <= year]
    settled = plan.settled_on(year)
    corrected = with_corrections(_chance(district, seed, year, "corrections"), entries, district, settled)
    return with_mischief(_chance(district, seed, year, "mischief"), dispatch(district, corrected), year)


def _entries(district: str, seed: int, year: int, plan: YearPlan) -> list[Entry]:
    rng = _chance(district, seed, year, "deals")
    deals = portfolio(rng, plan, year, season(district, year - 1), season(district, year))
    deals = with_tiers(_chance(district, seed, year, "tiers"), plan, year, deals)
    money = arrivals(_chance(district, seed, year, "money"), plan, year, deals)
    found = projects(_chance(district, seed, year, "faces"), district, year, deals, money)
    entries = _targets(_chance(district, seed, year, "targets"), plan, year)
    entries += travel(_chance(district, seed, year, "trips"), plan, year, found)
    for project in found:
        entries += _course(_chance(district, seed, year, project.id), project, district, year)
    return entries


def _course(rng: Random, project: Project, district: str, year: int) -> list[Entry]:
    """All that happens to a project. The money is told last: no trouble may strike what the totals need."""
    diary = Diary(rng, project.id)
    agreed = negotiate(diary, project)
    land(diary, project, agreed)
    report_progress(diary, project, agreed, date(year, 1, 5), date(year, 12, 28))
    promise(diary, project)
    hand_over(diary, project)
    befall(diary, project, agreed, year)
    report_funds(diary, project, district)
    return diary.entries


def _targets(rng: Random, plan: YearPlan, year: int) -> list[Entry]:
    entries: list[Entry] = []
    for indicator, value in plan.targets.items():
        diary = Diary(rng, f"target-{year}-{indicator}")
        data = {"year": year, "indicator": indicator, "value": value, "issued_by": "市招商引资工作领导小组"}
        diary.note(date(year, 1, 15), "investment", "target-set", **data)
        entries += diary.entries
    return entries


def _chance(district: str, seed: int, year: int, topic: str) -> Random:
    # A generator of its own for each topic: a change to one part leaves the others' years as they were.
    return Random(f"{district}/{seed}/{year}/{topic}")  # noqa: S311 - an invented year needs repeatability, not secrecy
