"""Answers what is asked, by API or by page: finds the district, checks completeness, then reads the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.reporting.board import Board, board
from services.reporting.completeness import Completeness, Gap
from services.reporting.domain.indicators import Definitions, Indicator
from services.reporting.domain.progress import Progress, passed_of, percent
from services.reporting.domain.question import Question, question
from services.reporting.domain.ratios import RatioFigure
from services.reporting.editions import Editions
from services.reporting.figures import Dimension, Evidence, Figures, Part, Window
from services.reporting.once import Kept
from services.reporting.register import Listed, Story, Wanted, listed, story
from shared.clock import Clock, business_day
from shared.database import Pool

_KEPT = 50


class UnknownDistrictError(LookupError):
    """Nothing of this district has arrived; the argument is its code."""


class UnknownProjectError(LookupError):
    """Nothing of this project has arrived; the argument is its id."""


class UnknownIndicatorError(LookupError):
    """No indicator of this code is defined; the argument is the code."""


@dataclass(frozen=True, slots=True)
class Look:
    """A district as it was just before its figures were read: while two are equal, no answer about it can differ."""

    beat: int
    today: date
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A district's figures, with what they lack. `elapsed_pct` is 序时进度."""

    district: str
    asked: Question
    definitions: str
    elapsed_pct: Decimal
    gaps: Sequence[Gap]
    indicators: Sequence[Progress]


@dataclass(frozen=True, slots=True)
class Proof:
    """What one figure of a district is made of, with what it lacks."""

    report: Report
    indicator: Indicator
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One figure of a district in its parts by a dimension."""

    report: Report
    indicator: Indicator
    dimension: Dimension
    parts: Sequence[Part]


class Desk:
    """What the service knows, behind one door; `names` are the districts' names as people read them.

    Every `definitions` below is one of the editions, and without it those in force hold. Who has looked already hands
    over the `look`; it must be older than the call, for what arrives since makes figures fuller than it says, never
    emptier.
    """

    def __init__(
        self, figures: Figures, completeness: Completeness, pool: Pool, clock: Clock, names: Mapping[str, str]
    ) -> None:
        self._figures = figures
        self._completeness = completeness
        self._pool = pool
        self._clock = clock
        self._names = names
        # They look at every project, and every screen asks for them at the same moment: when something has changed.
        self._ratios: Kept[list[RatioFigure]] = Kept(_KEPT)
        self._boards: Kept[Board] = Kept(_KEPT)

    def question(
        self, year: str | None, through: str | None, known_by: str | None, definitions: Definitions | None = None
    ) -> Question:
        """Read what was asked, by today's date. Raises QuestionError."""
        rules = definitions or self.definitions
        return question(year, through, known_by, self.today(), rules.year_begins, rules.earliest_beginning)

    def today(self) -> date:
        """The present business day."""
        return business_day(self._clock())

    def name(self, district: str) -> str:
        """The district's name, or its code when nobody told the name."""
        return self._names.get(district, district)

    def edition(self, version: str | None) -> Definitions:
        """The definitions of this version, those in force without one. Raises UnknownDefinitionsError."""
        return self._figures.editions.find(version)

    def indicator(self, code: str, definitions: Definitions | None = None) -> Indicator:
        """The indicator of this code. Raises UnknownIndicatorError."""
        found = (definitions or self.definitions).find(code)
        if found is None:
            raise UnknownIndicatorError(code)
        return found

    @property
    def definitions(self) -> Definitions:
        """By which definitions figures are computed."""
        return self._figures.definitions

    async def districts(self) -> list[str]:
        """The districts of which anything has arrived."""
        return await self._figures.districts()

    async def look(self, district: str) -> Look:
        """What there is of a district, and what is missing. Raises UnknownDistrictError."""
        found = await self._completeness.gaps()
        if district not in found.beats:
            raise UnknownDistrictError(district)
        return Look(found.beats[district], self.today(), tuple(found.of(district)))

    async def report(
        self, district: str, asked: Question, definitions: Definitions | None = None, look: Look | None = None
    ) -> Report:
        """Every indicator of a district. Raises UnknownDistrictError."""
        look = look or await self.look(district)
        lines = await self._figures.progress(district, asked, definitions)
        return self._report(district, asked, look.gaps, lines, definitions)

    async def proof(  # noqa: PLR0913, PLR0917 - the last two may be left out
        self,
        district: str,
        code: str,
        asked: Question,
        window: Window,
        definitions: Definitions | None = None,
        look: Look | None = None,
    ) -> Proof:
        """The facts behind one figure. Raises UnknownDistrictError and UnknownIndicatorError."""
        indicator = self.indicator(code, definitions)
        look = look or await self.look(district)
        evidence = await self._figures.evidence(district, indicator, asked, window)
        report = self._report(district, asked, look.gaps, [evidence.progress], definitions)
        return Proof(report, indicator, evidence)

    async def counted(
        self, district: str, asked: Question, definitions: Definitions | None = None
    ) -> dict[str, list[dict[str, Any]]]:
        """Every fact that counts, by indicator's code. Raises UnknownDistrictError."""
        await self._known(district)
        return await self._figures.counted(district, asked, definitions)

    async def breakdown(  # noqa: PLR0913, PLR0917 - the last two may be left out
        self,
        district: str,
        code: str,
        asked: Question,
        dimension: Dimension,
        window: Window,
        definitions: Definitions | None = None,
        look: Look | None = None,
    ) -> Breakdown:
        """A window of the parts of one figure, by month, cluster, industry and so on.

        Raises UnknownDistrictError and UnknownIndicatorError.
        """
        indicator = self.indicator(code, definitions)
        look = look or await self.look(district)
        figure, parts = await self._figures.breakdown(district, indicator, asked, dimension, window)
        return Breakdown(self._report(district, asked, look.gaps, [figure], definitions), indicator, dimension, parts)

    async def series(
        self, district: str, asked: Question, definitions: Definitions | None = None, look: Look | None = None
    ) -> list[Report]:
        """The report at the end of each month until the asked day. Raises UnknownDistrictError."""
        look = look or await self.look(district)
        months = asked.month_ends((definitions or self.definitions).year_begins)
        lines = await self._figures.series(district, months, definitions)
        return [
            self._report(district, month, look.gaps, of_month, definitions)
            for month, of_month in zip(months, lines, strict=True)
        ]

    async def ratios(
        self, district: str, asked: Question, definitions: Definitions | None = None, look: Look | None = None
    ) -> tuple[Report, list[RatioFigure]]:
        """Every rate of the definitions, under a heading. Raises UnknownDistrictError."""
        look = look or await self.look(district)
        version = (definitions or self.definitions).definitions
        found = await self._ratios(
            (district, asked, version), look, lambda: self._figures.ratios(district, asked, definitions)
        )
        return self._report(district, asked, look.gaps, [], definitions), found

    async def board(self, district: str, asked: Question, look: Look | None = None) -> Board:
        """How a district's projects stand at the end of the asked day, as known at the asked instant."""
        look = look or await self.look(district)
        return await self._boards((district, asked), look, lambda: board(self._pool, district, asked, look.today))

    async def projects(self, district: str, asked: Question, wanted: Wanted) -> Listed:
        """A part of the list of projects. Raises UnknownDistrictError and CursorError."""
        await self._known(district)
        return await listed(self._pool, district, asked, wanted, self.today())

    async def project(self, district: str, project: str) -> Story:
        """One project with everything that is known of its course. Raises UnknownProjectError."""
        found = await story(self._pool, district, project)
        if found is None:
            raise UnknownProjectError(project)
        return found

    async def looks(self) -> dict[str, Look]:
        """What there is of every district, and what is missing, in the order of their codes."""
        found, today = await self._completeness.gaps(), self.today()
        return {district: Look(beat, today, tuple(found.of(district))) for district, beat in found.beats.items()}

    async def reports(
        self, asked: Question, definitions: Definitions | None = None, looks: Mapping[str, Look] | None = None
    ) -> list[Report]:
        """Every indicator of every district that was looked at, without `looks` of all; in the order of their codes."""
        looks = looks if looks is not None else await self.looks()
        found = await self._figures.everywhere(looks, asked, definitions)
        return [
            self._report(district, asked, look.gaps, found[district], definitions) for district, look in looks.items()
        ]

    def elapsed_pct(self, asked: Question) -> Decimal:
        """序时进度: the share of the calendar year that has passed, in percent."""
        return percent(passed_of(asked), 2)

    @property
    def editions(self) -> Editions:
        """The versions of the definitions."""
        return self._figures.editions

    async def beats(self) -> dict[str, int]:
        """By district's code, a number that grows with whatever may change an answer about it."""
        return await self._figures.beats()

    async def _known(self, district: str) -> None:
        if not await self._figures.knows(district):
            raise UnknownDistrictError(district)

    def _report(
        self,
        district: str,
        asked: Question,
        gaps: Sequence[Gap],
        lines: Sequence[Progress],
        definitions: Definitions | None,
    ) -> Report:
        version = (definitions or self.definitions).definitions
        return Report(district, asked, version, self.elapsed_pct(asked), gaps, lines)
