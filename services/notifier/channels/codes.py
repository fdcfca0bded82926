"""Judges an answer by the provider's own code: the HTTP status of a refused message is 200 like any other's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import orjson
from pydantic import SecretStr

from services.notifier.channels.http import Answer
from services.notifier.domain.outcomes import Outcome, Refused, Sent, TryLater, Unclear

_SAID_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Later:
    """A code that passes: after this time, and whether every other message of the bot waits as long."""

    after: timedelta
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Codebook:
    """Where a provider puts its code and its words, and which codes pass; 0 is success, all others are refusals."""

    code: str
    words: str
    later: Mapping[int, Later]

    def read(self, answer: Answer) -> tuple[int, Mapping[str, Any]] | TryLater | Unclear:
        """The code and the whole answer.

        What has no code is not the provider's, or only its beginning: whether the message was taken is unclear, unless
        the status says that it was turned away.
        """
        try:
            document = orjson.loads(answer.body)
            code = document[self.code]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            code = None
        if isinstance(code, bool) or not isinstance(code, int):
            kind = TryLater if _turned_away(answer.status) else Unclear
            return kind(f"http-{answer.status}", f"the answer has no {self.code}")
        return code, document

    def judge(self, answer: Answer, secrets: Sequence[SecretStr]) -> Outcome:
        """What became of the message. `secrets` are kept out of the words, which providers like to repeat."""
        found = self.read(answer)
        if isinstance(found, TryLater | Unclear):
            return found
        code, document = found
        said = told(str(document.get(self.words, "")), secrets)
        if code == 0:
            return Sent("0", said)
        if later := self.later.get(code):
            return TryLater(str(code), said, later.after, later.blocks)
        return Refused(str(code), said)


def _turned_away(status: int) -> bool:
    # A gateway that failed (500, 502, 504) may have passed the message on before it did.
    return 300 <= status < 500 or status == HTTPStatus.SERVICE_UNAVAILABLE


def told(text: str, secrets: Sequence[SecretStr]) -> str:
    """A provider's words as they may be shown and kept: short, without secrets, and nothing but characters."""
    for secret in secrets:
        text = text.replace(secret.get_secret_value(), "***")
    return "".join(each if each.isprintable() else " " for each in text[:_SAID_CHARACTERS])
