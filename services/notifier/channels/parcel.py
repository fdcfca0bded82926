"""What a channel is handed: a letter, where it goes, and which message it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.notifier.domain.directory import Address
from services.notifier.domain.letters import Letter
from services.notifier.domain.outcomes import Outcome
from services.notifier.domain.pacing import Pace


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt to send one message. `message` stays the same over all attempts."""

    message: UUID
    letter: Letter
    address: Address
    now: datetime


class Channel(Protocol):
    """A way to reach people."""

    @property
    def group(self) -> bool:
        """Whether others than the recipient read what is sent."""

    def pace(self, address: Address) -> Pace | None:
        """How fast the provider may be called for this address; None: as fast as it goes."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Try once. It may raise before anything has left, never after that, and never for what the network does."""
