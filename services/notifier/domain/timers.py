"""When a case's timer goes off: so many working days after an instant, within the hours in which messages go out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notifier.domain.ladder import after_working_days, midnight, next_morning, next_opening
from services.notifier.domain.policy import Policy
from services.notifier.domain.rules import Rung
from shared.clock import BUSINESS_ZONE, business_day

# So long into its morning a digest left over from another day waits for what is new: a morning has one.
_LEFT_OVER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Clock:
    """So many working days, counted from an instant."""

    since: datetime
    working_days: int


def in_digest(rung: Rung, place: int, policy: Policy) -> bool:
    """Whether a rung goes into the morning's digest. `place` counts from 0."""
    if policy.digest is None:
        return False
    return place == 0 if rung.send is None else rung.send == "digest"


def fires_at(ladder: Sequence[Rung], place: int, clock: Clock, policy: Policy) -> datetime:
    """When the rung at `place` (from 0) fires, so many working days after an instant; past the last, when it ends."""
    at = after_working_days(clock.since, clock.working_days, policy.days)
    if place < len(ladder) and policy.digest is not None and in_digest(ladder[place], place, policy):
        return next_morning(at, policy.digest.at, policy.opening, policy.days)
    return next_opening(at, policy.opening, policy.days)


def answer_by(policy: Policy, now: datetime) -> datetime:
    """Until when an acknowledgement given now stops the climb."""
    later = after_working_days(now, policy.acknowledgement.working_days, policy.days)
    return next_opening(later, policy.opening, policy.days)


def goes_out(at: datetime, policy: Policy, *, digest: bool) -> datetime:
    """The first instant, not before `at`, at which somebody may hear; of a digest, from its time of day on."""
    opening = next_opening(at, policy.opening, policy.days)
    if not digest or policy.digest is None:
        return opening
    if opening == at and at.astimezone(BUSINESS_ZONE).time() >= policy.digest.at:
        return at
    return next_morning(at, policy.digest.at, policy.opening, policy.days)


def tried_again(at: datetime, policy: Policy, *, digest: bool) -> datetime:
    """The first instant, not before `at`, for a message that did not go out when it was made."""
    later = goes_out(at, policy, digest=digest)
    if not digest or later == at:
        return later
    waited = later + _LEFT_OVER
    return waited if next_opening(waited, policy.opening, policy.days) == waited else later


def next_news(now: datetime, policy: Policy) -> datetime:
    """When somebody is to hear of what is not pressing: in the next morning's digest, where there is one."""
    if policy.digest is None:
        return next_opening(now, policy.opening, policy.days)
    return next_morning(now, policy.digest.at, policy.opening, policy.days)


def next_digest(now: datetime, policy: Policy) -> datetime:
    """When the digest of a later day than this goes out."""
    return goes_out(midnight(business_day(now) + timedelta(days=1)), policy, digest=True)
