"""Is a service ready: its checks asked all at once, for whoever asks and for Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, TypeVar

from prometheus_client import CollectorRegistry, Gauge

Check = Callable[[], Awaitable[Annotated[str | None, "None when fine, otherwise what is missing and the remedy"]]]
Count = Callable[[], Awaitable[Annotated[int | None, "None while nobody can say"]]]

CHECK_SECONDS = 3.0
"""A check that takes longer has failed."""

K = TypeVar("K")
T = TypeVar("T")


class Readiness:
    """What a service depends on, by name, and what is counted for it.

    `pending` is how many messages of a stream wait for it, by the stream's name; each of `counts` has its own gauge.
    These gauges, `luodi_ready` and `luodi_pending` are as `ask` and `count` last found them.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        pending: Mapping[str, Count],
        counts: Mapping[Gauge, Count],
        registry: CollectorRegistry,
    ) -> None:
        self._checks = checks
        self._pending = pending
        self._counts = counts
        self._ready = Gauge("luodi_ready", "1 while a readiness check passes, else 0", ["check"], registry=registry)
        self._waiting = Gauge("luodi_pending", "Messages of a stream not dealt with yet", ["stream"], registry=registry)

    async def ask(self) -> Mapping[str, str | None]:
        """Run every check at once, each for a few seconds at most: None, or what is missing. Never raises."""
        said = await _all(self._checks, lambda sentence: sentence)
        for name, sentence in said.items():
            self._ready.labels(name).set(sentence is None)
        return said

    async def count(self) -> None:
        """Count anew. Of what waits, what cannot be counted now is left out: it is not zero."""
        waiting, counted = await asyncio.gather(_all(self._pending, lambda _: None), _all(self._counts, lambda _: None))
        self._waiting.clear()
        for stream, number in waiting.items():
            if number is not None:
                self._waiting.labels(stream).set(number)
        for gauge, number in counted.items():
            if number is not None:
                gauge.set(number)


async def _all(asked: Mapping[K, Callable[[], Awaitable[T]]], failed: Callable[[str], T]) -> Mapping[K, T]:
    answers = await asyncio.gather(*(_within_time(one, failed) for one in asked.values()))
    return dict(zip(asked, answers, strict=True))


async def _within_time(one: Callable[[], Awaitable[T]], failed: Callable[[str], T]) -> T:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await one()
    except TimeoutError:
        return failed(f"no answer within {CHECK_SECONDS:g} seconds")
    except Exception as error:
        return failed(f"{type(error).__name__}: {error}")
