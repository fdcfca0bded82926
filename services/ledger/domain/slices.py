"""Parts of the ledger's keys, to be folded together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ledger.domain.batch import Key

# Greater than every character of a district or a subject.
_PAST_ALL: Final = "~"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The keys from `first`, with it, to `end`, without it; about `events` events."""

    first: Key
    end: Key
    events: int


def stretches(cuts: Sequence[tuple[str, str, int]], district: str | None) -> list[Stretch]:
    """Stretches one after the other, from (district, subject, events) of their first keys; the last one has no end.

    When they are of one district, it ends with that.
    """
    firsts = [(of, subject) for of, subject, _ in cuts]
    ends = [*firsts[1:], (district, _PAST_ALL) if district else (_PAST_ALL, "")]
    return [Stretch(first, end, events) for first, end, (_, _, events) in zip(firsts, ends, cuts, strict=False)]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some keys, as the two arrays that the queries take."""

    districts: list[str]
    subjects: list[str]

    @classmethod
    def of(cls, keys: Iterable[Key]) -> "Slice":
        """These keys, sorted."""
        ordered = sorted(keys)
        return cls([district for district, _ in ordered], [subject for _, subject in ordered])

    @property
    def keys(self) -> list[Key]:
        """The (district, subject) pairs."""
        return list(zip(self.districts, self.subjects, strict=True))

    def only(self, wanted: Callable[[str], bool]) -> "Slice":
        """The keys with such subjects."""
        return Slice.of((district, subject) for district, subject in self.keys if wanted(subject))

    def parts(self, most: int) -> Iterator["Slice"]:
        """The same keys in slices of at most so many."""
        for start in range(0, len(self.subjects), most):
            yield Slice(self.districts[start : start + most], self.subjects[start : start + most])

    def halves(self) -> tuple["Slice", "Slice"]:
        """The same keys in two slices, for finding the one on which a fold fails."""
        first, second = self.parts((len(self.subjects) + 1) // 2)
        return first, second


@dataclass(frozen=True, slots=True)
class Unfoldable:
    """A key whose events a fold cannot take, and what the database said."""

    district: str
    subject: str
    reason: str
