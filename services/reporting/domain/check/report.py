"""Checks a whole text: every claim in it, in the order in which they stand, each judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

from services.reporting.domain.check.changes import changes
from services.reporting.domain.check.completion import completions
from services.reporting.domain.check.leads import leads
from services.reporting.domain.check.names import NO_NAMES, Names
from services.reporting.domain.check.parts import parts
from services.reporting.domain.check.prose import Paragraph, paragraphs, shared_units
from services.reporting.domain.check.quantities import Quantity
from services.reporting.domain.check.readings import Candidate, Context
from services.reporting.domain.check.respectively import respective
from services.reporting.domain.check.roles import Role, dated, role, values
from services.reporting.domain.check.shares import shares
from services.reporting.domain.check.sums import sums
from services.reporting.domain.check.tables import table_claims, unread_rows
from services.reporting.domain.check.verdicts import Claim, Verdict, blame_neighbour, judge
from services.reporting.domain.rules import CALENDAR

_FINDERS = (respective, leads, changes, completions, shares, sums, parts)
_REMEMBERED = 3
_TARGETS_MOST = 100
CHARACTERS_MOST = 200_000
CLAIMS_MOST = 5_000


class TooMuchError(ValueError):
    """The text has more than 200,000 characters, or more than 5,000 claims."""


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A text as it was read, with the claims found in it, not judged yet.

    `unread_rows`: rows of tables whose figures are in no claim.
    """

    text: str
    paragraphs: Sequence[Paragraph]
    candidates: Sequence[Candidate]
    unread_rows: int

    def claims(self) -> list[Claim]:
        """Every claim with its verdict, in the order of the printed results."""
        judged = [(one, judge(self.text, one)) for one in self.candidates]
        wrong = [(one, claim) for one, claim in judged if claim.verdict is Verdict.INCONSISTENT]
        claims = (
            blame_neighbour(one, claim, wrong) if claim.verdict is Verdict.INCONSISTENT else claim
            for one, claim in judged
        )
        return sorted(claims, key=lambda claim: (claim.figure, claim.kind))


def examine(text: str, names: Names = NO_NAMES, *, wrapped: bool = True) -> Manuscript:
    """Read a text and find its claims; `wrapped`: several of its lines may be one paragraph.

    Raises TooMuchError: no report is that long, and what a stranger sends must not keep the service busy.
    """
    if len(text) > CHARACTERS_MOST:
        raise TooMuchError
    read = [_with_shared_units(one) for one in paragraphs(text, wrapped=wrapped)]
    beginnings = names.beginnings(text)
    lines = frozenset(line for begins in beginnings for line in _lines(read, begins))
    found = list(islice(chain(_candidates(read, names, beginnings), table_claims(text, lines)), CLAIMS_MOST + 1))
    if len(found) > CLAIMS_MOST:
        raise TooMuchError
    return Manuscript(text, read, found, unread_rows(text, found))


def check(text: str) -> list[Claim]:
    """Every claim of a text with its verdict. Raises TooMuchError."""
    return examine(text).claims()


def _candidates(read: Sequence[Paragraph], names: Names, beginnings: frozenset[str]) -> Iterator[Candidate]:
    """Every claim of a text that was read; a figure is the result of one claim at most, except where it is a part."""
    context = Context(periods=_lines(read), targets=tuple(_targets(read)))
    for paragraph in read:
        context.before, context.in_paragraph = [], paragraph
        for sentence in paragraph.sentences:
            context.years = names.years(sentence, beginnings)
            taken: set[int] = set()
            for one in chain.from_iterable(find(sentence, context) for find in _FINDERS):
                if one.result.start not in taken:
                    taken.add(one.result.start)
                    yield one
            context.before = [*context.before[-_REMEMBERED:], sentence]
            context.nearest_period = next(reversed(sentence.periods), context.nearest_period)


def _with_shared_units(paragraph: Paragraph) -> Paragraph:
    return Paragraph(paragraph.start, paragraph.end, tuple(map(shared_units, paragraph.sentences)))


def _lines(read: Sequence[Paragraph], begins: str = CALENDAR) -> frozenset[Fraction | None]:
    """序时进度 of every period that the text names; with None where it may be about none of them."""
    found = frozenset(one.elapsed_pct(begins) for paragraph in read for one in paragraph.periods)
    told = any(dated(sentence) for paragraph in read for sentence in paragraph.sentences)
    return found if told else found | {None}


def _targets(read: Sequence[Paragraph]) -> Iterator[Quantity]:
    """What the text names as targets, each value once."""
    seen: set[tuple[str, object]] = set()
    for sentence in chain.from_iterable(paragraph.sentences for paragraph in read):
        for one in values(sentence):
            key = (one.dimension, one.value)
            if key not in seen and len(seen) < _TARGETS_MOST and role(sentence, one) is Role.TARGET:
                seen.add(key)
                yield one
