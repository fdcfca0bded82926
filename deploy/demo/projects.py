"""Gives each deal a face: a number, a name, an investor, and those who answer for it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from deploy.demo.clusters import CLUSTERS, Cluster
from deploy.demo.days import after
from deploy.demo.deals import Deal
from deploy.demo.funding import Arrival
from deploy.demo.investors import Investor, brands, homes, investor
from deploy.demo.officials import LEAD_OFFICIALS, UNITS
from deploy.demo.plan import YI_IN_WAN

_CLUSTER_WEIGHTS: Final = (5, 4, 3, 3, 4, 3, 3)
_CHANNELS: Final = {
    "fixed-point": 5,
    "targeted": 4,
    "directional": 4,
    "enterprise": 3,
    "agent": 2,
    "commissioned": 1,
    "own": 1,
}
_ASSOCIATIONS: Final = (
    "在粤同乡联谊会",
    "在京同乡联谊会",
    "在滇同乡联谊会",
    "市浙江商会",
    "市江西商会",
    "市闽商联合会",
)


@dataclass(frozen=True, slots=True)
class Project:
    """A project with all that its events will say of it; `zone` is the token of its command office."""

    id: str
    name: str
    deal: Deal
    money: Sequence[Arrival]
    investor: Investor
    cluster: Cluster
    industry: str
    registered_on: date
    channel: dict[str, str]
    lead_official: str
    zone: str

    def claim(self) -> dict[str, Any]:
        """The data of its `claimed` event."""
        return {
            "lead_official": self.lead_official,
            "lead_unit": self.cluster.lead_unit,
            "command_office": UNITS[self.zone],
        }


def projects(
    rng: Random, district: str, year: int, deals: Sequence[Deal], money: Sequence[Sequence[Arrival]]
) -> list[Project]:
    """A project for each deal, in the order of their registration."""
    names = brands(rng)
    registered = [_registered_on(rng, deal, year) for deal in deals]
    order = sorted(range(len(deals)), key=lambda i: registered[i])
    numbers: Counter[int] = Counter()
    found: list[Project] = []
    for i in order:
        deal, day = deals[i], registered[i]
        numbers[day.year] += 1
        cluster = rng.choices(CLUSTERS, _CLUSTER_WEIGHTS)[0]
        product = rng.choice(cluster.products)
        who = investor(rng, next(names), rng.choice(homes(district, deal.tier or "local")), product, deal.amount)
        project = Project(
            id=f"P-{day.year}-{numbers[day.year]:03}",
            name=f"{who.brand}{product.name}{rng.choice(_endings(deal, cluster))}",
            deal=deal,
            money=money[i],
            investor=who,
            cluster=cluster,
            industry=product.industry,
            registered_on=day,
            channel=_channel(rng, found),
            lead_official=rng.choice(LEAD_OFFICIALS),
            zone=rng.choice(cluster.zones),
        )
        found.append(project)
    return found


def _registered_on(rng: Random, deal: Deal, year: int) -> date:
    return max(after(deal.signed_on, -rng.randint(75, 160)), date(year - 1, 1, 6) + timedelta(days=rng.randint(0, 3)))


def _endings(deal: Deal, cluster: Cluster) -> tuple[str, ...]:
    makes_things = cluster.unit in ("economy", "agriculture")
    return (
        ("生产基地项目", "产业园项目")
        if makes_things and deal.amount >= 10 * YI_IN_WAN
        else ("项目", "项目", "建设项目")
    )


def _channel(rng: Random, earlier: Sequence[Project]) -> dict[str, str]:
    """How the project was found, with who helped to find it."""
    channel = rng.choices(list(_CHANNELS), list(_CHANNELS.values()))[0]
    return {"channel": channel} | dict(_through(rng, channel, earlier))


def _through(rng: Random, channel: str, earlier: Sequence[Project]) -> Iterator[tuple[str, str]]:
    match channel:
        case "directional":
            yield "introduced_by", rng.choice(_ASSOCIATIONS)
        case "agent" | "commissioned":
            yield (
                "agent",
                rng.choice(("深圳市前沿招商咨询有限公司", "北京汇智产业顾问有限公司", "上海启创投资促进中心")),
            )
        case "enterprise" if earlier:
            yield "driven_by", rng.choice(earlier).id
