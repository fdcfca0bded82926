"""What a channel is handed: a letter, where it goes, and which message it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.notifier.domain.directory import Address
from services.notifier.domain.messages import Letter
from services.notifier.domain.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt to send one message. `message` stays the same over all attempts."""

    message: UUID
    letter: Letter
    address: Address
    now: datetime


class Channel(Protocol):
    """A way to reach people.

    `group` says whether others than the recipient read what is sent.
    """

    @property
    def group(self) -> bool:
        """Whether others than the recipient read what is sent."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once; never raises for what the network or the provider does."""
