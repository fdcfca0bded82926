"""A server of the test's own on loopback, whose every conversation is over when the test is."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def served(talk: Talk, *, certificate: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that talks so with each client, over TLS with a certificate."""
    conversations = dict[asyncio.Task[object], asyncio.StreamWriter]()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (own := asyncio.current_task()) is not None:
            conversations[own] = writer
        # Python 3.11 reports a conversation that ends as cancelled as an error.
        with contextlib.suppress(asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=certificate)
    async with server:
        yield server.sockets[0].getsockname()[1]
    # A client may have left without a word; a socket that outlives its loop is a warning in whichever test comes next.
    for conversation, writer in conversations.items():
        conversation.cancel()
        # Not `wait_closed`: it waits for ever where a handshake was broken off.
        writer.transport.abort()
    await asyncio.gather(*conversations, return_exceptions=True)
