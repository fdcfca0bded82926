"""What JetStream says of a message that it delivers: its place in the stream, its instant, and how often it came."""

from datetime import UTC, datetime, timedelta

from nats.aio.msg import Msg

_TOKENS, _DELIVERIES, _STREAM_SEQUENCE, _TIME = 9, 4, 5, 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def recorded_at(message: Msg) -> datetime:
    """The instant at which the stream stored a message, in UTC, cut to whole microseconds.

    Cut, not rounded, and from the integer nanoseconds: whoever reads the same message computes the same value.
    """
    return place_and_instant(message)[1]


def stream_sequence(message: Msg) -> int:
    """The message's sequence number in its stream."""
    tokens, shift = _ack_tokens(message)
    return int(tokens[_STREAM_SEQUENCE + shift])


def place_and_instant(message: Msg) -> tuple[int, datetime]:
    """`stream_sequence` and `recorded_at` of a message, read at once."""
    tokens, shift = _ack_tokens(message)
    instant = _EPOCH + timedelta(microseconds=int(tokens[_TIME + shift]) // 1_000)
    return int(tokens[_STREAM_SEQUENCE + shift]), instant


def delivered_again(message: Msg) -> bool:
    """Whether the server had handed out this message before."""
    tokens, shift = _ack_tokens(message)
    return tokens[_DELIVERIES + shift] != "1"


def _ack_tokens(message: Msg) -> tuple[list[str], int]:
    # $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>; servers with
    # domains put <domain>.<account> before the stream and may append a token.
    tokens = message.reply.split(".")
    return tokens, 2 if len(tokens) > _TOKENS else 0
