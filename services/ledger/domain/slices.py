"""Parts of the ledger's keys, to be folded together."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from services.ledger.domain.batch import Key


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
