"""Who may publish over HTTP: each bearer token speaks for one unit, and only its hash is kept."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.subjects import DISTRICT, UNIT

_LINE = re.compile(rf"(?P<district>{DISTRICT.pattern})/(?P<unit>{UNIT.pattern})\s+(?P<hash>[0-9a-fA-F]{{64}})")


class CallersError(ValueError):
    """The file of tokens cannot be used; the message has one line for each mistake, with its number."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A unit of a district, as the bus knows it."""

    district: str
    unit: str

    @property
    def source(self) -> str:
        return f"/{self.district}/{self.unit}"


@dataclass(frozen=True, slots=True)
class Callers:
    """The units that may publish, by the SHA-256 of their tokens; a unit has two while its token is being changed."""

    by_hash: Mapping[bytes, Caller]

    def whose(self, token: str) -> Caller | None:
        """The unit that a token speaks for; None for a token that is none. Takes as long for either."""
        given = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = [caller for known, caller in self.by_hash.items() if hmac.compare_digest(known, given)]
        return found[0] if found else None


def read_callers(text: str) -> Callers:
    """The callers in a text: lines `<district>/<unit> <SHA-256 of the token, in hex>`; # begins a comment.

    Raises CallersError.
    """
    known: dict[bytes, Caller] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        match = _LINE.fullmatch(said)
        if match is None:
            # Not echoed: a token that was put here by mistake must not go on into logs.
            wrong.append(f"line {number}: must be <district>/<unit> <SHA-256 of the token, 64 hexadecimal digits>")
            continue
        caller = Caller(match["district"], match["unit"])
        other = known.setdefault(bytes.fromhex(match["hash"]), caller)
        if other != caller:
            wrong.append(f"line {number}: the token of {caller.source} is that of {other.source} too")
    if wrong:
        raise CallersError("; ".join(wrong))
    return Callers(known)
