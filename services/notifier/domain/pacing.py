"""How fast a provider may be called: each call to one bot gets an instant, from a store that all replicas share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.clock import BUSINESS_ZONE

_LONG_AGO = datetime.fromtimestamp(0, UTC)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """What a provider bears of one bot or app: `burst` calls at once, and one more every `interval`.

    In any span of time W there are at most burst + W / interval calls. `key` names the bot, never its secret.
    `off_the_half_hour`: the provider refuses more in the minutes after the full and the half hour, so none are then.
    """

    key: str
    burst: int
    interval: timedelta
    off_the_half_hour: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """How far a bot's calls are booked ahead, and until when the provider takes none at all."""

    booked_until: datetime = _LONG_AGO
    blocked_until: datetime = _LONG_AGO


def reserve(pace: Pace, bucket: Bucket, now: datetime) -> tuple[datetime, Bucket]:
    """The instant of the next call, not before `now`, and the bucket with that call booked.

    The generic cell rate algorithm (ITU-T I.371): a call may come as early as burst − 1 intervals before its turn.
    """
    earliest = _allowed(pace, max(now, bucket.blocked_until))
    if bucket.booked_until - earliest > (pace.burst - 1) * pace.interval:
        earliest = _allowed(pace, bucket.booked_until - (pace.burst - 1) * pace.interval)
    return earliest, Bucket(max(bucket.booked_until, earliest) + pace.interval, bucket.blocked_until)


def _allowed(pace: Pace, at: datetime) -> datetime:
    local = at.astimezone(BUSINESS_ZONE)
    if pace.off_the_half_hour and local.minute in (0, 30):
        return (local.replace(second=0, microsecond=0) + _MINUTE).astimezone(UTC)
    return at
