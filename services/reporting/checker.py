"""Checks a report: reads the file, judges its claims, and asks the ledger where a district is given."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.domain.check.ledger import Booked, Statement, against, statements
from services.reporting.domain.check.names import NO_NAMES, Names
from services.reporting.domain.check.report import Manuscript, TooMuchError, examine
from services.reporting.domain.check.verdicts import Claim, Verdict
from services.reporting.manuscripts import UnreadableError, Why, is_word, read

Ledger = Callable[[date], Awaitable[Sequence[Booked]]]

_PERIODS_MOST = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands: `line` (in a Word document the paragraph) from 1, characters of that line from 0."""

    line: int
    start: int
    end: int
    figure: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """A judged claim with its words and place; the last two are told of a comparison with the ledger."""

    claim: Claim
    quote: str
    at: Place
    indicator: str | None = None
    through: date | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A text with what was found in it, in the order of the text, and how many rows of its tables were not read."""

    text: str
    findings: Sequence[Finding]
    unread_rows: int

    def number(self, verdict: Verdict) -> int:
        """How many claims have this verdict."""
        return sum(one.claim.verdict is verdict for one in self.findings)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a text is compared with: the indicators' names, the ledger, the year where the text names none."""

    names: Names
    ledger: Ledger
    year: int

    def statements(self, manuscript: Manuscript) -> list[Statement]:
        """The ledger's figures in a text."""
        return statements(manuscript.paragraphs, manuscript.candidates, self.names, self.year)

    async def booked(self, said: Sequence[Statement]) -> dict[tuple[str, date], Booked]:
        """What the ledger says of the days that are spoken of, by indicator and day."""
        days = sorted({one.through for one in said if one.through is not None})[:_PERIODS_MOST]
        return {(entry.code, day): entry for day in days for entry in await self.ledger(day)}


class Checker:
    """Checks texts, at most two at a time and beside the event loop, for a long text takes seconds."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(2)

    async def check(self, data: bytes | str, comparison: Comparison | None = None) -> Checked:
        """Judge the claims of a file or a text, and compare its indicators with the ledger where one is given.

        Raises UnreadableError, and what the ledger raises.
        """
        async with self._turns:
            manuscript = await asyncio.to_thread(_examine, data, comparison.names if comparison else NO_NAMES)
            said = await asyncio.to_thread(comparison.statements, manuscript) if comparison else []
        booked = await comparison.booked(said) if comparison else {}
        async with self._turns:
            return await asyncio.to_thread(_checked, manuscript, said, booked)


def _examine(data: bytes | str, names: Names) -> Manuscript:
    try:
        if isinstance(data, str):
            return examine(data, names)
        return examine(read(data), names, wrapped=not is_word(data))
    except TooMuchError:
        raise UnreadableError(Why.TOO_MUCH) from None


def _checked(manuscript: Manuscript, said: Sequence[Statement], booked: Mapping[tuple[str, date], Booked]) -> Checked:
    text, lines = manuscript.text, _Lines(manuscript.text)
    found = [Finding(one, text[one.start : one.end], lines.place(one)) for one in manuscript.claims()]
    for one in against(text, said, booked):
        quote = text[one.claim.start : one.claim.end]
        found.append(Finding(one.claim, quote, lines.place(one.claim), one.code, one.through))
    ordered = sorted(found, key=lambda one: (one.claim.figure, one.indicator is not None, one.claim.kind))
    return Checked(text, ordered, manuscript.unread_rows)


class _Lines:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(place + 1 for place, character in enumerate(text) if character == "\n")]

    def place(self, claim: Claim) -> Place:
        line = bisect_right(self._starts, claim.start)
        first = self._starts[line - 1]
        start, end = claim.figure
        return Place(line, claim.start - first, claim.end - first, (start - first, end - first))
