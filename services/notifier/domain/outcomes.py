"""What a channel says of an attempt to send, and what becomes of the message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["waiting", "sent", "uncertain", "dead"]

# Codes that say of the recipient that nobody can be reached there. Every other refusal may be of our own making, and
# would be everybody's: a wrong key, an address that is not trusted.
NOBODY_THERE: Final = frozenset({"no-address", "invaliduser", "81013", "40003", "60111"})
# With the pauses below, more than two working days: a provider that is away for a night is waited for.
MOST_ATTEMPTS: Final = 60
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=30)
# Whatever kept the answer from us has to pass before the one further attempt: there is none after that.
_SECOND_ATTEMPT_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message."""

    code: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class TryLater:
    """The provider did not take it now, and may later. `after`: not before this long from now.

    `blocks`: nor any other message over the same bot or app.
    """

    code: str
    said: str = ""
    after: timedelta = timedelta()
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take this message."""

    code: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The message left, and no answer came: it may have arrived."""

    code: str
    said: str = ""


Outcome: TypeAlias = Sent | TryLater | Refused | Unclear


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a message. `again`: an attempt may have arrived, so there is one more at most."""

    state: State
    next_attempt_at: datetime
    again: bool


def settle(outcome: Outcome, attempts: int, again: bool, now: datetime) -> Next:
    """What becomes of a message after an attempt; `attempts` counts this one.

    What may have arrived is sent once more under the same number, never a third time.
    """
    match outcome:
        case Sent():
            return Next("sent", now, again)
        case Refused():
            return Next("dead", now, again)
        case Unclear():
            return Next("uncertain", now, True) if again else Next("waiting", now + _SECOND_ATTEMPT_AFTER, True)
        case TryLater(after=after):
            later = now + max(after, pause(attempts))
            return Next("dead" if attempts >= MOST_ATTEMPTS else "waiting", later, again)


def pause(attempts: int) -> timedelta:
    """How long to leave a provider alone after so many attempts."""
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(attempts - 1, 16)
    return min(doubled, _LONGEST_PAUSE)
