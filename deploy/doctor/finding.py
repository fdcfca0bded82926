"""What a check found, and how much it matters."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is what was looked at, `said` what is the matter with it, `remedy` what to do; both in a line.

    `warning`: it works, and may not for long or not for everybody.
    """

    about: str
    state: State
    said: str
    remedy: str | None = None

    def document(self) -> dict[str, str | None]:
        """For programs."""
        return asdict(self)


Findings: TypeAlias = AsyncIterator[Finding]

PROVISION = "run 'luodi provision'"


def ok(about: str, said: str) -> Finding:
    """Nothing is the matter."""
    return Finding(about, "ok", said)


def judged(about: str, wrong: str | None, right: str) -> Finding:
    """From a check of a service's own: None, or a sentence of what is missing, often with its remedy behind a colon."""
    if wrong is None:
        return ok(about, right)
    said, _, remedy = wrong.rpartition(": ") if ": run '" in wrong else (wrong, "", "")
    return Finding(about, "wrong", said.removeprefix(f"{about} "), remedy or None)


def is_wrong(findings: Iterable[Finding]) -> bool:
    """Whether anything is, beyond warnings."""
    return any(finding.state == "wrong" for finding in findings)
