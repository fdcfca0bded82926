"""Figures as asked, each computed from the facts: progress against the targets, and what a figure is made of."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.reporting.domain.indicators import Definitions, Indicator
from services.reporting.domain.progress import Progress, Tally, TargetFact, progress, target_in_force
from services.reporting.domain.question import Question
from shared.database import Connection, Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one figure is made of: the figure, how many facts count toward it, and the newest of them."""

    progress: Progress
    total: int
    facts: Sequence[Mapping[str, Any]]


class Figures:
    """Answers from the facts alone, by definitions that are data; each answer is of one moment."""

    def __init__(self, pool: Pool, definitions: Definitions) -> None:
        self._pool = pool
        self.definitions = definitions

    async def districts(self) -> list[str]:
        """The districts of which anything has arrived, in the order of their codes."""
        return [row["district"] for row in await self._pool.fetch(SQL["districts"])]

    async def knows(self, district: str) -> bool:
        """Whether anything of this district has arrived."""
        return bool(await self._pool.fetchval(SQL["knows_district"], district))

    async def progress(self, district: str, asked: Question) -> list[Progress]:
        """Every indicator, in the order of the definitions."""
        async with self._one_moment() as connection:
            return await _progress(connection, district, asked, self.definitions.indicator)

    async def evidence(self, district: str, indicator: Indicator, asked: Question, limit: int) -> Evidence:
        """What one indicator's figure is made of: the newest `limit` facts first."""
        scope = (_rule(indicator), district, asked.first_day, asked.through, asked.known_by)
        async with self._one_moment() as connection:
            [figure] = await _progress(connection, district, asked, [indicator])
            total = await connection.fetchval(SQL["count_facts"], *scope)
            facts = await connection.fetch(SQL["counted_facts"], *scope, limit)
        return Evidence(figure, total, [dict(row) for row in facts])

    @contextlib.asynccontextmanager
    async def _one_moment(self) -> AsyncIterator[Connection]:
        # Figure, target and list must not be torn apart by a batch that commits between them.
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


async def _progress(
    connection: Connection, district: str, asked: Question, indicators: Sequence[Indicator]
) -> list[Progress]:
    tallies = await _tallies(connection, district, asked, indicators)
    targets = await _targets(connection, district, asked)
    return [progress(one, tallies[one.code], _in_force(targets, one.code, asked), asked.through) for one in indicators]


async def _tallies(
    connection: Connection, district: str, asked: Question, indicators: Sequence[Indicator]
) -> dict[str, Tally]:
    rows = await connection.fetch(
        SQL["tallies"], [_rule(one) for one in indicators], district, asked.first_day, asked.through, asked.known_by
    )
    return {row["code"]: Tally(row["amount"], row["projects"]) for row in rows}


async def _targets(connection: Connection, district: str, asked: Question) -> list[TargetFact]:
    rows = await connection.fetch(SQL["target_facts"], district, asked.year, asked.known_by)
    return [TargetFact(**{"on" if key == "happened_on" else key: value for key, value in row.items()}) for row in rows]


def _in_force(targets: Iterable[TargetFact], code: str, asked: Question) -> Decimal | None:
    fact = target_in_force((one for one in targets if one.indicator == code), asked.through)
    return None if fact is None else fact.value


def _rule(indicator: Indicator) -> dict[str, Any]:
    """A definition as reporting.counted takes it."""
    rules = indicator.fact.model_dump(mode="json") | indicator.filter.model_dump(mode="json")
    return {"code": indicator.code, **rules}
