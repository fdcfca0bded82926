"""Answers what is asked, by API or by page: finds the district, checks completeness, then reads the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.reporting.board import Board, board
from services.reporting.completeness import Completeness, Gap
from services.reporting.domain.indicators import Definitions, Indicator
from services.reporting.domain.progress import Progress, elapsed, percent
from services.reporting.domain.question import Question, question
from services.reporting.figures import Evidence, Figures
from shared.clock import Clock, business_day
from shared.database import Pool


class UnknownDistrictError(LookupError):
    """Nothing of this district has arrived; the argument is its code."""


class UnknownIndicatorError(LookupError):
    """No indicator of this code is defined; the argument is the code."""


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


class Desk:
    """What the service knows, behind one door; `names` are the districts' names as people read them."""

    def __init__(
        self, figures: Figures, completeness: Completeness, pool: Pool, clock: Clock, names: Mapping[str, str]
    ) -> None:
        self._figures = figures
        self._completeness = completeness
        self._pool = pool
        self._clock = clock
        self._names = names

    def question(self, year: str | None, through: str | None, known_by: str | None) -> Question:
        """Read what was asked, by today's date. Raises QuestionError."""
        return question(year, through, known_by, self.today())

    def today(self) -> date:
        """The present business day."""
        return business_day(self._clock())

    def name(self, district: str) -> str:
        """The district's name, or its code when nobody told the name."""
        return self._names.get(district, district)

    def indicator(self, code: str) -> Indicator:
        """The indicator of this code. Raises UnknownIndicatorError."""
        found = self._figures.definitions.find(code)
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

    async def report(self, district: str, asked: Question) -> Report:
        """Every indicator of a district. Raises UnknownDistrictError."""
        gaps = await self._gaps(district)
        return self._report(district, asked, gaps, await self._figures.progress(district, asked))

    async def proof(self, district: str, code: str, asked: Question, limit: int) -> Proof:
        """The facts behind one figure. Raises UnknownDistrictError and UnknownIndicatorError."""
        indicator = self.indicator(code)
        gaps = await self._gaps(district)
        evidence = await self._figures.evidence(district, indicator, asked, limit)
        return Proof(self._report(district, asked, gaps, [evidence.progress]), indicator, evidence)

    async def board(self, district: str, day: date) -> Board:
        """How a district's projects stand now; late is what was due before `day` and not done by it."""
        return await board(self._pool, district, day)

    async def _gaps(self, district: str) -> list[Gap]:
        # Before the figures are read: what arrives in between makes them fuller than this says, never emptier.
        if not await self._figures.knows(district):
            raise UnknownDistrictError(district)
        return await self._completeness.gaps(district)

    def _report(self, district: str, asked: Question, gaps: Sequence[Gap], lines: Sequence[Progress]) -> Report:
        version = self._figures.definitions.definitions
        return Report(district, asked, version, percent(elapsed(asked.through), 2), gaps, lines)
