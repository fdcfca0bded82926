"""Round amounts of 万元, as people write them, that add up to a given total exactly."""

from collections.abc import Sequence
from random import Random

from deploy.demo.plan import WAN


def yuan(amount: int) -> str:
    """An amount of 万元 as a decimal string of yuan with two decimals."""
    return f"{amount * WAN}.00"


def apportion(rng: Random, total: int, weights: Sequence[float], caps: Sequence[int], grain: int) -> list[int]:
    """Parts of `total`, near the weights' proportions, none above its cap; all in 万元.

    All parts are multiples of `grain`, save those few on which what is left over was placed.

    Raises:
        ValueError: when the caps do not have room for the total.
    """
    if total < 0 or sum(caps) < total:
        raise ValueError(f"{total} 万元 do not fit into parts of {sum(caps)} 万元 in all")
    parts = [0] * len(caps)
    left = total
    while left >= grain * len(caps):
        spread = _spread(left, parts, weights, caps, grain)
        if not any(spread):
            break
        parts = [part + more for part, more in zip(parts, spread, strict=True)]
        left = total - sum(parts)
    return _place(rng, left, parts, weights, caps)


def split(rng: Random, total: int, count: int, bounds: tuple[int, int], grain: int) -> list[int]:
    """`count` amounts within `bounds` that add up to `total`; all in 万元, the lower bound a multiple of `grain`.

    Raises:
        ValueError: when no such amounts exist.
    """
    low, high = bounds
    weights = [rng.uniform(0.25, 1.75) for _ in range(count)]
    above = apportion(rng, total - low * count, weights, [high - low] * count, grain)
    return [low + more for more in above]


def _spread(left: int, parts: Sequence[int], weights: Sequence[float], caps: Sequence[int], grain: int) -> list[int]:
    room = [cap - part for cap, part in zip(caps, parts, strict=True)]
    weighing = sum(weight for weight, free in zip(weights, room, strict=True) if free >= grain)
    if not weighing:
        return [0] * len(parts)
    wanted = [left * weight / weighing for weight in weights]
    return [int(min(want, free)) // grain * grain for want, free in zip(wanted, room, strict=True)]


def _place(rng: Random, left: int, parts: Sequence[int], weights: Sequence[float], caps: Sequence[int]) -> list[int]:
    placed = list(parts)
    for i in rng.sample(range(len(placed)), len(placed)):
        more = min(left, caps[i] - placed[i]) if weights[i] else 0
        placed[i] += more
        left -= more
    if left:
        raise ValueError(f"{left} 万元 are left over: the parts with a weight have no room for them")
    return placed
