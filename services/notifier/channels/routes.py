"""Leads from a recipient and a channel to the attempt to send."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.notifier.channels.parcel import Channel, Parcel
from services.notifier.domain.directory import Directory
from services.notifier.domain.messages import Letter
from services.notifier.domain.outcomes import Outcome, Refused


class Routes:
    """The channels there are, and the addresses of the people in the directory."""

    def __init__(self, channels: Mapping[str, Channel], directory: Directory) -> None:
        self._channels = channels
        self._directory = directory

    def group(self, channel: str) -> bool:
        """Whether others than the recipient read what goes over a channel."""
        known = self._channels.get(channel)
        return known is None or known.group

    async def send(self, channel: str, message: UUID, letter: Letter, now: datetime) -> Outcome:
        """Try once to send a letter to its recipient, at the address that the directory has today."""
        known, person = self._channels.get(channel), self._directory.person(letter.recipient)
        addresses = [each for each in person.addresses if each.channel == channel] if person else []
        if known is None or not addresses:
            return Refused("no-address", "the directory no longer has this address")
        return await known.send(Parcel(message, letter, addresses[0], now))
