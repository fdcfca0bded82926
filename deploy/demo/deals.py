"""The year's portfolio: which contracts are signed when, where and for how much, and what becomes of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain, repeat
from random import Random
from typing import Any, Literal

from deploy.demo.amounts import split
from deploy.demo.days import between, working_day
from deploy.demo.fairs import Fair, Season
from deploy.demo.investors import Tier
from deploy.demo.plan import MAJOR, YI_IN_WAN, YearPlan

Depth = Literal["reserve", "talks", "intent", "claimed", "landing"]
Kind = Literal["contract", "framework", "supplement"]

_GRAIN = YI_IN_WAN // 10
_SMALLEST, _LARGEST = YI_IN_WAN // 2, 32 * YI_IN_WAN
_EXACTLY_MAJOR, _AT_THE_NATIONAL_FAIR = 1, 1


class Fate(StrEnum):
    """What sets a project apart from the ordinary."""

    ORDINARY = "ordinary"
    SWIFT = "swift"
    STALLED = "stalled"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    TERMINATED = "terminated"
    STARTED_EARLY = "started before signed"
    PAID_EARLY = "funds before signing"
    REVIEWED_LATE = "signed before the legal review"


@dataclass(frozen=True, slots=True)
class Signing:
    """A signature beside the first contract; amount in 万元."""

    on: date
    kind: Kind
    amount: int
    fair: Fair | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """A project in figures: its first contract, or what is planned where none is signed; amount in 万元.

    `depth` says how far negotiations come within the year; "landing" are those with a contract. `signed_on` is when
    the first contract is signed, or else when talks are at their height.
    """

    amount: int
    signed_on: date
    fair: Fair | None = None
    depth: Depth = "landing"
    fate: Fate = Fate.ORDINARY
    stalls_at: str | None = None
    tier: Tier | None = None
    others: tuple[Signing, ...] = ()


def portfolio(rng: Random, plan: YearPlan, year: int, before: Season, now: Season) -> list[Deal]:
    """All deals of the year with those carried over from the year before; `before` and `now` are the years' fairs."""
    return [
        *_carried_over(rng, plan, year, before, now),
        *_on_platforms(rng, plan, now),
        *_elsewhere(rng, plan, year, now),
        *_later(rng, plan, year, now),
        *_negotiating(rng, plan, year, now),
    ]


def _carried_over(rng: Random, plan: YearPlan, year: int, before: Season, now: Season) -> Iterator[Deal]:
    """Signed in the year before: their funds count this year, their contracts do not."""
    marked = _marks(
        {"fate": Fate.SWIFT},
        {"fate": Fate.SWIFT},
        {"fate": Fate.TERMINATED},
        {"fate": Fate.RESUMED},
        {"fate": Fate.STALLED, "stalls_at": "started"},
        {"fate": Fate.STALLED, "stalls_at": "completed"},
        {"fate": Fate.STALLED, "stalls_at": "commissioned"},
        {"tier": "local"},
        {"tier": "abroad"},
        # An extension at this year's fair: more than 5亿, but not the project's first contract.
        {"others": (Signing(now.spring.on, "contract", 6 * YI_IN_WAN, now.spring),)},
    )
    fairs = [before.flagship, before.spring, before.summer, None, None]
    for number in range(plan.carried_over):
        fair = rng.choice(fairs)
        signed_on = fair.on if fair else between(rng, date(year - 1, 3, 3), date(year - 1, 12, 12))
        if number < 2:
            fair, signed_on = None, between(rng, date(year - 1, 2, 17), date(year - 1, 3, 14))
        small = number == 7
        amount = _ordinary_amount(rng, _SMALLEST, 2 * YI_IN_WAN if small else 12 * YI_IN_WAN)
        yield replace(Deal(amount, signed_on, fair), **next(marked))


def _on_platforms(rng: Random, plan: YearPlan, now: Season) -> Iterator[Deal]:
    """First contracts on provincial platforms; their number and sum are the plan's."""
    majors = plan.signed_major - _EXACTLY_MAJOR - _AT_THE_NATIONAL_FAIR
    at_flagship = round(majors * plan.flagship_signings / plan.platform_signings) if plan.platform_signings else 0
    flagship = _amounts(rng, plan.flagship_amount, plan.flagship_signings, at_flagship)
    rest = _amounts(
        rng,
        plan.platform_amount - plan.flagship_amount,
        plan.platform_signings - plan.flagship_signings,
        majors - at_flagship,
    )
    marked = _marks(
        {"others": _three_fairs(flagship[0] if flagship else 0, now)},
        {"fate": Fate.STALLED, "stalls_at": "started"},
        {"fate": Fate.STALLED, "stalls_at": "site-fixed"},
        {"tier": "abroad"},
        {"fate": Fate.SUSPENDED},
    )
    for amount in flagship:
        yield replace(Deal(amount, now.flagship.on, now.flagship), **next(marked))
    for number, amount in enumerate(rest):
        fair = now.spring if number % 2 == 0 else now.summer
        yield Deal(amount, fair.on, fair)


def _three_fairs(first: int, now: Season) -> tuple[Signing, ...]:
    """The same project, celebrated again and again, and grown past 5亿: it counts once, with its first contract."""
    grown = max(first + 8_000, MAJOR + 2_000)
    return (
        Signing(now.briefing.on, "framework", grown, now.briefing),
        Signing(now.spring.on, "contract", grown, now.spring),
        Signing(now.national.on, "contract", grown, now.national),
        Signing(now.national.on + timedelta(days=25), "supplement", 3_000),
    )


def _elsewhere(rng: Random, plan: YearPlan, year: int, now: Season) -> Iterator[Deal]:
    """First contracts away from provincial platforms: two of 5亿 and more, of which one exactly, and smaller ones."""
    last = plan.settled_on(year)
    yield Deal(MAJOR, between(rng, date(year, 6, 15), date(year, 6, 26)))
    yield Deal(_round_between(rng, 55_000, 95_000), now.national.on, now.national)
    marked = _marks(
        {"fate": Fate.PAID_EARLY, "signed_on": between(rng, date(year, 4, 27), date(year, 6, 5))},
        {"fate": Fate.STARTED_EARLY, "signed_on": between(rng, date(year, 3, 9), date(year, 4, 10))},
        {"fate": Fate.REVIEWED_LATE, "signed_on": between(rng, date(year, 3, 2), date(year, 6, 30))},
        {"fate": Fate.STALLED, "stalls_at": "planned", "signed_on": between(rng, date(year, 2, 24), date(year, 4, 3))},
        {"tier": "local"},
        _at(now.national),
        _at(now.ceremony),
        _at(now.ceremony),
        _at(now.start),
    )
    for _ in range(plan.signed_elsewhere):
        amount = _ordinary_amount(rng, _SMALLEST, 45_000)
        signed_on = between(rng, date(year, 1, 12), last - timedelta(days=6))
        yield replace(Deal(amount, signed_on), **next(marked))


def _later(rng: Random, plan: YearPlan, year: int, now: Season) -> Iterator[Deal]:
    """What is signed after the settled day: the year goes on."""
    marked = _marks(
        {"amount": _round_between(rng, 6 * YI_IN_WAN, 14 * YI_IN_WAN), **_at(now.harvest)},
        _at(now.harvest),
        _at(now.imports),
        {"amount": _round_between(rng, 52_000, 80_000)},
    )
    for _ in range(plan.signed_later):
        amount = _ordinary_amount(rng, _SMALLEST, 45_000)
        signed_on = between(rng, plan.settled_on(year) + timedelta(days=9), date(year, 12, 18))
        yield replace(Deal(amount, signed_on), **next(marked))


def _negotiating(rng: Random, plan: YearPlan, year: int, now: Season) -> Iterator[Deal]:
    """What is not signed within the year; two have a framework agreement, which counts nowhere."""
    depths: Sequence[Depth] = ("claimed", "claimed", "intent", "intent", "talks", "claimed", "talks", "reserve")
    frameworks = (now.briefing, now.flagship)
    for number in range(plan.negotiating):
        amount = _ordinary_amount(rng, 8_000, 9 * YI_IN_WAN)
        height = between(rng, date(year, 3, 20), date(year, 8, 14) if number < 4 else date(year, 11, 27))
        deal = Deal(amount, height, depth=depths[number % len(depths)])
        if number < len(frameworks):
            fair = frameworks[number]
            grown = max(amount, 6 * YI_IN_WAN)
            deal = replace(deal, amount=grown, others=(Signing(fair.on, "framework", grown, fair),))
            deal = replace(deal, signed_on=working_day(fair.on + timedelta(days=60)))
        elif number == len(frameworks):
            deal = replace(deal, fate=Fate.TERMINATED)
        yield deal


def _amounts(rng: Random, total: int, count: int, majors: int) -> list[int]:
    """`count` contracts that add up to `total`, of which `majors` have 5亿 or more; the smaller ones first."""
    if not count:
        return []
    minors = [_ordinary_amount(rng, 8_000, 48_000) for _ in range(count - majors)]
    if not majors:
        return split(rng, total, count, (_SMALLEST, MAJOR - _GRAIN), _GRAIN)
    return minors + split(rng, total - sum(minors), majors, (MAJOR + 2 * _GRAIN, _LARGEST), _GRAIN)


def _ordinary_amount(rng: Random, low: int, high: int) -> int:
    """Many small, few large; 0.1亿 and, from 4亿 on, 0.5亿 are what people round to."""
    amount = low + (high - low) * rng.betavariate(1.4, 2.6)
    grain = 5 * _GRAIN if amount >= 4 * YI_IN_WAN else _GRAIN
    return min(max(round(amount / grain) * grain, low), high)


def _round_between(rng: Random, low: int, high: int) -> int:
    return rng.randrange(low, high + 1, _GRAIN)


def _at(fair: Fair) -> dict[str, Any]:
    return {"fair": fair, "signed_on": fair.on}


def _marks(*marks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The marks in order, then no marks for ever."""
    return chain(marks, repeat({}))
