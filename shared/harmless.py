"""What strangers put into a message's subject and headers, made harmless before the NATS client reads it."""

from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg

# To this an acknowledgement is sent, and only a consumer sets it.
_DELIVERED: Final = b"$JS.ACK."


def harden(connection: Client) -> None:
    """Keep a connection reading, whatever bytes are in a subject or in headers. Call it once, before subscribing.

    The server stores subjects and headers of any bytes. The client decodes them as UTF-8 and ends its reader at the
    first that is not, still connected to all appearances: one message of one department would stop the ledger for good.
    Here a subject becomes `printable` text, and a message that a consumer delivers has no headers: nobody reads them,
    and to parse them takes as long as to parse the message.
    """
    build_message, process_message = connection._build_message, connection._process_msg

    def build(sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None) -> Msg:
        message: Msg = build_message(sid, printable(subject).encode(), reply, data, headers)
        return message

    async def process(sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        await process_message(sid, subject, reply, data, b"" if reply.startswith(_DELIVERED) else headers)

    connection._build_message = build  # type: ignore[method-assign] # the client has no hook of its own
    connection._process_msg = process  # type: ignore[method-assign] # the same


def printable(raw: bytes) -> str:
    r"""The bytes as text that is safe to store, to log and to print: what is not printable becomes `\xff` or `\u202e`.

    Text that was printable stays as it is; so no two subjects that can be right become the same.
    """
    return escaped(raw.decode("utf-8", "backslashreplace"))


def escaped(text: str) -> str:
    r"""The text without anything that a terminal would obey: controls, escapes and turns of direction as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
