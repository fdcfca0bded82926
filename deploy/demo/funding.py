"""When the money comes, from how far, and how much: arrivals that add up to the plan's totals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.amounts import apportion, split
from deploy.demo.days import between
from deploy.demo.deals import Deal, Fate
from deploy.demo.investors import Tier
from deploy.demo.plan import MAJOR, YearPlan

SUSPENSION: Final = (8, 18)
_GRAIN: Final = 100
_HONG_KONG_DOLLARS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Original:
    """An amount in Hong Kong dollars, and yuan for one of them in thousandths."""

    dollars: int
    thousandths: int

    @property
    def amount(self) -> int:
        """The same in 万元, exactly: the dollars come in tens of millions."""
        return self.dollars // _HONG_KONG_DOLLARS * self.thousandths


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money on a day, in 万元; `local` when it comes from the district itself instead of the investor's home."""

    on: date
    amount: int
    local: bool = False
    original: Original | None = None


def with_tiers(rng: Random, plan: YearPlan, year: int, deals: Sequence[Deal]) -> list[Deal]:
    """The deals, each with the tier of its investor, so that every tier can carry its part of the year's funds."""
    capacity = [_capacity(deal, plan, year) for deal in deals]
    open_places = [i for i, deal in enumerate(deals) if deal.tier is None]
    counted = sum(c for c, deal in zip(capacity, deals, strict=True) if deal.tier != "local")
    wanted = counted * (plan.funds_arrived - plan.funds_outside_province) / max(plan.funds_arrived, 1)
    near = sum(c for c, deal in zip(capacity, deals, strict=True) if deal.tier == "abroad")
    tiers: dict[int, Tier] = {}
    for i in rng.sample(open_places, len(open_places)):
        # What carries no funds this year is dealt by chance; the largest investors are not neighbours.
        fits = (
            near + capacity[i] <= wanted * 1.08 and deals[i].amount < 3 * MAJOR if capacity[i] else rng.random() < 0.3
        )
        near += capacity[i] if fits else 0
        tiers[i] = rng.choice(("outside-city", "outside-district")) if fits else "outside-province"
    return [replace(deal, tier=deal.tier or tiers[i]) for i, deal in enumerate(deals)]


def arrivals(rng: Random, plan: YearPlan, year: int, deals: Sequence[Deal]) -> list[list[Arrival]]:
    """For each deal its arrivals: of the year before, through the settled day, and after it."""
    money: list[list[Arrival]] = [_before(rng, deal, year) for deal in deals]
    for i, some in _through(rng, plan, year, deals).items():
        money[i] += some
    for i, some in _later(rng, plan, year, deals, money).items():
        money[i] += some
    for i in [i for i, deal in enumerate(deals) if _capacity(deal, plan, year) and _is_joint(deal)][:3]:
        # The district's own company takes a share in the project.
        window = _window(deals[i], plan, year)
        money[i].append(Arrival(between(rng, *window), rng.randrange(1_500, 6_001, 500), local=True))
    return [sorted(some, key=lambda arrival: arrival.on) for some in money]


def _is_joint(deal: Deal) -> bool:
    return deal.tier == "outside-province" and deal.fate is Fate.ORDINARY and deal.amount < MAJOR


def _before(rng: Random, deal: Deal, year: int) -> list[Arrival]:
    """What had come by the end of the year before: it must not count again."""
    last = date(year - 1, 12, 24)
    if deal.signed_on.year == year or (last - deal.signed_on).days < 20:
        return []
    amount = round(deal.amount * rng.uniform(0.1, 0.22) / _GRAIN) * _GRAIN
    return [Arrival(between(rng, deal.signed_on + timedelta(days=10), last), amount)]


def _through(rng: Random, plan: YearPlan, year: int, deals: Sequence[Deal]) -> dict[int, list[Arrival]]:
    """What comes through the settled day; the parts of the two totals are exact."""
    capacity = {i: c for i, deal in enumerate(deals) if (c := _capacity(deal, plan, year))}
    pace = plan.funds_arrived / max(sum(c for i, c in capacity.items() if deals[i].tier != "local"), 1)
    totals: dict[int, int] = {}
    found: dict[int, list[Arrival]] = {}
    for i, c in capacity.items():
        if deals[i].tier == "abroad":
            found[i] = _from_hong_kong(rng, c * pace, _window(deals[i], plan, year))
        elif deals[i].tier == "local":
            totals[i] = round(c * pace / _GRAIN) * _GRAIN
    far = [i for i in capacity if deals[i].tier == "outside-province"]
    near = [i for i in capacity if deals[i].tier in ("outside-city", "outside-district")]
    from_abroad = sum(arrival.amount for some in found.values() for arrival in some)
    shares = (
        (far, plan.funds_outside_province),
        (near, plan.funds_arrived - plan.funds_outside_province - from_abroad),
    )
    for group, total in shares:
        weights = [capacity[i] * rng.uniform(0.7, 1.3) for i in group]
        caps = [round(deals[i].amount * (0.8 if deals[i].signed_on.year == year else 0.7)) for i in group]
        totals |= dict(zip(group, apportion(rng, total, weights, caps, _GRAIN), strict=True))
    return found | {
        i: _tranches(rng, total, _window(deals[i], plan, year), prompt=deals[i].signed_on.year == year)
        for i, total in totals.items()
        if total
    }


def _later(
    rng: Random, plan: YearPlan, year: int, deals: Sequence[Deal], money: Sequence[Sequence[Arrival]]
) -> dict[int, list[Arrival]]:
    """What comes after the settled day, at about the pace of the months before."""
    first, last = plan.settled_on(year) + timedelta(days=1), date(year, 12, 24)
    rest: dict[int, int] = {}
    for i, deal in enumerate(deals):
        left = round(deal.amount * 0.95) - sum(arrival.amount for arrival in money[i])
        flows = deal.depth == "landing" and deal.fate not in (Fate.TERMINATED, Fate.SUSPENDED, Fate.STALLED)
        if flows and deal.tier not in ("abroad", "local") and left > 0 and (last - deal.signed_on).days > 24:
            rest[i] = left
    total = min(round(plan.funds_arrived * rng.uniform(0.3, 0.36) / _GRAIN) * _GRAIN, sum(rest.values()))
    # Not everybody pays in these months; those who do are weighed by the days that they had.
    weights = [left * min((last - deals[i].signed_on).days, 240) * rng.uniform(0.3, 1.7) for i, left in rest.items()]
    parts = apportion(rng, total, weights, list(rest.values()), _GRAIN)
    return {
        i: _tranches(
            rng, part, (max(first, deals[i].signed_on + timedelta(days=7)), last), prompt=deals[i].signed_on > first
        )
        for i, part in zip(rest, parts, strict=True)
        if part
    }


def _capacity(deal: Deal, plan: YearPlan, year: int) -> float:
    """How much a deal may well bring through the settled day, in 万元; the totals are shared out by it."""
    last = plan.settled_on(year)
    if deal.depth != "landing" or deal.fate is Fate.TERMINATED:
        return 0.0
    slow = 0.4 if deal.fate is Fate.STALLED else 1.0
    if deal.signed_on.year < year:
        return deal.amount * 0.5 * slow
    days = (last - deal.signed_on).days
    return deal.amount * (0.15 + 0.5 * days / 240) * slow if days > 25 else 0.0


def _window(deal: Deal, plan: YearPlan, year: int) -> tuple[date, date]:
    """The days between which a deal's money comes through the settled day."""
    first, last = date(year, 1, 8), plan.settled_on(year)
    if deal.fate is Fate.SUSPENDED:
        last = date(year, *SUSPENSION) - timedelta(days=1)
    early = timedelta(days=-12 if deal.fate is Fate.PAID_EARLY else 8)
    return max(first, deal.signed_on + early), last


def _tranches(rng: Random, total: int, window: tuple[date, date], *, prompt: bool) -> list[Arrival]:
    """A total in some payments, the first one soon when `prompt`.

    Most are round; some are as exact as the clauses of a contract make them.
    """
    grain = rng.choice((_GRAIN, _GRAIN, 50, 10, 1)) if total >= 500 else 1
    count = max(1, min(6, round(total / rng.uniform(4_000, 9_000)), total // (2 * _GRAIN)))
    amounts = [total] if count == 1 else split(rng, total, count, (_GRAIN, total), grain)
    days = [between(rng, *window) for _ in amounts]
    if prompt:
        first, last = window
        days[0] = between(rng, first, min(first + timedelta(days=9), last))
    return [Arrival(day, amount) for day, amount in zip(days, amounts, strict=True)]


def _from_hong_kong(rng: Random, about: float, window: tuple[date, date]) -> list[Arrival]:
    found = []
    for share in (0.45, 0.55):
        rate = rng.randint(905, 924)
        original = Original(max(1, round(about * share / rate)) * _HONG_KONG_DOLLARS, rate)
        found.append(Arrival(between(rng, *window), original.amount, original=original))
    return found
