"""A marked test message to one person, over every way or one, with what the provider answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

from services.notifier.channels.parcel import Channel
from services.notifier.channels.routes import Routes
from services.notifier.domain.directory import Directory, Person
from services.notifier.domain.letters import Letter
from services.notifier.domain.outcomes import Outcome
from shared.clock import business_day


def ways_to(person: Person, channel: str | None) -> Sequence[str]:
    """The channels over which to try: all that the directory has for the person, or of these the one named."""
    return [each.channel for each in person.addresses if channel in (None, each.channel)]


async def try_ways(
    channels: Mapping[str, Channel], directory: Directory, person: Person, ways: Sequence[str], now: datetime
) -> list[tuple[str, Outcome]]:
    """Send over each of these channels once; nothing of it is recorded."""
    routes = Routes(channels, directory)
    return [(way, await routes.send(way, uuid4(), _letter(person, routes.group(way), now), now)) for way in ways]


def _letter(person: Person, group: bool, now: datetime) -> Letter:
    return Letter(
        notice="test",
        number="测试",
        recipient=person.name,
        items=(),
        link=None,
        today=business_day(now),
        discreet=group,
    )
