"""What strangers put into a message's subject and headers, made harmless before the NATS client reads it."""

from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg


def harden(connection: Client) -> None:
    """Keep a connection reading, whatever bytes are in a subject or in headers. Call it once, before subscribing.

    The server stores subjects and headers of any bytes. The client decodes them as UTF-8 and ends its reader at the
    first that is not, still connected to all appearances: one message of one department would stop the ledger for good.
    Here a subject becomes `printable` text, and headers that cannot be read are as none.
    """
    build_message, process_headers = connection._build_message, connection._process_headers
    log = structlog.get_logger().bind(part="nats")

    def build(sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None) -> Msg:
        message: Msg = build_message(sid, printable(subject).encode(), reply, data, headers)
        return message

    async def process(headers: bytes) -> dict[str, Any] | None:
        try:
            return await process_headers(headers)
        except (ValueError, IndexError) as error:
            log.warning("headers cannot be read, taken as none", reason=str(error))
            return None

    connection._build_message = build  # type: ignore[method-assign] # the client has no hook of its own
    connection._process_headers = process  # type: ignore[method-assign] # the same


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
