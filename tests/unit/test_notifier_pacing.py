"""How fast a bot is called."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.pacing import Bucket, Pace, reserve
from shared.clock import BUSINESS_ZONE

NOW = datetime(2026, 9, 2, 2, 10, tzinfo=UTC)
PACE = Pace("bot", burst=6, interval=timedelta(seconds=5))
MINUTE = timedelta(minutes=1)


def slots(pace: Pace, moments: list[datetime], bucket: Bucket | None = None) -> list[datetime]:
    """The instants given to calls that are asked for at these moments."""
    found = []
    bucket = bucket or Bucket()
    for moment in moments:
        slot, bucket = reserve(pace, bucket, moment)
        found.append(slot)
    return found


def most_within(instants: list[datetime], span: timedelta) -> int:
    """The most calls in any such span of time."""
    return max(sum(start <= each < start + span for each in instants) for start in instants)


def test_a_burst_goes_at_once_and_the_rest_at_the_bots_pace() -> None:
    found = slots(PACE, [NOW] * 9)
    assert found[:6] == [NOW] * 6
    assert [each - NOW for each in found[6:]] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=15)]


def test_a_bot_that_was_left_alone_for_a_while_bears_a_burst_again() -> None:
    assert slots(PACE, [NOW] * 6 + [NOW + MINUTE] * 6)[6:] == [NOW + MINUTE] * 6


def test_nothing_goes_while_the_provider_blocks_the_bot() -> None:
    blocked = Bucket(blocked_until=NOW + 10 * MINUTE)
    assert slots(PACE, [NOW, NOW], blocked) == [NOW + 10 * MINUTE] * 2


def test_a_bot_that_rests_at_the_half_hour_goes_on_a_minute_later() -> None:
    at = datetime(2026, 9, 2, 2, 29, 58, tzinfo=UTC)
    pace = Pace("bot", burst=1, interval=timedelta(seconds=1), off_the_half_hour=True)
    found = slots(pace, [at] * 5)
    assert [each.strftime("%M:%S") for each in found] == ["29:58", "29:59", "31:00", "31:01", "31:02"]


@given(
    burst=st.integers(1, 12),
    seconds=st.floats(0.2, 20),
    steps=st.lists(st.floats(0, 40), min_size=1, max_size=80),
    off=st.booleans(),
)
def test_no_minute_ever_has_more_calls_than_the_pace_allows(
    burst: int, seconds: float, steps: list[float], off: bool
) -> None:
    moment, moments = NOW, []
    for step in steps:
        moment += timedelta(seconds=step)
        moments.append(moment)
    pace = Pace("bot", burst, timedelta(seconds=seconds), off_the_half_hour=off)
    found = slots(pace, moments)
    assert all(slot >= asked for slot, asked in zip(found, moments, strict=True))
    assert most_within(found, MINUTE) <= burst + 60 / seconds
    if off:
        assert all(each.astimezone(BUSINESS_ZONE).minute not in (0, 30) for each in found)
