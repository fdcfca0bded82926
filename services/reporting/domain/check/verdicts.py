"""Judges claims: consistent, inconsistent, or not to be verified from the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from services.reporting.domain.check.intervals import Interval
from services.reporting.domain.check.readings import Candidate, ClaimKind, Reading
from services.reporting.domain.check.slips import Slip, SlipCode, shown, slips
from services.reporting.domain.progress import rounded

_READINGS_MOST = 60
_CLAUSE_ENDS = "，。；：！？,;:!?\n\t"


class Verdict(StrEnum):
    """What can be said of a claim."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its verdict. `start`–`end` is the quote, `figure` the printed result, as offsets in the text.

    `claimed`, `computed` and `difference` (claimed − computed) are in `unit`, `computed` to the claim's own precision;
    the last two are None where nothing can be computed.
    """

    kind: ClaimKind
    start: int
    end: int
    figure: tuple[int, int]
    unit: str
    claimed: Decimal
    computed: Decimal | None
    difference: Decimal | None
    verdict: Verdict
    slips: Sequence[Slip] = ()


def judge(text: str, candidate: Candidate) -> Claim:
    """Consistent when one reading can give the printed result; inconsistent only when the likeliest one is certain."""
    fitting = [one for one in candidate.readings[:_READINGS_MOST] if _fits(candidate, one)]
    if fitting and not fitting[0].remote:
        likely = [one for one in fitting if not one.remote]
        exactly = next((one for one in likely if _fits_as_printed(candidate, one)), likely[0])
        return _claim(text, candidate, exactly, Verdict.CONSISTENT)
    if fitting:
        return _claim(text, candidate, None, Verdict.UNVERIFIABLE)
    first = candidate.readings[0] if candidate.readings else None
    if first is not None and first.certain and first.compute() is not None:
        return _claim(text, candidate, first, Verdict.INCONSISTENT)
    return _claim(text, candidate, None, Verdict.UNVERIFIABLE)


def blame_neighbour(candidate: Candidate, claim: Claim, wrong: Sequence[tuple[Candidate, Claim]]) -> Claim:
    """An inconsistent claim; where it follows from what a wrong neighbour should be, that is the only slip it tells of.

    完成目标任务（105亿元）的84.2%，快14.1个百分点: of 80.8% the lead is right, so there is one error and not two.
    """
    for other, of_other in wrong:
        if of_other.computed is None or candidate.result in other.readings[0].printed:
            continue
        right = Interval.exactly(Fraction(of_other.computed) * other.result.scale)
        readings = [one for one in candidate.readings if other.result in one.printed and not one.remote]
        if any(_fits(candidate, one.given(other.result, right)) for one in readings):
            perhaps = f"{of_other.computed}{other.result.unit}"
            return replace(
                claim, slips=(Slip(SlipCode.WRONG_NEIGHBOUR, shown(other.result), perhaps, of_other.figure),)
            )
    return claim


def clause_start(text: str, place: int) -> int:
    """Where the clause begins in which a place of the text lies."""
    start = max(text.rfind(mark, 0, place) for mark in _CLAUSE_ENDS) + 1
    while start < place and text[start].isspace():
        start += 1
    return start


def _fits(candidate: Candidate, reading: Reading) -> bool:
    if any(one.vague for one in reading.printed):
        return False
    given = reading.compute()
    return given is not None and given.meets(candidate.result.possible)


def _fits_as_printed(candidate: Candidate, reading: Reading) -> bool:
    """Whether the inputs give the result as they stand there, were they not rounded at all."""
    exact = reading.exact
    return exact is not None and exact.meets(candidate.result.possible)


def _claim(text: str, candidate: Candidate, reading: Reading | None, verdict: Verdict) -> Claim:
    result = candidate.result
    exact = None if reading is None else reading.exact
    computed = None if exact is None else rounded(exact.middle / result.scale, result.decimals)
    start, end = _span(text, candidate, reading)
    return Claim(
        kind=candidate.kind,
        start=start,
        end=end,
        figure=(result.start, result.end),
        unit=result.unit,
        claimed=result.number,
        computed=computed,
        difference=None if computed is None else result.number - computed,
        verdict=verdict,
        slips=_slips(candidate, reading, verdict, computed),
    )


def _slips(candidate: Candidate, reading: Reading | None, verdict: Verdict, computed: Decimal | None) -> Sequence[Slip]:
    if reading is None or computed is None:
        return ()
    if verdict is Verdict.INCONSISTENT:
        return slips(candidate, reading)
    # Who has 117.54% and 66.67% prints 117.5% and 50.9 points: leads are taken before they are rounded.
    by_nature = candidate.kind is ClaimKind.LEAD and abs(candidate.result.number - computed) <= candidate.result.step
    if not by_nature and not _fits_as_printed(candidate, reading):
        unit, at = candidate.result.unit, (candidate.result.start, candidate.result.end)
        return (Slip(SlipCode.RESTS_ON_ROUNDING, shown(candidate.result), f"{computed}{unit}", at),)
    return ()


def _span(text: str, candidate: Candidate, reading: Reading | None) -> tuple[int, int]:
    """From the clause of the first figure of the sentence that takes part to the end of the last; or the row."""
    if candidate.in_table:
        return text.rfind("\n", 0, candidate.result.start) + 1, candidate.result.end
    inside = {one.start for one in candidate.sentence.figures}
    parts = [one for one in (reading.printed if reading else []) if one.start in inside]
    parts.append(candidate.result)
    start, end = clause_start(text, min(one.start for one in parts)), max(one.end for one in parts)
    quote = text[start:end]
    opened = quote.count("（") + quote.count("(") > quote.count("）") + quote.count(")")
    return start, end + (opened and text[end : end + 1] in {"）", ")"})
