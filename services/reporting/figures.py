"""Figures as asked: progress against the targets, and what a figure is made of."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import asyncpg

from services.reporting.domain.indicators import Definitions, Indicator
from services.reporting.domain.progress import Progress, Tally, TargetFact, progress, target_in_force
from services.reporting.domain.question import Question
from services.reporting.domain.ratios import RatioFigure, Share, ratio_figure
from services.reporting.editions import Editions
from shared.database import Connection, Pool
from shared.sql import queries_beside

SQL = queries_beside(__file__)

Dimension = Literal["month", "cluster", "industry", "lead_unit", "channel", "tier", "platform"]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted: `limit` rows after the first `offset`."""

    limit: int
    offset: int = 0


_ALL = Window(2**62)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one figure is made of: the figure, how many facts count toward it, and the newest of them."""

    progress: Progress
    total: int
    facts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a figure that has one value of a dimension ('' where it is not known)."""

    value: str
    tally: Tally


class Figures:
    """Answers by definitions that are data; each answer is of one moment. Without `definitions` those in force hold.

    Sums come from the rollups where there are any, else from the facts; both are kept to agree.
    """

    def __init__(self, pool: Pool, definitions: Definitions, editions: Editions | None = None) -> None:
        self._pool = pool
        self.definitions = definitions
        self.editions = editions or Editions(definitions, {definitions.definitions: definitions})

    async def districts(self) -> list[str]:
        """The districts of which anything has arrived, in the order of their codes."""
        return [row["district"] for row in await self._pool.fetch(SQL["districts"])]

    async def knows(self, district: str) -> bool:
        """Whether anything of this district has arrived."""
        return bool(await self._pool.fetchval(SQL["knows_district"], district))

    async def beats(self) -> dict[str, int]:
        """By district's code, a number that grows with whatever may change an answer about it."""
        return {row["district"]: row["beat"] for row in await self._pool.fetch(SQL["beats"])}

    async def progress(self, district: str, asked: Question, definitions: Definitions | None = None) -> list[Progress]:
        """Every indicator, in the order of the definitions."""
        every = (definitions or self.definitions).indicator
        # One statement is of one moment by itself.
        sums = await _sums(self._pool, district, asked, every)
        if not all(one.built for one in sums):
            async with self._one_moment() as connection:
                sums = await _added_up(connection, district, asked, every)
        return _lines(sums, every, asked)

    async def everywhere(
        self, codes: Iterable[str], asked: Question, definitions: Definitions | None = None
    ) -> dict[str, list[Progress]]:
        """Every indicator of each of these districts, by their codes, of one moment."""
        async with self._one_moment() as connection:
            every = (definitions or self.definitions).indicator
            return {code: _lines(await _added_up(connection, code, asked, every), every, asked) for code in codes}

    async def counted(
        self, district: str, asked: Question, definitions: Definitions | None = None
    ) -> dict[str, list[dict[str, Any]]]:
        """Every fact that counts, by indicator's code: the rows of `Evidence.facts`, all of them."""
        async with self._one_moment() as connection:
            every = (definitions or self.definitions).indicator
            return {one.code: await _facts(connection, district, one, asked, _ALL) for one in every}

    async def evidence(self, district: str, indicator: Indicator, asked: Question, window: Window) -> Evidence:
        """What one indicator's figure is made of: a window of its facts, the newest first."""
        async with self._one_moment() as connection:
            sums = await _added_up(connection, district, asked, [indicator])
            facts = await _facts(connection, district, indicator, asked, window)
        [figure] = _lines(sums, [indicator], asked)
        return Evidence(figure, sums[0].tally.facts, facts)

    async def breakdown(
        self, district: str, indicator: Indicator, asked: Question, dimension: Dimension, window: Window
    ) -> tuple[Progress, list[Part]]:
        """One figure, and a window of its parts by a dimension: months in order, otherwise the largest first."""
        async with self._one_moment() as connection:
            sums = await _added_up(connection, district, asked, [indicator])
            scope = (*_scope(district, indicator, asked), dimension, window.limit, window.offset)
            rows = await connection.fetch(SQL["breakdown"], *scope)
        [figure] = _lines(sums, [indicator], asked)
        return figure, [Part(row["value"], _tally(row)) for row in rows]

    async def series(
        self, district: str, asked: Sequence[Question], definitions: Definitions | None = None
    ) -> list[list[Progress]]:
        """The progress of one district at several questions, of one moment: such as the end of each month."""
        async with self._one_moment() as connection:
            every = (definitions or self.definitions).indicator
            return [_lines(await _added_up(connection, district, one, every), every, one) for one in asked]

    async def ratios(self, district: str, asked: Question, definitions: Definitions | None = None) -> list[RatioFigure]:
        """Every rate of the definitions, in their order."""
        found = []
        async with self._one_moment() as connection:
            for ratio in (definitions or self.definitions).ratio:
                first, last = asked.period(ratio.year_begins)
                joined = first if ratio.cohort.joined == "in-the-year" else date.min
                scope = (ratio.rule(), district, joined, last, asked.known_by)
                rows = await connection.fetch(SQL["cohort"], *scope)
                found.append(ratio_figure(ratio, (Share(**dict(row)) for row in rows)))
        return found

    @contextlib.asynccontextmanager
    async def _one_moment(self) -> AsyncIterator[Connection]:
        # Figure, target and list must not be torn apart by a batch that commits between them.
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


async def tallies_of_facts(
    connection: Connection, district: str, asked: Question, indicators: Sequence[Indicator]
) -> dict[str, Tally]:
    """What counts toward each indicator, by code, added up from the facts themselves."""
    found = {}
    for one in indicators:
        row = await connection.fetchrow(SQL["tally_of_facts"], *_scope(district, one, asked))
        assert row is not None  # noqa: S101 - an aggregate without groups has one row
        found[one.code] = _tally(row)
    return found


@dataclass(frozen=True, slots=True)
class _Sum:
    """What counts toward one indicator, and the targets that it has had; `built` is whether the sum is kept ready."""

    tally: Tally
    targets: Sequence[TargetFact]
    built: bool


async def tallies(
    connection: Connection, district: str, asked: Question, indicators: Sequence[Indicator]
) -> dict[str, Tally]:
    """What counts toward each indicator, by code: from the rollups where there are any."""
    sums = await _added_up(connection, district, asked, indicators)
    return {one.code: found.tally for one, found in zip(indicators, sums, strict=True)}


async def _added_up(
    connection: Connection, district: str, asked: Question, indicators: Sequence[Indicator]
) -> list[_Sum]:
    """The sum of each indicator: that which is kept ready, else one of the facts themselves."""
    sums = await _sums(connection, district, asked, indicators)
    rest = [one for one, found in zip(indicators, sums, strict=True) if not found.built]
    of_facts = await tallies_of_facts(connection, district, asked, rest)
    return [
        found if found.built else replace(found, tally=of_facts[one.code])
        for one, found in zip(indicators, sums, strict=True)
    ]


async def _sums(
    source: "Connection | Pool", district: str, asked: Question, indicators: Sequence[Indicator]
) -> list[_Sum]:
    periods = [asked.period(one.year_begins) for one in indicators]
    scope: tuple[Any, ...] = (
        [one.code for one in indicators],
        [one.key() for one in indicators],
        [first for first, _ in periods],
        [last for _, last in periods],
        district,
        asked.year,
        asked.known_by,
    )
    rows = await source.fetch(SQL["sums"], *scope)
    return [_Sum(_tally(row), [_target(said) for said in row["targets"]], row["built"]) for row in rows]


def _lines(sums: Sequence[_Sum], indicators: Sequence[Indicator], asked: Question) -> list[Progress]:
    found = []
    for one, summed in zip(indicators, sums, strict=True):
        _, last = asked.period(one.year_begins)
        fact = target_in_force(summed.targets, last)
        found.append(progress(one, summed.tally, None if fact is None else fact.value, asked))
    return found


def _target(said: Mapping[str, Any]) -> TargetFact:
    return TargetFact(
        indicator=said["indicator"],
        value=Decimal(said["value"]),
        issued_by=said["issued_by"],
        on=date.fromisoformat(said["on"]),
        recorded_at=datetime.fromisoformat(said["recorded_at"]),
        source=said["source"],
        id=said["id"],
    )


async def _facts(
    connection: Connection, district: str, indicator: Indicator, asked: Question, window: Window
) -> list[dict[str, Any]]:
    rule, _, first, last, known_by = _scope(district, indicator, asked)
    limit, offset, projects = window.limit, window.offset, None
    # All of a million facts would be looked at for the few that are wanted; no days are known without rollups.
    place = (indicator.key(), district, first, last, known_by, offset, limit)
    if window != _ALL and (days := await connection.fetchrow(SQL["days_of_facts"], *place)):
        if days["first_day"] is None:
            return []
        first, last, offset = days["first_day"], days["last_day"], days["skipped"]
        then = await connection.fetch(SQL["projects_of_days"], district, indicator.fact.event, first, last)
        projects = [row["project"] for row in then]
    rows = await connection.fetch(SQL["counted_facts"], rule, district, first, last, known_by, limit, offset, projects)
    return [dict(row) for row in rows]


def _scope(district: str, indicator: Indicator, asked: Question) -> tuple[Any, ...]:
    return (indicator.rule(), district, *asked.period(indicator.year_begins), asked.known_by)


def _tally(row: asyncpg.Record) -> Tally:
    return Tally(row["amount"], row["projects"], row["facts"])
