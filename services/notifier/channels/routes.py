"""Leads from a recipient and a channel to the attempt to send."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.notifier.channels.faults import noted
from services.notifier.channels.parcel import Channel, Parcel
from services.notifier.domain.directory import Address, Directory
from services.notifier.domain.letters import Letter
from services.notifier.domain.outcomes import Outcome, Refused
from services.notifier.domain.pacing import Pace
from shared.clock import business_day


class Routes:
    """The channels there are, and the addresses of the people in the directory."""

    def __init__(self, channels: Mapping[str, Channel], directory: Directory) -> None:
        self._channels = channels
        self._directory = directory

    def group(self, channel: str) -> bool:
        """Whether others than the recipient read what goes over a channel."""
        known = self._channels.get(channel)
        return known is None or known.group

    def pace(self, channel: str, recipient: str, now: datetime) -> Pace | None:
        """How fast a recipient's address on a channel may be called; None: as fast as it goes."""
        known, address = self._channels.get(channel), self._address(channel, recipient, now)
        return known.pace(address) if known and address else None

    def after(self, channel: str, recipient: str, now: datetime) -> str | None:
        """The channel to take when this one cannot reach the recipient."""
        person = self._directory.person(recipient, business_day(now))
        following = person.after(channel) if person else None
        return following.channel if following else None

    async def send(self, channel: str, message: UUID, letter: Letter, now: datetime) -> Outcome:
        """Try once to send a letter to its recipient, at the address that the directory has today; never raises."""
        known, address = self._channels.get(channel), self._address(channel, letter.recipient, now)
        if known is None or address is None:
            return Refused("no-address", "the directory no longer has this address")
        try:
            return await known.send(Parcel(message, letter, address, now))
        except Exception as error:
            # A channel raises only before anything has left: another channel may do better.
            return Refused("not-made", noted(error))

    def _address(self, channel: str, recipient: str, now: datetime) -> Address | None:
        person = self._directory.person(recipient, business_day(now))
        return next((each for each in person.addresses if each.channel == channel), None) if person else None
